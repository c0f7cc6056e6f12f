-- mart.merged_changes: one row per change that is known to be merged
-- key: change_ref
-- step: measure
-- reads: core.tickets, core.ticket_facts, core.field_values, core.field_stays, core.members, core.input_changes, core.ticket_keys, core.targets,
--   core.site
-- column: change_ref key of the engineering issue, or the name that changes.csv gives
-- column: source field (the mapped field of an engineering issue) or csv
-- column: issue_id Jira's numeric id of the engineering issue, or of the ticket that changes.csv names
-- column: ticket_key its current key, for people
-- column: summary its summary, masked
-- column: merged_at when it was merged, UTC; of changes.csv the day alone is known
-- column: is_of_role whoever had the issue then is of the role's group; where no group is set, or in changes.csv, always
with role as (
    select max(role_group) as role_group from core.targets
),
mine as (
    select t.issue_id, t.ticket_key, t.summary, v.value_at as merged_at,
        r.role_group is null or exists (
            from core.field_stays a
            join core.members m on m.person_id = a.value_id and m.team = r.role_group
            where a.issue_id = t.issue_id and a.role = 'assignee' and a.entered_at <= v.value_at and coalesce(a.left_at > v.value_at, true)
        ) as is_of_role
    from core.tickets t
    cross join role r
    join core.ticket_facts f using (issue_id)
    join core.field_values v on v.issue_id = t.issue_id and v.role = 'merged_at' and v.value_at is not null
    where not f.is_ticket
)
select ticket_key as change_ref, 'field' as source, issue_id, ticket_key, summary, merged_at, is_of_role from mine
union all
select c.change_ref, 'csv', any_value(t.issue_id), any_value(t.ticket_key), any_value(t.summary),
    timezone('UTC', timezone(any_value(s.reporting_zone), cast(min(c.merged_date) as timestamp))), true
from core.input_changes c
cross join core.site s
left join core.ticket_keys k on k.ticket_key = c.ticket_key
left join core.tickets t on t.issue_id = k.issue_id
where c.change_ref not in (select ticket_key from mine)
group by c.change_ref
