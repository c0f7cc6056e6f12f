"""What the meeting decided and whether it worked; what it could decide now. Plain sentences with numbers, for page, mail and chat."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from reports.tables import Row
from reports.week import Week
from reports.wording import CURES, cut, day, number, plural, words

LOOK_BACK = timedelta(weeks=13)
EFFECTS = {
    "fewer": "worked",
    "more": "more since",
    "no change seen": "no change seen",
    "too early": "too early to say",
}
CHIPS = {
    "worked": "good",
    "more since": "bad",
    "not done yet": "",
    "no change seen": "mild",
    "too early to say": "soft",
    "done": "mild",
}
IMPERATIVES = {
    "runbook": "Write a runbook",
    "permanent_fix": "Fix it for good",
    "chase_provider": "Chase the provider",
    "train": "Show OPS how to end it",
    "give_access": "Give OPS the access",
}


def actions(week: Week) -> list[Row]:
    """Actions that were decided or done in the last 13 weeks, or are open, the newest first: what became of each."""
    since = week.monday - LOOK_BACK
    rows = [row for row in week.rows("actions") if row["status"] != "dropped"]
    rows = [
        row
        for row in rows
        if row["status"] == "open" or _day(row["decided_date"], since) or _day(row["done_date"], since)
    ]
    return [row | _outcome(row, week) for row in rows]


def _day(value: Any, since: date) -> bool:
    return value is not None and (value.date() if hasattr(value, "date") else value) >= since


def _outcome(row: Row, week: Week) -> Row:
    if row["status"] == "open":
        told, text = "not done yet", f"decided {day(row['decided_date'])}"
    elif row["verdict"]:
        told, text = EFFECTS[row["verdict"]], _counts(row)
    else:
        why = (
            "it names nothing that could be counted"
            if row["target"] is None
            else f"its target is not understood: {row['target']}"
        )
        told, text = "done", why
    is_new = _day(row["decided_date"], week.monday)
    return {"told": told, "text": text, "chip": CHIPS[told], "is_new": is_new, "key": row["action_id"]}


def _counts(row: Row) -> str:
    before = f"{plural(row['n_before'], 'escalation')} in the {plural(row['n_weeks_before'], 'week')} before"
    since = (
        f"{row['n_since']} in the {plural(row['n_weeks_since'], 'week')} since"
        if row["n_weeks_since"]
        else "no whole week since"
    )
    return f"{before}, {since}"


def summary(acts: list[Row]) -> str:
    """`2 worked · 1 too early to say · 1 not done yet`."""
    counts = Counter(row["told"] for row in acts)
    return " · ".join(f"{counts[told]} {told}" for told in CHIPS if counts[told])


def decisions(week: Week) -> list[Row]:
    """At most seven decisions: title (an imperative), text (why, with numbers), tickets, links to more."""
    return [
        row | SENTENCES[row["kind"]](row, week) | {"keys": row["refs"] or []} for row in week.rows("proposed_decisions")
    ]


def _came_back(row: Row, week: Week) -> Row:
    assumed = ", assumed from its merge," if row["is_assumed"] else ""
    return _family(row, week) | {
        "title": f"It came back: {_title(row, week)}",
        "text": f"{plural(row['n'], 'escalation')} at {plural(row['n_dealers'], 'dealer')} since the fix of {day(row['since_date'])}{assumed} "
        "took effect. Was it the whole fix?",
    }


def _end_family(row: Row, week: Week) -> Row:
    return _family(row, week) | {"title": f"{_imperative(row, week)}: {_title(row, week)}", "text": _cost(row)}


def _end_mode(row: Row, week: Week) -> Row:
    mode = f"{week.provider_name(row['provider'])}, {words(row['failure_category'])}"
    href = week.providers[row["provider"]]["href"] if row["provider"] in week.providers else None
    return {
        "title": f"{_imperative(row, week)}: {mode}",
        "text": _cost(row),
        "links": [(href, "provider")] if href else [],
    }


def _imperative(row: Row, week: Week) -> str:
    return (
        f"Chase {week.provider_name(row['provider'])}" if row["cure"] == "chase_provider" else IMPERATIVES[row["cure"]]
    )


def _cost(row: Row) -> str:
    low, high = row["n_ended_low"], row["n_ended_high"]
    would = f"{low}" if low == high else f"{low} to {high}"
    at = f" at {plural(row['n_dealers'], 'dealer')}" if row["n_dealers"] else ""
    return (
        f"{plural(row['n'], 'escalation')}{at} in 13 weeks, up to {number(round(row['effort_hours']))} hours of Tier 2; "
        f"{CURES[row['cure']]} would have ended {would} of them."
    )


def _title(row: Row, week: Week) -> str:
    family = week.families.get(row["family_id"])
    return cut(family["title"]) if family else "a family of failures"


def _family(row: Row, week: Week) -> Row:
    family = week.families.get(row["family_id"])
    return {"links": [(family["href"], "the pattern")] if family else []}


def _chase(row: Row, week: Week) -> Row:
    name = week.provider_name(row["provider"])
    days = ", ".join(str(one) for one in row["days"])
    normal = f"; {number(row['normal_days'])} are normal" if row["normal_days"] else ""
    text = f"{plural(row['n'], 'ticket')} later than {name}'s normal time: {days} days{normal}."
    link = ("onboarding.html", "onboarding") if row["normal_days"] else (f"queue.html?provider={name}", "the queue")
    return {"title": f"Chase {name}", "text": text, "links": [link]}


def _rule(row: Row, _: Week) -> Row:
    title = f"Rule on {plural(row['n'], 'contested verdict')}"
    return {
        "title": title,
        "text": "OPS contested and nobody has ruled yet; what is not ruled on is never counted as agreed.",
        "links": [("ops.html#contests", "what OPS said")],
    }


def _follow_up(row: Row, _: Week) -> Row:
    text = f"Open for more than four weeks, the oldest since {day(row['since_date'])}: do it, give it away, or drop it."
    return {"title": f"Settle {plural(row['n'], 'old action')}", "text": text, "links": []}


def _review(row: Row, _: Week) -> Row:
    shown = min(10, row["n"])
    text = f"The program is least sure of {plural(row['n'], 'tag')}; `escalations review` puts ten before you and takes the answers back."
    return {
        "title": f"Look at {plural(shown, 'tag')}",
        "text": text,
        "links": [("index.html#trust", "how far to trust the tags")],
    }


SENTENCES: dict[str, Callable[[Row, Week], Row]] = {
    "came_back": _came_back,
    "end_family": _end_family,
    "chase": _chase,
    "rule": _rule,
    "end_mode": _end_mode,
    "follow_up": _follow_up,
    "review": _review,
}
