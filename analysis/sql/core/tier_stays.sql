-- core.tier_stays: one row per ticket and uninterrupted span at one tier; the stays tile its life
-- key: issue_id, stay_no
-- step: load
-- reads: core.tickets, core.changes, core.field_values, core.field_stays, core.field_roles, core.tier_values, core.members, core.site
-- column: issue_id Jira's numeric id
-- column: stay_no from 1, in order
-- column: tier 0 self-serve, 1 OPS, 2 Integration Support, 3 Engineering; NULL while no source speaks
-- column: entered_at since when, UTC
-- column: left_at until when, UTC; NULL while it lasts
-- column: history_id the edit that began it; 0 at creation
-- column: is_assumed there is no whole changelog: the present tier is taken for the past
with source as (
    select distinct role, source_no, source_kind from core.field_roles where kind = 'tier'
),
held as (
    select s.issue_id, s.entered_at, s.history_id, s.item_no, s.value_id, s.value, r.source_no, r.source_kind
    from core.field_stays s
    semi join dirty using (issue_id)
    join source r using (role)
    where r.source_kind <> 'component'
),
moved as (
    -- a ticket has several components; the changelog tells of each one that came or went
    select t.issue_id, r.source_no, t.created_at, greatest(c.changed_at, t.created_at) as changed_at, c.history_id, c.item_no,
        unnest([{'id': c.to_id, 'text': c.to_text, 'n': 1}, {'id': c.from_id, 'text': c.from_text, 'n': -1}]) as part
    from core.changes c
    semi join dirty using (issue_id)
    join core.tickets t using (issue_id)
    join core.field_roles r on r.field_key = coalesce(c.field_id, lower(c.field_name)) and r.source_kind = 'component'
),
part as (
    -- it was made with those it has now, without what came and with what went
    select t.issue_id, s.source_no, t.created_at as entered_at, 0 as history_id, 0 as item_no, v.value_id, v.value,
        if(v.value is null, 0, 1) as n
    from core.tickets t
    semi join dirty using (issue_id)
    join source s on s.source_kind = 'component'
    left join core.field_values v on v.issue_id = t.issue_id and v.role = s.role
    union all
    select issue_id, source_no, created_at, 0, 0, part.id, part.text, -part.n from moved
    union all
    select issue_id, source_no, changed_at, history_id, item_no, part.id, part.text, part.n from moved
),
shown as (
    select p.issue_id, p.source_no, p.entered_at, p.history_id, p.item_no, p.n, coalesce(v.tier, i.tier) as tier
    from part p
    left join core.tier_values v on v.source_no = p.source_no and v.value = lower(p.value)
    left join core.tier_values i on i.source_no = p.source_no and i.value = p.value_id
),
signal as (
    select h.issue_id, h.entered_at, h.history_id, h.item_no, h.source_no,
        case when h.source_kind = 'assignee' then m.tier else coalesce(v.tier, i.tier) end as tier
    from held h
    left join core.tier_values v on v.source_no = h.source_no and v.value = lower(h.value)
    left join core.tier_values i on i.source_no = h.source_no and i.value = h.value_id
    left join core.members m
        on m.person_id = h.value_id
        and h.entered_at >= m.since and (m.until is null or h.entered_at < m.until)
    union all
    -- of several components the highest tier counts
    select issue_id, entered_at, history_id, item_no, source_no,
        case
            when sum(n) filter (tier = 3) over so_far > 0 then 3
            when sum(n) filter (tier = 2) over so_far > 0 then 2
            when sum(n) filter (tier = 1) over so_far > 0 then 1
            when sum(n) filter (tier = 0) over so_far > 0 then 0
        end
    from shown
    window so_far as (partition by issue_id, source_no order by entered_at, history_id, item_no)
),
placed as (
    select *, row_number() over (partition by issue_id order by entered_at, history_id, item_no, source_no, tier nulls first) as place
    from signal
),
moment as (
    -- what one edit changes together counts once, with its last state
    select issue_id, entered_at, history_id, max(place) as place from placed group by all
),
spoken as (
    select m.issue_id, m.place, m.entered_at, m.history_id, p.source_no, max_by({'tier': p.tier}, p.place).tier as tier
    from moment m
    join placed p on p.issue_id = m.issue_id and p.place <= m.place
    group by all
),
stated as (
    select issue_id, place, entered_at, history_id,
        coalesce(min_by(tier, source_no) filter (tier is not null), (select default_tier from core.site)) as tier
    from spoken
    group by all
),
turn as (
    select *, place = min(place) over life or tier is distinct from lag(tier) over life as is_new
    from stated
    window life as (partition by issue_id order by place)
)
select t.issue_id, cast(row_number() over life as integer) as stay_no, cast(t.tier as integer) as tier, t.entered_at,
    lead(t.entered_at) over life as left_at, t.history_id, k.changelog <> 'whole' as is_assumed
from turn t
join core.tickets k using (issue_id)
where t.is_new
window life as (partition by t.issue_id order by t.place)
