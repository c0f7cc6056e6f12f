-- mart.published: one row per published number
-- key: event_id
-- step: measure
-- reads: state.published
-- column: event_id idempotency key
-- column: run_id run that published it
-- column: recorded_at when, UTC
-- column: week Monday of the week
-- column: measure name of the measure
-- column: variant which form of it
-- column: statistic share, count, rate, median or p90
-- column: group_key all or a group
-- column: numerator tickets in the numerator
-- column: denominator tickets counted
-- column: value the number as published
-- column: low lower bound
-- column: high upper bound
select event_id, run_id, recorded_at, week, measure, variant, statistic, group_key, numerator, denominator, value, low, high
from state.published
