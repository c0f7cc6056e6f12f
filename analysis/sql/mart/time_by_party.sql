-- mart.time_by_party: one row per escalation and party: how long it held the ball
-- key: issue_id, escalation_no, party
-- step: measure
-- reads: core.escalations, mart.waits, core.calendar, core.clock
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: party ours (Tier 2 and above), or whom we waited for: provider, dealer or ops
-- column: hours from the escalation to its counted resolution, or to now; the parties' hours add up to that
-- column: working_hours the part of it inside working hours
with life as (
    select e.issue_id, e.escalation_no, e.escalated_at as from_at, coalesce(e.resolved_at, e.next_escalated_at, k.as_of) as to_at
    from core.escalations e
    cross join core.clock k
    where e.escalated_at <= k.as_of
),
waited as (
    select l.issue_id, l.escalation_no, w.waiting_on as party, greatest(w.started_at, l.from_at) as from_at,
        least(w.ended_at, l.to_at) as to_at
    from life l
    join mart.waits w on w.issue_id = l.issue_id and w.started_at < l.to_at and coalesce(w.ended_at > l.from_at, true)
),
span as (
    select issue_id, escalation_no, 'ours' as party, from_at, to_at, 1 as counts from life
    union all
    select issue_id, escalation_no, party, from_at, to_at, 1 from waited
    union all
    select issue_id, escalation_no, 'ours', from_at, to_at, -1 from waited
),
timed as (
    select s.*,
        core.worked_by(s.from_at, a.opens_at, a.closes_at, a.hours_before) as worked_at_start,
        core.worked_by(s.to_at, b.opens_at, b.closes_at, b.hours_before) as worked_at_end
    from span s
    asof left join core.calendar a on a.opens_at <= s.from_at
    asof left join core.calendar b on b.opens_at <= s.to_at
)
select issue_id, escalation_no, party, sum(counts * epoch(to_at - from_at)) / 3600 as hours,
    sum(counts * (worked_at_end - worked_at_start)) as working_hours
from timed
group by all
