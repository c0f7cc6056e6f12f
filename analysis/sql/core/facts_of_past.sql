-- core.facts_of_past: one row per fact for or against that OPS knew the trouble: it solved the same before, or had it with Tier 2 already
-- key: issue_id, escalation_no, criterion_id, subject, fact, source_ref
-- step: judge
-- reads: core.known_alike, core.runbook_matches, core.categories, core.known_escalations, core.ops_solutions, core.escalations, core.resolutions, core.tickets, core.criteria_in_force, core.site
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
with solved as (
    select a.issue_id, a.escalation_no, k.criterion_id, k.criterion_version, k.times, t.ticket_key, s.known_at,
        cast(timezone((select reporting_zone from core.site), timezone('UTC', s.known_at)) as date) as solved_date, e.provider_source,
        e.failure_category
    from core.known_alike a
    semi join dirty using (issue_id)
    join core.known_escalations e on e.issue_id = a.issue_id and e.escalation_no = a.escalation_no
    join core.criteria_in_force k on k.issue_id = a.issue_id and k.escalation_no = a.escalation_no and k.test = 'solved_before'
    join core.ops_solutions s on s.issue_id = cast(a.ref as bigint) and s.known_at <= e.escalated_at
        and coalesce(s.ended_at > e.escalated_at, true) and s.known_at > e.escalated_at - to_days(k.within_days)
    join core.tickets t on t.issue_id = s.issue_id
    left join core.categories c on c.failure_category = e.failure_category
    where a.kind = 'solved' and coalesce(c.can_repeat, true)
        -- where a runbook fits, what OPS could do is told by that
        and not exists (from core.runbook_matches m where m.issue_id = a.issue_id and m.escalation_no = a.escalation_no)
    qualify row_number() over (partition by a.issue_id, a.escalation_no, k.criterion_id, t.ticket_key order by s.known_at desc) = 1
),
often as (
    select issue_id, escalation_no, criterion_id, criterion_version, count(*) as n, max(known_at) as known_at,
        max(solved_date) as last_date, bool_or(provider_source = 'classifier') as rests_on_classifier,
        bool_or(failure_category is null) as is_untagged
    from solved
    group by issue_id, escalation_no, criterion_id, criterion_version, times
    having count(*) >= times
),
already as (
    select a.issue_id, a.escalation_no, k.criterion_id, k.criterion_version, t.ticket_key, o.escalated_at as known_at,
        cast(timezone((select reporting_zone from core.site), timezone('UTC', o.escalated_at)) as date) as since_date, a.words
    from core.known_alike a
    semi join dirty using (issue_id)
    join core.criteria_in_force k on k.issue_id = a.issue_id and k.escalation_no = a.escalation_no and k.test = 'already_open'
    join core.known_escalations e on e.issue_id = a.issue_id and e.escalation_no = a.escalation_no
    join core.escalations o on o.issue_id = cast(a.ref as bigint) and o.escalated_at < e.escalated_at
        and coalesce(o.next_escalated_at > e.escalated_at, true)
    join core.tickets t on t.issue_id = o.issue_id
    where a.kind = 'open'
        -- by what was known then: that a resolution was taken back later, nobody knew
        and not exists (
            from core.resolutions r
            where r.issue_id = o.issue_id and r.resolved_at <= e.escalated_at and coalesce(r.reopened_at > e.escalated_at, true)
        )
    qualify row_number() over (partition by a.issue_id, a.escalation_no, k.criterion_id, t.ticket_key order by o.escalated_at desc) = 1
)
select issue_id, escalation_no, criterion_id, criterion_version, 'solved before' as subject,
    'OPS solved the same failure ' || n || ' times before without Tier 2 and wrote down how, the last time on ' || last_date || '.' as fact,
    known_at, 'for' as side, 'meets' as weight, 'likeness' as source_ref
from often
union all
select s.issue_id, s.escalation_no, s.criterion_id, s.criterion_version, 'solved before',
    s.ticket_key || ' was one of them, solved on ' || s.solved_date || '.', s.known_at, 'for', 'shown', s.ticket_key
from solved s
semi join often o on o.issue_id = s.issue_id and o.escalation_no = s.escalation_no and o.criterion_id = s.criterion_id
union all
select issue_id, escalation_no, criterion_id, criterion_version, 'solved before',
    'Only the classifier says which provider the ticket is about.', known_at, 'against', 'doubts', 'tags'
from often
where rests_on_classifier
union all
select issue_id, escalation_no, criterion_id, criterion_version, 'solved before',
    'Nobody knows yet what kind of failure it is.', known_at, 'against', 'doubts', 'tags'
from often
where is_untagged
union all
select issue_id, escalation_no, criterion_id, criterion_version, 'ticket ' || ticket_key,
    'The same failure was with Tier 2 already: ' || ticket_key || ' of the same dealer, since ' || since_date || '; both say: ' || words,
    known_at, 'for', 'meets', ticket_key
from already
