"""What OPS should have handled: by what was knowable at the escalation, softened by later facts, never hardened."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
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

from analysis.taxonomy import Criteria

RUNBOOKS = {
    # id: front matter besides title, dates and audience
    "RB-SLOTS": "provider: tekion\ncategory: configuration\nsignature: ['SLOTS_HIDDEN']",
    "RB-OLD": "signature: ['old trick']\nreplaced: 2026-03-10",
    "RB-DEV": "signature: ['for developers']\naudience: integration",
    "RB-KEYS": "signature: ['portal key']\nneeds_access: [portal, console]",
    "RB-QUIET": "signature: ['never told']\nannounced:",
}
ACCESS = "access,from,to\nconsole,2020-01-01,\nportal,2026-03-03,2026-03-20\n"
VERDICTS = """
    select k.ticket_key, v.escalation_no, v.verdict_at_escalation, v.verdict, v.criterion_id, v.softened_by
    from mart.verdicts v join core.tickets k using (issue_id) order by 1, 2
"""
DENVER = SITE.replace('reporting_zone = "UTC"', 'reporting_zone = "America/Denver"')


def runbook(ident: str, more: str, announced: str = "2026-03-01") -> str:
    head = {
        "id": ident,
        "title": f"About {ident}",
        "audience": "ops",
        "published": "2026-02-01",
        "announced": announced,
    }
    told = {key: value.strip() for key, _, value in (line.partition(":") for line in more.splitlines())}
    return "---\n" + "".join(f"{key}: {value}\n" for key, value in (head | told).items()) + "---\nDo this.\n"


def criteria_with_runbooks(folder: Path, **files: str) -> Criteria:
    books = {f"runbooks/{ident}__md": runbook(ident, more) for ident, more in RUNBOOKS.items()}
    return bare_criteria(folder, access__csv=ACCESS, **(books | files))


# RB-SLOTS was announced on 2026-03-01 in Denver, which is UTC-7 until 03-08 and UTC-6 after it.
CASES = cases("""
## announced 6 days before
SUP-1 created 2026-03-07 09:00 tier=1 provider=Tekion category=configuration summary=SLOTS_HIDDEN
  03-08 06:59 tier=2
=> SUP-1 1 justified justified runbook -
## announced 7 days before: the 8th begins at 07:00 UTC
SUP-1 created 2026-03-07 09:00 tier=1 provider=Tekion category=configuration summary=SLOTS_HIDDEN
  03-08 07:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled runbook -
## announced 8 days before
SUP-1 created 2026-03-07 09:00 tier=1 provider=Tekion category=configuration description="it says slots_hidden"
  03-09 06:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled runbook -
## what the runbook is about was looked at already, in the ticket's or in a comment's words
SUP-1 created 2026-03-08 09:00 tier=1 provider=Tekion category=configuration summary="SLOTS_HIDDEN is off, I checked"
  03-09 06:00 tier=2
SUP-2 created 2026-03-08 09:00 tier=1 provider=Tekion category=configuration summary=SLOTS_HIDDEN
  03-08 10:00 comment="SLOTS_HIDDEN was ruled out." by=ops-1
  03-09 06:00 tier=2
SUP-3 created 2026-03-08 09:00 tier=1 provider=Tekion category=configuration summary=SLOTS_HIDDEN
  03-09 06:00 tier=2
  03-09 10:00 comment="SLOTS_HIDDEN was ruled out." by=int-1
=> SUP-1 1 unclear unclear runbook -
=> SUP-2 1 unclear unclear runbook -
=> SUP-3 1 should_have_handled should_have_handled runbook -
## the day before it was replaced
SUP-1 created 2026-03-09 09:00 tier=1 summary="the old trick"
  03-10 05:59 tier=2
=> SUP-1 1 should_have_handled should_have_handled runbook -
## the day on which it was replaced
SUP-1 created 2026-03-09 09:00 tier=1 summary="the old trick"
  03-10 06:00 tier=2
=> SUP-1 1 justified justified - -
## a runbook for others than OPS
SUP-1 created 2026-03-12 09:00 tier=1 summary="for developers"
  03-12 10:00 tier=2
=> SUP-1 1 justified justified - -
## a runbook that was never announced
SUP-1 created 2026-03-12 09:00 tier=1 summary="never told"
  03-12 10:00 tier=2
=> SUP-1 1 justified justified - -
## another provider
SUP-1 created 2026-03-12 09:00 tier=1 provider=CDK category=configuration summary=SLOTS_HIDDEN
  03-12 10:00 tier=2
=> SUP-1 1 justified justified - -
## another category
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=auth summary=SLOTS_HIDDEN
  03-12 10:00 tier=2
=> SUP-1 1 justified justified - -
## access to all it needs
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled runbook -
## access ended that day
SUP-1 created 2026-03-20 09:00 tier=1 summary="portal key"
  03-20 10:00 tier=2
=> SUP-1 1 justified justified runbook -
## followed and failed
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 09:30 runbook_used=RB-KEYS
  03-12 10:00 tier=2
=> SUP-1 1 justified justified runbook -
## followed only after the escalation
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
  03-12 10:01 runbook_used=RB-KEYS
  03-13 10:00 status=Resolved
=> SUP-1 1 should_have_handled should_have_handled runbook -
## sent back, followed, and escalated again: the runbook failed
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
  03-12 11:00 tier=1
  03-12 12:00 runbook_used=RB-KEYS
  03-12 13:00 tier=2
=> SUP-1 1 should_have_handled justified runbook OPS followed the runbook later, and it did not end the trouble.
## blocked
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 09:30 ops_blocked_by="no login"
  03-12 10:00 tier=2
=> SUP-1 1 justified justified runbook -
## a block that was over before the escalation
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key" ops_blocked_by="no login"
  03-12 09:30 ops_blocked_by=
  03-12 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled runbook -
## top priority
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2 priority=Highest
=> SUP-1 1 justified justified runbook -
## top priority only later
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
  03-12 10:01 priority=Highest
=> SUP-1 1 should_have_handled should_have_handled runbook -
## born at Tier 2
SUP-1 created 2026-03-12 09:00 tier=2 summary="portal key"
=> SUP-1 1 justified justified runbook -
## the words came after the escalation
SUP-1 created 2026-03-12 09:00 tier=1 summary="it is broken"
  03-12 10:00 tier=2
  03-12 10:01 summary="portal key"
=> SUP-1 1 justified justified - -
## the words went after the escalation
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
  03-12 10:01 summary="it is broken"
=> SUP-1 1 should_have_handled should_have_handled runbook -
## provider and category were told after the escalation
SUP-1 created 2026-03-12 09:00 tier=1 summary=SLOTS_HIDDEN
  03-12 10:00 tier=2
  03-12 10:01 provider=Tekion category=configuration
=> SUP-1 1 justified justified - -
## provider and category were corrected after the escalation
SUP-1 created 2026-03-12 09:00 tier=1 summary=SLOTS_HIDDEN provider=Tekion category=configuration
  03-12 10:00 tier=2
  03-12 10:01 provider=CDK category=auth
=> SUP-1 1 should_have_handled should_have_handled runbook -
## softened by a stay at Tier 3
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
  03-13 10:00 tier=3
=> SUP-1 1 should_have_handled justified runbook It needed Tier 3.
## softened by Tier 2's own fix
PENG-1 created 2026-03-01 09:00 assignee=int-1
SUP-1 created 2026-03-12 09:00 tier=1 summary="portal key"
  03-12 10:00 tier=2
  03-13 10:00 link=Escalation>PENG-1
=> SUP-1 1 should_have_handled justified runbook It needed a change by Tier 2.
## a normal delay: 48 hours from the request, less a minute
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-10T10:01:00.000+0000
  03-12 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled normal-delay -
## past the normal delay
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-10T10:00:00.000+0000
  03-12 10:00 tier=2
=> SUP-1 1 justified justified normal-delay -
## CDK may take 21 days; XTime counts from the acceptance
SUP-1 created 2026-03-12 09:00 tier=1 provider=CDK category=setup_delay requested_at=2026-02-20T10:00:00.000+0000
  03-12 10:00 tier=2
SUP-2 created 2026-03-12 09:00 tier=1 provider=XTime category=setup_delay requested_at=2026-03-12T08:00:00.000+0000
  03-12 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled normal-delay -
=> SUP-2 1 justified justified - -
## not a setup
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=auth requested_at=2026-03-12T08:00:00.000+0000
  03-12 10:00 tier=2
=> SUP-1 1 justified justified - -
## the start was told after the escalation
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay
  03-12 10:00 tier=2
  03-12 10:01 requested_at=2026-03-12T08:00:00.000+0000
=> SUP-1 1 justified justified - -
## the start was corrected after the escalation
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-12T01:00:00.000-0700
  03-12 10:00 tier=2
  03-12 10:01 requested_at=2026-03-01T08:00:00.000+0000
=> SUP-1 1 should_have_handled should_have_handled normal-delay -
## an error is shown
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-12 summary="HTTP 403"
  03-12 10:00 tier=2
=> SUP-1 1 justified justified normal-delay -
## it is said that there is none
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-12 summary="errors: none I could find"
  03-12 10:00 tier=2
=> SUP-1 1 should_have_handled should_have_handled normal-delay -
## there is none, and then there is one
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-12 summary="error: none. Then error: no scopes"
  03-12 10:00 tier=2
=> SUP-1 1 justified justified normal-delay -
## a code is one, whatever is said
SUP-1 created 2026-03-12 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-12 summary="errors: none, HTTP 403 once"
  03-12 10:00 tier=2
=> SUP-1 1 justified justified normal-delay -
""")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("verdicts")
    return answers(CASES, VERDICTS, folder, criteria_with_runbooks(folder / "criteria", site__toml=DENVER))


@pytest.mark.parametrize("name", CASES)
def test_verdicts(name: str, found: dict[str, str]) -> None:
    assert found[name] == CASES[name][1]


def test_a_new_version_of_a_criterion_judges_only_later_escalations(tmp_path: Path) -> None:
    one = '[[criterion]]\nid = "runbook"\ntitle = "A rule"\nversion = {}\neffective_from = {}\ntest = "{}"\n'
    versions = one.format(1, "2026-03-05", "runbook") + one.format(2, "2026-03-15", "normal_delay")
    story = "".join(
        f"""
        SUP-{day} created 2026-03-{day:02} 08:00 tier=1 summary="portal key" provider=Tekion category={category}
          03-{day:02} 09:00 tier=2
        """
        for day, category in ((9, "auth"), (14, "auth"), (15, "auth"))
    )
    criteria = criteria_with_runbooks(tmp_path / "criteria", escalation_criteria__toml=versions)
    with warehouse_of(story, tmp_path, criteria) as warehouse:
        query = VERDICTS.replace("v.softened_by", "v.criterion_version").replace("order by 1, 2", "order by k.issue_id")
        assert table(warehouse, query) == lines(
            """
            SUP-9 1 should_have_handled should_have_handled runbook 1
            SUP-14 1 should_have_handled should_have_handled runbook 1
            SUP-15 1 justified justified - -
            """
        )


LATER = [
    "tier=1", "tier=3", "status=Resolved resolution=Done", "status=Doing resolution=", "priority=Highest",
    "comment=hello by=eng-1", "summary=other", "summary='portal key'", "description='HTTP 403'", "provider=CDK",
    "provider=Tekion", "category=auth", "category=setup_delay", "requested_at=2026-03-12T08:00:00.000+0000",
    "requested_at=", "runbook_used=RB-KEYS", "ops_blocked_by=Login", "assignee=eng-1", "link=Escalation>PENG-1",
    "tier=2",
]  # fmt: skip
BEFORE = """
SUP-{n} created 2026-03-12 09:00 tier=1 {start}
  03-12 10:00 tier=2
"""
STARTS = [
    "summary='portal key' provider=Tekion category=auth",
    "summary=SLOTS_HIDDEN provider=Tekion category=configuration",
    "summary=slow provider=Tekion category=setup_delay requested_at=2026-03-12T07:00:00.000+0000",
    "summary=slow",
]
THEN = "select issue_id, verdict_at_escalation, criterion_id from core.verdicts where escalation_no = 1 order by 1"


def desk(histories: list[list[str]]) -> str:
    engineering = "PENG-1 created 2026-03-01 09:00 assignee=eng-1\n"
    return engineering + "".join(
        BEFORE.format(n=n, start=STARTS[n % len(STARTS)])
        + "".join(f"  03-13 {hour:02}:00 {words}\n" for hour, words in enumerate(later))
        for n, later in enumerate(histories)
    )


@settings(max_examples=8, deadline=None, database=None, phases=(Phase.generate,))
@given(st.lists(st.lists(st.sampled_from(LATER), max_size=6), min_size=8, max_size=8))
def test_no_later_history_changes_the_verdict_at_escalation(
    tmp_path_factory: pytest.TempPathFactory, histories: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("later")
    criteria = criteria_with_runbooks(folder / "criteria")
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        seen = []
        for story in (desk([[] for _ in histories]), desk(histories)):
            load_into(warehouse, folder, issues(story), criteria)
            derive(warehouse, criteria, datetime(2026, 3, 30))
            seen.append(table(warehouse, THEN))
        assert (
            table(warehouse, "select count(distinct verdict_at_escalation) from core.verdicts where escalation_no = 1")
            == "2"
        )
    assert seen[0] == seen[1]
