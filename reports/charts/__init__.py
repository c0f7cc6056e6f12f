"""One function per chart, named after its measure. Rows in, Plotly figures (as JSON) out.

Direct labels instead of legends, targets and limits named on their lines, intervals drawn, bars from zero. What matters
is dark and the rest pale, so that grey print tells the same; pending is hatched, weeks that may still change are paler.
"""

from reports.charts.comparisons import containment, outlook, time_by_party, waits
from reports.charts.library import library
from reports.charts.weekly import (
    backlog_age,
    ops_should_have_handled,
    repeats,
    resolution_without_tier3,
    tier3_touches,
    volume,
)

__all__ = [
    "backlog_age",
    "containment",
    "library",
    "ops_should_have_handled",
    "outlook",
    "repeats",
    "resolution_without_tier3",
    "tier3_touches",
    "time_by_party",
    "volume",
    "waits",
]
