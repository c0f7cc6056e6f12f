"""How long a ticket lay at a tier or with somebody else, in hours and working hours; the weeks it belongs to."""

from datetime import date, datetime
from pathlib import Path

import pytest
from stories import SITE, bare_criteria, lines, table, warehouse_of

from analysis.errors import InputError
from analysis.measure import last_complete_week, parse_week

DENVER = SITE.replace('reporting_zone = "UTC"', 'reporting_zone = "America/Denver"')
HOLIDAYS = "[working_hours]\nstart = 08:00:00\nend = 17:00:00\nholidays = [2026-03-11]\n"
DELAYS = "provider,step,starts,hours,effective_from\ntekion,review,requested_at,48,2020-01-01\n"
STAYS = """
    select k.ticket_key, s.tier, s.entered_at, s.left_at, s.hours, s.working_hours
    from mart.tier_stays s join mart.tickets k using (issue_id) order by 1, stay_no
"""
WAITS = """
    select k.ticket_key, w.waiting_on, w.started_at, w.ended_at, w.hours, w.working_hours, w.is_overdue, w.has_contact
    from mart.waits w join mart.tickets k using (issue_id) order by 1, wait_no
"""
WEEKS = """
    select k.ticket_key, e.escalated_week from mart.tagged_escalations e join core.tickets k using (issue_id) order by 1
"""


def test_hours_and_working_hours_in_denver(tmp_path: Path) -> None:
    """Work is 8 to 17: 15:00 to 24:00 UTC until Sunday 2026-03-08, 14:00 to 23:00 UTC after it. The 11th is free."""
    story = """
    SUP-1 created 2026-03-06 22:00 tier=1
      03-09 15:00 tier=2
      03-10 14:30 tier=1
    SUP-2 created 2026-03-07 12:00 tier=2
      03-08 20:00 tier=3
    SUP-3 created 2026-03-10 22:00 tier=2
      03-12 14:30 tier=1
    SUP-4 created 2026-03-09 13:59 tier=2
      03-09 23:01 tier=1
    """
    # SUP-1: two hours of Friday and one of Monday; then the rest of Monday and half an hour of Tuesday
    expected = """
    SUP-1 1 03-06T22:00 03-09T15:00 65 3
    SUP-1 2 03-09T15:00 03-10T14:30 23.5 8.5
    SUP-1 1 03-10T14:30 - 57.5 17.5
    SUP-2 2 03-07T12:00 03-08T20:00 32 0
    SUP-2 3 03-08T20:00 - 100 27
    SUP-3 2 03-10T22:00 03-12T14:30 40.5 1.5
    SUP-3 1 03-12T14:30 - 9.5 8.5
    SUP-4 2 03-09T13:59 03-09T23:01 9.03333 9
    SUP-4 1 03-09T23:01 - 72.9833 18
    """
    criteria = bare_criteria(tmp_path / "criteria", site__toml=DENVER.replace("[fields]", HOLIDAYS + "[fields]"))
    with warehouse_of(story, tmp_path, criteria, as_of="2026-03-13 00:00") as warehouse:
        assert table(warehouse, STAYS) == lines(expected)


def test_waits(tmp_path: Path) -> None:
    """Names of one status and two statuses of one party are one wait; a wait that lasts counts up to as_of."""
    story = """
    SUP-1 created 2026-03-02 09:00 tier=2 provider=tekion category=setup_delay
      03-02 10:00 status="Waiting for vendor"
      03-02 12:00 status="Pending provider"
      03-04 09:00 status="Waiting for dealer"
      03-05 09:00 status=Doing
      03-06 09:00 status="Waiting for provider"
    SUP-2 created 2026-03-02 09:00 tier=2 status="Waiting for dealer"
      03-02 10:00 comment="asked the dealer" by=int-1
      03-02 16:00 status=Doing
      03-02 17:00 status="Waiting for dealer"
      03-02 17:30 comment="from the dealer" by=stranger
      03-03 09:00 status=Doing
    SUP-3 created 2026-03-02 09:00 tier=2 provider=tekion category=auth
      03-02 08:00 status="Waiting for provider"
      03-06 09:00 status=Doing
    SUP-4 created 2026-03-02 09:00 tier=2
      03-02 10:01 comment="just before" by=int-1
      03-02 11:01 status="Waiting for provider"
      03-02 11:01 status=Doing
    PENG-1 created 2026-03-02 09:00 status="Waiting for provider"
    """
    expected = """
    SUP-1 provider 03-02T10:00 03-04T09:00 47 17 no no
    SUP-1 dealer 03-04T09:00 03-05T09:00 24 9 - no
    SUP-1 provider 03-06T09:00 - 72 9 yes no
    SUP-2 dealer 03-02T09:00 03-02T16:00 7 7 - yes
    SUP-2 dealer 03-02T17:00 03-03T09:00 16 1 - no
    SUP-3 provider 03-02T09:00 03-06T09:00 96 36 - no
    SUP-4 provider 03-02T11:01 03-02T11:01 0 0 - yes
    """
    site = SITE.replace(
        'provider = ["Waiting for provider"]', 'provider = ["Waiting for provider", "Pending provider"]'
    )
    criteria = bare_criteria(tmp_path / "criteria", site__toml=site, normal_delays__csv=DELAYS)
    with warehouse_of(story, tmp_path, criteria, as_of="2026-03-09 09:00") as warehouse:
        assert table(warehouse, WAITS) == lines(expected)


def test_weeks_are_cut_in_the_reporting_zone(tmp_path: Path) -> None:
    """Sunday 23:30 in Denver is Monday in UTC; clocks move on the last day of the first week; 2026 has a week 53."""
    story = """
    SUP-1 created 2026-03-09 05:30 tier=2
    SUP-2 created 2026-03-09 06:00 tier=2
    SUP-3 created 2026-03-02 06:59 tier=2
    SUP-4 created 2026-03-02 07:00 tier=2
    SUP-5 created 2027-01-04 06:30 tier=2
    SUP-6 created 2026-12-28 07:00 tier=2
    """
    expected = """
    SUP-1 2026-03-02
    SUP-2 2026-03-09
    SUP-3 2026-02-23
    SUP-4 2026-03-02
    SUP-5 2026-12-28
    SUP-6 2026-12-28
    """
    criteria = bare_criteria(tmp_path / "criteria", site__toml=DENVER)
    with warehouse_of(story, tmp_path, criteria, as_of="2027-01-04 07:00") as warehouse:
        assert table(warehouse, WEEKS) == lines(expected)
        assert table(warehouse, "select week from core.clock") == "2026-12-28"
        counted = "select n from mart.measures where measure = 'volume' and group_key = 'all' and week = '2026-12-28'"
        assert table(warehouse, counted) == "2"


def test_the_last_complete_week() -> None:
    assert last_complete_week(datetime(2027, 1, 4, 6, 59), "America/Denver") == date(2026, 12, 21)
    assert last_complete_week(datetime(2027, 1, 4, 7, 0), "America/Denver") == date(2026, 12, 28)
    assert last_complete_week(datetime(2027, 1, 4, 0, 0), "UTC") == date(2026, 12, 28)


def test_week_53_exists_in_2026_only() -> None:
    assert parse_week("2026-W53") == date(2026, 12, 28)
    assert parse_week("2026-w47") == date(2026, 11, 16)
    for text in ("2025-W53", "2026-W00", "2026-47", "last", "2026-W"):
        with pytest.raises(InputError, match="2026-W47"):
            parse_week(text)


def test_what_is_normal_is_what_was_normal_when_the_wait_began(tmp_path: Path) -> None:
    """48 hours until March 8th, 24 from the 9th on; each waits for 36. Of two steps the longer one is allowed."""
    delays = "provider,step,starts,hours,effective_from\ntekion,review,requested_at,48,2020-01-01\ntekion,review,requested_at,24,2026-03-09\n"
    story = """
    SUP-1 created 2026-03-02 09:00 tier=2 provider=Tekion category=setup_delay
      03-03 00:00 status="Waiting for provider"
      03-04 12:00 status=Doing
      03-10 00:00 status="Waiting for provider"
      03-11 12:00 status=Doing
    """
    query = "select wait_no, hours, is_overdue from mart.waits order by 1"
    criteria = bare_criteria(tmp_path / "criteria", normal_delays__csv=delays)
    with warehouse_of(story, tmp_path, criteria) as warehouse:
        assert table(warehouse, query) == lines("1 36 no\n2 36 yes")
    two = delays + "tekion,mapping,requested_at,40,2020-01-01\n"
    criteria = bare_criteria(tmp_path / "two", normal_delays__csv=two)
    with warehouse_of(story, tmp_path / "other", criteria) as warehouse:
        assert table(warehouse, query) == lines("1 36 no\n2 36 no")


def test_who_holds_the_ball(tmp_path: Path) -> None:
    """As of Friday noon. SUP-1 is ours, SUP-2 waits for the provider, SUP-3 is with engineering, SUP-4 back at OPS; the others are over."""
    story = """
    SUP-1 created 2026-03-02 08:00 tier=2
      03-02 09:00 comment="on it" by=int-1
    SUP-2 created 2026-03-02 08:00 tier=2
      03-04 10:00 status="Waiting for provider"
    SUP-3 created 2026-03-02 08:00 tier=2
      03-05 10:00 tier=3
    SUP-4 created 2026-03-02 08:00 tier=2
      03-05 11:00 tier=1
    SUP-5 created 2026-03-02 08:00 tier=2
      03-05 11:00 status=Resolved
    SUP-6 created 2026-03-02 08:00 tier=1
    """
    query = """
        select ticket_key, holder, held_since, age_hours, age_working_hours, first_action_at is not null
        from mart.open_escalations order by 1
    """
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria"), as_of="2026-03-06 12:00") as warehouse:
        assert table(warehouse, query) == lines(
            """
            SUP-1 tier2 03-02T08:00 100 40 yes
            SUP-2 provider 03-04T10:00 100 40 no
            SUP-3 tier3 03-05T10:00 100 40 no
            SUP-4 ops 03-05T11:00 100 40 no
            """
        )
