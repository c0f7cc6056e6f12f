"""A ticket's way as it is drawn: places in per cent of the time from its making to its last event."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reports.pages.journey import MOST_DOTS, Journey, journey

BEGIN = datetime(2026, 3, 2, 9)
NOW = BEGIN + timedelta(hours=100)


def at(hours: float | None) -> datetime | None:
    return None if hours is None else BEGIN + timedelta(hours=hours)


def way(
    stays: Sequence[tuple[int | None, float, float | None]] = (),
    waits: Sequence[tuple[str, float, float | None]] = (),
    comments: Sequence[tuple[int | None, float]] = (),
    touches: Sequence[tuple[str, float]] = (),
    escalations: Sequence[tuple[float, float | None]] = (),
) -> Journey:
    """Hours since the making."""
    return journey(
        {"created_at": BEGIN, "resolved_at": None},
        [{"tier": tier, "entered_at": at(a), "left_at": at(b)} for tier, a, b in stays],
        [
            {"waiting_on": who, "started_at": at(a), "ended_at": at(b), "hours": (100 if b is None else b) - a, "is_overdue": None, "has_contact": True}
            for who, a, b in waits
        ],
        [{"author_tier": tier, "created_at": at(a)} for tier, a in comments],
        [{"kind": kind, "ref": "PENG-1", "touched_at": at(a), "left_at": None, "is_assumed": False} for kind, a in touches],
        [{"escalated_at": at(a), "resolved_at": at(b)} for a, b in escalations],
        NOW,
    )  # fmt: skip


def drawn(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_a_resolved_ticket_ends_with_its_resolution() -> None:
    made = way(stays=[(1, 0, 10), (2, 10, None)], waits=[("provider", 20, 30)], escalations=[(10, 40)])
    assert drawn(made.bands, "name", "x", "w", "css") == [("OPS", 0, 25.0, "t1"), ("Tier 2", 25.0, 75.0, "t2")]
    assert drawn(made.waits, "party", "x", "to") == [("provider", 50.0, 75.0)]
    assert drawn(made.cuts, "told", "x") == [("escalated", 25.0), ("resolved", 100.0)]
    assert made.ticks[-1]["told"] == "4 Mar 2026"


def test_an_open_ticket_lasts_until_now() -> None:
    made = way(stays=[(1, 0, 50), (2, 50, None)], waits=[("dealer", 75, None)], escalations=[(50, None)])
    assert drawn(made.bands, "x", "w") == [(0, 50.0), (50.0, 50.0)]
    assert drawn(made.waits, "x", "to") == [(75.0, 100.0)]
    assert drawn(made.cuts, "told") == [("escalated",)]


def test_a_short_wait_can_be_seen_and_a_narrow_band_has_no_name() -> None:
    made = way(stays=[(1, 0, 2), (2, 2, None)], waits=[("ops", 50, 50.1)], escalations=[(2, None)])
    assert drawn(made.waits, "x", "to") == [(50.0, 50.4)]
    assert drawn(made.bands, "is_labelled") == [(False,), (True,)]


def test_comments_touches_and_their_words() -> None:
    made = way(
        stays=[(None, 0, None)],
        comments=[(2, 10), (None, 20)],
        touches=[("link", 30), ("stay", 40)],
        escalations=[(5, 50)],
    )
    assert drawn(made.dots, "css", "told") == [
        ("b2", "comment by Tier 2, 2 Mar 2026"),
        ("", "comment by somebody else, 3 Mar 2026"),
    ]
    told = [event["what"] for event in made.events]
    assert told == [
        *("made", "at no tier", "escalated", "Tier 3 called upon by a link to PENG-1"),
        *("Tier 3 called upon by its stay there", "resolved", "2 comments"),
    ]


def test_a_ticket_of_which_nothing_is_known_is_an_empty_line() -> None:
    made = way()
    assert (made.bands, made.waits, made.dots, made.cuts) == ([], [], [], [])
    assert [event["what"] for event in made.events] == ["made"]


def test_so_many_comments_that_they_would_hide_the_line_are_cut() -> None:
    assert len(way(comments=[(2, n / 10) for n in range(MOST_DOTS + 50)], escalations=[(1, None)]).dots) == MOST_DOTS


HOURS = st.floats(-50, 150, allow_nan=False)
SPANS = st.tuples(HOURS, st.none() | HOURS).filter(lambda one: one[1] is None or one[1] >= one[0])


@given(
    st.lists(st.tuples(st.sampled_from([None, 0, 1, 2, 3, 4]), SPANS), max_size=6),
    st.lists(st.tuples(st.sampled_from(["provider", "dealer", "ops"]), SPANS), max_size=6),
    st.lists(st.tuples(st.none() | st.integers(0, 3), HOURS), max_size=6),
    st.lists(SPANS, max_size=3),
)
def test_whatever_the_clock_says_all_of_it_is_drawn_within_the_width(
    stays: list[Any], waits: list[Any], comments: list[Any], escalations: list[Any]
) -> None:
    """Jiras hold edits before a ticket's making and after the moment of the data."""
    made = way(
        [(tier, *span) for tier, span in stays], [(who, *span) for who, span in waits], comments, [], escalations
    )
    assert all(one["x"] >= 0 and one["w"] > 0 and one["x"] + one["w"] <= 100.01 for one in made.bands)
    assert all(0 <= one["x"] <= one["to"] <= 100.5 for one in made.waits)
    assert all(0 <= one["x"] <= 100 for one in [*made.dots, *made.cuts])
    moments = [event["when"] for event in made.events if event["when"] is not None]
    assert moments == sorted(moments)
