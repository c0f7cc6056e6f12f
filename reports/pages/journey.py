"""A ticket's way on one line: tiers as bands, waits striped by party, comments as dots, touches of Tier 3 above."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reports.tables import Row
from reports.wording import PARTIES, day, plural, span

LABELLED = 9.0  # per cent of the width from which a band holds its name
NARROWEST = 0.4
NAMES = {0: "self-serve", 1: "OPS", 2: "Tier 2", 3: "Tier 3"}
MOST_DOTS = 200
Place = Callable[[datetime | None], float]


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

    def happened(self, when: datetime | None, what: str) -> None:
        """Note an event for the list."""
        if when is not None:
            self.events.append({"when": when, "what": what})


def journey(
    ticket: Row,
    stays: list[Row],
    waits: list[Row],
    comments: list[Row],
    touches: list[Row],
    escalations: list[Row],
    now: datetime,
) -> Journey:
    """Every time is local; open spans last until now. Rows as in the frames of the same names."""
    begin: datetime = ticket["created_at"]
    end = _end(begin, [stays, waits, comments, escalations], now)
    way = Journey()
    way.happened(begin, "made")
    place = _places(begin, end)
    _bands(way, stays, place)
    _waits(way, waits, place)
    for one in comments[:MOST_DOTS]:
        who = NAMES.get(one["author_tier"], "somebody else")
        css = f"b{one['author_tier']}" if one["author_tier"] in NAMES else ""
        way.dots.append(
            {"x": place(one["created_at"]), "css": css, "told": f"comment by {who}, {day(one['created_at'])}"}
        )
    _touches(way, touches, place)
    for one in escalations:
        for name, told in (("escalated_at", "escalated"), ("resolved_at", "resolved")):
            if one[name] is not None:
                way.cuts.append({"x": place(one[name]), "told": told})
                way.happened(one[name], told)
    way.events.sort(key=lambda one: one["when"])
    if comments:
        way.events.append({"when": None, "what": plural(len(comments), "comment")})
    way.ticks = [{"x": part, "told": day(begin + (end - begin) * part / 100)} for part in (0, 50, 100)]
    return way


def _end(begin: datetime, parts: list[list[Row]], now: datetime) -> datetime:
    """When the last thing happened; now where something lasts."""
    stays, waits, comments, escalations = parts
    moments = [one["left_at"] or one["entered_at"] for one in stays]
    moments += [one["ended_at"] or now for one in waits] + [one["created_at"] for one in comments]
    moments += [one["resolved_at"] or now for one in escalations]
    end: datetime = max([one for one in moments if one <= now] + [begin + timedelta(hours=1)])
    return end


def _places(begin: datetime, end: datetime) -> Place:
    whole = (end - begin).total_seconds()

    def place(moment: datetime | None) -> float:
        at = end if moment is None else min(max(moment, begin), end)
        return round(100 * (at - begin).total_seconds() / whole, 2)

    return place


def _bands(way: Journey, stays: list[Row], place: Place) -> None:
    for one in stays:
        left, right = place(one["entered_at"]), place(one["left_at"])
        name = "no tier" if one["tier"] is None else NAMES.get(one["tier"], f"Tier {one['tier']}")
        css = f"t{one['tier']}" if one["tier"] in NAMES else "tx"
        width = round(right - left, 2)
        if width > 0:
            way.bands.append({"x": left, "w": width, "css": css, "name": name, "is_labelled": width > LABELLED})
        way.happened(one["entered_at"], f"at {name}")


def _waits(way: Journey, waits: list[Row], place: Place) -> None:
    for one in waits:
        left = place(one["started_at"])
        right = max(place(one["ended_at"]), left + NARROWEST)
        told = f"{PARTIES[one['waiting_on']]}, {span(one['hours'])}"
        way.waits.append({"x": left, "to": round(right, 2), "party": one["waiting_on"], "told": told})
        late = ", longer than normal" if one["is_overdue"] else ""
        silent = ", without a word of ours" if one["has_contact"] is False else ""
        way.happened(one["started_at"], f"{told}{late}{silent}")


def _touches(way: Journey, touches: list[Row], place: Place) -> None:
    for one in touches:
        way.touches.append({"x": place(one["touched_at"]), "told": f"Tier 3 called upon, {day(one['touched_at'])}"})
        how = f"by a link to {one['ref']}" if one["kind"] == "link" else "by its stay there"
        way.happened(one["touched_at"], f"Tier 3 called upon {how}{', assumed' if one['is_assumed'] else ''}")
