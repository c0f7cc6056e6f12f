-- Weeks that were published long after they were over, by `run --since`: nobody met on them.

alter table state.published add column is_backfill boolean default false;
