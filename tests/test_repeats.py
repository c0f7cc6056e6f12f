"""Which escalations came back."""

from pathlib import Path

import pytest
from stories import bare_criteria, lines, table, warehouse_of

DEALERS = "dealer_id,name,aliases,provider,live_from,live_until\n" + "".join(
    f"{dealer},{dealer.title()},{aliases},tekion,,\n"
    for dealer, aliases in {
        **dict.fromkeys(
            ["ash", "beech", "cedar", "elm", "fir", "oak", "pine", "yew", "fig", "lime", "plum", "pear"], ""
        ),
        "rose": "Rosé Motors|ROSE-CRM",
    }.items()
)
REPEATS = """
    select k.ticket_key, r.escalation_no, r.repeat_kind, o.ticket_key, r.repeat_of_no, round(r.days_between, 3)
    from core.repeats r join core.tickets k using (issue_id) join core.tickets o on o.issue_id = r.repeat_of
    order by 1, 2
"""
STORY = """
SUP-1 created 2026-01-05 09:00 tier=2 dealer=Ash provider=tekion category=auth
  01-06 09:00 status=Resolved
SUP-2 created 2026-04-06 09:00 tier=2 dealer=Ash provider=tekion category=auth
SUP-3 created 2026-01-05 09:00 tier=2 dealer=Beech provider=tekion category=auth
  01-06 09:00 status=Resolved
SUP-4 created 2026-04-06 09:01 tier=2 dealer=Beech provider=tekion category=auth
SUP-5 created 2026-01-05 09:00 tier=2 dealer=Cedar provider=tekion category=auth
  01-06 09:00 status=Resolved
SUP-6 created 2026-02-01 09:00 tier=2 dealer=Elm provider=tekion category=auth
SUP-7 created 2026-02-01 09:00 tier=2 dealer=Cedar provider=cdk category=auth
SUP-8 created 2026-02-01 09:00 tier=2 dealer=Cedar provider=tekion category=webhook
SUP-9 created 2026-02-01 09:00 tier=2 dealer=Cedar category=auth
SUP-10 created 2026-01-05 09:00 tier=2 dealer=Nobody provider=tekion category=auth
  01-06 09:00 status=Resolved
SUP-11 created 2026-02-01 09:00 tier=2 dealer=Nobody provider=tekion category=auth
SUP-12 created 2026-01-05 09:00 tier=2 provider=tekion category=auth
  01-06 09:00 status=Resolved
SUP-13 created 2026-02-01 09:00 tier=2 provider=tekion category=auth
SUP-14 created 2026-01-05 09:00 tier=2 dealer="ROSE MOTORS!" provider=tekion category=auth
  01-06 09:00 status=Resolved
SUP-15 created 2026-02-05 09:00 tier=1 dealer="rose crm" provider=tekion category=auth
  02-07 09:00 tier=2
SUP-16 created 2026-01-05 09:00 tier=2 dealer=Fir provider=tekion category=auth
  01-06 09:00 status=Resolved
  01-19 09:00 status=Doing
SUP-17 created 2026-01-10 09:00 tier=2 dealer=Fir provider=tekion category=auth
SUP-18 created 2026-01-05 09:00 tier=2 dealer=Oak provider=tekion category=auth
  01-06 09:00 status=Resolved
SUP-19 created 2026-01-06 08:59 tier=2 dealer=Oak provider=tekion category=auth
SUP-20 created 2026-01-05 09:00 tier=2 dealer=Pine provider=tekion category=auth
  01-06 09:00 status=Resolved
  01-26 09:00 status=Doing
SUP-21 created 2026-01-05 09:00 tier=2 dealer=Yew provider=tekion category=auth
  01-06 09:00 status=Resolved
SUP-22 created 2026-08-05 09:00 tier=2 dealer=Yew provider=cdk category=webhook
  08-06 09:00 link=Duplicate>SUP-21
  08-06 09:00 status=Closed resolution=Duplicate
SUP-23 created 2026-01-06 08:00 tier=2 dealer=Yew provider=cdk category=webhook
  01-06 08:30 link=Duplicate>SUP-21
  01-06 10:00 status=Closed resolution=Duplicate
SUP-24 created 2026-01-05 09:00 tier=2 dealer=Fig provider=tekion category=auth
  01-06 09:00 status=Closed resolution=Cancelled
SUP-25 created 2026-02-01 09:00 tier=2 dealer=Fig provider=tekion category=auth
SUP-26 created 2026-01-05 09:00 tier=2 dealer=Lime provider=tekion category=auth
  01-06 09:00 status=Resolved
SUP-27 created 2026-01-10 09:00 tier=2 dealer=Lime provider=tekion category=auth
  01-11 09:00 status=Resolved
SUP-28 created 2026-02-10 09:00 tier=2 dealer=Lime provider=tekion category=auth
"""
EXPECTED = {
    "SUP-2": "1 same_kind SUP-1 1 90",  # to the minute; SUP-4 is one later
    "SUP-15": "1 same_kind SUP-14 1 30",  # another name of the dealer; days until it was told, not escalated
    "SUP-20": "2 same_failure SUP-20 1 20",  # reopened late
    "SUP-22": "1 same_failure SUP-21 1 211",  # a duplicate made after its original was resolved; SUP-23 was made before
    "SUP-27": "1 same_kind SUP-26 1 4",
    "SUP-28": "1 same_kind SUP-27 1 30",  # the latest of two
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("repeats")
    with warehouse_of(STORY, folder, bare_criteria(folder / "criteria", dealers__csv=DEALERS)) as warehouse:
        return dict(line.split(" ", 1) for line in table(warehouse, REPEATS).splitlines())


def test_repeats(found: dict[str, str]) -> None:
    assert found == EXPECTED


def test_what_cannot_fail_never_repeats(tmp_path: Path) -> None:
    """Not by dealer and kind, not by a late reopening."""
    story = "".join(
        f"""
        SUP-{n}1 created 2026-01-05 09:00 tier=2 dealer={dealer} provider=tekion category={category}
          01-06 09:00 status=Resolved
        SUP-{n}2 created 2026-02-05 09:00 tier=2 dealer={dealer} provider=tekion category={category}
          02-06 09:00 status=Resolved
          02-26 09:00 status=Doing
        """
        for n, (dealer, category) in enumerate(
            [
                ("Ash", "how_to"),
                ("Beech", "custom_request"),
                ("Cedar", "setup_delay"),
                ("Elm", "limitation"),
                ("Fir", "auth"),
            ],
            1,
        )
    )
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria", dealers__csv=DEALERS)) as warehouse:
        assert table(warehouse, REPEATS) == lines(
            """
            SUP-52 1 same_kind SUP-51 1 30
            SUP-52 2 same_failure SUP-52 1 20
            """
        )
        share = (
            "select numerator, denominator from mart.measures where measure = 'repeats' and group_key = 'category:auth'"
        )
        weeks = "week in ('2026-02-02', '2026-02-23') order by week"
        assert table(warehouse, f"{share} and variant = 'same_kind_week' and {weeks}") == "1 1\n0 1"
        assert table(warehouse, f"{share} and variant = 'same_failure_week' and {weeks}") == "0 1\n1 1"
