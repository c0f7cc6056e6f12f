-- core.first_actions: one row per escalation on which Tier 2 did something
-- key: issue_id, escalation_no
-- step: load
-- reads: core.escalations, core.changes, core.comments, core.members, core.own_edits
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: acted_at when somebody of Tier 2 first changed it or wrote on it after it came, UTC
with span as (
    select issue_id, escalation_no, escalated_at, coalesce(next_escalated_at, timestamp '9999-01-01') as ends_at
    from core.escalations
    semi join dirty using (issue_id)
),
act as (
    select c.issue_id, c.author_id, c.changed_at as acted_at
    from core.changes c
    semi join dirty using (issue_id)
    anti join core.own_edits o on o.issue_id = c.issue_id and o.history_id = c.history_id
    union all
    select c.issue_id, c.author_id, c.created_at from core.comments c semi join dirty using (issue_id)
)
-- the edit that brought it up is no action on it
select s.issue_id, s.escalation_no, min(a.acted_at) as acted_at
from span s
join act a on a.issue_id = s.issue_id and a.acted_at > s.escalated_at and a.acted_at < s.ends_at
join core.members m on m.person_id = a.author_id and m.tier = 2 and a.acted_at >= m.since
    and (m.until is null or a.acted_at < m.until)
group by s.issue_id, s.escalation_no
