-- raw.fields: one row per Jira field, as last seen
-- key: field_id
-- step: load
-- column: field_id Jira's id of the field
-- column: field_name its name
create table raw.fields (
    field_id varchar not null,
    field_name varchar not null
);
