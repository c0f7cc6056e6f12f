"""STEP measure: runs sql/mart → {measure: frame}; totals must reconcile."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.cohorts import competing_rows
from analysis.errors import InputError
from analysis.outlook import forecast_rows
from analysis.survival import kaplan_meier, quantile
from analysis.table_files import TableFile, table_files
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse

INPUTS = ("assessments", "changes", "onboardings", "customer_documents", "deals")
DURATION = ("measure", "variant", "group_key", "week", "statistic", "value", "low", "high")
QUANTILES = {"median": 0.5, "p90": 0.9}
WIDEST_WINDOW = 26
IS_TOLD = "({0}.group_key = 'all' or {0}.group_key like 'provider:%')"  # of which groups durations are told
TOLD_WEEKS = 53  # what older weeks were like is in what was published of them


def last_complete_week(as_of: datetime, zone: str) -> date:
    """Monday of the last ISO week that was over at `as_of` (naive UTC) in the reporting zone."""
    today = as_of.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
    return today - timedelta(days=today.weekday(), weeks=1)


def parse_week(text: str) -> date:
    """`2026-W47` → its Monday. Raises `InputError`."""
    try:
        year, _, number = text.upper().partition("-W")
        return date.fromisocalendar(int(year), int(number), 1)
    except ValueError as error:
        raise InputError(f"week {text!r}: write it as year and ISO week, such as 2026-W47") from error


def measure(
    warehouse: Warehouse,
    criteria: Criteria,
    as_of: datetime,
    week: date | None = None,
    inputs: Mapping[str, Sequence[dict[str, Any]]] = {},
) -> date:
    """Compute every measure up to the reported week (default: the last complete one). Gives that week's Monday.

    `inputs` are what no ticket tells: rows of core.input_…, by its name.
    """
    zone = criteria.site.reporting_zone
    newest = last_complete_week(as_of, zone)
    if week is not None and week > newest:
        raise InputError(
            f"week {week:%G-W%V} is not over at {as_of:%Y-%m-%d %H:%M} UTC; the last complete one is {newest:%G-W%V}"
        )
    reported = week or newest
    with warehouse.transaction():
        if warehouse.is_mart_stale():
            warehouse.remake("measure")
        warehouse.replace("core.clock", [{"as_of": as_of, "week": reported, "reporting_zone": zone}])
        warehouse.replace("mart.definitions", definition_rows())
        warehouse.replace("mart.count_definitions", count_definition_rows())
        warehouse.replace("core.targets", _targets(criteria))
        for name in INPUTS:
            warehouse.replace(f"core.input_{name}", inputs.get(name, ()))
        warehouse.build_mart()
        fill_durations(warehouse)
        warehouse.replace("mart.competing_risks", competing_rows(warehouse))
        warehouse.replace("mart.forecasts", forecast_rows(warehouse))
        reconcile(warehouse)
    return reported


def _targets(criteria: Criteria) -> list[dict[str, Any]]:
    told = criteria.targets
    rows = []
    for one in told.target:
        months = told.start_date.year * 12 + told.start_date.month - 2 + one.month if told.start_date else None
        month_start = date(months // 12, months % 12 + 1, 1) if months is not None else None
        row = one.model_dump(include={"measure", "month", "title", "better", "target"})
        rows.append(row | {"month_start": month_start, "start_date": told.start_date, "role_group": told.role_group})
    return rows


def definition_rows() -> list[dict[str, object]]:
    """Each definition as the header of its measure's SQL file states it, also for the form that counts one week."""
    return [
        row | {"variant": variant, "is_week_alone": alone}
        for table in table_files().values()
        if table.name.startswith("mart.fact_")
        for row, name in _variants(table)
        for variant, alone in [(name, False), *([(f"{name}_week", True)] if "share" in _statistics(table) else [])]
    ]


def _statistics(table: TableFile) -> list[str]:
    return [part.strip() for part in table.notes["statistic"][0].split(",")]


def _variants(table: TableFile) -> list[tuple[dict[str, object], str]]:
    notes = table.notes
    common: dict[str, object] = {key: notes[key][0] for key in ("title", "numerator", "denominator")}
    common |= {"measure": table.name.removeprefix("mart.fact_"), "version": int(notes["version"][0])}
    common |= {"statistics": _statistics(table), "first_window": int(notes["pool"][0])}
    per, _, scale = notes.get("per", ("",))[0].partition(" ")
    common |= {"is_censored": "censored" in notes, "per": per or None, "scale": float(scale) if scale else None}
    rows = []
    for line in notes["variant"]:
        name, _, text = line.partition(" ")
        rows.append((common | {"text": f"{notes['text'][0]} {text}"}, name))
    return rows


def count_definition_rows() -> list[dict[str, str]]:
    """Each count that is no measure as the header of mart.count_tickets states it."""
    rows = []
    for line in table_files()["mart.count_tickets"].notes["count"]:
        name, _, told = line.partition(" ")
        measure, _, variant = name.partition(".")
        title, _, text = told.partition(" | ")
        rows.append({"measure": measure, "variant": variant, "title": title, "text": text})
    return rows


def fill_durations(warehouse: Warehouse) -> None:
    """Median and P90 of durations of which some are not over, for the last `TOLD_WEEKS` weeks, all and by provider."""
    since = "(select week from core.clock) - {days}"
    query = f"""
        select f.measure, f.variant, f.group_key, f.week,
            coalesce(list(f.value) filter (not f.is_pending), []) as ended,
            coalesce(list(f.value) filter (f.is_pending), []) as lasting
        from mart.facts f
        join mart.definitions d on d.measure = f.measure and d.variant = f.variant and d.is_censored
        where {IS_TOLD.format("f")} and f.week > {since.format(days=7 * (TOLD_WEEKS + WIDEST_WINDOW))}
        group by all
        order by 1, 2, 3, 4
    """
    wanted = warehouse.frame(f"""
        select distinct m.measure, m.variant, m.group_key, m.week, m.n_weeks_pooled
        from mart.measures m
        join mart.definitions d on d.measure = m.measure and d.variant = m.variant and d.is_censored
        where m.n + m.n_pending > 0 and {IS_TOLD.format("m")} and m.week > {since.format(days=7 * TOLD_WEEKS)}
    """)
    facts = {
        key: (weeks["week"].to_numpy(), weeks["ended"].to_numpy(), weeks["lasting"].to_numpy())
        for key, weeks in warehouse.frame(query).groupby(["measure", "variant", "group_key"])
    }
    rows = [
        dict(zip(DURATION, (*key, pd.Timestamp(week).date(), *told), strict=True))
        for key, weeks in wanted.groupby(["measure", "variant", "group_key"])
        for week, n_weeks in zip(weeks["week"].to_numpy(), weeks["n_weeks_pooled"], strict=True)
        for told in _quantiles(*facts[key], week, int(n_weeks))
    ]
    warehouse.execute("create or replace temp table durations as select * from mart.measures limit 0")
    warehouse.insert("durations", rows)
    warehouse.execute("""
        update mart.measures set value = d.value, low = d.low, high = d.high
        from durations d
        where mart.measures.week = d.week and mart.measures.measure = d.measure and mart.measures.variant = d.variant
            and mart.measures.statistic = d.statistic and mart.measures.group_key = d.group_key
    """)


def _quantiles(
    starts: NDArray[Any], ended: NDArray[Any], lasting: NDArray[Any], week: np.datetime64, n_weeks: int
) -> Iterator[tuple[Any, ...]]:
    """Statistic, value and bounds of the durations in so many weeks up to this one.

    `starts` are all weeks in order; in the same places stand the durations that are over, and those that last.
    """
    first = np.searchsorted(starts, week - np.timedelta64(7 * (n_weeks - 1), "D"))
    end = np.searchsorted(starts, week, side="right")
    over, open_ = np.concatenate(ended[first:end]), np.concatenate(lasting[first:end])
    curve = kaplan_meier(np.concatenate([over, open_]), np.arange(len(over) + len(open_)) < len(over))
    for statistic, q in QUANTILES.items():
        yield statistic, *astuple(quantile(curve, q))


def reconcile(warehouse: Warehouse) -> None:
    """Hold the numbers against each other; a difference is a bug, not a number to print."""
    checks = {
        "a numerator exceeds its denominator": """
            select * from mart.measures where statistic = 'share' and numerator > denominator
        """,
        "providers do not add up to all": """
            select week, measure, variant, statistic,
                sum(n) filter (group_key = 'all') as whole, sum(n) filter (group_key like 'provider:%') as parts
            from mart.measures
            where n_weeks_pooled = 1 and (variant like '%_week' or statistic = 'count')
            group by all
            having coalesce(whole, 0) <> coalesce(parts, 0)
        """,
        "a number counts other tickets than it lists": """
            select m.week, m.measure, m.variant
            from mart.measures m
            left join (from mart.measure_tickets where week = date '{week}') t on t.measure = m.measure
                and t.variant = m.variant and t.statistic = m.statistic and t.group_key = m.group_key
            where m.week = date '{week}'
            group by m.week, m.measure, m.variant, m.statistic, m.group_key, m.n, m.numerator
            having count(*) filter (not t.is_pending) <> m.n
                or count(*) filter (t.in_numerator and not t.is_pending) <> m.numerator
        """,
    }
    ((week,),) = warehouse.rows("select week from core.clock")
    for what, query in checks.items():
        wrong = warehouse.rows(query.format(week=week))
        if wrong:
            raise RuntimeError(f"measures do not reconcile: {what}: {wrong[:3]}")
