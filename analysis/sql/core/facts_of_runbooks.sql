-- core.facts_of_runbooks: one row per fact for or against that a runbook for OPS would have done
-- key: issue_id, escalation_no, criterion_id, subject, fact, source_ref
-- step: judge
-- reads: core.runbook_matches, core.text_matches, core.runbooks, core.known_escalations, core.known_fields, core.criteria_in_force, core.site
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
with matched as (
    select m.*, k.criterion_id, k.criterion_version, e.escalated_at, 'runbook ' || m.runbook_id || ' v' || m.version as subject
    from core.runbook_matches m
    semi join dirty using (issue_id)
    join core.known_escalations e using (issue_id, escalation_no)
    join core.criteria_in_force k on k.issue_id = m.issue_id and k.escalation_no = m.escalation_no and k.test = 'runbook'
),
noted as (
    select f.*, k.criterion_id, k.criterion_version
    from core.known_fields f
    semi join dirty using (issue_id)
    join core.criteria_in_force k on k.issue_id = f.issue_id and k.escalation_no = f.escalation_no and k.test = 'runbook'
    where f.value is not null
)
select m.issue_id, m.escalation_no, m.criterion_id, m.criterion_version, m.subject,
    'The runbook "' || r.title || '" was announced on ' || r.announced_date || '.' as fact,
    timezone('UTC', timezone((select reporting_zone from core.site), cast(r.announced_date as timestamp))) as known_at, 'for' as side,
    case when m.is_known_long_enough then 'meets' else 'shown' end as weight, m.subject as source_ref
from matched m
join core.runbooks r using (runbook_id, version)
union all
select issue_id, escalation_no, criterion_id, criterion_version, subject,
    case told_by when 'signature' then 'The ticket says: ' || words
        else 'The ticket is told like the runbook; both say: ' || words end,
    known_at, 'for', 'shown', source_ref
from matched
union all
select issue_id, escalation_no, criterion_id, criterion_version, subject, 'That was less than 7 days before the escalation.',
    escalated_at, 'against', 'stops', subject
from matched
where not is_known_long_enough
union all
select issue_id, escalation_no, criterion_id, criterion_version, subject,
    'It is told like the runbook, but not so much that one could be sure.', escalated_at, 'against', 'doubts', 'ticket text'
from matched
where not is_sure
union all
select m.issue_id, m.escalation_no, m.criterion_id, m.criterion_version, m.subject,
    'It says that somebody had looked at what the runbook is about: ' || t.words, t.known_at, 'against', 'doubts', t.source_ref
from matched m
join core.text_matches t on t.issue_id = m.issue_id and t.escalation_no = m.escalation_no and t.kind = 'looked_at'
    and t.ref = m.runbook_id || ' v' || m.version
union all
select issue_id, escalation_no, criterion_id, criterion_version, subject,
    'Only the classifier says which provider the ticket is about.', escalated_at, 'against', 'doubts', 'tags'
from matched
where rests_on_classifier
union all
select issue_id, escalation_no, criterion_id, criterion_version, subject, 'OPS had no access to ' || missing || '.', escalated_at,
    'against', 'stops', 'access.csv for ' || runbook_id || ' v' || version
from matched
where missing is not null
union all
select issue_id, escalation_no, criterion_id, criterion_version, null, 'OPS noted that it was blocked: ' || value || '.', since,
    'against', 'stops', 'field of ops_blocked_by'
from noted
where role = 'ops_blocked_by'
union all
select issue_id, escalation_no, criterion_id, criterion_version, null,
    'OPS followed runbook ' || value || ', and it did not end the trouble.', since, 'against', 'stops', 'field of runbook_used'
from noted
where role = 'runbook_used'
