-- mart.provider_limits: one row per provider and thing that it cannot do, or that had to be made for a dealer, as the tickets show it
-- key: provider, failure_category, family_id
-- step: measure
-- reads: mart.tagged_escalations, core.family_members, core.tickets, core.ticket_facts, core.resolution_texts
-- column: provider the provider
-- column: failure_category limitation or custom_request
-- column: family_id tickets about the same thing: the first one's issue id; what never was placed in a family stands alone
-- column: title summary of the latest, masked
-- column: n_tickets tickets; cancelled ones are left out
-- column: last_seen_at when it was last asked for, UTC
-- column: answer the words with which the one that was resolved last was closed, masked; NULL where there are none
with asked as (
    select e.provider, e.failure_category, coalesce(m.family_id, e.issue_id) as family_id, e.issue_id, t.summary, t.created_at,
        f.resolved_at, x.words
    from mart.tagged_escalations e
    join core.tickets t using (issue_id)
    join core.ticket_facts f using (issue_id)
    left join core.family_members m using (issue_id)
    left join core.resolution_texts x using (issue_id)
    where e.failure_category in ('limitation', 'custom_request') and e.escalation_no = 1 and e.exclusion_reason is distinct from 'cancelled'
)
select provider, failure_category, family_id, max_by(summary, (created_at, issue_id)) as title, count(*) as n_tickets, max(created_at) as last_seen_at,
    max_by(words, (resolved_at, issue_id)) filter (words is not null) as answer
from asked
group by provider, failure_category, family_id
