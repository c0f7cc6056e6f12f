-- The first version. Everything but meta is an append-only list of events: event_id is the idempotency key.

create sequence state.event_ids;

create table state.meta (
    schema_version integer not null,
    source_id varchar,
    reporting_zone varchar
);
insert into state.meta values (1, null, null);

create table state.runs (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    first_step varchar,
    last_step varchar,
    outcome varchar,
    n_tickets bigint,
    n_changed bigint,
    note varchar
);

create table state.cursors (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    scope varchar not null,
    position varchar not null
);

create table state.presence (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    issue_id bigint not null,
    presence varchar not null
);

create table state.answers (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    issue_id bigint not null,
    kind varchar not null,
    value varchar,
    person_id varchar,
    source_ref varchar
);

create table state.tag_events (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    issue_id bigint not null,
    kind varchar not null,
    value varchar,
    source varchar not null,
    confidence double
);

create table state.rulings (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    issue_id bigint not null,
    escalation_no integer not null,
    said varchar not null,
    person_id varchar,
    source_ref varchar
);

create table state.family_events (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    event varchar not null,
    family_id bigint not null,
    other_family_id bigint,
    issue_id bigint,
    person_id varchar
);

create table state.audit_draws (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    week date not null,
    issue_id bigint not null,
    escalation_no integer not null,
    stratum varchar not null,
    inclusion_probability double not null
);

create table state.actions (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    action_id varchar not null,
    summary varchar not null,
    target varchar,
    status varchar not null
);

create table state.published (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    week date not null,
    measure varchar not null,
    variant varchar not null,
    statistic varchar not null,
    group_key varchar not null,
    numerator bigint,
    denominator bigint,
    value double,
    low double,
    high double,
    n_weeks_pooled integer not null,
    replaces bigint,
    cause varchar
);

create table state.published_tickets (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    published_id bigint not null,
    issue_id bigint not null,
    escalation_no integer not null,
    in_numerator boolean not null
);

create table state.outbox (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    channel varchar not null,
    message_key varchar not null,
    status varchar not null,
    note varchar
);
