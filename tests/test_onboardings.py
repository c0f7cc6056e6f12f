"""Onboardings: tickets or lines of onboardings.csv, live within the provider's normal time, or who holds the ball."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import stories
from stories import SITE, bare_criteria, lines, open_warehouse, table, warehouse_of, write_export

from analysis.measure import measure
from analysis.taxonomy import PACKAGED, Criteria
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.settings import Settings

ONBOARDINGS = """
[onboardings]
issue_types = ["Onboarding"]
labels = ["new-dealer"]
components = ["Launch"]
"""
MAPPED = SITE.replace('merged_at = "Merged at"\n', 'merged_at = "Merged at"\nlive_at = "Live at"\n') + ONBOARDINGS
# CDK: 21 days, 14 from 2026-04-01 on. Tekion: its review only. Dealer-FX: nothing.
DELAYS = """provider,step,starts,ends,hours,effective_from
cdk,request to live,requested_at,live_at,504,2020-01-01
cdk,request to live,requested_at,live_at,336,2026-04-01
tekion,partner review,requested_at,,48,2020-01-01
"""
TARGETS = (PACKAGED / "targets.toml").read_text().replace("# start_date = 2026-06-01", "start_date = 2026-02-01")
LIFE = """
    select ticket_key, provider, strftime(requested_at, '%m-%d'), strftime(due_date, '%m-%d'), strftime(live_date, '%m-%d'), is_on_time
    from mart.onboardings order by ticket_key
"""
COUNTED = "select sum(k), sum(d), sum(n_unknown) from mart.score_weeks where measure = 'integration_success'"
SCORE = (
    "select value, n, n_unknown, status, needs from mart.scorecard where measure = 'integration_success' and month = 3"
)
Inputs = Mapping[str, Sequence[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _live_at_is_a_field(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(stories.FIELDS, "live_at", ("customfield_11", "Live at"))


def known(folder: Path, site: str = MAPPED, delays: str = DELAYS) -> Criteria:
    return bare_criteria(folder, site__toml=site, normal_delays__csv=delays, targets__toml=TARGETS)


def told(
    folder: Path,
    story: str,
    *queries: str,
    as_of: str = "2026-05-04 00:00",
    inputs: Inputs | None = None,
    **criteria: str,
) -> str:
    """What the queries give of the story, as one text."""
    found = known(folder / "criteria", **criteria)
    with warehouse_of(story, folder, found, as_of=as_of) as warehouse:
        if inputs:
            measure(warehouse, found, datetime.fromisoformat(as_of), inputs=inputs)
        return "\n".join(table(warehouse, query) for query in queries)


def line(dealer: str, due: str, live: str | None, provider: str = "cdk") -> dict[str, Any]:
    day = date.fromisoformat(live) if live else None
    return {"dealer_id": dealer, "provider": provider, "due_date": date.fromisoformat(due), "live_date": day}


def test_which_tickets_are_onboardings(tmp_path: Path) -> None:
    """By type, label or component in any case; an engineering issue is none, and without [onboardings] there are none."""
    story = """
    SUP-1 created 2026-03-02 09:00 type=onboarding provider=CDK
    SUP-2 created 2026-03-02 09:00 labels="x New-Dealer" provider=CDK
    SUP-3 created 2026-03-02 09:00 component="API launch" provider=CDK
    SUP-4 created 2026-03-02 09:00 type=Support labels=onboarding component=API summary=Onboarding provider=CDK
    PENG-1 created 2026-03-02 09:00 type=Onboarding provider=CDK
    """
    query = "select source, ticket_key from mart.onboardings order by 2"
    assert told(tmp_path, story, query) == lines("jira SUP-1\njira SUP-2\njira SUP-3")
    assert told(tmp_path / "none", story, query, site=SITE) == ""


def test_on_time_or_late(tmp_path: Path) -> None:
    """21 days of 03-02 end with 03-23. SUP-1 in time by the resolution, SUP-2 on the last day, SUP-3 late; SUP-4's field
    outweighs its late resolution. SUP-5 asks on 04-01, when 14 days are normal, SUP-6 the day before."""
    story = """
    SUP-1 created 2026-03-02 09:00 type=Onboarding provider=CDK
      03-20 09:00 status=Resolved
    SUP-2 created 2026-03-02 09:00 type=Onboarding provider=CDK
      03-23 23:59 status=Resolved
      03-30 09:00 status=Closed
    SUP-3 created 2026-03-02 09:00 type=Onboarding provider=CDK
      03-24 00:01 status=Resolved
    SUP-4 created 2026-03-02 09:00 type=Onboarding provider=CDK
      03-30 10:00 status=Resolved live_at=2026-03-19
    SUP-5 created 2026-03-02 09:00 type=Onboarding provider=CDK requested_at=2026-04-01T08:00:00.000+0000
      04-16 09:00 status=Resolved
    SUP-6 created 2026-03-02 09:00 type=Onboarding provider=CDK requested_at=2026-03-31
      04-16 09:00 status=Resolved
    """
    expected = """
    SUP-1 cdk 03-02 03-23 03-20 yes
    SUP-2 cdk 03-02 03-23 03-23 yes
    SUP-3 cdk 03-02 03-23 03-24 no
    SUP-4 cdk 03-02 03-23 03-19 yes
    SUP-5 cdk 04-01 04-15 04-16 no
    SUP-6 cdk 03-31 04-21 04-16 yes
    4 6 0
    """
    assert told(tmp_path, story, LIFE, COUNTED) == lines(expected)


def test_not_live_yet(tmp_path: Path) -> None:
    """As of Monday 05-04: SUP-1 and SUP-2 are overdue (SUP-2 was live and is open again), SUP-3 is due today, SUP-4 later;
    SUP-5 is live before it is due, which counts in the week in which it is due; SUP-6 has a planned day."""
    story = """
    SUP-1 created 2026-04-10 09:00 type=Onboarding provider=CDK
    SUP-2 created 2026-04-10 09:00 type=Onboarding provider=CDK
      04-20 09:00 status=Resolved
      04-21 09:00 status=Open
    SUP-3 created 2026-04-20 09:00 type=Onboarding provider=CDK
    SUP-4 created 2026-04-30 09:00 type=Onboarding provider=CDK
    SUP-5 created 2026-04-30 09:00 type=Onboarding provider=CDK
      05-01 09:00 status=Resolved
    SUP-6 created 2026-04-10 09:00 type=Onboarding provider=CDK live_at=2026-05-05
      04-20 09:00 status=Resolved
    """
    expected = """
    SUP-1 cdk 04-10 04-24 - no
    SUP-2 cdk 04-10 04-24 - no
    SUP-3 cdk 04-20 05-04 - -
    SUP-4 cdk 04-30 05-14 - -
    SUP-5 cdk 04-30 05-14 05-01 yes
    SUP-6 cdk 04-10 04-24 - no
    0 3 0
    """
    assert told(tmp_path, story, LIFE, COUNTED) == lines(expected)


def test_where_those_that_are_not_live_stand(tmp_path: Path) -> None:
    """Days since the request against the normal ones, and who holds the ball since when; nobody knows of SUP-4."""
    story = """
    SUP-1 created 2026-04-10 09:00 type=Onboarding provider=CDK tier=1
      04-13 09:00 status="Waiting for dealer" accepted_at=2026-04-12T10:00:00.000+0000
      04-15 09:00 status="Waiting for provider"
    SUP-2 created 2026-04-10 09:00 type=Onboarding provider=CDK tier=1
      04-13 09:00 status="Waiting for dealer"
      04-15 09:00 status=Doing tier=2
    SUP-3 created 2026-03-10 09:00 type=Onboarding provider=CDK tier=1
      03-27 09:00 status=Resolved
    SUP-4 created 2026-04-10 09:00 type=Onboarding provider=Tekion
    """
    query = """
        select ticket_key, status, holder, held_since, elapsed_days, normal_days, strftime(accepted_at, '%m-%d')
        from mart.onboardings order by 1
    """
    expected = """
    SUP-1 Waiting for provider provider 04-15T09:00 24 14 04-12
    SUP-2 Doing tier2 04-15T09:00 24 14 -
    SUP-3 Resolved - - 17 21 -
    SUP-4 Open - - 24 - -
    """
    assert told(tmp_path, story, query) == lines(expected)


def test_what_is_left_out_is_listed(tmp_path: Path) -> None:
    """Cancelled is not live, even if a field says so."""
    story = """
    SUP-1 created 2026-03-02 09:00 type=Onboarding provider=CDK
      03-20 09:00 status=Resolved resolution=Cancelled
    SUP-2 created 2026-03-02 09:00 type=Onboarding provider=CDK live_at=2026-03-10
      03-20 09:00 status=Resolved resolution=Cancelled
    SUP-3 created 2026-03-02 09:00 type=Onboarding provider=CDK
      03-04 09:00 status=Resolved resolution=Duplicate
    SUP-4 created 2026-03-02 09:00 type=Onboarding provider=CDK
      03-20 09:00 status=Resolved resolution=Done
    """
    query = "select ticket_key, exclusion_reason, strftime(live_date, '%m-%d'), is_on_time, holder, elapsed_days from mart.onboardings order by 1"
    expected = """
    SUP-1 cancelled - - - -
    SUP-2 cancelled - - - -
    SUP-3 duplicate - - - -
    SUP-4 - 03-20 yes - 18
    1 1 0
    """
    assert told(tmp_path, story, query, COUNTED) == lines(expected)


UNKNOWN = """
SUP-1 created 2026-04-06 09:00 type=Onboarding provider=Tekion
  04-07 09:00 status=Resolved
SUP-2 created 2026-04-06 09:00 type=Onboarding provider=Dealer-FX
SUP-3 created 2026-04-06 09:00 type=Onboarding
"""


def test_a_due_date_that_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    """Tekion's review is not its whole onboarding; CDK's normal time holds only from a day on. Counted in the week of the request."""
    story = UNKNOWN + "SUP-4 created 2019-12-30 09:00 type=Onboarding provider=CDK\n"
    story += "SUP-5 created 2026-04-06 09:00 type=Onboarding provider=CDK\n"
    needs = (
        "select ticket_key, due_date, is_on_time, needs from mart.onboardings where ticket_key <> 'SUP-5' order by 1"
    )
    expected = """
    SUP-1 - - normal_delays.csv: a step of tekion that ends with live_at, in force on 2026-04-06
    SUP-2 - - normal_delays.csv: a step of dealer_fx that ends with live_at, in force on 2026-04-06
    SUP-3 - - the ticket: provider
    SUP-4 - - normal_delays.csv: a step of cdk that ends with live_at, in force on 2019-12-30
    0 1 3 too few -
    """
    assert told(tmp_path, story, needs, SCORE) == lines(expected)
    weeks = "select week, k, d, n_unknown from mart.score_weeks where measure = 'integration_success' order by 1"
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        assert table(warehouse, weeks) == lines("2019-12-30 0 0 1\n2026-04-06 0 0 3\n2026-04-20 0 1 0")


def test_without_any_normal_time_the_scorecard_says_what_it_needs(tmp_path: Path) -> None:
    expected = (
        "- 0 3 - normal_delays.csv: a step that ends with live_at, or inputs/onboardings.csv: due_date, live_date"
    )
    assert told(tmp_path, UNKNOWN, SCORE) == expected


def test_a_line_of_the_csv_wins_over_the_tickets_of_its_dealer_and_provider(tmp_path: Path) -> None:
    """Cedar's two tickets (one cancelled) and Blue's line are one each; Cedar with Tekion and an unknown dealer stay tickets.
    What the line does not tell, the newest ticket does."""
    story = """
    SUP-1 created 2026-03-02 09:00 type=Onboarding dealer=CRM provider=CDK tier=1
      03-09 09:00 status="Waiting for dealer"
    SUP-2 created 2026-03-03 09:00 type=Onboarding dealer=Cedar provider=CDK
      03-09 09:00 status=Resolved resolution=Cancelled
    SUP-3 created 2026-03-02 09:00 type=Onboarding dealer=Cedar provider=Tekion
    SUP-4 created 2026-03-02 09:00 type=Onboarding dealer=Nobody provider=CDK
      03-09 09:00 status=Resolved
    """
    inputs = {
        "onboardings": [
            line("Cedar Ridge", "2026-04-20", "2026-04-21", "CDK"),
            line("blue", "2026-04-20", "2026-04-20", "tekion"),
            line("blue", "2026-04-24", None),
        ]
    }
    query = """
        select source, ticket_key, dealer_id, provider, strftime(requested_at, '%m-%d'), strftime(due_date, '%m-%d'),
            strftime(live_date, '%m-%d'), is_on_time, status, holder, elapsed_days
        from mart.onboardings order by source, dealer_id, provider
    """
    expected = """
    csv - blue cdk - 04-24 - no - - -
    csv - blue tekion - 04-20 04-20 yes - - -
    csv SUP-1 cedar cdk 03-02 04-20 04-21 no Waiting for dealer - 50
    jira SUP-3 cedar tekion 03-02 - - - Open - 63
    jira SUP-4 - cdk 03-02 03-23 03-09 yes Resolved - 7
    2 4 1
    """
    assert told(tmp_path, story, query, COUNTED, inputs=inputs) == lines(expected)


def test_days_are_those_of_the_reporting_zone(tmp_path: Path) -> None:
    """Denver. SUP-1 asks on Sunday 03-01, 23:30; the clocks change on 03-08, and 21 days of wall clock end on 03-22. It is
    live at 23:00 of that day, already Monday in UTC. A day alone (SUP-2) is that day."""
    story = """
    SUP-1 created 2026-03-02 06:30 type=Onboarding provider=CDK
      03-23 05:00 status=Resolved
    SUP-2 created 2026-03-20 09:00 type=Onboarding provider=CDK requested_at=2026-03-02 live_at=2026-03-23
    SUP-3 created 2026-03-20 09:00 type=Onboarding provider=CDK requested_at=2026-03-02T23:30:00.000-0700
    """
    expected = """
    SUP-1 cdk 03-02 03-22 03-22 yes
    SUP-2 cdk 03-02 03-23 03-23 yes
    SUP-3 cdk 03-03 03-23 - no
    """
    denver = MAPPED.replace('reporting_zone = "UTC"', 'reporting_zone = "America/Denver"')
    assert told(tmp_path, story, LIFE, site=denver) == lines(expected)


def test_an_onboarding_that_escalates_is_an_escalation_as_before(tmp_path: Path) -> None:
    story = """
    SUP-1 created 2026-03-02 09:00 type=Onboarding provider=CDK tier=1
      03-03 09:00 tier=2
      03-04 09:00 status=Resolved
    """
    query = "select ticket_key, entered, is_excluded from mart.escalations"
    with_rule, without = (told(tmp_path / name, story, query, site=site) for name, site in (("a", MAPPED), ("b", SITE)))
    assert with_rule == without == "SUP-1 from_ops no"


def test_as_of_earlier_what_was_not_live_then_is_not(tmp_path: Path) -> None:
    """On 04-06 nobody had resolved SUP-1, set SUP-2's field or made SUP-3, and the line's day was still to come."""
    story = """
    SUP-1 created 2026-03-02 09:00 type=Onboarding provider=CDK
      04-10 09:00 status=Resolved
    SUP-2 created 2026-03-02 09:00 type=Onboarding provider=CDK
      04-08 09:00 live_at=2026-03-20T10:00:00.000+0000 status=Resolved
    SUP-3 created 2026-04-07 09:00 type=Onboarding provider=CDK
    """
    query = "select ticket_key, strftime(due_date, '%m-%d'), strftime(live_date, '%m-%d'), is_on_time, status from mart.onboardings order by 1 nulls first"
    now = """
    - 03-23 04-09 no -
    SUP-1 03-23 04-10 no Resolved
    SUP-2 03-23 03-20 yes Resolved
    SUP-3 04-21 - - Open
    """
    then = """
    - 03-23 - no -
    SUP-1 03-23 - no Open
    SUP-2 03-23 - no Open
    """
    known(tmp_path / "criteria")
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "onboardings.csv").write_text(
        "dealer_id,provider,due_date,live_date\nblue,cdk,2026-03-23,2026-04-09\n"
    )
    export = write_export(tmp_path / "export.json", stories.issues(story))
    settings = Settings(home=tmp_path, source=str(export), criteria=tmp_path / "criteria")
    weekly.run(settings, lambda _: None)
    with Warehouse.open(settings.warehouse_file) as warehouse:
        assert table(warehouse, query) == lines(now)
    (scratch := tmp_path / "scratch").mkdir()

    @contextmanager
    def kept(**_: object) -> Iterator[str]:
        yield str(scratch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "TemporaryDirectory", kept)
        weekly.run(settings, lambda _: None, is_rendered=False, until=datetime(2026, 4, 6, 12))
    with open_warehouse(scratch / "warehouse.duckdb") as warehouse:
        assert table(warehouse, query) == lines(then)


# -- the whole onboarding beside its steps -----------------------------------------------------------------

WHOLE = DELAYS + "tekion,request to live,requested_at,live_at,240,2020-01-01\n"


def test_a_whole_onboarding_does_not_stretch_its_steps(tmp_path: Path) -> None:
    """Tekion's review is over after 48 hours though its onboarding takes ten days; CDK has the whole alone."""
    story = """
    SUP-1 created 2026-03-05 09:00 tier=1 provider=Tekion category=setup_delay requested_at=2026-03-02T08:00:00.000+0000
      03-05 10:00 tier=2 status="Waiting for provider"
      03-08 10:00 status=Resolved
    SUP-2 created 2026-03-05 09:00 tier=1 provider=CDK category=setup_delay requested_at=2026-03-02T08:00:00.000+0000
      03-05 10:00 tier=2 status="Waiting for provider"
      03-08 10:00 status=Resolved
    """
    verdicts = "select ticket_key, verdict from mart.verdicts join mart.tickets using (issue_id) order by 1"
    waits = "select ticket_key, is_overdue from mart.waits join mart.tickets using (issue_id) order by 1"
    before = told(tmp_path / "before", story, verdicts, waits)
    assert before == lines("SUP-1 justified\nSUP-2 should_have_handled\nSUP-1 yes\nSUP-2 no")
    assert told(tmp_path / "after", story, verdicts, waits, delays=WHOLE) == before
