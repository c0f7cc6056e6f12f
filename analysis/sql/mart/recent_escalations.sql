-- mart.recent_escalations: one row per escalation that came in the last 13 weeks or was worked on in them: what would have ended it
-- key: issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, mart.effort, core.tags, core.outcomes, core.field_stays, core.facts_known, core.verdicts, core.waits,
--   core.clock
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: dealer_id the dealer
-- column: provider tag
-- column: failure_category tag
-- column: touched_tier3 engineering was called upon
-- column: hours working hours of Tier 2 on it in the last 13 weeks, an upper bound
-- column: cure give_access (OPS was blocked), train (OPS should have handled it, a question, or the user's error), permanent_fix,
--   chase_provider or runbook: the first that holds
with spent as (
    select w.issue_id, w.escalation_no, sum(w.hours) as hours
    from mart.effort w
    cross join core.clock k
    where w.week > k.week - 91 and w.week <= k.week
    group by w.issue_id, w.escalation_no
),
recent as (
    select e.issue_id, e.escalation_no, e.dealer_id, e.provider, e.failure_category, e.touched_tier3, coalesce(w.hours, 0) as hours
    from mart.tagged_escalations e
    cross join core.clock k
    left join spent w using (issue_id, escalation_no)
    where (e.escalated_week > k.week - 91 and e.escalated_week <= k.week or w.hours > 0) and e.exclusion_reason is distinct from 'cancelled'
),
waited as (
    select w.issue_id, sum(epoch(coalesce(w.ended_at, k.as_of) - w.started_at)) / 3600 as provider_hours
    from core.waits w
    cross join core.clock k
    where w.waiting_on = 'provider'
    group by w.issue_id
),
blocked as (
    -- OPS noted it, or access.csv tells
    select issue_id from core.field_stays where role = 'ops_blocked_by' and value is not null
    union
    select issue_id from core.facts_known where source_ref like 'access.csv for %'
)
-- the first that holds says what would have ended this one
select r.*,
    case
        when r.issue_id in (from blocked) then 'give_access'
        when v.verdict = 'should_have_handled' or r.failure_category = 'how_to' or c.value = 'user_error' then 'train'
        when c.value = 'our_bug' or o.outcome = 'fix' then 'permanent_fix'
        when c.value in ('provider_bug', 'provider_delay') or r.failure_category in ('provider_outage', 'setup_delay') then 'chase_provider'
        when r.touched_tier3 then 'permanent_fix'
        when c.value is null and w.provider_hours > 8 then 'chase_provider'
        else 'runbook'
    end as cure
from recent r
left join core.verdicts v using (issue_id, escalation_no)
left join core.outcomes o using (issue_id, escalation_no)
left join core.tags c on c.issue_id = r.issue_id and c.kind = 'root_cause'
left join waited w on w.issue_id = r.issue_id
