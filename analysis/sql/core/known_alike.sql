-- core.known_alike: one row per escalation and thing that it was alike by what was known then
-- key: issue_id, escalation_no, kind, ref
-- step: judge
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: kind runbook (the words by which it tells when it is for), open (another escalation of the dealer) or solved (a ticket that
--   OPS resolved by itself)
-- column: ref id and version of the runbook, or issue id of the other ticket
-- column: log_odds natural log-odds that both are the same failure, or that of the provider's runbooks, and none, this one is for it
-- column: words the most telling words that both have
create table core.known_alike (
    issue_id bigint not null,
    escalation_no integer not null,
    kind varchar not null,
    ref varchar not null,
    log_odds double not null,
    words varchar not null
);
