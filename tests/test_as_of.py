"""`as_of`: an issue as it stood, taken back along its changelog."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stories import FIELDS, issues

from analysis.taxonomy import Site
from pipelines.field_catalogue import FieldCatalogue
from pipelines.normalise import as_of, normalise

Json = dict[str, Any]
STORY = """
SUP-1 created 2026-03-02 09:00 tier=1 labels=old summary=first
  03-02 10:00 tier=2 assignee=int-1
  03-03 10:00 comment=hello by=int-1
  03-03 11:00 link=Escalation>PENG-1
  03-04 10:00 status=Resolved resolution=Done
  03-05 10:00 status=Doing resolution=
  03-06 10:00 labels="old new" summary=second assignee=int-2 tier=3
  03-07 10:00 status=Resolved resolution=Fixed
"""
NAMES = dict(FIELDS.values())
SITE = Site.model_validate(
    {
        "reporting_zone": "UTC",
        "fields": {"dealer": "Dealer", "accepted_at": "Accepted at"},
        "tier": {"source": [{"kind": "field", "field": "Support tier", "values": {"1": 1}}]},
    }
)
CATALOGUE = FieldCatalogue.of(SITE, NAMES)


def at(day: int, hour: int = 12) -> datetime:
    return datetime(2026, 3, day, hour)


def then(day: int, hour: int = 12, issue: Json | None = None) -> dict[str, Any]:
    past = as_of(issue or issues(STORY)[0], at(day, hour), CATALOGUE)
    assert past is not None
    rows = normalise(past, CATALOGUE)
    ticket = rows["tickets"][0]
    tier = [r["value"] for r in rows["field_values"] if r["role"] == "tier_0"]
    counted = {name: len(rows[name]) for name in ("changes", "comments", "worklogs", "links")}
    return ticket | counted | {"tier": tier[0] if tier else None}


# day, hour → summary, status, resolution, assignee, labels, tier, number of comments, links, changes
TABLE = """
02 09 | first  | Open     | -     | -     | old     | 1 | 0 | 0 | 0
02 12 | first  | Open     | -     | int-1 | old     | 2 | 0 | 0 | 2
03 10 | first  | Open     | -     | int-1 | old     | 2 | 1 | 0 | 2
03 12 | first  | Open     | -     | int-1 | old     | 2 | 1 | 1 | 3
04 12 | first  | Resolved | Done  | int-1 | old     | 2 | 1 | 1 | 5
05 12 | first  | Doing    | -     | int-1 | old     | 2 | 1 | 1 | 7
06 12 | second | Doing    | -     | int-2 | new old | 3 | 1 | 1 | 11
07 12 | second | Resolved | Fixed | int-2 | new old | 3 | 1 | 1 | 13
"""


@pytest.mark.parametrize("line", TABLE.strip().splitlines())
def test_what_stood_there(line: str) -> None:
    when, *expected = (cell.strip() for cell in line.split("|"))
    day, hour = map(int, when.split())
    now = then(day, hour)
    names = ("summary", "status", "resolution", "assignee_id", "labels", "tier", "comments", "links", "changes")
    shown = [
        " ".join(now[name]) if name == "labels" else str(now[name]) if now[name] is not None else "-" for name in names
    ]
    assert shown == expected
    assert now["changelog"] == "whole"
    assert now["updated_at"] <= at(day, hour)
    assert (now["jira_resolved_at"] is None) == (day < 7)


def test_not_there_yet() -> None:
    assert as_of(issues(STORY)[0], at(1)) is None
    assert as_of({"fields": {"created": "garbage"}}, at(1)) is None


def test_as_of_changes_nothing_in_what_it_was_given() -> None:
    issue = issues(STORY)[0]
    as_of(issue, at(2), CATALOGUE)
    assert issue == issues(STORY)[0]


@pytest.mark.parametrize("moment", [datetime(2026, 3, 7, 10), datetime(2030, 1, 1)])
def test_as_of_now_changes_nothing_that_matters(moment: datetime) -> None:
    issue = issues(STORY)[0]
    past = as_of(issue, moment, CATALOGUE)
    assert past is not None
    assert normalise(past, CATALOGUE) == normalise(issue, CATALOGUE)


@given(st.integers(0, 8 * 24), st.integers(0, 8 * 24))
def test_going_back_twice_is_going_back_once(first: int, second: int) -> None:
    start = datetime(2026, 3, 2, 9)
    early, late = sorted((start + timedelta(hours=first), start + timedelta(hours=second)))
    once, before = as_of(issues(STORY)[0], early, CATALOGUE), as_of(issues(STORY)[0], late, CATALOGUE)
    assert once is not None
    assert before is not None
    twice = as_of(before, early, CATALOGUE)
    assert twice is not None
    assert normalise(once, CATALOGUE) == normalise(twice, CATALOGUE)


def changed(now: Json, *items: Json) -> Json:
    """An issue whose fields hold `now` after `items` changed them on 5 March."""
    issue = issues("SUP-1 created 2026-03-02 09:00")[0]
    history = {"id": "9", "created": "2026-03-05T10:00:00.000+0000", "items": list(items)}
    return issue | {"fields": issue["fields"] | now, "changelog": {"total": 1, "histories": [history]}}


def item(field: str, before: str | None, text: str | None, to: str | None = None, **more: Any) -> Json:
    return {"field": field, "from": before, "fromString": text, "to": to, "toString": "x", **more}


def names(*found: str) -> list[Json]:
    return [{"id": f"1{name}", "name": name} for name in found]


TIER, DATE = {"fieldId": "customfield_1"}, {"fieldId": "customfield_6"}
PERSON = "5b10a2844c20165700ede21f"
FIELD_CASES: dict[str, tuple[Json, Json, str, Any]] = {
    "component added": (
        {"components": names("API", "UI")},
        item("Component", None, None, "1UI"),
        "components",
        ["API"],
    ),
    "component removed": ({"components": names("API")}, item("Component", "1UI", "UI"), "components", ["API", "UI"]),
    "component removed, none left": ({"components": []}, item("Component", "1UI", "UI"), "components", ["UI"]),
    "parent removed": ({}, item("IssueParentAssociation", "77", "SUP-7"), "parent_id", 77),
    "parent set": ({"parent": {"id": "77"}}, item("Parent", None, None, "77"), "parent_id", None),
    "priority": ({"priority": {"name": "High"}}, item("priority", "3", "Low"), "priority", "Low"),
    "type": ({"issuetype": {"name": "Bug"}}, item("issuetype", "1", "Task"), "issue_type", "Task"),
    "assignee": ({}, item("assignee", "int-9", "Jane Doe"), "assignee_id", "int-9"),
    "labels emptied": ({"labels": ["a"]}, item("labels", None, ""), "labels", []),
    "description": (
        {"description": {"type": "doc", "content": []}},
        item("description", None, "was"),
        "description",
        "was",
    ),
    "option": ({"customfield_1": {"id": "3", "value": "3"}}, item("Support tier", "12", "2", **TIER), "tier", "2"),
    "option, by name only": ({"customfield_1": {"value": "3"}}, item("Support tier", "12", "2"), "tier", "2"),
    "option, emptied since": ({"customfield_1": None}, item("Support tier", "12", "2", **TIER), "tier", "2"),
    "option, not set then": ({"customfield_1": {"value": "3"}}, item("Support tier", None, None, **TIER), "tier", None),
    "several options": (
        {"customfield_1": [{"value": "3"}]},
        item("Support tier", "[1, 2]", "1, 2", **TIER),
        "tier",
        "1",
    ),
    "person": ({"customfield_1": {"accountId": "x"}}, item("Support tier", PERSON, "Jane Doe", **TIER), "tier", PERSON),
    "a comment's history": ({}, item("Comment", "a body", "a body", fieldId="comment"), "comments", 0),
    "attachment": ({}, item("Attachment", "5", "log.txt"), "changes", 0),
}


@pytest.mark.parametrize("name", FIELD_CASES)
def test_fields_of_every_shape(name: str) -> None:
    now, change, column, expected = FIELD_CASES[name]
    found = then(4, issue=changed(now, change))
    assert found[column] == expected
    assert "Jane" not in str(found)


def test_a_date_comes_back_as_a_date() -> None:
    issue = changed(
        {"customfield_6": None}, item("Accepted at", "2026-03-03T10:00:00.000+0000", "3/Mar/26 10:00 AM", **DATE)
    )
    past = as_of(issue, at(4), CATALOGUE)
    assert past is not None
    values = [r["value_at"] for r in normalise(past, CATALOGUE)["field_values"] if r["role"] == "accepted_at"]
    assert values == [datetime(2026, 3, 3, 10)]


def test_a_ticket_that_moved_later_has_its_old_key() -> None:
    issue = changed({}, item("Key", None, "OLD-7"), item("project", "1", "Old", fieldId="project"))
    found = then(4, issue=issue)
    assert (found["ticket_key"], found["project"]) == ("OLD-7", "OLD")


def test_only_the_later_of_two_links_to_one_issue_goes() -> None:
    kinds = ({"name": "Blocks", "outward": "blocks"}, {"name": "Causes", "outward": "causes"})
    links = [{"id": str(n), "type": kind, "outwardIssue": {"id": "5", "key": "PENG-1"}} for n, kind in enumerate(kinds)]
    change = item("Link", None, None, "PENG-1") | {"toString": "This issue causes PENG-1"}
    assert then(4, issue=changed({"issuelinks": links}, change))["links"] == 1


@pytest.mark.parametrize("as_list", [True, False])
def test_comments_in_either_shape(as_list: bool) -> None:
    comments = [{"id": str(day), "created": f"2026-03-0{day}T10:00:00.000+0000", "body": "x"} for day in (3, 5)]
    issue = changed({"comment": comments if as_list else {"comments": comments, "total": 2}})
    assert then(4, issue=issue)["comments"] == 1


@pytest.mark.parametrize("as_list", [True, False])
def test_what_was_logged_later_is_not_known_yet(as_list: bool) -> None:
    """The 1st is noted on the 3rd, the 2nd on the 5th, though it tells of work on the 2nd."""
    logged = [
        {"id": str(day), "created": f"2026-03-0{day}T10:00:00.000+0000", "started": "2026-03-02T10:00:00.000+0000"}
        for day in (3, 5)
    ]
    issue = changed({"worklog": logged if as_list else {"worklogs": logged, "total": 2}})
    issue["fields"]["updated"] = logged[1]["created"]
    now, before = then(4, issue=issue), then(5, issue=issue)
    assert (now["worklogs"], now["updated_at"], before["worklogs"]) == (1, datetime(2026, 3, 3, 10), 2)


@pytest.mark.parametrize("empty", [{"changelog": None}, {"changelog": {"histories": None}}])
def test_no_changelog(empty: Json) -> None:
    issue = changed({"comment": None}) | empty
    assert then(4, issue=issue)["changes"] == 0


def test_a_partial_changelog_stays_partial() -> None:
    issue = changed({})
    issue["changelog"]["total"] = 5
    assert then(4, issue=issue)["changelog"] == "partial"
