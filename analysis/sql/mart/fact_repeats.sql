-- mart.fact_repeats: one row per escalation and form of the measure: came back
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.repeats
-- statistic: share
-- pool: 1
-- title: Escalations of a kind seen before
-- version: 1
-- text: Escalations that look like an earlier one of the same dealer. Cancelled tickets, and tickets without a whole changelog, are left out and listed.
-- numerator: escalations of a kind that the dealer had before
-- denominator: escalations
-- variant: same_kind The dealer had an escalation of the same provider and failure category that was resolved at most 90 days
--   before, or the ticket itself came back more than 14 days after its resolution. Whether it is the same failure is not judged yet.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select escalated_week as week, 'repeats' as measure, 'same_kind' as variant, e.issue_id, e.escalation_no,
    r.issue_id is not null as in_numerator, false as is_pending, cast(null as double) as value
from mart.tagged_escalations e
left join core.repeats r using (issue_id, escalation_no)
where coalesce(e.exclusion_reason, 'duplicate') = 'duplicate'
