-- mart.family_dealers: one row per family and dealer: where the fix is made for one dealer at a time, its life there
-- key: family_id, dealer_id
-- step: measure
-- reads: mart.family_escalations, core.clock
-- column: family_id the family
-- column: dealer_id the dealer
-- column: n_escalations escalations there
-- column: first_seen_at the first, UTC
-- column: last_seen_at the last, UTC
-- column: resolved_at when the last was resolved, UTC; NULL while one is open
-- column: state open, solved (resolved, and nothing since), or back (it came again after a resolution, and is open or came within 90 days)
with ordered as (
    select *, min(resolved_at) over (partition by family_id, dealer_id order by occurred_at, issue_id, escalation_no
        rows between unbounded preceding and 1 preceding) as first_resolved_at,
        max(resolved_at) filter (resolved_at is not null) over (partition by family_id, dealer_id order by occurred_at, issue_id, escalation_no
        rows between unbounded preceding and 1 preceding) as resolved_before
    from mart.family_escalations
    where dealer_id is not null
),
hit as (
    select family_id, dealer_id, count(*) as n_escalations, min(occurred_at) as first_seen_at, max(occurred_at) as last_seen_at,
        bool_or(resolved_at is null) as is_open, max(resolved_at) as last_resolved_at,
        bool_or(first_resolved_at <= occurred_at and (resolved_at is null or occurred_at >= k.as_of - interval 91 days)) as is_back
    from ordered
    cross join core.clock k
    group by family_id, dealer_id
)
select family_id, dealer_id, n_escalations, first_seen_at, last_seen_at, case when not is_open then last_resolved_at end as resolved_at,
    case when coalesce(is_back, false) then 'back' when is_open then 'open' else 'solved' end as state
from hit
