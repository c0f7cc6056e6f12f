-- mart.onboardings: one row per onboarding: a dealer that is connected to a provider, as a ticket or a line of onboardings.csv tells
-- key: none, a line of onboardings.csv has no id
-- step: measure
-- reads: core.tickets, core.ticket_facts, core.field_values, core.word_rules, core.tags, core.normal_delays, core.waits, core.tier_stays,
--   core.input_onboardings, core.dealer_names, core.tag_names, core.clock
-- column: source jira, or csv: a line of onboardings.csv wins over the tickets of its dealer and provider
-- column: issue_id Jira's numeric id of the ticket; of a line of onboardings.csv the newest ticket of its dealer and provider, if there is one
-- column: ticket_key its current key, for people
-- column: dealer_id the dealer; NULL where the ticket's name matches nobody
-- column: provider integration; of a ticket its tag, NULL = untagged
-- column: requested_at when it was asked for, UTC: the mapped field, else the ticket's creation; NULL where there is no ticket
-- column: accepted_at when the invitation was accepted, UTC; NULL where no mapped field tells
-- column: due_date by when it was due to be live: the request and the provider's normal time from request to live, as it stood on that
--   day; NULL where none is written down
-- column: live_date when it was live: the mapped field, else the resolution; NULL while it is not, or where it is left out
-- column: is_on_time live on its due date or before; NULL where that is not known yet, where nothing was due, or where it is left out
-- column: exclusion_reason duplicate or cancelled: left out of the share; else NULL
-- column: needs the input without which there is no due date: file and column; it is counted as unknown, not as late
-- column: status name of the ticket's present status
-- column: holder who holds the ball while it is not live: provider, dealer or ops while the ticket waits for them, else ops, tier2 or tier3
--   by the tier it is at; NULL where nothing tells
-- column: held_since since when, UTC
-- column: elapsed_days from the day of the request until it was live, or until now
-- column: normal_days the provider's normal time from request to live that was in force then
with moment as (
    select *, cast(timezone(reporting_zone, timezone('UTC', as_of)) as date) as today from core.clock
),
rule as (
    select kind, list(value) as words from core.word_rules group by kind
),
ticket as (
    select t.issue_id, t.ticket_key, t.status, t.created_at, f.dealer_id, g.value as provider, f.tier, f.status_category, f.resolved_at,
        f.excluded_as, k.reporting_zone
    from core.tickets t
    cross join moment k
    join core.ticket_facts f using (issue_id)
    left join core.tags g on g.issue_id = t.issue_id and g.kind = 'provider'
    where f.is_ticket and f.presence not in ('deleted', 'out_of_scope') and t.created_at <= k.as_of and (
        exists (from rule where kind = 'onboarding_type' and list_contains(words, lower(t.issue_type)))
        or exists (from rule where kind = 'onboarding_label' and list_has_any(words, list_transform(t.labels, lambda x: lower(x))))
        or exists (from rule where kind = 'onboarding_component' and list_has_any(words, list_transform(t.components, lambda x: lower(x))))
    )
),
told as (
    -- local time: a field may hold a day alone, which is that day in every zone
    select t.issue_id, v.role,
        case
            when regexp_full_match(v.value, '\d{4}-\d{2}-\d{2}') then try_cast(v.value as timestamp)
            else timezone(t.reporting_zone, try_cast(v.value as timestamptz))
        end as told_at
    from ticket t
    join core.field_values v on v.issue_id = t.issue_id and v.value_no = 1 and v.role in ('requested_at', 'accepted_at', 'live_at')
),
dated as (
    select t.*, coalesce(r.told_at, timezone(t.reporting_zone, timezone('UTC', t.created_at))) as local_requested_at,
        a.told_at as local_accepted_at,
        cast(coalesce(l.told_at, timezone(t.reporting_zone, timezone('UTC', t.resolved_at))) as date) as live_date
    from ticket t
    left join told r on r.issue_id = t.issue_id and r.role = 'requested_at'
    left join told a on a.issue_id = t.issue_id and a.role = 'accepted_at'
    left join told l on l.issue_id = t.issue_id and l.role = 'live_at'
),
normal as (
    select d.issue_id, max_by(n.hours, (n.effective_from, n.hours)) as hours
    from dated d
    join core.normal_delays n on n.provider = d.provider and n.ends = 'live_at' and n.effective_from <= cast(d.local_requested_at as date)
    group by d.issue_id
),
line as (
    -- people write names as well as ids
    select coalesce(d.dealer_id, c.dealer_id) as dealer_id, coalesce(p.value, c.provider) as provider, c.due_date, c.live_date
    from core.input_onboardings c
    left join core.dealer_names d
        on d.name_key = trim(regexp_replace(lower(strip_accents(c.dealer_id)), '[^a-z0-9]+', ' ', 'g'))
    left join core.tag_names p on p.kind = 'provider'
        and p.name_key = trim(regexp_replace(lower(strip_accents(c.provider)), '[^a-z0-9]+', ' ', 'g'))
),
newest as (
    select dealer_id, provider, max_by(issue_id, (excluded_as is null, created_at, issue_id)) as issue_id
    from dated
    group by dealer_id, provider
),
stated as (
    select 'csv' as source, n.issue_id, c.dealer_id, c.provider, c.due_date, c.live_date, null as exclusion_reason
    from line c
    left join newest n using (dealer_id, provider)
    union all
    select 'jira', d.issue_id, d.dealer_id, d.provider, cast(d.local_requested_at + n.hours * interval 1 hour as date), d.live_date,
        d.excluded_as
    from dated d
    left join normal n using (issue_id)
    anti join line c on c.dealer_id = d.dealer_id and c.provider = d.provider
),
known as (
    -- a day to come is a plan, and what was cancelled is not live whatever its field says
    select s.* replace (case when s.exclusion_reason is null and s.live_date <= k.today then s.live_date end as live_date), k.today
    from stated s
    cross join moment k
)
select s.source, s.issue_id, t.ticket_key, s.dealer_id, s.provider,
    timezone('UTC', timezone(t.reporting_zone, t.local_requested_at)) as requested_at,
    timezone('UTC', timezone(t.reporting_zone, t.local_accepted_at)) as accepted_at, s.due_date, s.live_date,
    case
        when s.exclusion_reason is not null or s.due_date is null then null
        when s.live_date is not null then s.live_date <= s.due_date
        when s.due_date < s.today then false
    end as is_on_time,
    s.exclusion_reason,
    case
        when s.due_date is not null or s.exclusion_reason is not null then null
        when s.provider is null then 'the ticket: provider'
        else 'normal_delays.csv: a step of ' || s.provider || ' that ends with live_at, in force on ' || cast(t.local_requested_at as date)
    end as needs,
    t.status,
    case when h.is_held then coalesce(w.waiting_on, case when t.tier >= 3 then 'tier3' when t.tier = 2 then 'tier2' when t.tier < 2 then 'ops' end) end as holder,
    case when h.is_held then coalesce(w.started_at, y.entered_at) end as held_since,
    case when s.exclusion_reason is null then date_diff('day', cast(t.local_requested_at as date), coalesce(s.live_date, s.today)) end as elapsed_days,
    n.hours / 24 as normal_days
from known s
left join dated t using (issue_id)
left join normal n using (issue_id)
left join core.waits w on w.issue_id = s.issue_id and w.ended_at is null
left join core.tier_stays y on y.issue_id = s.issue_id and y.left_at is null and y.tier is not null
cross join lateral (select s.live_date is null and s.exclusion_reason is null and t.status_category is distinct from 'done' as is_held) h
