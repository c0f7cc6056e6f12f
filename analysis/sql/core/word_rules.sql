-- core.word_rules: one row per word in site.toml that decides what an issue is
-- key: kind, value
-- step: load
-- column: kind tier3_project, tier3_link, duplicate_link, duplicate, cancelled, not_ticket_type, not_ticket_label, onboarding_type,
--   onboarding_label, onboarding_component, top_priority, reserved, pushed_back_label or outcome_… (what a resolution says that it ended in)
-- column: value the word in lower case
create table core.word_rules (
    kind varchar not null,
    value varchar not null
);
