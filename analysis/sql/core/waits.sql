-- core.waits: one row per span in which somebody else holds the ball
-- key: issue_id, wait_no
-- step: load
-- reads: core.status_stays
-- column: issue_id Jira's numeric id
-- column: wait_no from 1, in order
-- column: waiting_on provider, dealer or ops
-- column: started_at since when, UTC
-- column: ended_at until when, UTC; NULL while it lasts
with held as (
    select issue_id, stay_no, waiting_on, entered_at, left_at,
        waiting_on is distinct from lag(waiting_on) over (partition by issue_id order by stay_no) as is_new
    from core.status_stays
    semi join dirty using (issue_id)
),
numbered as (
    select *, count(*) filter (is_new) over (partition by issue_id order by stay_no) as run_no from held
)
select issue_id, cast(row_number() over (partition by issue_id order by min(entered_at), run_no) as integer) as wait_no,
    any_value(waiting_on) as waiting_on, min(entered_at) as started_at, max_by({'at': left_at}, stay_no)."at" as ended_at
from numbered
where waiting_on is not null
group by issue_id, run_no
