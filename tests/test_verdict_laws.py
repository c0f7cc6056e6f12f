"""Laws of verdicts: what came later changes nothing that was known then; whenever it is learned of, the same comes out."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from stories import issues, load_into, open_warehouse, table
from test_criteria import AS_SOLVED, CRITERIA, SOLVED, house
from test_families import likeness_by_hand

from analysis.judge import judge
from analysis.likeness import Likeness
from analysis.tag import tag
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines.normalise.asof import as_of

# Each criterion has its ticket; all escalate at ten on March 12th.
BEFORE = """
SUP-1 solved 2026-02-02 Tekion lock
SUP-2 solved 2026-02-09 Tekion lock
SUP-3 solved 2026-02-16 Tekion lock
SUP-4 created 2026-03-12 09:00 tier=1 provider=Tekion category=auth summary="once more there is a lock at the store"
  03-12 10:00 tier=2
SUP-5 created 2026-03-10 09:00 tier=2 provider=Dealer-FX category=auth dealer=Ash summary="there is a quota at the store"
SUP-6 created 2026-03-12 09:00 tier=1 provider=Dealer-FX category=auth dealer=Ash summary="once more there is a quota at the store"
  03-12 10:00 tier=2
SUP-7 created 2026-03-12 09:00 tier=1 category=auth summary="portal key"
  03-12 10:00 tier=2
SUP-8 created 2026-03-12 09:00 tier=1 summary="How do I invite her"
  03-12 10:00 tier=2
SUP-9 created 2026-03-12 09:00 tier=1 provider=MyKaarma category=auth summary="all red" dealer=Birch
  03-12 10:00 tier=2
SUP-10 created 2026-03-12 09:00 tier=1 provider=MyKaarma category=auth summary="all red, portal key"
  03-12 10:00 tier=2
SUP-11 created 2026-03-12 09:00 tier=1 summary="it is slow" labels="provider:tekion"
  03-12 10:00 tier=2
SUP-12 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-11T10:00:00.000+0000
  03-12 10:00 tier=2
SUP-13 created 2026-03-12 08:00 tier=2 provider=CDK category=provider_outage dealer=Elm
SUP-14 created 2026-03-12 08:00 tier=2 provider=CDK category=provider_outage dealer=Fir
SUP-15 created 2026-03-12 09:00 tier=1 provider=CDK category=auth dealer=Cedar summary="portal key"
  03-12 10:00 tier=2
"""
VERDICTS_THEN = """
1004 should_have_handled solved-before
1005 justified -
1006 incomplete already-open
1007 should_have_handled runbook
1008 should_have_handled question
1009 incomplete information
1010 should_have_handled runbook
1011 justified -
1012 should_have_handled normal-delay
1013 justified -
1014 justified -
1015 justified runbook
"""
LATER = [
    "tier=1", "tier=2", "tier=3", "status=Resolved resolution=Done", "status=Resolved resolution=Duplicate",
    "status=Doing resolution=", "resolution=Duplicate", "priority=Highest", "comment='It is appointment 12' by=ops-1",
    "comment='the lock was put right' by=eng-1", "summary='there is a token at the store'", "summary='portal key'",
    "summary='How do I do it'", "description='HTTP 403, RO 4711'", "provider=CDK by=int-1", "provider=Tekion",
    "provider= category=", "category=how_to by=int-1", "category=provider_outage", "category=setup_delay",
    "requested_at=2026-03-12T08:00:00.000+0000", "requested_at=", "runbook_used=RB-KEY", "ops_blocked_by=Login",
    "assignee=eng-1", "link=Escalation>PENG-1", "dealer=Ash", "dealer=Cedar", "dealer=", "labels=provider:cdk by=int-1",
    "labels='category:how_to provider:tekion' by=int-1", "labels= by=int-1",
]  # fmt: skip
NEW = [
    "tier=2 provider=Tekion category=auth summary='once more there is a lock at the store' dealer=Ash",
    "tier=2 provider=CDK category=provider_outage dealer=Gum",
    "tier=2 provider=Dealer-FX category=auth dealer=Ash summary='once more there is a quota at the store'",
    "tier=1 provider=Tekion category=auth summary='once more there is a lock at the store'",
]
THEN = """
    select v.issue_id, v.verdict_at_escalation, v.criterion_id
    from core.verdicts v join core.escalations e using (issue_id, escalation_no)
    where e.escalated_at <= timestamp '2026-03-12 10:00' order by 1
"""
FACTS_THEN = """
    select f.* from core.facts_known f join core.escalations e using (issue_id, escalation_no)
    where e.escalated_at <= timestamp '2026-03-12 10:00' order by all
"""
ALL = ("from core.verdicts order by all", "from core.facts_known order by all", "from core.known_alike order by all")
SOFTER = {("should_have_handled", "justified"), ("should_have_handled", "incomplete"), ("unclear", "justified")}
DELAY = '[[criterion]]\nid = "normal-delay"\ntitle = "Inside."\nversion = 1\neffective_from = 2026-01-01\ntest = "normal_delay"\n'
END = datetime(2026, 8, 1)
FEW = settings(max_examples=5, deadline=None, database=None, phases=(Phase.generate,))


def desk(later: list[list[str]], new: list[str]) -> str:
    """The tickets with what happened to each from March 12th, 11 o'clock, on, days apart; and those that came later."""
    blocks = SOLVED.sub(AS_SOLVED, BEFORE).strip().split("\nSUP-")
    told = [
        block + "".join(f"\n  {_later(n, place):%m-%d %H:%M} {words}" for place, words in enumerate(edits))
        for n, (block, edits) in enumerate(zip(blocks, later, strict=True))
    ]
    more = [f"SUP-{16 + n} created 2026-04-{n + 1:02} 09:00 {words}" for n, words in enumerate(new)]
    return "\n".join(["\nSUP-".join(told), *more, "PENG-1 created 2026-03-01 09:00 assignee=eng-1"])


def _later(ticket: int, place: int) -> datetime:
    return datetime(2026, 3, 12, 11) + timedelta(days=9 * place, minutes=ticket)


class Desk:
    """A warehouse to which what had happened by a moment is loaded, in any order, and judged."""

    def __init__(self, warehouse: Warehouse, folder: Path, criteria: Criteria, likeness: Likeness) -> None:
        self.warehouse, self.folder, self.criteria, self.likeness = warehouse, folder, criteria, likeness

    def bring_up(self, found: list[dict[str, Any]], until: datetime, seed: int = 0) -> None:
        past = [one for issue in found if (one := as_of(issue, until)) is not None]
        random.Random(seed).shuffle(past)  # noqa: S311
        load_into(self.warehouse, self.folder, past, self.criteria)
        tag(self.warehouse, self.criteria, None, "run", until)
        judge(self.warehouse, self.criteria, "run", until, self.likeness)


DeskOf = Callable[[Warehouse, Path], Desk]


@pytest.fixture(scope="module")
def desk_of(tmp_path_factory: pytest.TempPathFactory) -> DeskOf:
    folder = tmp_path_factory.mktemp("laws") / "criteria"
    criteria = house(folder, escalation_criteria__toml=CRITERIA + DELAY)
    likeness = likeness_by_hand(BEFORE + " ".join((*LATER, *NEW)) + AS_SOLVED)
    return lambda warehouse, folder: Desk(warehouse, folder, criteria, likeness)


@FEW
@given(
    st.lists(st.lists(st.sampled_from(LATER), max_size=5), min_size=15, max_size=15),
    st.lists(st.sampled_from(NEW), max_size=4),
    st.lists(st.integers(1, 60), min_size=1, max_size=2, unique=True),
)
def test_whatever_comes_later_and_whenever_it_is_learned_of(
    tmp_path_factory: pytest.TempPathFactory,
    desk_of: DeskOf,
    later: list[list[str]],
    new: list[str],
    days: list[int],
) -> None:
    folder, found = tmp_path_factory.mktemp("later"), issues(desk(later, new))
    with open_warehouse(folder / "growing.duckdb") as warehouse:
        growing = desk_of(warehouse, folder / "growing")
        growing.bring_up(found, datetime(2026, 3, 12, 10, 30))
        assert table(warehouse, THEN) == VERDICTS_THEN.strip()
        known_then = table(warehouse, FACTS_THEN)
        for day in sorted(days):
            growing.bring_up(found, datetime(2026, 3, 12, 12) + timedelta(days=day), seed=day)
        growing.bring_up(found, END, seed=1)
        assert table(warehouse, THEN) == VERDICTS_THEN.strip()
        assert table(warehouse, FACTS_THEN) == known_then
        turned = warehouse.rows("select verdict_at_escalation, verdict, softened_by from core.verdicts")
        assert {(then, now) for then, now, _ in turned if then != now} <= SOFTER
        assert all(why for then, now, why in turned if then != now)
        grown = [table(warehouse, query) for query in ALL]
    with open_warehouse(folder / "one_go.duckdb") as warehouse:
        desk_of(warehouse, folder / "one_go").bring_up(found, END, seed=2)
        assert [table(warehouse, query) for query in ALL] == grown
