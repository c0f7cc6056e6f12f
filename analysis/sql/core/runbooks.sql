-- core.runbooks: one row per version of a runbook
-- key: runbook_id, version
-- step: judge
-- column: runbook_id id in its front matter
-- column: version from 1
-- column: title what it is for
-- column: provider for tickets of this provider only
-- column: failure_category for tickets of this category only
-- column: audience ops, integration or dealer
-- column: needs_access what one must have access to
-- column: because_of keys of the tickets that it was made or revised for
-- column: symptoms what one sees when it is for that, point by point
-- column: page its address where it lives in a wiki; NULL for others
-- column: published_date written down
-- column: announced_date OPS was told
-- column: replaced_date no longer in force
-- column: text_hash hash of the whole file
create table core.runbooks (
    runbook_id varchar not null,
    version integer not null,
    title varchar not null,
    provider varchar,
    failure_category varchar,
    audience varchar not null,
    needs_access varchar[],
    because_of varchar[],
    symptoms varchar[],
    page varchar,
    published_date date not null,
    announced_date date,
    replaced_date date,
    text_hash varchar not null
);
