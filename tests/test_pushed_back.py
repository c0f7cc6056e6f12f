"""What the program wrote itself is nobody's deed; what was pushed back, when, and what became of it."""

import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from stories import (
    SITE,
    answers,
    bare_criteria,
    cases,
    derive,
    issues,
    lines,
    load_into,
    open_warehouse,
    table,
    warehouse_of,
)

from analysis.markers import OPENING, Marker
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse

RUNBOOK = """---
id: RB-KEY
title: Renew the portal key
audience: ops
published: 2026-01-01
announced: 2026-01-01
applies_when: ['portal key']
---
Renew it.
"""
# the account by which the program writes is a person's own: int-1 of Tier 2, or eng-1 of Tier 3
HOUSE = SITE + '[[member]]\nid = "lead-1"\ntier = 2\nruler = true\n'


def as_written(found: list[dict[str, Any]]) -> None:
    """A comment `OWN pushback 1` is what the program writes as its push-back of the first escalation."""
    for issue in found:
        for comment in issue["fields"]["comment"]["comments"]:
            if comment["body"].startswith("OWN "):
                _, kind, number = comment["body"].split()
                marker = Marker(kind, int(issue["id"]), int(number))
                words = "Renewed it, see https://git.example/desk/pam/pull/7"
                comment["body"] = f"{OPENING}\n\n{words}\n\n{marker.line}"


def desk(folder: Path, **files: str) -> Criteria:
    return bare_criteria(folder, **({"site__toml": HOUSE, "runbooks/RB-KEY__md": RUNBOOK} | files))


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return desk(tmp_path_factory.mktemp("criteria") / "criteria")


# -- when, and by what -------------------------------------------------------------------------------------

PUSHED = """
    select t.ticket_key, p.escalation_no, p.pushed_back_at, p.told_by, p.hours, p.working_hours
    from mart.pushbacks p join core.tickets t using (issue_id) order by p.issue_id, p.escalation_no
"""
CASES = cases("""
## by the program: the comment, then its label; Tuesday 17:00 is the end of a working day
SUP-1 created 2026-03-03 12:00 tier=1 summary="portal key"
  03-03 13:00 tier=2 by=ops-1
  03-04 10:00 comment="OWN pushback 1" by=int-1
  03-04 10:01 labels=pushed-back by=int-1
=> SUP-1 1 03-04T10:00 comment 21 6
## the comment alone, the label is still to come
SUP-1 created 2026-03-03 12:00 tier=1
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 comment="OWN pushback 1" by=int-1
=> SUP-1 1 03-03T14:00 comment 1 1
## by hand: a person set the label
SUP-1 created 2026-03-03 12:00 tier=1
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 labels="urgent pushed-back" by=int-1
=> SUP-1 1 03-03T14:00 label 1 1
## by hand before the program did
SUP-1 created 2026-03-03 12:00 tier=1
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 labels=Pushed-Back by=lead-1
  03-03 15:00 comment="OWN pushback 1" by=int-1
=> SUP-1 1 03-03T14:00 label 1 1
## the label was taken off, and set again
SUP-1 created 2026-03-03 12:00 tier=1
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 labels=pushed-back by=lead-1
  03-03 15:00 labels= by=ops-1
  03-03 16:00 labels=pushed-back by=lead-1
=> SUP-1 1 03-03T14:00 label 1 1
## a label that stood there before it escalated, and one that another edit keeps
SUP-1 created 2026-03-03 12:00 tier=1 labels=pushed-back
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 labels="pushed-back urgent" by=ops-1
## a label that is only like it
SUP-1 created 2026-03-03 12:00 tier=1
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 labels="not-pushed-back pushed-back-again" by=ops-1
## a triage comment pushes nothing back
SUP-1 created 2026-03-03 12:00 tier=1
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 comment="OWN triage 1" by=int-1
## the comment names the first escalation, though the second has begun; its label is no other push-back
SUP-1 created 2026-02-03 12:00 tier=1
  02-03 13:00 tier=2 by=ops-1
  02-04 13:00 status=Resolved by=int-1
  03-03 12:00 status=Open tier=1 by=ops-1
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 comment="OWN pushback 1" by=int-1
  03-03 14:01 labels=pushed-back by=int-1
=> SUP-1 1 03-03T14:00 comment 673 181
## a comment that names an escalation that is not there, or not yet, is about the one in whose span it was
SUP-1 created 2026-03-03 12:00 tier=1
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 comment="OWN pushback 7" by=int-1
=> SUP-1 1 03-03T14:00 comment 1 1
## both escalations
SUP-1 created 2026-02-03 12:00 tier=1
  02-03 13:00 tier=2 by=ops-1
  02-03 14:00 comment="OWN pushback 1" by=int-1
  02-04 13:00 status=Resolved by=int-1
  03-03 12:00 status=Open tier=1 by=ops-1
  03-03 13:00 tier=2 by=ops-1
  03-03 15:00 comment="OWN pushback 2" by=int-1
=> SUP-1 1 02-03T14:00 comment 1 1
=> SUP-1 2 03-03T15:00 comment 2 2
""")


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> dict[str, str]:
    return answers(CASES, PUSHED, tmp_path_factory.mktemp("pushed"), criteria, spoil=as_written)


@pytest.mark.parametrize("name", CASES)
def test_when_it_was_pushed_back(name: str, pushed: dict[str, str]) -> None:
    assert pushed[name] == CASES[name][1]


def test_another_label(tmp_path: Path) -> None:
    criteria = desk(tmp_path / "criteria", site__toml=f'pushed_back_label = "Zurück"\n{HOUSE}')
    story = """
    SUP-1 created 2026-03-03 12:00 tier=1
      03-03 13:00 tier=2 by=ops-1
      03-03 14:00 labels=zurück by=int-1
    SUP-2 created 2026-03-03 12:00 tier=1
      03-03 13:00 tier=2 by=ops-1
      03-03 14:00 labels=pushed-back by=int-1
    """
    with warehouse_of(story, tmp_path, criteria) as warehouse:
        assert table(warehouse, "select issue_id, told_by from core.pushbacks") == "1001 label"


# -- nobody's deed -----------------------------------------------------------------------------------------

# SUP-1: the program wrote; SUP-2: a person wrote the same words; SUP-3: a person's label with the program's account
TWICE = """
SUP-1 created 2026-03-03 12:00 tier=1 summary="portal key"
  03-03 13:00 tier=2 by=ops-1
  03-03 13:30 status="Waiting for provider" by=ops-1
  03-03 14:00 comment="OWN pushback 1" by={who}
  03-03 14:01 labels=pushed-back by={who}
  03-03 15:00 status=Resolved resolution=Done by=ops-1
  03-03 15:01 comment="OWN triage 1" by={who}
SUP-2 created 2026-03-03 12:00 tier=1 summary="portal key"
  03-03 13:00 tier=2 by=ops-1
  03-03 13:30 status="Waiting for provider" by=ops-1
  03-03 14:00 comment="Renewed it, see https://git.example/desk/pam/pull/7" by={who}
  03-03 15:00 status=Resolved resolution=Done by=ops-1
SUP-3 created 2026-03-03 12:00 tier=1 summary="portal key"
  03-03 13:00 tier=2 by=ops-1
  03-03 14:00 comment="OWN pushback 1" by={who}
  03-03 14:01 labels="pushed-back urgent" by={who}
SUP-4 created 2026-03-03 12:00 tier=1 summary="portal key"
  03-03 13:00 tier=2 by=ops-1
  03-03 14:01 labels=pushed-back by={who}
"""
DEEDS = {
    # question → what is answered of SUP-1 to SUP-4
    "the first action of Tier 2": (
        "int-1",
        "select e.issue_id - 1000, f.acted_at from core.escalations e left join core.first_actions f using (issue_id) order by 1",
        "1 -\n2 03-03T14:00\n3 03-03T14:01\n4 03-03T14:01",
    ),
    "a contact during a wait": (
        "int-1",
        "select issue_id - 1000, has_contact from mart.waits order by 1",
        "1 no\n2 yes",
    ),
    "Tier 3 was consulted": (
        "eng-1",
        "select issue_id - 1000, tier3_consulted from mart.escalations order by 1",
        "1 no\n2 yes\n3 no\n4 no",
    ),
    "the words with which it was closed": (
        "int-1",
        "select issue_id - 1000, words from core.resolution_texts order by 1",
        "1 -\n2 Renewed it, see https://git.example/desk/pam/pull/7",
    ),
    "changes of code that it links to": (
        "int-1",
        "select issue_id - 1000, change_ref from mart.linked_changes order by 1",
        "2 https://git.example/desk/pam/pull/7",
    ),
    "all comments, and whose they are": (
        "int-1",
        "select issue_id - 1000, author_id, author_tier, own_kind from mart.comments order by 1, created_at",
        "1 int-1 - pushback\n1 int-1 - triage\n2 int-1 2 -\n3 int-1 - pushback",
    ),
}


@pytest.mark.parametrize("name", DEEDS)
def test_what_the_program_wrote_counts_as_nobodys(name: str, tmp_path: Path, criteria: Criteria) -> None:
    who, query, expected = DEEDS[name]
    with warehouse_of(TWICE.format(who=who), tmp_path, criteria, spoil=as_written) as warehouse:
        assert table(warehouse, query) == expected


def test_an_engineering_issue_on_which_the_program_wrote_was_not_worked(tmp_path: Path, criteria: Criteria) -> None:
    """As if the issue were a ticket of the desk, too: a Tier 3 member's account alone is no work of Tier 3."""
    story = """
    PENG-1 created 2026-03-01 09:00 tier=1
      03-01 10:00 tier=2
      03-05 10:00 comment="OWN pushback 1" by=eng-1
      03-05 10:01 labels=pushed-back by=eng-1
    PENG-2 created 2026-03-01 09:00 tier=1
      03-05 10:00 comment="looking" by=eng-1
    SUP-1 created 2026-03-03 12:00 tier=1
      03-03 13:00 tier=2
      03-03 14:00 link=Escalation>PENG-1
    SUP-2 created 2026-03-03 12:00 tier=1
      03-03 13:00 tier=2
      03-03 14:00 link=Escalation>PENG-2
    """
    query = "select t.ticket_key, count(x.ref) from core.tickets t left join core.tier3_touches x using (issue_id) where project = 'SUP' group by 1 order by 1"
    with warehouse_of(story, tmp_path, criteria, spoil=as_written) as warehouse:
        assert table(warehouse, query) == "SUP-1 0\nSUP-2 1"


# -- measures ----------------------------------------------------------------------------------------------

# Week of 03-02: its window closes at the end of Friday 03-13. Week of 03-09: it is open until the end of 03-20.
WEEKS = """
SUP-1 created 2026-03-03 08:00 tier=1 summary="portal key"
  03-03 09:00 tier=2 by=ops-1
  03-03 11:00 comment="OWN pushback 1" by=int-1
  03-04 11:00 labels=verdict-accepted by=ops-1
SUP-2 created 2026-03-03 08:00 tier=1 summary="portal key"
  03-03 09:00 tier=2 by=ops-1
  03-03 13:00 comment="OWN pushback 1" by=int-1
  03-04 11:00 labels=verdict-contested by=ops-1
  03-05 11:00 labels="verdict-contested verdict-withdrawn" by=lead-1
SUP-3 created 2026-03-03 08:00 tier=1 summary="portal key"
  03-03 09:00 tier=2 by=ops-1
  03-03 15:00 labels=pushed-back by=int-1
  03-04 11:00 labels="pushed-back verdict-contested" by=ops-1
SUP-4 created 2026-03-03 08:00 tier=1 summary="portal key"
  03-03 09:00 tier=2 by=ops-1
  03-04 09:00 comment="OWN pushback 1" by=int-1
SUP-5 created 2026-03-03 08:00 tier=1 summary="portal key"
  03-03 09:00 tier=2 by=ops-1
  03-03 10:00 comment="OWN pushback 1" by=int-1
  03-04 10:00 tier=3 by=int-1
SUP-6 created 2026-03-03 08:00 tier=1 summary="portal key"
  03-03 09:00 tier=2 by=ops-1
SUP-7 created 2026-03-03 08:00 tier=1 summary="something else" dealer=Cedar
  03-03 09:00 tier=2 by=ops-1
SUP-8 created 2026-03-03 08:00 tier=2 summary="portal key"
  03-03 10:00 labels=pushed-back by=int-1
SUP-9 created 2026-03-03 08:00 tier=1 summary="portal key"
  03-03 09:00 tier=2 by=ops-1
  03-03 10:00 comment="OWN pushback 1" by=int-1
  03-03 11:00 status=Closed resolution=Duplicate
SUP-10 created 2026-03-10 08:00 tier=1 summary="portal key"
  03-10 09:00 tier=2 by=ops-1
  03-10 10:00 comment="OWN pushback 1" by=int-1
  03-11 11:00 labels=verdict-accepted by=ops-1
"""
SHARES = """
    select week, variant, numerator, denominator, n_pending from mart.measures
    where measure = 'pushed_back' and variant like '%_week' and statistic = 'share' and group_key = 'all' and n + n_pending > 0
    order by week, variant
"""


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("weeks")
    with warehouse_of(WEEKS, folder, criteria, as_of="2026-03-16T08:00", spoil=as_written) as warehouse:
        yield warehouse


def test_pushed_back_and_what_became_of_it(weeks: Warehouse) -> None:
    """SUP-8 never was with OPS, SUP-9 is a duplicate; the second week waits for its window."""
    assert table(weeks, SHARES.replace("week, variant", "cast(week as varchar), variant", 1)) == lines("""
        2026-03-02 agreed_week 1 5 0
        2026-03-02 contested_week 1 5 0
        2026-03-02 not_held_week 1 5 0
        2026-03-02 pushed_back_week 5 6 0
        2026-03-02 unanswered_week 1 5 0
        2026-03-02 withdrawn_week 1 5 0
        2026-03-09 agreed_week 0 0 1
        2026-03-09 contested_week 0 0 1
        2026-03-09 not_held_week 0 0 1
        2026-03-09 pushed_back_week 1 1 0
        2026-03-09 unanswered_week 0 0 1
        2026-03-09 withdrawn_week 0 0 1
    """)


def test_what_became_of_it_adds_up(weeks: Warehouse) -> None:
    query = """
        select sum(numerator) filter (variant <> 'pushed_back_week') = sum(numerator) filter (variant = 'pushed_back_week')
        from mart.measures
        where measure = 'pushed_back' and variant like '%_week' and group_key = 'all' and cast(week as varchar) = '2026-03-02'
    """
    assert table(weeks, query) == "yes"


def test_time_to_push_back(weeks: Warehouse) -> None:
    """2, 4, 6, 24 and 1 hours; of 24 the night leaves 9."""
    query = """
        select variant, statistic, value, n from mart.measures
        where measure = 'time_to_push_back' and group_key = 'all' and cast(week as varchar) = '2026-03-02'
            and statistic in ('median', 'p90')
        order by 1, 2
    """
    assert table(weeks, query) == lines("""
        hours median 4 5
        hours p90 16.8 5
        working_hours median 4 5
        working_hours p90 7.8 5
    """)


def test_after_the_moment_of_the_report_nothing_was_pushed_back(tmp_path: Path, criteria: Criteria) -> None:
    with warehouse_of(WEEKS, tmp_path, criteria, as_of="2026-03-03T12:00", spoil=as_written) as warehouse:
        assert table(warehouse, "select count(*) from mart.pushbacks p join core.tickets using (issue_id)") == "4"


# -- in parts, and again -----------------------------------------------------------------------------------


def test_loading_in_parts_is_loading_at_once(tmp_path: Path, criteria: Criteria) -> None:
    """Each issue as it was loaded before its comment, then whole, in another order."""
    found = issues(TWICE.format(who="int-1") + WEEKS.replace("SUP-", "SUP-1"))
    as_written(found)
    early = [{**one, "fields": {**one["fields"], "comment": {"comments": [], "total": 0}}} for one in found]
    for one in early:
        one["fields"]["updated"] = one["fields"]["created"]
        one["changelog"] = {**one["changelog"], "histories": one["changelog"]["histories"][:1], "total": 1}
    seen = []
    shuffled = random.Random(7).sample(found, len(found))  # noqa: S311
    for name, parts in (("whole", [found]), ("parts", [early, found[::2], shuffled])):
        with open_warehouse(tmp_path / name / "warehouse.duckdb") as warehouse:
            for part in parts:
                load_into(warehouse, tmp_path / name, part, criteria)
                derive(warehouse, criteria, datetime(2026, 3, 16))
            tables = ("own_comments", "own_edits", "pushbacks", "first_actions", "comments", "tier3_touches")
            seen.append({one: sorted(map(repr, warehouse.rows(f"select * from core.{one}"))) for one in tables})
    assert seen[0]["own_edits"]
    assert seen[0] == seen[1]
