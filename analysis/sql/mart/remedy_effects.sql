-- mart.remedy_effects: one row per family and remedy that is in effect: escalations of the family before and since
-- key: family_id, kind, ref
-- step: measure
-- reads: mart.remedies, mart.family_escalations, mart.effort, mart.exposure, core.clock, core.tickets, core.ticket_facts
-- column: family_id the family
-- column: kind change, confirmation or runbook
-- column: ref key, name or id of the remedy
-- column: effective_at from when it works, UTC
-- column: is_assumed whether that is assumed
-- column: effective_week Monday of that week, which belongs neither to before nor to since
-- column: n_weeks_before whole weeks before it, at most 13; fewer where the desk's first ticket is younger
-- column: n_weeks_since whole weeks since, up to the reported week
-- column: n_before escalations that occurred in the weeks before
-- column: n_since escalations that occurred in the weeks since
-- column: per what the rates are told per: dealer_week (live dealers, where dealers.csv says which are live) or week
-- column: rate_before escalations by that before
-- column: rate_since escalations by that since
-- column: rate_ratio rate since by rate before; NULL where there were none before
-- column: low lower 95 % bound of the ratio: Wilson's of the share that came since, made a ratio of rates
-- column: high upper 95 % bound; NULL where there were none before
-- column: effort_hours_since working hours of Tier 2 on the family since, an upper bound
-- column: verdict too few (fewer than 4 whole weeks on a side, or fewer than 5 escalations in both), fewer, more, or no change seen
with start as (
    select cast(date_trunc('week', timezone(any_value(k.reporting_zone), timezone('UTC', min(t.created_at)))) as date) + 7 as week
    from core.tickets t
    join core.ticket_facts f using (issue_id)
    cross join core.clock k
    where f.is_ticket
),
remedy as (
    select r.family_id, r.kind, r.ref, r.effective_at, r.is_assumed, k.week as last_week, s.week as start_week, k.reporting_zone,
        cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', r.effective_at))) as date) as effective_week
    from mart.remedies r
    cross join core.clock k
    cross join start s
    where r.effective_at <= k.as_of
),
span as (
    select *, greatest(effective_week - 91, start_week) as first_week,
        cast(greatest(0, (least(effective_week, last_week + 7) - greatest(effective_week - 91, start_week)) // 7) as integer) as n_weeks_before,
        cast(greatest(0, (last_week - greatest(effective_week, start_week - 7)) // 7) as integer) as n_weeks_since
    from remedy
),
seen as (
    select s.family_id, s.kind, s.ref, cast(date_trunc('week', timezone(s.reporting_zone, timezone('UTC', e.occurred_at))) as date) as week
    from span s
    join mart.family_escalations e using (family_id)
),
counted as (
    select s.family_id, s.kind, s.ref, count(*) filter (e.week >= s.first_week and e.week < s.effective_week) as n_before,
        count(*) filter (e.week > s.effective_week and e.week <= s.last_week) as n_since
    from span s
    left join seen e using (family_id, kind, ref)
    group by s.family_id, s.kind, s.ref
),
spent as (
    select s.family_id, s.kind, s.ref, sum(w.hours) as hours
    from span s
    join mart.family_escalations e using (family_id)
    join mart.effort w on w.issue_id = e.issue_id and w.escalation_no = e.escalation_no and w.week > s.effective_week and w.week <= s.last_week
    group by s.family_id, s.kind, s.ref
),
exposed as (
    select s.family_id, s.kind, s.ref, sum(x.n) filter (x.week < s.effective_week) as before, sum(x.n) filter (x.week > s.effective_week) as since
    from span s
    join mart.exposure x on x.per = 'live_dealers' and x.group_key = 'all' and x.week >= s.first_week and x.week <= s.last_week
    group by s.family_id, s.kind, s.ref
),
-- each side's weeks, or its dealers' weeks where it is known on both sides who was live
told as (
    select s.*, c.n_before, c.n_since, c.n_before + c.n_since as n, w.hours,
        if(x.before > 0 and x.since > 0, 'dealer_week', 'week') as per, if(x.before > 0 and x.since > 0, x.before, n_weeks_before) as d_before,
        if(x.before > 0 and x.since > 0, x.since, n_weeks_since) as d_since
    from span s
    join counted c using (family_id, kind, ref)
    left join spent w using (family_id, kind, ref)
    left join exposed x using (family_id, kind, ref)
),
bounded as (
    select *, core.ratio_low(n_before, d_before, n_since, d_since) as low, core.ratio_high(n_before, d_before, n_since, d_since) as high from told
)
select family_id, kind, ref, effective_at, is_assumed, effective_week, n_weeks_before, n_weeks_since, n_before, n_since, per,
    n_before / nullif(d_before, 0) as rate_before, n_since / nullif(d_since, 0) as rate_since,
    n_since / nullif(n_before, 0) * (d_before / nullif(d_since, 0)) as rate_ratio, low, high, coalesce(hours, 0) as effort_hours_since,
    case
        when n_weeks_since < 4 or n_weeks_before < 4 or n < 5 then 'too few'
        when high < 1 then 'fewer'
        when low > 1 then 'more'
        else 'no change seen'
    end as verdict
from bounded
