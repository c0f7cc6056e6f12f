-- core.outcomes: one row per resolved escalation: what it ended in
-- key: issue_id, escalation_no
-- step: judge
-- reads: core.escalations, core.tickets, core.ticket_keys, core.field_values, core.word_rules, core.runbooks, core.tags, core.links
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: outcome fix (a merged or Tier 2's own change, or so recorded), runbook or tool (made or revised because of it), trained,
--   returned (to OPS, as it came), not_ours (outage, limitation, custom request, question) or neither
-- column: told_by what says so: field, change, runbook, resolution, tier or category; NULL for neither
with word as (
    select value, substr(kind, 9) as outcome from core.word_rules where kind like 'outcome_%'
),
said as (
    select v.issue_id, min_by(w.outcome, v.value_no) as outcome
    from core.field_values v
    semi join dirty using (issue_id)
    join word w on w.value = lower(v.value)
    where v.role = 'outcome'
    group by v.issue_id
),
changed as (
    -- a change that is linked and known to be merged, whoever made it
    select distinct l.issue_id
    from core.links l
    semi join dirty using (issue_id)
    join core.field_values m on m.issue_id = l.target_id and m.role = 'merged_at' and m.value_at is not null
),
booked as (
    select distinct k.issue_id
    from core.runbooks r, unnest(r.because_of) as b(ticket_key)
    join core.ticket_keys k on k.ticket_key = b.ticket_key
),
told as (
    select e.issue_id, e.escalation_no, s.outcome as by_field,
        if(e.has_own_fix or c.issue_id is not null, 'fix', null) as by_change, if(b.issue_id is not null, 'runbook', null) as by_runbook,
        -- the resolution is the present one, and speaks for the last escalation
        case when e.next_escalated_at is null then w.outcome end as by_resolution,
        if(e.resolution_tier <= 1 and not e.touched_tier3, 'returned', null) as by_tier,
        if(g.value in ('provider_outage', 'limitation', 'custom_request', 'how_to'), 'not_ours', null) as by_category
    from core.escalations e
    semi join dirty using (issue_id)
    join core.tickets t using (issue_id)
    left join said s using (issue_id)
    left join changed c using (issue_id)
    left join booked b using (issue_id)
    left join word w on w.value = lower(t.resolution)
    left join core.tags g on g.issue_id = e.issue_id and g.kind = 'failure_category'
    where e.resolved_at is not null
)
select issue_id, escalation_no,
    coalesce(by_field, by_change, by_runbook, by_resolution, by_tier, by_category, 'neither') as outcome,
    case
        when by_field is not null then 'field'
        when by_change is not null then 'change'
        when by_runbook is not null then 'runbook'
        when by_resolution is not null then 'resolution'
        when by_tier is not null then 'tier'
        when by_category is not null then 'category'
    end as told_by
from told
