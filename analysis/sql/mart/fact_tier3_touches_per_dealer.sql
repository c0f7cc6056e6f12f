-- mart.fact_tier3_touches_per_dealer: one row per escalation and form of the measure: Tier 3 was called upon
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations
-- statistic: rate
-- pool: 4
-- per: live_dealers 100
-- title: Tier 3 touches per 100 live dealers
-- version: 1
-- text: Resolved escalations that touched Tier 3, for each 100 dealers that were live and each week: whether engineering is called upon less
--   often although there are more dealers.
-- numerator: resolved escalations that touched Tier 3
-- denominator: weeks × dealers that were live, by dealers.csv
-- variant: by_resolution By week of resolution, weeks pooled until 20 are counted.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select resolved_week as week, 'tier3_touches_per_dealer' as measure, 'by_resolution' as variant, issue_id, escalation_no,
    true as in_numerator, false as is_pending, cast(null as double) as value
from mart.tagged_escalations
where not is_excluded and resolved_week is not null and touched_tier3
