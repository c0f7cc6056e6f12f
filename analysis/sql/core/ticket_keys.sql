-- core.ticket_keys: one row per key that an issue has or had
-- key: ticket_key, issue_id
-- step: load
-- column: issue_id Jira's numeric id
-- column: ticket_key a key, present or past
-- column: is_current whether it is the present key
create table core.ticket_keys (
    issue_id bigint not null,
    ticket_key varchar not null,
    is_current boolean not null
);
