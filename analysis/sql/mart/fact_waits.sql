-- mart.fact_waits: one row per escalation and form of the measure: somebody else held the ball for long, or nobody asked
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, mart.waits
-- statistic: share
-- pool: 4
-- title: Waits for providers
-- version: 1
-- text: Escalations that waited for a provider, by the week in which they came; a wait counts for the escalation in which it began.
-- numerator: escalations of which a wait for the provider was overdue, or passed without a word of ours
-- denominator: escalations that waited for a provider
-- variant: overdue A wait longer than the provider's normal time (normal_delays.csv); only escalations for which a normal time is written down.
-- variant: without_contact A wait of a day or longer during which nobody of the desk wrote on the ticket; shorter waits do not count.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with wait as (
    select e.escalated_week, e.issue_id, e.escalation_no, w.is_overdue, w.has_contact, w.hours
    from mart.tagged_escalations e
    join mart.waits w on w.issue_id = e.issue_id and w.started_at >= e.escalated_at
        and w.started_at < coalesce(e.next_escalated_at, timestamp '9999-01-01')
    where not e.is_excluded and w.waiting_on = 'provider'
)
select escalated_week as week, 'waits' as measure, 'overdue' as variant, issue_id, escalation_no, bool_or(is_overdue) as in_numerator,
    false as is_pending, cast(null as double) as value
from wait
where is_overdue is not null
group by all
union all
select escalated_week, 'waits', 'without_contact', issue_id, escalation_no, bool_or(not has_contact), false, null
from wait
where hours >= 24
group by all
