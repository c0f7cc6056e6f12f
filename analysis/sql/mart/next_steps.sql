-- mart.next_steps: one row per family, and per failure mode beyond its families, on which Tier 2 worked in the last 13 weeks: what would end it
-- key: subject, family_id, provider, failure_category
-- step: measure
-- reads: mart.families, mart.family_escalations, mart.tagged_escalations, mart.effort, core.tags, core.outcomes, core.field_stays, core.waits,
--   core.runbooks, core.text_matches, core.clock
-- column: subject family or mode
-- column: family_id the family; NULL for a mode
-- column: provider the family's, or the mode's
-- column: failure_category likewise
-- column: n_escalations escalations in the last 13 weeks
-- column: n_dealers dealers hit in them
-- column: effort_hours working hours of Tier 2 in them, an upper bound
-- column: effort_share part of all of Tier 2's hours in them
-- column: place by effort, from 1, families and modes apart
-- column: cure what would end most of them: runbook, permanent_fix, chase_provider, train or give_access
-- column: n_ended how many of the escalations that cure speaks for
-- column: n_ended_low lower bound, by Wilson's of their share
-- column: n_ended_high upper bound
-- column: is_in_hand a remedy of that kind is there already
with recent as (
    select e.issue_id, e.escalation_no, e.escalated_at, e.dealer_id, e.provider, e.failure_category, e.touched_tier3, e.exclusion_reason, k.week
    from mart.tagged_escalations e
    cross join core.clock k
    where e.escalated_week > k.week - 91 and e.escalated_week <= k.week and e.exclusion_reason is distinct from 'cancelled'
),
spent as (
    select w.issue_id, w.escalation_no, sum(w.hours) as hours
    from mart.effort w
    cross join core.clock k
    where w.week > k.week - 91 and w.week <= k.week
    group by w.issue_id, w.escalation_no
),
waited as (
    select issue_id, sum(epoch(coalesce(ended_at, k.as_of) - started_at)) as provider_seconds
    from core.waits
    cross join core.clock k
    where waiting_on = 'provider'
    group by issue_id
),
-- the first that holds says what would have ended this one
reason as (
    select r.*,
        case
            when exists (from core.field_stays b where b.issue_id = r.issue_id and b.role = 'ops_blocked_by' and b.value is not null) then 'give_access'
            when exists (from core.text_matches x join core.runbooks b on x.kind = 'runbook' and x.ref = b.runbook_id || ' v' || b.version
                where x.issue_id = r.issue_id and b.audience = 'ops' and b.announced_date <= cast(r.escalated_at as date)
                    and coalesce(b.replaced_date > cast(r.escalated_at as date), true)) then 'train'
            when r.failure_category = 'how_to' or c.value = 'user_error' then 'train'
            when c.value = 'our_bug' or o.outcome = 'fix' or r.touched_tier3 then 'permanent_fix'
            when c.value in ('provider_bug', 'provider_delay') or r.failure_category in ('provider_outage', 'setup_delay') then 'chase_provider'
            when c.value is null and coalesce(w.provider_seconds, 0) > 8 * 3600 then 'chase_provider'
            else 'runbook'
        end as cure
    from recent r
    left join core.tags c on c.issue_id = r.issue_id and c.kind = 'root_cause'
    left join core.outcomes o on o.issue_id = r.issue_id and o.escalation_no = r.escalation_no
    left join waited w on w.issue_id = r.issue_id
),
subject as (
    select 'family' as subject, f.family_id, s.provider, s.failure_category, r.issue_id, r.escalation_no, r.dealer_id, r.cure
    from reason r
    join mart.family_escalations f using (issue_id, escalation_no)
    join mart.families s on s.family_id = f.family_id and s.n_escalations > 1
    union all
    select 'mode', null, provider, failure_category, issue_id, escalation_no, dealer_id, cure from reason
),
hit as (
    select s.subject, s.family_id, s.provider, s.failure_category, count(*) as n_escalations, count(distinct s.dealer_id) as n_dealers,
        coalesce(sum(w.hours), 0) as effort_hours, mode(s.cure order by s.cure) as cure
    from subject s
    left join spent w using (issue_id, escalation_no)
    group by s.subject, s.family_id, s.provider, s.failure_category
),
ended as (
    select h.*, k.n_ended, core.wilson_low(k.n_ended, h.n_escalations) * h.n_escalations as low, core.wilson_high(k.n_ended, h.n_escalations) * h.n_escalations as high
    from hit h
    cross join lateral (
        select count(*) as n_ended from subject s
        where s.subject = h.subject and s.family_id is not distinct from h.family_id and s.provider = h.provider
            and s.failure_category = h.failure_category and s.cure = h.cure
    ) k
)
select e.subject, e.family_id, e.provider, e.failure_category, e.n_escalations, e.n_dealers, e.effort_hours,
    e.effort_hours / nullif((select sum(hours) from spent), 0) as effort_share,
    row_number() over (partition by e.subject order by e.effort_hours desc, e.n_escalations desc, e.provider, e.failure_category, e.family_id) as place,
    e.cure, e.n_ended, cast(ceil(e.low - 1e-9) as bigint) as n_ended_low, cast(floor(e.high + 1e-9) as bigint) as n_ended_high,
    case e.cure
        when 'runbook' then f.contained_at is not null
        when 'permanent_fix' then f.fix_effective_at is not null
        else false
    end as is_in_hand
from ended e
left join mart.families f using (family_id)
