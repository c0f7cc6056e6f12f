-- mart.family_escalations: one row per escalation of a failure that belongs to a family
-- key: issue_id, escalation_no
-- step: measure
-- store: table
-- refresh: full
-- reads: mart.tagged_escalations, core.family_members, core.tags, core.escalations, core.field_values
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: family_id the family
-- column: dealer_id the dealer; NULL where the name matches nobody
-- column: provider tag; untagged where there is none
-- column: failure_category tag; untagged where there is none
-- column: occurred_at when the failure happened: the mapped field, else when it was told, UTC
-- column: escalated_at when it came to Tier 2 or above, UTC
-- column: escalated_week Monday of that week
-- column: resolved_at the counted resolution, UTC
select e.issue_id, e.escalation_no, m.family_id, e.dealer_id, e.provider, e.failure_category,
    -- the field speaks of the first time
    if(e.escalation_no = 1, coalesce(least(o.value_at, c.opened_at), c.opened_at), c.opened_at) as occurred_at,
    e.escalated_at, e.escalated_week, e.resolved_at
from mart.tagged_escalations e
join core.escalations c using (issue_id, escalation_no)
join core.family_members m on m.issue_id = e.issue_id
left join core.tags k on k.issue_id = e.issue_id and k.kind = 'failure_category'
left join core.field_values o on o.issue_id = e.issue_id and o.role = 'occurred_at' and o.value_no = 1
where m.family_id is not null and coalesce(k.can_repeat, true) and e.exclusion_reason is distinct from 'cancelled'
