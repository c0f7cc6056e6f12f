-- core.escalations: one row per escalation: a ticket's entry to Tier 2 or above and what became of it
-- key: issue_id, escalation_no
-- step: load
-- reads: core.tickets, core.ticket_facts, core.entries, core.tier_stays, core.resolutions, core.tier3_touches
-- column: issue_id Jira's numeric id
-- column: escalation_no from 1; another one begins with an entry more than 14 days after a resolution
-- column: escalated_at when it came to Tier 2 or above, UTC
-- column: next_escalated_at when the ticket's next escalation began, UTC
-- column: opened_at when the trouble was first told: the ticket's creation, or the escalation of a later number, UTC
-- column: entered from_ops, born (at Tier 2 or above, or nothing known before) or skipped_tier2
-- column: first_tier the tier it came to
-- column: highest_tier the highest it reached before its next escalation
-- column: resolved_at the counted resolution: the first that was not withdrawn by a reopening within 14 days; the escalation itself
--   where the ticket came up while it was done; UTC
-- column: resolution_tier the ticket's own tier then
-- column: touched_tier3 a stay at Tier 3, or a link to an issue that Tier 3 worked made by the resolution, as judged 14 days
--   after it; so far, while it is not resolved
-- column: ever_touched_tier3 the same at any time
-- column: has_own_fix a linked change that only Tier 2 worked
-- column: n_bounces returns to a lower tier followed by a new rise
-- column: n_reopens times it was reopened
-- column: is_excluded left out of the shares
-- column: exclusion_reason duplicate, cancelled, no_changelog or partial_changelog
with started as (
    select issue_id, escalation_no, min(entered_at) as escalated_at, min_by(tier, entry_no) as first_tier,
        min_by({'tier': tier_before}, entry_no).tier as tier_before
    from core.entries
    semi join dirty using (issue_id)
    group by issue_id, escalation_no
),
span as (
    select *, lead(escalated_at) over (partition by issue_id order by escalation_no) as next_escalated_at from started
),
resolved as (
    select s.issue_id, s.escalation_no, min(greatest(r.resolved_at, s.escalated_at)) filter (not r.is_withdrawn) as resolved_at,
        min_by(if(r.resolved_at < s.escalated_at, s.first_tier, r.tier), r.resolution_no) filter (not r.is_withdrawn) as resolution_tier,
        count(r.reopened_at) filter (r.reopened_at < coalesce(s.next_escalated_at, timestamp '9999-01-01')) as n_reopens
    from span s
    join core.resolutions r on r.issue_id = s.issue_id and coalesce(r.reopened_at > s.escalated_at, true)
        and r.resolved_at < coalesce(s.next_escalated_at, timestamp '9999-01-01')
    group by s.issue_id, s.escalation_no
),
stay as (
    select *, lag(tier) over life as tier_before, lead(tier) over life as tier_after
    from core.tier_stays
    semi join dirty using (issue_id)
    window life as (partition by issue_id order by stay_no)
),
climbed as (
    select s.issue_id, s.escalation_no, max(t.tier) as highest_tier,
        count(*) filter (
            t.tier < t.tier_before and t.tier < t.tier_after and t.entered_at >= s.escalated_at
            and t.left_at < coalesce(s.next_escalated_at, timestamp '9999-01-01')
        ) as n_bounces
    from span s
    join stay t on t.issue_id = s.issue_id
        and t.entered_at < coalesce(s.next_escalated_at, timestamp '9999-01-01')
        and (t.entered_at >= s.escalated_at or coalesce(t.left_at, timestamp '9999-01-01') > s.escalated_at)
    group by s.issue_id, s.escalation_no
),
touched as (
    select s.issue_id, s.escalation_no,
        bool_or(t.kind in ('stay', 'link')) as ever_touched_tier3,
        bool_or(
            t.kind = 'stay' and t.touched_at <= coalesce(r.resolved_at + interval 14 days, timestamp '9999-01-01')
            or t.kind = 'link' and t.touched_at <= coalesce(r.resolved_at, timestamp '9999-01-01')
            and coalesce(t.worked_at <= r.resolved_at + interval 14 days, true)
        ) as touched_tier3,
        bool_or(t.kind = 'own_fix') as has_own_fix
    from span s
    join core.tier3_touches t on t.issue_id = s.issue_id
        and t.touched_at < coalesce(s.next_escalated_at, timestamp '9999-01-01')
        and (
            t.touched_at >= s.escalated_at
            or coalesce(t.left_at, case when t.kind = 'stay' then timestamp '9999-01-01' end) > s.escalated_at
            or ((t.kind <> 'stay' or t.passed_from is not null) and s.escalation_no = 1)
        )
    left join resolved r on r.issue_id = s.issue_id and r.escalation_no = s.escalation_no
    group by s.issue_id, s.escalation_no
)
select s.issue_id, s.escalation_no, s.escalated_at, s.next_escalated_at,
    case when s.escalation_no = 1 then t.created_at else s.escalated_at end as opened_at,
    case
        when s.tier_before is null then 'born'
        when s.first_tier >= 3 then 'skipped_tier2'
        else 'from_ops'
    end as entered,
    s.first_tier, c.highest_tier, r.resolved_at, r.resolution_tier,
    coalesce(x.touched_tier3, false) as touched_tier3,
    coalesce(x.ever_touched_tier3, false) as ever_touched_tier3,
    coalesce(x.has_own_fix, false) as has_own_fix,
    cast(coalesce(c.n_bounces, 0) as integer) as n_bounces,
    cast(coalesce(r.n_reopens, 0) as integer) as n_reopens,
    reason is not null as is_excluded, reason as exclusion_reason
from span s
join core.tickets t using (issue_id)
join core.ticket_facts f using (issue_id)
left join climbed c using (issue_id, escalation_no)
left join resolved r using (issue_id, escalation_no)
left join touched x using (issue_id, escalation_no)
cross join lateral (
    select case
        when t.changelog <> 'whole' then case t.changelog when 'none' then 'no_changelog' else 'partial_changelog' end
        when s.next_escalated_at is null then f.excluded_as
    end as reason
)
