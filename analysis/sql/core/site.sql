-- core.site: the one row of site-wide settings
-- key: none, it has one row
-- step: load
-- column: reporting_zone time zone in which weeks are cut
-- column: default_tier tier of a ticket about which no source speaks
-- column: release_lag_days days from a merge to its deployment, where nothing tells it
-- column: has_tier3_members whether site.toml lists people of Tier 3
create table core.site (
    reporting_zone varchar not null,
    default_tier integer,
    release_lag_days integer not null,
    has_tier3_members boolean not null
);
