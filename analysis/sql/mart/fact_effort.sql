-- mart.fact_effort: one row per escalation and form of the measure: hours that Tier 2 spent
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.effort, mart.tagged_escalations, mart.verdicts
-- statistic: sum
-- pool: 1
-- title: Hours of Tier 2
-- version: 3
-- text: Working hours of Tier 2 by the week in which they were spent: those that people logged; of who logged none on an escalation, each
--   hour of an assignee, split over the escalations that he or she holds at Tier 2 in an active status. An upper bound: it counts hours
--   in which something else was done. A week never holds more than its working hours for each head.
-- numerator: escalations on which hours were spent
-- denominator: none
-- variant: spent All escalations.
-- variant: avoidable Those that OPS should have handled, without verdicts that a ruling withdrew: what enforcing the criteria would protect.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select w.week, 'effort' as measure, 'spent' as variant, w.issue_id, w.escalation_no, true as in_numerator, false as is_pending, w.hours as value
from mart.effort w
semi join mart.tagged_escalations using (issue_id, escalation_no)
where w.hours > 0
union all
select w.week, 'effort', 'avoidable', w.issue_id, w.escalation_no, true, false, w.hours
from mart.effort w
semi join mart.tagged_escalations using (issue_id, escalation_no)
join mart.verdicts v using (issue_id, escalation_no)
where w.hours > 0 and v.verdict = 'should_have_handled' and v.standing <> 'withdrawn'
