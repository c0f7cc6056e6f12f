-- mart.ops_standing_list: one row per failure mode that OPS should have handled and did not, in the last 13 weeks
-- key: provider, failure_category
-- step: measure
-- reads: mart.ops_standing_escalations, mart.why_not_handled, core.runbook_matches, core.runbooks, core.clock
-- column: provider tag of the mode
-- column: failure_category tag of the mode
-- column: place by hours of Tier 2, then by number, from 1
-- column: n_escalations escalations with the verdict should_have_handled and not withdrawn
-- column: n_before the same in the 13 weeks before
-- column: n_agreed how many of them OPS accepted, or a ruling lets stand
-- column: n_dealers dealers
-- column: effort_hours working hours of Tier 2 on them, an upper bound
-- column: criterion_id the criterion that most of them meet
-- column: runbook_id the runbook for OPS that most of them fit; NULL where there is none
-- column: runbook_title its title
-- column: why the reason that is given or suggested for most of them: knowledge, access, information or process
-- column: is_why_suggested whether OPS gave that reason for none of them
with held as materialized (
    select * from mart.ops_standing_escalations
),
booked as (
    select h.provider, h.failure_category, m.runbook_id, count(*) as n
    from held h
    join core.runbook_matches m on m.issue_id = h.issue_id and m.escalation_no = h.escalation_no and m.is_sure
    where h.is_recent
    group by all
),
book as (
    select provider, failure_category, max_by(runbook_id, (n, runbook_id)) as runbook_id from booked group by all
),
given as (
    select h.provider, h.failure_category, y.reason, count(*) as n, bool_and(y.is_suggested) as is_suggested
    from held h
    join mart.why_not_handled y using (issue_id, escalation_no)
    where h.is_recent
    group by all
),
reason as (
    -- of reasons equally often given the one that OPS gave
    select provider, failure_category, max_by(reason, (n, not is_suggested, reason)) as why,
        max_by(is_suggested, (n, not is_suggested, reason)) as is_suggested
    from given
    group by provider, failure_category
),
counted as (
    select provider, failure_category, count(*) filter (is_recent) as n_escalations, count(*) filter (not is_recent) as n_before,
        count(*) filter (is_recent and standing = 'agreed') as n_agreed, count(distinct dealer_id) filter (is_recent) as n_dealers,
        coalesce(sum(hours) filter (is_recent), 0) as effort_hours, mode(criterion_id order by criterion_id) filter (is_recent) as criterion_id
    from held
    group by provider, failure_category
)
select c.provider, c.failure_category,
    row_number() over (order by c.effort_hours desc, c.n_escalations desc, c.provider, c.failure_category) as place, c.n_escalations, c.n_before,
    c.n_agreed, c.n_dealers, c.effort_hours, c.criterion_id, b.runbook_id, r.title as runbook_title, y.why, y.is_suggested as is_why_suggested
from counted c
left join book b on b.provider = c.provider and b.failure_category = c.failure_category
left join (select runbook_id, max_by(title, version) as title from core.runbooks group by runbook_id) r on r.runbook_id = b.runbook_id
left join reason y on y.provider = c.provider and y.failure_category = c.failure_category
where c.n_escalations > 0
