-- core.access: one row per thing that OPS may use, with dates
-- key: access, since
-- step: judge
-- column: access id of the screen or portal
-- column: since first day
-- column: until first day no longer
create table core.access (
    access varchar not null,
    since date not null,
    until date
);
