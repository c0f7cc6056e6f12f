-- core.dealer_stays: one row per ticket and span in which its field told one dealer
-- key: issue_id, entered_at, stay_no
-- step: known
-- reads: core.ticket_facts, core.field_stays, core.dealer_names
-- column: issue_id Jira's numeric id
-- column: stay_no place among the ticket's stays
-- column: dealer_text the dealer as typed; NULL while the field was empty
-- column: dealer_id the dealer it means; NULL where it matches nobody
-- column: entered_at since when, UTC
-- column: left_at until when, UTC; NULL while it lasts
select s.issue_id, s.stay_no,
    -- how a field is written in the changelog and on the ticket may differ, so what it holds still is read from the ticket
    if(s.left_at is null, f.dealer_text, s.value) as dealer_text,
    if(s.left_at is null, f.dealer_id, n.dealer_id) as dealer_id, s.entered_at, s.left_at
from core.field_stays s
semi join dirty using (issue_id)
join core.ticket_facts f using (issue_id)
left join core.dealer_names n on n.name_key = trim(regexp_replace(lower(strip_accents(s.value)), '[^a-z0-9]+', ' ', 'g'))
where s.role = 'dealer'
