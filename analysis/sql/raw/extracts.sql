-- raw.extracts: one row per raw file that was loaded
-- key: file
-- step: load
-- column: file name of the file in data/raw
-- column: source_id which Jira the issues come from
-- column: as_of latest time that the file tells of, UTC
-- column: n_issues lines in the file
create table raw.extracts (
    file varchar not null,
    source_id varchar not null,
    as_of timestamp not null,
    n_issues integer not null
);
