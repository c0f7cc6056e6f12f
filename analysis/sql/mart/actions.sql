-- mart.actions: one row per action that the meeting decided
-- key: action_id
-- step: measure
-- reads: state.actions, core.clock, core.criteria, core.dealer_names, core.tag_names
-- column: action_id key or name of the action
-- column: summary what is to be done
-- column: target what it is meant to end: provider, provider/category, /category, dealer:… or criterion:…; as typed where
--   it is not understood
-- column: is_target_known whether the target is understood
-- column: provider provider of its target
-- column: failure_category failure category of its target
-- column: dealer_id dealer of its target
-- column: criterion_id criterion of its target
-- column: status open, done or dropped
-- column: source jira or csv
-- column: issue_id Jira's numeric id, where it is an issue
-- column: decided_at when it was decided, UTC; of a date the noon in the reporting zone
-- column: decided_date that day in the reporting zone
-- column: done_at when it was done, UTC; NULL while it is not, or where Jira does not tell
-- column: done_date that day in the reporting zone
-- column: effective_at since when it is so, UTC
-- column: recorded_at when we learned of that, UTC
with last as (
    select *, coalesce((select reporting_zone from core.clock), 'UTC') as zone
    from state.actions
    qualify row_number() over (partition by source, coalesce(cast(issue_id as varchar), action_id) order by event_id desc) = 1
),
one as (
    -- a key that a CSV names and that is an action in Jira as well
    select * from last
    qualify row_number() over (partition by action_id order by source = 'jira' and status <> 'dropped' desc, event_id desc) = 1
),
said as (
    select *, regexp_extract(target, '^\s*(criterion|dealer)\s*:(.*)$', ['kind', 'name'], 'i') as named,
        nullif(trim(regexp_replace(lower(strip_accents(split_part(target, '/', 1))), '[^a-z0-9]+', ' ', 'g')), '') as provider_key,
        nullif(trim(regexp_replace(lower(strip_accents(substr(target, strpos(target || '/', '/') + 1))), '[^a-z0-9]+', ' ', 'g')), '') as category_key
    from one
),
keyed as (
    select * exclude (provider_key, category_key), nullif(lower(named.kind), '') as kind,
        trim(regexp_replace(lower(strip_accents(named.name)), '[^a-z0-9]+', ' ', 'g')) as name_key,
        case when coalesce(named.kind, '') = '' then provider_key end as provider_key,
        case when coalesce(named.kind, '') = '' then category_key end as category_key
    from said
),
criterion as (
    select trim(regexp_replace(lower(strip_accents(criterion_id)), '[^a-z0-9]+', ' ', 'g')) as name_key, min(criterion_id) as criterion_id
    from core.criteria
    group by 1
),
resolved as (
    select k.*, p.value as provider, c.value as failure_category, d.dealer_id, r.criterion_id,
        case
            when k.kind = 'criterion' then r.criterion_id is not null
            when k.kind = 'dealer' then d.dealer_id is not null
            else coalesce(k.provider_key, k.category_key) is not null
                and (k.provider_key is null or p.value is not null) and (k.category_key is null or c.value is not null)
        end as is_target_known
    from keyed k
    left join core.tag_names p on p.kind = 'provider' and p.name_key = k.provider_key
    left join core.tag_names c on c.kind = 'failure_category' and c.name_key = k.category_key
    left join core.dealer_names d on k.kind = 'dealer' and d.name_key = k.name_key
    left join criterion r on k.kind = 'criterion' and r.name_key = k.name_key
)
select action_id, summary,
    case
        when not is_target_known then target
        when kind = 'criterion' then 'criterion:' || criterion_id
        when kind = 'dealer' then 'dealer:' || dealer_id
        else coalesce(provider, '') || coalesce('/' || failure_category, '')
    end as target,
    is_target_known, case when is_target_known then provider end as provider,
    case when is_target_known then failure_category end as failure_category, dealer_id, criterion_id, status, source, issue_id,
    decided_at, cast(timezone(zone, timezone('UTC', decided_at)) as date) as decided_date,
    done_at, cast(timezone(zone, timezone('UTC', done_at)) as date) as done_date, effective_at, recorded_at
from resolved
