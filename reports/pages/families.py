"""The pattern book: each failure that came more than once, how it looks, what was done, what would end it."""

from datetime import datetime
from typing import Any

from reports.pages.layout import page
from reports.tables import Page, Row, table
from reports.week import Week
from reports.wording import REMEDIES, cut, day

PARTS = ("family_tickets", "family_life", "remedies")
MOST_EVENTS = 25
COLUMNS = [
    ("title", "Failure"),
    ("provider", "Provider", "words"),
    ("failure_category", "Category", "words"),
    ("state", "State", "words"),
    ("n_recent", "In 13 weeks", "count"),
    ("n_escalations", "Ever", "count"),
    ("n_dealers", "Dealers", "count"),
    ("effort_hours", "Hours of Tier 2", "hours"),
    ("last_seen_at", "Last seen", "day"),
    ("cure", "Would end it", "words"),
]


def pages(week: Week) -> list[Page]:
    """A page for each family, and the book's first."""
    parts = {name: week.grouped(name, "family_id") for name in PARTS}
    rows = list(week.families.values())
    tables = (table("families", "Patterns", COLUMNS, rows),)
    first = page(week, "families/index.html", "Patterns", "families.html.j2", tables, rows=rows)
    return [first, *(_one(week, row, parts) for row in rows)]


def _one(week: Week, row: Row, parts: dict[str, dict[Any, list[Row]]]) -> Page:
    tickets, life, remedies = (parts[name].get(row["family_id"], []) for name in PARTS)
    values: dict[str, Any] = {"f": row, "tickets": tickets, "remedies": remedies, "dealers": _dealers(tickets)}
    values["line"] = _line(week, tickets, remedies)
    values["life"] = _life(week, life[-MOST_EVENTS:])
    return page(week, row["href"], cut(row["title"], 100), "families_one.html.j2", **values)


def _line(week: Week, tickets: list[Row], remedies: list[Row]) -> dict[str, list[Row]]:
    """When it occurred and when something took effect, in per cent of the time from the first ticket until now."""
    begin = min((row["occurred_at"] for row in tickets), default=week.now)
    whole = max((week.now - begin).total_seconds(), 1.0)

    def place(moment: datetime) -> float:
        return round(min(max(100 * (moment - begin).total_seconds() / whole, 0), 100), 2)

    dots = [
        {"x": place(row["occurred_at"]), "is_open": row["resolved_at"] is None}
        | {"told": f"{row['ticket_key']}, {day(week.local(row['occurred_at']))}"}
        for row in reversed(tickets)
    ]
    marks = [
        {"x": place(row["effective_at"]), "kind": row["kind"], "name": row["ref"]}
        | {"told": f"{REMEDIES[row['kind']]} {row['ref']}, {day(row['effective_at'])}"}
        for row in remedies
        if row["effective_at"] is not None and begin <= row["effective_at"] <= week.now
    ]
    ticks = [{"x": part, "told": day(begin + (week.now - begin) * part / 100)} for part in (0, 50, 100)]
    return {"dots": dots, "marks": marks, "ticks": ticks}


def _life(week: Week, rows: list[Row]) -> list[Row]:
    return [row | {"happened_at": week.local(row["happened_at"])} for row in rows]


def _dealers(tickets: list[Row]) -> list[tuple[str, int]]:
    """Dealers with how often, in order of name: a pattern is no ranking of dealers."""
    names = [row["dealer_name"] or "unknown" for row in tickets]
    return [(name, names.count(name)) for name in sorted(set(names))]
