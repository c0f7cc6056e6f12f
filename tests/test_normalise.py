"""STEP normalise: Jira's odd shapes → our rows."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from stories import FIELDS, issues, load_into, open_warehouse, write_criteria
from test_values import NINE, USER, doc, p

from analysis.taxonomy import Site
from analysis.text import clean
from pipelines.field_catalogue import FieldCatalogue
from pipelines.normalise import normalise

Json = dict[str, Any]
NAMES = dict(FIELDS.values())
SITE = Site.model_validate({"reporting_zone": "UTC", "fields": {"dealer": "Dealer", "accepted_at": "Accepted at"}})
CATALOGUE = FieldCatalogue.of(SITE, NAMES)


def rows(fields: Json | None = None, **top: Any) -> dict[str, list[dict[str, Any]]]:
    issue = issues("SUP-1 created 2026-03-02 09:00 dealer=Cedar")[0]
    return normalise({**issue, **top, "fields": issue["fields"] | (fields or {})}, CATALOGUE)


def ticket(fields: Json | None = None, **top: Any) -> dict[str, Any]:
    return rows(fields, **top)["tickets"][0]


def log(*items: Json, **more: Any) -> Json:
    history = {"id": "7", "created": "2026-03-02T10:00:00.000+0000", "author": None, "items": list(items), **more}
    return {"total": 1, "histories": [history]}


# -- fields ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"customfield_2": "Dealer"}, "customfield_2"),
        ({"customfield_2": "DEALER"}, "customfield_2"),
        ({"customfield_5": "Dealer", "customfield_4": "Dealer"}, "customfield_4"),
        ({"customfield_2": "Dealer (new)"}, None),
        ({}, None),
    ],
    ids=["by name", "any case", "same name twice", "renamed", "missing"],
)
def test_a_field_by_its_name(names: dict[str, str], expected: str | None) -> None:
    assert FieldCatalogue.of(SITE, names).roles["dealer"][0] == expected


def test_a_field_by_its_id_survives_renaming() -> None:
    site = Site.model_validate({"reporting_zone": "UTC", "fields": {"dealer": "customfield_2"}})
    assert FieldCatalogue.of(site, {"customfield_2": "Any name"}).roles["dealer"] == ("customfield_2", "Any name")


def test_mapped_fields_become_values() -> None:
    found = rows({"customfield_6": "2026-03-02T14:30:00.000+0530"})["field_values"]
    told = {r["role"]: (r["value"], r["value_at"]) for r in found}
    assert told["dealer"] == ("Cedar", None)
    assert told["accepted_at"][1] == NINE


@pytest.mark.parametrize(
    ("fields", "column", "expected"),
    [
        ({"labels": None}, "labels", []),
        ({"labels": ["b", "a", "b"]}, "labels", ["a", "b"]),
        ({"components": [{"name": "API"}, {"id": "1"}]}, "components", ["API"]),
        ({"summary": None}, "summary", ""),
        ({"summary": "mail a@b.example"}, "summary", "mail [email]"),
        ({"description": doc(p("x"))}, "description", "x"),
        ({"status": None}, "status", None),
        ({"status": {"name": "Odd", "statusCategory": None}}, "status_category", None),
        ({"project": None}, "project", "SUP"),
        ({"parent": {"id": "77"}}, "parent_id", 77),
        ({"parent": "SUP-9"}, "parent_id", None),
        ({"assignee": None}, "assignee_id", None),
        ({"assignee": USER}, "assignee_id", "5b10"),
        ({"reporter": {"name": "jdoe", "displayName": "Jane Doe"}}, "reporter_id", "jdoe"),
        ({"priority": {"id": "1"}}, "priority", None),
        ({"resolutiondate": "garbage"}, "jira_resolved_at", None),
    ],
    ids=str,
)
def test_ticket(fields: Json, column: str, expected: Any) -> None:
    assert ticket(fields)[column] == expected


@pytest.mark.parametrize(
    ("changelog", "state"),
    [(None, "none"), ({}, "none"), (log(), "whole"), (log() | {"total": 41}, "partial"), ({"histories": []}, "whole")],
)
def test_how_much_of_the_changelog_is_there(changelog: Json | None, state: str) -> None:
    assert ticket(changelog=changelog)["changelog"] == state


# -- changes, comments, links ----------------------------------------------------------------------------------


def test_changes_in_any_order_and_once() -> None:
    early = log({"field": "status", "toString": "Doing"}, id="9", created=1772445600000)["histories"][0]
    late = log({"field": "summary", "fieldId": "summary"}, {}, id="8", created="2026-03-02T16:30:00.000+0530")[
        "histories"
    ][0]
    timeless = {"id": "3", "items": [{"field": "x"}]}
    found = rows(changelog={"histories": [late, early, late, timeless, {"id": "4", "items": None}]})["changes"]
    told = [
        (r["history_id"], r["item_no"], r["changed_at"].hour, r["field_id"], r["field_name"], r["author_id"])
        for r in found
    ]
    assert told == [
        (3, 1, 9, None, "x", None),
        (9, 1, 10, None, "status", None),
        (8, 1, 11, "summary", "summary", None),
        (8, 2, 11, None, "", None),
    ]


NAMED = [
    ("assignee", "5b10", "Jane Doe"),
    ("Reporter", "jdoe", "Jane Doe"),
    ("Approver", "557058:0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f", "Jane Doe"),
    ("Approver", "5b10a2844c20165700ede21g".replace("g", "f"), "Jane Doe"),
    ("Reviewers", "[jdoe, msmith]", "Jane Doe, Mary Smith"),
    ("Reviewers", "JIRAUSER10100", "Jane Doe"),
]


@pytest.mark.parametrize(("field", "person", "name"), NAMED)
def test_names_of_people_are_never_stored(field: str, person: str, name: str) -> None:
    change = {"field": field, "from": person, "fromString": name, "to": person, "toString": name}
    found = rows({"reporter": USER, "assignee": USER}, changelog=log(change, author=USER))
    assert "Jane" not in str(found)
    assert found["changes"][0]["to_text"] == person


@pytest.mark.parametrize(
    ("value_id", "text"), [("[10100, 10101]", "A, B"), ("10100", "A"), ("2026-03-02", "2/Mar/26"), (None, "A")]
)
def test_other_texts_are_kept(value_id: str | None, text: str) -> None:
    assert rows(changelog=log({"field": "Option", "to": value_id, "toString": text}))["changes"][0]["to_text"] == text


COMMENT: Json = {"id": "5", "author": None, "created": "2026-03-02T10:00:00.000+0000", "body": doc(p("hello"))}


@pytest.mark.parametrize("block", [{"comments": [COMMENT], "total": 1}, [COMMENT], {"comments": [COMMENT, COMMENT]}])
def test_comments_as_list_or_block(block: Any) -> None:
    (found,) = rows({"comment": block})["comments"]
    assert (found["comment_id"], found["author_id"], found["body"], found["updated_at"]) == (
        5,
        None,
        "hello",
        datetime(2026, 3, 2, 10),
    )


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, False), ({"visibility": {"type": "role"}}, True), ({"jsdPublic": False}, True), ({"jsdPublic": True}, False)],
)
def test_who_may_see_a_comment(more: Json, expected: bool) -> None:
    assert rows({"comment": [COMMENT | more]})["comments"][0]["is_restricted"] is expected


def test_worklogs_without_their_words() -> None:
    one = {
        "id": "5",
        "author": {"name": "ann"},
        "created": "2026-03-05T10:00:00.000+0000",
        "comment": "called a@b.example",
    }
    told = one | {"started": "2026-03-02T14:30:00.000+0530", "timeSpentSeconds": 5400}
    odd = one | {"id": 6, "author": None, "timeSpentSeconds": "soon"}
    found = rows({"worklog": {"worklogs": [told, told, odd], "total": 3}})["worklogs"]
    assert [tuple(row.values()) for row in found] == [
        (5, 1001, "ann", NINE, 1.5),
        (6, 1001, None, datetime(2026, 3, 5, 10), 0),
    ]
    assert rows({"worklog": [told]})["worklogs"] == found[:1]


def link(number: int, side: str, key: str | None, **more: Any) -> Json:
    other = {"key": key, **more} if key else None
    return {"id": str(number), "type": {"name": "Blocks"}, f"{side}Issue": other}


def test_links_both_ways_and_once() -> None:
    made = log({"field": "Link", "to": "PENG-1", "toString": "This issue blocks PENG-1"})
    title = {"summary": "mail a@b.example"}
    links = [
        link(1, "outward", "PENG-1", id="9", fields=title),
        link(2, "inward", "SUP-3"),
        link(1, "outward", "PENG-1", id="9", fields=title),
    ]
    found = rows({"issuelinks": [*links, link(3, "outward", None)]}, changelog=made)["links"]
    told = [
        (r["link_id"], r["direction"], r["target"], r["target_id"], r["title"], r["created_at"].hour) for r in found
    ]
    assert told == [(1, "outward", "PENG-1", 9, "mail [email]", 10), (2, "inward", "SUP-3", None, None, 9)]


def test_keys_after_two_moves() -> None:
    moves = [
        {"field": "Key", "fromString": "OLD-1", "toString": "MID-2"},
        {"field": "Key", "fromString": "MID-2", "toString": "SUP-1"},
    ]
    found = rows(changelog=log(*moves))["ticket_keys"]
    assert {(r["ticket_key"], r["is_current"]) for r in found} == {("OLD-1", False), ("MID-2", False), ("SUP-1", True)}


def test_the_worst_text_loads_into_duckdb_and_json(tmp_path: Path) -> None:
    bad = "NUL \x00 lone \ud800 pair \ud83d\ude00 \u202eRTL " + "x" * 2_000_000
    (issue,) = issues("SUP-1 created 2026-03-02 09:00")
    issue["fields"] |= {"summary": bad, "description": doc(p(bad)), "labels": [bad[:20]], "customfield_2": bad[:40]}
    issue["fields"] |= {"status": {"id": "\ud8001", "name": bad[:9], "statusCategory": {"key": "new\x00"}}}
    issue["fields"]["comment"] = [COMMENT | {"body": bad}]
    issue["changelog"] = log({"field": bad[:20], "fieldId": "f\ud800", "from": bad[:9], "toString": bad})
    criteria = write_criteria(tmp_path / "criteria")
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_into(warehouse, tmp_path, [issue], criteria)
        query = """
            select len(summary), len(description), status_id, len(labels), (select len(body) from core.comments)
            from core.tickets
        """
        length = len(clean(bad))
        assert warehouse.rows(query) == [(length, length, "\ufffd1", 1, length)]
        json.loads(warehouse.value("select cast(to_json(t) as varchar) from core.tickets t"))
