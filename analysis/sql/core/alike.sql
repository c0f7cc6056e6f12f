-- core.alike: one row per two tickets of one dealer that are likely the same failure
-- key: issue_id, other_id
-- step: place
-- column: issue_id Jira's numeric id
-- column: other_id that of the other one; the pair stands both ways round
-- column: log_odds that both are the same failure, natural, before it is known that they are of one dealer
create table core.alike (
    issue_id bigint not null,
    other_id bigint not null,
    log_odds double not null
);
