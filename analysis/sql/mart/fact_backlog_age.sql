-- mart.fact_backlog_age: one row per escalation and form of the measure: open at the end of the week
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.clock
-- statistic: count, median, p90
-- pool: 1
-- title: Age of the backlog
-- version: 1
-- text: Escalations that were open when the week ended, and how many days each had been open by then.
-- numerator: open escalations
-- denominator: none
-- variant: open_at_week_end Excluded tickets are left out.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with week_end as (
    select cast(unnest(generate_series((select min(escalated_week) from mart.tagged_escalations), week, interval 7 days)) as date) as week,
        reporting_zone
    from core.clock
),
ending as (
    select week, timezone('UTC', timezone(reporting_zone, cast(week + interval 7 days as timestamp))) as ends_at from week_end
)
select w.week, 'backlog_age' as measure, 'open_at_week_end' as variant, e.issue_id, e.escalation_no, true as in_numerator,
    false as is_pending, epoch(w.ends_at - e.escalated_at) / 86400 as value
from ending w
join mart.tagged_escalations e on e.escalated_at < w.ends_at and coalesce(e.resolved_at >= w.ends_at, true)
    and coalesce(e.next_escalated_at >= w.ends_at, true)
where not e.is_excluded
