-- core.links: one row per issue link and end that shows it
-- key: link_id, issue_id
-- step: load
-- column: link_id Jira's id of the link
-- column: issue_id the end that shows it
-- column: kind name of the link type
-- column: direction outward (this end made the statement) or inward
-- column: target key of the other end
-- column: target_id Jira's numeric id of the other end
-- column: title summary of the other end, masked
-- column: created_at when it was made; the ticket's creation where the changelog does not tell, UTC
create table core.links (
    link_id bigint not null,
    issue_id bigint not null,
    kind varchar not null,
    direction varchar not null,
    target varchar not null,
    target_id bigint,
    title varchar,
    created_at timestamp not null
);
