-- mart.measure_tickets: one row per ticket behind a number
-- key: week, measure, variant, statistic, group_key, issue_id, escalation_no
-- step: measure
-- reads: mart.all_facts, mart.measures
-- column: week Monday of the last week counted
-- column: measure name of the measure
-- column: variant which form of it; a form ending in _week counts that week alone
-- column: statistic share, count, median or p90
-- column: group_key all or a group
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
with counted as (
    -- every week that a number pools is named, for a join by equal weeks is ten times as fast as one by a span
    select week, measure, variant, statistic, group_key, regexp_replace(variant, '_week$', '') as form,
        week - cast(7 * unnest(range(n_weeks_pooled)) as integer) as fact_week
    from mart.measures
)
-- four joins by equal values, for only those are made from the weeks that are asked for
select c.week, c.measure, c.variant, c.statistic, c.group_key, f.issue_id, f.escalation_no, f.in_numerator, f.is_pending
from counted c
join mart.all_facts f on f.measure = c.measure and f.variant = c.form and f.week = c.fact_week
where c.group_key = 'all'
union all
select c.week, c.measure, c.variant, c.statistic, c.group_key, f.issue_id, f.escalation_no, f.in_numerator, f.is_pending
from counted c
join mart.all_facts f on f.measure = c.measure and f.variant = c.form and f.week = c.fact_week and f.provider_key = c.group_key
union all
select c.week, c.measure, c.variant, c.statistic, c.group_key, f.issue_id, f.escalation_no, f.in_numerator, f.is_pending
from counted c
join mart.all_facts f on f.measure = c.measure and f.variant = c.form and f.week = c.fact_week and f.category_key = c.group_key
union all
select c.week, c.measure, c.variant, c.statistic, c.group_key, f.issue_id, f.escalation_no, f.in_numerator, f.is_pending
from counted c
join mart.all_facts f on f.measure = c.measure and f.variant = c.form and f.week = c.fact_week and f.criterion_key = c.group_key
