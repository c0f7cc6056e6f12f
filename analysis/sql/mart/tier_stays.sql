-- mart.tier_stays: one row per ticket and uninterrupted span at one tier
-- key: issue_id, stay_no
-- step: measure
-- reads: core.tier_stays, core.ticket_facts, core.calendar, core.clock
-- column: issue_id Jira's numeric id
-- column: stay_no from 1, in order
-- column: tier 0 to 3; NULL while no source speaks
-- column: entered_at since when, UTC
-- column: left_at until when, UTC; NULL while it lasts
-- column: hours length in hours; until now while it lasts
-- column: working_hours the part of it inside working hours
-- column: is_assumed there is no whole changelog: the present tier is taken for the past
with span as (
    select s.*, coalesce(s.left_at, k.as_of) as end_at
    from core.tier_stays s
    cross join core.clock k
    join core.ticket_facts f using (issue_id)
    where f.is_ticket and s.entered_at <= k.as_of
),
timed as (
    select s.*,
        core.worked_by(s.entered_at, a.opens_at, a.closes_at, a.hours_before) as worked_at_start,
        core.worked_by(s.end_at, b.opens_at, b.closes_at, b.hours_before) as worked_at_end
    from span s
    asof left join core.calendar a on a.opens_at <= s.entered_at
    asof left join core.calendar b on b.opens_at <= s.end_at
)
select issue_id, stay_no, tier, entered_at, left_at, epoch(end_at - entered_at) / 3600 as hours,
    worked_at_end - worked_at_start as working_hours, is_assumed
from timed
