-- core.targets: one row per target of targets.toml
-- key: measure, month
-- step: measure
-- column: measure what is measured
-- column: month calendar month by which, counted from the start
-- column: title in words
-- column: better up, down or assessed
-- column: target what is to be reached; NULL = better than the baseline
-- column: month_start first day of that month; NULL without a start date
-- column: start_date first day of the role
-- column: role_group team whose own work the rows about the role count
create table core.targets (
    measure varchar not null,
    month integer not null,
    title varchar not null,
    better varchar not null,
    target double,
    month_start date,
    start_date date,
    role_group varchar
);
