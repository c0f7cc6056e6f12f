-- mart.audit_pool: one row per escalation of the last 26 weeks that can be drawn for the blind audit of verdicts
-- key: issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, mart.verdicts, state.audit_draws, core.clock
-- column: week Monday of the week in which it escalated
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: stratum flagged (the verdict at the escalation is should_have_handled) or unflagged
-- column: n_stratum escalations of that week and stratum
-- column: place its place in them, by chance
-- column: is_drawn it was drawn already
select e.escalated_week as week, e.issue_id, e.escalation_no,
    if(v.verdict_at_escalation = 'should_have_handled', 'flagged', 'unflagged') as stratum,
    count(*) over same as n_stratum,
    row_number() over (same order by md5(concat_ws('/', 'audit', e.escalated_week, e.issue_id, e.escalation_no))) as place,
    d.issue_id is not null as is_drawn
from mart.tagged_escalations e
cross join core.clock k
join mart.verdicts v using (issue_id, escalation_no)
left join (select distinct issue_id, escalation_no from state.audit_draws) d
    on d.issue_id = e.issue_id and d.escalation_no = e.escalation_no
where not e.is_excluded and e.entered = 'from_ops' and e.escalated_week > k.week - 182 and e.escalated_week <= k.week
window same as (
    partition by e.escalated_week, if(v.verdict_at_escalation = 'should_have_handled', 'flagged', 'unflagged')
)
