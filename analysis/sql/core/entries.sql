-- core.entries: one row per time a ticket came to Tier 2 or above, bounces included
-- key: issue_id, entry_no
-- step: load
-- reads: core.ticket_facts, core.tier_stays, core.resolutions
-- column: issue_id Jira's numeric id
-- column: entry_no from 1, in order
-- column: escalation_no the escalation it belongs to, from 1
-- column: entered_at when, UTC
-- column: tier the tier it came to
-- column: tier_before the tier it came from; NULL where nothing was known or it was made there
-- column: is_reopening it came back without leaving its tier
with stay as (
    select s.*, lag(s.tier) over (partition by s.issue_id order by s.stay_no) as tier_before
    from core.tier_stays s
    semi join dirty using (issue_id)
),
entry as (
    select issue_id, entered_at, stay_no as order_no, tier, tier_before, false as is_reopening
    from stay
    where tier >= 2 and coalesce(tier_before, -1) < 2
    union all
    -- a ticket reopened more than 14 days later where it lay enters anew, unless its tier changed with the same edit
    select r.issue_id, r.reopened_at, 1000000 + r.resolution_no, r.tier_at_reopening, null, true
    from core.resolutions r
    semi join dirty using (issue_id)
    where not r.is_withdrawn and r.reopened_at is not null and r.tier_at_reopening >= 2
        and not exists (
            from stay s
            where s.issue_id = r.issue_id and s.entered_at = r.reopened_at and s.tier >= 2 and coalesce(s.tier_before, -1) < 2
        )
),
placed as (
    select e.*, lag(entered_at) over (partition by issue_id order by entered_at, order_no) as previous_at
    from entry e
    join core.ticket_facts f using (issue_id)
    -- what is gone for good leaves the numbers; what is only hidden or archived stays
    where f.is_ticket and f.presence not in ('deleted', 'out_of_scope')
),
standing as (
    select p.issue_id, p.entered_at, p.order_no,
        -- the first one after those 14 days is new; later ones belong to it until it is resolved again
        p.previous_at is null or coalesce(bool_or(
            r.resolved_at + interval 14 days >= p.previous_at and r.resolved_at + interval 14 days < p.entered_at
        ), false) as is_new
    from placed p
    left join core.resolutions r on r.issue_id = p.issue_id and not r.is_withdrawn
    group by p.issue_id, p.entered_at, p.order_no, p.previous_at
)
select p.issue_id, cast(row_number() over life as integer) as entry_no,
    cast(count(*) filter (s.is_new) over life as integer) as escalation_no,
    p.entered_at, p.tier, p.tier_before, p.is_reopening
from placed p
join standing s on s.issue_id = p.issue_id and s.entered_at = p.entered_at and s.order_no = p.order_no
window life as (partition by p.issue_id order by p.entered_at, p.order_no)
