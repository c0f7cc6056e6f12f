"""Weeks of the past: published once each, marked, resumed where they were cut off; missed weeks are made up for."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import pytest
from served_desk import content
from stories import bare_criteria, issues, write_export

from analysis.errors import InputError
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.backfill import backfill, weekly_review
from pipelines.settings import Settings

T = TypeVar("T")
STORY = """
SUP-1 created 2026-03-02 09:00 tier=2 provider=CDK
  03-03 12:00 status=Resolved
SUP-2 created 2026-03-10 09:00 tier=2 provider=CDK
  03-11 12:00 status=Resolved
SUP-3 created 2026-03-17 09:00 tier=2 provider=CDK
  03-18 12:00 status=Resolved
"""
LATER = "SUP-9 created {} 09:00 tier=2\n"
PUBLISHED = "select week, bool_or(is_backfill), bool_and(is_backfill) from mart.published group by week order by week"


def desk(folder: Path, until: str = "2026-03-24") -> Settings:
    """A desk whose export goes up to that day."""
    bare_criteria(folder / "criteria")
    known = "".join(part for part in re.split(r"^(?=SUP)", STORY, flags=re.MULTILINE) if part[14:24] < until)
    export = write_export(folder / "export.json", issues(known + LATER.format(until)))
    return Settings(home=folder, source=str(export))


def published(settings: Settings) -> list[tuple[str, bool]]:
    """Week and whether it is marked; all of a week's numbers are marked alike."""
    with Warehouse.open(settings.warehouse_file) as warehouse:
        rows = warehouse.rows(PUBLISHED)
    assert all(some == every for _, some, every in rows)
    return [(f"{week:%G-W%V}", some) for week, some, _ in rows]


def pages(settings: Settings) -> list[str]:
    return sorted(path.parent.name for path in settings.reports.glob("*-W*/index.html"))


WEEKS = [("2026-W10", True), ("2026-W11", True), ("2026-W12", False)]


def test_every_week_since_then_is_published_and_marked(tmp_path: Path) -> None:
    settings = desk(tmp_path)
    said: list[str] = []
    result = backfill(settings, said.append, date(2026, 3, 4))
    assert published(settings) == WEEKS
    assert pages(settings) == [week for week, _ in WEEKS]
    assert result.week == date(2026, 3, 16)
    assert result.page == settings.reports / "2026-W12" / "index.html"
    assert [line for line in said if line.startswith("backfill")] == [
        "backfill: week 2026-W10, 1 of 3",
        "backfill: week 2026-W11, 2 of 3",
        "backfill: week 2026-W12, 3 of 3",
    ]
    with Warehouse.open(settings.warehouse_file) as warehouse:
        assert warehouse.value("select week from core.clock") == date(2026, 3, 16)


@pytest.mark.slow
def test_cut_off_it_goes_on_where_it_was(tmp_path: Path) -> None:
    whole, cut = desk(tmp_path / "whole"), desk(tmp_path / "cut")
    backfill(whole, lambda _: None, date(2026, 3, 2))
    n_left = 1

    def cut_off(name: str, call: Callable[[], T], /) -> T:
        nonlocal n_left
        if name == "report":
            n_left -= 1
            if n_left < 0:
                raise KeyboardInterrupt
        return call()

    with pytest.raises(KeyboardInterrupt):
        backfill(cut, lambda _: None, date(2026, 3, 2), do=cut_off)
    assert len(published(cut)) < 3
    said: list[str] = []
    backfill(cut, said.append, date(2026, 3, 2))
    assert "backfill: week 2026-W10, 1 of 3: was published before" in said
    assert published(cut) == WEEKS
    assert pages(cut) == pages(whole)
    mine, other = content(cut.warehouse_file), content(whole.warehouse_file)
    assert mine["state.published"] == other["state.published"]
    assert mine["state.published_tickets"] == other["state.published_tickets"]


def test_no_week_is_complete_since_then(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no week is complete since then; the last complete one is 2026-W12"):
        backfill(desk(tmp_path), lambda _: None, date(2026, 3, 24))


@pytest.mark.slow
def test_the_weekly_review_makes_up_for_weeks_that_were_missed(tmp_path: Path) -> None:
    settings = desk(tmp_path, "2026-03-09")
    weekly_review(settings, lambda _: None)
    assert published(settings) == [("2026-W10", False)]
    for _ in range(2):
        result = weekly_review(desk(tmp_path, "2026-03-31"), lambda _: None)
        assert result.week == date(2026, 3, 23)
    assert published(settings) == [("2026-W10", False), ("2026-W11", True), ("2026-W12", True), ("2026-W13", False)]
    assert pages(settings) == ["2026-W10", "2026-W11", "2026-W12", "2026-W13"]


def test_a_first_weekly_review_does_not_reach_back(tmp_path: Path) -> None:
    settings = desk(tmp_path)
    weekly.run(settings, lambda _: None)
    weekly_review(settings, lambda _: None)
    assert published(settings) == [("2026-W12", False)]
