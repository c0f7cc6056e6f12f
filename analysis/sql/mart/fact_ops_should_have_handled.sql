-- mart.fact_ops_should_have_handled: one row per escalation and form of the measure: OPS should have handled
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.verdicts
-- statistic: share
-- pool: 1
-- title: What OPS should have handled
-- version: 1
-- text: Escalations that came through OPS and meet a written criterion, judged by what was known at that moment and softened by
--   what became known later.
-- numerator: escalations with the verdict should_have_handled
-- denominator: escalations that came through OPS
-- variant: claimed As the program claims; OPS may contest each one.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select escalated_week as week, 'ops_should_have_handled' as measure, 'claimed' as variant, e.issue_id, e.escalation_no,
    coalesce(v.verdict = 'should_have_handled', false) as in_numerator, false as is_pending, cast(null as double) as value
from mart.tagged_escalations e
left join core.verdicts v using (issue_id, escalation_no)
where not e.is_excluded and e.entered = 'from_ops'
