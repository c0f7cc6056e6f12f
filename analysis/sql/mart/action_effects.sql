-- mart.action_effects: one row per done action with a known target: escalations of its target before and since
-- key: action_id
-- step: measure
-- reads: mart.action_spans, mart.action_escalations
-- column: action_id key or name of the action
-- column: done_at when it was done, UTC
-- column: done_week Monday of that week, which belongs neither to before nor to since
-- column: n_weeks_before whole weeks before it, at most 13; fewer where the desk's first ticket is younger
-- column: n_weeks_since whole weeks since, up to the reported week
-- column: n_before escalations of its target in the weeks before; excluded ones are left out
-- column: n_since escalations of its target in the weeks since
-- column: rate_before escalations a week before
-- column: rate_since escalations a week since
-- column: rate_ratio rate since by rate before; NULL where there were none before
-- column: low lower 95 % bound of the ratio: Wilson's of the share that came since, made a ratio of rates
-- column: high upper 95 % bound; NULL where there were none before, for then there is no bound
-- column: verdict too early (fewer than 4 whole weeks since, or before, or fewer than 5 escalations in both together), fewer
--   (the interval lies below 1), more (above 1) or no change seen
with hit as (
    select action_id, count(*) filter (is_before) as n_before, count(*) filter (not is_before) as n_since
    from mart.action_escalations
    group by action_id
),
counted as (
    select s.*, coalesce(h.n_before, 0) as n_before, coalesce(h.n_since, 0) as n_since,
        coalesce(h.n_before, 0) + coalesce(h.n_since, 0) as n
    from mart.action_spans s
    left join hit h using (action_id)
)
select action_id, done_at, done_week, n_weeks_before, n_weeks_since, n_before, n_since, n_before / nullif(n_weeks_before, 0) as rate_before,
    n_since / nullif(n_weeks_since, 0) as rate_since, rate_since / nullif(rate_before, 0) as rate_ratio,
    core.ratio_low(n_before, n_weeks_before, n_since, n_weeks_since) as low, core.ratio_high(n_before, n_weeks_before, n_since, n_weeks_since) as high,
    case
        when n_weeks_since < 4 or n_weeks_before < 4 or n < 5 then 'too early'
        when high < 1 then 'fewer'
        when low > 1 then 'more'
        else 'no change seen'
    end as verdict
from counted
