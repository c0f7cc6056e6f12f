-- mart.shown_tickets: one row per ticket behind a number as pages print it
-- key: week, measure, variant, statistic, group_key, issue_id, escalation_no
-- step: measure
-- reads: mart.shown_measures, mart.measure_tickets, state.published_tickets
-- column: week Monday of the last week counted
-- column: measure name of the measure
-- column: variant which form of it
-- column: statistic share, count, sum, rate, median or p90
-- column: group_key all or a group
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
select t.*
from mart.measure_tickets t
join mart.shown_measures m using (week, measure, variant, statistic, group_key)
where m.published_id is null
union all
select m.week, m.measure, m.variant, m.statistic, m.group_key, t.issue_id, t.escalation_no, t.in_numerator, t.is_pending
from mart.shown_measures m
join state.published_tickets t on t.published_id = m.published_id
