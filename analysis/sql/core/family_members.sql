-- core.family_members: one row per ticket that was placed: the family it belongs to now
-- key: issue_id
-- step: place
-- refresh: full
-- reads: state.family_events
-- column: issue_id Jira's numeric id
-- column: family_id the family, after the merges that followed; NULL for a founder that a person took out of its family
-- column: placed_in the family it was placed in, before any merge
-- column: is_settled a person said where it belongs
-- column: method version of the likeness by which it was placed; NULL where a person did it
-- column: likeness log-odds of the same failure when it was placed; NULL for a founder
-- column: placed_at from when it holds, UTC
-- column: looked_at when it was last placed or looked at again, UTC
-- column: place in the order in which tickets were first placed
with recursive placed as (
    select issue_id, max(event_id) as event_id,
        max_by({'family': family_id, 'by': person_id, 'method': method, 'likeness': likeness, 'since': effective_at}, event_id) as told
    from state.family_events
    where event not in ('merged', 'kept')
    group by issue_id
),
merge as (
    -- whoever was placed in the family since it last ended follows
    select event_id, other_family_id as from_id, family_id as into_id,
        lag(event_id, 1, 0) over (partition by other_family_id order by event_id) as since
    from state.family_events
    where event = 'merged'
),
followed as (
    select issue_id, told.family as family_id, event_id, 0 as n from placed
    union all
    select f.issue_id, m.into_id, m.event_id, f.n + 1
    from followed f
    join merge m on m.from_id = f.family_id and f.event_id < m.event_id and f.event_id >= m.since
),
looked as (
    -- what a person said of it is no look at its words
    select issue_id, coalesce(max(effective_at) filter (person_id is null), timestamp '1970-01-01') as looked_at, min(event_id) as place
    from state.family_events
    where issue_id is not null
    group by issue_id
)
select p.issue_id, max_by({'family': f.family_id}, f.n).family as family_id, any_value(p.told.family) as placed_in,
    any_value(p.told."by") is not null as is_settled, any_value(p.told.method) as method, any_value(p.told.likeness) as likeness,
    any_value(p.told.since) as placed_at, any_value(l.looked_at) as looked_at, any_value(l.place) as place
from placed p
join followed f using (issue_id)
join looked l using (issue_id)
group by p.issue_id
