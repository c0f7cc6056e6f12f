-- mart.measures: one row per week, measure, variant, statistic and group
-- key: week, measure, variant, statistic, group_key
-- step: measure
-- column: week Monday of the last week counted
-- column: measure name of the measure
-- column: variant which form of it; a form ending in _week counts that week alone
-- column: statistic share, count, rate, median or p90
-- column: group_key all, or provider:…, category:…, criterion:…
-- column: numerator tickets in the numerator
-- column: denominator tickets counted
-- column: value the number: a fraction of 1 for shares, tickets for counts, days for ages
-- column: low lower bound, Wilson 95 %, for shares
-- column: high upper bound, Wilson 95 %, for shares
-- column: n tickets that stand behind the row
-- column: n_pending tickets whose outcome is still open, not counted
-- column: n_weeks_pooled weeks counted together, ending with this one
-- column: is_too_few fewer than 20 tickets: no change may be claimed
create table mart.measures (
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
    n bigint not null,
    n_pending bigint not null,
    n_weeks_pooled integer not null,
    is_too_few boolean not null
);
