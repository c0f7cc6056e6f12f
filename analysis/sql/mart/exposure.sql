-- mart.exposure: one row per week, group and kind of thing that a rate is told per
-- key: week, per, group_key
-- step: measure
-- reads: core.clock, core.dealers, core.members, core.providers, mart.tagged_escalations
-- column: week Monday of the week
-- column: per live_dealers (dealers live on some day of the week) or heads (people at Tier 2 on some day of the week)
-- column: group_key all, or provider:… (dealers by their main provider; heads are the same for all)
-- column: n how many
with week as (
    select cast(unnest(generate_series((select min(escalated_week) from mart.tagged_escalations), week, interval 7 days)) as date) as week
    from core.clock
),
live as (
    select w.week, d.dealer_id, d.provider
    from week w
    join core.dealers d on coalesce(d.live_from < w.week + 7, false) and coalesce(d.live_until > w.week, true)
),
head as (
    select w.week, count(distinct m.person_id) as n
    from week w
    join core.members m on m.tier = 2 and m.since < w.week + 7 and coalesce(m.until > w.week, true)
    group by w.week
)
select week, 'live_dealers' as per, 'all' as group_key, count(*) as n from live group by week
union all
select week, 'live_dealers', 'provider:' || provider, count(*) from live where provider is not null group by week, provider
union all
select week, 'heads', 'all', n from head
union all
select h.week, 'heads', 'provider:' || p.provider, h.n from head h cross join core.providers p
