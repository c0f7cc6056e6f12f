-- core.ops_solutions: one row per time OPS resolved a ticket that had never been escalated, and wrote down how; as it was known then
-- key: issue_id, resolution_no
-- step: known
-- reads: core.resolutions, core.ticket_facts, core.escalations, core.comments, core.members, core.tickets, core.changes, core.field_stays,
--   core.tag_names, core.tags, core.word_rules, state.answers
-- column: issue_id Jira's numeric id
-- column: resolution_no which resolution of the ticket
-- column: known_at from when it was resolved and written down as it reads now, UTC
-- column: ended_at when it was next not done, or called a duplicate or cancelled, UTC; NULL while it stands
-- column: provider the ticket's provider, as known then
-- column: summary as it stood then, masked
-- column: description likewise
-- column: words the first comment of the desk about the time of the resolution, masked
with solved as (
    select r.issue_id, r.resolution_no, r.resolved_at, r.reopened_at, t.reporter_id, t.summary, t.description, f.excluded_as
    from core.resolutions r
    semi join dirty using (issue_id)
    join core.ticket_facts f using (issue_id)
    join core.tickets t using (issue_id)
    where r.tier <= 1 and f.is_ticket
        and not exists (from core.escalations e where e.issue_id = r.issue_id and e.escalated_at <= r.resolved_at)
),
note as (
    select s.issue_id, s.resolution_no,
        min_by({'at': greatest(c.created_at, c.updated_at), 'words': c.body}, (c.created_at, c.comment_id)) as note
    from solved s
    join core.comments c on c.issue_id = s.issue_id
        and c.created_at between s.resolved_at - interval 2 days and s.resolved_at + interval 1 day
    where c.author_id in (select person_id from core.members) or c.author_id is distinct from s.reporter_id
    group by all
),
named as (
    select issue_id, changed_at, lower(to_text) in (select value from core.word_rules where kind in ('duplicate', 'cancelled')) as is_none,
        lead(changed_at) over (partition by issue_id order by changed_at, history_id, item_no) as until
    from core.changes
    semi join solved using (issue_id)
    where lower(field_name) = 'resolution'
),
called as (
    -- where no edit tells, it was made so
    select s.issue_id, s.resolution_no, min(greatest(n.changed_at, s.resolved_at)) filter (n.is_none) as called_at,
        count(n.issue_id) > 0 or s.excluded_as is null as is_told
    from solved s
    left join named n on n.issue_id = s.issue_id and coalesce(n.until > s.resolved_at, true)
        and coalesce(n.changed_at < s.reopened_at, true)
    group by s.issue_id, s.resolution_no, s.excluded_as
),
written as (
    select s.*, w.note.words as words, greatest(s.resolved_at, w.note."at") as known_at, least(s.reopened_at, c.called_at) as ended_at
    from solved s
    join note w using (issue_id, resolution_no)
    join called c using (issue_id, resolution_no)
    where c.is_told and coalesce(c.called_at > s.resolved_at, true)
),
later as (
    -- the first edit after that moment tells what stood there before it
    select w.issue_id, w.resolution_no, lower(c.field_name) as field,
        min_by({'text': c.from_text}, (c.changed_at, c.history_id, c.item_no)) as before
    from written w
    join core.changes c on c.issue_id = w.issue_id and c.changed_at > w.known_at and lower(c.field_name) in ('summary', 'description')
    group by all
),
said as (
    select w.issue_id, w.resolution_no, coalesce(a.person_id, a.source_ref) as person,
        max_by({'value': a.value, 'place': (a.effective_at, a.event_id)}, (a.effective_at, a.event_id)) as told
    from written w
    join state.answers a on a.issue_id = w.issue_id and a.kind = 'provider' and a.effective_at <= w.known_at
    group by all
),
answered as (
    select issue_id, resolution_no, max_by(told.value, told.place) as value from said where told.value is not null group by all
)
select w.issue_id, w.resolution_no, w.known_at, w.ended_at, coalesce(a.value, n.value, g.text_value) as provider,
    case when s.issue_id is null then w.summary else coalesce(s.before.text, '') end as summary,
    case when d.issue_id is null then w.description else d.before.text end as description, w.words
from written w
join core.tags g on g.issue_id = w.issue_id and g.kind = 'provider'
left join answered a on a.issue_id = w.issue_id and a.resolution_no = w.resolution_no
left join core.field_stays h on h.issue_id = w.issue_id and h.role = 'provider'
    and h.entered_at <= w.known_at and coalesce(h.left_at > w.known_at, true)
left join core.tag_names n
    on n.kind = 'provider' and n.name_key = trim(regexp_replace(lower(strip_accents(h.value)), '[^a-z0-9]+', ' ', 'g'))
left join later s on s.issue_id = w.issue_id and s.resolution_no = w.resolution_no and s.field = 'summary'
left join later d on d.issue_id = w.issue_id and d.resolution_no = w.resolution_no and d.field = 'description'
where coalesce(a.value, n.value, g.text_value) is not null
