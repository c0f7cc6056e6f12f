-- mart.fact_time_to_first_action: one row per escalation and form of the measure: how long it waited for Tier 2
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.first_actions, core.calendar, core.clock
-- statistic: median, p90
-- pool: 4
-- censored: yes
-- title: Time to first action of Tier 2
-- version: 1
-- text: Hours from the escalation until somebody of Tier 2 first changed the ticket or wrote on it, by the week of the escalation. Those that
--   still wait count as far as they have come; those resolved without such an action, until their resolution.
-- numerator: escalations
-- denominator: escalations, those that still wait as far as they have come
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
    select e.escalated_week, e.issue_id, e.escalation_no, e.escalated_at, f.acted_at as ended_at, f.acted_at is null as is_open,
        coalesce(f.acted_at, e.resolved_at, e.next_escalated_at, k.as_of) as end_at
    from mart.tagged_escalations e
    cross join core.clock k
    left join core.first_actions f using (issue_id, escalation_no)
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
select escalated_week as week, 'time_to_first_action' as measure, variant, issue_id, escalation_no, true as in_numerator,
    is_open as is_pending, case variant when 'hours' then epoch(end_at - escalated_at) / 3600 else worked_at_end - worked_at_start end as value
from timed
cross join (values ('hours'), ('working_hours')) form (variant)
