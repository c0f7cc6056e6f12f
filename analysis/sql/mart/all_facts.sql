-- mart.all_facts: one row per escalation, measure, form and week: what every number counts, with the groups it counts for
-- key: week, measure, variant, issue_id, escalation_no
-- step: measure
-- store: table
-- refresh: full
-- reads: mart.fact_resolution_without_tier3, mart.fact_repeats, mart.fact_ops_should_have_handled, mart.fact_volume,
--   mart.fact_tier3_touches, mart.fact_backlog_age, mart.fact_tag_quality, mart.fact_tag_sources, mart.fact_tag_drift,
--   mart.fact_tier3_touches_per_dealer, mart.fact_volume_per_dealer, mart.fact_volume_per_head, mart.fact_time_to_resolve,
--   mart.fact_time_to_first_action, mart.fact_waits, mart.fact_unmatched_dealers, mart.fact_effort, mart.fact_outcomes,
--   mart.fact_handled_alone, mart.fact_pushed_back, mart.fact_time_to_push_back, mart.tagged_escalations
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: provider_key provider:…, the group by provider
-- column: category_key category:…, the group by failure category
-- column: criterion_key criterion:…, for what OPS should have handled; else NULL
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with fact as materialized (
    -- gathered first: written straight from so many sources it would be in small pieces, which the commit then puts together
    select * from mart.fact_resolution_without_tier3
    union all
    select * from mart.fact_repeats
    union all
    select * from mart.fact_ops_should_have_handled
    union all
    select * from mart.fact_volume
    union all
    select * from mart.fact_tier3_touches
    union all
    select * from mart.fact_backlog_age
    union all
    select * from mart.fact_tag_quality
    union all
    select * from mart.fact_tag_sources
    union all
    select * from mart.fact_tag_drift
    union all
    select * from mart.fact_tier3_touches_per_dealer
    union all
    select * from mart.fact_volume_per_dealer
    union all
    select * from mart.fact_volume_per_head
    union all
    select * from mart.fact_time_to_resolve
    union all
    select * from mart.fact_time_to_first_action
    union all
    select * from mart.fact_waits
    union all
    select * from mart.fact_unmatched_dealers
    union all
    select * from mart.fact_effort
    union all
    select * from mart.fact_outcomes
    union all
    select * from mart.fact_handled_alone
    union all
    select * from mart.fact_pushed_back
    union all
    select * from mart.fact_time_to_push_back
)
select f.week, f.measure, f.variant,
    e.provider_key, e.category_key,
    case when f.measure = 'ops_should_have_handled' then e.criterion_key end as criterion_key,
    f.issue_id, f.escalation_no, f.in_numerator, f.is_pending, f.value
from fact f
join mart.tagged_escalations e using (issue_id, escalation_no)
