-- core.criteria_in_force: one row per escalation and criterion that judges it
-- key: issue_id, escalation_no, criterion_id
-- step: judge
-- reads: core.known_escalations, core.criteria
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: criterion_id the criterion
-- column: criterion_version the version in force on the day of the escalation
-- column: test how it is tested
-- column: times how often OPS must have solved the same failure
-- column: within_days in how many days before
select e.issue_id, e.escalation_no, k.criterion_id, k.version as criterion_version, k.test, k.times, k.within_days
from core.known_escalations e
semi join dirty using (issue_id)
join core.criteria k on k.effective_from <= e.escalated_date
    and (k.effective_until is null or e.escalated_date < k.effective_until)
