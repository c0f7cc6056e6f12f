-- core.input_assessments: one row per line of inputs/assessments.csv
-- key: none, it holds one row per line as a person wrote it
-- step: measure
-- column: measure what was assessed
-- column: assessed_date when
-- column: is_met whether it is met
-- column: note what else the person says
create table core.input_assessments (
    measure varchar not null,
    assessed_date date not null,
    is_met boolean not null,
    note varchar
);
