-- mart.audit: one row per estimate of the blind audit, pooled over as many weeks as it takes to say something
-- key: estimate
-- step: measure
-- reads: mart.audit_results, core.clock
-- column: estimate precision (of what we say OPS should have handled, the part that persons say so of, who did not see our verdict) or
--   miss_rate (of what we do not say so of, the part that persons do)
-- column: n_weeks_pooled 4, 13 or 26 weeks up to the reported one: the fewest in which 20 are answered, else 26
-- column: n_drawn drawn in them
-- column: n_answered answered in them
-- column: n_yes of those, how many persons say OPS should have handled
-- column: value weighted by one over the chance of having been drawn (Horvitz & Thompson 1952)
-- column: low lower 95 % bound: Wilson's at the effective number of answers (Kish 1965)
-- column: high upper 95 % bound
-- column: is_too_few fewer than 20 are answered
with span as (
    select unnest([4, 13, 26]) as n_weeks
),
told as (
    select s.n_weeks, if(r.stratum = 'flagged', 'precision', 'miss_rate') as estimate, count(*) as n_drawn,
        count(r.answer) as n_answered, count(*) filter (r.answer = 'should_have_handled') as n_yes,
        sum(1 / r.inclusion_probability) filter (r.answer = 'should_have_handled') as yes,
        sum(1 / r.inclusion_probability) filter (r.answer is not null) as whole,
        sum((1 / r.inclusion_probability) ** 2) filter (r.answer is not null) as squares
    from span s
    cross join core.clock k
    join mart.audit_results r on r.week > k.week - 7 * s.n_weeks and r.week <= k.week
    group by s.n_weeks, estimate
),
chosen as (
    select * from told
    qualify row_number() over (
        partition by estimate order by n_answered < 20, case when n_answered < 20 then -n_weeks else n_weeks end
    ) = 1
),
stated as (
    select e.estimate, coalesce(c.n_weeks, 26) as n_weeks_pooled, coalesce(c.n_drawn, 0) as n_drawn, coalesce(c.n_answered, 0) as n_answered,
        coalesce(c.n_yes, 0) as n_yes, if(c.whole > 0, coalesce(c.yes, 0) / c.whole, null) as value, c.whole ** 2 / c.squares as n_effective
    from (select unnest(['precision', 'miss_rate']) as estimate) e
    left join chosen c using (estimate)
)
select estimate, n_weeks_pooled, n_drawn, n_answered, n_yes, value, core.wilson_low(value * n_effective, n_effective) as low,
    core.wilson_high(value * n_effective, n_effective) as high, n_answered < 20 as is_too_few
from stated
