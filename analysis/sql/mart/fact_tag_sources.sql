-- mart.fact_tag_sources: one row per escalation and form of the measure: how its tags came about
-- key: week, variant, issue_id, escalation_no
-- step: measure
-- reads: mart.tagged_escalations, core.known_tags, core.tags
-- statistic: share
-- pool: 1
-- title: How tags come about
-- version: 1
-- text: Escalations by the week in which they came, whatever became of them, and what was known for their tags at that moment.
--   Later answers change nothing here, or the newest week, which nobody has answered yet, would always look worst.
-- numerator: escalations without a tag, or on which rules and classifier disagree
-- denominator: escalations; for rules against classifier, those about which both spoke
-- variant: provider_untagged Nothing told the provider: no field, no rule, no classifier that was sure.
-- variant: category_untagged Nothing told the failure category.
-- variant: rule_against_classifier The words' rules say one provider or failure category, and rules and classifier together take
--   another one for likelier. A value that the classifier does not know is no disagreement. Each ticket counts once.
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
with untagged as (
    select e.escalated_week, case n.kind when 'provider' then 'provider' else 'category' end || '_untagged' as variant,
        issue_id, escalation_no, n.value is null as is_untagged
    from mart.tagged_escalations e
    join core.known_tags n using (issue_id, escalation_no)
),
both_spoke as (
    -- where the classifier does not know the rule's value, the rule speaks in spite of another guess
    select issue_id, bool_or(guess <> rule_value) as they_disagree
    from core.tags
    where kind in ('provider', 'failure_category') and rule_value is not null and guess is not null
        and (guess = rule_value or text_source <> 'rule')
    group by issue_id
)
select escalated_week as week, 'tag_sources' as measure, variant, issue_id, escalation_no, is_untagged as in_numerator,
    false as is_pending, cast(null as double) as value
from untagged
union all
select e.escalated_week, 'tag_sources', 'rule_against_classifier', b.issue_id, e.escalation_no, b.they_disagree, false, null
from both_spoke b
join mart.tagged_escalations e on e.issue_id = b.issue_id and e.escalation_no = 1
