-- core.statuses: one row per status that Jira lists or any ticket has had
-- key: status_key
-- step: load
-- refresh: full
-- reads: core.tickets, core.field_stays, core.status_rules, raw.statuses
-- column: status_key Jira's id of the status, or its name in lower case where there is none
-- column: status its name
-- column: status_category new, indeterminate or done; NULL where nothing tells
-- column: waiting_on provider, dealer or ops, where the status means waiting
-- column: is_known whether a category is known from Jira or site.toml
with told as (
    select status_id as status_key, status, status_category, 1 as trust from raw.statuses
    union all
    select distinct coalesce(status_id, lower(status)), status, status_category, 2 from core.tickets where status is not null
    union all
    select distinct coalesce(value_id, lower(value)), value, null, 3 from core.field_stays where role = 'status' and value is not null
),
status as (
    select status_key, min_by(status, (trust, status)) as status,
        min_by(status_category, (trust, status_category)) filter (status_category in ('new', 'indeterminate', 'done')) as status_category
    from told
    group by status_key
)
select s.status_key, s.status,
    case
        when coalesce(n.is_done, i.is_done) then 'done'
        when not coalesce(n.is_done, i.is_done) and s.status_category = 'done' then 'indeterminate'
        else coalesce(s.status_category, case when coalesce(n.waiting_on, i.waiting_on) is not null then 'indeterminate' end)
    end as status_category,
    coalesce(n.waiting_on, i.waiting_on) as waiting_on,
    coalesce(n.is_done, i.is_done) is not null or coalesce(s.status_category, n.waiting_on, i.waiting_on) is not null as is_known
from status s
left join core.status_rules n on n.value = lower(s.status)
left join core.status_rules i on i.value = s.status_key
