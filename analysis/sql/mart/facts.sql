-- mart.facts: one row per escalation, measure, form, week and group: what every number counts
-- key: week, measure, variant, group_key, issue_id, escalation_no
-- step: measure
-- reads: mart.all_facts
-- column: week Monday of the week it belongs to
-- column: measure name of the measure
-- column: variant which form of it
-- column: group_key all, or provider:…, category:…, criterion:…
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: in_numerator whether it is in the numerator
-- column: is_pending its outcome is still open; not counted
-- column: value the quantity, for measures that are not shares
select week, measure, variant, 'all' as group_key, issue_id, escalation_no, in_numerator, is_pending, value from mart.all_facts
union all
select week, measure, variant, provider_key, issue_id, escalation_no, in_numerator, is_pending, value from mart.all_facts
union all
select week, measure, variant, category_key, issue_id, escalation_no, in_numerator, is_pending, value from mart.all_facts
union all
select week, measure, variant, criterion_key, issue_id, escalation_no, in_numerator, is_pending, value from mart.all_facts
where criterion_key is not null
