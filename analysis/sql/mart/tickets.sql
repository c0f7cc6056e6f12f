-- mart.tickets: one row per ticket of the desk
-- key: issue_id
-- step: measure
-- reads: core.tickets, core.ticket_facts, core.tags
-- column: issue_id Jira's numeric id
-- column: ticket_key current key, for people
-- column: project key of the project
-- column: issue_type name of the issue type
-- column: priority name of the priority
-- column: reporter_id id of the person who reported it
-- column: assignee_id id of the person who has it now
-- column: summary summary, masked
-- column: description description as plain text, masked
-- column: dealer_id the dealer; NULL where the name matches nobody
-- column: provider tag: the provider that fails; NULL = untagged
-- column: failure_category tag: what was seen; NULL = untagged
-- column: root_cause tag: what it turned out to be
-- column: tier the tier it is at now
-- column: status name of the present status
-- column: status_category new, indeterminate or done
-- column: resolution name of the present resolution
-- column: created_at made in Jira, UTC
-- column: updated_at last updated in Jira, UTC
-- column: resolved_at since when it has been done, UTC
-- column: presence seen, or what the census last found: deleted, out_of_scope, hidden, archived
-- column: presence_since since when, UTC
with tag as (
    select issue_id,
        max(value) filter (kind = 'provider') as provider,
        max(value) filter (kind = 'failure_category') as failure_category,
        max(value) filter (kind = 'root_cause') as root_cause
    from core.tags
    group by issue_id
)
select t.issue_id, t.ticket_key, t.project, t.issue_type, t.priority, t.reporter_id, t.assignee_id, t.summary, t.description,
    f.dealer_id, g.provider, g.failure_category, g.root_cause, f.tier, t.status, f.status_category, t.resolution,
    t.created_at, t.updated_at, f.resolved_at, f.presence, f.presence_since
from core.tickets t
join core.ticket_facts f using (issue_id)
left join tag g using (issue_id)
where f.is_ticket
