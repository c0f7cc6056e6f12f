"""Hours that Tier 2 spent: an assignee's working hours, split over what he or she holds in an active status."""

from datetime import date, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stories import SITE, bare_criteria, lines, table, warehouse_of

EFFORT = """
    select k.ticket_key, e.escalation_no, e.week, round(e.hours, 4)
    from mart.effort e join core.tickets k using (issue_id) order by 1, 2, 3
"""
TWO = SITE + '[[member]]\nid = "int-2"\ntier = 2\nto = 2026-03-11\n'


def effort(story: str, folder: Path, site: str = SITE, as_of: str = "") -> str:
    criteria = bare_criteria(folder / "criteria", site__toml=site)
    with warehouse_of(story, folder, criteria, as_of=as_of) as warehouse:
        return table(warehouse, EFFORT)


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


MONDAY = datetime(2026, 3, 2)
HOURS = st.integers(0, 24 * 20)
LIVES = st.lists(
    st.tuples(HOURS, st.lists(st.tuples(st.integers(1, 60), st.sampled_from(["int-1", "int-2", "ops-1"])), max_size=5)),
    min_size=1,
    max_size=8,
)


@given(LIVES)
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_week_never_exceeds_heads_times_working_hours(
    tmp_path: Path, lives: list[tuple[int, list[tuple[int, str]]]]
) -> None:
    story = []
    for number, (start, turns) in enumerate(lives, 1):
        at = MONDAY + timedelta(hours=start)
        story.append(f"SUP-{number} created {at:%Y-%m-%d %H:%M} tier=2 status=Doing assignee=int-1")
        for hours, who in turns:
            at += timedelta(hours=hours)
            story.append(f"  {at:%m-%d %H:%M} assignee={who} status={'Doing' if hours % 3 else 'Open'}")
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    criteria = bare_criteria(folder / "criteria", site__toml=SITE + '[[member]]\nid = "int-2"\ntier = 2\n')
    with warehouse_of("\n".join(story), folder, criteria, as_of="2026-05-01 00:00") as warehouse:
        for week, hours, least in warehouse.rows("select week, sum(hours), min(hours) from mart.effort group by week"):
            assert isinstance(week, date)
            assert hours <= 2 * 45 + 1e-6
            assert least >= -1e-9
