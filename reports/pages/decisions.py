"""What the meeting decided and whether it worked; what it could decide now. For page, mail and chat."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from reports.tables import Row
from reports.week import Week
from reports.wording import CURES, cut, day, plural, words

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
MODES = {"how_to": "how-to questions"}
IMPERATIVES = {
    "runbook": "Write a runbook",
    "permanent_fix": "Fix it for good",
    "train": "Show OPS how to end it",
    "give_access": "Give OPS the access",
}


def actions(week: Week) -> list[Row]:
    """Actions decided or done in the last 13 weeks, or open, the newest first: what became of each.

    Adds `told` (a key of CHIPS), `text` (the counts), `is_new` (decided since the week began).
    """
    since = week.monday - LOOK_BACK
    rows = [row for row in week.rows("actions") if row["status"] != "dropped" and _is_told(row, since)]
    return [row | _outcome(row, week) for row in rows]


def _is_told(row: Row, since: date) -> bool:
    return row["status"] == "open" or _is_since(row["decided_date"], since) or _is_since(row["done_date"], since)


def _is_since(value: Any, since: date) -> bool:
    return value is not None and (value.date() if hasattr(value, "date") else value) >= since


def _outcome(row: Row, week: Week) -> Row:
    if row["status"] == "open":
        told, text = "not done yet", f"decided {day(row['decided_date'])}"
    elif row["verdict"]:
        told, text = EFFECTS[row["verdict"]], _counts(row)
    elif row["target"] is None:
        told, text = "done", "it names nothing that could be counted"
    else:
        told, text = "done", f"its target is not understood: {cut(row['target'], 60)}"
    return {"told": told, "text": text, "chip": CHIPS[told], "is_new": _is_since(row["decided_date"], week.monday)}


def _counts(row: Row) -> str:
    before = f"{plural(row['n_before'], 'escalation')} in the {plural(row['n_weeks_before'], 'week')} before"
    if not row["n_weeks_since"]:
        return f"{before}, no whole week since"
    return f"{before}, {row['n_since']} in the {plural(row['n_weeks_since'], 'week')} since"


def summary(acts: list[Row]) -> str:
    """`2 worked · 1 too early to say · 1 not done yet`."""
    counts = Counter(row["told"] for row in acts)
    return " · ".join(f"{counts[told]} {told}" for told in CHIPS if counts[told])


def decisions(week: Week) -> list[Row]:
    """At most seven decisions: `title` (an imperative), `text` (why, with numbers), `keys` (tickets), `links`."""
    rows = week.rows("proposed_decisions")
    return [row | SENTENCES[row["kind"]](row, week) | {"keys": row["refs"] or []} for row in rows]


def _came_back(row: Row, week: Week) -> Row:
    assumed = ", assumed from its merge," if row["is_assumed"] else ""
    text = f"{_hit(row)} since the fix of {day(row['since_date'])}{assumed} took effect. Was it the whole fix?"
    return {"title": f"It came back: {_title(row, week)}", "text": text, "links": _pattern(row, week)}


def _end_family(row: Row, week: Week) -> Row:
    return {"title": f"{_imperative(row, week)}: {_title(row, week)}", "text": _cost(row), "links": _pattern(row, week)}


def _end_mode(row: Row, week: Week) -> Row:
    kind = MODES.get(row["failure_category"], words(row["failure_category"]))
    mode = (
        f"{kind} about no provider" if row["provider"] == "none" else f"{week.provider_name(row['provider'])}, {kind}"
    )
    href = week.providers[row["provider"]]["href"] if row["provider"] in week.providers else None
    name, category = (
        "+".join(told.split()) for told in (week.provider_name(row["provider"]), words(row["failure_category"]))
    )
    links = [(f"tickets/index.html?provider={name}&category={category}", "its tickets")]
    links += [(href, f"all of {week.provider_name(row['provider'])}")] if href else []
    return {"title": f"{_imperative(row, week)}: {mode}", "text": _cost(row), "links": links}


def _imperative(row: Row, week: Week) -> str:
    if row["cure"] == "chase_provider":
        return f"Chase {week.provider_name(row['provider'])}"
    return IMPERATIVES[row["cure"]]


def _hit(row: Row) -> str:
    at = f" at {plural(row['n_dealers'], 'dealer')}" if row["n_dealers"] else ""
    return f"{plural(row['n'], 'escalation')}{at}"


def _cost(row: Row) -> str:
    low, high = row["n_ended_low"], row["n_ended_high"]
    would = f"{low}" if low == high else f"{low} to {high}"
    hours = plural(round(row["effort_hours"]), "hour")
    return f"{_hit(row)} in 13 weeks, up to {hours} of Tier 2; {CURES[row['cure']]} would have ended {would} of them."


def _title(row: Row, week: Week) -> str:
    family = week.families.get(row["family_id"])
    return cut(family["title"]) if family else "a family of failures"


def _pattern(row: Row, week: Week) -> list[tuple[str, str]]:
    family = week.families.get(row["family_id"])
    return [(family["href"], "the pattern")] if family else []


def _chase(row: Row, week: Week) -> Row:
    name = week.provider_name(row["provider"])
    days = ", ".join(str(one) for one in row["days"][:6])
    normal = f"; {row['normal_days']:.0f} are normal from request to live" if row["normal_days"] else ""
    text = f"{plural(row['n'], 'ticket')} later than {name}'s normal time: {days} days{normal}."
    link = ("onboarding.html", "onboarding") if row["normal_days"] else ("index.html#chase", "how late it usually is")
    return {"title": f"Chase {name}", "text": text, "links": [link]}


def _rule(row: Row, _: Week) -> Row:
    text = "OPS contested and nobody has ruled yet; what is not ruled on is never counted as agreed."
    links = [("ops.html#contests", "what OPS said")]
    return {"title": f"Rule on {plural(row['n'], 'contested verdict')}", "text": text, "links": links}


def _follow_up(row: Row, _: Week) -> Row:
    text = f"Open for more than four weeks, the oldest since {day(row['since_date'])}: do it, give it away, or drop it."
    return {"title": f"Settle {plural(row['n'], 'old action')}", "text": text, "links": []}


def _review(row: Row, _: Week) -> Row:
    text = f"The program is least sure of {plural(row['n'], 'tag')}; what you answer, it learns from and is judged by."
    links = [("index.html#trust", "how far to trust the tags")]
    return {"title": f"Look at {plural(min(10, row['n']), 'tag')}", "text": text, "links": links}


SENTENCES: dict[str, Callable[[Row, Week], Row]] = {
    "came_back": _came_back,
    "end_family": _end_family,
    "chase": _chase,
    "rule": _rule,
    "end_mode": _end_mode,
    "follow_up": _follow_up,
    "review": _review,
}
