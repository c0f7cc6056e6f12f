"""The week's tables in a workbook and as CSV, read back: nothing is a formula or a link, and nothing is lost."""

import csv
import io
import zipfile
from datetime import date, datetime
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.text import FORMULA_STARTS
from reports.tables import Table, table
from reports.workbook import csv_text, workbook

MADE = datetime(2026, 3, 2, 8, 30)
HOSTILE = [
    '=HYPERLINK("https://evil.example","x")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    " \r\n=1+1",
    "＝1+1",
    "https://evil.example/a",
    "mailto:joe@evil.example",
    "internal:Sheet1!A1",
    "<script>alert(1)</script>",
    "a\x00b\x1b[31m\ud800",
    "\u202egnp.exe",
    "x" * 40_000,
]


def some(*values: object, kind: str = "text", name: str = "t") -> Table:
    return table(name, "A title", [("a", "A", kind)], [{"a": value} for value in values])


def read(data: bytes) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data))


def column(one: Table) -> list[Any]:
    book = read(workbook([one], MADE))
    return [row[0].value for row in book.worksheets[1].iter_rows(min_row=2)]


def cells(one: Table) -> list[str]:
    return [row[0] for row in csv.reader(io.StringIO(csv_text(one)))][1:]


def is_inert(text: str) -> bool:
    return not text.strip().startswith(FORMULA_STARTS) and "\x00" not in text and text.isprintable()


def test_hostile_texts_are_words() -> None:
    one = table("t", HOSTILE[0], [("a", "=A")], [{"a": text} for text in HOSTILE])
    book = read(workbook([one], MADE))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n"), cell.value
                assert cell.hyperlink is None
                assert is_inert(str(cell.value)), cell.value
    parts = zipfile.ZipFile(io.BytesIO(workbook([one], MADE))).namelist()
    assert not [name for name in parts if "external" in name.lower() or "vba" in name.lower() or "/_rels/sheet" in name]
    assert [text for text in csv_text(one).splitlines() if not is_inert(text.strip('"'))] == []


@given(st.lists(st.text(st.characters()), min_size=1, max_size=4))
def test_whatever_is_written_is_inert(texts: list[str]) -> None:
    one = some(*texts)
    for text in [*(str(value or "") for value in column(one)), *cells(one)]:
        assert is_inert(text)


# value | kind | in the workbook | in the CSV
CELLS = [
    (0.756, "share", 0.756, "0.756"),
    (3, "count", 3, "3"),
    (float("nan"), "hours", None, ""),
    (None, "day", None, ""),
    (date(2026, 11, 16), "day", datetime(2026, 11, 16), "2026-11-16"),
    (datetime(2026, 11, 16, 14, 5, 9, 7), "moment", datetime(2026, 11, 16, 14, 5, 9), "2026-11-16 14:05"),
    (datetime.fromisoformat("2026-11-16T14:05+02:00"), "moment", datetime(2026, 11, 16, 14, 5), "2026-11-16 14:05"),
    ("data_sync", "words", "data sync", "data sync"),
    (True, "text", "yes", "yes"),
    (["SUP-1", "=x"], "text", "SUP-1, =x", "SUP-1, =x"),
    (401, "ticket", "401", "401"),
    ("=1", "text", "'=1", "'=1"),
]


@pytest.mark.parametrize(("value", "kind", "told", "written"), CELLS, ids=[str(one[3]) or str(one[1]) for one in CELLS])
def test_cells(value: object, kind: str, told: object, written: str) -> None:
    one = some(value, "end", kind=kind)
    assert column(one)[0] == told
    assert cells(one)[0] == written


def test_a_sheet_per_table_and_a_list_of_them() -> None:
    same = ["a" * 40, "A" * 40, "a" * 31, "history", "contents", "x:/\\?*[]y", "'", ""]
    book = read(workbook([some(1, name=name, kind="count") for name in same], MADE))
    names = book.sheetnames
    assert len({name.lower() for name in names}) == len(same) + 1
    assert all(0 < len(name) <= 31 for name in names)
    listed = [row[0].value for row in book["Contents"].iter_rows(min_row=2)]
    assert listed == names[1:]


def test_no_table_at_all_is_a_workbook_too() -> None:
    assert read(workbook([], MADE)).sheetnames == ["Contents"]


def test_the_same_rows_give_the_same_bytes() -> None:
    tables = [some("x", 1), some(date(2026, 3, 2), kind="day", name="u")]
    data = workbook(tables, MADE)
    assert data == workbook(tables, MADE)
    assert {one.date_time for one in zipfile.ZipFile(io.BytesIO(data)).infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert read(data).properties.created == MADE
