"""What looks as if something were wrong with what was read: an empty week, untagged doubled, silence.

Each is a sentence with what to look at. None is certain; a person decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.warehouse import Warehouse

LOOKED_BACK = 4  # weeks held against the reported one
FEWEST = 5  # of them in a week on average, before none at all says something
FEWEST_UNTAGGED = 5
SILENT_HOURS = 72  # longer than a week-end
LOOK_AT_ACCESS = "see by `escalations doctor` whether the account still sees the projects; then `escalations census`"
N_A_DAY = 1.0  # issues changed a day, before silence says something


@dataclass(frozen=True)
class Suspicion:
    """A name that stays the same while it lasts, what was seen, and what to do."""

    name: str
    what: str
    advice: str


def suspicions(warehouse: Warehouse) -> Iterator[Suspicion]:
    """What is suspicious of the warehouse as measured; empty where nothing was measured yet."""
    if not warehouse.has("mart.tagged_escalations") or not warehouse.value("select count(*) from core.clock"):
        return
    yield from _empty_week(warehouse)
    yield from _untagged_doubled(warehouse)
    yield from _silence(warehouse)


def _empty_week(warehouse: Warehouse) -> Iterator[Suspicion]:
    query = f"""
        select k.week, count(*) filter (t.week = k.week),
            count(*) filter (t.week < k.week and t.week >= k.week - {7 * LOOKED_BACK})
        from core.clock k cross join (
            select cast(date_trunc('week', timezone(k.reporting_zone, timezone('UTC', created_at))) as date) as week
            from mart.tickets cross join core.clock k
        ) t
        group by k.week
    """
    for week, n_now, n_before in warehouse.rows(query):
        if not n_now and n_before >= FEWEST * LOOKED_BACK:
            yield Suspicion(
                "empty_week",
                f"no ticket was created in week {week:%G-W%V}, {n_before} in the {LOOKED_BACK} weeks before",
                LOOK_AT_ACCESS,
            )


def _untagged_doubled(warehouse: Warehouse) -> Iterator[Suspicion]:
    query = f"""
        select k.week, count(*) filter (e.week = k.week), count(*) filter (e.week = k.week and e.is_untagged),
            count(*) filter (e.week < k.week), count(*) filter (e.week < k.week and e.is_untagged)
        from core.clock k join (
            select e.escalated_week as week, g.value is null as is_untagged
            from mart.tagged_escalations e
            left join mart.tags g on g.issue_id = e.issue_id and g.kind = 'failure_category'
        ) e on e.week <= k.week and e.week >= k.week - {7 * LOOKED_BACK}
        group by k.week
    """
    for week, n_now, untagged_now, n_before, untagged_before in warehouse.rows(query):
        doubled = n_now and n_before and untagged_now / n_now >= 2 * untagged_before / n_before
        if doubled and untagged_now >= FEWEST_UNTAGGED:
            yield Suspicion(
                "untagged_doubled",
                f"{untagged_now} of {n_now} escalations of week {week:%G-W%V} have no failure category, "
                f"{untagged_before} of {n_before} in the {LOOKED_BACK} weeks before",
                "look at `escalations review`: a new failure, a renamed field, or a rule that was taken away?",
            )


def _silence(warehouse: Warehouse) -> Iterator[Suspicion]:
    query = f"""
        select max(t.updated_at), count(*) filter (t.updated_at >= l.last - interval 28 days) / 28,
            date_diff('hour', max(t.updated_at), any_value(k.as_of))
        from core.tickets t cross join core.clock k cross join (select max(updated_at) as last from core.tickets) l
        having date_diff('hour', max(t.updated_at), any_value(k.as_of)) >= {SILENT_HOURS}
    """
    for last, n_a_day, hours in warehouse.rows(query):
        if n_a_day >= N_A_DAY:
            yield Suspicion(
                "silence",
                f"no issue has changed since {last:%Y-%m-%d %H:%M} UTC, for {hours} hours",
                LOOK_AT_ACCESS,
            )
