-- mart.fact_repeats: one row per escalation and form of the measure: came back
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.repeats
-- statistic: share
-- pool: 1
-- title: Repeat escalations
-- version: 2
-- text: Escalations of what was resolved before. Questions, wishes, waits and limitations never repeat, and an unknown dealer matches nobody.
--   Cancelled tickets, and tickets without a whole changelog, are left out and listed.
-- numerator: escalations that came back
-- denominator: escalations
-- variant: same_failure The same dealer had the same failure (one family, or two tickets that are very alike), resolved at most 90 days before
--   this one was told; or the ticket itself came back more than 14 days after its resolution; or it duplicates one resolved before.
-- variant: same_kind The same dealer had an escalation of the same provider and failure category, resolved at most 90 days before, that was
--   not found to be the same failure.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select e.escalated_week as week, 'repeats' as measure, f.variant, e.issue_id, e.escalation_no,
    coalesce(r.repeat_kind = f.variant, false) as in_numerator, false as is_pending, cast(null as double) as value
from mart.tagged_escalations e
cross join (values ('same_failure'), ('same_kind')) f(variant)
left join core.repeats r using (issue_id, escalation_no)
where coalesce(e.exclusion_reason, 'duplicate') = 'duplicate'
