-- core.facts_of_handover: one row per thing that OPS was to hand over, and whether it did
-- key: issue_id, escalation_no, criterion_id, subject, fact, source_ref
-- step: judge
-- reads: core.known_escalations, core.known_fields, core.known_comments, core.text_matches, core.requirements, core.criteria_in_force
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
with asked as (
    select e.*, k.criterion_id, k.criterion_version, k.test, q.requirement_no, q.what, q.role,
        (q.provider is not null and e.provider_source = 'classifier')
            or (q.failure_category is not null and e.category_source = 'classifier') as rests_on_classifier,
        k.criterion_id || ' v' || k.criterion_version || ' #' || q.requirement_no as ref
    from core.known_escalations e
    semi join dirty using (issue_id)
    join core.criteria_in_force k using (issue_id, escalation_no)
    join core.requirements q on q.criterion_id = k.criterion_id and q.criterion_version = k.criterion_version
        and (q.provider is null or q.provider = e.provider)
        and (q.failure_category is null or q.failure_category = e.failure_category)
),
edited as (
    select issue_id, escalation_no, count(*) as n from core.known_comments semi join dirty using (issue_id) where body is null group by all
),
told as (
    select a.*, m.words, m.known_at, m.source_ref, f.value as held, f.since, coalesce(c.n, 0) as n_edited,
        m.words is not null or f.value is not null as is_there
    from asked a
    left join core.text_matches m on m.issue_id = a.issue_id and m.escalation_no = a.escalation_no and m.kind = 'requirement'
        and m.ref = a.ref
    left join core.known_fields f on f.issue_id = a.issue_id and f.escalation_no = a.escalation_no and f.role = a.role
    left join edited c on c.issue_id = a.issue_id and c.escalation_no = a.escalation_no
)
select issue_id, escalation_no, criterion_id, criterion_version, 'handover ' || requirement_no as subject,
    case
        when test = 'checks' and is_there then 'It was noted: ' || what || '.'
        when test = 'checks' then 'It was not noted: ' || what || '.'
        when is_there then 'It tells ' || what || '.'
        else 'It does not tell ' || what || '.'
    end as fact,
    coalesce(known_at, since, escalated_at) as known_at, case when is_there then 'against' else 'for' end as side,
    case when is_there then 'shown' else 'meets' end as weight,
    coalesce(source_ref, case when role is not null then 'field of ' || role end, 'ticket text and comments') as source_ref
from told
union all
select issue_id, escalation_no, criterion_id, criterion_version, 'handover ' || requirement_no,
    'A comment of that time was edited later, so nobody knows what it said then.', escalated_at, 'against', 'doubts', 'comments'
from told
where not is_there and n_edited > 0
union all
select issue_id, escalation_no, criterion_id, criterion_version, 'handover ' || requirement_no,
    'Only the classifier says what the ticket is about.', escalated_at, 'against', 'doubts', 'tags'
from told
where not is_there and rests_on_classifier
