-- core.categories: one row per failure category
-- key: failure_category
-- step: tag
-- column: failure_category id of the category
-- column: description what was seen
-- column: can_repeat whether it can come back: false for questions, wishes and waits
create table core.categories (
    failure_category varchar not null,
    description varchar not null,
    can_repeat boolean not null
);
