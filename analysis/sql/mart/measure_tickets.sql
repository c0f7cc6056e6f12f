-- mart.measure_tickets: one row per ticket behind a number
-- key: week, measure, variant, statistic, group_key, issue_id, escalation_no
-- step: measure
-- reads: mart.facts, mart.measures
-- column: week Monday of the last week counted
-- column: measure name of the measure
-- column: variant which form of it; a form ending in _week counts that week alone
-- column: statistic share, count, median or p90
-- column: group_key all or a group
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
select m.week, m.measure, m.variant, m.statistic, m.group_key, f.issue_id, f.escalation_no, f.in_numerator, f.is_pending
from mart.measures m
join mart.facts f on f.measure = m.measure and f.group_key = m.group_key
    and (f.variant = m.variant or f.variant || '_week' = m.variant)
    and f.week <= m.week and f.week > m.week - cast(7 * m.n_weeks_pooled as integer)
