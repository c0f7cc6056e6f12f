-- mart.competing_risks: one row per way in which an escalation's wait for its end may end, and days since it came
-- key: cause, days
-- step: measure
-- column: week Monday of the reported week
-- column: cause without_tier3 (resolved without engineering) or tier3 (engineering was called upon)
-- column: days since the escalation
-- column: value share that ended so by then, open ones counted as far as they have come (Aalen–Johansen)
-- column: low lower 95 % bound
-- column: high upper 95 % bound
-- column: n escalations of the 26 weeks up to the reported one
-- column: n_open of those neither resolved nor with engineering yet
create table mart.competing_risks (
    week date not null,
    cause varchar not null,
    days integer not null,
    value double not null,
    low double not null,
    high double not null,
    n bigint not null,
    n_open bigint not null
);
