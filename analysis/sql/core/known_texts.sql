-- core.known_texts: one row per escalation: the ticket's words as they stood at that moment
-- key: issue_id, escalation_no
-- step: known
-- reads: core.escalations, core.tickets, core.changes
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: text_at the moment of the escalation, UTC
-- column: summary summary at that moment, masked
-- column: description description at that moment, masked
with moment as (
    select e.issue_id, e.escalation_no, e.escalated_at as text_at, t.summary, t.description
    from core.escalations e
    semi join dirty using (issue_id)
    join core.tickets t using (issue_id)
),
later as (
    -- the first edit after that moment tells what stood there before it
    select m.issue_id, m.escalation_no, lower(c.field_name) as field,
        min_by({'text': c.from_text}, (c.changed_at, c.history_id, c.item_no)) as before
    from moment m
    join core.changes c on c.issue_id = m.issue_id and c.changed_at > m.text_at
        and lower(c.field_name) in ('summary', 'description')
    group by all
)
select m.issue_id, m.escalation_no, m.text_at,
    case when s.issue_id is null then m.summary else coalesce(s.before.text, '') end as summary,
    case when d.issue_id is null then m.description else d.before.text end as description
from moment m
left join later s on s.issue_id = m.issue_id and s.escalation_no = m.escalation_no and s.field = 'summary'
left join later d on d.issue_id = m.issue_id and d.escalation_no = m.escalation_no and d.field = 'description'
