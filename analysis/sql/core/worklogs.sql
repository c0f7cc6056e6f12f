-- core.worklogs: one row per worklog: hours that somebody says were spent on a ticket
-- key: worklog_id
-- step: load
-- column: worklog_id Jira's id of the worklog
-- column: issue_id Jira's numeric id
-- column: author_id who logged it
-- column: started_at when the work began, UTC
-- column: hours how long it took
create table core.worklogs (
    worklog_id bigint not null,
    issue_id bigint not null,
    author_id varchar,
    started_at timestamp,
    hours double not null
);
