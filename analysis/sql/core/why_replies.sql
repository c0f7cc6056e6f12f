-- core.why_replies: one row per escalation of which OPS said why it did not handle it
-- key: issue_id, escalation_no
-- step: judge
-- reads: state.rulings, core.escalations, core.members, core.site
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: reason knowledge, access, information or process: the latest that somebody of OPS gave and did not take back
-- column: said_at when, UTC
with told as (
    select r.issue_id, e.escalation_no, r.said, coalesce(r.is_taken_back, false) as is_taken_back, r.effective_at as said_at, r.event_id
    from state.rulings r
    semi join dirty using (issue_id)
    cross join core.site s
    join core.escalations e
        on e.issue_id = r.issue_id and r.effective_at >= e.escalated_at and coalesce(r.effective_at < e.next_escalated_at, true)
    where r.said in ('knowledge', 'access', 'information', 'process')
        and exists (
            from core.members m
            where m.person_id = r.person_id and m.tier = 1
                and cast(timezone(s.reporting_zone, timezone('UTC', r.effective_at)) as date) >= m.since
                and coalesce(cast(timezone(s.reporting_zone, timezone('UTC', r.effective_at)) as date) < m.until, true)
        )
),
word as (
    select issue_id, escalation_no, said, max_by(is_taken_back, (said_at, event_id)) as is_gone, max((said_at, event_id)) as place,
        max(said_at) as said_at
    from told
    group by issue_id, escalation_no, said
)
select issue_id, escalation_no, max_by(said, place) as reason, max_by(said_at, place) as said_at
from word
where not is_gone
group by issue_id, escalation_no
