-- core.status_rules: one row per status that site.toml mentions
-- key: value
-- step: load
-- column: value status name in lower case, or id
-- column: is_done whether it counts as done, where site.toml says so
-- column: waiting_on provider, dealer or ops, where the status means waiting
-- column: is_usually_done counts as done where nothing else tells
create table core.status_rules (
    value varchar not null,
    is_done boolean,
    waiting_on varchar,
    is_usually_done boolean not null
);
