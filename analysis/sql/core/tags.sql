-- core.tags: one row per ticket and kind of tag
-- key: issue_id, kind
-- step: tag
-- column: issue_id Jira's numeric id
-- column: kind provider, failure_category or root_cause
-- column: value the tag; NULL = untagged
-- column: source answer, field, rule, classifier or none
-- column: confidence how sure, 0 to 1; NULL where nobody has measured it
-- column: evidence the words or the field it rests on
-- column: rule_ids the rules that spoke for it
-- column: also_mentions other values that the text speaks of
-- column: is_disputed sources of equal rank disagree
-- column: taxonomy_version version of taxonomy.toml
-- column: model_version version of the classifier, if it spoke
create table core.tags (
    issue_id bigint not null,
    kind varchar not null,
    value varchar,
    source varchar not null,
    confidence double,
    evidence varchar[],
    rule_ids varchar[],
    also_mentions varchar[],
    is_disputed boolean not null,
    taxonomy_version varchar not null,
    model_version varchar
);
