-- core.field_values: one row per present value of a mapped field
-- key: issue_id, role, value_no
-- step: load
-- column: issue_id Jira's numeric id
-- column: role what the field means to us: status, assignee, dealer, tier_0 …
-- column: value_no place among several values, from 1
-- column: value_id Jira's id of the value
-- column: value the value as text, masked
-- column: value_at the value as a time, for roles that are times, UTC
create table core.field_values (
    issue_id bigint not null,
    role varchar not null,
    value_no integer not null,
    value_id varchar,
    value varchar not null,
    value_at timestamp
);
