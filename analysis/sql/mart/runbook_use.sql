-- mart.runbook_use: one row per runbook for OPS: when OPS first resolved a ticket with it
-- key: runbook_id
-- step: measure
-- reads: core.runbooks, core.field_stays, core.links, core.resolutions
-- column: runbook_id the runbook
-- column: announced_date when OPS was told of its first version
-- column: first_used_at when a ticket that Tier 1 resolved first named it, UTC; NULL while none did
-- column: n_used tickets that Tier 1 resolved and that name it, in the mapped field or by a link to its page
with named as (
    -- the field is as people wrote it: the id, alone or with words around it
    select r.runbook_id, s.issue_id, s.entered_at as named_at
    from (select distinct runbook_id from core.runbooks where audience = 'ops') r
    join core.field_stays s on s.role = 'runbook_used' and regexp_matches(s.value, '(?i)(^|[^a-z0-9])' || regexp_escape(r.runbook_id) || '($|[^a-z0-9])')
    union all
    select r.runbook_id, l.issue_id, l.created_at
    from (select distinct runbook_id, page from core.runbooks where audience = 'ops' and page is not null) r
    join core.links l on l.kind = 'remote' and (l.target = r.page or starts_with(l.target, r.page || '#') or starts_with(l.target, r.page || '?'))
),
used as (
    select n.runbook_id, n.issue_id, min(e.resolved_at) as used_at
    from named n
    join core.resolutions e on e.issue_id = n.issue_id and e.tier <= 1 and not e.is_withdrawn and e.resolved_at >= n.named_at
    group by n.runbook_id, n.issue_id
)
select r.runbook_id, min(r.announced_date) as announced_date, min(u.used_at) as first_used_at, count(distinct u.issue_id) as n_used
from core.runbooks r
left join used u using (runbook_id)
where r.audience = 'ops'
group by r.runbook_id
