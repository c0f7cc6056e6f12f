-- mart.actions: one row per action that the meeting decided
-- key: action_id
-- step: measure
-- reads: state.actions
-- column: action_id key or name of the action
-- column: recorded_at when we learned of it, UTC
-- column: effective_at when it was decided, UTC
-- column: summary what is to be done
-- column: target what it is meant to end
-- column: status open or done
select action_id, recorded_at, effective_at, summary, target, status
from state.actions
qualify row_number() over (partition by action_id order by event_id desc) = 1
