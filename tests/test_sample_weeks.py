"""The sample as it arrives, some weeks at a time: what was published, regenerated; what Jira's past changes; families."""

import csv
import gzip
import json
from datetime import datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from stories import open_warehouse
from test_back_then import back_then

from analysis.measure import last_complete_week
from analysis.taxonomy import read_criteria
from pipelines import weekly
from pipelines.field_catalogue import FieldCatalogue
from pipelines.normalise import as_of
from pipelines.sample_desk import sample_folder
from pipelines.settings import Settings

pytestmark = pytest.mark.slow
SAMPLE = sample_folder()
LAST = datetime(2026, 11, 23, 13)
ARRIVALS = [LAST - timedelta(weeks=n) for n in (32, 26, 20, 14, 9, 5, 2, 0)]
Issue = dict[str, Any]
# what a page prints of a week: numbers with their bounds and tickets
PRINTED = """
    select measure, variant, statistic, group_key, numerator, denominator, value, low, high, n, n_pending, n_weeks_pooled,
        is_too_few
    from {table} where week = date '{week}' and (group_key = 'all' or group_key like 'provider:%') order by all
"""
FAMILIES = """
    select t.ticket_key, m.family_id from core.family_members m join core.tickets t using (issue_id)
    where m.family_id is not null order by 1
"""


@pytest.fixture(scope="module")
def whole() -> list[Issue]:
    with gzip.open(SAMPLE / "issues.jsonl.gz") as lines:
        return [json.loads(line) for line in lines]


def settings_of(home: Path) -> Settings:
    return Settings(home=home, source=str(home / "export.jsonl"), criteria=SAMPLE / "criteria")


def arrive(home: Path, issues: list[Issue], until: datetime, *, publish: bool = True) -> None:
    """A run on an export of that day."""
    catalogue = FieldCatalogue.of(read_criteria(SAMPLE / "criteria").site, {})
    past = [one for issue in issues if (one := as_of(issue, until, catalogue))]
    (home / "export.jsonl").write_text("\n".join(json.dumps(one) for one in past))
    publishing = weekly.Publishing.PUBLISH if publish else weekly.Publishing.NO
    weekly.run(settings_of(home), lambda _: None, is_rendered=False, publishing=publishing)


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    with open_warehouse(home / "warehouse.duckdb") as warehouse:
        return warehouse.rows(query)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, whole: list[Issue]) -> tuple[Path, dict[Any, list[Any]]]:
    """The desk after its arrivals, and what it printed of each week when that became final."""
    home = tmp_path_factory.mktemp("desk")
    printed: dict[Any, list[Any]] = {}
    for until in ARRIVALS:
        arrive(home, whole, until)
        for (week,) in rows(home, "select distinct week from mart.published where is_final order by 1"):
            printed.setdefault(week, rows(home, PRINTED.format(table="mart.shown_measures", week=week)))
    return home, printed


def test_final_weeks_print_the_same_numbers_ever_after(desk: tuple[Path, dict[Any, list[Any]]]) -> None:
    home, printed = desk
    assert len(printed) >= 6
    for week, numbers in printed.items():
        assert len(numbers) > 50
        assert repr(rows(home, PRINTED.format(table="mart.shown_measures", week=week))) == repr(numbers), week


def test_what_was_true_then_is_found_again(desk: tuple[Path, dict[Any, list[Any]]], tmp_path: Path) -> None:
    """Tags, families, runbooks and outcomes as they stood, out of the newest export."""
    home, _ = desk
    # an export knows no later moment than that of its latest edit
    ((until,),) = rows(home, f"select max(as_of) from raw.extracts where as_of <= timestamp '{ARRIVALS[4]}'")
    week = last_complete_week(until, "America/Denver")
    query = PRINTED.format(table="mart.measures", week=week)
    then = rows_as_printed_then(home, week)
    found = back_then(settings_of(home), until, tmp_path / "scratch", query)
    assert then and found.splitlines() == then


def rows_as_printed_then(home: Path, week: Any) -> list[str]:
    """The provisional numbers, as they were first stored."""
    query = f"""
        select measure, variant, statistic, group_key, numerator, denominator, value, low, high, n, n_pending, n_weeks_pooled,
            is_too_few
        from state.published where week = date '{week}'
        qualify row_number() over (partition by measure, variant, statistic, group_key order by event_id) = 1
        order by all
    """
    from stories import table

    with open_warehouse(home / "warehouse.duckdb") as warehouse:
        return table(warehouse, query).splitlines()


def pairs(families: list[tuple[str, int]]) -> set[frozenset[str]]:
    by_family: dict[int, list[str]] = {}
    for key, family in families:
        by_family.setdefault(family, []).append(key)
    return {frozenset(pair) for keys in by_family.values() for pair in combinations(keys, 2)}


def test_families_that_arrived_by_and_by_are_those_of_one_go(
    desk: tuple[Path, dict[Any, list[Any]]], tmp_path: Path, whole: list[Issue]
) -> None:
    arrive(tmp_path, whole, LAST, publish=False)
    by_and_by, in_one_go = pairs(rows(desk[0], FAMILIES)), pairs(rows(tmp_path, FAMILIES))
    agree = 2 * len(by_and_by & in_one_go) / (len(by_and_by) + len(in_one_go))
    assert len(in_one_go) > 500 and agree >= 0.98, agree


def test_no_family_id_is_ever_used_again(desk: tuple[Path, dict[Any, list[Any]]]) -> None:
    """An id is its founder's, and a founder founds once unless it was alone again."""
    founders = "select family_id, issue_id from state.family_events where event in ('founded', 'split')"
    assert all(family == issue for family, issue in rows(desk[0], founders))


@pytest.fixture(scope="module")
def truth() -> dict[str, dict[str, str]]:
    lines = (SAMPLE / "truth" / "escalations.csv").read_text().splitlines()
    return {row["ticket_key"]: row for row in csv.DictReader(lines)}


def test_families_against_what_was_planted(
    desk: tuple[Path, dict[Any, list[Any]]], truth: dict[str, dict[str, str]]
) -> None:
    found = {pair for pair in pairs(rows(desk[0], FAMILIES)) if pair <= set(truth)}
    planted = pairs([(key, hash(row["family"])) for key, row in truth.items() if row["family"]])
    precision, recall = len(found & planted) / len(found), len(found & planted) / len(planted)
    assert precision >= 0.95 and recall >= 0.8, (precision, recall)


def test_repeats_against_what_was_planted(
    desk: tuple[Path, dict[Any, list[Any]]], truth: dict[str, dict[str, str]]
) -> None:
    """`repeat_of` was planted for the same dealer within 90 days; a late duplicate of another dealer's is a repeat, too."""
    query = """
        select t.ticket_key, r.told_by from core.repeats r join core.tickets t using (issue_id)
        where r.repeat_kind = 'same_failure' and r.escalation_no = 1
    """
    planted = {key for key, row in truth.items() if row["repeat_of"]}
    told = [(key, by) for key, by in rows(desk[0], query) if key in truth]
    found = {key for key, by in told if by != "duplicate" or key in planted}
    precision, recall = len(found & planted) / len(found), len(found & planted) / len(planted)
    assert precision >= 0.95 and recall >= 0.95, (precision, recall)


def test_a_past_that_changes_is_restated_with_its_tickets(
    desk: tuple[Path, dict[Any, list[Any]]], whole: list[Issue]
) -> None:
    """Jira tells now that a ticket of a final week was reopened and went to Tier 3 within its 14 days."""
    home, printed = desk
    week = sorted(printed)[-2]
    query = f"""
        select t.issue_id from mart.shown_tickets s join core.tickets t using (issue_id)
        where s.week = date '{week}' and s.measure = 'resolution_without_tier3' and s.variant = 'by_resolution_week'
            and s.group_key = 'all' and s.in_numerator order by 1 limit 1
    """
    ((issue_id,),) = rows(home, query)
    changed = [reopened(issue) if int(issue["id"]) == issue_id else issue for issue in whole]
    arrive(home, changed, LAST)
    found = rows(home, "select distinct week, measure, cause from mart.restatements order by 1, 2")
    assert (week, "resolution_without_tier3") in {(one[0], one[1]) for one in found}
    moved = rows(home, "select distinct issue_id from mart.restated_tickets")
    assert (issue_id,) in moved
    assert {cause for *_, cause in found} <= {"reopen", "late_data"}


def reopened(issue: Issue) -> Issue:
    """The same issue, reopened two days after its last resolution and taken to Tier 3."""
    histories = issue["changelog"]["histories"]
    done = max(h["created"] for h in histories for i in h["items"] if i["field"] == "resolution" and i.get("toString"))
    at = datetime.fromisoformat(done) + timedelta(days=2)
    last = max(int(h["id"]) for h in histories)
    tier = next(i for h in histories for i in h["items"] if i["field"] == "Support tier")
    status = next(i for h in histories for i in h["items"] if i["field"] == "status")
    back = {**status, "from": issue["fields"]["status"]["id"], "fromString": issue["fields"]["status"]["name"]}
    up = {**tier, "fromString": "Tier 2", "toString": "Tier 3", "from": None, "to": None}
    author = next(h["author"] for h in histories if h.get("author"))
    new = {"id": str(last + 900_000), "created": at.isoformat(), "author": author, "items": [back, up]}
    fields = {**issue["fields"], "resolutiondate": None, "updated": LAST.isoformat() + "+00:00"}
    fields["status"] = {**fields["status"], "id": back["to"], "name": back["toString"]}
    return {**issue, "fields": fields, "changelog": {**issue["changelog"], "histories": [*histories, new]}}


def test_a_late_ruling_is_restated_as_a_correction(desk: tuple[Path, dict[Any, list[Any]]], whole: list[Issue]) -> None:
    """A ruler withdraws a verdict of a final week of which OPS had said nothing."""
    home, printed = desk
    weeks = ", ".join(f"date '{week}'" for week in printed)
    query = f"""
        select e.escalated_week, v.issue_id from mart.verdicts v join mart.tagged_escalations e using (issue_id, escalation_no)
        where v.standing = 'unanswered' and e.escalated_week in ({weeks}) and not e.is_excluded order by 1 desc, 2 limit 1
    """
    ((week, issue_id),) = rows(home, query)
    ((ruler,),) = rows(home, "select min(person_id) from core.members where is_ruler")
    changed = [withdrawn(issue, ruler) if int(issue["id"]) == issue_id else issue for issue in whole]
    arrive(home, changed, LAST)
    query = f"""
        select r.variant, r.cause, t.issue_id from mart.restatements r join mart.restated_tickets t using (event_id)
        where r.week = date '{week}' and r.measure = 'ops_should_have_handled' and r.group_key = 'all' order by 1
    """
    found = rows(home, query)
    assert ("withdrawn_week", "correction", issue_id) in found
    assert ("unanswered_week", "correction", issue_id) in found


def withdrawn(issue: Issue, ruler: str) -> Issue:
    """The same issue, with a ruling on its verdict."""
    histories = issue["changelog"]["histories"]
    last = max([int(h["id"]) for h in histories], default=0)
    before = " ".join(issue["fields"]["labels"])
    label = {"field": "labels", "fieldtype": "jira", "fieldId": "labels", "from": None, "to": None}
    item = label | {"fromString": before, "toString": f"{before} verdict-withdrawn".strip()}
    at = (LAST - timedelta(hours=2)).isoformat() + "+00:00"
    new = {"id": str(last + 800_000), "created": at, "author": {"accountId": ruler}, "items": [item]}
    fields = {**issue["fields"], "labels": [*issue["fields"]["labels"], "verdict-withdrawn"], "updated": at}
    return {**issue, "fields": fields, "changelog": {**issue["changelog"], "histories": [*histories, new]}}
