"""How far to trust the tags: where they come from, what is unusual this week."""

from reports.tables import Row
from reports.week import Week
from reports.wording import SIGNALS, TAG_KINDS, TAG_SOURCES


def tag_sources(week: Week) -> list[tuple[str, str, list[tuple[str, int]]]]:
    """Each kind of tag of tickets escalated in 13 weeks, its name, and how many come from each source."""
    counts = {(row["kind"], row["source"]): row["n"] for row in week.rows("tag_sources")}
    return [
        (kind, name, [(source, counts.get((kind, source), 0)) for source in TAG_SOURCES])
        for kind, name in TAG_KINDS.items()
    ]


def signals(week: Week) -> list[Row]:
    """What tells of the week whether tickets are still what rules and classifier were made for, in words."""
    rows = {row["signal"]: row for row in week.rows("tag_drift")}
    return [
        rows[signal] | {"words": told, "number": week.numbers[f"{rows[signal]['measure']}/{signal}_week"]}
        for signal, told in SIGNALS.items()
    ]
