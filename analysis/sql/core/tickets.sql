-- core.tickets: one row per issue that Jira holds, tickets and engineering issues alike
-- key: issue_id
-- step: load
-- column: issue_id Jira's numeric id; never changes
-- column: ticket_key current key, for people
-- column: project key of the project
-- column: issue_type name of the issue type
-- column: priority name of the priority
-- column: reporter_id id of the person who reported it
-- column: assignee_id id of the person who has it now
-- column: summary summary, masked
-- column: description description as plain text, masked
-- column: status_id Jira's id of the present status
-- column: status name of the present status
-- column: status_category Jira's category of the present status: new, indeterminate or done
-- column: resolution name of the present resolution
-- column: labels jira_labels, sorted
-- column: components names of the components, sorted
-- column: parent_id issue id of the parent
-- column: created_at made in Jira, UTC
-- column: updated_at last updated in Jira, UTC
-- column: jira_resolved_at Jira's own resolution date, UTC; used only where there is no changelog
-- column: changelog whole, partial (fewer histories than Jira counts) or none
create table core.tickets (
    issue_id bigint not null,
    ticket_key varchar not null,
    project varchar not null,
    issue_type varchar,
    priority varchar,
    reporter_id varchar,
    assignee_id varchar,
    summary varchar not null,
    description varchar,
    status_id varchar,
    status varchar,
    status_category varchar,
    resolution varchar,
    labels varchar[],
    components varchar[],
    parent_id bigint,
    created_at timestamp not null,
    updated_at timestamp not null,
    jira_resolved_at timestamp,
    changelog varchar not null
);
