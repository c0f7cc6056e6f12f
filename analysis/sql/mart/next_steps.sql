-- mart.next_steps: one row per family that came more than once, and per failure mode, on which Tier 2 worked in the last 13 weeks: what would end it
-- key: subject, family_id, provider, failure_category
-- step: measure
-- reads: mart.families, mart.family_escalations, mart.remedies, mart.tagged_escalations, mart.effort, core.tags, core.outcomes,
--   core.field_stays, core.facts_known, core.verdicts, core.waits, core.clock
-- column: subject family, or mode (provider and failure category, with all of its escalations)
-- column: family_id the family; NULL for a mode
-- column: provider the family's, or the mode's
-- column: failure_category likewise
-- column: n_escalations escalations that came in the last 13 weeks or were worked on in them; cancelled ones are left out
-- column: n_dealers dealers hit in them
-- column: effort_hours working hours of Tier 2 on them in the last 13 weeks, an upper bound
-- column: effort_share part of all of Tier 2's hours in these weeks
-- column: place by effort, from 1, families and modes apart
-- column: cure what would end most of them, of equal ones that on which more hours were spent: give_access (OPS was blocked), train (OPS
--   should have handled it, a question, or the user's error), permanent_fix, chase_provider or runbook
-- column: n_ended how many of the escalations that cure speaks for
-- column: n_ended_low lower bound, by Wilson's of their share
-- column: n_ended_high upper bound
-- column: is_in_hand a fix is there, or merged, and nothing occurred since; or the cure is a runbook, and one is in force
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
),
reason as (
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
),
subject as (
    select 'family' as subject, f.family_id, s.provider, s.failure_category, r.dealer_id, r.hours, r.cure
    from reason r
    join mart.family_escalations f using (issue_id, escalation_no)
    join mart.families s on s.family_id = f.family_id and s.n_escalations > 1
    union all
    select 'mode', null, provider, failure_category, dealer_id, hours, cure from reason
),
weighed as (
    select *, count(*) over alike as n_ended, round(sum(hours) over alike, 6) as cure_hours
    from subject
    window alike as (partition by subject, family_id, provider, failure_category, cure)
),
hit as (
    select subject, family_id, provider, failure_category, count(*) as n_escalations, count(distinct dealer_id) as n_dealers,
        sum(hours) as effort_hours, min_by(cure, (-n_ended, -cure_hours, cure)) as cure, max(n_ended) as n_ended
    from weighed
    group by subject, family_id, provider, failure_category
)
select h.subject, h.family_id, h.provider, h.failure_category, h.n_escalations, h.n_dealers, h.effort_hours,
    h.effort_hours / nullif((select sum(hours) from spent), 0) as effort_share,
    row_number() over (
        partition by h.subject order by round(h.effort_hours, 6) desc, h.n_escalations desc, h.provider, h.failure_category, h.family_id
    ) as place,
    h.cure, h.n_ended, cast(ceil(core.wilson_low(h.n_ended, h.n_escalations) * h.n_escalations - 1e-9) as bigint) as n_ended_low,
    cast(floor(core.wilson_high(h.n_ended, h.n_escalations) * h.n_escalations + 1e-9) as bigint) as n_ended_high,
    coalesce(h.cure = 'runbook' and f.contained_at is not null, false) or exists (
        from mart.remedies r where r.family_id = f.family_id and r.kind <> 'runbook' and r.effective_at >= f.last_seen_at
    ) as is_in_hand
from hit h
left join mart.families f using (family_id)
