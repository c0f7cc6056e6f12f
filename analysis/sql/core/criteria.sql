-- core.criteria: one row per version of a criterion
-- key: criterion_id, version
-- step: judge
-- column: criterion_id id in escalation_criteria.toml
-- column: version from 1
-- column: title the rule in plain words
-- column: effective_from judges escalations from this day on
-- column: effective_until first day on which the next version judges
-- column: test how it is tested: runbook or normal_delay
create table core.criteria (
    criterion_id varchar not null,
    version integer not null,
    title varchar not null,
    effective_from date not null,
    effective_until date,
    test varchar not null
);
