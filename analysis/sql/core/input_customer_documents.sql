-- core.input_customer_documents: one row per line of inputs/customer_documents.csv
-- key: none, it holds one row per line as a person wrote it
-- step: measure
-- column: provider provider of the failure mode
-- column: failure_category category of the failure mode
-- column: published_date when customers got it
create table core.input_customer_documents (
    provider varchar not null,
    failure_category varchar not null,
    published_date date not null
);
