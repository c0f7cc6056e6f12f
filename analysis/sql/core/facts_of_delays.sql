-- core.facts_of_delays: one row per fact for or against that an activation was still inside its normal time
-- key: issue_id, escalation_no, criterion_id, subject, fact, source_ref
-- step: judge
-- reads: core.known_escalations, core.known_fields, core.field_values, core.normal_delays, core.text_matches, core.criteria_in_force
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
with started as (
    -- a time that was changed after the escalation stands in the changelog only
    select f.issue_id, f.escalation_no, f.role, f.since as told_at,
        case
            when f.until is null then v.value_at
            else timezone('UTC', coalesce(try_cast(f.value_id as timestamptz), try_cast(f.value as timestamptz)))
        end as started_at
    from core.known_fields f
    semi join dirty using (issue_id)
    left join core.field_values v on v.issue_id = f.issue_id and v.role = f.role and v.value_no = 1
    where f.role in ('requested_at', 'accepted_at')
),
waiting as (
    -- the whole onboarding speaks only where none of its steps has a normal time of its own
    select e.*, d.step, d.hours, d.starts, v.told_at, epoch(e.escalated_at - v.started_at) / 3600 as hours_waited
    from core.known_escalations e
    join started v using (issue_id, escalation_no)
    join core.normal_delays d on d.provider = e.provider and d.starts = v.role and d.effective_from <= e.escalated_date
    where e.failure_category = 'setup_delay' and v.started_at <= e.escalated_at and (d.ends is null or not exists (
        from core.normal_delays s where s.provider = d.provider and s.ends is null and s.effective_from <= e.escalated_date
    ))
    qualify row_number() over (partition by e.issue_id, e.escalation_no, d.step order by d.effective_from desc) = 1
)
select w.issue_id, w.escalation_no, k.criterion_id, k.criterion_version, w.step as subject,
    'Escalated ' || round(w.hours_waited) || ' hours after the start of "' || w.step || '"; up to ' || w.hours
        || ' hours are normal.' as fact,
    w.told_at as known_at, case when w.hours_waited < w.hours then 'for' else 'against' end as side,
    case when w.hours_waited < w.hours then 'meets' else 'stops' end as weight,
    'field of ' || w.starts || ', normal_delays.csv' as source_ref
from waiting w
join core.criteria_in_force k on k.issue_id = w.issue_id and k.escalation_no = w.escalation_no and k.test = 'normal_delay'
union all
select w.issue_id, w.escalation_no, k.criterion_id, k.criterion_version, w.step, 'The ticket shows an error: ' || m.words, m.known_at,
    'against', 'stops', m.source_ref
from waiting w
join core.text_matches m on m.issue_id = w.issue_id and m.escalation_no = w.escalation_no and m.kind = 'error'
join core.criteria_in_force k on k.issue_id = w.issue_id and k.escalation_no = w.escalation_no and k.test = 'normal_delay'
