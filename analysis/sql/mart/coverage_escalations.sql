-- mart.coverage_escalations: one row per resolved escalation and person of Tier 2 who had it then, whoever closed it
-- key: provider, failure_category, issue_id, escalation_no, person_no
-- step: measure
-- reads: mart.tagged_escalations, core.members, core.field_stays
-- column: provider tag; untagged where there is none
-- column: failure_category tag; untagged where there is none
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: person_no tells persons of one failure mode apart, and nobody from one mode to another
select distinct e.provider, e.failure_category, e.issue_id, e.escalation_no,
    dense_rank() over (partition by e.provider, e.failure_category order by md5(e.provider || e.failure_category || a.value_id)) as person_no
from mart.tagged_escalations e
join core.field_stays a on a.issue_id = e.issue_id and a.role = 'assignee' and a.entered_at <= e.resolved_at
    and coalesce(a.left_at > e.resolved_at, true)
join core.members m on m.person_id = a.value_id and m.tier = 2 and e.resolved_at >= m.since
    and coalesce(e.resolved_at < m.until, true)
where not e.is_excluded
