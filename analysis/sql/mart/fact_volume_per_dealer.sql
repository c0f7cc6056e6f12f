-- mart.fact_volume_per_dealer: one row per escalation and form of the measure: escalations, for each live dealer
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations
-- statistic: rate
-- pool: 4
-- per: live_dealers 1
-- title: Escalations per live dealer
-- version: 1
-- text: Escalations by the week in which they came to Tier 2 or above, whatever became of them, for each dealer that was live.
-- numerator: escalations
-- denominator: weeks × dealers that were live, by dealers.csv
-- variant: escalations All of them, excluded ones too.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select escalated_week as week, 'volume_per_dealer' as measure, 'escalations' as variant, issue_id, escalation_no, true as in_numerator,
    false as is_pending, cast(null as double) as value
from mart.tagged_escalations
