-- What was erased is not read again: of a ticket only what is counted, of a person nothing but that it was somebody.

create table state.erasures (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    cause varchar not null,
    issue_id bigint,
    updated_until timestamp,
    person_hash varchar,
    pseudonym varchar
);
