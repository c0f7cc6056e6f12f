-- mart.families: one row per family of the same underlying failure
-- key: family_id
-- step: measure
-- store: table
-- refresh: full
-- reads: mart.family_escalations, mart.remedies, core.family_profiles, core.tickets, core.clock
-- column: family_id the founder's issue_id
-- column: title summary of its most typical ticket, masked
-- column: provider the one that most of its tagged escalations have; untagged where none is tagged
-- column: failure_category likewise
-- column: signature codes and words that its tickets have in common
-- column: kind the kind of failure that its tickets most likely are, in words; NULL where none is likely
-- column: first_seen_at when it first occurred, UTC
-- column: last_seen_at when it last did, UTC
-- column: state the first that holds: fixed (a change is deployed or the provider confirmed, and nothing occurred since); quiet (nothing
--   in the last 13 weeks and no runbook in force); regressed (it occurred after the latest fix, and in the last 13 weeks); contained (a
--   runbook for OPS is in force); new (first seen in the last 4 weeks); ongoing
-- column: state_since since when it is in that state, UTC
-- column: fix_effective_at when the latest fix took effect, UTC
-- column: is_fix_assumed whether that is assumed from the merge
-- column: contained_at since when a runbook for OPS is in force, one after the other without a gap, UTC; NULL where none is
-- column: n_escalations escalations
-- column: n_dealers dealers hit
-- column: n_tickets tickets
with seen as (
    select *, occurred_at - interval 91 days > lag(occurred_at) over (partition by family_id order by occurred_at) as is_return
    from mart.family_escalations
),
hit as (
    select family_id, count(*) as n_escalations, count(distinct issue_id) as n_tickets, count(distinct dealer_id) as n_dealers,
        min(occurred_at) as first_seen_at, max(occurred_at) as last_seen_at, max(occurred_at) filter (is_return) as returned_at,
        coalesce(mode(provider order by provider) filter (provider <> 'untagged'), 'untagged') as provider,
        coalesce(mode(failure_category order by failure_category) filter (failure_category <> 'untagged'), 'untagged') as failure_category
    from seen
    group by family_id
),
remedy as (
    select h.family_id, h.last_seen_at, r.kind, r.effective_at, r.is_assumed, coalesce(r.ended_at, timestamp '9999-01-01') as until_at, k.as_of,
        max(until_at) over (partition by r.family_id, r.kind order by r.effective_at rows between unbounded preceding and 1 preceding) as covered_until
    from hit h
    join mart.remedies r using (family_id)
    join core.clock k on r.effective_at <= k.as_of
),
cured as (
    select family_id,
        max_by({'at': effective_at, 'is_assumed': is_assumed}, (effective_at, not is_assumed)) filter (kind <> 'runbook') as fix,
        min(effective_at) filter (kind <> 'runbook' and effective_at >= last_seen_at) as fixed_at,
        max(until_at) filter (kind = 'runbook') as uncontained_at,
        case when uncontained_at > any_value(as_of) then max(effective_at) filter (kind = 'runbook' and coalesce(covered_until < effective_at, true)) end
            as contained_at
    from remedy
    group by family_id
),
regress as (
    select family_id, min(e.occurred_at) as regressed_at
    from mart.family_escalations e
    join cured c using (family_id)
    where e.occurred_at > c.fix."at"
    group by family_id
),
stated as (
    select h.*, c.fix, c.fixed_at, c.contained_at, c.uncontained_at, g.regressed_at,
        h.last_seen_at + interval 91 days as quiet_at, h.first_seen_at + interval 28 days as grown_at,
        case
            when c.fixed_at is not null then 'fixed'
            when quiet_at < k.as_of and c.contained_at is null then 'quiet'
            when quiet_at >= k.as_of and g.regressed_at is not null then 'regressed'
            when c.contained_at is not null then 'contained'
            when grown_at >= k.as_of then 'new'
            else 'ongoing'
        end as state
    from hit h
    cross join core.clock k
    left join cured c using (family_id)
    left join regress g using (family_id)
)
select family_id, coalesce(nullif(t.summary, ''), t.ticket_key, '') as title, s.provider, s.failure_category, p.signature, p.kind,
    s.first_seen_at, s.last_seen_at, s.state,
    case s.state
        when 'fixed' then s.fixed_at
        when 'regressed' then greatest(s.regressed_at, s.returned_at)
        when 'contained' then greatest(s.contained_at, s.first_seen_at, if(s.regressed_at is not null, s.quiet_at, null))
        when 'quiet' then greatest(s.quiet_at, s.uncontained_at)
        when 'new' then greatest(s.first_seen_at, s.uncontained_at)
        else greatest(s.grown_at, s.returned_at, s.uncontained_at)
    end as state_since,
    s.fix."at" as fix_effective_at, s.fix.is_assumed as is_fix_assumed, s.contained_at, s.n_escalations, s.n_dealers, s.n_tickets
from stated s
left join core.family_profiles p using (family_id)
left join core.tickets t on t.issue_id = coalesce(p.typical_id, family_id)
