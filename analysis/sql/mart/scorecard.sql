-- mart.scorecard: one row per target of the scorecard and month; empty until targets.toml is read
-- key: measure, month
-- step: measure
-- reads: core.clock
-- column: measure name of the measure
-- column: month month of the target
-- column: target what is to be reached
-- column: baseline where it began
-- column: value where it is
-- column: low lower bound
-- column: high upper bound
-- column: status met, likely, not met or too few
-- column: trend better, worse or unchanged
-- column: needs which input is missing
select cast(null as varchar) as measure, cast(null as integer) as month, cast(null as varchar) as target,
    cast(null as double) as baseline, cast(null as double) as value, cast(null as double) as low, cast(null as double) as high,
    cast(null as varchar) as status, cast(null as varchar) as trend, cast(null as varchar) as needs
from core.clock
where false
