-- core.input_deals: one row per line of inputs/deals.csv
-- key: none, it holds one row per line as a person wrote it
-- step: measure
-- column: deal_ref name of the deal
-- column: decided_date when it was decided
-- column: is_lost whether it was lost
-- column: is_integration_cited whether integrations were named as a reason
create table core.input_deals (
    deal_ref varchar not null,
    decided_date date not null,
    is_lost boolean not null,
    is_integration_cited boolean not null
);
