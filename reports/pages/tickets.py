"""A page per ticket: its way, what it is and why we say so, what was known, what is like it, what to do next."""

from typing import Any

from reports.pages.journey import Journey, journey
from reports.pages.layout import page
from reports.tables import Page, Row, table
from reports.week import Week, key_of
from reports.wording import TAG_KINDS, cut

PARTS = ("tags", "tier_stays", "waits", "comments", "touches", "queue")
SOURCES = {
    "answer": "a person said so",
    "field": "the Jira field",
    "rule": "rules",
    "classifier": "the classifier",
    "none": "nothing speaks for one clearly enough",
}


def pages(week: Week) -> list[Page]:
    """A page for each ticket that some page names, and the list of all of them."""
    parts = {name: week.grouped(name, "issue_id") for name in PARTS}
    of_ticket: dict[int, list[Row]] = {}
    for row in week.escalations.values():
        of_ticket.setdefault(row["issue_id"], []).append(row)
    earlier = week.grouped("family_tickets", "family_id")
    made = []
    for ticket in week.rows("tickets"):
        mine = {name: rows.get(ticket["issue_id"], []) for name, rows in parts.items()}
        escalations = [_escalation(week, row, earlier) for row in of_ticket.get(ticket["issue_id"], [])]
        made.append(_one(week, ticket, mine, escalations))
    return [*made, _all(week)]


def _one(week: Week, ticket: Row, mine: dict[str, list[Row]], escalations: list[Row]) -> Page:
    key = ticket["ticket_key"]
    title = cut(f"{key}: {escalations[0]['summary'] or ''}" if escalations else key, 120)
    queued = next(iter(mine["queue"]), None)
    values: dict[str, Any] = {
        "ticket": ticket,
        "escalations": escalations,
        "tags": _tags(mine["tags"]),
        "queued": queued,
    }
    values["way"] = _way(week, ticket, mine, escalations)
    return page(week, week.hrefs[key], title, "tickets.html.j2", **values)


def _escalation(week: Week, row: Row, earlier: dict[Any, list[Row]]) -> Row:
    facts = week.evidence.get(key_of(row), [])
    family = week.families.get(row["family_id"])
    before = [one for one in earlier.get(row["family_id"], []) if week.local(one["escalated_at"]) < row["escalated_at"]]
    known = [fact for fact in facts if fact["known_at"] is None or fact["known_at"] <= row["escalated_at"]]
    later = [fact for fact in facts if fact not in known]
    return row | {"known": known, "later": later, "family": family, "earlier": before[:4]}


def _way(week: Week, ticket: Row, mine: dict[str, list[Row]], escalations: list[Row]) -> Journey:
    def local(rows: list[Row], *names: str) -> list[Row]:
        return [row | {name: week.local(row[name]) for name in names} for row in rows]

    return journey(
        local([ticket], "created_at", "resolved_at")[0],
        local(mine["tier_stays"], "entered_at", "left_at"),
        local(mine["waits"], "started_at", "ended_at"),
        local(mine["comments"], "created_at"),
        local(mine["touches"], "touched_at", "left_at"),
        escalations,
        week.local_now,
    )


def _tags(rows: list[Row]) -> list[Row]:
    by_kind = {row["kind"]: row for row in rows}
    return [
        by_kind[kind] | {"label": label, "told_by": SOURCES.get(by_kind[kind]["source"], by_kind[kind]["source"])}
        for kind, label in TAG_KINDS.items()
        if kind in by_kind
    ]


def _all(week: Week) -> Page:
    rows = sorted(
        (row for row in week.escalations.values() if row["issue_id"] in week.files),
        key=lambda row: (row["escalated_at"], row["issue_id"]),
        reverse=True,
    )
    columns = [
        ("ticket_key", "Ticket", "ticket"),
        ("summary", "Summary"),
        ("dealer", "Dealer"),
        ("provider", "Provider", "words"),
        ("failure_category", "Category", "words"),
        ("escalated_at", "Escalated", "moment"),
        ("verdict", "Verdict", "words"),
    ]
    behind = table("tickets", "All tickets told of", columns, rows)
    return page(week, "tickets/index.html", "All tickets told of", "all_tickets.html.j2", (behind,), rows=rows)
