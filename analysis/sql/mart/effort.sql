-- mart.effort: one row per escalation and week in which Tier 2 worked on it: an upper bound of the hours spent
-- key: issue_id, escalation_no, week
-- step: measure
-- store: table
-- refresh: full
-- reads: core.field_stays, core.status_stays, core.tier_stays, core.members, core.escalations, core.calendar, core.clock
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: week Monday of the week
-- column: hours working hours: each one of an assignee of Tier 2 is split evenly over the escalations that he or she holds at
--   Tier 2 in an active status, so that a week's sum never exceeds heads × working hours
with held as (
    select e.issue_id, e.escalation_no, a.value_id as person_id, k.reporting_zone,
        greatest(a.entered_at, s.entered_at, t.entered_at, e.escalated_at, m.since) as from_at,
        least(a.left_at, s.left_at, t.left_at, e.next_escalated_at, m.until, k.as_of) as to_at
    from core.escalations e
    cross join core.clock k
    join core.field_stays a on a.issue_id = e.issue_id and a.role = 'assignee'
    join core.members m on m.person_id = a.value_id and m.tier = 2
    -- a status whose category nothing tells counts as active: an upper bound must not be too low
    join core.status_stays s on s.issue_id = e.issue_id and coalesce(s.status_category, 'indeterminate') = 'indeterminate'
        and s.waiting_on is null
    join core.tier_stays t on t.issue_id = e.issue_id and t.tier = 2
    where from_at < to_at
),
weekly as (
    select *, cast(unnest(generate_series(
        date_trunc('week', timezone(reporting_zone, timezone('UTC', from_at))),
        date_trunc('week', timezone(reporting_zone, timezone('UTC', to_at))), interval 7 days
    )) as date) as week
    from held
),
piece as (
    select issue_id, escalation_no, person_id, week,
        greatest(from_at, timezone('UTC', timezone(reporting_zone, cast(week as timestamp)))) as from_at,
        least(to_at, timezone('UTC', timezone(reporting_zone, cast(week + 7 as timestamp)))) as to_at
    from weekly
),
moment as (
    select person_id, moved_at, sum(step) as step
    from (
        select person_id, from_at as moved_at, 1 as step from piece where from_at < to_at
        union all
        select person_id, to_at, -1 from piece where from_at < to_at
    )
    group by person_id, moved_at
),
counted as (
    select person_id, moved_at, sum(step) over (partition by person_id order by moved_at) as n_held,
        core.worked_by(moved_at, c.opens_at, c.closes_at, c.hours_before) as worked
    from moment
    asof left join core.calendar c on c.opens_at <= moved_at
),
spent as (
    -- hours for each ticket held until this moment, had it been held from the first on
    select person_id, moved_at, coalesce(sum(each) over (
        partition by person_id order by moved_at rows between unbounded preceding and 1 preceding
    ), 0) as hours
    from (
        select person_id, moved_at,
            case when n_held > 0 then (lead(worked) over (partition by person_id order by moved_at) - worked) / n_held else 0 end as each
        from counted
    )
)
select p.issue_id, p.escalation_no, p.week, sum(b.hours - a.hours) as hours
from piece p
join spent a on a.person_id = p.person_id and a.moved_at = p.from_at
join spent b on b.person_id = p.person_id and b.moved_at = p.to_at
where p.from_at < p.to_at
group by p.issue_id, p.escalation_no, p.week
