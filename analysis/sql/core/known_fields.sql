-- core.known_fields: one row per escalation and mapped field: what it held at that moment
-- key: issue_id, escalation_no, role
-- step: judge
-- reads: core.known_escalations, core.field_stays
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: role what the field means to us
-- column: value its value; NULL where it was empty
-- column: value_id Jira's id of the value
-- column: since since when it held that, UTC
-- column: until until when, UTC; NULL while it lasts
select e.issue_id, e.escalation_no, s.role, max_by({'it': s.value}, s.stay_no).it as value,
    max_by({'it': s.value_id}, s.stay_no).it as value_id, max_by(s.entered_at, s.stay_no) as since,
    max_by({'it': s.left_at}, s.stay_no).it as until
from core.known_escalations e
semi join dirty using (issue_id)
join core.field_stays s on s.issue_id = e.issue_id and s.entered_at <= e.escalated_at
    and s.role in ('priority', 'runbook_used', 'ops_blocked_by', 'requested_at', 'accepted_at', 'occurred_at', 'dealer')
group by e.issue_id, e.escalation_no, s.role
