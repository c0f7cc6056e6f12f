"""The tables of a week's site in other forms: one workbook with a sheet per table, and a CSV of each.

What stands behind the numbers is hundreds of lists of a few tickets: those go into one table, the numbers into another.
No cell is a formula or a link, whatever a ticket says. The same week gives the same bytes.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import xlsxwriter

from analysis.text import printable, spreadsheet_cell
from reports.tables import Column, Page, Table, table
from reports.week import Week
from reports.wording import words

FOLDER = "tables"
MOST_IN_CELL, MOST_IN_NAME = 32_767, 31  # what a workbook takes, characters
NUMBERS = "numbers/"  # pages of the tickets behind a number
WIDTHS = {"text": 36, "ticket": 12, "day": 12, "moment": 17, "words": 20}
FORMATS = {
    "count": "0",
    "share": "0.0%",
    "hours": "0.0",
    "days": "0.0",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm",
}
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
MEASURES = [
    *(("week", "Week", "day"), ("measure", "Measure"), ("variant", "Form"), ("statistic", "Statistic")),
    *(("group_key", "Group"), ("numerator", "Numerator", "number"), ("denominator", "Denominator", "number")),
    *(("value", "Value", "number"), ("low", "Low", "number"), ("high", "High", "number"), ("n", "n", "count")),
    *(("n_pending", "Pending", "count"), ("n_weeks_pooled", "Weeks", "count"), ("is_too_few", "Too few")),
]


BEHIND_NAME = "tickets_behind_numbers"
BEHIND = [("number", "Number"), ("ticket_key", "Ticket", "ticket"), ("counted", "Counted")]
MOST_REMEMBERED = 20_000  # texts; dealers, titles and summaries come again and again


def forms(week: Week, pages: Iterable[Page]) -> Iterator[tuple[str, bytes]]:
    """Path within the week's folder and bytes of the workbook, and of a CSV of each table but the longest."""
    found = list(tables(week, pages))
    yield f"{FOLDER}/escalations-{week.name}.xlsx", workbook(found, week.now)
    for one in (one for one in found if one.name != BEHIND_NAME):  # as CSV it would be larger than all else
        yield f"{FOLDER}/{one.name}.csv", csv_text(one).encode()


def tables(week: Week, pages: Iterable[Page]) -> Iterator[Table]:
    """Every table once, in the order of the pages; then the week's numbers, then the tickets behind them."""
    seen: set[str] = set()
    behind: list[Table] = []
    for page in pages:
        for one in page.tables:
            if page.path.startswith(NUMBERS):
                behind.append(one)
            elif one.name not in seen:
                seen.add(one.name)
                yield one
    told = [row for row in week.rows("measures") if row["week"].date() == week.monday]
    yield table("numbers", "The week's numbers", MEASURES, told)
    rows = [{"number": one.title, **row} for one in behind for row in one.rows]
    yield table(BEHIND_NAME, "Tickets behind each number; what they are is told in tickets", BEHIND, rows)


def workbook(tables: Iterable[Table], made_at: datetime) -> bytes:
    """The bytes of a workbook with a list of its sheets in front; `made_at` is what it says of its own age."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, OPTIONS)
    book.set_properties({"title": "Escalations", "created": made_at.replace(tzinfo=None)})
    kinds = {kind: book.add_format({"num_format": told}) for kind, told in FORMATS.items()}
    bold = book.add_format({"bold": True})
    contents, names = book.add_worksheet("Contents"), {"contents"}
    contents.write_row(0, 0, ["Sheet", "What it holds", "Rows"], bold)
    contents.set_column(0, 1, 48)
    for place, one in enumerate(tables, 1):
        sheet = book.add_worksheet(_sheet_name(one.name, names))
        contents.write_string(place, 0, sheet.get_name())
        contents.write_string(place, 1, _text(one.title))
        contents.write_number(place, 2, len(one.rows))
        _fill(sheet, one, kinds, bold)
    book.close()
    return out.getvalue()


def csv_text(one: Table) -> str:
    """A table as CSV, times as ISO has them, formulas neutralised."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_text(column.label) for column in one.columns)
    writer.writerows([_csv_cell(plain(row, column)) for column in one.columns] for row in one.rows)
    return out.getvalue()


def plain(row: Mapping[str, Any], column: Column) -> str | float | datetime | date | None:
    """A cell as other programs take it: numbers and times as they are, all else as one inert line of text."""
    value = row.get(column.name)
    if value is None or value != value:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float) and column.kind not in ("text", "words", "ticket"):
        return value
    if isinstance(value, datetime):
        return value.replace(tzinfo=None, microsecond=0)
    if isinstance(value, date):
        return value
    if isinstance(value, list | tuple):
        value = ", ".join(str(part) for part in value)
    return _text(words(value) if column.kind == "words" else str(value))


@lru_cache(MOST_REMEMBERED)
def _text(text: str) -> str:
    return spreadsheet_cell(printable(text))


def _csv_cell(value: str | float | datetime | date | None) -> str:
    if value is None:
        return ""
    return value.isoformat(" ", "minutes") if isinstance(value, datetime) else str(value)


def _sheet_name(name: str, taken: set[str]) -> str:
    """A name that workbooks take and no other sheet has, capitals or not."""
    base = "".join(c if c.isalnum() or c in "_- " else "-" for c in name).strip("- ") or "table"
    found, number = base[:MOST_IN_NAME], 1
    while found.lower() in taken:
        number += 1
        found = f"{base[: MOST_IN_NAME - 4]}-{number}"
    taken.add(found.lower())
    return found


def _fill(sheet: Any, one: Table, kinds: Mapping[str, Any], bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(one.columns):
        sheet.write_string(0, place, _text(column.label), bold)
        sheet.set_column(place, place, WIDTHS.get(column.kind, 12))
        for number, row in enumerate(one.rows, 1):
            value = plain(row, column)
            if isinstance(value, str):
                sheet.write_string(number, place, value[:MOST_IN_CELL])
            elif isinstance(value, date):
                whole = "moment" if column.kind == "moment" else "day"
                sheet.write_datetime(number, place, value, kinds[whole])
            elif value is not None:
                sheet.write_number(number, place, value, kinds.get(column.kind))
    if one.rows:
        sheet.autofilter(0, 0, len(one.rows), len(one.columns) - 1)
