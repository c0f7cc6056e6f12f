-- mart.audit_results: one row per escalation that was drawn for the blind audit, with the answer if there is one
-- key: issue_id, escalation_no
-- step: measure
-- reads: state.audit_draws, state.audit_answers
-- column: week Monday of the week in which it escalated
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: stratum flagged or unflagged, by the verdict when it was drawn
-- column: inclusion_probability its chance of having been drawn
-- column: n_answers persons who answered
-- column: is_agreed whether all of them say the same; NULL while nobody answered
-- column: answer what they say, of several that differ the one that most say, of equally many the milder one; NULL where nobody could tell
-- column: drawn_at when it was drawn, UTC
with last as (
    select issue_id, escalation_no, person_id, max_by({'value': value}, event_id).value as value
    from state.audit_answers
    group by issue_id, escalation_no, person_id
),
votes as (
    select issue_id, escalation_no, value, count(*) as n from last where value is not null group by all
),
most as (
    select issue_id, escalation_no, sum(n) as n_answers, count(*) = 1 as is_agreed,
        max_by(value, (n, list_position(['should_have_handled', 'incomplete', 'justified'], value))) as answer
    from votes
    group by issue_id, escalation_no
)
select d.week, d.issue_id, d.escalation_no, d.stratum, d.inclusion_probability, cast(coalesce(m.n_answers, 0) as integer) as n_answers,
    m.is_agreed, m.answer, d.effective_at as drawn_at
from state.audit_draws d
left join most m using (issue_id, escalation_no)
qualify row_number() over (partition by d.issue_id, d.escalation_no order by d.event_id) = 1
