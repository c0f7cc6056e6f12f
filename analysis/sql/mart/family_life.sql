-- mart.family_life: one row per thing that happened in the life of a family
-- key: family_id, happened_at, what, ref, issue_id
-- step: measure
-- reads: mart.family_escalations, mart.remedies, state.family_events, core.tickets, core.clock
-- column: family_id the family
-- column: happened_at when, UTC; a remedy that is still to come is left out; what became of the family since the report's moment is not
-- column: what first_seen, came_back (at a dealer where one was resolved), regressed (the first to occur after a fix), quiet (13 weeks
--   without it), merged (the change), deployed, assumed_deployed, confirmed, runbook_announced, runbook_ended, took_in (another family
--   ended in it), split_off (a ticket of it was split off another family) or lost (a ticket of it went elsewhere)
-- column: ref key of the ticket or change, id of the runbook, or key of the other family's founder; NULL for quiet
-- column: issue_id the ticket; NULL where it is about none, or about a whole family
-- column: person_id who, where a person did it
with member as (
    select e.family_id, e.issue_id, e.occurred_at, e.dealer_id, t.ticket_key, lag(e.occurred_at) over life as seen_before,
        lead(e.occurred_at) over life as seen_next,
        min(e.resolved_at) over (
            partition by e.family_id, e.dealer_id order by e.occurred_at, e.issue_id, e.escalation_no rows between unbounded preceding and 1 preceding
        ) as solved_before
    from mart.family_escalations e
    join core.tickets t using (issue_id)
    window life as (partition by e.family_id order by e.occurred_at, e.issue_id, e.escalation_no)
),
moved as (
    select e.*, t.ticket_key, coalesce(o.ticket_key, cast(e.other_family_id as varchar)) as other_key
    from state.family_events e
    left join core.tickets t on t.issue_id = e.issue_id
    left join core.tickets o on o.issue_id = e.other_family_id
    where e.other_family_id is not null and e.other_family_id is distinct from e.family_id
),
remedy as (
    select r.family_id, 'merged' as what, r.merged_at as happened_at, r.ref from mart.remedies r
    union all
    select r.family_id,
        case r.kind when 'runbook' then 'runbook_announced' when 'confirmation' then 'confirmed' else if(r.is_assumed, 'assumed_deployed', 'deployed') end,
        r.effective_at, r.ref
    from mart.remedies r
    union all
    select r.family_id, 'runbook_ended', r.ended_at, r.ref from mart.remedies r
),
happened as (
    select family_id, occurred_at as happened_at, 'first_seen' as what, ticket_key as ref, issue_id, cast(null as varchar) as person_id
    from member
    where seen_before is null
    union all
    select family_id, occurred_at, 'came_back', ticket_key, issue_id, null from member
    where dealer_id is not null and solved_before <= occurred_at
    union all
    select m.family_id, m.occurred_at, 'regressed', m.ticket_key, m.issue_id, null
    from member m
    semi join mart.remedies r on r.family_id = m.family_id and r.kind <> 'runbook' and r.effective_at < m.occurred_at
        and coalesce(m.seen_before <= r.effective_at, true)
    union all
    select m.family_id, m.occurred_at + interval 91 days, 'quiet', null, null, null
    from member m
    cross join core.clock k
    where m.occurred_at + interval 91 days < coalesce(m.seen_next, k.as_of)
    union all
    select r.family_id, r.happened_at, r.what, r.ref, null, null from remedy r join core.clock k on r.happened_at <= k.as_of
    union all
    select family_id, effective_at, 'took_in', other_key, null, person_id from moved where event = 'merged'
    union all
    select family_id, effective_at, 'split_off', other_key, issue_id, person_id from moved where event = 'split'
    union all
    select other_family_id, effective_at, 'lost', ticket_key, issue_id, person_id from moved where event <> 'merged'
)
select h.family_id, h.happened_at, h.what, h.ref, h.issue_id, h.person_id
from happened h
semi join mart.family_escalations e on e.family_id = h.family_id
