-- core.requirements: one row per thing that a version of a criterion asks OPS to hand over
-- key: criterion_id, criterion_version, requirement_no
-- step: judge
-- column: criterion_id id in escalation_criteria.toml
-- column: criterion_version its version
-- column: requirement_no from 1
-- column: what in plain words
-- column: role the mapped field that tells it; NULL where only words do
-- column: provider asked of tickets of this provider only
-- column: failure_category asked of tickets of this category only
create table core.requirements (
    criterion_id varchar not null,
    criterion_version integer not null,
    requirement_no integer not null,
    what varchar not null,
    role varchar,
    provider varchar,
    failure_category varchar
);
