-- mart.remedy_effects: one row per family and remedy that has taken effect: escalations of the family before and since
-- key: family_id, kind, ref
-- step: measure
-- reads: mart.remedy_spans, mart.remedy_escalations, mart.family_escalations, mart.effort, mart.exposure
-- column: family_id the family
-- column: kind change, confirmation or runbook
-- column: ref key, name or id of the remedy
-- column: effective_at from when it works, UTC
-- column: is_assumed whether that is assumed
-- column: effective_week Monday of that week, which belongs neither to before nor to since
-- column: n_weeks_before whole weeks before it, at most 13; fewer where the desk's first ticket is younger
-- column: n_weeks_since whole weeks since, up to the reported week, or to the last one before the runbook was replaced
-- column: n_before escalations that occurred in the weeks before
-- column: n_since escalations that occurred in the weeks since
-- column: per what the rates are told per: dealer_week (a live dealer's week), where dealers.csv tells for each of these weeks who was
--   live, else week
-- column: rate_before escalations by that before
-- column: rate_since escalations by that since
-- column: rate_ratio rate since by rate before; NULL where there were none before
-- column: low lower 95 % bound of the ratio: Wilson's of the share that came since, made a ratio of rates
-- column: high upper 95 % bound; NULL where there were none before
-- column: effort_hours_since working hours of Tier 2 on the family in the weeks since, an upper bound
-- column: verdict too few (fewer than 4 whole weeks on a side, or fewer than 5 escalations in both), fewer, more, or no change seen
with counted as (
    select family_id, kind, ref, count(*) filter (is_before) as n_before, count(*) filter (not is_before) as n_since
    from mart.remedy_escalations
    group by family_id, kind, ref
),
spent as (
    select s.family_id, s.kind, s.ref, sum(w.hours) as hours
    from mart.remedy_spans s
    join mart.family_escalations e using (family_id)
    join mart.effort w on w.issue_id = e.issue_id and w.escalation_no = e.escalation_no and w.week > s.effective_week and w.week <= s.last_week
    group by s.family_id, s.kind, s.ref
),
exposed as (
    select s.family_id, s.kind, s.ref, sum(x.n) filter (x.week < s.effective_week) as before, sum(x.n) filter (x.week > s.effective_week) as since
    from mart.remedy_spans s
    join mart.exposure x on x.per = 'live_dealers' and x.group_key = 'all' and x.week between s.first_week and s.last_week
    group by s.family_id, s.kind, s.ref, s.n_weeks_before, s.n_weeks_since
    having count(*) filter (x.week < s.effective_week) = s.n_weeks_before and count(*) filter (x.week > s.effective_week) = s.n_weeks_since
),
told as (
    select s.*, coalesce(c.n_before, 0) as n_before, coalesce(c.n_since, 0) as n_since, coalesce(w.hours, 0) as effort_hours_since,
        if(x.ref is not null, 'dealer_week', 'week') as per, if(x.ref is not null, x.before, s.n_weeks_before) as exposure_before,
        if(x.ref is not null, x.since, s.n_weeks_since) as exposure_since
    from mart.remedy_spans s
    left join counted c using (family_id, kind, ref)
    left join spent w using (family_id, kind, ref)
    left join exposed x using (family_id, kind, ref)
)
select family_id, kind, ref, effective_at, is_assumed, effective_week, n_weeks_before, n_weeks_since, n_before, n_since, per,
    n_before / nullif(exposure_before, 0) as rate_before, n_since / nullif(exposure_since, 0) as rate_since,
    rate_since / nullif(rate_before, 0) as rate_ratio, core.ratio_low(n_before, exposure_before, n_since, exposure_since) as low,
    core.ratio_high(n_before, exposure_before, n_since, exposure_since) as high, effort_hours_since,
    case
        when n_weeks_since < 4 or n_weeks_before < 4 or n_before + n_since < 5 then 'too few'
        when high < 1 then 'fewer'
        when low > 1 then 'more'
        else 'no change seen'
    end as verdict
from told
