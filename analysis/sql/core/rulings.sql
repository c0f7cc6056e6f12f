-- core.rulings: one row per reply to a verdict or ruling on it, given or taken back, and whether it counts
-- key: event_id
-- step: judge
-- reads: state.rulings, core.escalations, core.reply_windows, core.members, core.site, core.tickets, core.changes, core.tier_stays,
--   core.entries, core.field_stays
-- column: event_id its event in state.rulings
-- column: issue_id Jira's numeric id
-- column: escalation_no the escalation in whose span it was said
-- column: said accepted or contested (a reply), stands or withdrawn (a ruling)
-- column: is_taken_back the label that said so was removed; it counts by the same rules, so that nobody takes back what is not his
-- column: person_id who
-- column: said_at when, UTC
-- column: source_ref where it was said
-- column: excluded_as why it does not count, else NULL: nobody (automation), not_ops (a reply by somebody who was not at Tier 1 then),
--   late (after the fifth working day), not_ruler (a ruling by somebody whom site.toml does not list then); set_tier, assigned or
--   replied (a ruling by somebody who had by then sent the ticket up or down, had it, or replied to its verdict), not_contested
--   (`stands` before the day on which OPS contested in time: silence is never agreed). What happens later changes nothing of it
with told as (
    select r.event_id, r.issue_id, e.escalation_no, r.said, coalesce(r.is_taken_back, false) as is_taken_back, r.person_id,
        r.effective_at as said_at, r.source_ref, r.said in ('accepted', 'contested') as is_reply, w.closes_at,
        cast(timezone(s.reporting_zone, timezone('UTC', r.effective_at)) as date) as said_date
    from state.rulings r
    semi join dirty using (issue_id)
    cross join core.site s
    join core.escalations e
        on e.issue_id = r.issue_id and r.effective_at >= e.escalated_at and coalesce(r.effective_at < e.next_escalated_at, true)
    join core.reply_windows w on w.issue_id = e.issue_id and w.escalation_no = e.escalation_no
    where r.said in ('accepted', 'contested', 'stands', 'withdrawn')
),
placed as (
    select t.event_id, coalesce(bool_or(m.tier = 1), false) as is_ops, coalesce(bool_or(m.is_ruler), false) as is_ruler
    from told t
    left join core.members m on m.person_id = t.person_id and t.said_date >= m.since and coalesce(t.said_date < m.until, true)
    group by t.event_id
),
ruled as (
    select distinct issue_id from told where not is_reply
),
involved as (
    select s.issue_id, c.author_id as person_id, s.entered_at as since, 'set_tier' as how
    from core.tier_stays s
    semi join ruled using (issue_id)
    join core.changes c on c.issue_id = s.issue_id and c.history_id = s.history_id
    union all
    -- who reopened it where it lay, and who made it at Tier 2 or above
    select n.issue_id, f.author_id, n.entered_at, 'set_tier'
    from core.entries n
    semi join ruled using (issue_id)
    join core.field_stays f on f.issue_id = n.issue_id and f.role = 'status' and f.entered_at = n.entered_at
    where n.is_reopening
    union all
    select e.issue_id, k.reporter_id, e.escalated_at, 'set_tier'
    from core.escalations e
    semi join ruled using (issue_id)
    join core.tickets k using (issue_id)
    where e.entered = 'born' and e.escalation_no = 1
    union all
    select issue_id, value_id, entered_at, 'assigned' from core.field_stays semi join ruled using (issue_id) where role = 'assignee'
    union all
    select issue_id, person_id, said_at, 'replied' from told where is_reply and not is_taken_back
),
partial as (
    select t.event_id, min({'since': i.since, 'how': i.how}).how as how
    from told t
    join involved i on i.issue_id = t.issue_id and i.person_id = t.person_id and i.since <= t.said_at
    where not t.is_reply
    group by t.event_id
),
weighed as (
    select t.*,
        case
            when t.person_id is null then 'nobody'
            when t.is_reply and not p.is_ops then 'not_ops'
            when t.is_reply and t.said_at >= t.closes_at then 'late'
            when not t.is_reply and not p.is_ruler then 'not_ruler'
            else i.how
        end as excluded_as
    from told t
    join placed p using (event_id)
    left join partial i using (event_id)
),
contest as (
    select issue_id, escalation_no, min(said_date) as said_date
    from weighed
    where said = 'contested' and not is_taken_back and excluded_as is null
    group by issue_id, escalation_no
)
select w.event_id, w.issue_id, w.escalation_no, w.said, w.is_taken_back, w.person_id, w.said_at, w.source_ref,
    case
        when w.excluded_as is not null then w.excluded_as
        when w.said = 'stands' and not w.is_taken_back and coalesce(c.said_date > w.said_date, true) then 'not_contested'
    end as excluded_as
from weighed w
left join contest c using (issue_id, escalation_no)
