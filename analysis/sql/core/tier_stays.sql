-- core.tier_stays: one row per ticket and uninterrupted span at one tier; the stays tile its life
-- key: issue_id, stay_no
-- step: load
-- reads: core.tickets, core.field_stays, core.field_roles, core.tier_values, core.members, core.site
-- column: issue_id Jira's numeric id
-- column: stay_no from 1, in order
-- column: tier 0 self-serve, 1 OPS, 2 Integration Support, 3 Engineering; NULL while no source speaks
-- column: entered_at since when, UTC
-- column: left_at until when, UTC; NULL while it lasts
-- column: history_id the edit that began it; 0 at creation
-- column: is_assumed there is no whole changelog: the present tier is taken for the past
with held as (
    select s.issue_id, s.entered_at, s.history_id, s.item_no, s.value_id, s.value, r.source_no, r.source_kind
    from core.field_stays s
    semi join dirty using (issue_id)
    join (select distinct role, source_no, source_kind from core.field_roles where kind = 'tier') r using (role)
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
),
placed as (
    select *, row_number() over (partition by issue_id order by entered_at, history_id, item_no, source_no) as place
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
