"""Will the targets of the scorecard be met: forecasts of the shares whose month is not over."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from analysis.forecast import forecast
from analysis.warehouse import Warehouse

FORECAST = ("resolution_without_tier3",)
Row = dict[str, Any]


def forecast_rows(warehouse: Warehouse) -> Iterator[Row]:
    """Rows of mart.forecasts as of the reported week, from mart.score_weeks and core.targets."""
    (this_week,) = warehouse.rows("select week from core.clock")[0]
    query = (
        "select measure, month, target, month_start from core.targets where target is not null order by measure, month"
    )
    for measure, month, target, month_start in warehouse.rows(query):
        if measure not in FORECAST:
            continue
        row: Row = {"measure": measure, "month": month, "target": target, "n_done": 0, "model": "none"}
        if month_start is None:
            yield row | {"needs": "targets.toml: start_date"}
            continue
        mondays = _mondays_of(month_start)
        to_come = [monday for monday in mondays if monday > this_week]
        if to_come:
            yield row | _forecast(warehouse, measure, target, this_week, mondays, to_come)


def _forecast(
    warehouse: Warehouse, measure: str, target: float, this_week: date, mondays: list[date], to_come: list[date]
) -> Row:
    query = "select week, k, d from mart.score_weeks where measure = ? and week <= ? order by week"
    weeks = {week: (int(k or 0), int(d or 0)) for week, k, d in warehouse.rows(query, [measure, this_week])}
    done = [weeks.get(monday, (0, 0)) for monday in mondays if monday <= this_week]
    k_done, n_done = sum(k for k, _ in done), sum(n for _, n in done)
    n_until = (to_come[0] - this_week).days // 7 - 1
    found = forecast(list(weeks.values()), n_until, len(to_come), target, (k_done, n_done))
    told = {"model": found.model, "chance": found.chance, "mean": found.mean, "low": found.low, "high": found.high}
    return told | {"rate_needed": found.rate_needed, "n_done": n_done, "needs": found.needs}


def _mondays_of(month_start: date) -> list[date]:
    """Mondays of a calendar month: a week belongs to the month in which it begins."""
    first = month_start + timedelta(days=-month_start.weekday() % 7)
    mondays = (first + timedelta(weeks=number) for number in range(5))
    return [monday for monday in mondays if (monday.year, monday.month) == (month_start.year, month_start.month)]
