-- Which tickets were put before a person to look at their tags, and why: figures of quality rest on the blind draw alone.

create table state.review_draws (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    issue_id bigint not null,
    kind varchar not null,
    reason varchar not null,
    value varchar,
    source varchar not null,
    inclusion_probability double
);
