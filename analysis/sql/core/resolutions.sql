-- core.resolutions: one row per time a ticket went from not done to done
-- key: issue_id, resolution_no
-- step: load
-- reads: core.tickets, core.status_stays, core.tier_stays
-- column: issue_id Jira's numeric id
-- column: resolution_no from 1, in order
-- column: resolved_at when, UTC
-- column: reopened_at when it was next not done, UTC; NULL while it stays done
-- column: is_withdrawn reopened within 14 days, so it does not count
-- column: tier the ticket's own tier at that moment
-- column: tier_at_reopening its tier when reopened
with turn as (
    select s.issue_id, s.stay_no, s.entered_at, s.status_category is not distinct from 'done' as is_done,
        lag(s.status_category is not distinct from 'done') over (partition by s.issue_id order by s.stay_no) as was_done
    from core.status_stays s
    semi join dirty using (issue_id)
    join core.tickets t using (issue_id)
    where t.changelog <> 'none'
),
turned as (
    select issue_id, stay_no, entered_at, is_done,
        lead(entered_at) over (partition by issue_id order by stay_no) as next_at
    from turn
    where is_done is distinct from coalesce(was_done, false)
),
resolved as (
    select issue_id, stay_no, entered_at as resolved_at, next_at as reopened_at from turned where is_done
    union all
    -- without a changelog Jira's own resolution date is all there is
    select issue_id, 0, jira_resolved_at, null from core.tickets semi join dirty using (issue_id)
    where changelog = 'none' and jira_resolved_at is not null
)
select r.issue_id, cast(row_number() over (partition by r.issue_id order by r.stay_no) as integer) as resolution_no,
    r.resolved_at, r.reopened_at, coalesce(r.reopened_at <= r.resolved_at + interval 14 days, false) as is_withdrawn,
    (max_by({'tier': s.tier}, s.stay_no) filter (s.entered_at <= r.resolved_at)).tier as tier,
    (max_by({'tier': s.tier}, s.stay_no) filter (s.entered_at <= r.reopened_at)).tier as tier_at_reopening
from resolved r
left join core.tier_stays s on s.issue_id = r.issue_id
group by r.issue_id, r.stay_no, r.resolved_at, r.reopened_at
