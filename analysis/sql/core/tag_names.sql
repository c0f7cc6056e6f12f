-- core.tag_names: one row per spelling that a Jira field, label or resolution may hold, and the tag it means
-- key: kind, name_key
-- step: tag
-- column: kind provider, failure_category or root_cause
-- column: name_key the spelling without case, accents and punctuation
-- column: value the tag
create table core.tag_names (
    kind varchar not null,
    name_key varchar not null,
    value varchar not null
);
