-- core.builds: one row per step: up to which load, and by which code and criteria, its tables were made
-- key: step
-- step: weekly
-- column: step load, tag, place, judge, or mart for its views
-- column: batch_no last load that it has seen
-- column: base_hash load: hash of what makes stored rows; tag and judge: the last event of state that it has seen; place:
--   how many pairs are alike
-- column: hash hash of the SQL files and criteria it used
create table core.builds (
    step varchar not null,
    batch_no bigint not null,
    base_hash varchar not null,
    hash varchar not null
);
