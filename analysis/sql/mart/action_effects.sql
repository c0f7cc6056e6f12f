-- mart.action_effects: one row per done action with a known target: escalations of its target before and since
-- key: action_id
-- step: measure
-- reads: mart.actions, mart.tagged_escalations, core.clock, core.ticket_facts, core.tickets, core.verdicts
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
with start as (
    -- the week in which the desk's first ticket was made is not a whole one
    select cast(date_trunc('week', timezone(any_value(k.reporting_zone), timezone('UTC', min(t.created_at)))) as date) + 7 as week
    from core.tickets t
    join core.ticket_facts f using (issue_id)
    cross join core.clock k
    where f.is_ticket
),
goal as (
    select a.action_id, a.done_at, a.provider, a.failure_category, a.dealer_id, a.criterion_id, k.week as last_week, s.week as start_week,
        cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', a.done_at))) as date) as done_week
    from mart.actions a
    cross join core.clock k
    cross join start s
    where a.status = 'done' and a.is_target_known and a.done_at is not null
),
span as (
    select *, greatest(done_week - 91, start_week) as first_week,
        cast(greatest(0, (least(done_week, last_week + 7) - greatest(done_week - 91, start_week)) // 7) as integer) as n_weeks_before,
        cast(greatest(0, (last_week - greatest(done_week, start_week - 7)) // 7) as integer) as n_weeks_since
    from goal
),
hit as (
    select s.action_id, count(*) filter (e.escalated_week < s.done_week) as n_before,
        count(*) filter (e.escalated_week > s.done_week) as n_since
    from span s
    join mart.tagged_escalations e on e.escalated_week between s.first_week and s.last_week and not e.is_excluded
        and (s.provider is null or e.provider = s.provider)
        and (s.failure_category is null or e.failure_category = s.failure_category)
        and (s.dealer_id is null or e.dealer_id = s.dealer_id)
    left join core.verdicts v on v.issue_id = e.issue_id and v.escalation_no = e.escalation_no and v.verdict = 'should_have_handled'
    where s.criterion_id is null or v.criterion_id = s.criterion_id
    group by s.action_id
),
counted as (
    select s.*, coalesce(h.n_before, 0) as n_before, coalesce(h.n_since, 0) as n_since,
        coalesce(h.n_before, 0) + coalesce(h.n_since, 0) as n
    from span s
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
