-- core.facts_known: one row per fact that speaks for or against an escalation, with the moment it was known
-- key: issue_id, escalation_no, criterion_id, fact, source_ref
-- step: judge
-- reads: core.escalations, core.tickets, core.ticket_facts, core.field_stays, core.field_values, core.known_tags, core.text_matches, core.runbooks, core.criteria, core.normal_delays, core.access, core.word_rules, core.site, core.tag_texts
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: criterion_id the criterion it concerns; NULL where it concerns them all
-- column: criterion_version the version in force at the escalation
-- column: subject the runbook or step it concerns; NULL where it concerns the criterion as a whole
-- column: fact in plain words
-- column: known_at when it was known, UTC
-- column: side for (OPS should have handled it) or against
-- column: weight meets (the criterion holds), stops (it does not apply), doubts, or shown (for the reader)
-- column: source_ref where it stands
with escalation as (
    select e.*, f.dealer_id, p.value as provider, c.value as failure_category, p.source as provider_source,
        c.source as category_source,
        cast(timezone((select reporting_zone from core.site), timezone('UTC', e.escalated_at)) as date) as escalated_date
    from core.escalations e
    semi join dirty using (issue_id)
    join core.ticket_facts f using (issue_id)
    left join core.known_tags p on p.issue_id = e.issue_id and p.escalation_no = e.escalation_no and p.kind = 'provider'
    left join core.known_tags c on c.issue_id = e.issue_id and c.escalation_no = e.escalation_no and c.kind = 'failure_category'
),
in_force as (
    select e.issue_id, e.escalation_no, k.criterion_id, k.version as criterion_version, k.test
    from escalation e
    join core.criteria k on k.effective_from <= e.escalated_date
        and (k.effective_until is null or e.escalated_date < k.effective_until)
),
held as (
    -- what a field held when the ticket was escalated
    select e.issue_id, e.escalation_no, s.role,
        max_by({'value': s.value, 'value_id': s.value_id, 'since': s.entered_at, 'until': s.left_at}, s.stay_no) as held
    from escalation e
    join core.field_stays s on s.issue_id = e.issue_id and s.entered_at <= e.escalated_at
        and s.role in ('priority', 'runbook_used', 'ops_blocked_by', 'requested_at', 'accepted_at')
    group by all
),
matched as (
    select e.*, r.runbook_id, r.version, r.title, r.needs_access, r.announced_date, m.words,
        r.announced_date + interval 7 days <= e.escalated_date as is_known_long_enough,
        coalesce(e.provider_source, 'none') = 'classifier' or coalesce(e.category_source, 'none') = 'classifier' as rests_on_classifier
    from escalation e
    join core.text_matches m on m.issue_id = e.issue_id and m.kind = 'runbook'
    join core.runbooks r on m.ref = r.runbook_id || ' v' || r.version
    where r.audience = 'ops' and r.announced_date is not null and r.announced_date <= e.escalated_date
        and (r.replaced_date is null or e.escalated_date < r.replaced_date)
        and (r.provider is null or r.provider = e.provider)
        and (r.failure_category is null or e.failure_category is null or r.failure_category = e.failure_category)
),
lacking as (
    select m.issue_id, m.escalation_no, m.runbook_id, m.version, string_agg(n.access, ', ' order by n.access) as missing
    from matched m
    cross join unnest(m.needs_access) as n(access)
    where not exists (
        from core.access a
        where a.access = n.access and a.since <= m.escalated_date and (a.until is null or m.escalated_date < a.until)
    )
    group by all
),
started as (
    -- a time that was changed after the escalation stands in the changelog only
    select h.issue_id, h.escalation_no, h.role, h.held.since as told_at,
        case
            when h.held.until is null then v.value_at
            else timezone('UTC', coalesce(try_cast(h.held.value_id as timestamptz), try_cast(h.held.value as timestamptz)))
        end as started_at
    from held h
    left join core.field_values v on v.issue_id = h.issue_id and v.role = h.role and v.value_no = 1
    where h.role in ('requested_at', 'accepted_at')
),
waiting as (
    -- the whole onboarding speaks only where none of its steps has a normal time of its own
    select e.*, d.step, d.hours, d.starts, v.started_at, v.told_at, epoch(e.escalated_at - v.started_at) / 3600 as hours_waited
    from escalation e
    join started v using (issue_id, escalation_no)
    join core.normal_delays d on d.provider = e.provider and d.starts = v.role and d.effective_from <= e.escalated_date
    where e.failure_category = 'setup_delay' and v.started_at <= e.escalated_at and (d.ends is null or not exists (
        from core.normal_delays s where s.provider = d.provider and s.ends is null and s.effective_from <= e.escalated_date
    ))
    qualify row_number() over (partition by e.issue_id, e.escalation_no, d.step order by d.effective_from desc) = 1
)
select e.issue_id, e.escalation_no, null as criterion_id, null as criterion_version, null as subject,
    case e.entered when 'born' then 'The ticket was made at Tier 2 or above; OPS did not have it.'
        else 'The ticket went straight to Tier 3.' end as fact,
    e.escalated_at as known_at, 'against' as side, 'stops' as weight, 'tier stays' as source_ref
from escalation e
where e.entered <> 'from_ops'
union all
select e.issue_id, e.escalation_no, null, null, null, 'Its priority was ' || h.held.value || '.', h.held.since, 'against', 'stops',
    'field Priority'
from escalation e
join held h using (issue_id, escalation_no)
where h.role = 'priority' and lower(h.held.value) in (select value from core.word_rules where kind = 'top_priority')
union all
select m.issue_id, m.escalation_no, k.criterion_id, k.criterion_version, 'runbook ' || m.runbook_id || ' v' || m.version,
    'The runbook "' || m.title || '" was announced on ' || m.announced_date || '.',
    timezone('UTC', timezone((select reporting_zone from core.site), cast(m.announced_date as timestamp))), 'for',
    case when m.is_known_long_enough then 'meets' else 'shown' end, 'runbook ' || m.runbook_id || ' v' || m.version
from matched m
join in_force k on k.issue_id = m.issue_id and k.escalation_no = m.escalation_no and k.test = 'runbook'
union all
select m.issue_id, m.escalation_no, k.criterion_id, k.criterion_version, 'runbook ' || m.runbook_id || ' v' || m.version, 'The ticket says: ' || m.words, x.text_at, 'for', 'shown',
    'runbook ' || m.runbook_id || ' v' || m.version
from matched m
join in_force k on k.issue_id = m.issue_id and k.escalation_no = m.escalation_no and k.test = 'runbook'
join core.tag_texts x on x.issue_id = m.issue_id
union all
select m.issue_id, m.escalation_no, k.criterion_id, k.criterion_version, 'runbook ' || m.runbook_id || ' v' || m.version,
    'That was less than 7 days before the escalation.', m.escalated_at, 'against', 'stops', 'runbook ' || m.runbook_id || ' v' || m.version
from matched m
join in_force k on k.issue_id = m.issue_id and k.escalation_no = m.escalation_no and k.test = 'runbook'
where not m.is_known_long_enough
union all
select m.issue_id, m.escalation_no, k.criterion_id, k.criterion_version, 'runbook ' || m.runbook_id || ' v' || m.version,
    'Only the classifier says what the ticket is about.', m.escalated_at, 'against', 'doubts', 'tags'
from matched m
join in_force k on k.issue_id = m.issue_id and k.escalation_no = m.escalation_no and k.test = 'runbook'
where m.rests_on_classifier
union all
select l.issue_id, l.escalation_no, k.criterion_id, k.criterion_version, 'runbook ' || l.runbook_id || ' v' || l.version,
    'OPS had no access to ' || l.missing || '.', e.escalated_at, 'against', 'stops',
    'access.csv for ' || l.runbook_id || ' v' || l.version
from lacking l
join escalation e using (issue_id, escalation_no)
join in_force k on k.issue_id = l.issue_id and k.escalation_no = l.escalation_no and k.test = 'runbook'
union all
select e.issue_id, e.escalation_no, k.criterion_id, k.criterion_version, null,
    'OPS noted that it was blocked: ' || h.held.value || '.', h.held.since, 'against', 'stops', 'field of ops_blocked_by'
from escalation e
join held h using (issue_id, escalation_no)
join in_force k on k.issue_id = e.issue_id and k.escalation_no = e.escalation_no and k.test = 'runbook'
where h.role = 'ops_blocked_by' and h.held.value is not null
union all
select e.issue_id, e.escalation_no, k.criterion_id, k.criterion_version, null,
    'OPS followed runbook ' || h.held.value || ', and it did not end the trouble.', h.held.since, 'against', 'stops',
    'field of runbook_used'
from escalation e
join held h using (issue_id, escalation_no)
join in_force k on k.issue_id = e.issue_id and k.escalation_no = e.escalation_no and k.test = 'runbook'
where h.role = 'runbook_used' and h.held.value is not null
union all
select w.issue_id, w.escalation_no, k.criterion_id, k.criterion_version, w.step,
    'Escalated ' || round(w.hours_waited) || ' hours after the start of "' || w.step || '"; up to ' || w.hours || ' hours are normal.',
    w.told_at, case when w.hours_waited < w.hours then 'for' else 'against' end,
    case when w.hours_waited < w.hours then 'meets' else 'stops' end, 'field of ' || w.starts || ', normal_delays.csv'
from waiting w
join in_force k on k.issue_id = w.issue_id and k.escalation_no = w.escalation_no and k.test = 'normal_delay'
union all
select w.issue_id, w.escalation_no, k.criterion_id, k.criterion_version, w.step, 'The ticket shows an error: ' || m.words, x.text_at, 'against',
    'stops', 'ticket text'
from waiting w
join core.text_matches m on m.issue_id = w.issue_id and m.kind = 'error'
join in_force k on k.issue_id = w.issue_id and k.escalation_no = w.escalation_no and k.test = 'normal_delay'
join core.tag_texts x on x.issue_id = w.issue_id
