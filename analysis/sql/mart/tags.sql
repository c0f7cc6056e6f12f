-- mart.tags: one row per ticket and kind of tag
-- key: issue_id, kind
-- step: measure
-- reads: core.tags
-- column: issue_id Jira's numeric id
-- column: kind provider, failure_category or root_cause
-- column: value the tag; NULL = untagged
-- column: source answer, field, rule, classifier or none
-- column: confidence how sure, 0 to 1, by what came true of unseen tickets; NULL for answers and fields
-- column: evidence the words, field or answers it rests on
-- column: rule_ids the rules that spoke for it
-- column: also_mentions other values that the text speaks of
-- column: is_disputed sources of equal rank, or rules and classifier, disagree
-- column: guess the likeliest value by rules and classifier together, sure or not
-- column: guess_confidence how likely it is
-- column: second_guess the next likeliest
-- column: taxonomy_version version of taxonomy.toml
-- column: model_version version of the classifier that was asked
select issue_id, kind, value, source, confidence, evidence, rule_ids, also_mentions, is_disputed, guess, guess_confidence,
    second_guess, taxonomy_version, model_version
from core.tags
