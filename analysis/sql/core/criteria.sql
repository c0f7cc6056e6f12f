-- core.criteria: one row per version of a criterion, also of those that are no longer in the file
-- key: criterion_id, version
-- step: judge
-- column: criterion_id id in escalation_criteria.toml
-- column: version from 1
-- column: title the rule in plain words
-- column: effective_from judges escalations from this day on
-- column: effective_until first day on which the next version judges, or on which it was no longer in the file
-- column: test how it is tested: runbook, normal_delay, solved_before, question, already_open, information or checks
-- column: claims the verdict where it is met: should_have_handled or incomplete
-- column: times how often OPS must have solved the same failure; NULL for other tests
-- column: within_days in how many days before; NULL for other tests
create table core.criteria (
    criterion_id varchar not null,
    version integer not null,
    title varchar not null,
    effective_from date not null,
    effective_until date,
    test varchar not null,
    claims varchar not null,
    times integer,
    within_days integer
);
