-- core.known_comments: one row per escalation and comment that stood under the ticket at that moment
-- key: issue_id, escalation_no, comment_id
-- step: known
-- reads: core.escalations, core.comments
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: comment_id Jira's id of the comment
-- column: created_at when it was written, UTC
-- column: body its words, masked; NULL where it was edited after the escalation, for then nobody knows what it said
with span as (
    select issue_id, escalation_no, escalated_at,
        lag(coalesce(resolved_at, escalated_at)) over (partition by issue_id order by escalation_no) as since
    from core.escalations
    semi join dirty using (issue_id)
)
-- what was written about an earlier escalation of the ticket, before that was resolved, is about another trouble
select s.issue_id, s.escalation_no, c.comment_id, c.created_at,
    case when coalesce(c.updated_at <= s.escalated_at, true) then c.body end as body
from span s
join core.comments c on c.issue_id = s.issue_id and c.created_at <= s.escalated_at and coalesce(c.created_at >= s.since, true)
