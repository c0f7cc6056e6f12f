-- mart.shown_measures: one row per number as pages print it: of final weeks as it was published, else as it is now
-- key: week, measure, variant, statistic, group_key
-- step: measure
-- reads: mart.measures, mart.published
-- column: week Monday of the last week counted
-- column: measure name of the measure
-- column: variant which form of it
-- column: statistic share, count, sum, rate, median or p90
-- column: group_key all or a group
-- column: numerator escalations in the numerator
-- column: denominator escalations counted
-- column: value the number
-- column: low lower bound
-- column: high upper bound
-- column: n escalations that stand behind it
-- column: n_pending escalations whose outcome is still open
-- column: n_weeks_pooled weeks counted together
-- column: is_too_few fewer than 20 are counted
-- column: published_id event of the final number; NULL where it is the present one
with final as (
    select * from mart.published where is_latest and is_final
)
select week, measure, variant, statistic, group_key,
    if(f.event_id is null, m.numerator, f.numerator) as numerator, if(f.event_id is null, m.denominator, f.denominator) as denominator,
    if(f.event_id is null, m.value, f.value) as value, if(f.event_id is null, m.low, f.low) as low,
    if(f.event_id is null, m.high, f.high) as high, if(f.event_id is null, m.n, f.n) as n,
    if(f.event_id is null, m.n_pending, f.n_pending) as n_pending,
    if(f.event_id is null, m.n_weeks_pooled, f.n_weeks_pooled) as n_weeks_pooled,
    if(f.event_id is null, m.is_too_few, f.is_too_few) as is_too_few, f.event_id as published_id
from mart.measures m
full join final f using (week, measure, variant, statistic, group_key)
-- of a final week no group that came later
where f.event_id is not null or m.group_key not like 'provider:%' or week not in (select week from final)
