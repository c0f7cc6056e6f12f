-- mart.score_weeks: one row per measure of the scorecard and week: what can be added up over weeks
-- key: measure, week
-- step: measure
-- reads: mart.measures, mart.exposure, mart.merged_changes, mart.runbook_use, mart.onboardings, core.input_deals, core.clock
-- column: measure name of the measure
-- column: week Monday of the week
-- column: kind share (k of d), rate (k for each d) or count (k alone)
-- column: k counted
-- column: d out of, or per
-- column: n_unknown left out, as it is not known when it was due (onboardings, by the week of the request); NULL for other measures
with week as (
    select distinct m.week, k.reporting_zone from mart.measures m cross join core.clock k where m.measure = 'volume'
)
select measure, week, 'share' as kind, numerator as k, denominator as d, null as n_unknown
from mart.measures
where statistic = 'share' and group_key = 'all' and (measure, variant) in (
    ('resolution_without_tier3', 'by_resolution_week'), ('handled_alone', 'by_resolution_week')
)
union all
-- what a ruling withdrew met the criteria after all; it counts so once OPS may no longer reply
select 'criteria_met', c.week, 'share', c.denominator - c.numerator + w.numerator, c.denominator, null
from mart.measures c
join mart.measures w on w.week = c.week and w.measure = c.measure and w.statistic = c.statistic and w.group_key = c.group_key
where c.measure = 'ops_should_have_handled' and c.variant = 'claimed_week' and w.variant = 'withdrawn_week' and c.statistic = 'share'
    and c.group_key = 'all'
union all
select 'repeats_per_dealer', m.week, 'rate', m.numerator, x.n, null
from mart.measures m
join mart.exposure x on x.week = m.week and x.per = 'live_dealers' and x.group_key = 'all'
where m.measure = 'repeats' and m.variant = 'same_failure_week' and m.statistic = 'share' and m.group_key = 'all'
union all
select 'volume_per_' || if(x.per = 'heads', 'head', 'dealer'), m.week, 'rate', m.numerator, x.n, null
from mart.measures m
join mart.exposure x on x.week = m.week and x.group_key = 'all'
where m.measure = 'volume' and m.statistic = 'count' and m.group_key = 'all'
union all
select 'merged_changes', w.week, 'count', count(c.change_ref), null, null
from week w
left join mart.merged_changes c on c.is_of_role
    and cast(date_trunc('week', timezone(w.reporting_zone, timezone('UTC', c.merged_at))) as date) = w.week
group by w.week
union all
select 'runbooks_in_use', w.week, 'count', count(u.runbook_id), null, null
from week w
left join mart.runbook_use u on cast(date_trunc('week', timezone(w.reporting_zone, timezone('UTC', u.first_used_at))) as date) = w.week
group by w.week
union all
select 'integration_success', week, 'share', count(*) filter (is_due and coalesce(is_on_time, false)), count(*) filter (is_due),
    count(*) filter (not is_due)
from (
    select cast(date_trunc('week', coalesce(o.due_date, cast(timezone(k.reporting_zone, timezone('UTC', o.requested_at)) as date))) as date) as week,
        o.due_date is not null as is_due, o.is_on_time
    from mart.onboardings o
    cross join core.clock k
    where o.exclusion_reason is null
)
where week <= (select week from core.clock)
group by week
union all
select 'deal_losses', cast(date_trunc('week', decided_date) as date), 'share', count(*) filter (is_integration_cited), count(*), null
from core.input_deals
where is_lost and decided_date < (select week from core.clock) + 7
group by 2
