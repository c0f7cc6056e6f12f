"""Hours that Tier 2 spent: what people logged, else an assignee's working hours, split over what is held in an active status."""

from datetime import date, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stories import SITE, bare_criteria, lines, table, warehouse_of

EFFORT = """
    select k.ticket_key, e.escalation_no, e.week, round(e.hours, 4)
    from mart.effort e join core.tickets k using (issue_id) order by 1, 2, 3
"""
LOGGED = EFFORT.replace("round(e.hours, 4)", "round(e.hours, 4), round(e.logged_hours, 4)")
TWO = SITE + '[[member]]\nid = "int-2"\ntier = 2\nto = 2026-03-11\n'


def effort(story: str, folder: Path, site: str = SITE, as_of: str = "", query: str = EFFORT) -> str:
    criteria = bare_criteria(folder / "criteria", site__toml=site)
    with warehouse_of(story, folder, criteria, as_of=as_of) as warehouse:
        return table(warehouse, query)


def test_an_hour_is_split_over_what_one_person_holds(tmp_path: Path) -> None:
    """Work is 8 to 17. Monday: SUP-1 alone from 9 to 11, both from 11 to 13, SUP-2 alone from 13 to 15."""
    story = """
    SUP-1 created 2026-03-02 08:00 tier=2
      03-02 09:00 assignee=int-1 status=Doing
      03-02 13:00 status=Resolved
    SUP-2 created 2026-03-02 08:00 tier=2
      03-02 11:00 assignee=int-1 status=Doing
      03-02 15:00 status=Resolved
    """
    assert effort(story, tmp_path) == lines("SUP-1 1 2026-03-02 3\nSUP-2 1 2026-03-02 3")


def test_only_active_hours_of_tier_2_count(tmp_path: Path) -> None:
    """SUP-1 waits for others, SUP-2 lies in a queue, SUP-3 is held by OPS, SUP-4 is with engineering; SUP-5 counts a bit.

    SUP-5: held on Friday from 16 to Monday at 9, and for an hour at Tier 1, which does not count. (SUP-6 tells Open's category.)
    """
    story = """
    SUP-1 created 2026-03-02 08:00 tier=2 assignee=int-1
      03-02 09:00 status="Waiting for provider"
      03-02 13:00 status=Resolved
    SUP-2 created 2026-03-02 08:00 tier=2 assignee=int-1
      03-02 15:00 status=Resolved
    SUP-3 created 2026-03-02 08:00 tier=2 assignee=ops-1 status=Doing
      03-02 15:00 status=Resolved
    SUP-4 created 2026-03-02 08:00 tier=3 assignee=int-1 status=Doing
      03-02 15:00 status=Resolved
    SUP-5 created 2026-03-06 16:00 tier=2 assignee=int-1 status=Doing
      03-09 09:00 tier=1
      03-09 10:00 status=Resolved
    SUP-6 created 2026-03-02 08:00 tier=1
    """
    assert effort(story, tmp_path) == lines("SUP-5 1 2026-03-02 1\nSUP-5 1 2026-03-09 1")


def test_what_is_still_held_counts_up_to_now(tmp_path: Path) -> None:
    story = "SUP-1 created 2026-03-02 08:00 tier=2 assignee=int-1 status=Doing"
    assert effort(story, tmp_path, as_of="2026-03-03 10:00") == "SUP-1 1 2026-03-02 11"


def test_who_left_the_desk_spends_nothing_more(tmp_path: Path) -> None:
    """int-2 is on the desk until Tuesday night; int-1 holds another one and is not slowed by it."""
    story = """
    SUP-1 created 2026-03-09 08:00 tier=2 assignee=int-2 status=Doing
      03-13 17:00 status=Resolved
    SUP-2 created 2026-03-09 08:00 tier=2 assignee=int-1 status=Doing
      03-09 17:00 status=Resolved
    """
    assert effort(story, tmp_path, TWO) == lines("SUP-1 1 2026-03-09 18\nSUP-2 1 2026-03-09 9")


def test_a_new_escalation_of_the_ticket_has_its_own_hours(tmp_path: Path) -> None:
    story = """
    SUP-1 created 2026-03-02 08:00 tier=2 assignee=int-1 status=Doing
      03-02 10:00 status=Resolved
      03-23 10:00 status=Doing
      03-23 11:00 status=Resolved
    """
    assert effort(story, tmp_path) == lines("SUP-1 1 2026-03-02 2\nSUP-1 2 2026-03-23 1")


def test_weeks_are_cut_in_the_reporting_zone(tmp_path: Path) -> None:
    """Work in Auckland on Monday from 8 is still Sunday in UTC."""
    site = SITE.replace('"UTC"', '"Pacific/Auckland"')
    story = """
    SUP-1 created 2026-03-08 18:00 tier=2 assignee=int-1 status=Doing
      03-08 21:00 status=Resolved
    """
    assert effort(story, tmp_path, site) == "SUP-1 1 2026-03-09 2"


def test_mart_escalations_tell_the_sum(tmp_path: Path) -> None:
    story = """
    SUP-1 created 2026-03-06 16:00 tier=2 assignee=int-1 status=Doing
      03-09 09:00 status=Resolved
    SUP-2 created 2026-03-06 16:00 tier=2
    """
    query = "select ticket_key, tier2_effort_hours from mart.escalations order by 1"
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria")) as warehouse:
        assert table(warehouse, query) == lines("SUP-1 2\nSUP-2 0")


def test_what_a_person_logged_counts_instead_of_the_hours_held(tmp_path: Path) -> None:
    """int-1 holds both on Monday, 9 hours long, and says that SUP-1 took 2 of the week's 45: SUP-2 has 43/45 of the 9.

    SUP-3 took 3 hours of int-1 and, as its assignee, 1 of int-2; SUP-4 has the rest of that week: 42/45 of 9.
    """
    story = """
    SUP-1 created 2026-03-02 08:00 tier=2 assignee=int-1 status=Doing
      03-02 12:00 worklog=1.5 by=int-1
      03-02 16:00 worklog=0.5 by=int-1
      03-02 17:00 status=Resolved
    SUP-2 created 2026-03-02 08:00 tier=2 assignee=int-1 status=Doing
      03-02 17:00 status=Resolved
    SUP-3 created 2026-03-09 08:00 tier=2 assignee=int-2 status=Doing
      03-09 09:00 assignee=ops-1
      03-09 17:00 worklog=3 by=int-1
      03-09 17:00 status=Resolved
    SUP-4 created 2026-03-09 08:00 tier=2 assignee=int-1 status=Doing
      03-09 17:00 status=Resolved
    """
    assert effort(story, tmp_path, TWO, query=LOGGED) == lines("""
        SUP-1 1 2026-03-02 2 2
        SUP-2 1 2026-03-02 8.6 0
        SUP-3 1 2026-03-09 4 3
        SUP-4 1 2026-03-09 8.4 0
    """)


def test_only_what_tier_2_logged_on_an_escalation_counts(tmp_path: Path) -> None:
    """SUP-1: of OPS, engineering, a stranger, nobody, and before it came to Tier 2; SUP-2: never escalated."""
    story = """
    SUP-1 created 2026-03-02 08:00 tier=1
      03-02 09:00 worklog=1 by=int-1
      03-02 10:00 tier=2
      03-02 11:00 worklog=1 by=int-1 started="03-02 09:59"
      03-02 11:00 worklog=2 by=ops-1
      03-02 11:00 worklog=2 by=eng-1
      03-02 11:00 worklog=2 by=stranger
      03-02 11:00 worklog=2
      03-02 11:00 worklog=0.25 by=int-1 started="03-02 10:00"
      03-12 11:00 worklog=3 by=int-2 started="03-10 23:00"
      03-12 11:00 worklog=4 by=int-2 started="03-11 00:00"
    SUP-2 created 2026-03-02 08:00 tier=1 assignee=int-1 status=Doing
      03-02 11:00 worklog=2 by=int-1
    """
    assert effort(story, tmp_path, TWO, query=LOGGED) == lines("""
        SUP-1 1 2026-03-02 0.25 0.25
        SUP-1 1 2026-03-09 3 3
    """)


def test_what_was_logged_belongs_to_the_escalation_and_week_in_which_the_work_began(tmp_path: Path) -> None:
    """Between the two, and noted in a later week: still the first one's. Auckland's Monday begins on Sunday in UTC."""
    story = """
    SUP-1 created 2026-03-02 08:00 tier=2
      03-02 10:00 status=Resolved
      03-19 10:00 worklog=2 by=int-1 started="03-08 10:59"
      03-19 10:00 worklog=1 by=int-1 started="03-08 11:00"
      03-23 10:00 status=Doing
      03-23 11:00 status=Resolved
      04-14 10:00 worklog=4 by=int-1 started="04-13 10:00"
    """
    site = SITE.replace('"UTC"', '"Pacific/Auckland"')
    assert effort(story, tmp_path, site, query=LOGGED) == lines("""
        SUP-1 1 2026-03-02 2 2
        SUP-1 1 2026-03-09 1 1
        SUP-1 2 2026-04-13 4 4
    """)


def test_nobody_works_more_than_a_week_has(tmp_path: Path) -> None:
    """60 hours logged in a week of 45: three quarters of them count, and nothing of what int-1 held beside.

    The next week is one of holidays: nothing counts. What is logged in the future does not count yet.
    """
    holidays = ", ".join(f"2026-03-{day:02}" for day in range(9, 14))
    site = SITE.replace("[fields]", f"[working_hours]\nholidays = [{holidays}]\n[fields]")
    story = """
    SUP-1 created 2026-03-02 08:00 tier=2
      03-04 12:00 worklog=20 by=int-1
      03-11 12:00 worklog=8 by=int-1
    SUP-2 created 2026-03-02 08:00 tier=2
      03-05 12:00 worklog=40 by=int-1
      03-11 12:00 worklog=1 by=int-1 started="04-20 08:00"
    SUP-3 created 2026-03-02 08:00 tier=2 assignee=int-1 status=Doing
      03-06 17:00 status=Resolved
    """
    assert effort(story, tmp_path, site, query=LOGGED) == lines("""
        SUP-1 1 2026-03-02 15 15
        SUP-1 1 2026-03-09 0 0
        SUP-2 1 2026-03-02 30 30
        SUP-3 1 2026-03-02 0 0
    """)


MONDAY = datetime(2026, 3, 2)
HOURS = st.integers(0, 24 * 20)
WHO = st.sampled_from(["int-1", "int-2", "ops-1"])
TURN = st.tuples(st.integers(1, 60), WHO, st.none() | st.tuples(st.sampled_from([0.25, 8, 30, 200]), WHO))
LIVES = st.lists(st.tuples(HOURS, st.lists(TURN, max_size=5)), min_size=1, max_size=8)
Life = tuple[int, list[tuple[int, str, tuple[float, str] | None]]]


@given(LIVES)
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_week_never_exceeds_heads_times_working_hours(tmp_path: Path, lives: list[Life]) -> None:
    story = []
    for number, (start, turns) in enumerate(lives, 1):
        at = MONDAY + timedelta(hours=start)
        story.append(f"SUP-{number} created {at:%Y-%m-%d %H:%M} tier=2 status=Doing assignee=int-1")
        for hours, who, logged in turns:
            at += timedelta(hours=hours)
            if logged:
                story.append(f"  {at:%m-%d %H:%M} worklog={logged[0]} by={logged[1]}")
            story.append(f"  {at:%m-%d %H:%M} assignee={who} status={'Doing' if hours % 3 else 'Open'}")
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    criteria = bare_criteria(folder / "criteria", site__toml=SITE + '[[member]]\nid = "int-2"\ntier = 2\n')
    with warehouse_of("\n".join(story), folder, criteria, as_of="2026-05-01 00:00") as warehouse:
        query = "select week, sum(hours), min(hours), min(hours - logged_hours), min(logged_hours) from mart.effort group by week"
        for week, hours, *least in warehouse.rows(query):
            assert isinstance(week, date)
            assert hours <= 2 * 45 + 1e-6
            assert min(least) >= -1e-9
