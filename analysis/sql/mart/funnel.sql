-- mart.funnel: one row per share, week and provider: whether it differs from the others by more than chance; never a ranking
-- key: week, measure, variant, group_key
-- step: measure
-- reads: mart.measures
-- column: week Monday of the last week counted
-- column: measure name of the measure
-- column: variant which form of it
-- column: group_key provider:…
-- column: numerator escalations in the numerator, in the weeks pooled for all
-- column: denominator escalations counted in them
-- column: value share of the provider
-- column: centre share of the other providers
-- column: lower_limit below which one of a thousand falls by chance, widened for more spread among providers than chance gives
-- column: upper_limit above which one of a thousand falls by chance, likewise
-- column: is_outside beyond its limits; NULL where fewer than 5 are counted
with pooled as (
    select week, measure, variant, n_weeks_pooled
    from mart.measures
    where statistic = 'share' and group_key = 'all' and variant not like '%_week' and denominator > 0
),
part as (
    select p.week, p.measure, p.variant, g.group_key, sum(g.numerator) as k, sum(g.denominator) as n
    from pooled p
    join mart.measures g on g.measure = p.measure and g.variant = p.variant || '_week' and g.group_key like 'provider:%'
        and g.week <= p.week and g.week > p.week - cast(7 * p.n_weeks_pooled as integer)
    group by all
    having sum(g.denominator) > 0
),
-- each is held against the others: one that stands out must neither move the centre nor widen its own limits
others as (
    select s.week, s.measure, s.variant, s.group_key, s.k, s.n, o.k as other_k, o.n as other_n,
        sum(o.k) over mine / sum(o.n) over mine as centre, sum(o.n) over mine as n_others
    from part s
    join part o on o.week = s.week and o.measure = s.measure and o.variant = s.variant and o.group_key <> s.group_key
    window mine as (partition by s.week, s.measure, s.variant, s.group_key)
),
spread as (
    -- Spiegelhalter's factor, of those with enough to count; less spread than chance gives is luck
    select week, measure, variant, group_key, k, n, centre, n_others, sqrt(greatest(1, coalesce(
        avg((other_k / other_n - centre) ** 2 / nullif(centre * (1 - centre) / other_n, 0)) filter (other_n >= 5), 1
    ))) as factor
    from others
    group by all
),
reached as (
    select *, 3.09 * factor * sqrt(centre * (1 - centre) * (1 / n + 1 / n_others)) as reach from spread
)
select week, measure, variant, group_key, cast(k as bigint) as numerator, cast(n as bigint) as denominator, k / n as value, centre,
    greatest(0, centre - reach) as lower_limit, least(1, centre + reach) as upper_limit,
    case when n >= 5 then value < lower_limit or value > upper_limit end as is_outside
from reached
