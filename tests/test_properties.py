"""What holds for every desk: loading in parts is loading at once, order does not matter, stays tile a ticket's life."""

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from stories import SITE, bare_criteria, derive, issues, load_into, open_warehouse

from analysis.table_files import table_files
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse

START, END = datetime(2026, 1, 5, 9), datetime(2026, 6, 1)
RUNBOOK = """---
id: RB-KEY
title: Renew the portal key
audience: ops
published: 2025-01-01
announced: 2025-01-01
applies_when: ['portal key']
---
"""
MORE_TIERS = """[[tier.source]]
kind = "component"
values = { "Engine" = 3, "Desk" = 1 }
[[tier.source]]
kind = "assignee"
[tier3]"""
HEADS = ["tier=1", "tier=2", "tier=3", "", "component=Desk", "assignee=ops-1"]
ABOUT = [
    "dealer=Cedar provider=Tekion category=auth",
    "dealer='Blue Mesa' provider=CDK category=configuration summary='portal key'",
    "dealer='cedar ridge' provider=Tekion category=auth summary='portal key'",
    "provider=Tekion category=setup_delay requested_at=2026-01-05T08:00:00.000+0000",
    "dealer=Cedar",
]
STEPS = [
    "tier=1", "tier=2", "tier=2", "tier=3", "tier=", "status=Resolved resolution=Done",
    "status=Resolved resolution=Done", "status=Closed resolution=Duplicate", "status=Closed resolution=Cancelled",
    "status=Doing resolution=", "status='Waiting for provider'", "status='Waiting for dealer'", "status=Odd",
    "assignee=int-1", "assignee=eng-1", "assignee=", "component='Desk Engine'", "component=Engine", "component=",
    "priority=Highest", "runbook_used=RB-KEY", "summary=changed", "provider=CDK", "category=auth", "dealer=Cedar",
    "dealer=", "comment=hello by=eng-1", "comment=hello by=int-1", "worklog=3 by=int-1", "moved_from=OLD-7", "labels=escalation-action",
    "link=Escalation>PENG-1", "link=Escalation>PENG-2", "link=Duplicate>{earlier}",
]  # fmt: skip
HOURS = st.sampled_from([0, 0, 1, 5, 24, 24 * 3, 24 * 15, 24 * 30])
TICKET = st.tuples(
    st.integers(0, 60),
    st.sampled_from(HEADS),
    st.sampled_from(ABOUT),
    st.lists(st.tuples(HOURS, st.sampled_from(STEPS)), max_size=8),
)
QUICK = settings(deadline=None, database=None, phases=(Phase.generate,))  # shrinking would load hundreds of warehouses
DESKS = st.lists(TICKET, min_size=2, max_size=7)
Desk = list[tuple[int, str, str, list[tuple[int, str]]]]


def story_of(desk: Desk, until: datetime = END) -> str:
    """The desk as a story, as it stood at `until`; ids do not depend on it."""
    text = ""
    engineering = [(0, "assignee=int-1", "", []), (0, "", "", [(24 * 20, "assignee=eng-1")])]
    tickets = [(f"PENG-{n}", *ticket) for n, ticket in enumerate(engineering, 1)]
    tickets += [(f"SUP-{n}", *ticket) for n, ticket in enumerate(sorted(desk, key=lambda one: one[0]), 1)]
    for n, (key, day, head, about, steps) in enumerate(tickets):
        at = START + timedelta(days=day)
        text += f"{key} created {at:%Y-%m-%d %H:%M} {head} {about}\n" if at <= until else ""
        for hours, words in steps:
            at += timedelta(hours=hours)
            told = words.replace("{earlier}", tickets[max(2, n - 1)][0])
            if at <= until and key not in told:
                text += f"  {at:%m-%d %H:%M} {told}\n"
    return text


def rows(warehouse: Warehouse, *schemas: str, without: tuple[str, ...] = ("core.builds",)) -> dict[str, list[str]]:
    names = [name for name, table in table_files().items() if table.schema in schemas and name not in without]
    return {name: sorted(map(repr, warehouse.rows(f"select * from {name}"))) for name in names if warehouse.has(name)}


def loaded(folder: Path, criteria: Criteria, *parts: list[dict[str, Any]]) -> dict[str, list[str]]:
    """The rows of core and the measures after loading the parts one after the other."""
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        for part in parts:
            load_into(warehouse, folder, part, criteria)
            derive(warehouse, criteria, END)
        return rows(warehouse, "core") | {"measures": sorted(map(repr, warehouse.rows("select * from mart.measures")))}


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    site = SITE.replace("[tier3]", MORE_TIERS)
    return bare_criteria(
        tmp_path_factory.mktemp("criteria") / "criteria", site__toml=site, **{"runbooks/RB-KEY__md": RUNBOOK}
    )


def same(left: dict[str, list[str]], right: dict[str, list[str]]) -> None:
    assert left.keys() == right.keys()
    for name in left:
        assert left[name] == right[name], name


@settings(QUICK, max_examples=8)
@given(desk=DESKS, cuts=st.lists(st.integers(1, 140), min_size=1, max_size=3))
def test_loading_in_parts_is_loading_at_once(
    tmp_path_factory: pytest.TempPathFactory, criteria: Criteria, desk: Desk, cuts: list[int]
) -> None:
    """Each part holds the issues that changed since the one before."""
    folder = tmp_path_factory.mktemp("parts")
    before: dict[str, Any] = {}
    parts = []
    for until in [*(START + timedelta(days=cut) for cut in sorted(cuts)), END]:
        now = {issue["id"]: issue for issue in issues(story_of(desk, until))}
        parts.append([issue for ident, issue in now.items() if before.get(ident) != issue])
        before = now
    whole = loaded(folder / "whole", criteria, issues(story_of(desk)))
    same(loaded(folder / "parts", criteria, *(part for part in parts if part)), whole)


@settings(QUICK, max_examples=5)
@given(desk=DESKS, seed=st.integers(0, 1000))
def test_order_of_issues_and_histories_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, criteria: Criteria, desk: Desk, seed: int
) -> None:
    folder, rng = tmp_path_factory.mktemp("order"), random.Random(seed)  # noqa: S311
    shuffled = issues(story_of(desk))
    rng.shuffle(shuffled)
    for issue in shuffled:
        for listed in (
            issue["changelog"]["histories"],
            issue["fields"]["issuelinks"],
            issue["fields"]["comment"]["comments"],
        ):
            rng.shuffle(listed)
    same(loaded(folder / "shuffled", criteria, shuffled), loaded(folder / "told", criteria, issues(story_of(desk))))


GAPS = """
    with stay as (
        select s.*, lag(left_at) over life as before_left_at, row_number() over life as place,
            row_number() over (partition by {key} order by stay_no desc) as place_from_end
        from core.{table} s window life as (partition by {key} order by stay_no)
    )
    select {key}, stay_no from stay join core.tickets t using (issue_id)
    where entered_at <> case when place = 1 then t.created_at else before_left_at end
        or (place_from_end = 1) <> (left_at is null) or left_at < entered_at
"""
NOT_ONE_LIFE = """
    select issue_id from core.tickets t left join core.tier_stays s using (issue_id)
    group by issue_id having count(s.issue_id) = 0
    union all
    select issue_id
    from (select *, lag(tier) over (partition by issue_id order by stay_no) as before from core.tier_stays)
    where stay_no > 1 and tier is not distinct from before
"""


@settings(QUICK, max_examples=5)
@given(desk=DESKS)
def test_stays_tile_a_life_and_the_same_file_again_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, criteria: Criteria, desk: Desk
) -> None:
    folder = tmp_path_factory.mktemp("again")
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        seen = []
        for _ in range(2):
            load_into(warehouse, folder, issues(story_of(desk)), criteria)
            derive(warehouse, criteria, END)
            seen.append(rows(warehouse, "core", "mart", "state", "raw", without=("state.runs",)))
        for table, key in (("tier_stays", "issue_id"), ("status_stays", "issue_id"), ("field_stays", "issue_id, role")):
            assert warehouse.rows(GAPS.format(table=table, key=key)) == []
        assert warehouse.rows(NOT_ONE_LIFE) == []
    same(*seen)
