-- mart.queue: one row per escalation that is open now, what to do first on top
-- key: issue_id, escalation_no
-- step: measure
-- reads: mart.open_escalations, mart.tagged_escalations, mart.verdicts, mart.evidence, mart.pushbacks, mart.families, mart.waits,
--   core.tickets, core.tags, core.ticket_facts, core.dealers, core.repeats, core.family_members, core.known_alike, core.resolutions,
--   core.runbook_matches, core.runbooks, core.facts_known, core.criteria, core.word_rules, core.normal_delays, core.field_values, core.clock, core.escalations
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: ticket_key current key
-- column: place from 1
-- column: why_now overdue (the provider's normal time is over), soon_overdue (it is within a working day), top_priority, push_back (OPS should
--   have handled it, and nobody pushed it back yet), incomplete (OPS is to hand over what is missing), ours (our answer is waited for) or
--   waiting (for somebody else)
-- column: priority Jira's priority
-- column: summary masked
-- column: dealer_name the dealer, or as it was typed
-- column: provider tag; NULL = untagged
-- column: failure_category tag; NULL = untagged
-- column: is_tag_unsure the classifier alone gave one of them, or one is missing
-- column: escalated_at when it came to Tier 2 or above, UTC
-- column: age_working_hours since then, inside working hours
-- column: waiting_on who holds the ball: provider, dealer, ops, tier2 or tier3
-- column: held_since since when, UTC
-- column: hours_left hours until the provider's normal time is over, negative after it; NULL where none is written down
-- column: verdict as it stands
-- column: criterion_id the criterion
-- column: runbook_id the runbook for OPS that fits; NULL where none does
-- column: nearest_key the nearest resolved ticket: of its family the last one, at the same dealer if there is one; else one that OPS solved
-- column: nearest_tier the tier that resolved it
-- column: repeat_of_key what it is a repeat of
-- column: family_id its family
-- column: family_state the family's state
-- column: next_step what to do next, in words
with open as (
    select o.*, e.provider, e.failure_category, t.priority, t.summary, t.ticket_key as "key", f.dealer_id,
        coalesce(d.name, f.dealer_text) as dealer_name, v.verdict, v.criterion_id, k.as_of,
        lower(t.priority) in (select value from core.word_rules where kind = 'top_priority') as is_top,
        p.issue_id is not null as is_pushed_back, m.family_id, x.repeat_of, coalesce(v.standing, '') as standing
    from mart.open_escalations o
    cross join core.clock k
    join mart.tagged_escalations e using (issue_id, escalation_no)
    join core.tickets t on t.issue_id = o.issue_id
    join core.ticket_facts f on f.issue_id = o.issue_id
    left join core.dealers d on d.dealer_id = f.dealer_id
    left join mart.verdicts v on v.issue_id = o.issue_id and v.escalation_no = o.escalation_no
    left join mart.pushbacks p on p.issue_id = o.issue_id and p.escalation_no = o.escalation_no
    left join core.family_members m on m.issue_id = o.issue_id
    left join core.repeats x on x.issue_id = o.issue_id and x.escalation_no = o.escalation_no
),
unsure as (
    select issue_id, bool_or(source in ('classifier', 'none')) as is_unsure
    from core.tags
    where kind in ('provider', 'failure_category')
    group by issue_id
),
due as (
    -- of an activation that a provider holds: when its normal time is over
    select o.issue_id, o.escalation_no, min(d.hours - epoch(o.as_of - s.value_at) / 3600) as hours_left
    from open o
    join core.normal_delays d on d.provider = o.provider and d.effective_from <= cast(o.escalated_at as date)
    join core.field_values s on s.issue_id = o.issue_id and s.role = d.starts and s.value_no = 1 and s.value_at is not null
    where o.failure_category = 'setup_delay' and o.holder = 'provider'
    group by all
),
booked as (
    select m.issue_id, m.escalation_no, min_by(m.runbook_id, (not m.is_sure, m.runbook_id)) as runbook_id
    from core.runbook_matches m
    semi join open o on o.issue_id = m.issue_id and o.escalation_no = m.escalation_no
    where m.missing is null
    group by all
),
kin as (
    select o.issue_id, o.escalation_no, k.ticket_key, e.resolution_tier, e.resolved_at, f.dealer_id = o.dealer_id as is_same_dealer
    from open o
    join core.family_members m on m.family_id = o.family_id and m.issue_id <> o.issue_id
    join core.escalations e on e.issue_id = m.issue_id and e.resolved_at is not null
    join core.tickets k on k.issue_id = m.issue_id
    join core.ticket_facts f on f.issue_id = m.issue_id
    union all
    select o.issue_id, o.escalation_no, k.ticket_key, r.tier, r.resolved_at, false
    from open o
    join core.known_alike a on a.issue_id = o.issue_id and a.escalation_no = o.escalation_no and a.kind = 'solved'
    join core.resolutions r on r.issue_id = cast(a.ref as bigint) and not r.is_withdrawn
    join core.tickets k on k.issue_id = r.issue_id
    where o.family_id is null
),
nearest as (
    select issue_id, escalation_no, max_by({'key': ticket_key, 'tier': resolution_tier}, (coalesce(is_same_dealer, false), resolved_at)) as kin
    from kin
    group by all
),
missing as (
    -- also where the verdict was softened to it, and names the criterion that was weighed first
    select f.issue_id, f.escalation_no, min(f.fact) filter (c.test <> 'already_open') as fact,
        min(f.source_ref) filter (c.test = 'already_open') as twin_key
    from core.facts_known f
    join open o on o.issue_id = f.issue_id and o.escalation_no = f.escalation_no
    join core.criteria c on c.criterion_id = f.criterion_id and c.version = f.criterion_version and c.claims = 'incomplete'
    where o.verdict = 'incomplete' and f.weight = 'meets'
    group by all
),
ordered as (
    select o.*, u.is_unsure, d.hours_left, b.runbook_id, n.kin, q.fact as missing, q.twin_key, r.ticket_key as repeat_of_key, s.state as family_state,
        case
            when o.is_overdue or d.hours_left < 0 then 'overdue'
            when d.hours_left < 24 then 'soon_overdue'
            when o.is_top then 'top_priority'
            when o.verdict = 'should_have_handled' and not o.is_pushed_back and o.standing not in ('withdrawn', 'agreed') then 'push_back'
            when o.verdict = 'incomplete' and o.holder = 'tier2' then 'incomplete'
            when o.holder = 'tier2' then 'ours'
            else 'waiting'
        end as why_now
    from open o
    left join unsure u on u.issue_id = o.issue_id
    left join due d on d.issue_id = o.issue_id and d.escalation_no = o.escalation_no
    left join booked b on b.issue_id = o.issue_id and b.escalation_no = o.escalation_no
    left join nearest n on n.issue_id = o.issue_id and n.escalation_no = o.escalation_no
    left join missing q on q.issue_id = o.issue_id and q.escalation_no = o.escalation_no
    left join core.tickets r on r.issue_id = o.repeat_of
    left join mart.families s on s.family_id = o.family_id
)
select issue_id, escalation_no, ticket_key,
    row_number() over (
        order by list_position(
            ['overdue', 'soon_overdue', 'top_priority', 'push_back', 'incomplete', 'ours', 'waiting'], why_now
        ), age_working_hours desc, escalated_at, issue_id
    ) as place,
    why_now, priority, summary, dealer_name, nullif(provider, 'untagged') as provider, nullif(failure_category, 'untagged') as failure_category,
    coalesce(is_unsure, true) as is_tag_unsure, escalated_at, age_working_hours, holder as waiting_on, held_since, hours_left, verdict,
    criterion_id, runbook_id, kin."key" as nearest_key, kin.tier as nearest_tier, repeat_of_key, family_id, family_state,
    case
        when why_now = 'overdue' then 'Chase the provider: its normal time is over.'
        when why_now = 'soon_overdue' then 'Ask the provider now: its normal time is over within a day.'
        when why_now = 'push_back' and runbook_id is not null then 'Push it back with runbook ' || runbook_id || '.'
        when why_now = 'push_back' then 'Push it back with the evidence.'
        when verdict = 'incomplete' and not is_pushed_back and holder = 'tier2' and missing is not null then 'Ask OPS: ' || missing
        when verdict = 'incomplete' and holder = 'tier2' and twin_key is not null
            then 'Put it together with ' || twin_key || ': the same failure of this dealer was with Tier 2 already.'
        when holder = 'tier3' then 'Ask Tier 3 how far it is.'
        when holder in ('provider', 'dealer') then 'Waits for the ' || holder || '; ask again if nobody wrote lately.'
        when holder = 'ops' then 'Waits for OPS.'
        when family_state = 'regressed' then 'It came back after a fix: look at what changed, then reopen the fix.'
        when repeat_of_key is not null then 'Look at what closed ' || repeat_of_key || '; it came back.'
        when runbook_id is not null then 'Try runbook ' || runbook_id || '.'
        when kin."key" is not null then 'Look at how ' || kin."key" || ' ended.'
        when first_action_at is null then 'Take it up: nobody has done so yet.'
        else 'Go on with it.'
    end as next_step
from ordered
