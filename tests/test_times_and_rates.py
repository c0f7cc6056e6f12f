"""Durations with open tickets censored, rates per dealer and head, waits, parties, and what a change comes from."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from scipy.stats import chi2
from stories import SITE, bare_criteria, lines, table, warehouse_of

from analysis.warehouse import Warehouse

DELAYS = "provider,step,starts,hours,effective_from\ntekion,review,requested_at,48,2020-01-01\n"
DEALERS = """dealer_id,name,aliases,provider,live_from,live_until
cedar,Cedar,,tekion,2026-01-01,
blue,Blue Mesa,,cdk,2026-03-12,
old,Old Mill,,cdk,2020-01-01,2026-03-02
silent,Silent,,cdk,,
"""
# Monday 2026-03-02 and the two weeks after it; the pages are as of Monday 03-23.
STORY = """
SUP-1 created 2026-03-02 08:00 tier=2 provider=Tekion dealer=Cedar
  03-02 10:00 assignee=int-1 by=ops-1
  03-02 11:00 status=Doing by=int-1
  03-02 18:00 status=Resolved by=int-1
SUP-2 created 2026-03-02 08:00 tier=1 provider=Tekion category=setup_delay dealer=Nobody
  03-03 08:00 tier=2 by=ops-1
  03-03 12:00 status="Waiting for provider" by=int-1
  03-06 12:00 status=Doing by=int-1
  03-07 08:00 status=Resolved by=int-1
SUP-3 created 2026-03-04 08:00 tier=2 provider=CDK
  03-05 08:00 comment="we look into it" by=int-1
  03-05 08:30 status="Waiting for provider" by=int-1
  03-06 10:00 comment="any news?" by=int-1
SUP-4 created 2026-03-09 08:00 tier=2 provider=CDK dealer=Cedar
  03-09 20:00 status=Resolved by=ops-1
SUP-5 created 2026-03-16 08:00 tier=3 provider=CDK dealer=Cedar
  03-17 08:00 status=Resolved by=eng-1
SUP-6 created 2026-03-09 08:00 tier=2 dealer=Cedar
  03-10 08:00 status=Resolved resolution=Cancelled
"""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("times")
    criteria = bare_criteria(folder / "criteria", dealers__csv=DEALERS, normal_delays__csv=DELAYS)
    with warehouse_of(STORY, folder, criteria, as_of="2026-03-23 00:00") as opened:
        yield opened


def told(warehouse: Warehouse, measure: str, columns: str, group: str = "all") -> str:
    query = f"select week, variant, statistic, {columns} from mart.measures where measure = ? and group_key = ? order by 1, 2, 3"
    return "\n".join(
        " ".join("-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value) for value in row)
        for row in warehouse.rows(query, [measure, group])
    )


def test_time_to_resolve_counts_what_is_open_as_far_as_it_has_come(warehouse: Warehouse) -> None:
    """First week: 10 h, 96 h, and SUP-3 open; its P90 nobody knows. With SUP-4: 10, 12, 96. With SUP-5: 10, 12, 24, 96."""
    found = [
        line for line in told(warehouse, "time_to_resolve", "n, n_pending, value").splitlines() if " hours " in line
    ]
    assert (
        found
        == lines(
            """
        2026-03-02 hours median 2 1 96
        2026-03-02 hours p90 2 1 -
        2026-03-09 hours median 3 1 12
        2026-03-09 hours p90 3 1 -
        2026-03-16 hours median 4 1 24
        2026-03-16 hours p90 4 1 -
        """
        ).splitlines()
    )


def test_time_to_resolve_in_working_hours(warehouse: Warehouse) -> None:
    """Work is 8 to 17: SUP-1 took 9 h, SUP-2 Tuesday to Friday 36 h."""
    where = "measure = 'time_to_resolve' and variant = 'working_hours' and group_key = 'all'"
    facts = table(
        warehouse,
        f"select k.ticket_key, value, is_pending from mart.facts join core.tickets k using (issue_id) where {where} order by 1",
    )
    assert facts == lines("SUP-1 9 no\nSUP-2 36 no\nSUP-3 117 yes\nSUP-4 9 no\nSUP-5 9 no")


def test_time_to_first_action(warehouse: Warehouse) -> None:
    """SUP-1: not when OPS assigned it but when Tier 2 took it. SUP-4 was closed by OPS, SUP-5 by Tier 3: nobody of Tier 2 acted."""
    where = "measure = 'time_to_first_action' and variant = 'hours' and group_key = 'all'"
    facts = table(
        warehouse,
        f"select k.ticket_key, value, is_pending from mart.facts join core.tickets k using (issue_id) where {where} order by 1",
    )
    assert facts == lines("SUP-1 3 no\nSUP-2 4 no\nSUP-3 24 no\nSUP-4 12 yes\nSUP-5 24 yes")


def test_waits_for_providers(warehouse: Warehouse) -> None:
    """SUP-2 waited 72 h of 48, without a word of ours; for SUP-3 no normal time is written down, and somebody asked."""
    query = """
        select variant, k.ticket_key, in_numerator from mart.facts join core.tickets k using (issue_id)
        where measure = 'waits' and group_key = 'all' order by all
    """
    assert table(warehouse, query) == lines("overdue SUP-2 yes\nwithout_contact SUP-2 yes\nwithout_contact SUP-3 no")


def test_dealers_that_nobody_knows(warehouse: Warehouse) -> None:
    found = [
        line
        for line in told(warehouse, "unmatched_dealers", "numerator, denominator").splitlines()
        if "2026-03-02" in line
    ]
    assert found == [
        "2026-03-02 unmatched share 1 3",
        "2026-03-02 unmatched_week share 1 3",
        "2026-03-02 unnamed share 1 3",
        "2026-03-02 unnamed_week share 1 3",
    ]


def test_exposure_counts_who_is_live_on_some_day_of_the_week(warehouse: Warehouse) -> None:
    """Old Mill left on the Monday that the first week begins with, Blue Mesa came on a Thursday; of Silent nothing is known."""
    query = "select week, group_key, n from mart.exposure where per = 'live_dealers' order by all"
    assert table(warehouse, query) == lines(
        """
        2026-03-02 all 1
        2026-03-02 provider:tekion 1
        2026-03-09 all 2
        2026-03-09 provider:cdk 1
        2026-03-09 provider:tekion 1
        2026-03-16 all 2
        2026-03-16 provider:cdk 1
        2026-03-16 provider:tekion 1
        """
    )
    assert warehouse.rows("select distinct n from mart.exposure where per = 'heads'") == [(1,)]


def test_rates_are_told_per_dealer_and_week(warehouse: Warehouse) -> None:
    """Three weeks with 1, 2 and 2 live dealers; six escalations, and one touch of Tier 3."""
    assert (
        told(warehouse, "volume_per_dealer", "numerator, denominator, value").splitlines()[-1]
        == "2026-03-16 escalations rate 6 5 1.2"
    )
    assert (
        told(warehouse, "tier3_touches_per_dealer", "numerator, denominator, value").splitlines()[-1]
        == "2026-03-16 by_resolution rate 1 5 20"
    )
    assert (
        told(warehouse, "volume_per_head", "numerator, denominator, value").splitlines()[-1]
        == "2026-03-16 escalations rate 6 3 2"
    )


def test_bounds_of_a_rate_are_close_to_the_exact_ones(warehouse: Warehouse) -> None:
    query = "select numerator, denominator, low, high from mart.measures where measure = 'volume_per_dealer' and denominator > 0"
    rows = warehouse.rows(query)
    assert {row[0] for row in rows} >= {1, 3, 6}
    for k, exposure, low, high in rows:
        assert low == pytest.approx(chi2.ppf(0.025, 2 * k) / 2 / exposure if k else 0, abs=0.02)
        assert high == pytest.approx(chi2.ppf(0.975, 2 * k + 2) / 2 / exposure, rel=0.02)


def test_hours_by_party_add_up(warehouse: Warehouse) -> None:
    query = """
        select k.ticket_key, party, hours, working_hours from mart.time_by_party join core.tickets k using (issue_id)
        where k.ticket_key in ('SUP-1', 'SUP-2') order by all
    """
    assert table(warehouse, query) == lines("SUP-1 ours 10 9\nSUP-2 ours 24 9\nSUP-2 provider 72 27")
    whole = """
        select count(*) from (
            select e.issue_id, e.escalation_no, epoch(coalesce(any_value(e.resolved_at), timestamp '2026-03-23') - any_value(e.escalated_at)) / 3600 as life,
                sum(p.hours) as parts, min(p.hours) as least
            from core.escalations e join mart.time_by_party p using (issue_id, escalation_no) group by all
        ) where abs(life - parts) > 1e-6 or least < 0
    """
    assert warehouse.value(whole) == 0


def test_competing_risks_count_what_is_open_as_far_as_it_has_come(warehouse: Warehouse) -> None:
    """Of five: SUP-5 was at Tier 3 at once; SUP-1 ended after 10 h, SUP-4 after 12 h, SUP-2 on the 4th day; SUP-3 is open since 19."""
    query = "select cause, days, value, n, n_open from mart.competing_risks where days in (1, 3, 7, 56) order by 1, 2"
    assert table(warehouse, query) == lines(
        """
        tier3 1 0.2 5 1
        tier3 3 0.2 5 1
        tier3 7 0.2 5 1
        tier3 56 0.2 5 1
        without_tier3 1 0.4 5 1
        without_tier3 3 0.4 5 1
        without_tier3 7 0.6 5 1
        without_tier3 56 0.6 5 1
        """
    )


def test_effort_of_a_week_is_what_its_tickets_took(warehouse: Warehouse) -> None:
    """SUP-1 from 10 to 17 on Monday, for nothing tells the category of Open; SUP-2 has no assignee."""
    assert (
        told(warehouse, "effort", "n, value").splitlines()[:2]
        == lines("2026-03-02 avoidable sum 0 -\n2026-03-02 spent sum 1 7").splitlines()
    )


# Weeks 1 to 4: eight easy ones and two hard ones, of which one touches Tier 3; then two easy ones and eight hard ones, four touch.
def bridge_story() -> str:
    found, number = [], 0
    for first, easy, hard, touching in ((datetime(2026, 3, 2), 8, 2, 1), (datetime(2026, 3, 30), 2, 8, 4)):
        for place in range(easy + hard):
            number += 1
            tier = 3 if place >= easy + hard - touching else 2
            words = "portal key" if place < easy else "something hard"
            found.append(f'SUP-{number} created {first:%Y-%m-%d} 08:00 tier=1 provider=Tekion summary="{words}"')
            found.append(f"  {first:%m-%d} 09:00 tier={tier}")
            found.append(f"  {first:%m-%d} 10:00 status=Resolved")
    return "\n".join(found)


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


def test_a_change_is_split_into_fewer_easy_ones_and_better_resolution(tmp_path: Path) -> None:
    """From 9 of 10 to 6 of 10. Easy: 1 then 1; hard: ½ then ½: all of it is the mix, from 8 to 2 easy ones of 10."""
    criteria = bare_criteria(tmp_path / "criteria", site__toml=SITE, **{"runbooks/RB-KEY__md": RUNBOOK})
    with warehouse_of(bridge_story(), tmp_path, criteria, as_of="2026-04-06 00:00") as opened:
        query = "select n_weeks_pooled, value_before, value, by_mix, by_resolution, touches_before, touches, is_better from mart.bridge where week = '2026-03-30'"
        whole = "select max(abs(value - value_before - by_mix - by_resolution)) from mart.bridge"
        assert opened.rows(query) == []  # all 26 weeks are pooled, and nothing was before them
        opened.execute(
            "update mart.measures set n_weeks_pooled = 4 where variant = 'by_resolution' and week = '2026-03-30'"
        )
        assert table(opened, query) == "4 0.9 0.6 -0.3 0 1 4 no"
        assert opened.value(whole) < 1e-9
