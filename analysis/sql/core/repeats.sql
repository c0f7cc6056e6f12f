-- core.repeats: one row per escalation that came back: the latest earlier one it repeats
-- key: issue_id, escalation_no
-- step: judge
-- reads: core.escalations, core.ticket_facts, core.tags, core.links, core.word_rules, core.family_members, core.alike
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: repeat_kind same_failure (same dealer and family, or very alike; the same ticket again; a duplicate of one already resolved)
--   or same_kind (same dealer, provider and category only)
-- column: told_by family, alike (two tickets of one dealer), reopened, duplicate or kind
-- column: repeat_of issue id of the earlier escalation's ticket
-- column: repeat_of_no its escalation_no
-- column: earlier_resolved_at when that one was resolved, UTC
-- column: days_between days from that resolution until this one was told
with kind_of as (
    select e.issue_id, e.escalation_no, e.opened_at, e.escalated_at, e.resolved_at, e.is_excluded, e.exclusion_reason, f.dealer_id, m.family_id,
        p.value as provider, c.value as failure_category, coalesce(c.can_repeat, true) as can_repeat
    from core.escalations e
    join core.ticket_facts f using (issue_id)
    left join core.tags p on p.issue_id = e.issue_id and p.kind = 'provider'
    left join core.tags c on c.issue_id = e.issue_id and c.kind = 'failure_category'
    left join core.family_members m on m.issue_id = e.issue_id
),
newer as (
    select * from kind_of semi join dirty using (issue_id) where can_repeat
),
earlier as (
    select * from kind_of where can_repeat and exclusion_reason is distinct from 'cancelled'
),
again as (
    select n.issue_id, n.escalation_no, 'same_failure' as repeat_kind, 'reopened' as told_by, o.issue_id as repeat_of, o.escalation_no as repeat_of_no,
        o.resolved_at, n.opened_at
    from newer n
    join kind_of o on o.issue_id = n.issue_id and o.escalation_no = n.escalation_no - 1
    where o.resolved_at is not null
    union all
    select n.issue_id, n.escalation_no, 'same_failure', 'duplicate', o.issue_id, o.escalation_no, o.resolved_at, n.opened_at
    from newer n
    join core.links l on l.issue_id = n.issue_id
        and lower(l.kind) in (select value from core.word_rules where kind = 'duplicate_link')
    join core.ticket_facts f on f.issue_id = n.issue_id and f.excluded_as = 'duplicate'
    join kind_of o on o.issue_id = l.target_id and o.resolved_at <= n.opened_at
    union all
    select n.issue_id, n.escalation_no, 'same_failure', 'family', o.issue_id, o.escalation_no, o.resolved_at, n.opened_at
    from newer n
    join earlier o on o.dealer_id = n.dealer_id and o.family_id = n.family_id and o.issue_id <> n.issue_id
        and o.resolved_at <= n.opened_at and o.resolved_at >= n.opened_at - interval 90 days
    union all
    select n.issue_id, n.escalation_no, 'same_failure', 'alike', o.issue_id, o.escalation_no, o.resolved_at, n.opened_at
    from newer n
    join core.alike a on a.issue_id = n.issue_id
    join earlier o on o.issue_id = a.other_id and o.dealer_id = n.dealer_id
        and o.resolved_at <= n.opened_at and o.resolved_at >= n.opened_at - interval 90 days
    union all
    select n.issue_id, n.escalation_no, 'same_kind', 'kind', o.issue_id, o.escalation_no, o.resolved_at, n.opened_at
    from newer n
    join earlier o on o.dealer_id = n.dealer_id and o.provider = n.provider and o.failure_category = n.failure_category
        and o.issue_id <> n.issue_id and not o.is_excluded
        and o.resolved_at <= n.opened_at and o.resolved_at >= n.opened_at - interval 90 days
)
select issue_id, escalation_no, repeat_kind, told_by, repeat_of, repeat_of_no, resolved_at as earlier_resolved_at,
    epoch(opened_at - resolved_at) / 86400 as days_between
from again
qualify row_number() over (
    -- what people did tells more than what is alike
    partition by issue_id, escalation_no
    order by repeat_kind, resolved_at desc, list_position(['reopened', 'duplicate', 'family', 'alike'], told_by), repeat_of desc, repeat_of_no desc
) = 1
