-- mart.fact_tier3_touches: one row per escalation and form of the measure: Tier 3 was called upon
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations
-- statistic: count
-- pool: 1
-- title: Tier 3 touches
-- version: 1
-- text: Resolved escalations that touched Tier 3. Stands beside the share, so that easy tickets cannot hide hard ones.
-- numerator: resolved escalations that touched Tier 3
-- denominator: none
-- variant: by_resolution By week of resolution.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select resolved_week as week, 'tier3_touches' as measure, 'by_resolution' as variant, issue_id, escalation_no, true as in_numerator,
    false as is_pending, cast(null as double) as value
from mart.tagged_escalations
where not is_excluded and resolved_week is not null and touched_tier3
