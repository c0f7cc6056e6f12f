-- core.providers: one row per provider
-- key: provider
-- step: tag
-- column: provider id of the provider
-- column: name its name
-- column: colour its colour on every chart
create table core.providers (
    provider varchar not null,
    name varchar not null,
    colour varchar not null
);
