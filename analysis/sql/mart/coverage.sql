-- mart.coverage: one row per provider and failure category: how many people of Tier 2 have ever resolved it, without names
-- key: provider, failure_category
-- step: measure
-- reads: mart.tagged_escalations, core.members, core.field_stays
-- column: provider tag; untagged where there is none
-- column: failure_category tag; untagged where there is none
-- column: n_resolved escalations resolved at Tier 2 by somebody known
-- column: n_people how many people have resolved one
-- column: is_single only one person ever has, though it came more than once
with resolver as (
    -- who had it when it was resolved, whoever closed it
    select e.provider, e.failure_category, e.issue_id, e.escalation_no, a.value_id as person_id
    from mart.tagged_escalations e
    join core.field_stays a on a.issue_id = e.issue_id and a.role = 'assignee' and a.entered_at <= e.resolved_at
        and coalesce(a.left_at > e.resolved_at, true)
    join core.members m on m.person_id = a.value_id and m.tier = 2 and e.resolved_at >= m.since
        and coalesce(e.resolved_at < m.until, true)
    where not e.is_excluded
)
select provider, failure_category, count(distinct (issue_id, escalation_no)) as n_resolved, count(distinct person_id) as n_people,
    count(distinct person_id) = 1 and count(distinct (issue_id, escalation_no)) > 1 as is_single
from resolver
group by all
