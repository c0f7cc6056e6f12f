"""The pattern book: each failure that came more than once, how it looks, what was done, what would end it."""

from typing import Any

from reports.pages.layout import page
from reports.tables import Page, Row, table
from reports.week import Week
from reports.wording import cut

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
    values["life"] = _life(week, life[-MOST_EVENTS:])
    return page(week, row["href"], cut(row["title"], 100), "families_one.html.j2", **values)


def _life(week: Week, rows: list[Row]) -> list[Row]:
    return [row | {"happened_at": week.local(row["happened_at"])} for row in rows]


def _dealers(tickets: list[Row]) -> list[tuple[str, int]]:
    """Dealers with how often, in order of name: a pattern is no ranking of dealers."""
    names = [row["dealer_name"] or "unknown" for row in tickets]
    return [(name, names.count(name)) for name in sorted(set(names))]
