-- mart.dealers: one row per dealer of dealers.csv
-- key: dealer_id
-- step: measure
-- reads: core.dealers
-- column: dealer_id our id of the dealer
-- column: name its name
-- column: provider its main provider
-- column: live_from first day live
-- column: live_until first day no longer live
select dealer_id, name, provider, live_from, live_until from core.dealers
