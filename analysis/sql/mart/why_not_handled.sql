-- mart.why_not_handled: one row per escalation that OPS should have handled, or would have with another handover or access: why it did not
-- key: issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, mart.verdicts, core.criteria, core.why_replies, core.known_escalations, mart.runbook_use, core.runbook_matches
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: reason knowledge (OPS did not know that or how), access (it could not), information (something was missing) or process (it knew
--   and could, and passed it on all the same; or it was with Tier 2 already)
-- column: is_suggested ours, where OPS gave none: a guess, for the talk to begin with
-- column: cure what would end it: train, give_access, ask_dealer or change_process
with lacking as (
    -- a runbook fits, and nothing but the access is missing
    select issue_id, escalation_no from core.runbook_matches where missing is not null and is_sure and is_known_long_enough
),
known as (
    select distinct m.issue_id, m.escalation_no
    from core.runbook_matches m
    join mart.runbook_use u using (runbook_id)
    join core.known_escalations e using (issue_id, escalation_no)
    where u.first_used_at < e.escalated_at
),
told as (
    select e.issue_id, e.escalation_no, w.reason as by_ops,
        case
            when l.issue_id is not null then 'access'
            when v.verdict = 'incomplete' and c.test = 'already_open' then 'process'
            when v.verdict = 'incomplete' then 'information'
            when v.criterion_id is null then null
            when n.issue_id is not null then 'process'
            else 'knowledge'
        end as by_us
    from mart.tagged_escalations e
    join mart.verdicts v using (issue_id, escalation_no)
    left join core.criteria c on c.criterion_id = v.criterion_id and c.version = v.criterion_version
    left join core.why_replies w using (issue_id, escalation_no)
    left join lacking l using (issue_id, escalation_no)
    left join known n using (issue_id, escalation_no)
    where not e.is_excluded and e.entered = 'from_ops'
        and (v.verdict in ('should_have_handled', 'incomplete') and coalesce(v.standing <> 'withdrawn', true) or l.issue_id is not null)
)
select issue_id, escalation_no, coalesce(by_ops, by_us) as reason, by_ops is null as is_suggested,
    case coalesce(by_ops, by_us)
        when 'knowledge' then 'train' when 'access' then 'give_access' when 'information' then 'ask_dealer' else 'change_process'
    end as cure
from told
where coalesce(by_ops, by_us) is not null
