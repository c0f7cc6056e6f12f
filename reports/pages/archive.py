"""All weeks that have a folder here, marked as provisional, final or restated."""

from collections.abc import Sequence
from datetime import date

from reports.pages.layout import POLICY
from reports.render import render
from reports.tables import Row
from reports.week import Week


def text(week: Week, names: Sequence[str]) -> str:
    """The archive's page; `names` are the weeks' folders, the newest first."""
    return render(
        "archive.html.j2", week=week, rows=[_row(week, name) for name in names], style=week.name, policy=POLICY
    )


def _row(week: Week, name: str) -> Row:
    monday = date.fromisocalendar(int(name[:4]), int(name[6:]), 1)
    numbers = {}
    for row in week.history("volume", "escalations", "count"):
        if row["week"] == monday:
            numbers["n"] = row["numerator"]
    for measure, variant, told in (
        ("repeats", "same_failure_week", "back"),
        ("resolution_without_tier3", "by_resolution", "share"),
    ):
        found = [row for row in week.history(measure, variant, "share") if row["week"] == monday]
        numbers[told] = found[0] if found else None
    return {
        "name": name,
        "monday": monday,
        "state": week.state_of(monday),
        "is_newer": monday > week.monday,
        **({"n": None} | numbers),
    }
