"""`--as-of`: a scratch warehouse knows what people had said by then, and what a status means; the desk's own is untouched."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from stories import bare_criteria, copied, empty_warehouse, issues, open_warehouse, table, write_export

from analysis.review import Answer, store_answers
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.settings import Settings

STORY = """
SUP-1 created 2026-03-02 09:00 tier=2 provider=Tekion
  03-03 12:00 status=Resolved
  03-20 12:00 status=Closed
  03-20 13:00 worklog=2 started="03-02 10:00" by=int-1
SUP-2 created 2026-03-02 09:00 tier=2 provider=Tekion
  03-06 12:00 status=Resolved
  03-21 12:00 comment="thanks"
"""
TAGS = "select issue_id, value, source from core.tags where kind = 'provider' order by 1"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A desk whose people answered on March 5th and 15th."""
    home = tmp_path_factory.mktemp("desk")
    bare_criteria(home / "criteria")
    settings = Settings(home=home, source=str(write_export(home / "export.json", issues(STORY))))
    empty_warehouse(settings.warehouse_file)
    weekly.run(settings, print, is_rendered=False)
    with Warehouse.open(settings.warehouse_file) as warehouse:
        for day, issue_id, value in ((5, 1001, "cdk"), (15, 1001, "xtime"), (15, 1002, "xtime")):
            store_answers(warehouse, [Answer(issue_id, "provider", value, "ann", "csv")], "run", datetime(2026, 3, day))
    weekly.run(settings, print, is_rendered=False)
    return settings


@pytest.fixture
def desk(first: Settings, tmp_path: Path) -> Settings:
    return copied(first, tmp_path / "desk")


def back_then(settings: Settings, until: datetime, scratch: Path, query: str) -> str:
    """What a query gives in the scratch warehouse of that moment."""
    scratch.mkdir()
    empty_warehouse(scratch / "warehouse.duckdb")

    @contextmanager
    def kept(**_: object) -> Iterator[str]:
        yield str(scratch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "TemporaryDirectory", kept)
        weekly.run(settings, print, is_rendered=False, until=until)
    with open_warehouse(scratch / "warehouse.duckdb") as warehouse:
        return table(warehouse, query)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (4, "1001 tekion field\n1002 tekion field"),
        (10, "1001 cdk answer\n1002 tekion field"),
        (16, "1001 xtime answer\n1002 xtime answer"),
    ],
)
def test_only_what_people_had_said_by_then_counts(day: int, expected: str, desk: Settings, tmp_path: Path) -> None:
    assert back_then(desk, datetime(2026, 3, day), tmp_path / "scratch", TAGS) == expected


def test_the_desks_own_warehouse_stays_as_it_is(desk: Settings, tmp_path: Path) -> None:
    count = "select count(*), max(event_id) from state.answers"
    with Warehouse.open(desk.warehouse_file) as warehouse:
        before = warehouse.rows(count), table(warehouse, TAGS)
    back_then(desk, datetime(2026, 3, 4), tmp_path / "scratch", TAGS)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert (warehouse.rows(count), table(warehouse, TAGS)) == before


@pytest.mark.parametrize(("day", "hours"), [(19, "-"), (21, "2")])
def test_hours_that_nobody_had_logged_by_then_do_not_count(
    day: int, hours: str, desk: Settings, tmp_path: Path
) -> None:
    query = "select sum(logged_hours) from mart.effort"
    assert back_then(desk, datetime(2026, 3, day), tmp_path / "scratch", query) == hours


def test_a_status_in_which_nothing_lay_then_means_what_it_means_now(desk: Settings, tmp_path: Path) -> None:
    """By the 4th only SUP-1 was resolved; of the two it is SUP-2 that lies there now and tells what the status means."""
    site = desk.home / "criteria" / "site.toml"
    site.write_text(
        site.read_text().replace("[statuses.waiting_on]", "[statuses]\nusually_done = []\n[statuses.waiting_on]")
    )
    query = "select issue_id, resolved_at from mart.escalations order by 1"
    assert back_then(desk, datetime(2026, 3, 4), tmp_path / "scratch", query) == "1001 03-03T12:00\n1002 -"
