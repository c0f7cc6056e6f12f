-- core.comments: one row per comment
-- key: comment_id
-- step: load
-- column: comment_id Jira's id of the comment
-- column: issue_id Jira's numeric id
-- column: author_id who wrote it
-- column: created_at when, UTC
-- column: updated_at last edited, UTC
-- column: body text, masked
-- column: is_restricted shown only to a role or group
create table core.comments (
    comment_id bigint not null,
    issue_id bigint not null,
    author_id varchar,
    created_at timestamp,
    updated_at timestamp,
    body varchar,
    is_restricted boolean not null
);
