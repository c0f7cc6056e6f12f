-- mart.effort: one row per escalation and week in which Tier 2 worked on it: an upper bound of the hours spent
-- key: issue_id, escalation_no, week
-- step: measure
-- store: table
-- refresh: full
-- reads: core.field_stays, core.status_stays, core.tier_stays, core.members, core.escalations, core.worklogs, core.calendar, core.clock
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: week Monday of the week
-- column: hours working hours: those that people of Tier 2 logged and, of who logged none on the escalation, each one of an assignee, split
--   evenly over the escalations that he or she holds at Tier 2 in an active status. A person's week never exceeds its working hours:
--   what was logged beyond them, as in a week of holidays, does not count, and the split ones share what the logged ones leave
-- column: logged_hours those of them that were logged
with logged as (
    -- of the escalation that the work fell into
    select e.issue_id, e.escalation_no, w.author_id as person_id,
        cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', w.started_at))) as date) as week, sum(w.hours) as hours
    from core.worklogs w
    cross join core.clock k
    semi join core.members m
        on m.person_id = w.author_id and m.tier = 2 and w.started_at >= m.since and coalesce(w.started_at < m.until, true)
    join core.escalations e
        on e.issue_id = w.issue_id and w.started_at >= e.escalated_at and coalesce(w.started_at < e.next_escalated_at, true)
    where w.hours > 0 and w.started_at < k.as_of
    group by all
),
working as (
    select cast(date_trunc('week', work_date) as date) as week, sum(epoch(closes_at - opens_at)) / 3600 as hours
    from core.calendar
    group by all
),
busy as (
    -- the part of the logged hours that fits into the week, and the part of the week that they leave
    select l.person_id, l.week, least(1, coalesce(any_value(w.hours), 0) / sum(l.hours)) as fits,
        greatest(0, 1 - sum(l.hours) / any_value(w.hours)) as leaves
    from logged l
    left join working w using (week)
    group by l.person_id, l.week
),
held as (
    select e.issue_id, e.escalation_no, a.value_id as person_id,
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
    anti join logged l on l.issue_id = e.issue_id and l.escalation_no = e.escalation_no and l.person_id = a.value_id
    where from_at < to_at
),
week as (
    -- where the weeks of the reporting zone begin and end, UTC
    select week, timezone('UTC', timezone(reporting_zone, cast(week as timestamp))) as starts_at,
        timezone('UTC', timezone(reporting_zone, cast(week + 7 as timestamp))) as ends_at
    from (
        select k.reporting_zone, cast(unnest(generate_series(
            date_trunc('week', (select min(escalated_at) from core.escalations)) - interval 7 days, k.as_of + interval 7 days, interval 7 days
        )) as date) as week
        from core.clock k
    )
),
piece as materialized (
    select h.issue_id, h.escalation_no, h.person_id, w.week, greatest(h.from_at, w.starts_at) as from_at, least(h.to_at, w.ends_at) as to_at
    from held h
    join week w on h.from_at < w.ends_at and h.to_at > w.starts_at
),
moment as (
    select person_id, moved_at, sum(step) as step
    from (
        select person_id, from_at as moved_at, 1 as step from piece
        union all
        select person_id, to_at, -1 from piece
    )
    group by person_id, moved_at
),
counted as (
    select m.person_id, m.moved_at, sum(m.step) over until_now as n_held,
        core.worked_by(m.moved_at, c.opens_at, c.closes_at, c.hours_before) as worked_before,
        lead(worked_before) over until_now - worked_before as worked
    from moment m
    asof left join core.calendar c on c.opens_at <= m.moved_at
    window until_now as (partition by m.person_id order by m.moved_at)
),
spent as (
    -- hours for each ticket held until this moment, had it been held from the first on
    select person_id, moved_at, coalesce(sum(case when n_held > 0 then worked / n_held else 0 end) over (
        partition by person_id order by moved_at rows between unbounded preceding and 1 preceding
    ), 0) as hours
    from counted
),
part as (
    select p.issue_id, p.escalation_no, p.week, (b.hours - a.hours) * coalesce(y.leaves, 1) as hours, 0 as logged_hours
    from piece p
    join spent a on a.person_id = p.person_id and a.moved_at = p.from_at
    join spent b on b.person_id = p.person_id and b.moved_at = p.to_at
    left join busy y on y.person_id = p.person_id and y.week = p.week
    union all
    select l.issue_id, l.escalation_no, l.week, l.hours * y.fits, l.hours * y.fits
    from logged l
    join busy y using (person_id, week)
)
select issue_id, escalation_no, week, sum(hours) as hours, sum(logged_hours) as logged_hours
from part
group by issue_id, escalation_no, week
