-- What several statements reckon alike. Made anew with the tables of mart, which alone use them.

-- Working hours from the first day of core.calendar to a moment, by the last day that began before it.
create or replace macro core.worked_by(moment, opens_at, closes_at, hours_before) as
    hours_before + least(greatest(epoch(moment - opens_at), 0), epoch(closes_at - opens_at)) / 3600;

-- Wilson's 95 % bounds of k of n (1927); NULL where there is nothing to count.
create or replace macro core.wilson_low(k, n) as case when n > 0 then greatest(0, (
    k / n + 3.841458820694124 / (2 * n)
    - 1.959963984540054 * sqrt(k / n * (1 - k / n) / n + 3.841458820694124 / (4 * n * n))
) / (1 + 3.841458820694124 / n)) end;
create or replace macro core.wilson_high(k, n) as case when n > 0 then least(1, (
    k / n + 3.841458820694124 / (2 * n)
    + 1.959963984540054 * sqrt(k / n * (1 - k / n) / n + 3.841458820694124 / (4 * n * n))
) / (1 + 3.841458820694124 / n)) end;

-- Byar's approximation of the exact 95 % Poisson bounds of a count (Breslow & Day 1987).
create or replace macro core.byar_low(k) as
    k * greatest(0, 1 - 1 / (9 * greatest(k, 1)) - 1.959963984540054 / (3 * sqrt(greatest(k, 1)))) ** 3;
create or replace macro core.byar_high(k) as
    (k + 1) * (1 - 1 / (9 * (k + 1)) + 1.959963984540054 / (3 * sqrt(k + 1))) ** 3;

-- 95 % bounds of the ratio of two rates, k1 in d1 against k0 in d0: of k0 + k1 events, with equal rates, d1 / (d0 + d1) would
-- be of the second; Wilson's bounds of that share, made a ratio of rates.
create or replace macro core.ratio_low(k0, d0, k1, d1) as
    if(k1 = 0 and k0 > 0, 0, core.wilson_low(k1, k0 + k1) / nullif(1 - core.wilson_low(k1, k0 + k1), 0)) * (d0 / nullif(d1, 0));
create or replace macro core.ratio_high(k0, d0, k1, d1) as
    case when k0 > 0 then core.wilson_high(k1, k0 + k1) / nullif(1 - core.wilson_high(k1, k0 + k1), 0) * (d0 / nullif(d1, 0)) end;
