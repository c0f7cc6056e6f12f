"""The queue of Tier 2: what to do first on top, and the next step of each, by eye."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from stories import issues, lines, load_into, open_warehouse, table
from test_criteria import house
from test_families import likeness_by_hand

from analysis.errors import InputError
from analysis.judge import judge
from analysis.measure import measure
from analysis.tag import tag
from analysis.warehouse import Warehouse
from pipelines.queue_lines import open_queue, queue_lines
from pipelines.settings import Settings

NOW = datetime(2026, 3, 18, 12)
# Tekion's activation takes 48 hours from the request, CDK's 21 days.
STORY = """
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-16T10:00:00.000+0000
  03-13 10:00 tier=2 status="Waiting for provider"
SUP-2 created 2026-03-12 09:00 tier=1 provider=CDK category=setup_delay requested_at=2026-02-25T22:00:00.000+0000
  03-13 10:00 tier=2 status="Waiting for provider"
SUP-3 created 2026-03-17 09:00 tier=1 priority=Highest provider=Tekion category=auth
  03-17 10:00 tier=2
SUP-4 created 2026-03-16 09:00 tier=1 category=auth summary="portal key"
  03-16 10:00 tier=2
SUP-5 created 2026-03-16 09:00 tier=1 provider=Tekion category=how_to summary="where is it"
  03-16 11:00 tier=2
SUP-6 created 2026-03-16 09:00 tier=1 category=auth summary="portal key"
  03-16 10:00 tier=2
  03-17 10:00 labels=pushed-back by=int-1
SUP-7 created 2026-03-16 09:00 tier=1 provider=MyKaarma category=auth dealer=Elm summary="all red"
  03-16 10:00 tier=2
SUP-8 created 2026-03-16 09:00 tier=1 provider=MyKaarma category=auth dealer=Elm summary="all red"
  03-16 10:00 tier=2
  03-16 11:00 tier=1
SUP-9 created 2026-03-16 09:00 tier=1 provider=CDK category=auth
  03-16 12:00 tier=2
SUP-10 created 2026-03-16 09:00 tier=1 provider=CDK category=auth
  03-16 13:00 tier=2
  03-16 14:00 comment="looking" by=int-1
SUP-11 created 2026-03-16 09:00 tier=1 provider=CDK category=auth
  03-16 10:00 tier=2 status="Waiting for dealer"
SUP-12 created 2026-03-16 09:00 tier=1 provider=CDK category=auth
  03-16 10:00 tier=2
  03-17 10:00 tier=3
SUP-13 created 2026-03-16 09:00 tier=1 provider=CDK category=auth
  03-16 10:00 tier=2
  03-17 10:00 status=Resolved
SUP-14 created 2026-03-16 09:00 tier=1 provider=MyKaarma category=auth dealer=Elm summary="all red, portal key"
  03-16 14:00 tier=2
  03-16 15:00 tier=3
  03-16 16:00 tier=2
SUP-15 created 2026-03-16 09:00 tier=2 provider=Dealer-FX category=auth dealer=Ash summary="there is a quota at the store"
SUP-16 created 2026-03-16 09:00 tier=1 provider=Dealer-FX category=auth dealer=Ash summary="once more there is a quota at the store"
  03-16 15:00 tier=2
"""
QUEUE = """
    select ticket_key, why_now, waiting_on, round(hours_left), coalesce(verdict, '-'), runbook_id, is_tag_unsure, next_step
    from mart.queue order by place
"""
EXPECTED = """
SUP-1 overdue provider -2 justified - no Chase the provider: its normal time is over.
SUP-2 soon_overdue provider 10 justified - no Ask the provider now: its normal time is over within a day.
SUP-3 top_priority tier2 - justified - no Take it up: nobody has done so yet.
SUP-4 push_back tier2 - should_have_handled RB-KEY yes Push it back with runbook RB-KEY.
SUP-5 push_back tier2 - should_have_handled - no Push it back with the evidence.
SUP-7 incomplete tier2 - incomplete - no Ask OPS: It does not tell which appointment.
SUP-14 incomplete tier2 - incomplete RB-KEY no Ask OPS: It does not tell which appointment.
SUP-16 incomplete tier2 - incomplete - no Put it together with SUP-15: the same failure of this dealer was with Tier 2 already.
SUP-15 ours tier2 - justified - no Take it up: nobody has done so yet.
SUP-6 ours tier2 - should_have_handled RB-KEY yes Try runbook RB-KEY.
SUP-9 ours tier2 - justified - no Take it up: nobody has done so yet.
SUP-10 ours tier2 - justified - no Go on with it.
SUP-8 waiting ops - incomplete - no Waits for OPS.
SUP-11 waiting dealer - justified - no Waits for the dealer; ask again if nobody wrote lately.
SUP-12 waiting tier3 - justified - no Ask Tier 3 how far it is.
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("queue")
    criteria = house(folder / "criteria")
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        load_into(warehouse, folder, issues(STORY), criteria)
        tag(warehouse, criteria, None, "run", NOW)
        judge(warehouse, criteria, "run", NOW, likeness_by_hand(STORY))
        measure(warehouse, criteria, NOW)
    return Settings(home=folder)


@pytest.fixture
def warehouse(desk: Settings) -> Iterator[Warehouse]:
    with Warehouse.open(desk.warehouse_file) as opened:
        yield opened


def test_the_queue_by_eye(warehouse: Warehouse) -> None:
    assert table(warehouse, QUEUE) == lines(EXPECTED)


def test_the_queue_is_every_open_escalation_once(warehouse: Warehouse) -> None:
    open_now = "select issue_id, escalation_no from mart.open_escalations order by all"
    assert warehouse.rows("select issue_id, escalation_no from mart.queue order by all") == warehouse.rows(open_now)
    places = [place for (place,) in warehouse.rows("select place from mart.queue order by 1")]
    assert places == list(range(1, len(places) + 1))


def test_the_queue_as_a_person_reads_it(desk: Settings) -> None:
    told = list(queue_lines(open_queue(desk)))
    assert told[9:12] == [
        "4. SUP-4: portal key",
        "   OPS should have handled it: Push it back with runbook RB-KEY.",
        "   no provider, auth (unsure); open 20 working hours, held by tier2; verdict should have handled (runbook); "
        "runbook RB-KEY",
    ]
    assert told[-1] == "15 open"
    assert not any(person in line for line in told for person in ("ops-1", "int-1"))
    assert list(queue_lines([])) == ["no escalation is open"]


def test_before_anything_was_reported_it_says_so(tmp_path: Path) -> None:
    with Warehouse.open(tmp_path / "warehouse.duckdb"):
        pass
    with pytest.raises(InputError, match="nothing was reported yet; run `escalations report` first"):
        open_queue(Settings(home=tmp_path))
