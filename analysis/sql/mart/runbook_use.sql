-- mart.runbook_use: one row per runbook for OPS: when OPS first resolved a ticket with it
-- key: runbook_id
-- step: measure
-- reads: core.runbooks, core.field_stays, core.resolutions
-- column: runbook_id the runbook
-- column: announced_date when OPS was told of its first version
-- column: first_used_at when a ticket that Tier 1 resolved first named it, UTC; NULL while none did
-- column: n_used tickets that Tier 1 resolved and that name it
with used as (
    -- the field is as people wrote it: the id, alone or with words around it
    select r.runbook_id, s.issue_id, min(e.resolved_at) as used_at
    from (select distinct runbook_id from core.runbooks where audience = 'ops') r
    join core.field_stays s on s.role = 'runbook_used' and regexp_matches(s.value, '(?i)(^|[^a-z0-9])' || regexp_escape(r.runbook_id) || '($|[^a-z0-9])')
    join core.resolutions e on e.issue_id = s.issue_id and e.tier <= 1 and not e.is_withdrawn and e.resolved_at >= s.entered_at
    group by r.runbook_id, s.issue_id
)
select r.runbook_id, min(r.announced_date) as announced_date, min(u.used_at) as first_used_at, count(distinct u.issue_id) as n_used
from core.runbooks r
left join used u using (runbook_id)
where r.audience = 'ops'
group by r.runbook_id
