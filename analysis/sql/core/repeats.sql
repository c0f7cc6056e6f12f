-- core.repeats: one row per escalation that came back: the latest earlier one it repeats
-- key: issue_id, escalation_no
-- step: judge
-- reads: core.escalations, core.ticket_facts, core.tags, core.categories, core.links, core.word_rules
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: repeat_kind same_failure (the same ticket again, or a duplicate of one already resolved) or same_kind (same dealer,
--   provider and category)
-- column: repeat_of issue id of the earlier escalation's ticket
-- column: repeat_of_no its escalation_no
-- column: earlier_resolved_at when that one was resolved, UTC
-- column: days_between days from that resolution until this one was told
with kind_of as (
    select e.issue_id, e.escalation_no, e.opened_at, e.escalated_at, e.resolved_at, e.is_excluded, f.dealer_id,
        p.value as provider, c.value as failure_category, coalesce(k.can_repeat, true) as can_repeat
    from core.escalations e
    join core.ticket_facts f using (issue_id)
    left join core.tags p on p.issue_id = e.issue_id and p.kind = 'provider'
    left join core.tags c on c.issue_id = e.issue_id and c.kind = 'failure_category'
    left join core.categories k on k.failure_category = c.value
),
newer as (
    select * from kind_of semi join dirty using (issue_id) where can_repeat
),
again as (
    select n.issue_id, n.escalation_no, 'same_failure' as repeat_kind, o.issue_id as repeat_of, o.escalation_no as repeat_of_no,
        o.resolved_at, n.opened_at
    from newer n
    join kind_of o on o.issue_id = n.issue_id and o.escalation_no = n.escalation_no - 1
    where o.resolved_at is not null
    union all
    select n.issue_id, n.escalation_no, 'same_failure', o.issue_id, o.escalation_no, o.resolved_at, n.opened_at
    from newer n
    join core.links l on l.issue_id = n.issue_id
        and lower(l.kind) in (select value from core.word_rules where kind = 'duplicate_link')
    join core.ticket_facts f on f.issue_id = n.issue_id and f.excluded_as = 'duplicate'
    join kind_of o on o.issue_id = l.target_id and o.resolved_at <= n.opened_at
    union all
    select n.issue_id, n.escalation_no, 'same_kind', o.issue_id, o.escalation_no, o.resolved_at, n.opened_at
    from newer n
    join kind_of o on o.dealer_id = n.dealer_id and o.provider = n.provider and o.failure_category = n.failure_category
        and o.issue_id <> n.issue_id and not o.is_excluded
        and o.resolved_at <= n.opened_at and o.resolved_at >= n.opened_at - interval 90 days
)
select issue_id, escalation_no, repeat_kind, repeat_of, repeat_of_no, resolved_at as earlier_resolved_at,
    epoch(opened_at - resolved_at) / 86400 as days_between
from again
qualify row_number() over (
    partition by issue_id, escalation_no order by repeat_kind, resolved_at desc, repeat_of desc, repeat_of_no desc
) = 1
