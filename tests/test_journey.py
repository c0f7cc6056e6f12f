"""What follows from the changelog: stays, entries, escalations, resolutions, Tier 3 touches, exclusions."""

from dataclasses import replace
from pathlib import Path

import pytest
from stories import (
    answers,
    bare_criteria,
    cases,
    issues,
    lines,
    open_warehouse,
    reverse_histories,
    table,
    warehouse_of,
    write_export,
)

from pipelines.export_files import ExportFiles
from pipelines.extract import extract
from pipelines.load import load
from pipelines.normalise import normalise

ESCALATIONS = """
    select ticket_key, escalation_no, escalated_at, entered, resolved_at, resolution_tier, touched_tier3,
        ever_touched_tier3, n_bounces, n_reopens
    from mart.escalations order by ticket_key, escalation_no
"""
JOURNEYS = cases("""
## a ticket that stays with OPS is no escalation
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 status=Resolved resolution=Done
## from OPS, resolved at Tier 2
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved resolution=Done
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 0 0
## born at Tier 2
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 no no 0 0
## skipped Tier 2
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=3
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T10:00 skipped_tier2 03-03T12:00 3 yes yes 0 0
## bounced back the same minute
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00:05 tier=2
  03-02 10:00:20 tier=1
  03-02 10:00:40 tier=2
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 1 0
## bounced in the same second
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00:05 tier=2
  03-02 10:00:05 tier=1
  03-02 10:00:05 tier=2
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 1 0
## returned to OPS and resolved there
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-02 15:00 tier=1
  03-03 12:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 1 no no 0 0
## reopened after 13 days: the first resolution does not count
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
  03-16 11:00 status=Doing
  03-17 09:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-17T09:00 2 no no 0 1
## reopened after 14 days to the minute: withdrawn
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-17 12:00 status=Doing
=> SUP-1 1 03-02T09:00 born - - no no 0 1
## reopened a minute later than 14 days: a new escalation
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-17 12:01 status=Doing
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 no no 0 0
=> SUP-1 2 03-17T12:01 born - - no no 0 0
## reopened after 15 days where it lay: a new escalation
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
  03-18 13:00 status=Doing
  03-19 09:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 0 0
=> SUP-1 2 03-18T13:00 born 03-19T09:00 2 no no 0 0
## reopened after 15 days at OPS, then escalated
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
  03-18 13:00 status=Doing tier=1
  03-18 15:00 tier=2
  03-19 09:00 status=Resolved
=> SUP-1 1 03-02T10:00 from_ops 03-03T12:00 2 no no 0 1
=> SUP-1 2 03-18T15:00 from_ops 03-19T09:00 2 no no 0 0
## resolved twice: the first that stood counts
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-05 12:00 status=Doing
  03-06 12:00 status=Resolved
  03-25 12:00 status=Doing tier=1
  03-26 12:00 status=Resolved
=> SUP-1 1 03-02T09:00 born 03-06T12:00 2 no no 0 2
## resolved, then closed: one resolution
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-08 12:00 status=Closed
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 no no 0 0
## made in a done status
SUP-1 created 2026-03-02 09:00 tier=2 status=Closed
=> SUP-1 1 03-02T09:00 born 03-02T09:00 2 no no 0 0
## made in a done status, reopened 20 days later: a new escalation
SUP-1 created 2026-03-02 09:00 tier=2 status=Closed
  03-22 09:00 status=Doing
=> SUP-1 1 03-02T09:00 born 03-02T09:00 2 no no 0 0
=> SUP-1 2 03-22T09:00 born - - no no 0 0
## a status of unknown category is not done
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Odd
=> SUP-1 1 03-02T09:00 born - - no no 0 0
## Tier 3 on the 14th day after the resolution still counts
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-17 12:00 tier=3
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 yes yes 0 0
## Tier 3 later than that is only ever
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-17 12:01 tier=3
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 no yes 0 0
## came up again long after it was done, without being reopened
SUP-1 created 2026-03-02 09:00 tier=2
  03-03 12:00 status=Resolved
  03-04 12:00 tier=1
  03-05 12:00 tier=2
  03-06 12:00 tier=1
  03-25 12:00 tier=2
=> SUP-1 1 03-02T09:00 born 03-03T12:00 2 no no 1 0
=> SUP-1 2 03-25T12:00 from_ops 03-25T12:00 2 no no 0 0
## came up while it was done, and was reopened afterwards
SUP-1 created 2026-03-02 09:00 tier=1
  03-03 12:00 status=Resolved
  03-04 12:00 tier=2
  03-05 12:00 status=Doing
  03-06 12:00 status=Resolved
=> SUP-1 1 03-04T12:00 from_ops 03-06T12:00 2 no no 0 1
## came up while it was done, and nobody touched it again
SUP-1 created 2026-03-02 09:00 tier=1
  03-03 12:00 status=Resolved
  03-04 12:00 tier=2
=> SUP-1 1 03-04T12:00 from_ops 03-04T12:00 2 no no 0 0
## still open
SUP-1 created 2026-03-02 09:00 tier=2
=> SUP-1 1 03-02T09:00 born - - no no 0 0
## tier set by automation a moment after creation, nothing known before
SUP-1 created 2026-03-02 09:00
  03-02 09:00:30 tier=2
=> SUP-1 1 03-02T09:00 born - - no no 0 0
## no source ever speaks: no tier, no escalation
SUP-1 created 2026-03-02 09:00
  03-03 12:00 status=Resolved
""")


@pytest.fixture(scope="module")
def journeys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return answers(JOURNEYS, ESCALATIONS, tmp_path_factory.mktemp("journeys"))


@pytest.mark.parametrize("name", JOURNEYS)
def test_escalations(name: str, journeys: dict[str, str]) -> None:
    assert journeys[name] == JOURNEYS[name][1]


def test_order_of_histories_field_ids_and_authors_do_not_matter(tmp_path: Path) -> None:
    found = answers(JOURNEYS, ESCALATIONS, tmp_path, spoil=reverse_histories)
    assert found == {name: expected for name, (_, expected) in JOURNEYS.items()}


def test_old_keys_after_a_move(tmp_path: Path) -> None:
    story = """
    SUP-2 created 2026-03-02 09:00 tier=1
      03-03 09:00 moved_from=HELP-7
      03-03 09:00 moved_from=OLD-1
    """
    with warehouse_of(story, tmp_path, bare_criteria(tmp_path / "criteria")) as warehouse:
        found = table(warehouse, "select ticket_key, is_current from core.ticket_keys order by 1")
    assert found == lines("HELP-7 no\nOLD-1 no\nSUP-2 yes")


def test_a_list_of_statuses_counts_though_no_ticket_changed_and_is_kept(tmp_path: Path) -> None:
    criteria = bare_criteria(tmp_path / "criteria")
    found = issues("SUP-1 created 2026-03-02 09:00 tier=2\n  03-03 09:00 status=Odd")
    manifest = extract(ExportFiles(write_export(tmp_path / "export.json", found)), tmp_path)
    listed = replace(manifest, statuses={"8": ("Odd", "done")})
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        for told, version, expected in ((manifest, 1, "-"), (listed, 1, "03-03T09:00"), (manifest, 2, "03-03T09:00")):
            load(warehouse, tmp_path, told, criteria, normalise, version)
            assert table(warehouse, "select resolved_at from core.escalations") == expected
