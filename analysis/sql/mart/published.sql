-- mart.published: one row per published number and time that it was published
-- key: event_id
-- step: measure
-- reads: state.published
-- column: event_id idempotency key
-- column: run_id run that published it
-- column: recorded_at when, UTC
-- column: week Monday of the week
-- column: measure name of the measure
-- column: variant which form of it
-- column: statistic share, count, sum, rate, median or p90
-- column: group_key all or a group
-- column: numerator tickets in the numerator
-- column: denominator tickets counted
-- column: value the number as published
-- column: low lower bound
-- column: high upper bound
-- column: n escalations that stand behind it
-- column: n_pending escalations whose outcome was still open
-- column: n_weeks_pooled weeks counted together
-- column: is_too_few fewer than 20 were counted
-- column: is_final the week's 14 days were over
-- column: cause why it replaces a final number; NULL where it does not
-- column: is_backfill published long after its week by a backfill
-- column: is_latest nothing newer was published of it
select event_id, run_id, recorded_at, week, measure, variant, statistic, group_key, numerator, denominator, value, low, high, n, n_pending,
    n_weeks_pooled, is_too_few, is_final, cause, coalesce(is_backfill, false) as is_backfill,
    row_number() over (partition by week, measure, variant, statistic, group_key order by event_id desc) = 1 as is_latest
from state.published
