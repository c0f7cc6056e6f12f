-- mart.restatements: one row per later change of a number of a final week
-- key: event_id
-- step: measure
-- reads: state.published
-- column: event_id idempotency key
-- column: replaces event_id of the number that it replaces; NULL where nothing had been told of that group
-- column: week Monday of the week
-- column: measure name of the measure
-- column: variant which form of it
-- column: statistic share, count, sum, rate, median or p90
-- column: group_key all or a group
-- column: old_value as published before; NULL where it was not
-- column: new_value as published again
-- column: cause late_data, reopen, correction, rules, model or definition
-- column: recorded_at when, UTC
select n.event_id, n.replaces, n.week, n.measure, n.variant, n.statistic, n.group_key, o.value as old_value, n.value as new_value,
    n.cause, n.recorded_at
from state.published n
left join state.published o on o.event_id = n.replaces
where n.cause is not null
