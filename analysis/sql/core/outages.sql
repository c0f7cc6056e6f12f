-- core.outages: one row per time during which a provider was down, as outages.csv tells
-- key: provider, started_at
-- step: judge
-- column: provider id of the provider
-- column: started_at since when, UTC
-- column: ended_at until when, UTC; NULL while it lasts
-- column: source who says so
create table core.outages (
    provider varchar not null,
    started_at timestamp not null,
    ended_at timestamp,
    source varchar not null
);
