"""The scorecard: each target with value, baseline and status, or exactly the input that is missing."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from few_tickets import cells
from stories import SITE, bare_criteria, lines, table, warehouse_of

from analysis.errors import CriteriaError, InputError
from analysis.measure import measure
from analysis.taxonomy import PACKAGED, Criteria
from pipelines.first_settings import write_desk
from pipelines.inputs import FILES, read_inputs, templates

DEALERS = "dealer_id,name,aliases,provider,live_from,live_until\ncedar,Cedar,,tekion,2020-01-01,\n"
RUNBOOK = """---
id: RB-KEY
title: Renew the portal key
provider: tekion
category: auth
audience: ops
published: 2025-01-01
announced: 2026-03-18
applies_when: ['portal key']
---
Renew it.
"""
TARGETS = (PACKAGED / "targets.toml").read_text().replace("# start_date = 2026-06-01", "start_date = 2026-04-01")
ROLE = TARGETS.replace("# role_group", "role_group")
TEAM = SITE.replace(
    'id = "int-1"\ntier = 2\n', 'id = "int-1"\ntier = 2\nteam = "integration"\n[[member]]\nid = "old-1"\ntier = 2\n'
)
AS_OF = datetime(2026, 10, 12)


def quarter(first: date, n_weeks: int, n: int, touching: int, who: str = "int-1") -> str:
    """`n` escalations in each of so many weeks, all resolved, of which `touching` touch Tier 3."""
    found = []
    for week in range(n_weeks):
        for place in range(n):
            at = datetime(first.year, first.month, first.day, 8) + timedelta(weeks=week, minutes=place)
            key = f"SUP-{at:%y%m%d}{place:02}"
            found.append(
                f"{key} created {at:%Y-%m-%d %H:%M} tier=2 assignee={who} dealer=Cedar provider=Tekion category=auth"
            )
            if place < touching:
                found.append(f"  {at:%m-%d} 09:00 tier=3")
            found.append(f"  {at:%m-%d} 10:00 status=Resolved")
    return "\n".join(found)


# The quarter before the start (13 weeks from 01-05): 4 a week, 2 without Tier 3. Month 6 is September 2026: 9 of 10, four weeks.
STORY = "\n".join([quarter(date(2026, 1, 5), 12, 4, 2, "old-1"), quarter(date(2026, 9, 7), 4, 10, 1)])
FIXES = """
PENG-1 created 2026-03-02 08:00 assignee=int-1 merged_at=2026-03-30T10:00:00.000+0000
PENG-2 created 2026-03-02 08:00 assignee=int-1 merged_at=2026-04-30T10:00:00.000+0000
PENG-3 created 2026-03-02 08:00 assignee=old-1 merged_at=2026-05-30T10:00:00.000+0000
SUP-1 created 2026-04-06 08:00 tier=1 runbook_used="see RB-KEY, step 2"
  04-07 08:00 status=Resolved
SUP-2 created 2026-04-06 08:00 tier=2 runbook_used=RB-KEY2
  04-07 08:00 status=Resolved
"""
SCORE = """
    select measure, month, due_date, round(baseline, 3), round(value, 3), n, status, trend from mart.scorecard
    where measure in ({}) order by 1, 2
"""


def scored(
    tmp_path: Path,
    query: str,
    targets: str = TARGETS,
    inputs: Mapping[str, list[dict[str, Any]]] | None = None,
    site: str = TEAM,
) -> str:
    criteria = bare_criteria(
        tmp_path / "criteria",
        site__toml=site,
        dealers__csv=DEALERS,
        targets__toml=targets,
        **{"runbooks/RB-KEY__md": RUNBOOK},
    )
    with warehouse_of(f"{STORY}\n{FIXES}", tmp_path, criteria, as_of=f"{AS_OF:%Y-%m-%d} 00:00") as warehouse:
        measure(warehouse, criteria, AS_OF, inputs=inputs or {})
        return table(warehouse, query)


def test_shares_of_their_month_against_target_and_baseline(tmp_path: Path) -> None:
    """36 of 40 is met only if the lower bound is: it is 77 %. SUP-2 of April counts for no September and no baseline."""
    query = SCORE.format("'resolution_without_tier3'")
    assert scored(tmp_path, query) == "resolution_without_tier3 6 2026-09-30 0.5 0.9 40 likely better"


def test_rates_are_better_when_they_fall(tmp_path: Path) -> None:
    """48 escalations in 13 weeks at one dealer; month 12 has not begun, so the last four weeks count: 30 of one dealer."""
    query = SCORE.format("'volume_per_dealer', 'volume_per_head'")
    assert scored(tmp_path, query) == lines(
        """
        volume_per_dealer 12 2027-03-31 3.692 7.5 30 not met worse
        volume_per_head 12 2027-03-31 1.846 3.75 30 not met worse
        """
    )


def test_the_role_rows_count_its_group_alone(tmp_path: Path) -> None:
    """Of the group: PENG-2 since the start (PENG-3 is old-1's). Month 3 (June) saw nothing of the group resolved."""
    query = SCORE.format("'merged_changes', 'handled_alone', 'runbooks_in_use'")
    assert scored(tmp_path, query, ROLE) == lines(
        """
        handled_alone 3 2026-06-30 0.9 - 0 too few -
        merged_changes 1 2026-04-30 - 1 1 met -
        merged_changes 3 2026-06-30 - 1 1 not met -
        runbooks_in_use 1 2026-04-30 - 1 1 met -
        runbooks_in_use 3 2026-06-30 - 1 1 not met -
        """
    )


def test_changes_of_the_csv_count_once(tmp_path: Path) -> None:
    changes = [
        {"change_ref": "https://git.example.invalid/pull/7", "merged_date": date(2026, 5, 4), "ticket_key": "SUP-1"},
        {"change_ref": "PENG-2", "merged_date": date(2026, 5, 4), "ticket_key": None},
    ]
    query = "select change_ref, source, ticket_key, merged_at, is_of_role from mart.merged_changes order by change_ref"
    assert scored(tmp_path, query, ROLE, {"changes": changes}) == lines(
        """
        PENG-1 field PENG-1 03-30T10:00 yes
        PENG-2 field PENG-2 04-30T10:00 yes
        PENG-3 field PENG-3 05-30T10:00 no
        https://git.example.invalid/pull/7 csv SUP-1 05-04T00:00 yes
        """
    )


NEEDS = """
understands_integrations | 1  | inputs/assessments.csv: measure understands_integrations
ops_feedback             | 1  | inputs/assessments.csv: measure ops_feedback
integration_success      | 3  | site.toml: [onboardings], or inputs/onboardings.csv: due_date, live_date
integration_success      | 12 | site.toml: [onboardings], or inputs/onboardings.csv: due_date, live_date
customer_documents       | 12 | inputs/customer_documents.csv: provider, failure_category
deal_losses              | 12 | inputs/deals.csv: is_lost, is_integration_cited
"""


def test_what_is_missing_is_named_and_nothing_is_guessed(tmp_path: Path) -> None:
    query = (
        "select measure, month, needs, value, status, trend from mart.scorecard where needs is not null order by all"
    )
    expected = sorted(" ".join((name, month, needs, "- - -")) for name, month, needs in cells(NEEDS))
    assert sorted(scored(tmp_path, query).splitlines()) == expected


def test_without_a_start_counts_are_not_told_and_shares_are_the_last_weeks(tmp_path: Path) -> None:
    query = "select measure, due_date, value, status, needs from mart.scorecard where measure in ('merged_changes', 'resolution_without_tier3') order by 1, month"
    assert scored(tmp_path, query, (PACKAGED / "targets.toml").read_text()) == lines(
        """
        merged_changes - - - targets.toml: start_date
        merged_changes - - - targets.toml: start_date
        resolution_without_tier3 - 0.9 likely -
        """
    )


def test_every_row_of_the_role_stands_there(tmp_path: Path) -> None:
    assert scored(tmp_path, "select count(*), count(distinct measure) from mart.scorecard") == "17 14"


def test_what_people_fill_in(tmp_path: Path) -> None:
    """18 of 20 onboardings in time (one late, one not live yet; one is due later); of 2 lost deals one cites integrations."""
    due = date(2026, 4, 1)
    onboardings = [{"dealer_id": "cedar", "provider": "tekion", "due_date": due, "live_date": due} for _ in range(18)]
    onboardings += [{**onboardings[0], "live_date": date(2026, 4, 2)}, {**onboardings[0], "live_date": None}]
    onboardings += [{**onboardings[0], "due_date": date(2026, 12, 1), "live_date": None}]
    said = {"note": None, "assessed_date": due}
    inputs: dict[str, list[dict[str, Any]]] = {
        "onboardings": onboardings,
        "deals": [
            {"deal_ref": name, "decided_date": date(2026, 9, 21), "is_lost": lost, "is_integration_cited": cited}
            for name, lost, cited in (("a", True, True), ("b", True, False), ("c", False, False))
        ],
        "customer_documents": [{"provider": "tekion", "failure_category": "auth", "published_date": due}],
        "assessments": [
            {"measure": "understands_integrations", "is_met": False, **said},
            {"measure": "understands_integrations", "is_met": True, **said, "assessed_date": date(2026, 4, 20)},
            {"measure": "ops_feedback", "is_met": False, **said},
        ],
    }
    names = "'integration_success', 'deal_losses', 'customer_documents', 'understands_integrations', 'ops_feedback'"
    found = scored(
        tmp_path,
        f"select measure, month, value, n, status from mart.scorecard where measure in ({names}) order by 1, 2",
        inputs=inputs,
    )
    assert found == lines(
        """
        customer_documents 12 1 1 likely
        deal_losses 12 0.5 2 too few
        integration_success 3 - - too few
        integration_success 12 - - too few
        ops_feedback 1 0 - not met
        understands_integrations 1 1 - met
        """
    )


# -- the files -----------------------------------------------------------------------------------------------


def test_a_file_is_read_as_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(
        "deal_ref,decided_date,is_lost,is_integration_cited\nBlue Mesa,2026-05-04,yes,no\n,,,\n"
    )
    row = {"deal_ref": "Blue Mesa", "decided_date": date(2026, 5, 4), "is_lost": True, "is_integration_cited": False}
    assert read_inputs(tmp_path) == {name: [row] if name == "deals" else [] for name in FILES}


# header and lines (/ between them) | what is said
WRONG = """
change_ref,merged_date/a,2026-13-01           | changes.csv: line 2: merged_date:
change_ref,merged_date/a,2026-01-01/b,        | changes.csv: line 3: merged_date: is missing
change_ref,merged,merged_date/a,x,2026-01-01  | changes.csv: line 2: merged: no such column
change_ref,merged_date/"a,2026-01-01          | changes.csv: line 2: not valid CSV
"""


@pytest.mark.parametrize(("text", "said"), cells(WRONG))
def test_a_mistake_is_named_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "changes.csv").write_text(text.replace("/", "\n") + "\n")
    with pytest.raises(InputError) as error:
        read_inputs(tmp_path)
    assert str(error.value).startswith(str(tmp_path / said))
    assert "\n" not in str(error.value)


def test_init_leaves_a_template_of_each(tmp_path: Path) -> None:
    write_desk(tmp_path / "data", "", {}, "", tmp_path / ".env")
    assert read_inputs(tmp_path / "data" / "inputs") == {name: [] for name in FILES}
    for name, head in templates().items():
        assert (tmp_path / "data" / "inputs" / name).read_text() == head


def test_tables_have_the_columns_of_the_files() -> None:
    from analysis.table_files import table_files

    for name, shape in FILES.items():
        assert list(table_files()[f"core.input_{name}"].columns) == list(shape.model_fields), name


MISTAKES = {
    'role_group = "nobody"\n': "role_group 'nobody': no member",
    '[[target]]\nmonth = 1\nmeasure = "happiness"\ntitle = "x"\nbetter = "up"\n': "measure",
    '[[target]]\nmonth = 1\nmeasure = "ops_feedback"\ntitle = "x"\nbetter = "assessed"\ntarget = 1\n': "has no target",
    '[[target]]\nmonth = 1\nmeasure = "containment"\ntitle = "x"\nbetter = "up"\n'
    * 2: "containment of month 1: stands twice",
    'start_date = "soon"\n': "start_date",
}


@pytest.mark.parametrize(("text", "said"), MISTAKES.items())
def test_a_mistake_in_the_targets_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(CriteriaError) as error:
        bare_criteria(tmp_path, targets__toml=text)
    assert str(error.value).startswith(f"{tmp_path / 'targets.toml'}: ")
    assert said in str(error.value)


def test_linked_changes_are_told_apart_from_merged_ones(tmp_path: Path) -> None:
    story = """
    SUP-1 created 2026-03-02 08:00 tier=2
      03-02 09:00 comment="see https://git.example.invalid/team/app/pull/12?tab=files and https://git.example.invalid/wiki/pull"
      03-03 09:00 comment="again https://git.example.invalid/team/app/pull/12, and <https://git.example.invalid/t/a/-/merge_requests/3>"
    """
    change = {
        "change_ref": "https://git.example.invalid/t/a/-/merge_requests/3",
        "merged_date": date(2026, 3, 4),
        "ticket_key": None,
    }
    criteria: Criteria = bare_criteria(tmp_path / "criteria")
    with warehouse_of(story, tmp_path, criteria, as_of="2026-03-09 00:00") as warehouse:
        measure(warehouse, criteria, datetime(2026, 3, 9), inputs={"changes": [change]})
        assert table(
            warehouse, "select change_ref, told_by, seen_at, is_known_merged from mart.linked_changes order by 1"
        ) == lines(
            """
            https://git.example.invalid/t/a/-/merge_requests/3 comment 03-03T09:00 yes
            https://git.example.invalid/team/app/pull/12 comment 03-02T09:00 no
            """
        )
