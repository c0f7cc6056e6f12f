"""The meeting's actions: from Jira and from CSV, and whether their targets became fewer."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from stories import SITE, bare_criteria, derive, issues, lines, load_into, open_warehouse, table

from analysis.actions import Action, actions, effects, store, take_over
from analysis.errors import InputError
from analysis.table_files import SQL
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines.action_lines import action_lines, import_actions, known_actions
from pipelines.csv_files import Imported
from pipelines.settings import Settings

AS_OF = datetime(2026, 6, 29, 8)  # a Monday; the reported week is that of 06-22
EVENTS = """
    select action_id, effective_at, status, target, decided_at, done_at from state.actions
    order by issue_id, event_id
"""
STATES = """
    select action_id, status, target, is_target_known, decided_at, done_at, source from mart.actions
    order by coalesce(issue_id, 9999), action_id
"""
EFFECTS = """
    select action_id, done_week, n_weeks_before, n_weeks_since, n_before, n_since, round(rate_ratio, 2), round(low, 2),
        round(high, 2), verdict
    from mart.action_effects order by action_id
"""


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return bare_criteria(tmp_path_factory.mktemp("criteria") / "criteria")


def told(
    warehouse: Warehouse, folder: Path, criteria: Criteria, story: str, now: datetime = AS_OF, spoil: Any = None
) -> int:
    """Load the story and take its actions over, as a run does."""
    found = issues(story)
    if spoil:
        spoil(found)
    load_into(warehouse, folder, found, criteria)
    n_events = take_over(warehouse, "run", now)
    derive(warehouse, criteria, AS_OF)
    return n_events


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    with open_warehouse(tmp_path / "warehouse.duckdb") as opened:
        yield opened


# -- actions in Jira -----------------------------------------------------------------------------------------

# open; done; reopened; done again; its target changed; cancelled; labelled later; labelled no more; moved; done as made
JIRA = """
SUP-1 created 2026-03-02 09:00 labels="escalation-action target:Tekion/Auth" summary="Renew the token"
SUP-2 created 2026-03-02 09:00 labels="escalation-action target:CDK_Global" type=Task
  03-10 12:00 status=Resolved resolution=Done
SUP-3 created 2026-03-02 09:00 labels="escalation-action target:/webhook"
  03-10 12:00 status=Resolved resolution=Done
  03-12 12:00 status=Doing resolution=
SUP-4 created 2026-03-02 09:00 labels="escalation-action target:cdk"
  03-10 12:00 status=Resolved
  03-12 12:00 status=Doing
  05-10 12:00 status=Closed
SUP-5 created 2026-03-02 09:00 labels=escalation-action
  03-05 09:00 labels="escalation-action target:cdk"
  03-06 09:00 labels="escalation-action target:cdk other"
  03-09 09:00 labels="escalation-action target:/web-hook other"
SUP-6 created 2026-03-02 09:00 labels="escalation-action target:cdk"
  03-11 12:00 status=Closed resolution=Cancelled
SUP-7 created 2026-03-02 09:00
  03-04 09:00 labels="Escalation-Action TARGET:xtime"
SUP-8 created 2026-03-02 09:00 labels=escalation-action
  03-04 09:00 labels=other
SUP-9 created 2026-03-02 09:00 labels="escalation-action target:cdk"
  03-06 09:00 moved_from=OLD-7
SUP-10 created 2026-03-02 09:00 labels="escalation-action target:cdk" status=Resolved
"""


def test_actions_in_jira_become_events_in_the_order_in_which_they_happened(
    warehouse: Warehouse, tmp_path: Path, criteria: Criteria
) -> None:
    n_events = told(warehouse, tmp_path, criteria, JIRA)
    expected = """
        SUP-1  03-02T09:00 open    Tekion/Auth 03-02T09:00 -
        SUP-2  03-02T09:00 open    CDK_Global  03-02T09:00 -
        SUP-2  03-10T12:00 done    CDK_Global  03-02T09:00 03-10T12:00
        SUP-3  03-02T09:00 open    /webhook    03-02T09:00 -
        SUP-3  03-10T12:00 done    /webhook    03-02T09:00 03-10T12:00
        SUP-3  03-12T12:00 open    /webhook    03-02T09:00 -
        SUP-4  03-02T09:00 open    cdk         03-02T09:00 -
        SUP-4  03-10T12:00 done    cdk         03-02T09:00 03-10T12:00
        SUP-4  03-12T12:00 open    cdk         03-02T09:00 -
        SUP-4  05-10T12:00 done    cdk         03-02T09:00 05-10T12:00
        SUP-5  03-02T09:00 open    -           03-02T09:00 -
        SUP-5  03-05T09:00 open    cdk         03-02T09:00 -
        SUP-5  03-09T09:00 open    /web-hook   03-02T09:00 -
        SUP-6  03-02T09:00 open    cdk         03-02T09:00 -
        SUP-6  03-11T12:00 dropped cdk         03-02T09:00 -
        SUP-7  03-04T09:00 open    xtime       03-02T09:00 -
        SUP-9  03-02T09:00 open    cdk         03-02T09:00 -
        SUP-10 03-02T09:00 done    cdk         03-02T09:00 03-02T09:00
    """
    assert table(warehouse, EVENTS) == lines(expected)
    assert n_events == len(lines(expected).splitlines())
    expected = """
        SUP-1  open    tekion/auth yes 03-02T09:00 -           jira
        SUP-2  done    cdk         yes 03-02T09:00 03-10T12:00 jira
        SUP-3  open    /webhook    yes 03-02T09:00 -           jira
        SUP-4  done    cdk         yes 03-02T09:00 05-10T12:00 jira
        SUP-5  open    /web-hook   no  03-02T09:00 -           jira
        SUP-6  dropped cdk         yes 03-02T09:00 -           jira
        SUP-7  open    xtime       yes 03-02T09:00 -           jira
        SUP-9  open    cdk         yes 03-02T09:00 -           jira
        SUP-10 done    cdk         yes 03-02T09:00 03-02T09:00 jira
    """
    assert table(warehouse, STATES) == lines(expected)


def test_what_was_taken_over_is_not_taken_over_again(warehouse: Warehouse, tmp_path: Path, criteria: Criteria) -> None:
    told(warehouse, tmp_path, criteria, JIRA)
    before = table(warehouse, EVENTS)
    assert take_over(warehouse, "later", AS_OF + timedelta(days=1)) == 0
    assert told(warehouse, tmp_path, criteria, JIRA) == 0
    assert table(warehouse, EVENTS) == before


@pytest.mark.parametrize("day", ["03-02 10:00", "03-04 10:00", "03-10 13:00", "03-30 00:00"])
def test_events_effective_by_a_moment_are_what_held_then(
    day: str, warehouse: Warehouse, tmp_path: Path, criteria: Criteria
) -> None:
    """Except of what was an action for a while that no run saw (SUP-8)."""
    told(warehouse, tmp_path, criteria, JIRA)
    query = """
        select action_id, status, target, done_at from state.actions where effective_at <= ?
        qualify row_number() over (partition by action_id order by event_id desc) = 1 order by action_id
    """
    by_events = warehouse.rows(query, [datetime.fromisoformat(f"2026-{day}")])
    cut = "".join(f"{line}\n" for line in JIRA.splitlines() if line.startswith("SUP") or line.strip()[:11] <= day)
    with open_warehouse(tmp_path / "then.duckdb") as then:
        told(then, tmp_path / "then", criteria, cut)
        assert by_events == [row for row in then.rows(query, [AS_OF]) if row[0] != "SUP-8"]


def test_an_issue_that_becomes_an_action_when_it_is_done_already(
    warehouse: Warehouse, tmp_path: Path, criteria: Criteria
) -> None:
    story = """
SUP-1 created 2026-03-02 09:00
  03-03 09:00 status=Resolved
  03-04 09:00 labels="target:cdk"
  03-05 09:00 labels="target:cdk escalation-action"
"""
    told(warehouse, tmp_path, criteria, story)
    assert table(warehouse, EVENTS) == "SUP-1 03-05T09:00 done cdk 03-02T09:00 03-03T09:00"


def test_actions_are_no_tickets(warehouse: Warehouse, tmp_path: Path, criteria: Criteria) -> None:
    told(warehouse, tmp_path, criteria, JIRA.replace("created 2026-03-02 09:00", "created 2026-03-02 09:00 tier=2"))
    counted = "select distinct ticket_key from core.tickets semi join core.escalations using (issue_id)"
    assert table(warehouse, counted) == "SUP-8"


GROWS = [
    # the story up to here, and what it adds to the events
    (
        'SUP-1 created 2026-03-02 09:00 labels="escalation-action target:cdk" summary=first',
        "SUP-1 03-02T09:00 open first cdk -",
    ),
    ("  03-10 12:00 status=Resolved", "SUP-1 03-10T12:00 done first cdk 03-10T12:00"),
    (
        "  03-11 12:00 status=Doing\n  03-12 12:00 status=Resolved",
        "SUP-1 03-11T12:00 open first cdk -\nSUP-1 03-12T12:00 done first cdk 03-12T12:00",
    ),
    ("  03-13 12:00 summary=second", "SUP-1 03-12T12:00 done second cdk 03-12T12:00"),
    ('  03-14 12:00 labels="escalation-action target:xtime"', "SUP-1 03-14T12:00 done second xtime 03-12T12:00"),
    ("  03-15 12:00 labels=", "SUP-1 03-15T12:00 dropped second xtime -"),
    ("  03-16 12:00 comment=hello", ""),
    (
        '  03-17 12:00 labels="escalation-action target:xtime"',
        "SUP-1 03-17T12:00 done second xtime 03-12T12:00",
    ),
]


def test_each_run_adds_what_happened_since(warehouse: Warehouse, tmp_path: Path, criteria: Criteria) -> None:
    story = ""
    for n, (more, added) in enumerate(GROWS):
        story += f"{more}\n"
        before = len(table(warehouse, "select event_id from state.actions").split())
        told(warehouse, tmp_path, criteria, story)
        query = "select action_id, effective_at, status, summary, target, done_at from state.actions order by event_id"
        assert table(warehouse, f"{query} offset {before}") == added, n


def test_an_action_whose_key_changes_is_the_same_action(
    warehouse: Warehouse, tmp_path: Path, criteria: Criteria
) -> None:
    story = 'SUP-1 created 2026-03-02 09:00 labels="escalation-action target:cdk"\n'
    told(warehouse, tmp_path, criteria, story)
    told(warehouse, tmp_path, criteria, story.replace("SUP-1", "OPS-7") + "  03-09 09:00 moved_from=SUP-1\n")
    assert table(warehouse, STATES) == "OPS-7 open cdk yes 03-02T09:00 - jira"
    assert [row["action_id"] for row in actions(warehouse)] == ["OPS-7"]


def test_an_action_that_is_deleted_is_dropped(warehouse: Warehouse, tmp_path: Path, criteria: Criteria) -> None:
    story = 'SUP-1 created 2026-03-02 09:00 labels="escalation-action target:cdk"\n'
    told(warehouse, tmp_path, criteria, story)
    at = datetime(2026, 4, 1, 9)
    event = {"run_id": "census", "recorded_at": at, "effective_at": at, "issue_id": 1001, "presence": "deleted"}
    warehouse.append_event("state.presence", event)
    warehouse.set_dirty(None)
    warehouse.build("load", full=True)
    assert take_over(warehouse, "run", AS_OF) == 1
    assert table(warehouse, f"{EVENTS} offset 1") == "SUP-1 04-01T09:00 dropped cdk 03-02T09:00 -"
    assert take_over(warehouse, "run", AS_OF) == 0


def test_another_label_in_site_toml(warehouse: Warehouse, tmp_path: Path, criteria: Criteria) -> None:
    """What carried the old one is no action any more from when that was seen, and is again when it is put back."""
    story = "SUP-1 created 2026-03-02 09:00 labels=escalation-action\nSUP-2 created 2026-03-02 09:00 labels=todo\n"
    other = bare_criteria(tmp_path / "other", site__toml=SITE.replace("escalation-action", "ToDo"))
    told(warehouse, tmp_path, criteria, story)
    told(warehouse, tmp_path, other, story)
    assert table(warehouse, STATES).splitlines() == [
        "SUP-1 dropped - no 03-02T09:00 - jira",
        "SUP-2 open - no 03-02T09:00 - jira",
    ]
    told(warehouse, tmp_path, criteria, story)
    assert table(warehouse, "select action_id, status, effective_at from state.actions order by event_id") == lines("""
        SUP-1 open    03-02T09:00
        SUP-2 open    03-02T09:00
        SUP-1 dropped 06-29T08:00
        SUP-1 open    03-02T09:00
        SUP-2 dropped 06-29T08:00
    """)


def test_without_a_changelog_jiras_own_date_tells(warehouse: Warehouse, tmp_path: Path, criteria: Criteria) -> None:
    story = """
SUP-1 created 2026-03-02 09:00 labels="escalation-action target:cdk"
  03-10 12:00 status=Resolved resolution=Done
SUP-2 created 2026-03-02 09:00 labels="escalation-action target:cdk"
  03-10 12:00 status=Resolved
SUP-3 created 2026-03-02 09:00 labels="escalation-action target:cdk"
"""

    def without_changelog(found: list[dict[str, Any]]) -> None:
        for issue in found:
            del issue["changelog"]

    told(warehouse, tmp_path, criteria, story, spoil=without_changelog)
    assert table(warehouse, "select action_id, status, done_at from mart.actions order by all") == lines("""
        SUP-1 done 03-10T12:00
        SUP-2 done -
        SUP-3 open -
    """)
    assert table(warehouse, "select action_id from mart.action_effects") == "SUP-1"
    text = "\n".join(action_lines(actions(warehouse), effects(warehouse)))
    assert "SUP-2, decided 2026-03-02: a ticket; target cdk; done, but Jira does not tell when\n" in text


# label | target, whether it is understood
TARGETS = """
target:Dealer-FX             | dealer_fx              | yes
target:dealer-fx/Web_hooks   | dealer-fx/Web_hooks    | no
target:XTIME/data-sync       | xtime/data_sync        | yes
target:tekion/               | tekion                 | yes
Target:/How_To               | /how_to                | yes
target:criterion:Runbook     | criterion:runbook      | yes
target:CRITERION:normal_delay| criterion:normal-delay | yes
target:criterion:toll        | criterion:toll         | no
target:dealer:cedar-ridge    | dealer:cedar           | yes
target:Dealer:CRM            | dealer:cedar           | yes
target:dealer:Nobody         | dealer:Nobody          | no
target:tesla                 | tesla                  | no
target:/                     | /                      | no
target:cdk target:xtime      | cdk, xtime             | no
target:                      | -                      | no
untargeted:cdk               | -                      | no
"""


def test_targets(warehouse: Warehouse, tmp_path: Path, criteria: Criteria) -> None:
    rows = [[cell.strip() for cell in line.split("|")] for line in TARGETS.strip().splitlines()]
    story = "\n".join(
        f'SUP-{n} created 2026-03-02 09:00 labels="escalation-action {labels}"' for n, (labels, *_) in enumerate(rows)
    )
    told(warehouse, tmp_path, criteria, story)
    found = table(warehouse, "select target, is_target_known from mart.actions order by issue_id").splitlines()
    assert dict(zip((row[0] for row in rows), found, strict=True)) == {row[0]: " ".join(row[1:]) for row in rows}


def test_a_target_is_understood_once_a_dealer_has_that_name(
    warehouse: Warehouse, tmp_path: Path, criteria: Criteria
) -> None:
    story = 'SUP-1 created 2026-03-02 09:00 labels="escalation-action target:dealer:red"\n'
    told(warehouse, tmp_path, criteria, story)
    assert table(warehouse, "select is_target_known, target from mart.actions") == "no dealer:red"
    more = "dealer_id,name,aliases,provider,live_from,live_until\nrock,Red Rock,Red,cdk,,\n"
    assert told(warehouse, tmp_path, bare_criteria(tmp_path / "more", dealers__csv=more), story) == 0
    assert table(warehouse, "select is_target_known, target from mart.actions") == "yes dealer:rock"


# -- effects -------------------------------------------------------------------------------------------------


def desk(text: str, hour: str = "12:00") -> str:
    """A story of tickets born at Tier 2: each line holds their words, then `|`, then the days on which they came."""
    told = [
        (day, words)
        for line in text.strip().splitlines()
        for words, _, days in [line.partition("|")]
        for day in days.split()
    ]
    stories = []
    for n, (day, words) in enumerate(told, 100):
        moment = day.replace("T", " ") if "T" in day else f"{day} {hour}"
        year = "" if moment.count("-") == 2 else "2026-"
        stories.append(f"SUP-{n} created {year}{moment} tier=2 {words.strip()}\n")
    return "".join(stories)


# Done on Wednesday 05-20: before are the weeks of 02-16 to 05-11, since those of 05-25 to 06-22.
DONE = """
SUP-1 created 2025-06-02 09:00 summary="the desk's first ticket"
SUP-2 created 2026-05-01 09:00 labels="escalation-action target:/auth" summary="Renew tokens in time"
  05-20 12:00 status=Resolved
SUP-3 created 2026-05-02 09:00 labels="escalation-action target:/webhook" summary="Subscribe anew"
  05-20 12:00 status=Resolved
SUP-4 created 2026-05-03 09:00 labels="escalation-action target:/data_sync" summary="Sync by night"
  05-20 12:00 status=Resolved
SUP-5 created 2026-05-04 09:00 labels="escalation-action target:/data_format" summary="Check ids"
  05-20 12:00 status=Resolved
SUP-6 created 2026-05-05 09:00 labels="escalation-action target:/rate_limit" summary="Cache it"
  06-03 12:00 status=Resolved
SUP-7 created 2026-05-06 09:00 labels="escalation-action target:tekion/auth" summary="Ask Tekion"
  05-20 12:00 status=Resolved
SUP-8 created 2026-05-07 09:00 labels="escalation-action target:dealer:blue" summary="Train Blue Mesa"
  05-20 12:00 status=Resolved
SUP-9 created 2026-05-08 09:00 labels="escalation-action target:scheduling" summary="What is that"
  05-20 12:00 status=Resolved
SUP-10 created 2026-05-09 09:00 labels="escalation-action target:/limitation" summary="Say so at kickoff"
  05-20 12:00 status=Resolved
SUP-11 created 2026-05-09 10:00 labels="escalation-action target:/how_to" summary="Write a page"
SUP-12 created 2026-05-10 10:00 labels=escalation-action summary="Think"
  06-28 23:00 status=Resolved
SUP-13 created 2026-05-11 10:00 labels="escalation-action target:/provider_outage" summary="Watch them"
  05-20 12:00 status=Closed resolution=Duplicate
"""
CAME = """
category=auth provider=Tekion | 02-18 02-25 03-04 03-11 03-18 03-25 04-01
category=auth provider=CDK    | 04-08 04-15 04-22 04-29 05-06 05-13 05-19
category=webhook              | 03-02 05-11 05-18 05-24 05-25 05-26 05-27 06-03 06-10 06-17 06-24 06-28
category=data_sync            | 02-15 02-16 03-02 03-09 03-16 04-01 05-17 05-22 06-29T07:00
category=data_format          | 03-02 03-09 05-17 05-25
category=rate_limit           | 03-02 03-03 03-04 03-05 03-06 03-07 06-08 06-15 06-22
category=limitation           | 05-25 05-26 05-27 06-01 06-22
category=scheduling dealer='Blue Mesa' | 03-02 03-09 03-16 06-01 06-08 06-15
"""
EXCLUDED = """
SUP-99 created 2026-06-01 09:00 tier=2 category=auth provider=Tekion
  06-01 12:00 status=Closed resolution=Duplicate
"""


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("done")
    with open_warehouse(folder / "warehouse.duckdb") as opened:
        told(opened, folder, criteria, DONE + EXCLUDED + desk(CAME))
        yield opened


def test_effects(done: Warehouse) -> None:
    """13 weeks before, 5 since (of the one done in June 3, and its before begins on 03-02); ratio with bounds."""
    expected = """
        SUP-10 2026-05-18 13 5 0  5 -    3.38 -     more
        SUP-2  2026-05-18 13 5 13 0 0    0    0.77  fewer
        SUP-3  2026-05-18 13 5 2  8 10.4 2.5  43.27 more
        SUP-4  2026-05-18 13 5 6  0 0    0    1.66  no change seen
        SUP-5  2026-05-18 13 5 3  1 0.87 0.12 6.05  too early
        SUP-6  2026-06-01 13 3 6  3 2.17 0.59 7.9  too early
        SUP-7  2026-05-18 13 5 7  0 0    0    1.43  no change seen
        SUP-8  2026-05-18 13 5 3  3 2.6  0.6  11.26 no change seen
    """
    assert table(done, EFFECTS) == lines(expected)


def test_bounds_are_wilsons(done: Warehouse) -> None:
    rows = done.rows(
        "select n_before, n_since, n_weeks_before, n_weeks_since, rate_before, rate_since, rate_ratio, low, high "
        "from mart.action_effects"
    )
    assert len(rows) == 8
    for before, since, weeks_before, weeks_since, rate_before, rate_since, ratio, low, high in rows:
        bounds = binomtest(since, before + since).proportion_ci(0.95, "wilson")
        weeks = weeks_before / weeks_since
        assert low == pytest.approx(bounds.low / (1 - bounds.low) * weeks, abs=1e-9)
        assert (high is None) == (ratio is None) == (before == 0)
        if before:
            assert high == pytest.approx(bounds.high / (1 - bounds.high) * weeks)
            assert ratio == pytest.approx(rate_since / rate_before)


def test_actions_as_a_person_reads_them(done: Warehouse) -> None:
    expected = """
        SUP-13, decided 2026-05-11: Watch them; target /provider_outage; dropped
        SUP-12, decided 2026-05-10: Think; no target; done 2026-06-28
        SUP-11, decided 2026-05-09: Write a page; target /how_to; not done
        SUP-10, decided 2026-05-09: Say so at kickoff; target /limitation; done 2026-05-20; more: 0 in 13 weeks before, 5 in the 5 since (rate ratio at least 3.4)
        SUP-9, decided 2026-05-08: What is that; target not understood: scheduling; done 2026-05-20
        SUP-8, decided 2026-05-07: Train Blue Mesa; target dealer:blue; done 2026-05-20; no change seen: 3 in 13 weeks before, 3 in the 5 since (rate ratio 2.6, between 0.6 and 11)
        SUP-7, decided 2026-05-06: Ask Tekion; target tekion/auth; done 2026-05-20; no change seen: 7 in 13 weeks before, 0 in the 5 since (rate ratio 0, at most 1.4)
        SUP-6, decided 2026-05-05: Cache it; target /rate_limit; done 2026-06-03; too early: 3 whole weeks since
        SUP-5, decided 2026-05-04: Check ids; target /data_format; done 2026-05-20; too early: only 3 in 13 weeks before, 1 in the 5 since
        SUP-4, decided 2026-05-03: Sync by night; target /data_sync; done 2026-05-20; no change seen: 6 in 13 weeks before, 0 in the 5 since (rate ratio 0, at most 1.7)
        SUP-3, decided 2026-05-02: Subscribe anew; target /webhook; done 2026-05-20; more: 2 in 13 weeks before, 8 in the 5 since (rate ratio 10, between 2.5 and 43)
        SUP-2, decided 2026-05-01: Renew tokens in time; target /auth; done 2026-05-20; fewer: 13 in 13 weeks before, 0 in the 5 since (rate ratio 0, at most 0.77)
    """
    rows = actions(done)
    assert "\n".join(action_lines(rows, effects(done))) == lines(expected)
    assert list(action_lines(rows[::-1], effects(done))) == lines(expected).splitlines()


def test_no_actions() -> None:
    assert next(action_lines([], [])).startswith("no actions: give their issues in Jira a label")


# The same moments in two zones; in Los Angeles Monday begins at 08:00 UTC until 03-08, at 07:00 after it.
BOUNDARIES = """
category=auth | 02-15T23:59 02-16T00:00 05-17T23:59 05-18T00:00 05-24T23:59 05-25T00:00 06-28T23:59 06-29T00:00
category=webhook | 02-09T07:59 02-09T08:00 02-16T08:00 05-11T06:59 05-11T07:00 05-18T06:59 05-18T07:00 06-29T06:59 06-29T07:00
"""
ZONES = {
    # zone: of auth and of webhook: done in which week, escalations before and since
    "UTC": "2026-05-18 2 2\n2026-05-18 3 0",
    "America/Los_Angeles": "2026-05-11 2 4\n2026-05-11 3 2",
}


@pytest.mark.parametrize("zone", ZONES)
def test_weeks_begin_and_end_in_the_reporting_zone(zone: str, warehouse: Warehouse, tmp_path: Path) -> None:
    """An action done when Monday has begun in Greenwich but not on the Pacific, where it was done the week before."""
    known = bare_criteria(tmp_path / "criteria", site__toml=SITE.replace('"UTC"', f'"{zone}"'))
    story = "SUP-1 created 2025-06-02 09:00\n" + "".join(
        f'SUP-{n} created 2026-05-01 09:00 labels="escalation-action target:/{category}"\n  05-18 06:59 status=Resolved\n'
        for n, category in enumerate(("auth", "webhook"), 2)
    )
    told(warehouse, tmp_path, known, story + desk(BOUNDARIES))
    query = "select done_week, n_before, n_since from mart.action_effects order by action_id"
    assert table(warehouse, query) == ZONES[zone]


YOUNG = """
SUP-1 created 2026-04-08 09:00 summary="the desk's first ticket, on a Wednesday"
SUP-2 created 2026-05-01 09:00 labels="escalation-action target:/auth"
  {done} 12:00 status=Resolved
"""


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ("05-20", "too early: only 4 in 5 weeks before, 0 in the 5 since"),
        ("05-13", "too early: only 4 in 4 weeks before, 0 in the 6 since"),
        ("05-06", "too early: only 3 whole weeks of tickets before"),
    ],
)
def test_a_young_desk_has_fewer_weeks_before(
    done: str, expected: str, warehouse: Warehouse, tmp_path: Path, criteria: Criteria
) -> None:
    told(warehouse, tmp_path, criteria, YOUNG.format(done=done) + desk("category=auth | 04-12 04-13 04-14 04-15 04-16"))
    assert next(action_lines(actions(warehouse), effects(warehouse))).endswith(expected)


def test_a_criterion_counts_what_ops_should_have_handled(
    warehouse: Warehouse, tmp_path: Path, criteria: Criteria
) -> None:
    """Within Tekion's 48 hours it should have been handled; later it was right, so it is not counted."""
    asked = "requested_at={}T08:00:00.000+0000"
    story = """
SUP-1 created 2025-06-02 09:00
SUP-2 created 2026-05-01 09:00 labels="escalation-action target:criterion:normal-delay"
  05-20 12:00 status=Resolved
"""
    early = [f"2026-{day}" for day in ("03-02", "03-09", "03-16", "03-23", "06-01")]
    for n, day in enumerate(early, 3):
        story += f"SUP-{n} created {day} 09:00 tier=1 provider=Tekion category=setup_delay {asked.format(day)}\n"
        story += f"  {day[5:]} 10:00 tier=2\n"
    story += (
        f"SUP-20 created 2026-06-08 09:00 tier=1 provider=Tekion category=setup_delay {asked.format('2026-06-01')}\n"
    )
    story += "  06-08 10:00 tier=2\n" + desk("category=setup_delay provider=CDK | 03-02 06-03")
    told(warehouse, tmp_path, criteria, story)
    query = "select n_before, n_since, verdict from mart.action_effects"
    assert table(warehouse, query) == "4 1 no change seen"


def test_an_earlier_week_is_reported_as_it_was(done: Warehouse, tmp_path: Path) -> None:
    """The weeks since end with the reported one, whatever came after."""
    del tmp_path
    done.execute("update core.clock set week = date '2026-06-01'")
    try:
        query = "select n_weeks_before, n_weeks_since, n_before, n_since from mart.action_effects where action_id = "
        assert table(done, f"{query} 'SUP-3'") == "13 2 2 4"
        assert table(done, f"{query} 'SUP-6'") == "13 0 6 0"
    finally:
        done.execute("update core.clock set week = date '2026-06-22'")


# -- the counts are those that a plain loop finds ----------------------------------------------------------------

FIRST_TICKET = datetime(2025, 9, 17, 9)
ESCALATION = st.tuples(
    st.datetimes(datetime(2025, 9, 17, 9), datetime(2026, 6, 29, 8)),
    st.sampled_from(["tekion", "cdk", "untagged"]),
    st.sampled_from(["auth", "webhook", "untagged"]),
    st.sampled_from(["cedar", "blue", None]),
    st.sampled_from([None, None, "runbook", "normal-delay"]),  # the criterion that was met
    st.booleans(),
)
TARGET = st.sampled_from(
    ["tekion", "cdk/auth", "/webhook", "dealer:cedar", "criterion:runbook", "criterion:normal-delay", "nobody"]
)
ACTION = st.tuples(st.datetimes(datetime(2025, 8, 1), datetime(2026, 6, 29, 8)), TARGET)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("bare")
    with open_warehouse(folder / "warehouse.duckdb") as opened:
        told(opened, folder, criteria, f"SUP-1 created {FIRST_TICKET:%Y-%m-%d %H:%M}\n")
        yield opened


def monday(moment: datetime, zone: str) -> date:
    day = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()
    return day - timedelta(days=day.weekday())


def is_hit(target: str, provider: str, category: str, dealer: str | None, criterion: str | None) -> bool:
    kind, _, name = target.partition(":")
    if name:
        return name == (dealer if kind == "dealer" else criterion)
    wanted, _, wanted_category = target.partition("/")
    return wanted in ("", provider) and wanted_category in ("", category)


@given(
    escalations=st.lists(ESCALATION, max_size=40),
    told_actions=st.lists(ACTION, min_size=1, max_size=6),
    zone=st.sampled_from(["UTC", "America/Los_Angeles", "Pacific/Auckland"]),
    reported=st.dates(date(2026, 1, 1), date(2026, 6, 22)),
)
@settings(deadline=None, max_examples=60, database=None)
def test_counts_are_those_of_a_plain_loop(
    bare: Warehouse,
    escalations: list[tuple[datetime, str, str, str | None, str | None, bool]],
    told_actions: list[tuple[datetime, str]],
    zone: str,
    reported: date,
) -> None:
    week = reported - timedelta(days=reported.weekday())
    rows = []
    for n, (at, provider, category, dealer, criterion, is_excluded) in enumerate(escalations):
        row = {"issue_id": n, "escalation_no": 1, "escalated_at": at, "escalated_week": monday(at, zone)}
        rows.append(
            row
            | {"provider": provider, "failure_category": category, "dealer_id": dealer, "is_excluded": is_excluded}
            | {"criterion_key": f"criterion:{criterion}" if criterion else None}
        )
    bare.replace("mart.tagged_escalations", rows)
    bare.replace("core.clock", [{"as_of": AS_OF, "week": week, "reporting_zone": zone}])
    bare.execute("delete from state.actions")
    given_actions = [
        Action(f"A{n}", "do it", target, "done", at - timedelta(days=3), at)
        for n, (at, target) in enumerate(told_actions)
    ]
    assert store(bare, given_actions, "run", AS_OF) == len(told_actions)

    first = monday(FIRST_TICKET, zone) + timedelta(weeks=1)
    expected = []
    for n, (at, target) in enumerate(told_actions):
        if target == "nobody":
            continue
        done_week = monday(at, zone)
        weeks = [first + timedelta(weeks=i) for i in range(60)]
        before = [w for w in weeks if done_week - timedelta(weeks=13) <= w < done_week and w <= week]
        since = [w for w in weeks if done_week < w <= week]
        hits = [monday(e[0], zone) for e in escalations if not e[5] and is_hit(target, *e[1:5])]
        n_before, n_since = sum(w in before for w in hits), sum(w in since for w in hits)
        expected.append((f"A{n}", len(before), len(since), n_before, n_since))
    query = "select action_id, n_weeks_before, n_weeks_since, n_before, n_since from mart.action_effects order by 1"
    assert bare.rows(query) == expected


# -- actions in a CSV ----------------------------------------------------------------------------------------

HEADER = "action_id,summary,target,decided_on,status,done_on\n"
NOW = datetime(2026, 6, 29, 9)
DESK = """
SUP-1 created 2026-03-02 09:00 tier=2
SUP-2 created 2026-03-02 09:00 labels=escalation-action summary="Kept in Jira"
  03-04 09:00 moved_from=OLD-2
"""
TOLD = """
    select action_id, summary, target, decided_at, status, done_at, effective_at from state.actions
    where source = 'csv' order by event_id
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Path:
    folder = tmp_path_factory.mktemp("built")
    with open_warehouse(folder / "warehouse.duckdb") as opened:
        told(opened, folder, criteria, DESK)
    return folder / "warehouse.duckdb"


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Settings:
    shutil.copy(built, tmp_path / "warehouse.duckdb")
    return Settings(home=tmp_path)


def imported(home: Settings, criteria: Criteria, text: str, now: datetime = NOW) -> Imported:
    (home.home / "actions.csv").write_bytes(text.encode())
    return import_actions(home, criteria, home.home / "actions.csv", "import", now)


def stored(home: Settings) -> str:
    with Warehouse.open(home.warehouse_file) as opened:
        return table(opened, TOLD)


GOOD = {
    "comma": f"{HEADER}A1,Call CDK,cdk,2026-03-02,open,\n",
    "semicolon": f"{HEADER.replace(',', ';')}A1;Call CDK;cdk;2026-03-02;open;\n",
    "tab": f"{HEADER.replace(',', '	')}A1	Call CDK	cdk	2026-03-02	open	\n",
    "a mark at the start, Windows ends": f"\ufeff{HEADER}A1,Call CDK,cdk,2026-03-02,open,\n".replace("\n", "\r\n"),
    "other columns and their order": "Note,Done on,Status,Decided on,Target,Summary,Action ID\n=1+1,,OPEN,2026-03-02,cdk,Call CDK,A1\n",
    "empty lines, short lines, said twice": f"{HEADER}\nA1,Call CDK,cdk,2026-03-02,Open\n,,,,,\nA1, Call  CDK ,target:cdk,2026-03-02,open,\n\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_is_taken(text: str, home: Settings, criteria: Criteria) -> None:
    assert imported(home, criteria, text) == Imported(1, 0)
    assert stored(home) == "A1 Call CDK cdk 03-02T12:00 open - 03-02T12:00"
    assert imported(home, criteria, text) == Imported(0, 1)


LATER = [
    # the lines, how many say something new, and the events they add
    ("A1,Call CDK,cdk,2026-03-02,open,\nA2,Ask,,2026-03-03,open,", 2, "A1 open 03-02T12:00\nA2 open 03-03T12:00"),
    ("A1,Call CDK,cdk,2026-03-02,open,", 0, ""),
    ("A1,Call CDK,cdk/auth,2026-03-02,open,", 1, "A1 open 06-29T09:00"),
    ("A1,Call CDK,cdk/auth,2026-03-02,done,2026-03-20", 1, "A1 done 03-20T12:00"),
    ("A1,Call CDK,cdk/auth,2026-03-02,done,2026-03-20", 0, ""),
    ("A2,Ask,,2026-03-03,dropped,", 1, "A2 dropped 06-29T09:00"),
    ("A2,Ask,,2026-03-03,open,", 1, "A2 open 06-29T09:00"),
    ("A3,Tell,cdk,2026-03-01,done,2026-03-09", 1, "A3 open 03-01T12:00\nA3 done 03-09T12:00"),
    ("A3,Tell,cdk,2026-03-01,done,2026-03-09", 0, ""),
]


def test_a_later_file_adds_what_it_says_otherwise(home: Settings, criteria: Criteria) -> None:
    for text, n_stored, added in LATER:
        before = len(stored(home).splitlines())
        assert imported(home, criteria, f"{HEADER}{text}\n").n_stored == n_stored, text
        with Warehouse.open(home.warehouse_file) as opened:
            query = "select action_id, status, effective_at from state.actions where source = 'csv' order by event_id"
            assert table(opened, f"{query} offset {before}") == added, text
    rows, found = known_actions(home)
    assert [(row["action_id"], row["status"], row["source"], row["target"]) for row in rows] == [
        ("A2", "open", "csv", None),
        ("A1", "done", "csv", "cdk/auth"),
        ("SUP-2", "open", "jira", None),
        ("A3", "done", "csv", "cdk"),
    ]
    assert [(row["action_id"], str(row["done_week"]), row["verdict"]) for row in found] == [
        ("A1", "2026-03-16", "too early"),
        ("A3", "2026-03-09", "too early"),
    ]


GOOD_LINE = "A1,Call CDK,cdk,2026-03-02,open,\n"
BAD = {
    # what the file holds: the line that is named, and how
    f"{HEADER}{GOOD_LINE},Call,cdk,2026-03-02,open,\n": "line 3: action_id is empty",
    f"{HEADER}A1,,cdk,2026-03-02,open,\n": "line 2: summary is empty",
    f"{HEADER}A1,Call,cdk,,open,\n": "line 2: decided_on is empty",
    f"{HEADER}A1,Call,cdk,2026-03-02,,\n": "line 2: status is empty",
    f"{HEADER}A1,Call,cdk,2026-03-02,closed,\n": "line 2: no such status; write open, done, dropped",
    f"{HEADER}A1,Call,cdk,02.03.2026,open,\n": "line 2: decided_on is no date; write it as 2026-03-02",
    f"{HEADER}A1,Call,cdk,2026-02-30,open,\n": "line 2: decided_on is no date",
    f"{HEADER}A1,Call,cdk,2026-06-30,open,\n": "line 2: decided_on is still to come",
    f"{HEADER}A1,Call,cdk,2026-03-02,done,\n": "line 2: done_on is empty",
    f"{HEADER}A1,Call,cdk,2026-03-02,open,2026-03-03\n": "line 2: done_on is filled, but it is open",
    f"{HEADER}A1,Call,cdk,2026-03-02,done,2026-03-01\n": "line 2: done_on is before decided_on",
    f"{HEADER}{GOOD_LINE}{GOOD_LINE.replace('cdk', 'xtime')}": "line 3: tells otherwise of an action than an earlier line",
    f"{HEADER}{GOOD_LINE}SUP-2,Call,cdk,2026-03-02,open,\n": "line 3: is an action in Jira",
    f"{HEADER}{GOOD_LINE}old-2,Call,cdk,2026-03-02,open,\n": "line 3: is an action in Jira",
    f"{HEADER}A1,Call CDK, then Tekion,cdk,2026-03-02,open,\n": "line 2: more cells than columns",
    "action_id,summary,decided_on,status,done_on\n": "line 1: no column target",
    f"status,{HEADER}": "line 1: two columns status",
    "": "line 1: no column action_id",
    f'{HEADER}{GOOD_LINE}A2,"Call\n': "line 3: not CSV",
    f'{HEADER}A2,"Call\nCDK",cdk,2026-03-02,open,\nA3,Call,cdk,2026-03-02,off,\n': "line 4: no such status",
}


@pytest.mark.parametrize(("text", "said"), BAD.items())
def test_one_wrong_line_and_nothing_is_stored(text: str, said: str, home: Settings, criteria: Criteria) -> None:
    with pytest.raises(InputError) as error:
        imported(home, criteria, text)
    assert str(error.value).startswith(f"{home.home / 'actions.csv'}: {said}")
    assert "\n" not in str(error.value)
    assert stored(home) == ""


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read(content: bytes | None, home: Settings, criteria: Criteria) -> None:
    if content:
        (home.home / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.csv: (not UTF-8|cannot be read)"):
        import_actions(home, criteria, home.home / "a.csv", "import", NOW)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_a_day_is_a_day_of_the_reporting_zone(zone: str, tmp_path: Path) -> None:
    known = bare_criteria(tmp_path / "criteria", site__toml=SITE.replace('"UTC"', f'"{zone}"'))
    with open_warehouse(tmp_path / "warehouse.duckdb") as opened:
        told(opened, tmp_path, known, "SUP-1 created 2025-03-02 09:00 tier=2\n")
    home = Settings(home=tmp_path)
    imported(home, known, f"{HEADER}A1,Call CDK,cdk,2026-03-02,done,2026-05-18\nA2,Ask,,2026-03-02,open,\n")
    with Warehouse.open(home.warehouse_file) as opened:
        query = "select decided_date, done_date, done_at = timezone('UTC', timezone(?, timestamp '2026-05-18 12:00')) from mart.actions"
        assert opened.rows(f"{query} where action_id = 'A1'", [zone]) == [(date(2026, 3, 2), date(2026, 5, 18), True)]
        assert table(opened, "select done_week from mart.action_effects") == "2026-05-18"
        assert next(action_lines(actions(opened), effects(opened))).startswith("A1, decided 2026-03-02: Call CDK;")
    today = datetime.combine(date(2026, 6, 29), time(23), ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
    assert imported(home, known, f"{HEADER}A3,Call,cdk,2026-06-29,open,\n", today).n_stored == 1
    with pytest.raises(InputError, match="still to come"):
        imported(home, known, f"{HEADER}A4,Call,cdk,2026-06-30,open,\n", today)


def test_secrets_are_masked_and_nothing_steers_a_terminal(home: Settings, criteria: Criteria) -> None:
    text = "\x1b[31mCall ann@example.com about password=hunter2hunter2"
    imported(home, criteria, f"{HEADER}A1,{text},tes\x07la,2026-03-02,open,\n")
    rows, found = known_actions(home)
    line = next(action_lines(rows, found))
    assert (
        line
        == "A1, decided 2026-03-02: [31mCall [email] about password=[password]; target not understood: tes la; not done"
    )
    assert "hunter2" not in stored(home)


def test_what_jira_holds_comes_before_a_csv(home: Settings, criteria: Criteria) -> None:
    """A ticket that a CSV made an action, and whose issue is labelled an action later."""
    imported(home, criteria, f"{HEADER}SUP-1,By hand,cdk,2026-03-02,open,\n")
    labelled = DESK.replace("tier=2", 'tier=2\n  03-05 09:00 labels="escalation-action target:xtime"')
    with Warehouse.open(home.warehouse_file) as opened:
        told(opened, home.home, criteria, labelled)
        assert table(opened, "select summary, target, source from mart.actions where action_id = 'SUP-1'") == (
            "a ticket xtime jira"
        )


def test_without_a_warehouse_or_a_report_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no warehouse yet"):
        known_actions(Settings(home=tmp_path))
    with Warehouse.open(tmp_path / "warehouse.duckdb") as opened:
        assert take_over(opened, "run", AS_OF) == 0
    with pytest.raises(InputError, match="nothing was reported yet"):
        known_actions(Settings(home=tmp_path))


def test_events_of_an_older_program_stay(tmp_path: Path) -> None:
    """A warehouse of before the migration, with an action in it."""
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as older:
        older.execute("create schema state")
        for script in sorted((SQL / "state" / "migrations").glob("*.sql"))[:2]:
            older.execute(script.read_text())
        older.execute("update state.meta set schema_version = 2")
        older.execute(
            "insert into state.actions (run_id, recorded_at, effective_at, action_id, summary, status) "
            "values ('old', ?, ?, 'A0', 's', 'open')",
            [NOW, NOW],
        )
    with open_warehouse(tmp_path / "warehouse.duckdb") as opened:
        assert opened.rows("select action_id, source, issue_id, decided_at from state.actions") == [
            ("A0", "csv", None, None)
        ]
