"""A ticket's way on one line: tiers as bands, waits hatched by party, comments as dots, touches of Tier 3 above."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reports.tables import Row
from reports.wording import PARTIES, day, plural, span

LABELLED = 9.0  # per cent of the width from which a band holds its name
NAMES = {0: "self-serve", 1: "OPS", 2: "Tier 2", 3: "Tier 3"}
MOST_DOTS = 200


@dataclass
class Journey:
    """What is drawn, in per cent of the width, and the same as a list of events in order."""

    bands: list[Row] = field(default_factory=list)
    waits: list[Row] = field(default_factory=list)
    dots: list[Row] = field(default_factory=list)
    touches: list[Row] = field(default_factory=list)
    cuts: list[Row] = field(default_factory=list)
    ticks: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)


def journey(
    ticket: Row,
    stays: list[Row],
    waits: list[Row],
    comments: list[Row],
    touches: list[Row],
    escalations: list[Row],
    now: datetime | None,
) -> Journey:
    """Every time is local; open spans end now. `ticket` has created_at and resolved_at."""
    begin: datetime = ticket["created_at"]
    moments = [one["left_at"] or one["entered_at"] for one in stays] + [
        one["ended_at"] or one["started_at"] for one in waits
    ]
    moments += [one["created_at"] for one in comments] + [one["resolved_at"] or now for one in escalations]
    end = max(
        [one for one in moments if one is not None and (now is None or one <= now)] + [begin + timedelta(hours=1)]
    )
    whole = (end - begin).total_seconds()

    def x(moment: datetime | None) -> float:
        at = end if moment is None else min(max(moment, begin), end)
        return round(100 * (at - begin).total_seconds() / whole, 2)

    way = Journey()
    for one in stays:
        left, right = x(one["entered_at"]), x(one["left_at"])
        name = NAMES.get(one["tier"], "no tier" if one["tier"] is None else f"Tier {one['tier']}")
        if right > left:
            way.bands.append(
                {
                    "x": left,
                    "w": round(right - left, 2),
                    "css": f"t{one['tier'] if one['tier'] in NAMES else 'x'}",
                    "name": name,
                    "is_labelled": right - left > LABELLED,
                }
            )
        way.events.append({"when": one["entered_at"], "what": f"at {name}"})
    for one in waits:
        left, right = x(one["started_at"]), max(x(one["ended_at"]), x(one["started_at"]) + 0.4)
        way.waits.append(
            {
                "x": left,
                "w": round(right - left, 2),
                "party": one["waiting_on"],
                "told": f"{PARTIES[one['waiting_on']]}, {span(one['hours'])}",
            }
        )
        way.events.append(
            {"when": one["started_at"], "what": f"{PARTIES[one['waiting_on']]} for {span(one['hours'])}{_remarks(one)}"}
        )
    for one in comments[:MOST_DOTS]:
        who = NAMES.get(one["author_tier"], "somebody else")
        way.dots.append(
            {
                "x": x(one["created_at"]),
                "css": f"b{one['author_tier']}" if one["author_tier"] in NAMES else "",
                "told": f"comment by {who}, {day(one['created_at'])}",
            }
        )
    for one in touches:
        way.touches.append({"x": x(one["touched_at"]), "told": f"Tier 3 called upon, {day(one['touched_at'])}"})
        way.events.append(
            {
                "when": one["touched_at"],
                "what": f"Tier 3 called upon ({'a link to ' + one['ref'] if one['kind'] == 'link' else one['kind']}){', assumed' if one['is_assumed'] else ''}",
            }
        )
    for one in escalations:
        way.cuts.append({"x": x(one["escalated_at"]), "told": "escalated"})
        way.events.append({"when": one["escalated_at"], "what": "escalated"})
        if one["resolved_at"]:
            way.cuts.append({"x": x(one["resolved_at"]), "told": "resolved"})
            way.events.append({"when": one["resolved_at"], "what": "resolved"})
    way.events.append({"when": begin, "what": "made"})
    way.events = sorted((one for one in way.events if one["when"] is not None), key=lambda one: one["when"])
    if comments:
        way.events.append({"when": None, "what": plural(len(comments), "comment")})
    way.ticks = [{"x": part, "told": day(begin + (end - begin) * part / 100)} for part in (0, 50, 100)]
    return way


def _remarks(wait: Row) -> str:
    late = ", longer than normal" if wait["is_overdue"] else ""
    silent = ", without a word of ours" if wait["has_contact"] is False else ""
    return late + silent
