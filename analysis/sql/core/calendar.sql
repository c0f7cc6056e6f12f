-- core.calendar: one row per working day
-- key: opens_at
-- step: load
-- column: work_date the day in the reporting zone
-- column: opens_at start of work, UTC
-- column: closes_at end of work, UTC
-- column: hours_before working hours of all days before this one
create table core.calendar (
    work_date date not null,
    opens_at timestamp not null,
    closes_at timestamp not null,
    hours_before double not null
);
