"""The site as files: whole or not at all, safe names, rows as plain values, one table behind each chart."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import warehouse_of

from analysis.frames import FRAMES, frames
from reports import site
from reports.report import report
from reports.week import Frames, Week, file_names, records
from reports.wording import anchor, cut, interval, percent, plural, span

STORY = """
SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar provider=Tekion
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Frames:
    folder = tmp_path_factory.mktemp("files")
    with warehouse_of(STORY, folder, as_of="2026-03-10T06:00") as warehouse:
        return frames(warehouse)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_site_appears_whole_or_not_at_all(made: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report(made, tmp_path, [], None)
    before = files(tmp_path)
    write, written = Path.write_text, [0]

    def breaks_off(path: Path, *args: Any, **given: Any) -> int:
        written[0] += 1
        if written[0] > 20:
            raise OSError("disk full")
        return write(path, *args, **given)

    monkeypatch.setattr(Path, "write_text", breaks_off)
    with pytest.raises(OSError, match="disk full"):
        report(made, tmp_path, ["changed"], None)
    assert files(tmp_path) == before


def test_what_was_there_before_goes(made: Frames, tmp_path: Path) -> None:
    page = report(made, tmp_path, [], None)
    (page.parent / "tickets" / "SUP-999.html").write_text("of an earlier run")
    report(made, tmp_path, [], None)
    assert not (page.parent / "tickets" / "SUP-999.html").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-W10", "index.html"]


def test_a_run_that_was_cut_off_between_the_renamings_loses_nothing(
    made: Frames, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(made, tmp_path, [], None)
    before = files(tmp_path / "2026-W10")
    (tmp_path / "2026-W10").rename(tmp_path / ".2026-W10.old")  # as a kill would leave it
    monkeypatch.setattr(site, "pages", lambda _: [])
    monkeypatch.setattr(site, "assets", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        report(made, tmp_path, [], None)
    monkeypatch.undo()
    report(made, tmp_path, [], None)
    assert files(tmp_path / "2026-W10") == before


def test_each_page_says_which_tables_it_shows_and_their_names_are_their_own(made: Frames) -> None:
    """Spreadsheets and other forms take these over."""
    week = Week(made)
    pages = site.pages(week)
    names: dict[str, object] = {}
    for table in (one for page in pages for one in page.tables):
        assert names.setdefault(table.name, table) == table, "what two pages show is the same table"
    assert len(names) > 60
    wanted = {"decisions", "actions", "scorecard", "queue", "repeats_by_week", "families", "definitions", "tickets"}
    assert wanted <= set(names)
    for table in (one for page in pages for one in page.tables):
        assert table.title and table.columns
        for row in table.rows:
            assert {column.name for column in table.columns} <= set(row), table.name


def test_every_frame_is_read_and_none_is_missing(made: Frames) -> None:
    assert set(made) == set(FRAMES)
    source = "".join(path.read_text() for path in (Path(site.__file__).parent).rglob("*.py"))
    assert [name for name in FRAMES if f'"{name}"' not in source] == []


@pytest.mark.parametrize(
    ("keys", "names"),
    [
        ([(1, "SUP-1"), (2, "SUP-2")], ["SUP-1", "SUP-2"]),
        ([(1, "SUP-1"), (2, "sup-1")], ["SUP-1", "sup-1-2"]),
        ([(1, "../x"), (2, "a/b"), (3, "a b")], ["---x-1", "a-b-2", "a-b-3"]),
        ([(1, "SÜP-1")], ["S-P-1-1"]),
        ([(7, "A" * 300)], ["A" * 60 + "-7"]),
        ([(7, "")], ["-7"]),
        ([(1, "index")], ["index-1"]),
    ],
)
def test_names_of_pages(keys: list[tuple[int, str]], names: list[str]) -> None:
    assert list(file_names(keys).values()) == names


@given(st.lists(st.text(max_size=80), max_size=20))
def test_names_of_pages_are_safe_and_their_own(keys: list[str]) -> None:
    names = list(file_names(enumerate(keys)).values())
    assert len({name.lower() for name in names}) == len(names)
    assert all(name and anchor(name) == name and len(name) < 90 and name != "index" for name in names)


def test_rows_are_plain_values() -> None:
    frame = pd.DataFrame(
        {
            "n": pd.array([1, None], dtype="Int64"),
            "x": [0.5, float("nan")],
            "when": [pd.Timestamp("2026-03-02 09:00"), pd.NaT],
            "is": pd.array([True, None], dtype="boolean"),
            "text": ["ri\u202eght\x00\tend\n", None],
            "many": [np.array(["a\u200f", "b"], dtype=object), None],
        }
    )
    first, second = records(frame)
    when = pd.Timestamp("2026-03-02 09:00").to_pydatetime()
    assert first == {"n": 1, "x": 0.5, "when": when, "is": True, "text": "right\tend\n", "many": ["a", "b"]}
    assert list(second.values()) == [None] * 6
    assert type(first["n"]) is int and type(first["is"]) is bool


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (percent(0.784), "78\u00a0%"),
        (percent(None), "–"),
        (percent(float("nan")), "–"),
        (interval(0.1, 0.95), "10–95\u00a0%"),
        (plural(1, "ticket"), "1 ticket"),
        (plural(0, "family", "families"), "0 families"),
        (span(0.5), "30 min"),
        (span(20), "20 h"),
        (span(72), "3 days"),
        (span(None), "–"),
        (cut("one two three", 9), "one two …"),
        (cut("one\n two", 9), "one two"),
        (cut(None), ""),
        (cut("x" * 5_000_000, 5), "xxxxx …"),
    ],
)
def test_how_things_are_told(told: str, expected: str) -> None:
    assert told == expected
