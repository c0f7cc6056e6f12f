-- mart.action_escalations: one row per action with a span and escalation of its target in the weeks before or since
-- key: action_id, issue_id, escalation_no
-- step: measure
-- reads: mart.action_spans, mart.tagged_escalations
-- column: action_id key or name of the action
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket; excluded ones are left out
-- column: is_before it came before the week in which the action was done; else since
select s.action_id, e.issue_id, e.escalation_no, e.escalated_week < s.done_week as is_before
from mart.action_spans s
join mart.tagged_escalations e on e.escalated_week between s.first_week and s.last_week and e.escalated_week <> s.done_week and not e.is_excluded
    and (s.provider is null or e.provider = s.provider)
    and (s.failure_category is null or e.failure_category = s.failure_category)
    and (s.dealer_id is null or e.dealer_id = s.dealer_id)
    and (s.criterion_id is null or e.criterion_key = 'criterion:' || s.criterion_id)
