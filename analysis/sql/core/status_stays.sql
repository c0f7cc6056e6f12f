-- core.status_stays: one row per ticket and span in one status
-- key: issue_id, stay_no
-- step: load
-- reads: core.field_stays, core.statuses
-- column: issue_id Jira's numeric id
-- column: stay_no 0 for the status at creation
-- column: status its name at that time
-- column: status_category new, indeterminate or done; NULL where nothing tells
-- column: waiting_on provider, dealer or ops, where the status means waiting
-- column: entered_at since when, UTC
-- column: left_at until when, UTC; NULL while it lasts
-- column: history_id the edit that began it; 0 at creation
select f.issue_id, f.stay_no, f.value as status, s.status_category, s.waiting_on, f.entered_at, f.left_at, f.history_id
from core.field_stays f
semi join dirty using (issue_id)
left join core.statuses s on s.status_key = coalesce(f.value_id, lower(f.value))
where f.role = 'status'
