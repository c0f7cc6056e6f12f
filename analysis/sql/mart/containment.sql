-- mart.containment: one row per failure mode: what OPS handles of it, before and after its runbook
-- key: provider, failure_category
-- step: measure
-- reads: mart.containment_tickets, mart.exposure, core.ticket_facts, core.escalations
-- column: provider tag of the mode
-- column: failure_category tag of the mode
-- column: form tier1 (Tier 1's work is in Jira: share that OPS resolved) or per_dealer (it is not: escalations per live dealer and week)
-- column: runbook_id the first runbook for OPS that is for this mode
-- column: runbook_date when it was announced; without one, 13 weeks before the end of the reported week divide
-- column: n_weeks_before whole weeks looked at before, at most 13
-- column: n_before tickets of the mode made in them and decided
-- column: k_before of those resolved without ever reaching Tier 2; escalations, where the form is per_dealer
-- column: value_before share or rate
-- column: n_weeks_after whole weeks since, at most 13, to the end of the reported week
-- column: n_after as before
-- column: k_after as before
-- column: value_after as before
-- column: n_pending tickets made since that are neither resolved nor escalated
-- column: is_too_few fewer than 20 on either side, so no change may be claimed
with ticket as materialized (
    select * from mart.containment_tickets
),
form as (
    select if(count(*) >= 20, 'tier1', 'per_dealer') as form
    from core.ticket_facts f
    anti join core.escalations using (issue_id)
    where f.is_ticket and f.resolved_at is not null
),
exposed as (
    select d.provider, d.failure_category, coalesce(sum(x.n) filter (x.week < d.turning_week and x.week >= d.turning_week - 91), 0) as before,
        coalesce(sum(x.n) filter ((x.week > d.turning_week or d.is_bare and x.week = d.turning_week) and x.week > d.last_week - 91), 0) as after
    from (select distinct provider, failure_category, turning_week, last_week, is_bare from ticket) d
    join mart.exposure x on x.per = 'live_dealers' and x.group_key = 'all' and x.week <= d.last_week
    group by d.provider, d.failure_category
),
counted as (
    select provider, failure_category, any_value(runbook_id) as runbook_id, any_value(runbook_date) as runbook_date,
        any_value(turning_week) as turning_week, any_value(last_week) as last_week, bool_or(is_bare) as is_bare,
        count(*) filter (side = 'before' and (is_escalated or is_contained)) as n_before,
        count(*) filter (side = 'before' and is_contained) as kept_before, count(*) filter (side = 'before' and is_escalated) as up_before,
        count(*) filter (side = 'after' and (is_escalated or is_contained)) as n_after,
        count(*) filter (side = 'after' and is_contained) as kept_after, count(*) filter (side = 'after' and is_escalated) as up_after,
        count(*) filter (side = 'after' and not is_escalated and not is_contained) as n_pending
    from ticket
    group by provider, failure_category
)
select c.provider, c.failure_category, f.form, c.runbook_id, c.runbook_date,
    cast(least(13, greatest(0, date_diff('week', (select min(week) from ticket), c.turning_week))) as integer) as n_weeks_before,
    if(f.form = 'tier1', n_before, up_before) as n_before, if(f.form = 'tier1', kept_before, up_before) as k_before,
    if(f.form = 'tier1', kept_before / nullif(n_before, 0), up_before / nullif(x.before, 0)) as value_before,
    cast(least(13, greatest(0, date_diff('week', c.turning_week, c.last_week) + c.is_bare::integer)) as integer) as n_weeks_after,
    if(f.form = 'tier1', n_after, up_after) as n_after, if(f.form = 'tier1', kept_after, up_after) as k_after,
    if(f.form = 'tier1', kept_after / nullif(n_after, 0), up_after / nullif(x.after, 0)) as value_after,
    n_pending, if(f.form = 'tier1', least(n_before, n_after), least(up_before, up_after)) < 20 as is_too_few
from counted c
cross join form f
left join exposed x using (provider, failure_category)
