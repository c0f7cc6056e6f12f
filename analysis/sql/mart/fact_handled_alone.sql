-- mart.fact_handled_alone: one row per escalation and form of the measure: the role's group resolved it alone
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.field_stays, core.members, core.targets
-- statistic: share
-- pool: 4
-- title: Handled alone at Tier 2
-- version: 1
-- text: Escalations that somebody of the role's group (targets.toml; everybody of Tier 2 where none is set) had when they were resolved,
--   by week of resolution.
-- numerator: those that touched no Tier 3
-- denominator: escalations that the group had when they were resolved
-- variant: by_resolution Excluded ones are left out.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with role as (
    select max(role_group) as role_group from core.targets
)
select distinct e.resolved_week as week, 'handled_alone' as measure, 'by_resolution' as variant, e.issue_id, e.escalation_no,
    not e.touched_tier3 as in_numerator, false as is_pending, cast(null as double) as value
from mart.tagged_escalations e
cross join role r
join core.field_stays a on a.issue_id = e.issue_id and a.role = 'assignee' and a.entered_at <= e.resolved_at
    and coalesce(a.left_at > e.resolved_at, true)
join core.members m on m.person_id = a.value_id and e.resolved_at >= m.since and coalesce(e.resolved_at < m.until, true)
where not e.is_excluded and e.resolved_week is not null and if(r.role_group is null, m.tier = 2, m.team = r.role_group)
