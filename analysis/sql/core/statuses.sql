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
),
ruled as (
    select s.*, coalesce(n.is_done, i.is_done) as is_done, coalesce(n.waiting_on, i.waiting_on) as waiting_on,
        coalesce(n.is_usually_done, i.is_usually_done, false) as is_usually_done
    from status s
    left join core.status_rules n on n.value = lower(s.status)
    left join core.status_rules i on i.value = s.status_key
),
decided as (
    select status_key, status, waiting_on,
        case
            when is_done then 'done'
            when not is_done and coalesce(status_category, 'done') = 'done' then 'indeterminate'
            when status_category is not null then status_category
            when waiting_on is not null then 'indeterminate'
            when is_usually_done then 'done'
        end as status_category
    from ruled
)
select status_key, status, status_category, waiting_on, status_category is not null as is_known from decided
