-- core.pushbacks: one row per escalation that was pushed back
-- key: issue_id, escalation_no
-- step: load
-- reads: core.own_comments, core.own_edits, core.changes, core.escalations, core.word_rules
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket: the one that the program's comment names, else the one in whose span it was
-- column: pushed_back_at when first, UTC
-- column: told_by comment (the program's) or label (set by a person)
with label as (
    select c.issue_id, c.changed_at, string_split(lower(coalesce(c.from_text, '')), ' ') as before,
        string_split(lower(coalesce(c.to_text, '')), ' ') as after, w.value as word
    from core.changes c
    semi join dirty using (issue_id)
    anti join core.own_edits o on o.issue_id = c.issue_id and o.history_id = c.history_id
    join core.word_rules w on w.kind = 'pushed_back_label'
    where lower(coalesce(c.field_id, c.field_name)) = 'labels'
),
told as (
    select issue_id, created_at as pushed_back_at, 'comment' as told_by, escalation_no as named_no
    from core.own_comments
    semi join dirty using (issue_id)
    where kind = 'pushback'
    union all
    select issue_id, changed_at, 'label', null from label where list_contains(after, word) and not list_contains(before, word)
),
placed as (
    select t.issue_id, e.escalation_no, t.pushed_back_at, t.told_by
    from told t
    join core.escalations e on e.issue_id = t.issue_id and e.escalated_at <= t.pushed_back_at
    qualify row_number() over (
        partition by t.issue_id, t.pushed_back_at, t.told_by, t.named_no
        order by coalesce(e.escalation_no = t.named_no, false) desc, e.escalation_no desc
    ) = 1
)
select issue_id, escalation_no, min(pushed_back_at) as pushed_back_at, min_by(told_by, (pushed_back_at, told_by)) as told_by
from placed
group by issue_id, escalation_no
