"""Resolved without Tier 3, of those that came: open ones neither left out nor taken for resolved."""

from collections.abc import Iterator
from typing import Any

from analysis.survival import aalen_johansen
from analysis.warehouse import Warehouse

CAUSES = {1: "without_tier3", 2: "tier3"}
DAYS = (1, 3, 7, 14, 28, 56)
N_WEEKS = 26
Row = dict[str, Any]


def competing_rows(warehouse: Warehouse) -> Iterator[Row]:
    """Rows of mart.competing_risks for the escalations of the `N_WEEKS` weeks up to the reported one."""
    query = f"""
        with touched as (
            select e.issue_id, e.escalation_no, min(greatest(t.touched_at, e.escalated_at)) as touched_at
            from mart.tagged_escalations e
            join core.tier3_touches t on t.issue_id = e.issue_id and t.kind in ('stay', 'link')
                and t.touched_at < coalesce(e.next_escalated_at, timestamp '9999-01-01')
            where e.touched_tier3
            group by all
        )
        select greatest(epoch(ended_at - e.escalated_at), 0) / 86400 as days,
            case when e.touched_tier3 then 2 when e.resolved_at is not null then 1 else 0 end as cause
        from mart.tagged_escalations e
        cross join core.clock k
        left join touched t using (issue_id, escalation_no)
        cross join lateral (select coalesce(t.touched_at, e.resolved_at, e.next_escalated_at, k.as_of) as ended_at)
        where not e.is_excluded and e.escalated_week <= k.week and e.escalated_week > k.week - {7 * N_WEEKS}
    """
    frame = warehouse.frame(query)
    if frame.empty:
        return
    ((week,),) = warehouse.rows("select week from core.clock")
    causes = frame["cause"].to_numpy("int64")
    found = aalen_johansen(frame["days"].to_numpy(float), causes)
    told: Row = {"week": week, "n": len(frame), "n_open": int((causes == 0).sum())}
    for cause, name in CAUSES.items():
        for days in DAYS:
            yield told | {"cause": name, "days": days} | _at(found.get(cause), days)


def _at(incidence: Any, days: int) -> Row:
    """Value and bounds at so many days; nothing has come about before the first event."""
    if incidence is None:
        return {"value": 0.0, "low": 0.0, "high": 1.0}
    place = int((incidence.times <= days).sum()) - 1
    if place < 0:
        return {"value": 0.0, "low": 0.0, "high": 1.0}
    return {name: float(getattr(incidence, name)[place]) for name in ("value", "low", "high")}
