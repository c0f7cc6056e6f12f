-- By which method, how sure, and where a person said so: a family is explained, and a new method is a new version.

alter table state.family_events alter column family_id drop not null;
alter table state.family_events add column method varchar;
alter table state.family_events add column likeness double;
alter table state.family_events add column source_ref varchar;
