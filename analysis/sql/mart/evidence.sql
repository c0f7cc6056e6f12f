-- mart.evidence: one row per fact for or against a verdict
-- key: issue_id, escalation_no, criterion_id, fact, source_ref
-- step: measure
-- reads: core.facts_known, core.verdicts, core.escalations
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: criterion_id the criterion it concerns; NULL where it concerns them all
-- column: fact in plain words
-- column: known_at when it was known, UTC
-- column: side for (OPS should have handled it) or against
-- column: source_ref where it stands
select issue_id, escalation_no, criterion_id, fact, known_at, side, source_ref from core.facts_known
union all
select v.issue_id, v.escalation_no, v.criterion_id, v.softened_by, coalesce(e.resolved_at, e.escalated_at), 'against', 'known later'
from core.verdicts v
join core.escalations e using (issue_id, escalation_no)
where v.softened_by is not null
