-- mart.family_life: one row per thing that happened in the life of a family
-- key: family_id, happened_at, what, ref
-- step: measure
-- reads: mart.families, mart.family_escalations, mart.remedies, state.family_events, core.tickets, core.clock
-- column: family_id the family
-- column: happened_at when, UTC
-- column: what first_seen, came_back (at a dealer where it was resolved), merged (the change), deployed, assumed_deployed, confirmed,
--   runbook_announced, runbook_ended, regressed, quiet, took_in (another family ended in it) or split_off
-- column: ref key of the ticket or change, id of the runbook, or of the other family
-- column: person_id who, where a person did it
with back as (
    select *, max(resolved_at) over (partition by family_id, dealer_id order by occurred_at, issue_id, escalation_no
        rows between unbounded preceding and 1 preceding) as resolved_before
    from mart.family_escalations
    where dealer_id is not null
)
select f.family_id, f.first_seen_at as happened_at, 'first_seen' as what, min_by(t.ticket_key, (e.occurred_at, e.issue_id)) as ref,
    cast(null as varchar) as person_id
from mart.families f
join mart.family_escalations e using (family_id)
join core.tickets t on t.issue_id = e.issue_id
group by all
union all
select b.family_id, b.occurred_at, 'came_back', t.ticket_key, null
from back b
join core.tickets t using (issue_id)
where b.resolved_before <= b.occurred_at
union all
select family_id, merged_at, 'merged', ref, null from mart.remedies where merged_at is not null
union all
select family_id, effective_at,
    case kind when 'runbook' then 'runbook_announced' when 'confirmation' then 'confirmed' else if(is_assumed, 'assumed_deployed', 'deployed') end, ref, null
from mart.remedies
where effective_at is not null
union all
select family_id, ended_at, 'runbook_ended', ref, null from mart.remedies where ended_at is not null
union all
select f.family_id, e.occurred_at, 'regressed', t.ticket_key, null
from mart.families f
join mart.family_escalations e on e.family_id = f.family_id and e.occurred_at > f.fix_effective_at
join core.tickets t on t.issue_id = e.issue_id
union all
select family_id, last_seen_at + interval 91 days, 'quiet', null, null from mart.families, core.clock where last_seen_at + interval 91 days < as_of
union all
select e.family_id, e.effective_at, if(e.event = 'merged', 'took_in', 'split_off'), coalesce(t.ticket_key, cast(e.other_family_id as varchar)), e.person_id
from state.family_events e
left join core.tickets t on t.issue_id = e.other_family_id
where e.event in ('merged', 'split') and e.family_id is not null
