-- core.jira_rulings: one row per reply to a verdict, reason or ruling that a ticket's label tells, or that its removal took back
-- key: source_ref
-- step: load
-- reads: core.tickets, core.changes, core.escalations
-- column: issue_id Jira's numeric id
-- column: escalation_no the escalation in whose span it was said
-- column: said accepted, contested, stands or withdrawn: what follows `verdict-` in the label; or why OPS did not handle it, which is
--   knowledge, access, information or process: what follows `why-`
-- column: is_taken_back the label was removed
-- column: person_id who; the reporter where the ticket was made with the label; NULL for automation and erased people
-- column: said_at when, UTC
-- column: history_id the edit that set or removed it; 0 at creation
-- column: item_no place in that edit
-- column: source_ref where it stands: which edit, which label
with ticket as (
    select issue_id, created_at, reporter_id, labels, changelog
    from core.tickets
    semi join dirty using (issue_id)
    semi join core.escalations using (issue_id)
),
edit as (
    select t.issue_id, c.history_id, c.item_no, greatest(c.changed_at, t.created_at) as changed_at, c.author_id,
        string_split(lower(coalesce(c.from_text, '')), ' ') as before, string_split(lower(coalesce(c.to_text, '')), ' ') as after
    from core.changes c
    join ticket t using (issue_id)
    where lower(coalesce(c.field_id, c.field_name)) = 'labels'
),
first_edit as (
    select issue_id, min_by(before, (changed_at, history_id, item_no)) as before from edit group by issue_id
),
turned as (
    -- what a ticket was made with stands in no edit; where some edits are not known, that is not known either
    select t.issue_id, t.reporter_id as person_id, t.created_at as said_at, 0 as history_id, 0 as item_no, false as is_taken_back,
        unnest(list_distinct(coalesce(f.before, list_transform(t.labels, lambda x: lower(x))))) as label
    from ticket t
    left join first_edit f using (issue_id)
    where t.changelog = 'whole'
    union all
    select issue_id, author_id, changed_at, history_id, item_no, false,
        unnest(list_distinct(list_filter(after, lambda x: not list_contains(before, x))))
    from edit
    union all
    select issue_id, author_id, changed_at, history_id, item_no, true,
        unnest(list_distinct(list_filter(before, lambda x: not list_contains(after, x))))
    from edit
)
select t.issue_id, e.escalation_no, regexp_replace(t.label, '^(verdict|why)-', '') as said, t.is_taken_back, t.person_id, t.said_at,
    cast(t.history_id as bigint) as history_id, cast(t.item_no as integer) as item_no,
    'label ' || t.issue_id || '/' || t.history_id || '/' || t.item_no || if(t.is_taken_back, ' -', ' +') || t.label as source_ref
from turned t
join core.escalations e on e.issue_id = t.issue_id and t.said_at >= e.escalated_at and coalesce(t.said_at < e.next_escalated_at, true)
where t.label in (
    'verdict-accepted', 'verdict-contested', 'verdict-stands', 'verdict-withdrawn',
    'why-knowledge', 'why-access', 'why-information', 'why-process'
)
