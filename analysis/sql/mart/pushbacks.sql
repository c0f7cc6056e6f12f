-- mart.pushbacks: one row per escalation that was pushed back
-- key: issue_id, escalation_no
-- step: measure
-- reads: core.pushbacks, mart.tagged_escalations, core.calendar, core.clock
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: pushed_back_at when first, UTC
-- column: told_by comment (the program's) or label (set by a person)
-- column: hours from the escalation until then
-- column: working_hours the part of it inside working hours
select p.issue_id, p.escalation_no, p.pushed_back_at, p.told_by, epoch(p.pushed_back_at - e.escalated_at) / 3600 as hours,
    core.worked_by(p.pushed_back_at, b.opens_at, b.closes_at, b.hours_before)
        - core.worked_by(e.escalated_at, a.opens_at, a.closes_at, a.hours_before) as working_hours
from core.pushbacks p
join mart.tagged_escalations e using (issue_id, escalation_no)
join core.clock k on p.pushed_back_at <= k.as_of
asof left join core.calendar a on a.opens_at <= e.escalated_at
asof left join core.calendar b on b.opens_at <= p.pushed_back_at
