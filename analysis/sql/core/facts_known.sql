-- core.facts_known: one row per fact that speaks for or against an escalation, with the moment it was known
-- key: issue_id, escalation_no, criterion_id, subject, fact, source_ref
-- step: judge
-- reads: core.facts_of_runbooks, core.facts_of_delays, core.facts_of_past, core.facts_of_handover, core.known_escalations,
--   core.known_fields, core.criteria_in_force, core.word_rules, core.outages, core.resolutions
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: criterion_id the criterion it concerns; NULL where it concerns them all
-- column: criterion_version the version in force at the escalation
-- column: subject the runbook, step, ticket or thing it concerns; NULL where it concerns the criterion as a whole
-- column: fact in plain words
-- column: known_at when it was known, UTC
-- column: side for (OPS should have handled it, or handed it over otherwise) or against
-- column: weight meets (the criterion holds), stops (it does not apply), doubts, or shown (for the reader)
-- column: source_ref where it stands
from core.facts_of_runbooks semi join dirty using (issue_id)
union all
from core.facts_of_delays semi join dirty using (issue_id)
union all
from core.facts_of_past semi join dirty using (issue_id)
union all
from core.facts_of_handover semi join dirty using (issue_id)
union all
select e.issue_id, e.escalation_no, k.criterion_id, k.criterion_version, 'question',
    'It asks how something is done; nothing failed.', e.escalated_at, 'for', 'meets', 'tag by ' || e.category_source
from core.known_escalations e
semi join dirty using (issue_id)
join core.criteria_in_force k on k.issue_id = e.issue_id and k.escalation_no = e.escalation_no and k.test = 'question'
where e.failure_category = 'how_to'
union all
select e.issue_id, e.escalation_no, k.criterion_id, k.criterion_version, 'question',
    'Only the classifier says so, and it is not sure enough.', e.escalated_at, 'against', 'doubts', 'tags'
from core.known_escalations e
semi join dirty using (issue_id)
join core.criteria_in_force k on k.issue_id = e.issue_id and k.escalation_no = e.escalation_no and k.test = 'question'
where e.failure_category = 'how_to' and not e.is_category_sure
union all
select issue_id, escalation_no, null, null, null,
    case entered when 'born' then 'The ticket was made at Tier 2 or above; OPS did not have it.'
        else 'The ticket went straight to Tier 3.' end,
    escalated_at, 'against', 'stops', 'tier stays'
from core.known_escalations
semi join dirty using (issue_id)
where entered <> 'from_ops'
union all
select issue_id, escalation_no, null, null, null, 'Its priority was ' || value || '.', since, 'against', 'stops', 'field Priority'
from core.known_fields
semi join dirty using (issue_id)
where role = 'priority' and lower(value) in (select value from core.word_rules where kind = 'top_priority')
union all
select e.issue_id, e.escalation_no, null, null, null, 'The provider was down then: ' || o.source || '.', o.started_at, 'against', 'stops',
    'outages.csv'
from core.known_escalations e
semi join dirty using (issue_id)
join core.outages o on o.provider = e.provider and o.started_at <= e.escalated_at and coalesce(o.ended_at > e.escalated_at, true)
union all
select issue_id, escalation_no, null, null, null, 'It tells of an outage of the provider.', escalated_at, 'against', 'stops',
    'tag by ' || category_source
from core.known_escalations
semi join dirty using (issue_id)
where failure_category = 'provider_outage' and category_source <> 'classifier'
union all
select e.issue_id, e.escalation_no, null, null, null,
    'Tickets of ' || count(distinct o.dealer_id) || ' other dealers told of an outage of the provider in the 24 hours before.',
    max(o.escalated_at), 'against', 'stops', 'tags of other tickets'
from core.known_escalations e
semi join dirty using (issue_id)
join core.known_escalations o on o.provider = e.provider and o.failure_category = 'provider_outage' and o.category_source <> 'classifier'
    and o.escalated_at between e.escalated_at - interval 24 hours and e.escalated_at and o.dealer_id <> e.dealer_id
where not exists (
        from core.resolutions r
        where r.issue_id = o.issue_id and r.resolved_at <= e.escalated_at and coalesce(r.reopened_at > e.escalated_at, true)
    )
group by e.issue_id, e.escalation_no
having count(distinct o.dealer_id) >= 2
union all
select issue_id, escalation_no, null, null, null, 'The classifier takes it for an outage of the provider.', escalated_at, 'against',
    'doubts', 'tags'
from core.known_escalations
semi join dirty using (issue_id)
where failure_category = 'provider_outage' and category_source = 'classifier'
