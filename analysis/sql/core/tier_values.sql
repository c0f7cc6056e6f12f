-- core.tier_values: one row per value that shows a tier
-- key: source_no, value
-- step: load
-- column: source_no place of the tier source in site.toml
-- column: value name in lower case, or id
-- column: tier 0 to 3
create table core.tier_values (
    source_no integer not null,
    value varchar not null,
    tier integer not null
);
