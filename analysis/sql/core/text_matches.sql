-- core.text_matches: one row per escalation and thing that its words, as known then, were found to say
-- key: issue_id, escalation_no, kind, ref
-- step: judge
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: kind runbook (a signature matched), looked_at (right behind it, that somebody looked at that), error (it shows one) or requirement (what a criterion asks for is there)
-- column: ref id and version of the runbook, or of the criterion with the number of the requirement, or the word error
-- column: words the words that matched
-- column: known_at since when they stood there, UTC
-- column: source_ref where: ticket text, or which comment
create table core.text_matches (
    issue_id bigint not null,
    escalation_no integer not null,
    kind varchar not null,
    ref varchar not null,
    words varchar not null,
    known_at timestamp not null,
    source_ref varchar not null
);
