-- mart.fact_time_to_push_back: one row per escalation and form of the measure: how long it took to push it back
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, mart.pushbacks
-- statistic: median, p90
-- pool: 1
-- title: Time to push back
-- version: 1
-- text: Hours from the escalation until it was pushed back, of those that came through OPS and were pushed back; by the week of the escalation.
-- numerator: escalations that were pushed back
-- denominator: none
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
select e.escalated_week as week, 'time_to_push_back' as measure, variant, p.issue_id, p.escalation_no, true as in_numerator, false as is_pending,
    case variant when 'hours' then p.hours else p.working_hours end as value
from mart.pushbacks p
join mart.tagged_escalations e using (issue_id, escalation_no)
cross join (values ('hours'), ('working_hours')) form (variant)
where not e.is_excluded and e.entered = 'from_ops'
