"""Replies to verdicts and rulings on them: what counts, for which escalation, until when, and what follows from it."""

import csv
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from stories import (
    SITE,
    answers,
    bare_criteria,
    cases,
    derive,
    empty_warehouse,
    issues,
    lines,
    load_into,
    open_warehouse,
    table,
    write_export,
)

from analysis.errors import InputError
from analysis.judge import judge
from analysis.measure import measure
from analysis.publish import publish
from analysis.rulings import not_counted, standings, take_over_rulings
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.csv_files import Imported
from pipelines.ruling_lines import WHY_NOT, import_rulings, known_rulings, ruling_lines
from pipelines.sample_desk import sample_folder
from pipelines.settings import Settings

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
# Denver is UTC-7 until 2026-03-08 and UTC-6 after it. lead-2 rules from March 12th on; ops-3 went to Tier 2 on that day.
HOUSE = SITE.replace('reporting_zone = "UTC"', 'reporting_zone = "America/Denver"') + "".join(
    f'[[member]]\nid = "{who}"\n{told}\n'
    for who, told in (
        ("ops-2", "tier = 1"),
        ("ops-3", "tier = 1\nto = 2026-03-12"),
        ("ops-3", "tier = 2\nfrom = 2026-03-12"),
        ("ops-lead", "tier = 1\nruler = true"),
        ("lead-1", "tier = 2\nruler = true"),
        ("lead-2", "tier = 2\nto = 2026-03-12"),
        ("lead-2", "tier = 2\nruler = true\nfrom = 2026-03-12"),
    )
)
HOUSE += "[working_hours]\nholidays = [2026-04-01]\n"
STANDS = """
    select t.ticket_key, v.escalation_no, v.reply, v.ruling, v.standing, v.window_closes_at
    from mart.verdicts v join core.tickets t using (issue_id) order by v.issue_id, v.escalation_no
"""
WHY = """
    select t.ticket_key, r.said, r.is_taken_back, r.excluded_as
    from mart.rulings r join core.tickets t using (issue_id) order by r.issue_id, r.said_at, r.source_ref
"""


def house(folder: Path, **files: str) -> Criteria:
    return bare_criteria(folder, **({"site__toml": HOUSE, "runbooks/RB-KEY__md": RUNBOOK} | files))


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return house(tmp_path_factory.mktemp("criteria") / "criteria")


# Escalated on a Tuesday: the page comes on Monday 03-09, and Friday 03-13 is the fifth working day; it ends at 06:00 UTC.
CASES = cases("""
## accepted in time
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-11 17:00 labels=verdict-accepted by=ops-2
=> SUP-1 1 accepted - agreed 03-14T06:00
## accepted before the page was there
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-03 17:00 labels=verdict-accepted by=ops-1
=> SUP-1 1 accepted - agreed 03-14T06:00
## in the last second
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-14 05:59:59 labels=verdict-contested by=ops-2
=> SUP-1 1 contested - contested 03-14T06:00
## a second late
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-14 06:00 labels=verdict-contested by=ops-2
=> SUP-1 1 unanswered - unanswered 03-14T06:00
## before summer time the fifth day ends an hour later in UTC
SUP-1 created 2026-02-24 16:00 tier=1 summary="portal key"
  02-24 17:00 tier=2 by=ops-1
  03-07 06:30 labels=verdict-accepted by=ops-2
=> SUP-1 1 accepted - agreed 03-07T07:00
## a holiday is no working day
SUP-1 created 2026-03-24 16:00 tier=1 summary="portal key"
  03-24 17:00 tier=2 by=ops-1
  04-06 23:00 labels=verdict-accepted by=ops-2
=> SUP-1 1 accepted - agreed 04-07T06:00
## escalated on Sunday night, when it is Monday in UTC
SUP-1 created 2026-03-09 04:00 tier=1 summary="portal key"
  03-09 05:59 tier=2 by=ops-1
=> SUP-1 1 unanswered - unanswered 03-14T06:00
## escalated at the first moment of a week
SUP-1 created 2026-03-09 04:00 tier=1 summary="portal key"
  03-09 06:00 tier=2 by=ops-1
=> SUP-1 1 unanswered - unanswered 03-21T06:00
## contested, then it stands
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-25 17:00 labels="verdict-contested verdict-stands" by=lead-1
=> SUP-1 1 contested stands agreed 03-14T06:00
## contested, then withdrawn
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
=> SUP-1 1 contested withdrawn withdrawn 03-14T06:00
## the ruler tidies up the label of the contest
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels=verdict-stands by=lead-1
=> SUP-1 1 contested stands agreed 03-14T06:00
## it stands, though OPS was silent: silence is not agreed
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-05 17:00 labels=verdict-stands by=lead-1
=> SUP-1 1 unanswered - unanswered 03-14T06:00
## it stands, though OPS contested too late
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-16 17:00 labels=verdict-contested by=ops-2
  03-17 17:00 labels="verdict-contested verdict-stands" by=lead-1
=> SUP-1 1 unanswered - unanswered 03-14T06:00
## it stands, before OPS contested: that is not ruled on
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-05 17:00 labels=verdict-stands by=lead-1
  03-06 17:00 labels="verdict-stands verdict-contested" by=ops-2
=> SUP-1 1 contested - contested 03-14T06:00
## contested again after the ruling
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-stands" by=lead-1
  03-06 17:00 labels=verdict-stands by=ops-2
  03-06 17:01 labels="verdict-stands verdict-contested" by=ops-2
=> SUP-1 1 contested stands agreed 03-14T06:00
## withdrawn, though OPS was silent, or had accepted
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-25 17:00 labels=verdict-withdrawn by=lead-1
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=ops-2
  03-25 17:00 labels="verdict-accepted verdict-withdrawn" by=lead-1
=> SUP-1 1 unanswered withdrawn withdrawn 03-14T06:00
=> SUP-2 1 accepted withdrawn withdrawn 03-14T06:00
## the latest ruling holds
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-stands" by=lead-1
  03-24 17:00 labels="verdict-contested verdict-stands verdict-withdrawn" by=ops-lead
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
  03-24 17:00 labels="verdict-contested verdict-stands" by=ops-lead
=> SUP-1 1 contested withdrawn withdrawn 03-14T06:00
=> SUP-2 1 contested stands agreed 03-14T06:00
## a ruling taken back, by a ruler and by somebody else
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
  03-24 17:00 labels=verdict-contested by=ops-lead
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
  03-24 17:00 labels=verdict-contested by=int-1
=> SUP-1 1 contested - contested 03-14T06:00
=> SUP-2 1 contested withdrawn withdrawn 03-14T06:00
## ruled by who escalated it, sent it back, or reopened it
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-lead
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-stands" by=ops-lead
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-03 18:00 tier=1 by=lead-1
  03-03 19:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-stands" by=lead-1
SUP-3 created 2026-02-03 16:00 tier=2 summary="portal key"
  02-04 17:00 status=Resolved by=int-1
  03-03 17:00 status=Doing by=lead-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
=> SUP-1 1 contested - contested 03-14T06:00
=> SUP-2 1 contested - contested 03-14T06:00
=> SUP-3 1 - - - 02-14T07:00
=> SUP-3 2 contested - - 03-14T06:00
## ruled by who had it once, and by who got it afterwards
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-03 18:00 assignee=lead-1 by=int-1
  03-03 19:00 assignee=int-1 by=int-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
  03-05 18:00 assignee=lead-1 by=lead-1
=> SUP-1 1 contested - contested 03-14T06:00
=> SUP-2 1 contested withdrawn withdrawn 03-14T06:00
## ruled by who replied, and both at once
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-lead
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=ops-lead
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels="verdict-contested verdict-stands" by=ops-lead
=> SUP-1 1 contested - contested 03-14T06:00
=> SUP-2 1 contested - contested 03-14T06:00
## ruled by who may not, and by who might only later
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=int-1
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-12 05:59 labels="verdict-contested verdict-withdrawn" by=lead-2
SUP-3 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-12 06:00 labels="verdict-contested verdict-withdrawn" by=lead-2
SUP-4 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-12 06:00 labels="verdict-contested verdict-withdrawn"
=> SUP-1 1 contested - contested 03-14T06:00
=> SUP-2 1 contested - contested 03-14T06:00
=> SUP-3 1 contested withdrawn withdrawn 03-14T06:00
=> SUP-4 1 contested - contested 03-14T06:00
## replies by automation, by Tier 2, by a stranger, by who had left OPS, and by who was about to
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=int-1
SUP-3 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=bot-7
SUP-4 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-12 06:00 labels=verdict-accepted by=ops-3
SUP-5 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-12 05:59 labels=verdict-accepted by=ops-3
=> SUP-1 1 unanswered - unanswered 03-14T06:00
=> SUP-2 1 unanswered - unanswered 03-14T06:00
=> SUP-3 1 unanswered - unanswered 03-14T06:00
=> SUP-4 1 unanswered - unanswered 03-14T06:00
=> SUP-5 1 accepted - agreed 03-14T06:00
## taken back, and taken back too late or by somebody else
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels="vip verdict-accepted" by=ops-2
  03-05 17:00 labels=vip by=ops-1
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-14 06:00 labels= by=ops-2
SUP-3 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels= by=int-1
=> SUP-1 1 unanswered - unanswered 03-14T06:00
=> SUP-2 1 contested - contested 03-14T06:00
=> SUP-3 1 contested - contested 03-14T06:00
## another reply instead of the first, and the first again
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=ops-1
  03-05 17:00 labels=verdict-contested by=ops-2
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=ops-1
  03-05 17:00 labels="verdict-accepted verdict-contested" by=ops-2
SUP-3 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=ops-1
  03-05 17:00 labels="verdict-accepted verdict-contested" by=ops-2
  03-06 17:00 labels=verdict-accepted by=ops-2
=> SUP-1 1 contested - contested 03-14T06:00
=> SUP-2 1 contested - contested 03-14T06:00
=> SUP-3 1 accepted - agreed 03-14T06:00
## both replies, or both rulings, in one edit: the milder one
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels="verdict-contested verdict-accepted" by=ops-2
  03-05 17:00 labels="verdict-accepted verdict-contested verdict-withdrawn verdict-stands" by=lead-1
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels="verdict-accepted verdict-contested" by=ops-2
=> SUP-1 1 contested withdrawn withdrawn 03-14T06:00
=> SUP-2 1 contested - contested 03-14T06:00
## in other letters, beside other labels, and words that only look alike
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key" labels=vip
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels="vip Verdict-Contested" by=ops-2
  03-05 17:00 labels="vip verdict-contested" by=ops-2
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key" labels=vip
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels="verdict-contested-by-mail my-verdict-accepted verdict verdict-" by=ops-2
=> SUP-1 1 contested - contested 03-14T06:00
=> SUP-2 1 unanswered - unanswered 03-14T06:00
## made with the label: by the reporter, about what it was born as, not about an escalation to come
SUP-1 created 2026-03-03 16:00 tier=2 summary="portal key" labels=verdict-contested
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key" labels=verdict-contested
  03-03 17:00 tier=2 by=ops-1
SUP-3 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 16:30 labels=verdict-contested by=ops-1
  03-03 17:00 tier=2 by=ops-1
=> SUP-1 1 contested - - 03-14T06:00
=> SUP-2 1 unanswered - unanswered 03-14T06:00
=> SUP-3 1 unanswered - unanswered 03-14T06:00
## two escalations, each with its own
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
  03-05 18:00 tier=1 status=Resolved by=int-1
  03-31 17:00 tier=2 status=Doing by=ops-1
  04-02 17:00 labels=verdict-accepted by=ops-2
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=ops-2
  03-05 18:00 tier=1 status=Resolved by=int-1
  03-31 17:00 tier=2 status=Doing by=ops-1
SUP-3 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-05 18:00 tier=1 status=Resolved by=int-1
  03-31 17:00 tier=2 status=Doing by=ops-1
  04-02 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
=> SUP-1 1 contested withdrawn withdrawn 03-14T06:00
=> SUP-1 2 accepted - agreed 04-11T06:00
=> SUP-2 1 accepted - agreed 03-14T06:00
=> SUP-2 2 unanswered - unanswered 04-11T06:00
=> SUP-3 1 contested - contested 03-14T06:00
=> SUP-3 2 unanswered withdrawn withdrawn 04-11T06:00
## what the program no longer claims
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=ops-2
  03-05 17:00 tier=3 by=int-1
SUP-2 created 2026-03-03 16:00 tier=1 summary="something else"
  03-03 17:00 tier=2 by=ops-1
=> SUP-1 1 accepted - - 03-14T06:00
=> SUP-2 1 - - - 03-14T06:00
""")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> dict[str, str]:
    return answers(CASES, STANDS, tmp_path_factory.mktemp("rulings"), criteria)


@pytest.mark.parametrize("name", CASES)
def test_how_verdicts_stand(name: str, found: dict[str, str]) -> None:
    assert found[name] == CASES[name][1]


@contextmanager
def told(folder: Path, criteria: Criteria, story: str, as_of: str = "2026-05-01 08:00") -> Iterator[Warehouse]:
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        load_into(warehouse, folder, issues(story), criteria)
        derive(warehouse, criteria, datetime.fromisoformat(as_of))
        yield warehouse


EVERY_REASON = """
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-lead
  03-03 18:00 assignee=lead-1 by=int-1
  03-04 09:00 labels=verdict-stands by=lead-2
  03-04 10:00 labels="verdict-stands verdict-accepted"
  03-04 11:00 labels="verdict-stands" by=int-1
  03-12 12:00 labels="verdict-stands verdict-withdrawn" by=lead-1
  03-12 13:00 labels="verdict-stands" by=ops-lead
  03-12 14:00 labels="" by=lead-2
  03-12 15:00 labels=verdict-stands by=lead-2
  03-13 16:00 labels="verdict-stands verdict-contested" by=lead-2
  03-13 17:00 labels="verdict-contested" by=lead-2
  03-14 18:00 labels="verdict-contested verdict-accepted" by=ops-1
"""


def test_why_something_does_not_count(tmp_path: Path, criteria: Criteria) -> None:
    with told(tmp_path, criteria, EVERY_REASON) as warehouse:
        assert table(warehouse, WHY) == lines(
            """
            SUP-1 stands no not_ruler
            SUP-1 accepted no nobody
            SUP-1 accepted yes not_ops
            SUP-1 withdrawn no assigned
            SUP-1 withdrawn yes set_tier
            SUP-1 stands yes -
            SUP-1 stands no not_contested
            SUP-1 contested no not_ops
            SUP-1 stands yes replied
            SUP-1 accepted no late
            """
        )
        used = warehouse.rows("select distinct excluded_as from mart.rulings where excluded_as is not null")
        assert {one for (one,) in used} == set(WHY_NOT)


def test_who_made_it_at_tier_2_does_not_rule_on_it(tmp_path: Path, criteria: Criteria) -> None:
    story = """
    SUP-1 created 2026-03-03 16:00 tier=2
      03-05 17:00 labels=verdict-withdrawn by=lead-1
    SUP-2 created 2026-03-03 16:00 tier=1
      03-03 17:00 tier=2 by=ops-1
      03-05 17:00 labels=verdict-withdrawn by=lead-1
    """
    reported = issues(story)
    for issue in reported:
        issue["fields"]["reporter"] = {"accountId": "lead-1"}
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_into(warehouse, tmp_path, reported, criteria)
        derive(warehouse, criteria, datetime(2026, 5, 1))
        assert table(warehouse, WHY) == "SUP-1 withdrawn no set_tier\nSUP-2 withdrawn no -"


def test_while_ops_may_reply_it_is_claimed(tmp_path: Path, criteria: Criteria) -> None:
    story = CASES["accepted in time"][0].replace("labels=verdict-accepted", "labels=vip")
    with told(tmp_path, criteria, story, "2026-03-14 05:59:59") as warehouse:
        assert table(warehouse, STANDS) == "SUP-1 1 - - claimed 03-14T06:00"
        derive(warehouse, criteria, datetime(2026, 3, 14, 6))
        assert table(warehouse, STANDS) == "SUP-1 1 unanswered - unanswered 03-14T06:00"


def test_without_working_days_no_window_closes(tmp_path: Path) -> None:
    never = house(tmp_path / "criteria", site__toml=HOUSE.replace("holidays = [2026-04-01]", "days = []"))
    with told(tmp_path, never, CASES["a second late"][0]) as warehouse:
        assert table(warehouse, STANDS) == "SUP-1 1 contested - contested -"


def test_edits_of_a_changelog_with_gaps_count_but_nobody_knows_what_it_was_made_with(
    tmp_path: Path, criteria: Criteria
) -> None:
    story = """
    SUP-1 created 2026-03-03 16:00 tier=2 summary="portal key" labels=verdict-accepted
      03-04 17:00 labels="verdict-accepted verdict-contested" by=ops-2
    """
    gaps = issues(story)
    gaps[0]["changelog"]["total"] = 9
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_into(warehouse, tmp_path, gaps, criteria)
        derive(warehouse, criteria, datetime(2026, 5, 1))
        assert table(warehouse, WHY) == "SUP-1 contested no -"


# -- events ------------------------------------------------------------------------------------------------------

EVENTS = """
    select issue_id, escalation_no, said, is_taken_back, person_id, effective_at, source_ref, run_id
    from state.rulings order by event_id
"""


def test_labels_become_events_once(tmp_path: Path, criteria: Criteria) -> None:
    story = CASES["another reply instead of the first, and the first again"][0]
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        assert take_over_rulings(warehouse, "none", datetime(2026, 3, 6)) == 0
        load_into(warehouse, tmp_path, issues("\n".join(story.splitlines()[:3])), criteria)
        assert take_over_rulings(warehouse, "first", datetime(2026, 3, 5)) == 1
        assert take_over_rulings(warehouse, "again", datetime(2026, 3, 5)) == 0
        load_into(warehouse, tmp_path, issues("\n".join(story.splitlines()[:4])), criteria)
        assert take_over_rulings(warehouse, "second", datetime(2026, 3, 6)) == 2
        assert table(warehouse, EVENTS) == lines(
            """
            1001 1 accepted no ops-1 03-04T17:00 label 1001/1001002/1 +verdict-accepted first
            1001 1 accepted yes ops-2 03-05T17:00 label 1001/1001003/1 -verdict-accepted second
            1001 1 contested no ops-2 03-05T17:00 label 1001/1001003/1 +verdict-contested second
            """
        )


def test_an_event_is_of_one_escalation_and_judged_once(tmp_path: Path, criteria: Criteria) -> None:
    with told(tmp_path, criteria, CASES["two escalations, each with its own"][0]) as warehouse:
        query = "select issue_id, escalation_no, said, is_taken_back from state.rulings order by event_id"
        assert table(warehouse, query) == lines(
            """
            1001 1 contested no
            1002 1 accepted no
            1003 1 contested no
            1001 1 withdrawn no
            1001 2 accepted no
            1001 2 contested yes
            1001 2 withdrawn yes
            1003 2 withdrawn no
            """
        )
        assert judge(warehouse, criteria, "run", datetime(2026, 11, 1)).n_tickets == 0


def test_a_warehouse_that_an_older_program_loaded_waits_for_its_next_load(tmp_path: Path, criteria: Criteria) -> None:
    with told(tmp_path, criteria, CASES["accepted in time"][0]) as warehouse:
        warehouse.execute("drop table core.jira_rulings")
        assert take_over_rulings(warehouse, "run", datetime(2026, 5, 1)) == 0
        derive(warehouse, criteria, datetime(2026, 5, 1))


# -- what holds for every desk ---------------------------------------------------------------------------------

QUICK = settings(deadline=None, database=None, phases=(Phase.generate,))
WORDS = ["verdict-accepted", "verdict-contested", "verdict-stands", "verdict-withdrawn", "vip"]
PEOPLE = ["ops-1", "ops-2", "ops-3", "ops-lead", "lead-1", "lead-2", "int-1", ""]
# hours since the step before, who, and what is done: labels that it has then, or a field
EDIT = st.tuples(
    st.sampled_from([1, 9, 25, 60]), st.sampled_from(PEOPLE), st.lists(st.sampled_from(WORDS), unique=True)
)
DEED = st.tuples(
    st.sampled_from([1, 9, 25]),
    st.sampled_from(PEOPLE),
    st.sampled_from(["assignee=lead-1", "assignee=int-1", "assignee=ops-lead", "tier=1", "tier=2"]),
)
LIVES = st.lists(st.lists(st.one_of(EDIT, EDIT, EDIT, DEED), max_size=8), min_size=20, max_size=20)
Life = list[tuple[int, str, Any]]
ESCALATED = datetime(2026, 3, 3, 17)


def story_of(lives: list[Life], until: datetime = datetime(2027, 1, 1), rng: random.Random | None = None) -> str:
    text = ""
    for n, life in enumerate(lives, 1):
        text += f'SUP-{n} created 2026-03-03 16:00 tier=1 summary="portal key"\n  03-03 17:00 tier=2 by=ops-1\n'
        at = ESCALATED
        for hours, who, what in life:
            at += timedelta(hours=hours)
            if isinstance(what, list):
                shown = rng.sample(what, len(what)) if rng else what
                what = f'labels="{" ".join(shown)}"'
            if at <= until:
                text += f"  {at:%m-%d %H:%M} {what} {f'by={who}' if who else ''}\n"
    return text


def day_of_contest(life: Life, tier1: dict[str, date]) -> date | None:
    """When OPS first contested in time; a ruling of that day counts, though it came some hours before."""
    at, labels = ESCALATED, set[str]()
    for hours, who, what in life:
        at += timedelta(hours=hours)
        day = (at - timedelta(hours=7 if at < datetime(2026, 3, 8, 9) else 6)).date()
        if isinstance(what, list):
            if (
                who in tier1
                and day < tier1[who]
                and at < datetime(2026, 3, 14, 6)
                and "verdict-contested" in set(what) - labels
            ):
                return day
            labels = set(what)
    return None


def plain(life: Life) -> tuple[str | None, str | None, str | None]:
    """Reply, ruling and standing of a verdict by a plain loop over the ticket's life; no window is open."""
    tier1 = {"ops-1": date.max, "ops-2": date.max, "ops-lead": date.max, "ops-3": date(2026, 3, 12)}
    rulers = {"ops-lead": date.min, "lead-1": date.min, "lead-2": date(2026, 3, 12)}
    at, labels, tier, assignee = ESCALATED, set[str](), "2", None
    partial = {"ops-1"}
    standing: dict[str, tuple[datetime, int]] = {}
    contested_on = day_of_contest(life, tier1)
    for number, (hours, who, what) in enumerate(life):
        at += timedelta(hours=hours)
        day = (at - timedelta(hours=7 if at < datetime(2026, 3, 8, 9) else 6)).date()
        if isinstance(what, str):
            name, _, value = what.partition("=")
            if name == "tier" and value != tier:
                partial, tier = partial | {who}, value
            elif name == "assignee" and value != assignee:
                partial, assignee = partial | {value}, value
            continue
        new = {word.removeprefix("verdict-") for word in what if word != "vip"}
        is_ops = who in tier1 and day < tier1[who] and at < datetime(2026, 3, 14, 6)
        if who and new & {"accepted", "contested"} - labels:
            partial = partial | {who}
        may_rule = who in rulers and day >= rulers[who] and who not in partial
        for word in sorted(new - labels):
            is_heard = is_ops if word in ("accepted", "contested") else may_rule
            if is_heard and (word != "stands" or (contested_on is not None and contested_on <= day)):
                standing[word] = (at, number)
        for word in labels - new:
            if is_ops if word in ("accepted", "contested") else may_rule:
                standing.pop(word, None)
        labels = new

    def last(*words: str) -> str | None:
        return max((word for word in words if word in standing), key=lambda w: (standing[w], w), default=None)

    reply, ruling = last("accepted", "contested"), last("stands", "withdrawn")
    ruled = {"stands": "agreed", "withdrawn": "withdrawn"}.get(ruling or "")
    replied = {"accepted": "agreed", "contested": "contested", None: "unanswered"}[reply]
    return reply or "unanswered", ruling, ruled or replied


@settings(QUICK, max_examples=10)
@given(lives=LIVES)
def test_standings_are_those_of_a_plain_loop(
    tmp_path_factory: pytest.TempPathFactory, criteria: Criteria, lives: list[Life]
) -> None:
    with told(tmp_path_factory.mktemp("plain"), criteria, story_of(lives)) as warehouse:
        rows = warehouse.rows("select reply, ruling, standing from mart.verdicts order by issue_id")
        assert rows == [plain(life) for life in lives]


ALL = {
    "core.rulings": "select * exclude (event_id) from core.rulings order by all",
    "core.verdict_replies": "select * from core.verdict_replies order by all",
    "mart.verdicts": "select * from mart.verdicts order by all",
}


def everything(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    return {name: warehouse.rows(query) for name, query in ALL.items()}


@settings(QUICK, max_examples=6)
@given(lives=LIVES, cuts=st.lists(st.integers(1, 400), min_size=1, max_size=3), seed=st.integers(0, 999))
def test_order_in_an_edit_and_loading_in_parts_change_nothing(
    tmp_path_factory: pytest.TempPathFactory, criteria: Criteria, lives: list[Life], cuts: list[int], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("parts")
    with told(folder / "whole", criteria, story_of(lives)) as warehouse:
        whole = everything(warehouse)
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        for hours in [*sorted(cuts), 10000]:
            part = story_of(lives, ESCALATED + timedelta(hours=hours), random.Random(seed))  # noqa: S311
            load_into(warehouse, folder, issues(part), criteria)
            derive(warehouse, criteria, datetime(2026, 5, 1, 8))
        assert everything(warehouse) == whole


LATER = [
    "tier=1", "tier=3", "tier=2", "assignee=lead-1", "assignee=ops-lead", "status=Resolved resolution=Done",
    "status=Doing resolution=", "comment=hello", "summary=other", "provider=CDK", "worklog=2", "priority=Highest",
]  # fmt: skip
HISTORY = st.lists(st.tuples(st.sampled_from([1, 30, 24 * 16]), st.sampled_from(PEOPLE), st.sampled_from(LATER)), max_size=6)  # fmt: skip


@settings(QUICK, max_examples=6)
@given(lives=LIVES, later=st.lists(HISTORY, min_size=20, max_size=20))
def test_later_history_never_hardens(
    tmp_path_factory: pytest.TempPathFactory, criteria: Criteria, lives: list[Life], later: list[Life]
) -> None:
    """Whatever happens to a ticket afterwards: its verdict stands as it stood, or the program claims it no more."""
    query = """
        select issue_id, reply, ruling, standing, window_closes_at from mart.verdicts where escalation_no = 1 order by 1
    """
    folder = tmp_path_factory.mktemp("later")
    with told(folder, criteria, story_of(lives)) as warehouse:
        before = warehouse.rows(query)
        longer = [[*life, (24 * 10, "", "comment=x"), *more] for life, more in zip(lives, later, strict=True)]
        load_into(warehouse, folder, issues(story_of(longer)), criteria)
        derive(warehouse, criteria, datetime(2026, 5, 1, 8))
        after = warehouse.rows(query)
    for was, now in zip(before, after, strict=True):
        replied = None if was[1] == "unanswered" else was[1]
        assert now == was or (now[1], now[2], now[3]) == (replied, was[2], None)


# -- what is reckoned from it ----------------------------------------------------------------------------------

# The week of 03-02: agreed, contested, withdrawn, unanswered, rightly escalated, softened; the week of 03-09: withdrawn, open.
NUMBERS = """
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=ops-1
  03-05 17:00 status=Resolved
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-1
  03-05 17:00 status=Resolved
SUP-3 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-03 18:00 worklog=4 by=int-1
  03-04 17:00 labels=verdict-contested by=ops-1
  03-05 17:00 labels=verdict-withdrawn by=lead-1
  03-05 17:00 status=Resolved
SUP-4 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-03 18:00 worklog=2 by=int-1
  03-05 17:00 status=Resolved
SUP-5 created 2026-03-03 16:00 tier=1
  03-03 17:00 tier=2 by=ops-1
  03-05 17:00 status=Resolved
SUP-6 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=ops-1
  03-04 18:00 tier=3 by=int-1
  03-05 17:00 status=Resolved
SUP-7 created 2026-03-10 16:00 tier=1 summary="portal key"
  03-10 17:00 tier=2 by=ops-1
  03-11 17:00 labels=verdict-contested by=ops-1
  03-12 17:00 labels=verdict-withdrawn by=lead-1
SUP-8 created 2026-03-10 16:00 tier=1 summary="portal key"
  03-10 17:00 tier=2 by=ops-1
"""
SHARES = """
    select week, variant, numerator, denominator, n_pending from mart.measures
    where measure = '{}' and variant in ({}) and group_key = 'all' order by week, variant
"""
FORMS = "'claimed_week', 'agreed_week', 'withdrawn_week', 'contested_week', 'unanswered_week'"


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Iterator[Warehouse]:
    with told(tmp_path_factory.mktemp("numbers"), criteria, NUMBERS, "2026-03-16 08:00") as opened:
        yield opened


def test_forms_by_week_of_escalation_wait_for_the_window(numbers: Warehouse) -> None:
    assert table(numbers, SHARES.format("ops_should_have_handled", FORMS)) == lines(
        """
        2026-03-02 agreed_week 1 6 0
        2026-03-02 claimed_week 4 6 0
        2026-03-02 contested_week 1 6 0
        2026-03-02 unanswered_week 1 6 0
        2026-03-02 withdrawn_week 1 6 0
        2026-03-09 agreed_week 0 0 2
        2026-03-09 claimed_week 2 2 0
        2026-03-09 contested_week 0 0 2
        2026-03-09 unanswered_week 0 0 2
        2026-03-09 withdrawn_week 0 0 2
        """
    )


def test_how_often_a_criterion_is_withdrawn(numbers: Warehouse) -> None:
    query = """
        select week, numerator, denominator from mart.measures
        where measure = 'ops_should_have_handled' and variant = 'withdrawn_week' and group_key = 'criterion:runbook' order by 1
    """
    assert table(numbers, query) == "2026-03-02 1 4\n2026-03-09 0 0"


def test_what_was_withdrawn_is_no_avoidable_effort(numbers: Warehouse) -> None:
    query = "select variant, sum(value) from mart.measures where measure = 'effort' and group_key = 'all' group by 1 order by 1"
    assert table(numbers, query) == "avoidable 2\nspent 6"


def test_what_was_withdrawn_stays_in_without_avoidable(numbers: Warehouse) -> None:
    """SUP-3, 5 and 6, which touched Tier 3; SUP-1, 2 and 4 go."""
    assert table(numbers, SHARES.format("resolution_without_tier3", "'without_avoidable_week'")).splitlines()[0] == (
        "2026-03-02 without_avoidable_week 2 3 0"
    )


def test_what_was_withdrawn_met_the_criteria(numbers: Warehouse) -> None:
    query = "select week, k, d from mart.score_weeks where measure = 'criteria_met' order by 1"
    assert table(numbers, query) == "2026-03-02 3 6\n2026-03-09 0 2"


def test_a_ruling_on_a_final_week_is_a_correction(tmp_path: Path, criteria: Criteria) -> None:
    story = CASES["contested, then withdrawn"][0]
    early, late = story.replace("03-05 17:00", "03-25 17:00"), datetime(2026, 3, 26)
    with told(tmp_path, criteria, "\n".join(early.splitlines()[:3]), "2026-03-24 08:00") as warehouse:
        week = date(2026, 3, 2)
        measure(warehouse, criteria, datetime(2026, 3, 24, 8), week)
        assert publish(warehouse, criteria, None, "first", datetime(2026, 3, 24, 8)).is_final
        load_into(warehouse, tmp_path, issues(early), criteria)
        derive(warehouse, criteria, late)
        measure(warehouse, criteria, late, week)
        assert publish(warehouse, criteria, None, "second", late).n_restated > 0
        query = """
            select variant, old_value, new_value, cause from mart.restatements
            where measure = 'ops_should_have_handled' and variant like '%_week' and group_key = 'all' order by 1
        """
        assert table(warehouse, query) == "contested_week 1 0 correction\nwithdrawn_week 0 1 correction"
        assert {cause for (cause,) in warehouse.rows("select distinct cause from mart.restatements")} == {"correction"}


def test_a_week_is_not_final_while_ops_may_reply(tmp_path: Path) -> None:
    """Ten holidays follow: the fifth working day is Friday 03-27."""
    days = ", ".join(f"2026-03-{day:02}" for day in (*range(9, 14), *range(16, 21)))
    quiet = house(tmp_path / "criteria", site__toml=HOUSE.replace("2026-04-01", days))
    with told(tmp_path, quiet, CASES["accepted in time"][0]) as warehouse:
        for moment, is_final in ((datetime(2026, 3, 28, 5, 59), False), (datetime(2026, 3, 28, 6), True)):
            measure(warehouse, quiet, moment, date(2026, 3, 2))
            assert publish(warehouse, quiet, None, str(moment), moment).is_final == is_final


# -- the sample --------------------------------------------------------------------------------------------------

SAMPLE = sample_folder()
PLANTED = {
    "": (None, None),
    "accepted": ("accepted", None),
    "contested": ("contested", None),
    "contested_stands": ("contested", "stands"),
    "contested_withdrawn": ("contested", "withdrawn"),
}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("desk")
    made = Settings(home=home, source=str(SAMPLE / "issues.jsonl.gz"), criteria=SAMPLE / "criteria")
    weekly.run(made, lambda _: None, is_rendered=False)
    return made


def test_every_planted_reply_is_found(sample: Settings) -> None:
    rows = csv.DictReader((SAMPLE / "truth" / "escalations.csv").read_text().splitlines())
    planted = {row["ticket_key"]: PLANTED[row["reply"]] for row in rows}
    query = """
        select k.ticket_key, if(v.reply = 'unanswered', null, v.reply), v.ruling
        from mart.verdicts v join core.tickets k using (issue_id) where v.escalation_no = 1
    """
    with Warehouse.open(sample.warehouse_file) as warehouse:
        assert {key: tuple(rest) for key, *rest in warehouse.rows(query)} == planted
        assert warehouse.value("select count(*) from mart.rulings where not is_counted") == 0
        assert warehouse.value("select count(*) from mart.verdicts where escalation_no > 1 and ruling is not null") == 0
    assert Counter(planted.values())["accepted", None] > 10


def test_forms_add_up_to_what_is_claimed(sample: Settings) -> None:
    query = f"""
        select week from mart.measures
        where measure = 'ops_should_have_handled' and variant in ({FORMS}) and statistic = 'share'
        group by week, group_key
        having sum(numerator) filter (variant = 'claimed_week' and n_pending = 0)
            <> sum(numerator) filter (variant <> 'claimed_week') and sum(n_pending) = 0
    """
    with Warehouse.open(sample.warehouse_file) as warehouse:
        assert warehouse.rows(query) == []
        counts = Counter(row["standing"] for row in standings(warehouse))
    assert all(counts[one] for one in ("agreed", "withdrawn", "contested", "unanswered", "claimed"))


# -- as of then ------------------------------------------------------------------------------------------------

THEN = """
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-2
  03-16 17:00 labels="verdict-contested verdict-stands" by=lead-1
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
SUP-3 created 2026-03-03 16:00 tier=2 summary="portal key" labels=verdict-accepted
  05-04 17:00 comment=late
"""
HEADER = "ticket,said,person,said_on\n"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("desk")
    known = house(folder / "criteria")
    home = Settings(home=folder, source=str(write_export(folder / "export.json", issues(THEN))))
    empty_warehouse(home.warehouse_file)
    weekly.run(home, lambda _: None, is_rendered=False)
    (folder / "said.csv").write_text(f"{HEADER}SUP-2,accepted,ops-1,2026-03-11\nSUP-2,withdrawn,lead-1,2026-03-18\n")
    import_rulings(home, known, folder / "said.csv", "import", datetime(2026, 5, 5))
    weekly.run(home, lambda _: None, is_rendered=False)
    return home


@pytest.mark.parametrize(
    ("until", "n_events", "expected"),
    [
        ("2026-03-10", 2, "SUP-1 1 contested - contested\nSUP-2 1 - - claimed\nSUP-3 1 accepted - -"),
        ("2026-03-17", 4, "SUP-1 1 contested stands agreed\nSUP-2 1 accepted - agreed\nSUP-3 1 accepted - -"),
        (
            "2026-06-01",
            5,
            "SUP-1 1 contested stands agreed\nSUP-2 1 accepted withdrawn withdrawn\nSUP-3 1 accepted - -",
        ),
    ],
)
def test_as_of_then_each_saying_once(until: str, n_events: int, expected: str, desk: Settings, tmp_path: Path) -> None:
    """A label stands in the changelog and, once a run took it over, among the events that are copied."""
    scratch = tmp_path / "scratch"
    empty_warehouse(scratch / "warehouse.duckdb")

    @contextmanager
    def kept(**_: object) -> Iterator[str]:
        yield str(scratch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "TemporaryDirectory", kept)
        weekly.run(desk, lambda _: None, is_rendered=False, until=datetime.fromisoformat(until))
    is_past = datetime.fromisoformat(until) < datetime(2026, 5, 4)  # else it is a run on the desk's own warehouse
    with Warehouse.open(scratch / "warehouse.duckdb" if is_past else desk.warehouse_file) as warehouse:
        assert table(warehouse, STANDS.replace(", v.window_closes_at", "")) == expected
        query = "select count(*), count(distinct source_ref) from state.rulings"
        assert table(warehouse, query) == f"{n_events} {n_events}"


# -- a CSV -------------------------------------------------------------------------------------------------------

NOW = datetime(2026, 5, 5, 9)
CSV_DESK = """
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 21:00 tier=2 by=ops-1
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key"
  03-03 17:00 tier=2 by=ops-1
  03-04 09:00 moved_from=OLD-2
  03-05 18:00 tier=1 status=Resolved by=int-1
  03-31 17:00 tier=2 status=Doing by=ops-1
SUP-3 created 2026-03-03 16:00 tier=1
"""
TOLD = """
    select issue_id, escalation_no, said, is_taken_back, person_id, effective_at from state.rulings order by event_id
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Path:
    folder = tmp_path_factory.mktemp("built")
    with told(folder, criteria, CSV_DESK, "2026-05-05 08:00"):
        pass
    return folder / "warehouse.duckdb"


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Settings:
    shutil.copy(built, tmp_path / "warehouse.duckdb")
    return Settings(home=tmp_path)


def imported(home: Settings, criteria: Criteria, text: str, now: datetime = NOW, name: str = "said.csv") -> Imported:
    (home.home / name).write_bytes(text.encode())
    return import_rulings(home, criteria, home.home / name, "import", now)


def stored(home: Settings) -> str:
    with Warehouse.open(home.warehouse_file) as opened:
        return table(opened, TOLD)


def test_what_is_taken_and_what_follows(home: Settings, criteria: Criteria) -> None:
    """By the day: at noon in Denver, or at the escalation where that came in the afternoon."""
    text = f"{HEADER}sup-1,Contested,ops-1,2026-03-03\nOLD-2,verdict-accepted,ops-2,2026-04-01\nSUP-1,stands,lead-1,2026-03-20\n"
    assert imported(home, criteria, text) == Imported(3, 0)
    assert stored(home) == lines(
        """
        1001 1 contested no ops-1 03-03T21:00
        1001 1 stands no lead-1 03-20T18:00
        1002 2 accepted no ops-2 04-01T18:00
        """
    )
    with Warehouse.open(home.warehouse_file) as opened:
        derive(opened, criteria, NOW)
        assert table(opened, STANDS) == lines(
            """
            SUP-1 1 contested stands agreed 03-14T06:00
            SUP-2 1 unanswered - unanswered 03-14T06:00
            SUP-2 2 accepted - agreed 04-11T06:00
            """
        )


def test_the_same_again_stores_nothing(home: Settings, criteria: Criteria) -> None:
    line = "SUP-1,accepted,ops-2,2026-03-04\n"
    assert imported(home, criteria, HEADER + line) == Imported(1, 0)
    before = stored(home)
    assert imported(home, criteria, HEADER + line) == Imported(0, 1)
    assert imported(home, criteria, HEADER + line, name="other name.csv") == Imported(0, 1)
    again = (
        "Note;Said on;Person;Said;Ticket\n=1+1;2026-03-04;ops-2; Accepted ;sup-1\n\n;2026-03-04;ops-2;accepted;SUP-1\n"
    )
    assert imported(home, criteria, "\ufeff" + again.replace("\n", "\r\n")) == Imported(0, 1)
    assert stored(home) == before
    assert imported(home, criteria, f"{HEADER}{line}SUP-1,contested,ops-2,2026-03-05\n") == Imported(1, 1)


def test_a_label_that_went_takes_back_only_what_a_label_said(home: Settings, criteria: Criteria) -> None:
    imported(home, criteria, f"{HEADER}SUP-1,accepted,ops-2,2026-03-04\n")
    more = "  03-05 17:00 labels=verdict-accepted by=ops-1\n  03-06 17:00 labels= by=ops-1\nSUP-2 "
    with Warehouse.open(home.warehouse_file) as opened:
        load_into(opened, home.home, issues(CSV_DESK.replace("SUP-2 ", more, 1)), criteria)
        derive(opened, criteria, NOW)
        assert table(opened, STANDS).splitlines()[0] == "SUP-1 1 accepted - agreed 03-14T06:00"


GOOD = "SUP-1,contested,ops-1,2026-03-04\n"
BAD = {
    # what the file holds: the line that is named, and how
    f"{HEADER}{GOOD},accepted,ops-1,2026-03-04\n": "line 3: ticket is empty",
    f"{HEADER}SUP-1,,ops-1,2026-03-04\n": "line 2: said is empty",
    f"{HEADER}SUP-1,accepted,,2026-03-04\n": "line 2: person is empty",
    f"{HEADER}SUP-1,accepted,ops-1,\n": "line 2: said_on is empty",
    f"{HEADER}SUP-1,agreed,ops-1,2026-03-04\n": "line 2: said is none of accepted, contested, stands, withdrawn",
    f"{HEADER}SUP-1,accepted,ops-1,4/3/2026\n": "line 2: said_on is no date; write it as 2026-03-02",
    f"{HEADER}SUP-1,accepted,ops-1,2026-05-06\n": "line 2: said_on is still to come",
    f"{HEADER}{GOOD}SUP-9,accepted,ops-1,2026-03-04\n": "line 3: ticket: no such ticket in the warehouse",
    f"{HEADER}SUP-3,accepted,ops-1,2026-03-04\n": "line 2: the ticket had not escalated on that day",
    f"{HEADER}SUP-1,accepted,ops-1,2026-03-02\n": "line 2: the ticket had not escalated on that day",
    f"{HEADER}{GOOD}SUP-1,stands,int-1,2026-03-05\n": "line 3: person is no ruler on that day",
    f"{HEADER}{GOOD}SUP-1,withdrawn,lead-2,2026-03-11\n": "line 3: person is no ruler on that day",
    f"{HEADER}{GOOD}SUP-1,withdrawn,somebody,2026-03-11\n": "line 3: person is no ruler on that day",
    f"{HEADER}SUP-1,contested,int-1,2026-03-05\n": "line 2: person is not of OPS on that day",
    f"{HEADER}SUP-1,contested,ops-3,2026-03-12\n": "line 2: person is not of OPS on that day",
    f"{HEADER}{GOOD}SUP-1,accepted,ops-2,2026-03-04\n": "line 3: says otherwise of that day than line 2",
    f"{HEADER}SUP-1,accepted,ops-1, really,2026-03-04\n": "line 2: more cells than columns",
    "ticket,said,person\n": "line 1: no column said_on",
    "": "line 1: no column ticket",
}


@pytest.mark.parametrize(("text", "said"), BAD.items())
def test_one_wrong_line_and_nothing_is_stored(text: str, said: str, home: Settings, criteria: Criteria) -> None:
    with pytest.raises(InputError) as error:
        imported(home, criteria, text)
    assert str(error.value).startswith(f"{home.home / 'said.csv'}: {said}")
    assert "\n" not in str(error.value) and error.value.exit_code == 2
    assert stored(home) == ""


def test_a_ruler_from_the_first_day_on(home: Settings, criteria: Criteria) -> None:
    assert imported(home, criteria, f"{HEADER}{GOOD}SUP-1,withdrawn,lead-2,2026-03-12\n").n_stored == 2


def test_today_is_a_day_of_the_reporting_zone(home: Settings, criteria: Criteria) -> None:
    line = f"{HEADER}SUP-1,withdrawn,lead-1,2026-05-05\n"
    with pytest.raises(InputError, match="still to come"):
        imported(home, criteria, line, datetime(2026, 5, 5, 5, 59))
    assert imported(home, criteria, line, datetime(2026, 5, 5, 6)).n_stored == 1


# -- told ----------------------------------------------------------------------------------------------------------


def test_what_waits_is_told_first(tmp_path: Path, criteria: Criteria) -> None:
    with told(tmp_path, criteria, NUMBERS + EVERY_REASON.replace("SUP-1", "SUP-9"), "2026-03-16 08:00"):
        pass
    said = list(ruling_lines(*known_rulings(Settings(home=tmp_path))))
    assert said[:2] == [
        "SUP-2, escalated 2026-03-03, runbook: contested, waits for a ruling",
        "SUP-8, escalated 2026-03-10, runbook: OPS may reply until 2026-03-20",
    ]
    assert said[2] == "SUP-9: accepted on 2026-03-14 does not count: it came after the fifth working day"
    assert said[-1] == "verdicts: 1 agreed, 2 withdrawn, 1 contested, 2 unanswered, 1 claimed"
    assert not [line for line in said for person in PEOPLE if person and person in line]


def test_before_the_first_report_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no warehouse yet"):
        known_rulings(Settings(home=tmp_path))
    with Warehouse.open(tmp_path / "warehouse.duckdb"):
        pass
    with pytest.raises(InputError, match="nothing was reported yet"):
        known_rulings(Settings(home=tmp_path))


def test_a_desk_without_verdicts(tmp_path: Path, criteria: Criteria) -> None:
    with told(tmp_path, criteria, "SUP-1 created 2026-03-03 16:00 tier=1\n") as warehouse:
        assert standings(warehouse) == [] and not_counted(warehouse) == []
    told_lines = list(ruling_lines(*known_rulings(Settings(home=tmp_path))))
    assert told_lines == ["no verdict claims that OPS should have handled something"]
