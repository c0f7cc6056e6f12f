-- core.standing_answers: one row per ticket and kind of tag about which a person's answer stands
-- key: issue_id, kind
-- step: tag
-- reads: state.answers
-- column: issue_id Jira's numeric id
-- column: kind provider, failure_category or root_cause
-- column: value the latest answer
-- column: answered_at when it was given, UTC
-- column: is_disputed another person's latest answer is another one
-- column: said all persons' latest answers with their days, latest first
with latest as (
    select issue_id, kind, coalesce(person_id, source_ref) as person,
        max_by({'value': value, 'at': effective_at, 'no': event_id}, (effective_at, event_id)) as told
    from state.answers
    semi join dirty using (issue_id)
    group by all
),
standing as (
    select issue_id, kind, told.value as value, told.at as answered_at, told.no as event_id
    from latest
    where told.value is not null
)
select issue_id, kind, max_by(value, (answered_at, event_id)) as value, max(answered_at) as answered_at,
    count(distinct value) > 1 as is_disputed,
    list('a person on ' || strftime(answered_at, '%Y-%m-%d') || ': ' || value order by answered_at desc, event_id desc) as said
from standing
group by issue_id, kind
