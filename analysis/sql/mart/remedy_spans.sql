-- mart.remedy_spans: one row per remedy of a family that has taken effect: the weeks that are held against each other
-- key: family_id, kind, ref
-- step: measure
-- reads: mart.remedies, core.clock, core.ticket_facts, core.tickets
-- column: family_id the family
-- column: kind change, confirmation or runbook
-- column: ref key, name or id of the remedy
-- column: effective_at when it took effect, UTC
-- column: is_assumed whether that is assumed
-- column: start_week Monday of the desk's first whole week
-- column: effective_week Monday of the week in which it took effect, which belongs neither to before nor to since
-- column: last_week Monday of the last week since: the reported one, or the last before it ended
-- column: first_week Monday of the first week before
-- column: n_weeks_before whole weeks before it, at most 13; fewer where the desk's first ticket is younger
-- column: n_weeks_since whole weeks since
with start as (
    -- the week in which the desk's first ticket was made is not a whole one
    select cast(date_trunc('week', timezone(any_value(k.reporting_zone), timezone('UTC', min(t.created_at)))) as date) + 7 as week
    from core.tickets t
    join core.ticket_facts f using (issue_id)
    cross join core.clock k
    where f.is_ticket
),
remedy as (
    select r.family_id, r.kind, r.ref, r.effective_at, r.is_assumed, s.week as start_week,
        cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', r.effective_at))) as date) as effective_week,
        least(k.week, cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', r.ended_at))) as date) - 7) as last_week
    from mart.remedies r
    join core.clock k on r.effective_at <= k.as_of
    cross join start s
)
select *, greatest(effective_week - 91, start_week) as first_week,
    cast(greatest(0, (least(effective_week, last_week + 7) - first_week) // 7) as integer) as n_weeks_before,
    cast(greatest(0, (last_week - greatest(effective_week, start_week - 7)) // 7) as integer) as n_weeks_since
from remedy
