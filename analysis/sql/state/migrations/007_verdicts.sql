-- What verdicts rest on stays what it was: each version of a criterion and each text of a runbook is kept, and each
-- judgement with what changed it. Answers of the blind audit name the escalation, which answers about tags do not.

create table state.criterion_versions (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    criterion_id varchar not null,
    version integer not null,
    effective_from date not null,
    is_withdrawn boolean not null,
    body varchar not null,
    hash varchar not null
);

create table state.runbook_texts (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    runbook_id varchar not null,
    version integer not null,
    text varchar not null,
    text_hash varchar not null
);

create table state.verdict_revisions (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    issue_id bigint not null,
    escalation_no integer not null,
    verdict_at_escalation varchar not null,
    verdict varchar not null,
    criterion_id varchar,
    criterion_version integer,
    softened_by varchar,
    cause varchar not null
);

create table state.audit_answers (
    event_id bigint primary key default nextval('state.event_ids'),
    run_id varchar not null,
    recorded_at timestamp not null,
    effective_at timestamp not null,
    issue_id bigint not null,
    escalation_no integer not null,
    value varchar,
    person_id varchar not null,
    source_ref varchar not null
);
