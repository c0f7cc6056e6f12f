-- core.dealer_names: one row per name that means a dealer
-- key: name_key
-- step: load
-- column: name_key the name without case, accents and punctuation
-- column: dealer_id whom it means
create table core.dealer_names (
    name_key varchar not null,
    dealer_id varchar not null
);
