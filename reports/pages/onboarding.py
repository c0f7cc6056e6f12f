"""Each dealer that is not live: provider, step, days against normal, who holds the ball; and how the last ones went."""

from datetime import timedelta

from reports.pages.layout import page
from reports.tables import Page, Row, table
from reports.week import Week
from reports.wording import HOLDERS, plural

RECENT = timedelta(weeks=26)
COLUMNS = [
    ("ticket_key", "Ticket", "ticket"),
    ("dealer", "Dealer"),
    ("provider", "Provider", "words"),
    ("status", "Step"),
    ("elapsed_days", "Days", "days"),
    ("normal_days", "Normal", "days"),
    ("holder", "Holds the ball", "words"),
    ("live_date", "Live", "day"),
]


def pages(week: Week) -> list[Page]:
    """One page."""
    rows = _rows(week)
    waiting = not_live(week)
    live = [row for row in rows if row["live_date"] is not None and row["live_date"].date() > week.today - RECENT]
    live.sort(key=lambda row: (row["live_date"], row["dealer"]), reverse=True)
    late = [row for row in waiting if row["over"] is not None and row["over"] > 0]
    score = next(
        (row for row in week.rows("scorecard") if row["measure"] == "integration_success" and row["month"] == 12), None
    )
    delays = sorted(week.rows("normal_delays"), key=lambda row: (week.place_of(row["provider"]), row["step"]))
    values = {
        "waiting": waiting,
        "live": live,
        "late": late,
        "score": score,
        "title_text": _title(waiting, late),
        "delays": delays,
    }
    tables = (
        table("onboardings_waiting", "Not live yet", COLUMNS, waiting),
        table("onboardings_live", "Live in 26 weeks", COLUMNS, live),
    )
    return [page(week, "onboarding.html", "Onboarding", "onboarding.html.j2", tables, **values)]


def _rows(week: Week) -> list[Row]:
    return [_told(row, week) for row in week.rows("onboardings") if row["exclusion_reason"] is None]


def not_live(week: Week) -> list[Row]:
    """Who waits to go live, first who is longest beyond what is normal (`over`, days; None where it is not known)."""
    return sorted(
        (row for row in _rows(week) if row["live_date"] is None),
        key=lambda row: (
            -(row["over"] if row["over"] is not None else -9e9),
            -(row["elapsed_days"] or 0),
            row["dealer"],
        ),
    )


def _told(row: Row, week: Week) -> Row:
    over = (
        row["elapsed_days"] - row["normal_days"]
        if row["normal_days"] is not None and row["elapsed_days"] is not None
        else None
    )
    told = {
        "dealer": row["dealer_name"] or row["dealer_id"] or row["dealer_text"] or "unknown dealer",
        "over": over,
        "held_since": week.local(row["held_since"]),
    }
    return (
        row
        | told
        | {"holder_name": HOLDERS.get(row["holder"], "nobody known"), "requested_at": week.local(row["requested_at"])}
    )


def _title(waiting: list[Row], late: list[Row]) -> str:
    if not waiting:
        return "Nobody waits to go live"
    told = plural(len(waiting), "dealer waits", "dealers wait")
    return (
        f"{told} to go live, {len(late)} longer than normal" if late else f"{told} to go live, none longer than normal"
    )
