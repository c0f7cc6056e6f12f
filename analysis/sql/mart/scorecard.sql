-- mart.scorecard: one row per target of the scorecard and month
-- key: measure, month
-- step: measure
-- reads: core.targets, core.clock, core.input_assessments, core.input_customer_documents, core.input_deals, core.dealers,
--   core.members, core.runbooks, mart.score_weeks, mart.containment, mart.onboardings
-- column: measure name of the measure
-- column: month calendar month of the target, counted from the start
-- column: title in words
-- column: target what is to be reached, or "better than the baseline"
-- column: due_date last day of that month; NULL without a start date
-- column: baseline the 13 weeks before the start, or the first 13 that are known
-- column: value the month's weeks, or the last four where it has not begun; counts since the start
-- column: low lower 95 % bound: Wilson's for shares, Byar's for rates
-- column: high upper 95 % bound
-- column: n what stands behind the value: tickets, deals, modes
-- column: n_unknown left out of the value, as it is not known when it was due (onboardings); NULL for other measures
-- column: status met (also by its bound), likely (by its value), not met, or too few; NULL where an input is missing
-- column: trend better or worse than the baseline beyond chance, else unchanged; NULL where there is nothing to compare
-- column: needs the input that is missing: file and column
-- column: counted_from Monday of the first week that the value counts, or the first day of its month
-- column: counted_until Monday of the last week that it may count
with target as (
    select t.*, k.week as this_week, cast(t.month_start + interval 1 month as date) as month_end
    from core.targets t
    cross join core.clock k
),
known as (
    select measure, min(week) as first_week from mart.score_weeks where coalesce(d, 1) > 0 group by measure
),
span as (
    select t.*,
        case
            when t.start_date is null or t.month_start > t.this_week then t.this_week - 21
            else t.month_start
        end as from_week,
        coalesce(least(t.this_week, t.month_end - 1), t.this_week) as until_week,
        if(t.start_date is not null and t.start_date > n.first_week, t.start_date - 91, n.first_week) as base_from,
        if(t.start_date is not null and t.start_date > n.first_week, t.start_date - 1, n.first_week + 90) as base_until
    from target t
    left join known n using (measure)
),
summed as (
    select s.measure, s.month, any_value(w.kind) as kind,
        sum(w.k) filter (w.week between if(w.kind = 'count', coalesce(s.start_date, s.base_from), s.from_week) and greatest(s.until_week, s.from_week + 21)) as k,
        sum(w.d) filter (w.week between s.from_week and greatest(s.until_week, s.from_week + 21)) as d,
        sum(w.k) filter (w.week between s.base_from and s.base_until and w.kind <> 'count') as k0,
        sum(w.d) filter (w.week between s.base_from and s.base_until and w.kind <> 'count') as d0,
        sum(w.n_unknown) filter (w.week between s.from_week and greatest(s.until_week, s.from_week + 21)) as n_unknown
    from span s
    join mart.score_weeks w using (measure)
    where w.week <= s.this_week
    group by s.measure, s.month
    union all
    -- modes of which more is kept (or less comes up) than before their runbook, of those with enough on both sides
    select t.measure, t.month, 'share', count(*) filter (if(c.form = 'tier1', value_after > value_before, value_after < value_before)), count(*), null, null, null
    from target t
    cross join mart.containment c
    where t.measure = 'containment' and c.runbook_id is not null and c.n_before > 0 and c.n_weeks_after > 0
    group by t.measure, t.month
    union all
    select t.measure, t.month, 'share', count(distinct (d.provider, d.failure_category)), count(distinct (c.provider, c.failure_category)), null, null, null
    from target t
    cross join mart.containment c
    left join core.input_customer_documents d
        on d.provider = c.provider and d.failure_category = c.failure_category and d.published_date < t.this_week + 7
    where t.measure = 'customer_documents'
    group by t.measure, t.month
),
assessed as (
    select measure, max_by(is_met, assessed_date) as is_met from core.input_assessments group by measure
),
bounded as (
    select *, if(kind = 'count', k, k / nullif(d, 0)) as value,
        if(kind <> 'count', k0 / nullif(d0, 0), null) as baseline
    from summed
),
stated as (
    select *,
        case kind when 'share' then core.wilson_low(k, d) when 'rate' then core.byar_low(k) / nullif(d, 0) end as low,
        case kind when 'share' then core.wilson_high(k, d) when 'rate' then core.byar_high(k) / nullif(d, 0) end as high,
        case kind when 'share' then d else k end as n
    from bounded
),
judged as (
    select t.measure, t.month, t.title, t.better, coalesce(t.target, s.baseline) as aim, t.target, t.start_date, t.month_end,
        s.kind, s.value, s.low, s.high, s.n, s.n_unknown, s.baseline, a.is_met,
        if(s.kind = 'count', coalesce(p.start_date, p.base_from), p.from_week) as counted_from,
        greatest(p.until_week, p.from_week + 21) as counted_until,
        case
            when t.better = 'assessed' then if(a.measure is null, 'inputs/assessments.csv: measure ' || t.measure, null)
            when t.measure = 'integration_success' and not exists (from mart.onboardings)
                then 'site.toml: [onboardings], or inputs/onboardings.csv: due_date, live_date'
            when t.measure = 'integration_success' and not exists (from mart.onboardings where due_date is not null)
                then 'normal_delays.csv: a step that ends with live_at, or inputs/onboardings.csv: due_date, live_date'
            when t.measure = 'deal_losses' and not exists (from core.input_deals) then 'inputs/deals.csv: is_lost, is_integration_cited'
            when t.measure = 'customer_documents' and not exists (from core.input_customer_documents)
                then 'inputs/customer_documents.csv: provider, failure_category'
            when t.measure in ('repeats_per_dealer', 'volume_per_dealer') and not exists (from core.dealers where live_from is not null)
                then 'dealers.csv: live_from'
            when t.measure in ('volume_per_head', 'handled_alone') and not exists (from core.members where tier = 2) then 'site.toml: [[member]] of tier 2'
            when t.measure = 'containment' and s.n is null then 'runbooks: one for OPS with provider, category and announced'
            when t.measure = 'runbooks_in_use' and not exists (from core.runbooks where audience = 'ops') then 'runbooks: one with audience ops'
            when t.start_date is null and s.kind = 'count' then 'targets.toml: start_date'
        end as needs
    from target t
    left join stated s using (measure, month)
    left join span p using (measure, month)
    left join assessed a using (measure)
)
select measure, month, title,
    case when better = 'assessed' then 'assessed' when target is null then 'better than the baseline' else cast(target as varchar) end as target,
    month_end - 1 as due_date, baseline, case when needs is null then coalesce(value, cast(is_met as double)) end as value,
    case when needs is null then low end as low, case when needs is null then high end as high, cast(n as bigint) as n, cast(n_unknown as bigint) as n_unknown,
    case
        when needs is not null then null
        when better = 'assessed' then if(is_met, 'met', 'not met')
        when kind = 'count' then if(value >= aim, 'met', 'not met')
        when aim is null or coalesce(n, 0) < 20 and measure not in ('containment', 'customer_documents') then 'too few'
        when better = 'up' and low >= aim or better = 'down' and high <= aim then 'met'
        when better = 'up' and value >= aim or better = 'down' and value <= aim then 'likely'
        else 'not met'
    end as status,
    case
        when needs is not null or baseline is null or value is null then null
        when low > baseline then if(better = 'up', 'better', 'worse')
        when high < baseline then if(better = 'up', 'worse', 'better')
        else 'unchanged'
    end as trend,
    needs, counted_from, counted_until
from judged
