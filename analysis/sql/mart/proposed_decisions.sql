-- mart.proposed_decisions: one row per decision that the weekly meeting could take, at most seven, in the order in which they are put
-- key: place
-- step: measure
-- reads: mart.families, mart.family_escalations, mart.next_steps, mart.onboardings, mart.open_escalations, mart.tagged_escalations,
--   mart.verdicts, mart.actions, mart.review_pool, mart.review_queue, core.tickets, core.clock
-- column: place from 1
-- column: kind came_back (a failure occurred after its fix took effect), end_family (what Tier 2 spent most on), chase (a provider that is
--   later than normal), rule (verdicts that OPS contested), end_mode (a failure mode that training, access or a runbook would end), follow_up
--   (actions open for more than four weeks) or review (tags of which the program is least sure)
-- column: provider whom it is about; NULL where it is about none
-- column: failure_category likewise
-- column: family_id the family; NULL where it is about none
-- column: cure what would end it, as in mart.next_steps; NULL for others
-- column: n how many: escalations since the fix, or in 13 weeks; tickets that are late; verdicts; actions; tags
-- column: n_dealers dealers hit by them; NULL where that says nothing
-- column: n_ended_low of them the cure speaks for at least so many; NULL for others
-- column: n_ended_high at most so many
-- column: effort_hours working hours of Tier 2 on it in the last 13 weeks, an upper bound; NULL for others
-- column: since_date day from which it counts: the fix took effect, the oldest action was decided
-- column: is_assumed whether that day is assumed from the merge
-- column: days how late each one is, the latest first: days of an onboarding since its request, of a wait since it began
-- column: normal_days the provider's normal time for an onboarding; NULL where it is about waits alone
-- column: refs keys of the tickets and actions that it is about, the newest (of those late, the latest) first
with came_back as (
    select f.family_id, f.provider, f.failure_category, count(*) as n, count(distinct e.dealer_id) as n_dealers,
        any_value(timezone(k.reporting_zone, timezone('UTC', f.fix_effective_at)))::date as since_date, any_value(f.is_fix_assumed) as is_assumed,
        list(t.ticket_key order by e.occurred_at desc, e.issue_id desc) as refs, max(e.occurred_at) as last_at
    from mart.families f
    cross join core.clock k
    join mart.family_escalations e on e.family_id = f.family_id and e.occurred_at > f.fix_effective_at
    join core.tickets t on t.issue_id = e.issue_id
    where f.state = 'regressed'
    group by f.family_id, f.provider, f.failure_category
    -- it is news for four weeks; later the hours that it costs speak for it
    having max(e.escalated_week) > any_value(k.week) - 28
),
recent as (
    select e.family_id, list(t.ticket_key order by e.occurred_at desc, e.issue_id desc) as refs
    from mart.family_escalations e
    join core.tickets t on t.issue_id = e.issue_id
    cross join core.clock k
    where e.escalated_week > k.week - 91
    group by e.family_id
),
end_family as (
    select n.*, r.refs
    from mart.next_steps n
    join recent r using (family_id)
    where n.subject = 'family' and n.n_escalations > 1 and not n.is_in_hand and n.family_id not in (select family_id from came_back)
),
end_mode as (
    select n.*, (
            select list(t.ticket_key order by e.escalated_at desc, e.issue_id desc)
            from mart.tagged_escalations e
            join core.tickets t on t.issue_id = e.issue_id
            cross join core.clock k
            where e.provider = n.provider and e.failure_category = n.failure_category and e.escalated_week > k.week - 91
                and e.escalated_week <= k.week
        ) as refs
    from mart.next_steps n
    where n.subject = 'mode' and n.cure in ('train', 'give_access', 'runbook') and n.n_escalations > 2 and not n.is_in_hand
        and n.provider <> 'untagged' and n.failure_category <> 'untagged'
        and not exists (from end_family f where f.provider = n.provider and f.failure_category = n.failure_category and f.place <= 3)
),
late as (
    select o.provider, o.ticket_key as ref, o.dealer_id, o.elapsed_days as days, o.normal_days
    from mart.onboardings o
    where o.live_date is null and o.exclusion_reason is null and o.elapsed_days > o.normal_days and o.provider is not null
    union all
    select e.provider, o.ticket_key, e.dealer_id, date_diff('day', o.held_since, k.as_of), null
    from mart.open_escalations o
    join mart.tagged_escalations e using (issue_id, escalation_no)
    cross join core.clock k
    where o.holder = 'provider' and o.is_overdue and e.provider <> 'untagged'
        and not exists (from mart.onboardings b where b.issue_id = o.issue_id and b.live_date is null and b.elapsed_days > b.normal_days)
),
chase as (
    select provider, count(*) as n, count(distinct dealer_id) as n_dealers, list(days order by days desc, ref) as days,
        max(normal_days) as normal_days, list(ref order by days desc, ref) filter (ref is not null) as refs
    from late
    group by provider
),
contested as (
    select count(*) as n, list(t.ticket_key order by v.window_closes_at, v.issue_id) as refs
    from mart.verdicts v
    join core.tickets t using (issue_id)
    where v.standing = 'contested'
),
stale as (
    select count(*) as n, min(a.decided_date) as since_date, list(a.action_id order by a.decided_at, a.action_id) as refs
    from mart.actions a
    cross join core.clock k
    where a.status = 'open' and a.decided_at < k.as_of - interval 28 days
),
unsure as (
    select count(*) as n, list(distinct t.ticket_key order by t.ticket_key) as refs
    from (
        select issue_id, kind from mart.review_queue
        union
        select issue_id, kind from mart.review_pool where reason in ('disputed', 'unsure')
    ) p
    join core.tickets t using (issue_id)
),
candidate as (
    select 'came_back' as kind, 1 as turn, row_number() over (order by last_at desc, family_id) as nth, provider, failure_category, family_id,
        null as cure, n, n_dealers, null as n_ended_low, null as n_ended_high, null as effort_hours, since_date, is_assumed,
        null::bigint[] as days, null as normal_days, refs
    from came_back
    union all
    select 'end_family', 2, row_number() over (order by place), provider, failure_category, family_id, cure, n_escalations, n_dealers,
        n_ended_low, n_ended_high, effort_hours, null, null, null, null, refs
    from end_family
    union all
    select 'chase', 3, row_number() over (order by n desc, days[1] desc, provider), provider, null, null, null, n, n_dealers, null, null,
        null, null, null, days, normal_days, refs
    from chase
    union all
    select 'rule', 4, 1, null, null, null, null, n, null, null, null, null, null, null, null, null, refs from contested where n > 0
    union all
    select 'end_mode', 5, row_number() over (order by place), provider, failure_category, null, cure, n_escalations, n_dealers, n_ended_low,
        n_ended_high, effort_hours, null, null, null, null, refs
    from end_mode
    union all
    select 'follow_up', 6, 1, null, null, null, null, n, null, null, null, null, since_date, null, null, null, refs from stale where n > 0
    union all
    select 'review', 7, 1, null, null, null, null, n, null, null, null, null, null, null, null, null, refs from unsure where n > 0
),
chosen as (
    -- one of each kind before a second of any; never more than three about families or two of another kind
    select *
    from candidate
    where nth <= if(kind = 'end_family', 3, 2)
    qualify row_number() over (order by nth, turn) <= 7
)
select row_number() over (order by turn, nth) as place, kind, provider, failure_category, family_id, cure, n, n_dealers, n_ended_low,
    n_ended_high, effort_hours, since_date, is_assumed, days, normal_days, refs
from chosen
