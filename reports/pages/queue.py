"""Every open escalation, what to do first on top: why now, who holds the ball, verdict, runbook, next step."""

from reports.pages.layout import page
from reports.tables import Page, Row, table
from reports.week import Week
from reports.wording import HOLDERS, VERDICTS, WHY_NOW, anchor, plural, words

COLUMNS = [
    ("place", "No.", "count"),
    ("ticket_key", "Ticket", "ticket"),
    ("why", "Why now"),
    ("priority", "Priority"),
    ("summary", "Summary"),
    ("dealer", "Dealer"),
    ("provider", "Provider", "words"),
    ("failure_category", "Category", "words"),
    ("is_tag_unsure", "Tag unsure"),
    ("age_working_hours", "Age, working hours", "hours"),
    ("holder", "Holds the ball"),
    ("verdict_name", "Verdict"),
    ("runbook_id", "Runbook"),
    ("nearest_key", "Nearest ticket", "ticket"),
    ("nearest_tier", "Resolved at tier", "count"),
    ("next_step", "Next step"),
]


def pages(week: Week) -> list[Page]:
    """One page."""
    rows = [_told(row, week) for row in week.rows("queue")]
    pressing = sum(row["is_pressing"] for row in rows)
    title = f"{plural(len(rows), 'escalation')} open, {pressing} to act on now" if rows else "Nothing is open"
    runbooks = {row["runbook_id"]: row["title"] for row in week.rows("runbooks")}
    values = {"rows": rows, "title_text": title, "runbooks": runbooks}
    return [page(week, "queue.html", "Queue", "queue.html.j2", (table("queue", "Queue", COLUMNS, rows),), **values)]


def _told(row: Row, week: Week) -> Row:
    return row | {
        "why": WHY_NOW.get(row["why_now"], words(row["why_now"])),
        "is_pressing": row["why_now"] != "waiting",
        "id": anchor(row["ticket_key"]),
        "dealer": row["dealer_name"] or "dealer not known",
        "holder": HOLDERS.get(row["waiting_on"] or "tier2", words(row["waiting_on"])),
        "verdict_name": VERDICTS.get(row["verdict"], words(row["verdict"])) if row["verdict"] else "",
        "family": week.families.get(row["family_id"]),
        "priority": row["priority"] or "no priority",
    }
