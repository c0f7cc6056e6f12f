-- mart.remedies: one row per family and thing that was meant to end it: a change, a provider's confirmation or a runbook
-- key: family_id, kind, ref
-- step: measure
-- reads: mart.family_escalations, core.links, core.tickets, core.ticket_facts, core.field_values, core.input_changes, core.ticket_keys,
--   core.runbooks, core.text_matches, core.site, core.clock
-- column: family_id the family
-- column: kind change, confirmation (by the provider) or runbook (for OPS)
-- column: ref key of the engineering issue, name in changes.csv, key of the ticket whose field tells the confirmation, or id of the runbook
-- column: merged_at when the change was merged, UTC; NULL for others
-- column: effective_at from when it works, UTC: deployed, by field or by hand; else merged and the release lag; a runbook was announced
-- column: is_assumed whether the deployment is assumed from the merge
-- column: ended_at when a runbook was replaced, UTC
with member as (
    select distinct family_id, issue_id from mart.family_escalations
),
lag as (
    select reporting_zone, release_lag_days, to_days(release_lag_days) as release from core.site
),
engineering as (
    select m.family_id, t.ticket_key as ref, max(v.value_at) filter (v.role = 'merged_at') as merged_at,
        max(v.value_at) filter (v.role = 'deployed_at') as deployed_at
    from member m
    join core.links l on l.issue_id = m.issue_id
    join core.tickets t on t.issue_id = l.target_id
    join core.ticket_facts f on f.issue_id = t.issue_id and not f.is_ticket
    join core.field_values v on v.issue_id = t.issue_id and v.role in ('merged_at', 'deployed_at') and v.value_at is not null
    group by m.family_id, t.ticket_key
),
by_hand as (
    select m.family_id, c.change_ref as ref,
        timezone('UTC', timezone(any_value(s.reporting_zone), cast(min(c.merged_date) as timestamp))) as merged_at,
        timezone('UTC', timezone(any_value(s.reporting_zone), cast(min(c.deployed_date) as timestamp))) as deployed_at
    from core.input_changes c
    cross join lag s
    join core.ticket_keys k on k.ticket_key = c.ticket_key
    join member m on m.issue_id = k.issue_id
    group by m.family_id, c.change_ref
),
change as (
    -- who wrote down a date by hand knows better than a field
    select family_id, ref, coalesce(max(h.merged_at), max(e.merged_at)) as merged_at, coalesce(max(h.deployed_at), max(e.deployed_at)) as deployed_at
    from engineering e
    full join by_hand h using (family_id, ref)
    group by family_id, ref
),
confirmed as (
    select m.family_id, t.ticket_key as ref, v.value_at as confirmed_at
    from member m
    join core.tickets t using (issue_id)
    join core.field_values v on v.issue_id = m.issue_id and v.role = 'confirmed_at' and v.value_at is not null
),
-- a runbook is a family's where it names one of its tickets, or its words are found in at least half of them
named as (
    select distinct m.family_id, r.runbook_id
    from core.runbooks r, unnest(r.because_of) as b(ticket_key)
    join core.ticket_keys k on k.ticket_key = b.ticket_key
    join member m on m.issue_id = k.issue_id
),
matched as (
    select m.family_id, r.runbook_id
    from member m
    join core.text_matches x on x.issue_id = m.issue_id and x.kind = 'runbook'
    join core.runbooks r on x.ref = r.runbook_id || ' v' || r.version
    join mart.family_escalations e on e.issue_id = m.issue_id and e.escalation_no = 1
        and coalesce(r.provider = e.provider, true) and coalesce(r.failure_category = e.failure_category, true)
    group by m.family_id, r.runbook_id
    having 2 * count(distinct m.issue_id) >= any_value((select count(*) from member n where n.family_id = m.family_id))
),
booked as (
    select f.family_id, r.runbook_id as ref, min(r.announced_date) as since,
        case when bool_and(r.replaced_date is not null) then max(r.replaced_date) end as until
    from (from named union from matched) f
    join core.runbooks r using (runbook_id)
    where r.audience = 'ops' and r.announced_date is not null
    group by f.family_id, r.runbook_id
)
select family_id, 'change' as kind, ref, merged_at, coalesce(deployed_at, merged_at + release) as effective_at, deployed_at is null as is_assumed,
    cast(null as timestamp) as ended_at
from change, lag
union all
select family_id, 'confirmation', ref, null, confirmed_at, false, null from confirmed
union all
select family_id, 'runbook', ref, null, timezone('UTC', timezone(reporting_zone, cast(since as timestamp))), false,
    timezone('UTC', timezone(reporting_zone, cast(until as timestamp)))
from booked, lag
