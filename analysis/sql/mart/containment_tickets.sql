-- mart.containment_tickets: one row per ticket of a failure mode: whether OPS ended it, and whether before or since its runbook
-- key: provider, failure_category, issue_id
-- step: measure
-- reads: core.tickets, core.ticket_facts, core.tags, core.escalations, core.resolutions, core.runbooks, core.clock
-- column: provider tag of the mode
-- column: failure_category tag of the mode
-- column: issue_id Jira's numeric id
-- column: is_escalated reached Tier 2
-- column: is_contained resolved without ever reaching it
-- column: week Monday of the week in which it was made
-- column: runbook_id the first runbook for OPS that is for this mode
-- column: runbook_date when it was announced
-- column: last_week Monday of the reported week
-- column: turning_week Monday of the week that divides; it belongs to neither side where there is a runbook
-- column: is_bare there is no runbook, and the last 13 weeks count as since
-- column: side before or after, at most 13 weeks each; NULL for what is older or lies between
with mode as (
    select issue_id, max(value) filter (kind = 'provider') as provider, max(value) filter (kind = 'failure_category') as failure_category
    from core.tags
    group by issue_id
    having provider is not null and failure_category is not null
),
ticket as (
    select m.provider, m.failure_category, m.issue_id, e.issue_id is not null as is_escalated,
        e.issue_id is null and f.resolved_at is not null as is_contained,
        cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', t.created_at))) as date) as week
    from mode m
    join core.tickets t using (issue_id)
    join core.ticket_facts f using (issue_id)
    left join core.escalations e on e.issue_id = m.issue_id and e.escalation_no = 1
    cross join core.clock k
    where f.is_ticket and f.excluded_as is null and f.presence not in ('deleted', 'out_of_scope')
),
runbook as (
    select provider, failure_category, min(announced_date) as announced_date, min_by(runbook_id, announced_date) as runbook_id
    from core.runbooks
    where audience = 'ops' and announced_date is not null and provider is not null and failure_category is not null
    group by provider, failure_category
),
divided as (
    -- the week in which the runbook was announced belongs to neither side
    select t.*, r.runbook_id, r.announced_date as runbook_date, k.week as last_week,
        coalesce(cast(date_trunc('week', r.announced_date) as date), k.week - 84) as turning_week, r.runbook_id is null as is_bare
    from ticket t
    left join runbook r using (provider, failure_category)
    cross join core.clock k
)
select *, case
    when week < turning_week and week >= turning_week - 91 then 'before'
    when (week > turning_week or is_bare and week = turning_week) and week > last_week - 91 and week <= last_week then 'after'
end as side
from divided
