-- core.readings: one row per ticket that was placed: how the likeness reads its words, and whose they are
-- key: issue_id
-- step: place
-- column: issue_id Jira's numeric id
-- column: version version of the likeness that read it
-- column: made_of hash of that version and of the words
-- column: is_closed whether the words with which it was closed are among them
-- column: kinds the kinds of failure that it is most likely of, as numbers of that version; none where its words tell nothing
-- column: numbers the reading: place and kinds by all words, then by the closing ones; half precision, two bytes each; empty where its
--   words tell nothing
-- column: provider tag by which it was held against others
-- column: dealer_id dealer, likewise
create table core.readings (
    issue_id bigint not null,
    version varchar not null,
    made_of ubigint,
    is_closed boolean not null,
    kinds integer[] not null,
    numbers blob not null,
    provider varchar,
    dealer_id varchar
);
