-- core.members: one row per person and place on the desk
-- key: person_id, tier, since
-- step: load
-- column: person_id Jira account id or user key
-- column: tier 0 to 3
-- column: team name of the team, may be empty
-- column: since first day there
-- column: until first day no longer there
-- column: is_ruler may rule on contested verdicts
create table core.members (
    person_id varchar not null,
    tier integer not null,
    team varchar not null,
    since date not null,
    until date,
    is_ruler boolean not null
);
