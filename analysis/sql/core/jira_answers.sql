-- core.jira_answers: one row per answer about a tag that a person gave in Jira, or took back
-- key: source_ref
-- step: tag
-- reads: core.tickets, core.ticket_facts, core.changes, core.field_stays, core.tag_texts, core.tag_names
-- column: issue_id Jira's numeric id
-- column: kind provider, failure_category or root_cause
-- column: value the answer; NULL where it was taken back
-- column: person_id who gave it
-- column: answered_at when, UTC
-- column: source_ref where it stands: which edit, which label or field
with ticket as (
    select t.issue_id, t.created_at, t.reporter_id, t.labels
    from core.tickets t
    semi join dirty using (issue_id)
    join core.ticket_facts f using (issue_id)
    where f.is_ticket
),
edit as (
    select c.issue_id, c.history_id, c.item_no, c.changed_at, c.author_id,
        string_split(coalesce(c.from_text, ''), ' ') as before, string_split(coalesce(c.to_text, ''), ' ') as after
    from core.changes c
    semi join ticket using (issue_id)
    where lower(coalesce(c.field_id, c.field_name)) = 'labels'
),
turned as (
    select issue_id, history_id, item_no, changed_at, author_id, true as is_given,
        unnest(list_filter(after, lambda x: not list_contains(before, x))) as label
    from edit
    union all
    select issue_id, history_id, item_no, changed_at, author_id, false,
        unnest(list_filter(before, lambda x: not list_contains(after, x)))
    from edit
),
first_edit as (
    select issue_id, min_by(before, (changed_at, history_id, item_no)) as before from edit group by issue_id
),
labelled as (
    -- what a ticket was made with stands in no edit
    select t.issue_id, 0 as history_id, 0 as item_no, t.created_at as changed_at, t.reporter_id as author_id, true as is_given,
        unnest(coalesce(f.before, t.labels)) as label
    from ticket t
    left join first_edit f using (issue_id)
    union all
    select * from turned
),
named as (
    select l.*, regexp_extract(lower(label), '^(provider|category|root[_-]?cause):(.+)$', ['kind', 'value']) as said
    from labelled l
    where regexp_matches(lower(label), '^(provider|category|root[_-]?cause):.+$')
),
by_label as (
    select issue_id, history_id, item_no, changed_at, author_id, is_given, label, said.value as value,
        case said.kind when 'provider' then 'provider' when 'category' then 'failure_category' else 'root_cause' end as kind
    from named
)
select l.issue_id, l.kind, case when l.is_given then n.value end as value, l.author_id as person_id,
    l.changed_at as answered_at,
    'label ' || l.issue_id || '/' || l.history_id || '/' || l.item_no || case when l.is_given then ' +' else ' -' end || l.label as source_ref
from by_label l
join core.tag_names n
    on n.kind = l.kind and n.name_key = trim(regexp_replace(lower(strip_accents(l.value)), '[^a-z0-9]+', ' ', 'g'))
union all
-- a field that a person set once our tag could stand corrects it
select s.issue_id, n.kind, n.value, s.author_id, s.entered_at, 'field ' || s.issue_id || '/' || s.history_id || '/' || s.item_no || ' ' || s.role
from core.field_stays s
join core.tag_texts x on x.issue_id = s.issue_id and s.entered_at > x.text_at
join core.tag_names n on n.kind = case s.role when 'category' then 'failure_category' else s.role end
    and n.name_key = trim(regexp_replace(lower(strip_accents(s.value)), '[^a-z0-9]+', ' ', 'g'))
where s.issue_id in (select issue_id from dirty) and s.role in ('provider', 'category', 'root_cause') and s.stay_no > 0 and s.author_id is not null
