-- mart.coverage: one row per provider and failure category: how many people of Tier 2 have ever resolved it, without names
-- key: provider, failure_category
-- step: measure
-- reads: mart.coverage_escalations
-- column: provider tag; untagged where there is none
-- column: failure_category tag; untagged where there is none
-- column: n_resolved escalations resolved at Tier 2 by somebody known
-- column: n_people how many people have resolved one
-- column: is_single only one person ever has, though it came more than once
select provider, failure_category, count(distinct (issue_id, escalation_no)) as n_resolved, count(distinct person_no) as n_people,
    count(distinct person_no) = 1 and count(distinct (issue_id, escalation_no)) > 1 as is_single
from mart.coverage_escalations
group by all
