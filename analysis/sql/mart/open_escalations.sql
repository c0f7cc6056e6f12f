-- mart.open_escalations: one row per escalation that is open now: who holds the ball, and since when
-- key: issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.ticket_facts, core.tickets, mart.waits, core.tier_stays, core.first_actions, core.calendar, core.clock
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: ticket_key current key, for people
-- column: escalated_at when it came to Tier 2 or above, UTC
-- column: age_hours since then
-- column: age_working_hours the part of it inside working hours
-- column: tier the tier it is at now
-- column: holder who holds the ball: provider, dealer or ops while we wait for them, else ops, tier2 or tier3 by the tier it is at
-- column: held_since since when, UTC
-- column: is_overdue the provider's normal time is over; NULL where none is written down or nobody is waited for
-- column: first_action_at when somebody of Tier 2 first did something on it, UTC; NULL while nobody has
with open as (
    select e.issue_id, e.escalation_no, e.escalated_at, k.as_of
    from mart.tagged_escalations e
    join core.ticket_facts f using (issue_id)
    cross join core.clock k
    where e.resolved_at is null and e.next_escalated_at is null and not e.is_excluded and f.status_category is distinct from 'done'
),
waiting as (
    select issue_id, max_by({'party': waiting_on, 'since': started_at, 'is_overdue': is_overdue}, started_at) as wait
    from mart.waits
    where ended_at is null
    group by issue_id
),
timed as (
    select o.*,
        core.worked_by(o.escalated_at, a.opens_at, a.closes_at, a.hours_before) as worked_at_start,
        core.worked_by(o.as_of, b.opens_at, b.closes_at, b.hours_before) as worked_at_end
    from open o
    asof left join core.calendar a on a.opens_at <= o.escalated_at
    asof left join core.calendar b on b.opens_at <= o.as_of
)
select o.issue_id, o.escalation_no, t.ticket_key, o.escalated_at, epoch(o.as_of - o.escalated_at) / 3600 as age_hours,
    o.worked_at_end - o.worked_at_start as age_working_hours, s.tier,
    coalesce(w.wait.party, case when s.tier >= 3 then 'tier3' when s.tier = 2 then 'tier2' else 'ops' end) as holder,
    coalesce(w.wait.since, s.entered_at) as held_since, w.wait.is_overdue as is_overdue, a.acted_at as first_action_at
from timed o
join core.tickets t using (issue_id)
left join core.tier_stays s on s.issue_id = o.issue_id and s.left_at is null
left join waiting w on w.issue_id = o.issue_id
left join core.first_actions a on a.issue_id = o.issue_id and a.escalation_no = o.escalation_no
