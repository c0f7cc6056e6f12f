-- mart.runbook_use: one row per runbook for OPS: when OPS first resolved a ticket with it
-- key: runbook_id
-- step: measure
-- reads: core.runbooks, mart.runbook_tickets
-- column: runbook_id the runbook
-- column: announced_date when OPS was told of its first version
-- column: first_used_at when a ticket that Tier 1 resolved first named it, UTC; NULL while none did
-- column: n_used tickets that Tier 1 resolved and that name it, in the mapped field or by a link to its page
select r.runbook_id, min(r.announced_date) as announced_date, min(u.used_at) as first_used_at, count(distinct u.issue_id) as n_used
from core.runbooks r
left join mart.runbook_tickets u using (runbook_id)
where r.audience = 'ops'
group by r.runbook_id
