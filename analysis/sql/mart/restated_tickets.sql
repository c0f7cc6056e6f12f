-- mart.restated_tickets: one row per restatement and ticket that moved the number
-- key: event_id, issue_id, escalation_no
-- step: measure
-- reads: mart.restatements, state.published_tickets
-- column: event_id the restatement
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: was how it counted before: in, out, pending; NULL where it did not
-- column: is how it counts now, likewise
with side as (
    select r.event_id, t.published_id = r.event_id as is_new, t.issue_id, t.escalation_no,
        case when t.is_pending then 'pending' when t.in_numerator then 'in' else 'out' end as counted
    from mart.restatements r
    join state.published_tickets t on t.published_id in (r.event_id, r.replaces)
)
select event_id, issue_id, escalation_no, max(counted) filter (not is_new) as was, max(counted) filter (is_new) as "is"
from side
group by event_id, issue_id, escalation_no
having was is distinct from "is"
