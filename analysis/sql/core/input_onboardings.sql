-- core.input_onboardings: one row per line of inputs/onboardings.csv
-- key: none, it holds one row per line as a person wrote it
-- step: measure
-- column: dealer_id dealer
-- column: provider integration
-- column: due_date by when it was due to be live, by the provider's normal time
-- column: live_date when it was live; NULL while it is not
create table core.input_onboardings (
    dealer_id varchar not null,
    provider varchar not null,
    due_date date not null,
    live_date date
);
