-- core.clock: the one row that says what time it is for the pages
-- key: none, it has one row
-- step: measure
-- column: as_of the moment of which the pages tell, UTC
-- column: week Monday of the reported week
-- column: reporting_zone time zone in which weeks are cut
create table core.clock (
    as_of timestamp not null,
    week date not null,
    reporting_zone varchar not null
);
