-- mart.fact_volume: one row per escalation and form of the measure: escalations
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations
-- statistic: count
-- pool: 1
-- title: Escalations
-- version: 1
-- text: Escalations by the week in which they came to Tier 2 or above, whatever became of them.
-- numerator: escalations
-- denominator: none
-- variant: escalations All of them, excluded ones too.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select escalated_week as week, 'volume' as measure, 'escalations' as variant, issue_id, escalation_no, true as in_numerator,
    false as is_pending, cast(null as double) as value
from mart.tagged_escalations
