-- mart.count_definitions: one row per count that pages show and that is no measure
-- key: measure, variant
-- step: measure
-- column: measure what is counted, as in mart.count_tickets
-- column: variant which count of it
-- column: title its name on pages
-- column: text what is counted, in one or two sentences
create table mart.count_definitions (
    measure varchar not null,
    variant varchar not null,
    title varchar not null,
    text varchar not null
);
