"""Forecasts of the scorecard: which weeks are to come, what is counted already, and what is missing."""

from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import bare_criteria, table, warehouse_of
from test_scorecard import TARGETS, quarter

from analysis.forecast import forecast
from analysis.measure import measure
from analysis.outlook import _mondays_of
from analysis.taxonomy import PACKAGED, Criteria

# Twenty weeks of six, of which two touch Tier 3. The start is in April 2026, so month 6 is September: Mondays 7, 14, 21, 28.
STORY = quarter(date(2026, 5, 4), 20, 6, 2)
COLUMNS = "select model, round(chance, 4), round(mean, 4), round(low, 4), round(high, 4), round(rate_needed, 4), n_done, needs"


def outlook(tmp_path: Path, as_of: datetime, targets: str = TARGETS) -> str:
    criteria: Criteria = bare_criteria(tmp_path / "criteria", targets__toml=targets)
    with warehouse_of(STORY, tmp_path, criteria, as_of=f"{as_of:%Y-%m-%d %H:%M}") as warehouse:
        measure(warehouse, criteria, as_of)
        return table(warehouse, f"{COLUMNS} from mart.forecasts")


def expected(n_weeks_until: int, n_weeks: int, n_done_weeks: int, n_past: int) -> str:
    found = forecast([(4, 6)] * n_past, n_weeks_until, n_weeks, 0.8, (4 * n_done_weeks, 6 * n_done_weeks))
    told = (found.chance, found.mean, found.low, found.high, found.rate_needed)
    return " ".join(
        [found.model, *("-" if one is None else f"{round(one, 4):g}" for one in told), str(6 * n_done_weeks), "-"]
    )


@pytest.mark.parametrize(
    ("as_of", "until", "to_come", "done", "past"),
    [
        (datetime(2026, 8, 24), 2, 4, 0, 16),  # the week of 08-17 is over; 08-24 and 08-31 lie between
        (datetime(2026, 9, 7), 0, 4, 0, 18),
        (datetime(2026, 9, 14), 0, 3, 1, 19),
        (datetime(2026, 9, 21), 0, 2, 2, 20),
    ],
)
def test_weeks_to_come_and_weeks_that_are_over(
    as_of: datetime, until: int, to_come: int, done: int, past: int, tmp_path: Path
) -> None:
    assert outlook(tmp_path, as_of) == expected(until, to_come, done, past)


def test_a_month_that_is_over_is_no_forecast(tmp_path: Path) -> None:
    assert outlook(tmp_path, datetime(2026, 10, 5)) == ""


def test_without_a_start_it_says_what_is_missing(tmp_path: Path) -> None:
    text = outlook(tmp_path, datetime(2026, 9, 14), (PACKAGED / "targets.toml").read_text())
    assert text == "none - - - - - 0 targets.toml: start_date"


def test_a_young_desk_has_no_chance_told(tmp_path: Path) -> None:
    found = outlook(tmp_path, datetime(2026, 6, 1)).split(maxsplit=7)
    assert found[:2] == ["none", "-"]
    assert found[7] != "-"


@given(st.dates(date(2000, 1, 1), date(2060, 12, 28)))
def test_mondays_of_a_month(day: date) -> None:
    first = day.replace(day=1)
    found = _mondays_of(first)
    assert all(monday.weekday() == 0 and (monday.year, monday.month) == (day.year, day.month) for monday in found)
    assert 4 <= len(found) <= 5
    assert found[0].day <= 7
