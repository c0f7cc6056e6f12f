-- mart.definitions: one row per measure and variant
-- key: measure, variant
-- step: measure
-- column: measure name of the measure
-- column: variant which form of it
-- column: title its name on pages
-- column: text what is measured, in one or two sentences
-- column: numerator what is counted
-- column: denominator out of what
-- column: version changes when the meaning does
-- column: statistics the statistics that are computed
-- column: first_window weeks pooled at least
-- column: is_censored durations of which some are not over yet: their median and P90 are Kaplan–Meier's
-- column: per what a rate is told per, live_dealers or heads
-- column: scale for how many of them
-- column: is_week_alone the form that counts one week alone
create table mart.definitions (
    measure varchar not null,
    variant varchar not null,
    title varchar not null,
    text varchar not null,
    numerator varchar not null,
    denominator varchar not null,
    version integer not null,
    statistics varchar[] not null,
    first_window integer not null,
    is_censored boolean not null,
    per varchar,
    scale double,
    is_week_alone boolean not null
);
