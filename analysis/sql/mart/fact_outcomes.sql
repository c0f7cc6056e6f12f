-- mart.fact_outcomes: one row per escalation and form of the measure: it ended in nothing that lasts
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.outcomes
-- statistic: share
-- pool: 4
-- title: Escalations that ended in nothing lasting
-- version: 1
-- text: Every escalation should end in a permanent fix or in a runbook, a tool or training that lets OPS handle it next time. By week of
--   resolution.
-- numerator: resolved escalations that ended in neither fix nor runbook, tool or training
-- denominator: resolved escalations, without those returned to OPS and those that are not ours to end (outage, limitation, custom
--   request, question)
-- variant: neither As far as changes, runbooks, resolutions and fields tell.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select e.resolved_week as week, 'outcomes' as measure, 'neither' as variant, e.issue_id, e.escalation_no,
    o.outcome = 'neither' as in_numerator, false as is_pending, cast(null as double) as value
from mart.tagged_escalations e
join core.outcomes o using (issue_id, escalation_no)
where not e.is_excluded and e.resolved_week is not null and o.outcome not in ('returned', 'not_ours')
