-- core.tags: one row per ticket and kind of tag
-- key: issue_id, kind
-- step: tag
-- column: issue_id Jira's numeric id
-- column: kind provider, failure_category or root_cause
-- column: value the tag; NULL = untagged
-- column: source answer, field, rule, classifier or none
-- column: confidence how sure, 0 to 1, by what came true of unseen tickets; NULL for answers and fields
-- column: evidence the words, field or answers it rests on
-- column: rule_ids the rules that spoke for it
-- column: also_mentions other values that the text speaks of
-- column: is_disputed sources of equal rank, or rules and classifier, disagree
-- column: answered_at when the answer was given, UTC
-- column: text_value what the words alone say, by rule or classifier; NULL = not sure enough
-- column: text_source rule, classifier or none
-- column: rule_value what the rules alone say
-- column: guess the likeliest value by rules and classifier together, sure or not
-- column: guess_confidence how likely it is
-- column: second_guess the next likeliest
-- column: can_repeat whether what the ticket tells can come back: not where a person, a field or a rule makes it a question, a wish or a wait,
--   and not where the classifier alone is sure to 97 % that it is one of these; NULL for other kinds
-- column: taxonomy_version version of taxonomy.toml
-- column: model_version version of the classifier that was asked
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
    answered_at timestamp,
    text_value varchar,
    text_source varchar not null,
    rule_value varchar,
    guess varchar,
    guess_confidence double,
    second_guess varchar,
    can_repeat boolean,
    taxonomy_version varchar not null,
    model_version varchar
);
