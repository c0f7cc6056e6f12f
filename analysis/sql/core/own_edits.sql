-- core.own_edits: one row per edit by which this program set its label; no action of a person
-- key: issue_id, history_id
-- step: load
-- reads: core.own_comments, core.changes, core.word_rules
-- column: issue_id Jira's numeric id
-- column: history_id Jira's id of the edit
with written as (
    select issue_id, author_id, min(created_at) as since
    from core.own_comments
    semi join dirty using (issue_id)
    where kind = 'pushback'
    group by issue_id, author_id
),
edit as (
    select c.issue_id, c.history_id, count(*) as n_items, any_value(c.author_id) as author_id, any_value(c.changed_at) as changed_at,
        bool_and(lower(coalesce(c.field_id, c.field_name)) = 'labels') as is_labels,
        string_split(lower(coalesce(any_value(c.from_text), '')), ' ') as before,
        string_split(lower(coalesce(any_value(c.to_text), '')), ' ') as after
    from core.changes c
    semi join written using (issue_id)
    group by c.issue_id, c.history_id
)
-- the account may be a person's own, so only an edit that does nothing but what the program does is the program's
select e.issue_id, e.history_id
from edit e
join written w on w.issue_id = e.issue_id and w.author_id = e.author_id and e.changed_at >= w.since
where e.is_labels and e.n_items = 1
    and list_sort(list_filter(e.after, lambda x: x <> ''))
        = list_sort(list_append(list_filter(e.before, lambda x: x <> ''), (select value from core.word_rules where kind = 'pushed_back_label')))
