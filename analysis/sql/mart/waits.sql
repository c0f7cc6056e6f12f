-- mart.waits: one row per span in which somebody else holds the ball
-- key: issue_id, wait_no
-- step: measure
-- reads: core.waits, core.ticket_facts, core.calendar, core.clock, core.tags, core.normal_delays, core.comments, core.members
-- column: issue_id Jira's numeric id
-- column: wait_no from 1, in order
-- column: waiting_on provider, dealer or ops
-- column: started_at since when, UTC
-- column: ended_at until when, UTC; NULL while it lasts
-- column: hours length in hours; until now while it lasts
-- column: working_hours the part of it inside working hours
-- column: is_overdue longer than the provider's normal time for an activation; NULL where no normal time is written down
-- column: has_contact somebody of the desk wrote on the ticket from an hour before it began until it ended
with span as (
    select s.*, coalesce(s.ended_at, k.as_of) as end_at
    from core.waits s
    cross join core.clock k
    join core.ticket_facts f using (issue_id)
    where f.is_ticket and s.started_at <= k.as_of
),
timed as (
    select s.*,
        core.worked_by(s.started_at, a.opens_at, a.closes_at, a.hours_before) as worked_at_start,
        core.worked_by(s.end_at, b.opens_at, b.closes_at, b.hours_before) as worked_at_end
    from span s
    asof left join core.calendar a on a.opens_at <= s.started_at
    asof left join core.calendar b on b.opens_at <= s.end_at
),
dated as (
    -- what is normal changes: for each step the time that was in force when the wait began
    select t.issue_id, t.wait_no, d.step, d.ends is not null as is_whole, max_by(d.hours, d.effective_from) as hours
    from timed t
    cross join core.clock k
    join core.tags c on c.issue_id = t.issue_id and c.kind = 'failure_category' and c.value = 'setup_delay'
    join core.tags p on p.issue_id = t.issue_id and p.kind = 'provider'
    join core.normal_delays d on d.provider = p.value
        and d.effective_from <= cast(timezone(k.reporting_zone, timezone('UTC', t.started_at)) as date)
    group by t.issue_id, t.wait_no, d.step, is_whole
),
normal as (
    -- of several steps nobody says which one is waited for, so the longest is allowed; the whole onboarding only where there is no other
    select issue_id, wait_no, coalesce(max(hours) filter (not is_whole), max(hours)) as hours from dated group by issue_id, wait_no
)
select t.issue_id, t.wait_no, t.waiting_on, t.started_at, t.ended_at, epoch(t.end_at - t.started_at) / 3600 as hours,
    t.worked_at_end - t.worked_at_start as working_hours,
    case when t.waiting_on = 'provider' and n.hours is not null then epoch(t.end_at - t.started_at) / 3600 > n.hours end as is_overdue,
    exists (
        from core.comments c
        join core.members m on m.person_id = c.author_id
        where c.issue_id = t.issue_id and c.created_at >= t.started_at - interval 1 hour and c.created_at <= t.end_at
    ) as has_contact
from timed t
left join normal n using (issue_id, wait_no)
