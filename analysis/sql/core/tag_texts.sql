-- core.tag_texts: one row per ticket: its words as they stood when it was escalated, or 24 hours after it was made
-- key: issue_id
-- step: tag
-- reads: core.tickets, core.ticket_facts, core.changes, core.escalations, core.field_values
-- column: issue_id Jira's numeric id
-- column: text_at the moment of the words, UTC
-- column: summary summary at that moment, masked
-- column: description description at that moment, masked
-- column: provider_field what the mapped provider field holds
-- column: category_field what the mapped category field holds
with ticket as (
    select t.issue_id, t.summary, t.description, t.created_at + interval 24 hours as a_day_later
    from core.tickets t
    semi join dirty using (issue_id)
    join core.ticket_facts f using (issue_id)
    where f.is_ticket
),
moment as (
    select t.*, coalesce(e.escalated_at, t.a_day_later) as text_at
    from ticket t
    left join core.escalations e on e.issue_id = t.issue_id and e.escalation_no = 1
),
later as (
    -- the first edit after that moment tells what stood there before it
    select m.issue_id, lower(c.field_name) as field,
        min_by({'text': c.from_text}, (c.changed_at, c.history_id, c.item_no)) as before
    from moment m
    join core.changes c on c.issue_id = m.issue_id and c.changed_at > m.text_at
        and lower(c.field_name) in ('summary', 'description')
    group by all
)
select m.issue_id, m.text_at,
    case when s.issue_id is null then m.summary else coalesce(s.before.text, '') end as summary,
    case when d.issue_id is null then m.description else d.before.text end as description,
    p.value as provider_field, c.value as category_field
from moment m
left join later s on s.issue_id = m.issue_id and s.field = 'summary'
left join later d on d.issue_id = m.issue_id and d.field = 'description'
left join core.field_values p on p.issue_id = m.issue_id and p.role = 'provider' and p.value_no = 1
left join core.field_values c on c.issue_id = m.issue_id and c.role = 'category' and c.value_no = 1
