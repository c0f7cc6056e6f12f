-- core.own_comments: one row per comment that this program wrote; it stands here and not among the comments of people
-- key: comment_id
-- step: load
-- column: comment_id Jira's id of the comment
-- column: issue_id Jira's numeric id
-- column: kind pushback or triage, by its marker
-- column: escalation_no which escalation of the ticket it is about
-- column: author_id the account by which it was written
-- column: created_at when, UTC
-- column: updated_at last edited, UTC
-- column: body text, masked
create table core.own_comments (
    comment_id bigint not null,
    issue_id bigint not null,
    kind varchar not null,
    escalation_no integer not null,
    author_id varchar,
    created_at timestamp not null,
    updated_at timestamp not null,
    body varchar not null
);
