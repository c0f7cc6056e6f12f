-- core.readings: one row per escalated ticket whose words tell something: how the likeness reads it
-- key: issue_id
-- step: place
-- column: issue_id Jira's numeric id
-- column: version version of the likeness that read it
-- column: is_closed whether the words with which it was closed are among them
-- column: kinds the kinds of failure that it is most likely of, as numbers of that version
-- column: numbers the reading: place and kinds by all words, then by the closing ones; half precision, two bytes each
create table core.readings (
    issue_id bigint not null,
    version varchar not null,
    is_closed boolean not null,
    kinds integer[] not null,
    numbers blob not null
);
