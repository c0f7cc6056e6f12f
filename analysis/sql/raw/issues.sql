-- raw.issues: one row per issue: where its newest line stands
-- key: issue_id
-- step: load
-- column: issue_id Jira's numeric id
-- column: file raw file with the newest line
-- column: line_no line in that file, from 1
-- column: content_hash hash of the line; an equal one is not read again
-- column: updated_at when Jira says the issue was last updated, UTC
-- column: batch_no load that last changed the issue; what follows is made anew for later batches
create table raw.issues (
    issue_id bigint not null,
    file varchar not null,
    line_no integer not null,
    content_hash varchar not null,
    updated_at timestamp not null,
    batch_no bigint not null
);
