-- core.input_changes: one row per line of inputs/changes.csv
-- key: none, it holds one row per line as a person wrote it
-- step: measure
-- column: change_ref name or address of the change
-- column: merged_date when it was merged
-- column: deployed_date when it was deployed
-- column: ticket_key ticket it was made for
create table core.input_changes (
    change_ref varchar not null,
    merged_date date not null,
    deployed_date date,
    ticket_key varchar
);
