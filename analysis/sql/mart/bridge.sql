-- mart.bridge: one row per week: what a change of "resolved without Tier 3" comes from
-- key: week
-- step: measure
-- reads: mart.measures
-- column: week Monday of the last week counted
-- column: n_weeks_pooled weeks counted together; compared with as many just before
-- column: value share now
-- column: value_before share in the weeks before
-- column: by_mix how much of the change comes from a smaller or larger part of what OPS should have handled
-- column: by_resolution how much comes from more or fewer of either part being resolved without Tier 3
-- column: touches escalations that touched Tier 3 now
-- column: touches_before in the weeks before
-- column: is_better the share rose and Tier 3 was not called upon more often
with form as (
    select week, n_weeks_pooled as weeks, variant, numerator as k, denominator as n
    from mart.measures
    where measure = 'resolution_without_tier3' and statistic = 'share' and group_key = 'all'
        and variant in ('by_resolution_week', 'without_avoidable_week')
),
chosen as (
    select week, n_weeks_pooled as weeks from mart.measures
    where measure = 'resolution_without_tier3' and variant = 'by_resolution' and statistic = 'share' and group_key = 'all'
),
-- easy: what OPS should have handled; hard: the rest
summed as (
    select c.week, c.weeks, f.week > c.week - cast(7 * c.weeks as integer) as is_now,
        sum(k) filter (variant = 'by_resolution_week') - sum(k) filter (variant = 'without_avoidable_week') as k_easy,
        sum(n) filter (variant = 'by_resolution_week') - sum(n) filter (variant = 'without_avoidable_week') as n_easy,
        sum(k) filter (variant = 'without_avoidable_week') as k_hard, sum(n) filter (variant = 'without_avoidable_week') as n_hard
    from chosen c
    join form f on f.week <= c.week and f.week > c.week - cast(14 * c.weeks as integer)
    group by all
),
part as (
    -- a part that is empty at one end has there the share that it has at the other
    select now.week, now.weeks, now.k_easy + now.k_hard as k1, now.n_easy + now.n_hard as n1, old.k_easy + old.k_hard as k0,
        old.n_easy + old.n_hard as n0, now.n_easy / (now.n_easy + now.n_hard) as w1, old.n_easy / (old.n_easy + old.n_hard) as w0,
        coalesce(now.k_easy / nullif(now.n_easy, 0), old.k_easy / nullif(old.n_easy, 0), 0) as e1,
        coalesce(old.k_easy / nullif(old.n_easy, 0), now.k_easy / nullif(now.n_easy, 0), 0) as e0,
        coalesce(now.k_hard / nullif(now.n_hard, 0), old.k_hard / nullif(old.n_hard, 0), 0) as h1,
        coalesce(old.k_hard / nullif(old.n_hard, 0), now.k_hard / nullif(now.n_hard, 0), 0) as h0
    from summed now
    join summed old on old.week = now.week and not old.is_now
    where now.is_now and now.n_easy + now.n_hard > 0 and old.n_easy + old.n_hard > 0
)
select week, weeks as n_weeks_pooled, k1 / n1 as value, k0 / n0 as value_before, (w1 - w0) * (e1 + e0 - h1 - h0) / 2 as by_mix,
    (w1 + w0) / 2 * (e1 - e0) + (1 - (w1 + w0) / 2) * (h1 - h0) as by_resolution,
    cast(n1 - k1 as bigint) as touches, cast(n0 - k0 as bigint) as touches_before, k1 / n1 > k0 / n0 and n1 - k1 <= n0 - k0 as is_better
from part
