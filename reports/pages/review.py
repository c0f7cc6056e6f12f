"""The weekly review: one screen to decide from, then the three reports and what stands behind them."""

from collections import Counter
from datetime import date
from typing import Any

from reports.pages.decisions import actions, decisions, summary
from reports.pages.layout import page
from reports.pages.onboarding import not_live
from reports.pages.pictures import PICTURES, status_against_target
from reports.pages.trust import signals, tag_sources
from reports.tables import Page, Row, Table, table
from reports.week import Number, Week, key_of
from reports.wording import CAUSES

FORMS = ("claimed", "agreed", "contested", "unanswered", "withdrawn")


def pages(week: Week) -> list[Page]:
    """The review alone."""
    acts, proposed = actions(week), decisions(week)
    pictures = {name: draw(week) for name, draw in PICTURES.items()}
    values: dict[str, Any] = {
        "acts": acts,
        "acts_summary": summary(acts),
        "decisions": proposed,
        "closed": closed_verdicts(week),
        "lately": lately(week),
        "before": before(week),
        "status": status_against_target(week.numbers["resolution_without_tier3/by_resolution"].row),
        "charts": pictures,
        "repeated": counted(week, "repeats", "same_failure_week"),
        "claimed_rows": [
            row | {"why": why(week, row)} for row in counted(week, "ops_should_have_handled", "claimed_week")
        ],
        "bridge": next(iter(week.rows("bridge")), None),
        "risks": {row["cause"]: row for row in week.rows("competing_risks") if row["days"] == 28},
        "families": [row for row in week.families.values() if row["place"]][:7],
        "modes": [row for row in week.rows("modes") if row["failure_category"] != "untagged"][:7],
        "late": [row for row in week.rows("open_escalations") if row["is_overdue"]],
        "waiting": waiting(week),
        "waiting_long": sum(row["over"] is not None and row["over"] > 0 for row in not_live(week)),
        "tag_sources": tag_sources(week),
        "signals": signals(week),
        "excluded": week.rows("excluded"),
        "restatements": restatements(week),
    }
    tables = (decision_table(proposed), action_table(acts), *(one.behind for one in pictures.values()))
    return [page(week, "index.html", f"Escalations, week {week.monday:%V}", "index.html.j2", tables, **values)]


# -- the first screen --------------------------------------------------------------------------------------------------


def lately(week: Week) -> float | None:
    """Escalations a week over the 13 weeks before the reported one."""
    rows = [row["value"] for row in week.history("volume", "escalations", "count") if row["week"] < week.monday][-13:]
    return sum(rows) / len(rows) if rows else None


def before(week: Week) -> Row | None:
    """The headline of the weeks just before those that are pooled now, if it pools as many."""
    pooled = week.numbers["resolution_without_tier3/by_resolution"].row["n_weeks_pooled"]
    for row in week.history("resolution_without_tier3", "by_resolution", "share"):
        if (week.monday - row["week"]).days == 7 * pooled and row["n_weeks_pooled"] == pooled and row["n"]:
            return row
    return None


def closed_verdicts(week: Week) -> Row | None:
    """How the verdicts of the newest week stand to which OPS may no longer reply."""
    rows = week.rows("closed_verdicts")
    if not rows:
        return None
    monday: date = rows[0]["week"].date()
    counts = Counter(
        row["variant"].removesuffix("_week") for row in rows if row["in_numerator"] and not row["is_pending"]
    )
    total = sum(1 for row in rows if row["variant"] == "claimed_week")
    href = "numbers/ops_should_have_handled.html#closed-{}"
    links = {
        form: Number({"numerator": counts[form]}, href.format(form), f"definitions.html#ops_should_have_handled-{form}")
        for form in FORMS
    }
    return {"week": monday, "is_this_week": monday == week.monday, "n": total, "counts": counts, "links": links}


def counted(week: Week, measure: str, variant: str) -> list[Row]:
    """The week's escalations in a number's numerator, in order of time."""
    rows = week.frames["measure_tickets"]
    chosen = (
        (rows["measure"] == measure)
        & (rows["variant"] == variant)
        & (rows["group_key"] == "all")
        & (rows["statistic"] == "share")
    )
    rows = rows[chosen & rows["in_numerator"]]
    keys = zip(rows["issue_id"], rows["escalation_no"], strict=True)
    found = [week.escalations[key] for key in keys if key in week.escalations]
    return sorted(found, key=lambda row: (row["escalated_at"], row["issue_id"]))


def why(week: Week, row: Row) -> str:
    """The first fact that speaks for the verdict."""
    facts = week.evidence.get(key_of(row), [])
    return next(
        (fact["fact"] for fact in facts if fact["side"] == "for" and fact["criterion_id"] == row["criterion_id"]), ""
    )


# -- what stands below -------------------------------------------------------------------------------------------------


def waiting(week: Week) -> list[Row]:
    """Each provider's waits of half a year, and what waits for it now."""
    rows = {row["provider"]: row for row in week.rows("provider_waits")}
    return [rows[one] for one in week.providers if one in rows and week.providers[one]["href"]]


def restatements(week: Week) -> list[Row]:
    """What the page says otherwise than it did, why, and which tickets moved it."""
    moved: dict[int, list[str]] = {}
    for row in week.rows("restated_tickets"):
        ticket = week.escalations.get(key_of(row))
        moved.setdefault(row["event_id"], []).append(ticket["ticket_key"] if ticket else "a ticket without a page")
    return [
        row | {"why": CAUSES[row["cause"]], "moved": moved.get(row["event_id"], [])}
        for row in week.rows("restatements")
    ]


def decision_table(proposed: list[Row]) -> Table:
    """The proposed decisions for other forms."""
    columns = [("place", "No.", "count"), ("title", "Decision"), ("text", "Why"), ("keys_text", "Tickets")]
    return table(
        "decisions", "Proposed decisions", columns, [row | {"keys_text": ", ".join(row["keys"])} for row in proposed]
    )


def action_table(acts: list[Row]) -> Table:
    """The earlier actions for other forms."""
    columns = [
        ("action_id", "Action"),
        ("summary", "What"),
        ("told", "Whether it worked"),
        ("text", "Counts"),
        ("decided_date", "Decided", "day"),
    ]
    return table("actions", "Earlier actions", columns, acts)
