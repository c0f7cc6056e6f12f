-- mart.forecasts: one row per target that is a share with a month to come: will it be met
-- key: measure, month
-- step: measure
-- column: measure name of the measure
-- column: month calendar month of the target, counted from the start
-- column: target what is to be reached
-- column: model drift, no change (where drift does not forecast the desk's own past better), or none
-- column: chance that the month reaches its target, 0 to 1; NULL where something is missing
-- column: mean share that is expected
-- column: low lower end of the 80 % interval
-- column: high upper end of the 80 % interval
-- column: rate_needed share needed from now on; NULL where even all would not do
-- column: n_done resolutions of the month that are already counted
-- column: needs what is missing
create table mart.forecasts (
    measure varchar not null,
    month integer not null,
    target double not null,
    model varchar not null,
    chance double,
    mean double,
    low double,
    high double,
    rate_needed double,
    n_done bigint not null,
    needs varchar
);
