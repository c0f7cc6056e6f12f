-- mart.families: one row per family of the same underlying failure; empty until families are found
-- key: family_id
-- step: measure
-- reads: core.tickets
-- column: family_id the founder's issue_id
-- column: title what it is, in words
-- column: provider its provider
-- column: failure_category its category
-- column: signature what its tickets have in common
-- column: first_seen_at first member, UTC
-- column: last_seen_at latest member, UTC
-- column: state new, ongoing, contained, fixed, regressed or quiet
-- column: fix_effective_at when a fix took effect, UTC
-- column: n_escalations members
-- column: n_dealers dealers hit
select issue_id as family_id, summary as title, cast(null as varchar) as provider, cast(null as varchar) as failure_category,
    cast(null as varchar) as signature, created_at as first_seen_at, created_at as last_seen_at, cast(null as varchar) as state,
    cast(null as timestamp) as fix_effective_at, cast(0 as bigint) as n_escalations, cast(0 as bigint) as n_dealers
from core.tickets
where false
