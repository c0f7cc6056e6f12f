-- mart.families: one row per family of the same underlying failure
-- key: family_id
-- step: measure
-- store: table
-- refresh: full
-- reads: mart.family_escalations, mart.remedies, core.family_profiles, core.tickets, core.clock
-- column: family_id the founder's issue_id
-- column: title summary of its most typical ticket, masked
-- column: provider the one that most of its tickets are tagged with
-- column: failure_category likewise
-- column: signature codes and words that its tickets have in common
-- column: kind the kind of failure that its tickets most likely are, in words; NULL where none is likely
-- column: first_seen_at when it was first told of, UTC
-- column: last_seen_at when it last was, UTC
-- column: state new (first seen in the last 4 weeks), ongoing, contained (a runbook for OPS is in force), fixed (a change is deployed
--   or the provider confirmed, and nothing occurred since), regressed (something did) or quiet (nothing in the last 13 weeks)
-- column: state_since since when it is in that state, UTC
-- column: fix_effective_at when the latest fix took effect, UTC
-- column: is_fix_assumed whether that is assumed from the merge
-- column: contained_at since when a runbook for OPS that is in force helps, UTC
-- column: n_escalations members
-- column: n_dealers dealers hit
-- column: n_tickets tickets
with hit as (
    select family_id, count(*) as n_escalations, count(distinct issue_id) as n_tickets, count(distinct dealer_id) as n_dealers,
        min(occurred_at) as first_seen_at, max(occurred_at) as last_seen_at, mode(provider order by provider) as provider,
        mode(failure_category order by failure_category) as failure_category
    from mart.family_escalations
    group by family_id
),
remedy as (
    select r.family_id,
        max_by({'at': r.effective_at, 'is_assumed': r.is_assumed}, r.effective_at) filter (r.kind <> 'runbook') as fix,
        min(r.effective_at) filter (r.kind = 'runbook' and coalesce(r.ended_at > k.as_of, true)) as contained_at
    from mart.remedies r
    cross join core.clock k
    where r.effective_at <= k.as_of
    group by r.family_id
),
regress as (
    select e.family_id, min(e.occurred_at) as regressed_at
    from mart.family_escalations e
    join remedy r using (family_id)
    where e.occurred_at > r.fix."at"
    group by e.family_id
),
stated as (
    select h.*, r.fix, r.contained_at, g.regressed_at, k.as_of,
        case
            when r.fix is not null and g.regressed_at is null then 'fixed'
            when h.last_seen_at < k.as_of - interval 91 days then if(r.contained_at is not null, 'contained', 'quiet')
            when g.regressed_at is not null then 'regressed'
            when r.contained_at is not null then 'contained'
            when h.first_seen_at >= k.as_of - interval 28 days then 'new'
            else 'ongoing'
        end as state
    from hit h
    cross join core.clock k
    left join remedy r using (family_id)
    left join regress g using (family_id)
)
select s.family_id, coalesce(nullif(t.summary, ''), t.ticket_key, '') as title, s.provider, s.failure_category, p.signature, p.kind, s.first_seen_at, s.last_seen_at, s.state,
    case s.state
        when 'fixed' then s.fix."at"
        when 'regressed' then s.regressed_at
        when 'contained' then s.contained_at
        when 'quiet' then s.last_seen_at + interval 91 days
        when 'new' then s.first_seen_at
        else s.first_seen_at + interval 28 days
    end as state_since,
    s.fix."at" as fix_effective_at, s.fix.is_assumed as is_fix_assumed, s.contained_at, s.n_escalations, s.n_dealers, s.n_tickets
from stated s
left join core.family_profiles p using (family_id)
left join core.tickets t on t.issue_id = coalesce(p.typical_id, s.family_id)
