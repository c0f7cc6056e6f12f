-- What was said of a verdict by a label is taken back where the label is removed; that is an event, too.

alter table state.rulings add column is_taken_back boolean default false;
