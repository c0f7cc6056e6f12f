-- mart.fact_time_to_resolve: one row per escalation and form of the measure: how long it took
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.calendar, core.clock
-- statistic: median, p90
-- pool: 4
-- censored: yes
-- title: Time to resolve
-- version: 1
-- text: Hours from the escalation to its counted resolution, by the week of the escalation. Open ones are not left out, or slow ones would not
--   count until they are over: they count as lasting at least until now (Kaplan–Meier).
-- numerator: escalations
-- denominator: escalations, open ones as far as they have come
-- variant: hours Calendar hours.
-- variant: working_hours Hours in which the desk works.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with span as (
    select e.escalated_week, e.issue_id, e.escalation_no, e.escalated_at, e.resolved_at as ended_at, e.resolved_at is null as is_open,
        coalesce(e.resolved_at, e.next_escalated_at, k.as_of) as end_at
    from mart.tagged_escalations e
    cross join core.clock k
    
    where not e.is_excluded
),
timed as (
    select s.*,
        core.worked_by(s.escalated_at, a.opens_at, a.closes_at, a.hours_before) as worked_at_start,
        core.worked_by(s.end_at, b.opens_at, b.closes_at, b.hours_before) as worked_at_end
    from span s
    asof left join core.calendar a on a.opens_at <= s.escalated_at
    asof left join core.calendar b on b.opens_at <= s.end_at
)
select escalated_week as week, 'time_to_resolve' as measure, variant, issue_id, escalation_no, true as in_numerator,
    is_open as is_pending, case variant when 'hours' then epoch(end_at - escalated_at) / 3600 else worked_at_end - worked_at_start end as value
from timed
cross join (values ('hours'), ('working_hours')) form (variant)
