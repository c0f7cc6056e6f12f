-- What a page printed can be printed again, and it is known by which rules, model and definition it was made.

alter table state.published add column n bigint;
alter table state.published add column n_pending bigint;
alter table state.published add column is_too_few boolean;
alter table state.published add column is_final boolean default false;
alter table state.published add column definition_version integer;
alter table state.published add column rules_hash varchar;
alter table state.published add column model_version varchar;
alter table state.published_tickets add column is_pending boolean default false;
