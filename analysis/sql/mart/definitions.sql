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
create table mart.definitions (
    measure varchar not null,
    variant varchar not null,
    title varchar not null,
    text varchar not null,
    numerator varchar not null,
    denominator varchar not null,
    version integer not null
);
