"""For OPS: criteria in plain words, runbooks by symptom, what to hand over, contests, what OPS kept."""

from typing import Any

from reports import charts
from reports.pages.layout import page
from reports.tables import Chart, Page, Row, table
from reports.week import Week
from reports.wording import anchor, words

MOST_SHOWN = 14


def pages(week: Week) -> list[Page]:
    """One page."""
    kept = containment(week)
    runbooks = _runbooks(week)
    contests = _contests(week)
    standing = week.rows("ops_standing_list")
    values: dict[str, Any] = {
        "criteria": _criteria(week),
        "runbooks": runbooks,
        "contests": contests,
        "claimed": [row for row in week.escalations.values() if row["standing"] == "claimed"],
        "chart": kept,
        "standing": standing,
        "requirements": week.rows("requirements"),
    }
    tables = [
        table(
            "runbooks",
            "Runbooks for OPS",
            [
                ("runbook_id", "Runbook"),
                ("title", "Title"),
                ("provider", "Provider", "words"),
                ("announced_date", "Announced", "day"),
                ("n_used", "Tickets ended", "count"),
            ],
            [row for group in runbooks.values() for row in group],
        ),
        table(
            "contests",
            "Contested verdicts",
            [
                ("ticket_key", "Ticket", "ticket"),
                ("summary", "Summary"),
                ("criterion_id", "Criterion", "words"),
                ("standing", "Stands as", "words"),
            ],
            contests,
        ),
        table(
            "ops_standing_list",
            "What OPS should handle but does not yet",
            [
                ("provider", "Provider", "words"),
                ("failure_category", "Category", "words"),
                ("n_escalations", "Escalations", "count"),
                ("n_before", "Before", "count"),
                ("effort_hours", "Hours", "hours"),
                ("runbook_id", "Runbook"),
                ("why", "Why"),
            ],
            standing,
        ),
        *([kept.behind] if kept else []),
    ]
    return [page(week, "ops.html", "For OPS", "ops.html.j2", tuple(tables), **values)]


def _criteria(week: Week) -> list[Row]:
    """What is in force, with how OPS and the rulers took it."""
    rows = week.rows("criteria_standing")
    return [row | {"id": anchor(row["criterion_id"])} for row in rows if _is_in_force(row, week)]


def _is_in_force(row: Row, week: Week) -> bool:
    ended = row["effective_until"] is not None and row["effective_until"].date() <= week.today
    return bool(row["effective_from"].date() <= week.today and not ended)


def _runbooks(week: Week) -> dict[str, list[Row]]:
    """Runbooks for OPS in force by provider, with what one sees when they are for that."""
    found: dict[str, list[Row]] = {}
    rows = [row for row in week.rows("runbooks") if row["audience"] == "ops" and row["replaced_date"] is None]
    for row in sorted(rows, key=lambda row: (week.place_of(row["provider"]), row["runbook_id"])):
        found.setdefault(row["provider"] or "none", []).append(row | {"id": anchor(row["runbook_id"])})
    return found


def _contests(week: Week) -> list[Row]:
    rows = [row for row in week.escalations.values() if row["reply"] == "contested"]
    return sorted(rows, key=lambda row: (row["standing"] != "contested", -row["escalated_at"].timestamp()))


def _kept_links(row: Row, week: Week) -> Row:
    """Where the tickets are that the counts of a failure mode count."""
    mode = f"{row['provider']}/{row['failure_category']}"
    lists = {"k_before": "kept_before", "n_before": "of_before", "k_after": "kept_since", "n_after": "of_since"}
    lists["n_pending"] = "open"
    return {f"{name}_href": week.counts.href("containment", count, mode) for name, count in lists.items()}


def containment(week: Week) -> Chart | None:
    """Share that OPS kept of each failure mode before and since its runbook; the modes with most tickets."""
    rows = [
        row
        for row in week.rows("containment")
        if row["form"] == "tier1" and row["runbook_id"] and row["n_before"] and row["n_after"]
    ]
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: (-row["n_after"], row["provider"], row["failure_category"]))[:MOST_SHOWN]
    rows.sort(key=lambda row: (week.place_of(row["provider"]), row["failure_category"]))
    told = [row | _kept_links(row, week) for row in rows]
    told = [row | {"name": f"{week.provider_name(row['provider'])}, {words(row['failure_category'])} "} for row in told]
    more = sum(row["value_after"] > row["value_before"] for row in told)
    few = sum(bool(row["is_too_few"]) for row in told)
    sure = "" if few < len(told) else "; too few tickets to be sure of any"
    title = f"OPS keeps more of {more} of {len(told)} failure modes since there is a runbook{sure}"
    columns = [
        ("name", "Failure mode"),
        ("runbook_id", "Runbook"),
        ("k_before", "Kept before", "count"),
        ("n_before", "Of", "count"),
        ("value_before", "Share", "share"),
        ("k_after", "Kept since", "count"),
        ("n_after", "Of", "count"),
        ("value_after", "Share", "share"),
        ("n_pending", "Open", "count"),
    ]
    subtitle = (
        "Share of tickets that OPS resolved without an escalation, in 13 weeks before its runbook (ring) and since "
        "(dot). "
        f"{f'For {few} of them there are too few tickets to claim a change.' if few else ''}"
    )
    return Chart(
        "containment", title, subtitle, charts.containment(told), table("containment", title, columns, told), "any"
    )
