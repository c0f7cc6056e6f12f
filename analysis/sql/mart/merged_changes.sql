-- mart.merged_changes: one row per engineering issue that is known to be merged
-- key: issue_id
-- step: measure
-- reads: core.tickets, core.ticket_facts, core.field_values
-- column: issue_id Jira's numeric id
-- column: ticket_key current key, for people
-- column: summary summary, masked
-- column: merged_at when it was merged, by the mapped field, UTC
select t.issue_id, t.ticket_key, t.summary, v.value_at as merged_at
from core.tickets t
join core.ticket_facts f using (issue_id)
join core.field_values v on v.issue_id = t.issue_id and v.role = 'merged_at' and v.value_at is not null
where not f.is_ticket
