-- core.field_stays: one row per ticket, role and span in which the field held one value
-- key: issue_id, role, stay_no
-- step: load
-- reads: core.tickets, core.changes, core.field_values, core.field_roles
-- column: issue_id Jira's numeric id
-- column: role what the field means to us
-- column: stay_no 0 for the value at creation, then one more for each change
-- column: value_id Jira's id of the value
-- column: value the value; NULL while the field was empty
-- column: entered_at since when, UTC
-- column: history_id the edit that set it; 0 at creation
-- column: item_no place in that edit
-- column: author_id who set it
-- column: left_at until when, UTC; NULL while it lasts
with role as (
    select distinct role from core.field_roles
),
ticket as (
    select issue_id, created_at from core.tickets semi join dirty using (issue_id)
),
change as (
    select c.issue_id, r.role, c.history_id, c.item_no, c.author_id, c.from_id, c.from_text, c.to_id, c.to_text,
        -- a clock that ran behind must not put a change before the ticket's life
        greatest(c.changed_at, t.created_at) as changed_at
    from core.changes c
    join ticket t using (issue_id)
    join core.field_roles r on r.field_key = coalesce(c.field_id, lower(c.field_name))
),
first_change as (
    select issue_id, role, arg_min({'id': from_id, 'text': from_text}, (changed_at, history_id, item_no)) as before
    from change
    group by all
),
at_creation as (
    -- Jira does not log what a ticket was created with: it is what the first change left, else what it is now
    select t.issue_id, role.role,
        case when f.issue_id is not null then f.before.id else v.value_id end as value_id,
        case when f.issue_id is not null then f.before.text else v.value end as value,
        t.created_at as entered_at, 0 as history_id, 0 as item_no, null as author_id
    from ticket t
    cross join role
    left join first_change f on f.issue_id = t.issue_id and f.role = role.role
    left join core.field_values v on v.issue_id = t.issue_id and v.role = role.role and v.value_no = 1
),
held as (
    select issue_id, role, value_id, value, entered_at, history_id, item_no, author_id from at_creation
    union all
    select issue_id, role, to_id, to_text, changed_at, history_id, item_no, author_id from change
)
select issue_id, role, cast(row_number() over life - 1 as integer) as stay_no, value_id, value, entered_at,
    cast(history_id as bigint) as history_id, cast(item_no as integer) as item_no, author_id,
    lead(entered_at) over life as left_at
from held
window life as (partition by issue_id, role order by entered_at, history_id, item_no)
