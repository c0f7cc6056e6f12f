-- core.field_roles: one row per role and way to recognise its field in the changelog
-- key: role, field_key
-- step: load
-- column: role what the field means to us
-- column: field_key field id, or the name in lower case where the changelog gives no id
-- column: kind value, tier
-- column: source_no for tier sources: place in site.toml; the lowest that speaks wins
-- column: source_kind for tier sources: field, team, assignee, status or component
create table core.field_roles (
    role varchar not null,
    field_key varchar not null,
    kind varchar not null,
    source_no integer,
    source_kind varchar
);
