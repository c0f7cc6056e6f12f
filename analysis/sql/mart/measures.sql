-- mart.measures: one row per week, measure, variant, statistic and group
-- key: week, measure, variant, statistic, group_key
-- step: measure
-- store: table
-- refresh: full
-- reads: mart.all_facts, mart.facts, mart.definitions, mart.exposure, core.clock
-- column: week Monday of the last week counted
-- column: measure name of the measure
-- column: variant which form of it; a form ending in _week counts that week alone
-- column: statistic share, count, sum, rate, median or p90; durations that may not be over yet are Kaplan–Meier's
-- column: group_key all, or provider:…, category:…, criterion:…
-- column: numerator escalations in the numerator
-- column: denominator escalations counted; for rates what they are told per, weeks added up
-- column: value the number: a fraction of 1 for shares, escalations for counts, days for ages, hours for times and efforts
-- column: low lower 95 % bound: Wilson's for shares, Byar's for rates
-- column: high upper 95 % bound
-- column: n escalations that stand behind the row
-- column: n_pending escalations whose outcome is still open, not counted
-- column: n_weeks_pooled weeks counted together, ending with this one
-- column: is_too_few fewer than 20 are counted, so no change may be claimed
with alike as (
    -- counted first by the groups that they have in common, which are few
    select week, measure, variant, provider_key, category_key, criterion_key, count(*) filter (not is_pending) as n,
        count(*) filter (in_numerator and not is_pending) as k, count(*) filter (is_pending) as n_pending, sum(value) as total
    from mart.all_facts
    group by all
),
grouped as (
    select week, measure, variant, n, k, n_pending, total,
        unnest(list_filter(['all', provider_key, category_key, criterion_key], lambda one: one is not null)) as group_key
    from alike
),
spread as (
    select f.week, f.measure, f.variant, f.group_key, quantile_cont(f.value, 0.5) as median, quantile_cont(f.value, 0.9) as p90
    from mart.facts f
    join mart.definitions d on d.measure = f.measure and d.variant = f.variant
    where list_contains(d.statistics, 'median') and not d.is_censored
    group by all
),
counted as (
    select g.week, g.measure, g.variant, g.group_key, sum(g.n) as n, sum(g.k) as k, sum(g.n_pending) as n_pending, sum(g.total) as total,
        any_value(s.median) as median, any_value(s.p90) as p90
    from grouped g
    left join spread s using (week, measure, variant, group_key)
    group by g.week, g.measure, g.variant, g.group_key
),
span as (
    select cast(unnest(generate_series(least((select min(week) from counted), k.week), k.week, interval 7 days)) as date) as week
    from core.clock k
),
grid as (
    select s.week, g.measure, g.variant, g.group_key, d.first_window, d.statistics, d.is_censored, d.per, d.scale,
        coalesce(c.n, 0) as n, coalesce(c.k, 0) as k, coalesce(c.n_pending, 0) as n_pending, c.median, c.p90, c.total,
        x.n as exposure
    from span s
    cross join (
        select distinct measure, variant, group_key from counted
        union select measure, variant, 'all' from mart.definitions where not is_week_alone
    ) g
    join mart.definitions d on d.measure = g.measure and d.variant = g.variant
    left join counted c on c.week = s.week and c.measure = g.measure and c.variant = g.variant and c.group_key = g.group_key
    -- of a failure category all dealers may tell
    left join mart.exposure x on x.week = s.week and x.per = d.per
        and x.group_key = case when g.group_key like 'provider:%' then g.group_key else 'all' end
),
pooled as (
    select *, 1 as n_weeks, n as n_pooled, k as k_pooled, n_pending as pending_pooled, exposure as exposure_pooled from grid
    union all
    select *, 4, sum(n) over last_4, sum(k) over last_4, sum(n_pending) over last_4, sum(exposure) over last_4 from grid
    window last_4 as (partition by measure, variant, group_key order by week rows between 3 preceding and current row)
    union all
    select *, 13, sum(n) over last_13, sum(k) over last_13, sum(n_pending) over last_13, sum(exposure) over last_13 from grid
    window last_13 as (partition by measure, variant, group_key order by week rows between 12 preceding and current row)
    union all
    select *, 26, sum(n) over last_26, sum(k) over last_26, sum(n_pending) over last_26, sum(exposure) over last_26 from grid
    window last_26 as (partition by measure, variant, group_key order by week rows between 25 preceding and current row)
),
widened as (
    -- the narrowest window in which 20 are counted; where none reaches that, the widest
    select * from pooled
    where (list_contains(statistics, 'share') or list_contains(statistics, 'rate') or is_censored) and n_weeks >= first_window
    qualify row_number() over (
        partition by week, measure, variant, group_key order by n_pooled < 20, case when n_pooled < 20 then -n_weeks else n_weeks end
    ) = 1
),
share as (
    select week, measure, variant, group_key, k_pooled as k, n_pooled as n, pending_pooled as n_pending, n_weeks from widened
    where list_contains(statistics, 'share')
    union all
    select week, measure, variant || '_week', group_key, k_pooled, n_pooled, pending_pooled, 1 from pooled
    where list_contains(statistics, 'share') and n_weeks = 1
),
stated as (
    select week, measure, variant, 'share' as statistic, group_key, k as numerator, n as denominator, k / nullif(n, 0) as value,
        core.wilson_low(k, n) as low, core.wilson_high(k, n) as high,
        n, n_pending, n_weeks as n_weeks_pooled
    from share
    union all
    select week, measure, variant, unnest(list_filter(statistics, lambda one: one not in ('share', 'rate'))) as statistic, group_key,
        k, null, case statistic when 'median' then median when 'p90' then p90 when 'sum' then total else k end, null, null, n, n_pending, 1
    from grid
    where not is_censored
    union all
    select week, measure, variant, 'rate', group_key, k_pooled, exposure_pooled, scale * k_pooled / nullif(exposure_pooled, 0),
        scale * core.byar_low(k_pooled) / nullif(exposure_pooled, 0), scale * core.byar_high(k_pooled) / nullif(exposure_pooled, 0),
        n_pooled, pending_pooled, n_weeks
    from widened
    where list_contains(statistics, 'rate')
    union all
    -- the step fills in what Kaplan and Meier make of these
    select week, measure, variant, unnest(statistics), group_key, k_pooled, null, null, null, null, n_pooled, pending_pooled, n_weeks
    from widened
    where is_censored
)
select week, measure, variant, statistic, group_key, cast(numerator as bigint) as numerator, cast(denominator as bigint) as denominator,
    cast(value as double) as value, low, high,
    cast(n as bigint) as n, cast(n_pending as bigint) as n_pending, n_weeks_pooled, n < 20 as is_too_few
from stated
