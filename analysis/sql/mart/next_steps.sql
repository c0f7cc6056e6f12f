-- mart.next_steps: one row per family that came more than once, and per failure mode, on which Tier 2 worked in the last 13 weeks: what would end it
-- key: subject, family_id, provider, failure_category
-- step: measure
-- reads: mart.recent_escalations, mart.families, mart.family_escalations, mart.remedies, mart.effort, core.clock
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
with subject as (
    select 'family' as subject, f.family_id, s.provider, s.failure_category, r.dealer_id, r.hours, r.cure
    from mart.recent_escalations r
    join mart.family_escalations f using (issue_id, escalation_no)
    join mart.families s on s.family_id = f.family_id and s.n_escalations > 1
    union all
    select 'mode', null, provider, failure_category, dealer_id, hours, cure from mart.recent_escalations
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
    h.effort_hours / nullif((
        select sum(w.hours) from mart.effort w cross join core.clock k where w.week > k.week - 91 and w.week <= k.week
    ), 0) as effort_share,
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
