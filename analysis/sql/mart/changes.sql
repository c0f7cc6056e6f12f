-- mart.changes: one row per changelog item
-- key: issue_id, history_id, item_no
-- step: measure
-- reads: core.changes
-- column: issue_id Jira's numeric id
-- column: history_id Jira's id of the edit
-- column: item_no place in the edit, from 1
-- column: changed_at when, UTC
-- column: author_id who; NULL for automation and erased people
-- column: field_id Jira's id of the field, where Jira tells it
-- column: field_name name of the field at that time
-- column: from_id id of the value before
-- column: to_id id of the value after
-- column: from_text value before, masked
-- column: to_text value after, masked
select issue_id, history_id, item_no, changed_at, author_id, field_id, field_name, from_id, to_id, from_text, to_text
from core.changes
