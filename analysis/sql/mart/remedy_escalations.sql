-- mart.remedy_escalations: one row per remedy with a span and escalation of its family in the weeks before or since
-- key: family_id, kind, ref, issue_id, escalation_no
-- step: measure
-- reads: mart.remedy_spans, mart.family_escalations, core.clock
-- column: family_id the family
-- column: kind change, confirmation or runbook
-- column: ref key, name or id of the remedy
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: is_before it occurred before the week in which the remedy took effect; else since
with seen as (
    select e.family_id, e.issue_id, e.escalation_no,
        cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', e.occurred_at))) as date) as week
    from mart.family_escalations e
    cross join core.clock k
)
select s.family_id, s.kind, s.ref, e.issue_id, e.escalation_no, e.week < s.effective_week as is_before
from mart.remedy_spans s
join seen e on e.family_id = s.family_id and e.week between s.first_week and s.last_week and e.week <> s.effective_week
