-- mart.runbook_tickets: one row per runbook for OPS and ticket that Tier 1 resolved and that names it
-- key: runbook_id, issue_id
-- step: measure
-- reads: core.runbooks, core.field_stays, core.links, core.resolutions
-- column: runbook_id the runbook
-- column: issue_id Jira's numeric id
-- column: used_at when it was resolved first after it was named, UTC
with named as (
    -- the field is as people wrote it: the id, alone or with words around it
    select r.runbook_id, s.issue_id, s.entered_at as named_at
    from (select distinct runbook_id from core.runbooks where audience = 'ops') r
    join core.field_stays s on s.role = 'runbook_used' and regexp_matches(s.value, '(?i)(^|[^a-z0-9])' || regexp_escape(r.runbook_id) || '($|[^a-z0-9])')
    union all
    select r.runbook_id, l.issue_id, l.created_at
    from (select distinct runbook_id, page from core.runbooks where audience = 'ops' and page is not null) r
    join core.links l on l.kind = 'remote' and (l.target = r.page or starts_with(l.target, r.page || '#') or starts_with(l.target, r.page || '?'))
)
select n.runbook_id, n.issue_id, min(e.resolved_at) as used_at
from named n
join core.resolutions e on e.issue_id = n.issue_id and e.tier <= 1 and not e.is_withdrawn and e.resolved_at >= n.named_at
group by n.runbook_id, n.issue_id
