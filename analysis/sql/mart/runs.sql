-- mart.runs: one row per run of the pipeline
-- key: run_id
-- step: measure
-- reads: state.runs
-- column: run_id id of the run
-- column: started_at when it began, UTC
-- column: ended_at when it ended, UTC; NULL when it was cut off
-- column: outcome done or failed
-- column: first_step first step of the run
-- column: last_step last step of the run
-- column: n_tickets issues in the warehouse afterwards
-- column: n_changed issues that were new or changed
-- column: note what a person should know
select run_id, min(recorded_at) as started_at, max(recorded_at) filter (outcome is not null) as ended_at,
    max_by(outcome, recorded_at) filter (outcome is not null) as outcome, any_value(first_step) as first_step,
    any_value(last_step) as last_step, max(n_tickets) as n_tickets, max(n_changed) as n_changed, max(note) as note
from state.runs
group by run_id
