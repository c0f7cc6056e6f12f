-- core.changes: one row per changelog item
-- key: issue_id, history_id, item_no
-- step: load
-- column: issue_id Jira's numeric id
-- column: history_id Jira's id of the edit; items of one edit happen together
-- column: item_no place in the edit, from 1
-- column: changed_at when, UTC
-- column: author_id who; NULL for automation and erased people
-- column: field_id Jira's id of the field, where Jira tells it
-- column: field_name name of the field at that time
-- column: from_id id of the value before
-- column: to_id id of the value after
-- column: from_text value before, masked
-- column: to_text value after, masked
create table core.changes (
    issue_id bigint not null,
    history_id bigint not null,
    item_no integer not null,
    changed_at timestamp not null,
    author_id varchar,
    field_id varchar,
    field_name varchar not null,
    from_id varchar,
    to_id varchar,
    from_text varchar,
    to_text varchar
);
