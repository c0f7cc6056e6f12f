-- mart.action_spans: one row per done action with a known target: the weeks that are held against each other
-- key: action_id
-- step: measure
-- reads: mart.actions, core.clock, core.ticket_facts, core.tickets
-- column: action_id key or name of the action
-- column: done_at when it was done, UTC
-- column: provider of its target; NULL for any
-- column: failure_category of its target; NULL for any
-- column: dealer_id of its target; NULL for any
-- column: criterion_id of its target; NULL for any
-- column: last_week the reported week
-- column: start_week Monday of the desk's first whole week
-- column: done_week Monday of the week in which it was done, which belongs neither to before nor to since
-- column: first_week Monday of the first week before
-- column: n_weeks_before whole weeks before it, at most 13; fewer where the desk's first ticket is younger
-- column: n_weeks_since whole weeks since, up to the reported week
with start as (
    -- the week in which the desk's first ticket was made is not a whole one
    select cast(date_trunc('week', timezone(any_value(k.reporting_zone), timezone('UTC', min(t.created_at)))) as date) + 7 as week
    from core.tickets t
    join core.ticket_facts f using (issue_id)
    cross join core.clock k
    where f.is_ticket
),
goal as (
    select a.action_id, a.done_at, a.provider, a.failure_category, a.dealer_id, a.criterion_id, k.week as last_week, s.week as start_week,
        cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', a.done_at))) as date) as done_week
    from mart.actions a
    cross join core.clock k
    cross join start s
    where a.status = 'done' and a.is_target_known and a.done_at is not null
)
select *, greatest(done_week - 91, start_week) as first_week,
    cast(greatest(0, (least(done_week, last_week + 7) - greatest(done_week - 91, start_week)) // 7) as integer) as n_weeks_before,
    cast(greatest(0, (last_week - greatest(done_week, start_week - 7)) // 7) as integer) as n_weeks_since
from goal
