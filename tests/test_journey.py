"""What follows from the changelog: stays, entries, escalations, resolutions, Tier 3 touches."""

from pathlib import Path

import pytest

from stories import lines, table, warehouse_of

ESCALATIONS = """
    select ticket_key, escalation_no, escalated_at, entered, resolved_at, resolution_tier, touched_tier3, ever_touched_tier3, n_bounces, n_reopens
    from mart.escalations order by ticket_key, escalation_no
"""


def check(story: str, expected: str, folder: Path, query: str = ESCALATIONS) -> None:
    with warehouse_of(story, folder) as warehouse:
        assert table(warehouse, query) == lines(expected)


def test_a_ticket_that_stays_with_ops_is_no_escalation(tmp_path: Path) -> None:
    story = """
    SUP-1 created 2026-03-02 09:00 tier=1
      03-02 10:00 status=Resolved resolution=Done
    """
    check(story, "", tmp_path)


CASES = {
    "from OPS, resolved at Tier 2": (
        """
        SUP-1 created 2026-03-02 09:00 tier=1
          03-02 10:00 tier=2
          03-03 12:00 status=Resolved resolution=Done
        """,
        "SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 0 0",
    ),
    "born at Tier 2": (
        """
        SUP-1 created 2026-03-02 09:00 tier=2
          03-03 12:00 status=Resolved
        """,
        "SUP-1 1 03-02T09:00 born 03-03T12:00 2 no no 0 0",
    ),
    "skipped Tier 2": (
        """
        SUP-1 created 2026-03-02 09:00 tier=1
          03-02 10:00 tier=3
          03-03 12:00 status=Resolved
        """,
        "SUP-1 1 03-02T10:00 skipped_tier2 03-03T12:00 3 yes yes 0 0",
    ),
    "bounced back the same minute": (
        """
        SUP-1 created 2026-03-02 09:00 tier=1
          03-02 10:00:05 tier=2
          03-02 10:00:20 tier=1
          03-02 10:00:40 tier=2
          03-03 12:00 status=Resolved
        """,
        "SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 1 0",
    ),
    "bounced in the same second": (
        """
        SUP-1 created 2026-03-02 09:00 tier=1
          03-02 10:00:05 tier=2
          03-02 10:00:05 tier=1
          03-02 10:00:05 tier=2
          03-03 12:00 status=Resolved
        """,
        "SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 1 0",
    ),
    "returned to OPS and resolved there": (
        """
        SUP-1 created 2026-03-02 09:00 tier=1
          03-02 10:00 tier=2
          03-02 15:00 tier=1
          03-03 12:00 status=Resolved
        """,
        "SUP-1 1 03-02T10:00 from_ops 03-03T12:00 1 no no 0 0",
    ),
    "reopened after 13 days: the first resolution does not count": (
        """
        SUP-1 created 2026-03-02 09:00 tier=1
          03-02 10:00 tier=2
          03-03 12:00 status=Resolved
          03-16 11:00 status=Doing
          03-17 09:00 status=Resolved
        """,
        "SUP-1 1 03-02T10:00 from_ops 03-17T09:00 2 no no 0 1",
    ),
    "reopened after 15 days where it lay: a new escalation": (
        """
        SUP-1 created 2026-03-02 09:00 tier=1
          03-02 10:00 tier=2
          03-03 12:00 status=Resolved
          03-18 13:00 status=Doing
          03-19 09:00 status=Resolved
        """,
        """
        SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 0 0
        SUP-1 2 03-18T13:00 born 03-19T09:00 2 no no 0 0
        """,
    ),
    "reopened after 15 days at OPS, then escalated": (
        """
        SUP-1 created 2026-03-02 09:00 tier=1
          03-02 10:00 tier=2
          03-03 12:00 status=Resolved
          03-18 13:00 status=Doing tier=1
          03-18 15:00 tier=2
          03-19 09:00 status=Resolved
        """,
        """
        SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 0 1
        SUP-1 2 03-18T15:00 from_ops 03-19T09:00 2 no no 0 0
        """,
    ),
    "resolved, then closed: one resolution": (
        """
        SUP-1 created 2026-03-02 09:00 tier=2
          03-03 12:00 status=Resolved
          03-08 12:00 status=Closed
        """,
        "SUP-1 1 03-02T09:00 born 03-03T12:00 2 no no 0 0",
    ),
    "Tier 3 within 14 days after the resolution still counts": (
        """
        SUP-1 created 2026-03-02 09:00 tier=2
          03-03 12:00 status=Resolved
          03-10 12:00 tier=3
        """,
        "SUP-1 1 03-02T09:00 born 03-03T12:00 2 yes yes 0 0",
    ),
    "Tier 3 later than that is only ever": (
        """
        SUP-1 created 2026-03-02 09:00 tier=2
          03-03 12:00 status=Resolved
          03-20 12:00 tier=3
        """,
        "SUP-1 1 03-02T09:00 born 03-03T12:00 2 no yes 0 0",
    ),
    "still open": ("SUP-1 created 2026-03-02 09:00 tier=2", "SUP-1 1 03-02T09:00 born - - no no 0 0"),
    "tier set by automation a moment after creation, nothing known before": (
        """
        SUP-1 created 2026-03-02 09:00
          03-02 09:00:30 tier=2
        """,
        "SUP-1 1 03-02T09:00 born - - no no 0 0",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_escalations(name: str, tmp_path: Path) -> None:
    check(*CASES[name], tmp_path)
