-- core.family_profiles: one row per family: what its tickets have in common
-- key: family_id
-- step: place
-- column: family_id the family
-- column: made_of hash of the first tickets and their words, of the likeness and of what signs are
-- column: typical_id the ticket that is most like the others
-- column: signature codes, statuses, endpoints and words that half of its tickets share, the most telling first
-- column: kind the kind of failure that they most likely are, in words; NULL where none is likely
create table core.family_profiles (
    family_id bigint not null,
    made_of ubigint not null,
    typical_id bigint not null,
    signature varchar not null,
    kind varchar
);
