-- core.known_escalations: one row per escalation: what its ticket was about, as known then
-- key: issue_id, escalation_no
-- step: judge
-- reads: core.escalations, core.dealer_stays, core.known_tags, core.site
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: escalated_at when it came to Tier 2 or above, UTC
-- column: escalated_date the day in the reporting zone
-- column: entered from_ops, born or skipped_tier2
-- column: dealer_id the dealer, as the field told then
-- column: dealer_text the dealer as typed then
-- column: provider its provider as tagged then; NULL = untagged
-- column: provider_source answer, field, rule, classifier or none
-- column: failure_category its failure category as tagged then; NULL = untagged
-- column: category_source answer, field, rule, classifier or none
-- column: is_category_sure whether that tag may carry a verdict by itself
select e.issue_id, e.escalation_no, e.escalated_at,
    cast(timezone((select reporting_zone from core.site), timezone('UTC', e.escalated_at)) as date) as escalated_date,
    e.entered, s.dealer_id, s.dealer_text, p.value as provider, coalesce(p.source, 'none') as provider_source,
    c.value as failure_category, coalesce(c.source, 'none') as category_source,
    coalesce(c.is_sure, false) as is_category_sure
from core.escalations e
semi join dirty using (issue_id)
left join core.dealer_stays s
    on s.issue_id = e.issue_id and s.entered_at <= e.escalated_at and coalesce(s.left_at > e.escalated_at, true)
left join core.known_tags p on p.issue_id = e.issue_id and p.escalation_no = e.escalation_no and p.kind = 'provider'
left join core.known_tags c on c.issue_id = e.issue_id and c.escalation_no = e.escalation_no and c.kind = 'failure_category'
