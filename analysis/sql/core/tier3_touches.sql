-- core.tier3_touches: one row per span or link by which engineering was called upon for a ticket
-- key: issue_id, kind, ref
-- step: load
-- reads: core.tickets, core.ticket_keys, core.ticket_facts, core.tier_stays, core.links, core.word_rules, core.members, core.field_stays, core.changes, core.comments, core.site, core.own_edits
-- column: issue_id Jira's numeric id
-- column: kind stay (the ticket was at Tier 3), link (to an issue that Tier 3 worked) or own_fix (only ever assigned to Tier 2)
-- column: ref number of the stay, or key of the linked issue
-- column: touched_at since when, UTC
-- column: left_at until when, UTC; NULL where it lasts or is a link
-- column: worked_at when Tier 3 first worked the linked issue, UTC; NULL where it is not known or no link
-- column: passed_from issue id of the duplicate that passes its touch to this ticket
-- column: is_assumed the linked issue is not in the warehouse, so who worked it is not known
with link_word as (
    select kind, value from core.word_rules
),
duplicate as (
    -- whichever end was closed as a duplicate passes its touches to the other end
    select l.target_id as issue_id, l.issue_id as passed_from
    from core.links l
    join core.ticket_facts f on f.issue_id = l.issue_id and f.excluded_as = 'duplicate'
    where lower(l.kind) in (select value from link_word where kind = 'duplicate_link') and l.target_id is not null
        and l.target_id in (select issue_id from dirty)
    group by all
),
wanted as (
    select issue_id, issue_id as source_id, cast(null as bigint) as passed_from from dirty
    union all
    select issue_id, passed_from, passed_from from duplicate
),
stay as (
    select w.issue_id, 'stay' as kind, cast(s.stay_no as varchar) as ref, s.entered_at as touched_at, s.left_at, w.passed_from,
        s.is_assumed
    from wanted w
    join core.tier_stays s on s.issue_id = w.source_id
    where s.tier = 3
),
linked as (
    select w.issue_id, w.passed_from, l.target, min(l.created_at) as created_at, max(e.issue_id) as engineering_id,
        max(e.created_at) as engineering_created_at
    from wanted w
    join core.links l on l.issue_id = w.source_id
    left join core.ticket_keys k on k.ticket_key = l.target
    left join core.tickets e on e.issue_id = coalesce(l.target_id, k.issue_id)
    where lower(l.kind) in (select value from link_word where kind = 'tier3_link')
        and lower(coalesce(e.project, regexp_extract(l.target, '^(.+)-[0-9]+$', 1)))
            in (select value from link_word where kind = 'tier3_project')
    group by all
),
hand as (
    -- who had the engineering issue, changed it or spoke on it
    select issue_id, value_id as person_id, entered_at as seen_at from core.field_stays where role = 'assignee'
    union all
    select c.issue_id, c.author_id, c.changed_at
    from core.changes c
    anti join core.own_edits o on o.issue_id = c.issue_id and o.history_id = c.history_id
    union all
    select issue_id, author_id, created_at from core.comments
),
worked as (
    select h.issue_id, min(h.seen_at) as worked_at
    from hand h
    semi join (select engineering_id as issue_id from linked) l using (issue_id)
    join core.members m on m.person_id = h.person_id and m.tier = 3
        and h.seen_at >= m.since and (m.until is null or h.seen_at < m.until)
    group by h.issue_id
),
assigned as (
    select s.issue_id, bool_and(m.person_id is not null) as is_tier2_only,
        min(s.entered_at) filter (m.person_id is null) as others_at
    from core.field_stays s
    semi join (select engineering_id as issue_id from linked) l using (issue_id)
    left join core.members m on m.person_id = s.value_id and m.tier = 2
        and s.entered_at >= m.since and (m.until is null or s.entered_at < m.until)
    where s.role = 'assignee' and s.value_id is not null
    group by s.issue_id
)
select issue_id, kind, ref, touched_at, left_at, cast(null as timestamp) as worked_at, passed_from, is_assumed from stay
union all
select l.issue_id,
    case when a.is_tier2_only then 'own_fix' else 'link' end, l.target, greatest(l.created_at, l.engineering_created_at), null,
    coalesce(w.worked_at, a.others_at), l.passed_from, w.issue_id is null and a.is_tier2_only is distinct from true
from linked l
left join worked w on w.issue_id = l.engineering_id
left join assigned a on a.issue_id = l.engineering_id
-- an issue that waits for somebody to take it is neither; one taken by a person of whom site.toml does not know is assumed a touch
where l.engineering_id is null or a.issue_id is not null or w.issue_id is not null or not (select has_tier3_members from core.site)
