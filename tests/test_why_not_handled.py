"""Why OPS did not handle what it should have, what would end it, the standing list, and how criteria stand."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from stories import SITE, issues, lines, load_into, open_warehouse, table
from test_criteria import house
from test_families import likeness_by_hand
from test_verdicts import runbook

from analysis.judge import judge
from analysis.measure import measure
from analysis.rulings import take_over_rulings
from analysis.tag import tag
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines.ruling_lines import import_rulings
from pipelines.settings import Settings

NOW = datetime(2026, 3, 25, 12)
HOUSE = SITE + '[[member]]\nid = "ops-2"\ntier = 1\n[[member]]\nid = "lead-1"\ntier = 2\nruler = true\n'
BOOKS = {
    "runbooks/RB-GATE__md": runbook("RB-GATE", "signature: ['locked gate']\nneeds_access: [gate]"),
    "runbooks/RB-USED__md": runbook("RB-USED", "signature: ['used before']"),
}
# Nothing said: our guess. SUP-1 a runbook, SUP-2 one that OPS had used before (SUP-20), SUP-3 one that it could not
# follow, SUP-4 a handover that lacks something, SUP-6 what is open already (SUP-5), SUP-7 justified, SUP-8 a question.
# Said: SUP-9 by OPS, SUP-10 by Tier 2, SUP-11 by OPS and taken back, SUP-12 twice. SUP-13 is withdrawn, SUP-14 and 15 are
# agreed and contested. SUP-17 comes in June.
STORY = """
SUP-20 created 2026-03-02 09:00 tier=1 provider=Tekion category=auth summary="used before"
  03-02 10:00 runbook_used=RB-USED
  03-02 11:00 status=Resolved by=ops-1
SUP-1 created 2026-03-16 09:00 tier=1 category=auth provider=Tekion dealer=Ash summary="portal key"
  03-16 10:00 tier=2 assignee=int-1 status=Doing
SUP-2 created 2026-03-16 09:00 tier=1 category=auth provider=Tekion dealer=Birch summary="used before"
  03-16 10:00 tier=2
SUP-3 created 2026-03-16 09:00 tier=1 category=auth provider=Tekion summary="locked gate"
  03-16 10:00 tier=2
SUP-4 created 2026-03-16 09:00 tier=1 provider=MyKaarma category=auth dealer=Elm summary="all red"
  03-16 10:00 tier=2
SUP-5 created 2026-03-16 09:00 tier=2 provider=Dealer-FX category=auth dealer=Ash summary="there is a quota at the store"
SUP-6 created 2026-03-16 09:00 tier=1 provider=Dealer-FX category=auth dealer=Ash summary="once more there is a quota at the store"
  03-16 10:00 tier=2
SUP-7 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="it is slow"
  03-16 10:00 tier=2
SUP-8 created 2026-03-16 09:00 tier=1 provider=Tekion category=how_to summary="where is it"
  03-16 10:00 tier=2
SUP-9 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="portal key"
  03-16 10:00 tier=2
  03-17 10:00 labels=why-process by=ops-2
SUP-10 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="portal key"
  03-16 10:00 tier=2
  03-17 10:00 labels=why-process by=int-1
SUP-11 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="portal key"
  03-16 10:00 tier=2
  03-17 10:00 labels=why-process by=ops-2
  03-18 10:00 labels= by=ops-2
SUP-12 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="portal key"
  03-16 10:00 tier=2
  03-17 10:00 labels=why-process by=ops-2
  03-18 10:00 labels="why-process why-access" by=ops-1
SUP-13 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="portal key"
  03-16 10:00 tier=2
  03-17 10:00 labels="verdict-contested why-access" by=ops-2
  03-18 10:00 labels="verdict-contested why-access verdict-withdrawn" by=lead-1
SUP-14 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="portal key"
  03-16 10:00 tier=2
  03-17 10:00 labels=verdict-accepted by=ops-2
SUP-15 created 2026-03-16 09:00 tier=1 provider=CDK category=auth summary="portal key"
  03-16 10:00 tier=2
  03-17 10:00 labels=verdict-contested by=ops-2
SUP-16 created 2026-03-16 09:00 tier=1 provider=CDK category=how_to summary="where is it"
  03-16 10:00 tier=2
SUP-17 created 2026-06-16 09:00 tier=1 provider=CDK category=auth summary="portal key"
  06-16 10:00 tier=2
"""
WHY = """
    select t.ticket_key, w.reason, w.is_suggested, w.cure
    from mart.why_not_handled w join core.tickets t using (issue_id) order by w.issue_id
"""
STANDING = """
    select place, provider, failure_category, n_escalations, n_before, n_agreed, n_dealers, effort_hours > 0, criterion_id, runbook_id,
        why, is_why_suggested
    from mart.ops_standing_list order by place
"""
CRITERIA = """
    select place, criterion_id, n_claimed, n_agreed, n_withdrawn, n_contested, n_unanswered, n_open, withdrawn_share
    from mart.criteria_standing order by place
"""


def brought_up(warehouse: Warehouse, criteria: Criteria, now: datetime = NOW) -> None:
    tag(warehouse, criteria, None, "run", now)
    take_over_rulings(warehouse, "run", now)
    judge(warehouse, criteria, "run", now, likeness_by_hand(STORY))
    measure(warehouse, criteria, now)


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return house(tmp_path_factory.mktemp("why") / "criteria", site__toml=HOUSE, **BOOKS)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Path:
    folder = tmp_path_factory.mktemp("why")
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        load_into(warehouse, folder, issues(STORY), criteria)
        brought_up(warehouse, criteria)
    return folder / "warehouse.duckdb"


@pytest.fixture
def warehouse(built: Path) -> Iterator[Warehouse]:
    with Warehouse.open(built) as opened:
        yield opened


def test_why_and_what_would_end_it(warehouse: Warehouse) -> None:
    """What Tier 2 says, and what was taken back, is no reason of OPS; what is withdrawn has none."""
    assert table(warehouse, WHY) == lines(
        """
        SUP-1 knowledge yes train
        SUP-2 process yes change_process
        SUP-3 access yes give_access
        SUP-4 information yes ask_dealer
        SUP-6 process yes change_process
        SUP-8 knowledge yes train
        SUP-9 process no change_process
        SUP-10 knowledge yes train
        SUP-11 knowledge yes train
        SUP-12 access no give_access
        SUP-14 knowledge yes train
        SUP-15 knowledge yes train
        SUP-16 knowledge yes train
        """
    )


def test_a_reason_by_csv_counts_if_ops_gives_it(built: Path, criteria: Criteria, tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(built.read_bytes())
    file = tmp_path / "said.csv"
    file.write_text("ticket,said,person,said_on\nSUP-1,why-information,ops-2,2026-03-17\n")
    done = import_rulings(Settings(home=tmp_path), criteria, file, "run", NOW)
    assert (done.n_stored, done.n_known) == (1, 0)
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        brought_up(warehouse, criteria)
        assert table(warehouse, WHY).splitlines()[0] == "SUP-1 information no ask_dealer"


def test_the_standing_list_by_eye(warehouse: Warehouse) -> None:
    """By hours of Tier 2, then by number. What is withdrawn is not in it; a reason that is only ours is marked."""
    assert table(warehouse, STANDING) == lines(
        """
        1 tekion auth 2 0 0 2 yes runbook RB-USED process yes
        2 cdk auth 6 0 1 0 no runbook RB-KEY knowledge yes
        3 cdk how_to 1 0 0 0 no question - knowledge yes
        4 tekion how_to 1 0 0 0 no question - knowledge yes
        """
    )


def test_what_is_of_the_quarter_before_shows_the_trend(warehouse: Warehouse, criteria: Criteria) -> None:
    brought_up(warehouse, criteria, datetime(2026, 6, 24, 12))
    assert table(warehouse, STANDING) == "1 cdk auth 1 6 0 0 no runbook RB-KEY knowledge yes"
    brought_up(warehouse, criteria)


def test_how_criteria_stand(warehouse: Warehouse) -> None:
    """Those that are withdrawn most often come first; the others by how much they claim."""
    assert table(warehouse, CRITERIA) == lines(
        """
        1 runbook 9 1 1 1 0 6 0.5
        2 question 2 0 0 0 0 2 -
        3 already-open 1 0 0 0 0 0 -
        4 information 1 0 0 0 0 0 -
        5 checks 0 0 0 0 0 0 -
        6 solved-before 0 0 0 0 0 0 -
        """
    )
