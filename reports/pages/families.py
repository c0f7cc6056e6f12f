"""The pattern book: each failure that came more than once, how it looks, what was done, what would end it."""

from reports.pages.layout import page
from reports.tables import Page, Row, table
from reports.week import Week

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
    tickets, life = week.grouped("family_tickets", "family_id"), week.grouped("family_life", "family_id")
    remedies = week.grouped("remedies", "family_id")
    rows = list(week.families.values())
    made = [
        page(
            week,
            "families/index.html",
            "Patterns",
            "families.html.j2",
            (table("families", "Patterns", COLUMNS, rows),),
            rows=rows,
        )
    ]
    for row in rows:
        mine = tickets.get(row["family_id"], [])
        values = {
            "f": row,
            "tickets": mine,
            "remedies": remedies.get(row["family_id"], []),
            "life": _life(week, life.get(row["family_id"], [])),
        }
        made.append(
            page(week, row["href"], row["title"][:100], "families_one.html.j2", dealers=_dealers(mine), **values)
        )
    return made


def _life(week: Week, rows: list[Row]) -> list[Row]:
    return [row | {"happened_at": week.local(row["happened_at"])} for row in rows]


def _dealers(tickets: list[Row]) -> list[tuple[str, int]]:
    """Dealers with how often, in order of name: a pattern is no ranking of dealers."""
    names = [row["dealer_name"] or "unknown" for row in tickets]
    return [(name, names.count(name)) for name in sorted(set(names))]
