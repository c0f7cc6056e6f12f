-- mart.escalations: one row per escalation: a ticket's entry to Tier 2 or above and what became of it
-- key: issue_id, escalation_no
-- step: measure
-- reads: core.family_members, core.tags, core.escalations, core.tickets, core.ticket_facts, core.repeats, core.tier_stays, core.comments, core.members, core.clock,
--   core.first_actions, core.outcomes, mart.effort
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: ticket_key current key, for people
-- column: escalated_at when it came to Tier 2 or above, UTC
-- column: entered from_ops, born or skipped_tier2
-- column: first_tier the tier it came to
-- column: highest_tier the highest it reached before its next escalation
-- column: touched_tier3 engineering was called upon, as judged 14 days after the resolution
-- column: ever_touched_tier3 the same at any time
-- column: tier3_consulted somebody of Tier 3 wrote on it without a touch
-- column: n_bounces returns to a lower tier followed by a new rise
-- column: n_reopens times it was reopened
-- column: resolved_at the counted resolution, UTC
-- column: resolution_tier the ticket's own tier then
-- column: is_excluded left out of the shares
-- column: exclusion_reason duplicate, cancelled, no_changelog or partial_changelog
-- column: is_repeat it came back
-- column: repeat_kind same_failure or same_kind
-- column: repeat_of issue id of the earlier one
-- column: family_id family of the same underlying failure; NULL where nothing failed, or a person took its founder out
-- column: outcome what it ended in: fix, runbook, tool, trained, returned, not_ours or neither; NULL while it is open
-- column: tier2_queue_hours elapsed hours at Tier 2, until its resolution or now; not a cost
-- column: tier2_effort_hours working hours that people of Tier 2 logged on it or, as assignees, may have spent on it: an upper bound
-- column: first_action_at when somebody of Tier 2 first did something on it, UTC
with queue as (
    select e.issue_id, e.escalation_no,
        sum(greatest(0, epoch(
            least(coalesce(s.left_at, k.as_of), coalesce(e.resolved_at, k.as_of), coalesce(e.next_escalated_at, k.as_of))
            - greatest(s.entered_at, e.escalated_at)
        ))) / 3600 as hours
    from core.escalations e
    cross join core.clock k
    join core.tier_stays s on s.issue_id = e.issue_id and s.tier = 2
    group by all
),
consulted as (
    select distinct e.issue_id, e.escalation_no
    from core.escalations e
    join core.comments c on c.issue_id = e.issue_id and c.created_at >= e.escalated_at
        and c.created_at < coalesce(e.next_escalated_at, timestamp '9999-01-01')
    join core.members m on m.person_id = c.author_id and m.tier = 3 and c.created_at >= m.since
        and (m.until is null or c.created_at < m.until)
)
select e.issue_id, e.escalation_no, t.ticket_key, e.escalated_at, e.entered, e.first_tier, e.highest_tier,
    e.touched_tier3, e.ever_touched_tier3, c.issue_id is not null and not e.ever_touched_tier3 as tier3_consulted,
    e.n_bounces, e.n_reopens, e.resolved_at, e.resolution_tier, e.is_excluded, e.exclusion_reason,
    r.issue_id is not null as is_repeat, r.repeat_kind, r.repeat_of, if(coalesce(g.can_repeat, true), m.family_id, null) as family_id,
    o.outcome, coalesce(q.hours, 0) as tier2_queue_hours, coalesce(w.hours, 0) as tier2_effort_hours, a.acted_at as first_action_at
from core.escalations e
join core.tickets t using (issue_id)
left join core.repeats r using (issue_id, escalation_no)
left join queue q using (issue_id, escalation_no)
left join consulted c using (issue_id, escalation_no)
left join (select issue_id, escalation_no, sum(hours) as hours from mart.effort group by all) w using (issue_id, escalation_no)
left join core.first_actions a using (issue_id, escalation_no)
left join core.outcomes o using (issue_id, escalation_no)
left join core.family_members m on m.issue_id = e.issue_id
left join core.tags g on g.issue_id = e.issue_id and g.kind = 'failure_category'
