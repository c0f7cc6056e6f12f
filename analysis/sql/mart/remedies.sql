-- mart.remedies: one row per family and thing that was meant to end it: a change, a provider's confirmation or a runbook
-- key: family_id, kind, ref
-- step: measure
-- reads: mart.family_escalations, core.links, core.tickets, core.ticket_facts, core.field_values, core.input_changes, core.ticket_keys,
--   core.runbooks, core.text_matches, core.site, core.clock
-- column: family_id the family
-- column: kind change, confirmation (by the provider) or runbook (for OPS)
-- column: ref key of the engineering issue, name in changes.csv, key of the ticket whose field tells the confirmation, or id of the runbook
-- column: merged_at when the change was merged, UTC; NULL for others
-- column: effective_at from when it works, UTC, which may be still to come: deployed, as changes.csv tells (then from the end of that day)
--   or a field; else merged and the release lag; a runbook was announced
-- column: is_assumed whether the deployment is assumed from the merge
-- column: ended_at when a runbook was replaced, UTC
with member as (
    select distinct family_id, issue_id from mart.family_escalations
),
size as (
    select family_id, count(*) as n from member group by family_id
),
by_field as (
    select t.issue_id, t.ticket_key as ref, max(v.value_at) filter (v.role = 'merged_at') as merged_at,
        max(v.value_at) filter (v.role = 'deployed_at') as deployed_at
    from core.tickets t
    join core.ticket_facts f on f.issue_id = t.issue_id and not f.is_ticket
    join core.field_values v on v.issue_id = t.issue_id and v.role in ('merged_at', 'deployed_at') and v.value_at is not null
    group by t.issue_id, t.ticket_key
),
by_hand as (
    select change_ref as ref, min(merged_date) as merged_date, min(deployed_date) as deployed_date from core.input_changes group by change_ref
),
-- a change is a family's where one of its tickets links to the engineering issue, or changes.csv names one of its tickets
made as (
    select m.family_id, t.ticket_key as ref
    from member m
    join core.links l on l.issue_id = m.issue_id
    join core.tickets t on t.issue_id = l.target_id
    union
    select m.family_id, c.change_ref
    from core.input_changes c
    join core.ticket_keys k on k.ticket_key = c.ticket_key
    join member m on m.issue_id = k.issue_id
),
changed as (
    -- who wrote down a date knows better than a field
    select m.family_id, m.ref,
        coalesce(timezone('UTC', timezone(s.reporting_zone, cast(h.merged_date as timestamp))), f.merged_at) as merged_at,
        coalesce(timezone('UTC', timezone(s.reporting_zone, cast(h.deployed_date + 1 as timestamp))) - interval 1 second, f.deployed_at)
            as deployed_at,
        to_days(s.release_lag_days) as lag
    from made m
    left join by_hand h using (ref)
    left join by_field f using (ref)
    cross join core.site s
    where h.ref is not null or f.ref is not null
),
-- a runbook is a family's where it names one of its tickets, or its words are found in at least half of them
named as (
    select m.family_id, r.runbook_id
    from core.runbooks r, unnest(r.because_of) as b(ticket_key)
    join core.ticket_keys k on k.ticket_key = b.ticket_key
    join member m on m.issue_id = k.issue_id
),
matched as (
    select e.family_id, r.runbook_id
    from mart.family_escalations e
    join size s using (family_id)
    join core.text_matches x on x.issue_id = e.issue_id and x.kind = 'runbook'
    join core.runbooks r on x.ref = r.runbook_id || ' v' || r.version
    where e.escalation_no = 1 and coalesce(r.provider = e.provider, true)
        and coalesce(e.failure_category in (r.failure_category, 'untagged'), true)
    group by e.family_id, r.runbook_id, s.n
    having 2 * count(distinct e.issue_id) >= s.n
),
booked as (
    -- what OPS was told of by now; it ended where each version did
    select f.family_id, r.runbook_id, min(r.announced_date) as since,
        case when count(r.replaced_date) = count(*) then max(r.replaced_date) end as until
    from (from named union from matched) f
    join core.runbooks r using (runbook_id)
    join core.clock k on r.announced_date <= cast(timezone(k.reporting_zone, timezone('UTC', k.as_of)) as date)
    where r.audience = 'ops'
    group by f.family_id, r.runbook_id
)
select family_id, 'change' as kind, ref, merged_at, coalesce(deployed_at, merged_at + lag) as effective_at, deployed_at is null as is_assumed,
    cast(null as timestamp) as ended_at
from changed
union all
select m.family_id, 'confirmation', t.ticket_key, null, v.value_at, false, null
from member m
join core.tickets t using (issue_id)
join core.field_values v on v.issue_id = m.issue_id and v.role = 'confirmed_at' and v.value_no = 1 and v.value_at is not null
union all
select b.family_id, 'runbook', b.runbook_id, null, timezone('UTC', timezone(s.reporting_zone, cast(b.since as timestamp))), false,
    timezone('UTC', timezone(s.reporting_zone, cast(b.until as timestamp)))
from booked b
cross join core.site s
