-- mart.fact_unmatched_dealers: one row per escalation and form of the measure: its dealer is not known
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.ticket_facts
-- statistic: share
-- pool: 1
-- title: Escalations whose dealer is not known
-- version: 1
-- text: Escalations by the week in which they came. Without a dealer they count for no dealer and can repeat nothing.
-- numerator: escalations whose dealer is not known
-- denominator: escalations
-- variant: unmatched A dealer is named, but dealers.csv has no such name or alias.
-- variant: unnamed No dealer is named.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select e.escalated_week as week, 'unmatched_dealers' as measure, variant, e.issue_id, e.escalation_no,
    case variant when 'unmatched' then f.dealer_id is null and f.dealer_text is not null else f.dealer_text is null end as in_numerator,
    false as is_pending, cast(null as double) as value
from mart.tagged_escalations e
join core.ticket_facts f using (issue_id)
cross join (values ('unmatched'), ('unnamed')) form (variant)
