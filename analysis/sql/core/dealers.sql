-- core.dealers: one row per dealer of dealers.csv
-- key: dealer_id
-- step: load
-- column: dealer_id our id of the dealer
-- column: name its name
-- column: provider its main provider
-- column: live_from first day live
-- column: live_until first day no longer live
create table core.dealers (
    dealer_id varchar not null,
    name varchar not null,
    provider varchar,
    live_from date,
    live_until date
);
