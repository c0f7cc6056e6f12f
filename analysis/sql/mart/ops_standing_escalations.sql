-- mart.ops_standing_escalations: one row per escalation of the last 26 weeks that OPS should have handled, and that no ruling withdrew
-- key: issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, mart.verdicts, mart.effort, core.clock
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: provider tag of the mode
-- column: failure_category tag of the mode
-- column: dealer_id the dealer
-- column: is_recent of the last 13 weeks; else of the 13 before
-- column: standing how the verdict stands
-- column: criterion_id the criterion that it meets
-- column: hours working hours of Tier 2 on it, an upper bound
select e.issue_id, e.escalation_no, e.provider, e.failure_category, e.dealer_id, e.escalated_week > k.week - 91 as is_recent, v.standing,
    v.criterion_id, coalesce(w.hours, 0) as hours
from mart.tagged_escalations e
cross join core.clock k
join mart.verdicts v using (issue_id, escalation_no)
left join (select issue_id, escalation_no, sum(hours) as hours from mart.effort group by all) w
    on w.issue_id = e.issue_id and w.escalation_no = e.escalation_no
where v.verdict = 'should_have_handled' and v.standing <> 'withdrawn' and not e.is_excluded and e.entered = 'from_ops'
    and e.escalated_week > k.week - 182 and e.escalated_week <= k.week
