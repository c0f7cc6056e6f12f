-- An event of an action tells all that was known of it, so that the newest one is what holds.

alter table state.actions add column source varchar default 'csv';
alter table state.actions add column issue_id bigint;
alter table state.actions add column decided_at timestamp;
alter table state.actions add column done_at timestamp;
