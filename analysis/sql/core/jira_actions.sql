-- core.jira_actions: one row per action in Jira and moment at which it became one, was done, reopened or aimed elsewhere
-- key: issue_id, turn_no
-- step: load
-- reads: core.tickets, core.ticket_facts, core.word_rules, core.changes, core.resolutions
-- column: issue_id Jira's numeric id
-- column: turn_no from 1, in order
-- column: is_latest whether it still holds
-- column: action_id its present key
-- column: summary its present summary, masked
-- column: target what its labels `target:…` then said; several are joined by a comma, and no target is understood of them
-- column: status open, done, or dropped (closed as a duplicate or cancelled)
-- column: decided_at when the issue was created, UTC
-- column: done_at when it became done, UTC; NULL while it is not, or where Jira does not tell
-- column: changed_at when it turned so, UTC
with rule as (
    select list(value) as words from core.word_rules where kind = 'not_ticket_label'
),
action as (
    select t.issue_id, t.ticket_key, t.summary, t.labels, t.created_at, f.resolved_at,
        case when f.status_category is distinct from 'done' then 'open' when f.excluded_as is null then 'done' else 'dropped' end as status
    from core.tickets t
    semi join dirty using (issue_id)
    join core.ticket_facts f using (issue_id)
    where exists (from rule where list_has_any(words, list_transform(t.labels, lambda x: lower(x))))
        and f.presence not in ('deleted', 'out_of_scope')
),
edit as (
    select a.issue_id, c.history_id, c.item_no, greatest(c.changed_at, a.created_at) as changed_at,
        string_split(coalesce(c.from_text, ''), ' ') as before, string_split(coalesce(c.to_text, ''), ' ') as after
    from core.changes c
    join action a using (issue_id)
    where lower(coalesce(c.field_id, c.field_name)) = 'labels'
),
first_edit as (
    select issue_id, min_by(before, (changed_at, history_id, item_no)) as before from edit group by issue_id
),
labelled as (
    -- what an issue was made with stands in no edit
    select a.issue_id, a.created_at as changed_at, cast(0 as bigint) as history_id, 0 as item_no, coalesce(e.before, a.labels) as labels
    from action a
    left join first_edit e using (issue_id)
    union all
    select issue_id, changed_at, history_id, item_no, after from edit
    union all
    -- where the changelog has gaps, the present labels are right
    select issue_id, timestamp '9999-01-01', 0, 0, labels from action
),
aimed as (
    select issue_id, changed_at, history_id, item_no,
        array_to_string(list_sort(list_distinct(list_transform(
            list_filter(labels, lambda x: regexp_matches(x, '^target:.', 'i')), lambda x: substr(x, 8)))), ', ') as target
    from labelled
),
since as (
    select l.issue_id, min(l.changed_at) as labelled_at
    from labelled l
    cross join rule r
    where list_has_any(r.words, list_transform(l.labels, lambda x: lower(x)))
    group by l.issue_id
),
latest_aim as (
    select issue_id, target from aimed where changed_at = timestamp '9999-01-01'
),
turn as (
    select issue_id, changed_at, 'aim' as kind, history_id as place, item_no as subplace, target, cast(null as varchar) as status from aimed
    where changed_at < timestamp '9999-01-01'
    union all
    select issue_id, created_at, 'status', 0, 0, null, 'open' from action
    union all
    select r.issue_id, r.resolved_at, 'status', 2 * r.resolution_no, 0, null, 'done' from core.resolutions r join action using (issue_id)
    union all
    select r.issue_id, r.reopened_at, 'status', 2 * r.resolution_no + 1, 0, null, 'open' from core.resolutions r join action using (issue_id)
    where r.reopened_at is not null
),
turned as (
    -- what it was before it was an action is told as of then
    select t.*, greatest(t.changed_at, least(s.labelled_at, a.last_at)) as told_at
    from turn t
    join since s using (issue_id)
    join (select issue_id, max(changed_at) as last_at from turn group by issue_id) a using (issue_id)
),
held as (
    select issue_id, told_at, last_value(target ignore nulls) over life as target, last_value(status ignore nulls) over life as status,
        last_value(case when status is not null then changed_at end ignore nulls) over life as status_since
    from turned
    window life as (partition by issue_id order by changed_at, kind, place, subplace rows between unbounded preceding and current row)
    qualify row_number() over (partition by issue_id, told_at order by changed_at desc, kind desc, place desc, subplace desc) = 1
),
told as (
    select * from held
    window life as (partition by issue_id order by told_at)
    qualify row_number() over life = 1 or status is distinct from lag(status) over life or target is distinct from lag(target) over life
),
numbered as (
    select *, row_number() over (partition by issue_id order by told_at) as turn_no,
        row_number() over (partition by issue_id order by told_at desc) = 1 as is_latest
    from told
),
stated as (
    select n.*, a.ticket_key, a.summary, a.created_at, a.resolved_at, case when n.is_latest then a.status else n.status end as status_then,
        case when n.is_latest then l.target else n.target end as target_then
    from numbered n
    join action a using (issue_id)
    join latest_aim l using (issue_id)
)
select issue_id, cast(turn_no as integer) as turn_no, is_latest, ticket_key as action_id, summary, nullif(target_then, '') as target,
    status_then as status, created_at as decided_at,
    case when status_then = 'done' then case when is_latest then resolved_at else status_since end end as done_at, told_at as changed_at
from stated
