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
-- column: state back (it came after one was resolved there, and that is open or occurred in the last 13 weeks), open or solved
with ordered as (
    select *, min(resolved_at) over (
        partition by family_id, dealer_id order by occurred_at, issue_id, escalation_no rows between unbounded preceding and 1 preceding
    ) as solved_before
    from mart.family_escalations
    where dealer_id is not null
)
select family_id, dealer_id, count(*) as n_escalations, min(occurred_at) as first_seen_at, max(occurred_at) as last_seen_at,
    case when count(resolved_at) = count(*) then max(resolved_at) end as resolved_at,
    case
        when bool_or(solved_before <= occurred_at and (resolved_at is null or occurred_at >= k.as_of - interval 91 days)) then 'back'
        when count(resolved_at) < count(*) then 'open'
        else 'solved'
    end as state
from ordered
cross join core.clock k
group by family_id, dealer_id
