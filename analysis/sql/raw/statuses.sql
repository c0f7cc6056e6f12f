-- raw.statuses: one row per Jira status, as last seen in a list of statuses
-- key: status_id
-- step: load
-- column: status_id Jira's id of the status
-- column: status its name
-- column: status_category new, indeterminate or done
create table raw.statuses (
    status_id varchar not null,
    status varchar not null,
    status_category varchar
);
