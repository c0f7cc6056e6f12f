-- core.text_matches: one row per ticket and thing its text was found to say when it was escalated
-- key: issue_id, kind, ref
-- step: judge
-- column: issue_id Jira's numeric id
-- column: kind runbook (a signature matched) or error (it shows one)
-- column: ref id and version of the runbook, or the word error
-- column: words the words that matched
create table core.text_matches (
    issue_id bigint not null,
    kind varchar not null,
    ref varchar not null,
    words varchar not null
);
