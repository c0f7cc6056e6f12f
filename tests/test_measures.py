"""The weekly numbers: what they count, their bounds, the weeks they pool, and that they add up."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from stories import bare_criteria, lines, table, warehouse_of

from analysis.errors import InputError
from analysis.measure import measure, reconcile
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
# Weeks of 03-02 (SUP-1 to 6), 03-09 (none), 03-16 (SUP-7). SUP-2 and SUP-6 should have stayed with OPS.
STORY = """
SUP-1 created 2026-03-02 08:00 tier=1 provider=Tekion category=auth
  03-02 09:00 tier=2
  03-03 09:00 status=Resolved
SUP-2 created 2026-03-02 08:00 tier=1 provider=Tekion category=auth summary="portal key"
  03-02 09:00 tier=2
  03-03 09:00 status=Resolved
SUP-3 created 2026-03-02 08:00 tier=1 provider=CDK category=webhook
  03-02 09:00 tier=3
  03-04 09:00 status=Resolved
SUP-4 created 2026-03-02 08:00 tier=2
  03-17 09:00 status=Resolved
SUP-5 created 2026-03-02 08:00 tier=1 provider=CDK
  03-02 09:00 tier=2
  03-03 09:00 status=Closed resolution=Cancelled
SUP-6 created 2026-03-02 08:00 tier=1 provider=CDK summary="portal key"
  03-08 23:00 tier=2
SUP-7 created 2026-03-16 08:00 tier=2 provider=CDK
"""


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return bare_criteria(tmp_path_factory.mktemp("criteria") / "criteria", **{"runbooks/RB-KEY__md": RUNBOOK})


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Iterator[Warehouse]:
    with warehouse_of(STORY, tmp_path_factory.mktemp("measures"), criteria, as_of="2026-03-23 00:00") as opened:
        yield opened


def shares(warehouse: Warehouse, measure: str, variant: str) -> str:
    where = f"measure = '{measure}' and variant = '{variant}' and statistic = 'share' and group_key = 'all'"
    columns = "week, numerator, denominator, n_pending, n_weeks_pooled"
    return table(warehouse, f"select {columns} from mart.measures where {where} order by week")


def test_resolved_without_tier3_by_week_of_resolution(warehouse: Warehouse) -> None:
    """SUP-1, 2 and 3, then SUP-4; windows widen to 26 weeks, for there are never 20."""
    assert shares(warehouse, "resolution_without_tier3", "by_resolution_week") == lines(
        """
        2026-03-02 2 3 0 1
        2026-03-09 0 0 0 1
        2026-03-16 1 1 0 1
        """
    )
    assert shares(warehouse, "resolution_without_tier3", "by_resolution") == lines(
        """
        2026-03-02 2 3 0 26
        2026-03-09 2 3 0 26
        2026-03-16 3 4 0 26
        """
    )


def test_without_what_ops_should_have_handled(warehouse: Warehouse) -> None:
    assert shares(warehouse, "resolution_without_tier3", "without_avoidable_week") == lines(
        """
        2026-03-02 1 2 0 1
        2026-03-09 0 0 0 1
        2026-03-16 1 1 0 1
        """
    )


def test_the_cohort_waits_for_open_tickets(warehouse: Warehouse) -> None:
    """Of the first week SUP-6 is open; SUP-5 is excluded; SUP-7 is open."""
    assert shares(warehouse, "resolution_without_tier3", "cohort_week") == lines(
        """
        2026-03-02 3 4 1 1
        2026-03-09 0 0 0 1
        2026-03-16 0 0 1 1
        """
    )


def test_what_ops_should_have_handled_counts_only_what_came_through_ops(warehouse: Warehouse) -> None:
    """SUP-1, 2 and 6; SUP-3 skipped, SUP-4 was born at Tier 2, SUP-5 is excluded."""
    assert shares(warehouse, "ops_should_have_handled", "claimed_week").splitlines()[0] == "2026-03-02 2 3 0 1"
    named = (
        "select numerator, denominator, value, n_weeks_pooled from mart.measures where group_key = 'criterion:runbook'"
    )
    assert table(warehouse, f"{named} and variant = 'claimed_week' and week = '2026-03-02'") == "2 2 1 1"


def test_counts(warehouse: Warehouse) -> None:
    query = """
        select week, measure, value, n from mart.measures
        where statistic = 'count' and group_key = 'all' and measure in ('volume', 'tier3_touches', 'backlog_age')
        order by 2, 1
    """
    assert table(warehouse, query) == lines(
        """
        2026-03-02 backlog_age 2 2
        2026-03-09 backlog_age 2 2
        2026-03-16 backlog_age 2 2
        2026-03-02 tier3_touches 1 1
        2026-03-09 tier3_touches 0 0
        2026-03-16 tier3_touches 0 0
        2026-03-02 volume 6 6
        2026-03-09 volume 0 0
        2026-03-16 volume 1 1
        """
    )


def test_ages_of_the_backlog_in_days(warehouse: Warehouse) -> None:
    """At the end of the first week SUP-4 was 6 days and 16 hours old, SUP-6 one hour; excluded ones are left out."""
    query = "select statistic, round(value, 3) from mart.measures where measure = 'backlog_age' and group_key = 'all'"
    assert table(warehouse, f"{query} and week = '2026-03-02' and statistic <> 'count' order by 1") == lines(
        "median 3.354\np90 6.004"
    )


def test_wilson_bounds(warehouse: Warehouse) -> None:
    """3 of 4: centre (0.75 + 0.4802) / 1.9604, half width 1.96 · 0.3270 / 1.9604."""
    query = "select value, round(low, 4), round(high, 4), is_too_few from mart.measures where variant = 'by_resolution'"
    share = f"{query} and statistic = 'share' and measure = 'resolution_without_tier3' and week = '2026-03-16'"
    assert table(warehouse, f"{share} and group_key = 'all'") == "0.75 0.3006 0.9544 yes"
    assert table(warehouse, f"{share} and group_key = 'provider:tekion'") == "1 0.3424 1 yes"
    assert table(warehouse, f"{share} and group_key = 'provider:cdk'") == "0 0 0.7935 yes"


def test_an_empty_week_has_no_value(warehouse: Warehouse) -> None:
    query = (
        "select distinct value, low, high, n from mart.measures where variant = 'cohort_week' and week = '2026-03-09'"
    )
    assert table(warehouse, query) == "- - - 0"


def test_every_number_lists_the_tickets_it_counts(warehouse: Warehouse) -> None:
    query = """
        select m.week, m.measure, m.variant, m.statistic, m.group_key, m.n, m.numerator, m.n_pending,
            count(t.issue_id) filter (not t.is_pending), count(t.issue_id) filter (t.in_numerator and not t.is_pending),
            count(t.issue_id) filter (t.is_pending)
        from mart.measures m left join mart.measure_tickets t using (week, measure, variant, statistic, group_key)
        group by all
    """
    rows = warehouse.rows(query)
    assert len(rows) > 100
    assert [row for row in rows if row[5:8] != row[8:11]] == []


def test_a_week_that_is_not_over_is_refused(warehouse: Warehouse, criteria: Criteria) -> None:
    with pytest.raises(
        InputError, match="2026-W12 is not over at 2026-03-22 23:59 UTC; the last complete one is 2026-W11"
    ):
        measure(warehouse, criteria, datetime(2026, 3, 22, 23, 59), date(2026, 3, 16))
    assert warehouse.value("select week from core.clock") == date(2026, 3, 16)


TAMPERED = {
    "numerator exceeds": "numerator = denominator + 1 where statistic = 'share' and n = 3",
    "providers do not add up": "n = n + 1 where group_key = 'provider:cdk' and variant like '%_week'",
    "other tickets than it lists": "n = n + 1 where variant = 'cohort' and week = '2026-03-16'",
}


@pytest.mark.parametrize("what", TAMPERED)
def test_numbers_that_do_not_reconcile_are_a_bug(what: str, warehouse: Warehouse) -> None:
    reconcile(warehouse)
    warehouse.execute("begin")
    warehouse.execute(f"update mart.measures set {TAMPERED[what]}")
    with pytest.raises(RuntimeError, match=what):
        reconcile(warehouse)
    warehouse.execute("rollback")


def test_windows_widen_until_twenty_are_counted(tmp_path: Path) -> None:
    """One resolved each week for 20 weeks, then five each week."""
    monday, story, number = datetime(2026, 1, 5, 9), "", 0
    for week, count in enumerate([1] * 20 + [5] * 4):
        at = monday + timedelta(weeks=week)
        for _ in range(count):
            number += 1
            story += f"SUP-{number} created {at:%Y-%m-%d %H:%M} tier=2\n  {at:%m-%d} 15:00 status=Resolved\n"
    query = """
        select (week - date '2026-01-05') // 7 + 1 as week_no, denominator, n_weeks_pooled, is_too_few
        from mart.measures
        where measure = 'resolution_without_tier3' and variant = 'by_resolution' and statistic = 'share' and group_key = 'all'
            and week_no in (1, 12, 19, 20, 21, 22, 24)
        order by 1
    """
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria")) as pooled:
        assert table(pooled, query) == lines(
            """
            1 1 26 yes
            12 12 26 yes
            19 19 26 yes
            20 20 26 no
            21 25 26 no
            22 21 13 no
            24 20 4 no
            """
        )
        assert shares(pooled, "repeats", "same_kind").splitlines()[23] == "2026-06-15 0 20 0 4"


def test_no_escalation_at_all(tmp_path: Path) -> None:
    story = "SUP-1 created 2026-03-02 09:00 tier=1"
    query = """
        select week, statistic, sum(n), sum(numerator), sum(value), max(high) from mart.measures
        group by 1, 2 order by 1, 2
    """
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria")) as quiet:
        assert table(quiet, query) == lines(
            """
            2026-03-02 count 0 0 0 -
            2026-03-02 median 0 0 - -
            2026-03-02 p90 0 0 - -
            2026-03-02 rate 0 0 - -
            2026-03-02 share 0 0 - -
            2026-03-02 sum 0 0 - -
            """
        )
        assert table(quiet, "select count(*) from mart.measure_tickets") == "0"
