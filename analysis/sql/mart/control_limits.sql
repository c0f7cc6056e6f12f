-- mart.control_limits: one row per share and week: what was usual in the 26 weeks before, and what chance may make of it
-- key: week, measure, variant
-- step: measure
-- reads: mart.measures
-- column: week Monday of the week
-- column: measure name of the measure
-- column: variant which form of it
-- column: numerator escalations of that week in the numerator
-- column: denominator escalations of that week that are counted
-- column: value share of that week alone
-- column: centre share in the 26 weeks before; NULL where fewer than 8 of them have anything to count
-- column: lower_limit three sigma below, widened for more spread than chance gives (Laney's p') and for the skew of small shares
-- column: upper_limit three sigma above, widened likewise
-- column: is_outside beyond its limits; NULL where there are none
with signal as (
    select week, measure, regexp_replace(variant, '_week$', '') as variant, numerator, denominator
    from mart.measures
    where statistic = 'share' and group_key = 'all' and variant like '%_week'
),
before as (
    select s.week, s.measure, s.variant, b.week as earlier_week, b.numerator as k, b.denominator as n,
        sum(b.numerator) over each / sum(b.denominator) over each as centre
    from signal s
    join signal b on b.measure = s.measure and b.variant = s.variant and b.week < s.week and b.week >= s.week - 182 and b.denominator > 0
    window each as (partition by s.week, s.measure, s.variant)
),
scored as (
    select week, measure, variant, earlier_week, centre, (k / n - centre) / nullif(sqrt(centre * (1 - centre) / n), 0) as z from before
),
moved as (
    select week, measure, variant, centre, abs(z - lag(z) over (partition by week, measure, variant order by earlier_week)) as moving_range from scored
),
usual as (
    -- 1.128: mean range of two normal values. Less spread than chance gives is luck, so the limits never narrow.
    select week, measure, variant, any_value(centre) as centre, greatest(1, coalesce(avg(moving_range) / 1.128, 1)) as spread
    from moved
    group by week, measure, variant
    having count(*) >= 8
),
reached as (
    -- skew: Winterbottom's correction, on the long side only. Without it, where 15 come a week and 1 to 3 % is usual, one or two
    -- tickets raise an alarm in 2 to 4 of 100 calm weeks; with it in 1 of 1,000, as three sigma promise.
    select s.*, s.numerator / nullif(s.denominator, 0) as value, u.centre,
        3 * u.spread * sqrt(u.centre * (1 - u.centre) / nullif(s.denominator, 0)) as reach,
        4 * (1 - 2 * u.centre) / (3 * nullif(s.denominator, 0)) as skew
    from signal s
    left join usual u using (week, measure, variant)
),
limited as (
    select *, case when reach is not null then greatest(0, centre - reach + least(0, skew)) end as lower_limit,
        case when reach is not null then least(1, centre + reach + greatest(0, skew)) end as upper_limit
    from reached
)
select week, measure, variant, numerator, denominator, value, centre, lower_limit, upper_limit,
    value < lower_limit or value > upper_limit as is_outside
from limited
