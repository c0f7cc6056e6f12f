-- core.known_tags: one row per escalation and kind of tag: what it was tagged by what was known when it was escalated
-- key: issue_id, escalation_no, kind
-- step: judge
-- column: issue_id Jira's numeric id
-- column: escalation_no which escalation of the ticket
-- column: kind provider or failure_category
-- column: value the tag then; NULL = untagged
-- column: source answer, field, rule, classifier or none
-- column: is_sure it may carry a verdict by itself: a person, a field or a rule says so, or the classifier is sure to 97 % and no rule
--   says otherwise
create table core.known_tags (
    issue_id bigint not null,
    escalation_no integer not null,
    kind varchar not null,
    value varchar,
    source varchar not null,
    is_sure boolean not null
);
