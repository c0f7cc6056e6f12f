-- mart.tagged_escalations: one row per escalation with its tags, its weeks and the moment of the report
-- key: issue_id, escalation_no
-- step: measure
-- store: table
-- refresh: full
-- reads: core.escalations, core.tags, core.ticket_facts, core.verdicts, core.clock
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: escalated_at when it came to Tier 2 or above, UTC
-- column: escalated_week Monday of that week
-- column: resolved_at the counted resolution as far as the report sees, UTC
-- column: resolved_week Monday of that week
-- column: next_escalated_at when the ticket escalated again, UTC
-- column: entered from_ops, born or skipped_tier2
-- column: touched_tier3 engineering was called upon
-- column: is_excluded left out of the shares
-- column: exclusion_reason why
-- column: dealer_id the dealer
-- column: provider tag; untagged where there is none
-- column: failure_category tag; untagged where there is none
-- column: provider_key provider:…, as groups are named
-- column: category_key category:…, likewise
-- column: criterion_key criterion:…, of what OPS should have handled; else NULL
with tag as (
    select issue_id, max(value) filter (kind = 'provider') as provider,
        max(value) filter (kind = 'failure_category') as failure_category
    from core.tags
    group by issue_id
)
select e.issue_id, e.escalation_no, e.escalated_at,
    cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', e.escalated_at))) as date) as escalated_week,
    e.resolved_at,
    cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', e.resolved_at))) as date) as resolved_week,
    e.next_escalated_at, e.entered, e.touched_tier3, e.is_excluded, e.exclusion_reason, f.dealer_id,
    coalesce(g.provider, 'untagged') as provider, coalesce(g.failure_category, 'untagged') as failure_category,
    'provider:' || coalesce(g.provider, 'untagged') as provider_key, 'category:' || coalesce(g.failure_category, 'untagged') as category_key,
    case when v.verdict = 'should_have_handled' then 'criterion:' || v.criterion_id end as criterion_key
from core.escalations e
cross join core.clock k
join core.ticket_facts f using (issue_id)
left join tag g using (issue_id)
left join core.verdicts v on v.issue_id = e.issue_id and v.escalation_no = e.escalation_no
where e.escalated_at <= k.as_of
