"""The stand-in for Jira is itself held against Atlassian's document and what is known of real sites."""

import base64
import gzip
import http.client
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from conftest import ROOT
from jira_standin import JiraStandIn
from jira_standin_shapes import millis

DOCUMENT = ROOT.parent / "shared" / "data" / "atlassian-jira-cloud-openapi-v3.json.gz"
T = datetime(2026, 8, 1, 9, 30, 20)
SEARCH = "/rest/api/3/search/jql"
Json = dict[str, Any]


class Got(NamedTuple):
    status: int
    headers: dict[str, str]
    json: Any
    raw: bytes


class Client:
    """One kept-alive connection in the account's name."""

    def __init__(self, jira: JiraStandIn, token: str | None = None, context: ssl.SSLContext | None = None) -> None:
        self.jira, self.token = jira, token
        host = jira.url.rpartition("/")[2]
        self.line = http.client.HTTPSConnection(host, context=context) if context else http.client.HTTPConnection(host)

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Got:
        token = self.token or self.jira.token
        pair = base64.b64encode(f"{self.jira.email}:{token}".encode()).decode()
        told = {
            "Authorization": f"Basic {pair}" if self.jira.cloud else f"Bearer {token}",
            "Content-Type": "application/json",
        }
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            self.line.request(method, path, None if body is None else json.dumps(body), told)
            answer = self.line.getresponse()
            raw = answer.read()
        except (OSError, http.client.HTTPException):
            self.line.close()
            raise
        head = {name.lower(): value for name, value in answer.getheaders()}
        return Got(answer.status, head, json.loads(raw) if raw[:1] in (b"{", b"[") else None, raw)

    def get(self, path: str, **headers: str) -> Got:
        return self.ask("GET", path, **headers)

    def post(self, path: str, **body: object) -> Got:
        return self.ask("POST", path, body)

    def search(self, jql: str, **more: object) -> Got:
        return self.post(SEARCH, jql=jql, **more)

    def all(self, jql: str, **more: object) -> list[Json]:
        """Every page; a careful client: it goes on while there is a token."""
        found, token = [], None
        while True:
            got = self.search(jql, **more, **({"nextPageToken": token} if token else {}))
            assert got.status == 200, got
            found += got.json["issues"]
            token = got.json.get("nextPageToken")
            if not token:
                return found

    def keys(self, jql: str) -> list[str]:
        return [one["key"] for one in self.all(jql)]


@pytest.fixture
def jira() -> Iterator[JiraStandIn]:
    with JiraStandIn() as found:
        found.add_project("SUP")
        yield found


@pytest.fixture
def dc() -> Iterator[JiraStandIn]:
    with JiraStandIn("datacenter") as found:
        found.add_project("SUP")
        yield found


@pytest.fixture
def client(jira: JiraStandIn) -> Iterator[Client]:
    made = Client(jira)
    yield made
    made.line.close()


@pytest.fixture
def dc_client(dc: JiraStandIn) -> Iterator[Client]:
    made = Client(dc)
    yield made
    made.line.close()


def storied(jira: JiraStandIn) -> str:
    """A ticket with something of everything."""
    ident = jira.create(
        "SUP", at=T, summary="broken", description="one\ntwo", customfield_10={"id": "7", "value": "Tier 1"}
    )
    other = jira.create("SUP", at=T)
    jira.edit(ident, at=T + timedelta(hours=1), author="ann", status="Resolved", resolution="Done", labels=["a", "b"])
    jira.comment(ident, "ann", "hello\nthere", at=T + timedelta(hours=2))
    jira.comment(ident, None, "by nobody", at=T + timedelta(hours=2))
    jira.log_work(ident, "ann", 1.5, at=T + timedelta(hours=2), started=T, words="looked\ninto it")
    jira.link(ident, other, "Blocks", at=T + timedelta(hours=3))
    jira.remote_link(ident, "https://example.invalid/1", "elsewhere")
    return ident


# Against Atlassian's document


@cache
def document() -> Json:
    if not DOCUMENT.exists():
        pytest.skip(f"{DOCUMENT} is absent: shapes are not checked against it")
    return dict(json.loads(gzip.decompress(DOCUMENT.read_bytes())))


def misfits(value: Any, schema: Json, place: str = "$") -> list[str]:
    """Where a value departs from its schema: kinds, required members, members that are not allowed."""
    if "$ref" in schema:
        return misfits(value, document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], place)
    if "allOf" in schema:
        return [one for part in schema["allOf"] for one in misfits(value, part, place)]
    kinds: dict[str, Any] = {
        "string": str,
        "integer": int,
        "boolean": bool,
        "array": list,
        "object": dict,
        "number": (int, float),
    }
    if value is None or "type" not in schema:
        return []
    if not isinstance(value, kinds[schema["type"]]):
        return [f"{place}: {type(value).__name__} instead of {schema['type']}"]
    if schema["type"] == "array":
        return [one for n, part in enumerate(value) for one in misfits(part, schema.get("items", {}), f"{place}[{n}]")]
    if schema["type"] != "object":
        return []
    members = schema.get("properties", {})
    found = [f"{place}: {name} is missing" for name in schema.get("required", ()) if name not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{place}: {name} is not allowed" for name in value if name not in members]
    return found + [
        one for name, part in value.items() for one in misfits(part, members.get(name, {}), f"{place}.{name}")
    ]


# Route → what the answer must at least hold; the document calls nearly everything optional.
SHAPES: dict[tuple[str, str], set[str]] = {
    ("GET", "serverInfo"): {"baseUrl", "deploymentType", "serverTime", "version", "versionNumbers"},
    ("GET", "myself"): {"accountId", "displayName", "timeZone", "active"},
    ("GET", "field"): {"id", "key", "name", "custom", "clauseNames", "schema"},
    ("GET", "status"): {"id", "name", "statusCategory"},
    ("GET", "project/search?status=live&status=archived"): {"values", "total", "isLast", "startAt", "maxResults"},
    ("GET", "mypermissions?permissions=BROWSE_PROJECTS"): {"permissions"},
    ("GET", "search/jql?jql=project=SUP&fields=*all&expand=changelog,names"): {"issues", "isLast", "names"},
    ("POST", "search/jql"): {"issues", "isLast"},
    ("POST", "search/approximate-count"): {"count"},
    ("POST", "issue/bulkfetch"): {"issues", "issueErrors"},
    ("POST", "changelog/bulkfetch"): {"issueChangeLogs"},
    ("GET", "issue/{issueIdOrKey}?expand=changelog"): {"id", "key", "self", "fields", "changelog"},
    ("GET", "issue/{issueIdOrKey}/editmeta"): {"fields"},
    ("GET", "issue/{issueIdOrKey}/changelog"): {"values", "total", "isLast", "startAt", "maxResults"},
    ("GET", "issue/{issueIdOrKey}/comment"): {"comments", "total", "startAt", "maxResults"},
    ("POST", "issue/{issueIdOrKey}/comment"): {"id", "author", "body", "created", "updated"},
    ("GET", "issue/{issueIdOrKey}/worklog"): {"worklogs", "total", "startAt", "maxResults"},
    ("GET", "issue/{issueIdOrKey}/remotelink"): {"id", "object", "self"},
    ("GET", "issue/{issueIdOrKey}/properties/{propertyKey}"): {"key", "value"},
}
BODIES: dict[str, Json] = {
    "search/jql": {"jql": "project = SUP", "fields": ["*all"], "expand": "changelog"},
    "search/approximate-count": {"jql": "project = SUP"},
    "issue/bulkfetch": {"issueIdsOrKeys": ["SUP-1"], "fields": ["*all"], "expand": ["changelog"]},
    "changelog/bulkfetch": {"issueIdsOrKeys": ["SUP-1"]},
    "issue/{issueIdOrKey}/comment": {"body": {"type": "doc", "version": 1, "content": []}},
}


@pytest.mark.parametrize(("method", "route"), SHAPES)
def test_shape_is_that_of_the_document(jira: JiraStandIn, client: Client, method: str, route: str) -> None:
    storied(jira)
    jira.add_project("OLD", archived=True)
    jira.faults.changelog_created_as = "string"  # the document's schema; its own example carries a number
    assert client.ask("PUT", "/rest/api/3/issue/SUP-1/properties/run", {"n": 1}).status == 201
    plain, _, query = route.partition("?")
    path = plain.replace("{issueIdOrKey}", "SUP-1").replace("{propertyKey}", "run")
    got = client.ask(method, f"/rest/api/3/{path}?{query}", BODIES.get(plain) if method == "POST" else None)
    answers = document()["paths"][f"/rest/api/3/{plain}"][method.lower()]["responses"]
    schema = answers[str(got.status)]["content"]["application/json"]["schema"]
    assert got.status in (200, 201)
    if plain.endswith("remotelink") and "$ref" in schema:
        schema = {"type": "array", "items": schema}  # the document shows one link; Jira answers a list
    assert misfits(got.json, schema) == []
    whole = got.json[0] if isinstance(got.json, list) else got.json
    assert SHAPES[method, route] <= set(whole)


def test_v2_speaks_in_strings_and_v3_in_documents(jira: JiraStandIn, client: Client) -> None:
    ident = storied(jira)
    two, three = (client.get(f"/rest/api/{n}/issue/{ident}").json["fields"] for n in (2, 3))
    assert two["description"] == "one\ntwo"
    assert [part["content"][0]["text"] for part in three["description"]["content"]] == ["one", "two"]
    assert two["comment"]["comments"][0]["body"] == "hello\nthere"
    assert three["comment"]["comments"][0]["body"]["type"] == "doc"
    path = f"issue/{ident}/comment"
    assert client.post(f"/rest/api/3/{path}", body="text").json["errors"] == {"comment": "Comment body is not valid!"}
    assert client.post(f"/rest/api/2/{path}", body="text").status == 201


def test_text_that_databases_refuse_passes(jira: JiraStandIn, client: Client) -> None:
    ident = jira.create("SUP", summary="nul \x00 lone \ud800 rtl \u202e")
    assert client.get(f"/rest/api/2/issue/{ident}").json["fields"]["summary"] == "nul \x00 lone \ud800 rtl \u202e"


# State


def test_edit_writes_a_history(jira: JiraStandIn, client: Client) -> None:
    ident = storied(jira)
    got = client.get(f"/rest/api/3/issue/{ident}/changelog").json
    first = got["values"][0]
    told = {item["fieldId"]: (item["fromString"], item["toString"]) for item in first["items"]}
    assert told == {"status": ("Open", "Resolved"), "resolution": (None, "Done"), "labels": ("", "a b")}
    assert (first["created"], first["author"]["accountId"]) == ("2026-08-01T10:30:20.000+0000", "ann")
    fields = client.get(f"/rest/api/3/issue/{ident}").json["fields"]
    assert fields["status"]["statusCategory"]["key"] == "done"
    assert fields["resolutiondate"] == "2026-08-01T10:30:20.000+0000"
    assert fields["updated"] == "2026-08-01T12:30:20.000+0000"
    assert fields["issuelinks"][0]["outwardIssue"]["key"] == "SUP-2"


def test_what_bumps_updated(jira: JiraStandIn, client: Client) -> None:
    ident = jira.create("SUP", at=T)
    path = f"/rest/api/3/issue/{ident}"

    def bumps(act: Callable[[], object]) -> bool:
        before = client.get(path).json["fields"]["updated"]
        jira.tick(60)
        act()
        return bool(client.get(path).json["fields"]["updated"] != before)

    comment = jira.comment(ident, "ann", "x", at=T)
    assert bumps(lambda: jira.edit_comment(ident, comment, "y"))
    assert bumps(lambda: jira.delete_comment(ident, comment))
    assert bumps(lambda: jira.link(jira.create("SUP"), ident, "Relates"))
    assert bumps(lambda: client.ask("PUT", path, {"update": {"labels": [{"add": "seen"}]}}))
    assert not bumps(lambda: jira.remote_link(ident, "https://example.invalid", "x", logged=True))
    assert not bumps(lambda: client.ask("PUT", f"{path}/properties/run", 7))
    assert client.get(f"{path}/properties/run").json == {"key": "run", "value": 7}
    assert client.get(f"{path}/properties/none").status == 404


def test_labels_are_added_and_removed(jira: JiraStandIn, client: Client) -> None:
    ident = jira.create("SUP", labels=["mine"])
    path = f"/rest/api/3/issue/{ident}?notifyUsers=false"
    assert client.ask("PUT", path, {"update": {"labels": [{"add": "a"}, {"remove": "mine"}]}}).status == 204
    assert client.ask("PUT", path, {"update": {"labels": [{"add": "a b"}]}}).status == 400
    assert client.ask("PUT", path, {"fields": {"status": "Closed"}}).status == 400
    assert client.get(path).json["fields"]["labels"] == ["a"]


def test_moved_ticket_keeps_its_id(jira: JiraStandIn, client: Client) -> None:
    jira.add_project("ENG")
    ident = jira.create("SUP", at=T)
    assert jira.move(ident, "ENG", author="ann") == "ENG-1"
    for name in ("SUP-1", "sup-1", "ENG-1", ident):
        got = client.get(f"/rest/api/3/issue/{name}").json
        assert (got["id"], got["key"], got["fields"]["project"]["key"]) == (ident, "ENG-1", "ENG")
    assert (
        client.post("/rest/api/3/issue/bulkfetch", issueIdsOrKeys=["SUP-1", ident]).json["issues"][0]["key"] == "ENG-1"
    )
    (history,) = client.get(f"/rest/api/3/issue/{ident}/changelog").json["values"]
    assert {item["field"]: item["toString"] for item in history["items"]} == {"project": "Project ENG", "Key": "ENG-1"}
    assert (client.keys("project = SUP"), client.keys("project = ENG")) == ([], ["ENG-1"])


def test_absent_tickets_look_alike(jira: JiraStandIn, client: Client) -> None:
    deleted, hidden, kept = (jira.create("SUP", at=T) for _ in range(3))
    jira.link(kept, hidden, "Relates", at=T)
    jira.delete(deleted)
    jira.hide(hidden)
    assert client.get(f"/rest/api/3/issue/{deleted}").raw == client.get(f"/rest/api/3/issue/{hidden}").raw
    got = client.post("/rest/api/3/issue/bulkfetch", issueIdsOrKeys=[deleted, hidden, kept]).json
    assert ([one["id"] for one in got["issues"]], got["issueErrors"]) == ([kept], [])
    assert got["issues"][0]["fields"]["issuelinks"] == []
    assert set(jira.snapshot()) == {kept}
    jira.unhide(hidden)
    assert client.keys("project = SUP AND updated >= 0 ORDER BY key ASC") == ["SUP-2", "SUP-3"]
    assert client.search(f"id in ({deleted}, {kept})").status == 400  # the whole query
    jira.faults.strict_ids = False
    assert client.keys(f"id in ({deleted}, {kept})") == ["SUP-3"]


def test_projects_come_and_go(jira: JiraStandIn, client: Client) -> None:
    jira.create("SUP", at=T)
    roster = "/rest/api/3/project/search?status="

    def states() -> str:
        return "".join(name[0] for name in ("live", "archived", "deleted") if client.get(roster + name).json["values"])

    assert states() == "l"
    for change, state in ((jira.archive_project, "a"), (jira.trash_project, "d"), (jira.hide_project, "")):
        change("SUP")
        assert (states(), client.search("project = SUP").status, jira.snapshot()) == (state, 400, {})
        jira.restore_project("SUP")
    assert (states(), client.keys("project = SUP")) == ("l", ["SUP-1"])
    for n in range(60):
        jira.add_project(f"P{n}")
    page = client.get("/rest/api/3/project/search?maxResults=1000&startAt=50").json
    assert (len(page["values"]), page["total"], page["maxResults"], page["isLast"]) == (11, 61, 50, True)


def test_fields_are_known_by_id(jira: JiraStandIn, client: Client) -> None:
    jira.add_field("customfield_1", "Story Points", "number")
    jira.add_field("customfield_2", "Story Points", "textarea")
    ident = jira.create("SUP", customfield_1=3, customfield_2="long")
    jira.rename_field("customfield_1", "Points")
    listed = {one["id"]: one for one in client.get("/rest/api/3/field").json}
    assert (listed["customfield_1"]["name"], listed["customfield_2"]["name"]) == ("Points", "Story Points")
    fields = client.get(f"/rest/api/3/issue/{ident}").json["fields"]
    assert (fields["customfield_1"], fields["customfield_2"]["type"]) == (3, "doc")
    jira.trash_field("customfield_1")
    assert "customfield_1" not in client.get(f"/rest/api/3/issue/{ident}").json["fields"]


def test_snapshot_says_what_the_routes_say(jira: JiraStandIn, client: Client) -> None:
    ident = storied(jira)
    jira.bulk_create("SUP", 60, heavy=(3, 4))
    held = jira.snapshot()
    assert held[ident]["links"] == [{"id": "30001", "type": "Blocks", "direction": "outward", "other": "10002"}]
    assert held[ident]["comments"][1] | {"author": None, "body": "by nobody"} == held[ident]["comments"][1]
    assert held[ident]["fields"]["updated"] == T + timedelta(hours=3)
    for one in client.all("project = SUP", fields=["*all"], expand="changelog", maxResults=20):
        mine = held.pop(one["id"])
        assert [h["id"] for h in mine["histories"][::-1]] == [h["id"] for h in one["changelog"]["histories"]]
        assert [c["id"] for c in mine["comments"]] == [c["id"] for c in one["fields"]["comment"]["comments"]]
        logged = [(w["id"], w["timeSpentSeconds"]) for w in one["fields"]["worklog"]["worklogs"]]
        assert [(w["id"], w["seconds"]) for w in mine["worklogs"]] == logged
        assert (one["key"], one["fields"]["status"]) == (
            mine["key"],
            one["fields"]["status"] | {"name": mine["fields"]["status"]["name"]},
        )
    assert held == {}


# Search


@pytest.mark.parametrize(
    "body",
    [
        {"maxResults": 0},
        {"maxResults": -1},
        {"maxResults": 5001},
        {"maxResults": None},
        {"startAt": 0},
        {"validateQuery": True},
        {"jql": "order by key desc"},
        {"jql": None},
        {"jql": "project = NONE"},
        {"jql": "project in (SUP, NONE)"},
        {"jql": 'updated >= "2026-08-01T09:00:00Z"'},
        {"jql": 'updated >= "2026-08-01 09:00:00"'},
        {"jql": 'updated >= "1785576600000"'},
        {"jql": "project = SUP ORDER BY " + ", ".join(["updated"] * 8)},
        {"jql": "project = SUP AND"},
        {"jql": "projekt = SUP"},
        {"expand": ["changelog"]},
        {"fields": "summary"},
        {"nextPageToken": "made up"},
        {"reconcileIssues": list(range(51))},
        {"reconcileIssues": None},
    ],
)
def test_search_refuses(client: Client, body: Json) -> None:
    assert client.post(SEARCH, **{"jql": "project = SUP", **body}).status == 400


def test_search_gives_ids_alone_and_short_pages(jira: JiraStandIn, client: Client) -> None:
    jira.bulk_create("SUP", 5050)
    got = client.search("project = SUP", maxResults=5000).json
    assert (len(got["issues"]), set(got["issues"][0])) == (5000, {"expand", "id", "key", "self"})
    for more in ({"fields": ["summary"]}, {"expand": "changelog"}):
        assert len(client.search("project = SUP", maxResults=5000, **more).json["issues"]) == 100
    assert len(client.search("project = SUP").json["issues"]) == 50
    assert set(client.search("project = SUP", fields=["summary"]).json["issues"][0]["fields"]) == {"summary"}
    assert client.post("/rest/api/3/search/approximate-count", jql="project = SUP").json == {"count": 5050}
    assert client.get("/rest/api/3/search?jql=project=SUP").status == 410


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York", "Asia/Kolkata"])
def test_literals_are_read_in_the_accounts_zone(zone: str) -> None:
    with JiraStandIn(account_zone=zone) as jira:
        jira.add_project("SUP")
        jira.create("SUP", at=T)
        client = Client(jira)
        (issue,) = client.all("project = SUP", fields=["updated"])
        local = datetime.strptime(issue["fields"]["updated"], "%Y-%m-%dT%H:%M:%S.%f%z")
        assert local.timestamp() * 1000 == millis(T)
        assert client.get("/rest/api/3/myself").json["timeZone"] == zone

        def finds(test: str) -> bool:
            return bool(client.keys(f"project = SUP AND updated {test}"))

        minute, ms = local.strftime("%Y-%m-%d %H:%M"), millis(T)
        assert finds(f'>= "{minute}"')
        assert finds(f">= {ms}")
        assert finds(f"= {ms}")
        assert not finds(f">= {ms + 1}")
        assert not finds(f'> "{minute}"')  # the minute's other seconds are lost
        assert not finds(f'<= "{minute}"')
        assert finds(f'>= "{T:%Y-%m-%d %H:%M}"') == (local.utcoffset() >= timedelta())  # type: ignore[operator]
        assert finds(">= -32d")
        assert not finds(">= -30d")
        client.line.close()


def test_jql_keys_and_order(jira: JiraStandIn, client: Client) -> None:
    jira.add_project("ENG")
    for n in range(12):
        jira.create("SUP", at=T + timedelta(minutes=n % 2))
    other = jira.create("ENG", at=T)
    assert client.keys("issuekey > SUP-10 ORDER BY key ASC") == ["SUP-11", "SUP-12"]
    assert client.keys(f'project in (SUP, "ENG") AND key in (SUP-2, {other}) ORDER BY key') == ["ENG-1", "SUP-2"]
    down = client.keys("project = SUP ORDER BY updated DESC, key ASC")
    assert down == [f"SUP-{n}" for n in (2, 4, 6, 8, 10, 12, 1, 3, 5, 7, 9, 11)]
    assert client.keys("project = SUP AND (key = SUP-1 OR key = SUP-3) ORDER BY id") == ["SUP-1", "SUP-3"]


def test_pages_by_token_lose_nothing_that_changes_meanwhile(jira: JiraStandIn, client: Client) -> None:
    ids = jira.bulk_create("SUP", 300, at=T)

    def touch() -> None:
        for ident in ids[:3] + ids[150:153]:
            jira.tick(1)
            jira.edit(ident, summary=f"at {jira.now}")

    jira.faults.touch_while_paging = touch
    found = client.all(
        "project = SUP AND updated >= 0 ORDER BY updated ASC, key ASC", fields=["updated"], maxResults=50
    )
    assert {one["id"] for one in found} == set(ids)
    assert len(found) > 300  # the touched ones come again, at the end


def test_pages_by_offset_lose_rows(dc: JiraStandIn, dc_client: Client) -> None:
    ids, found = dc.bulk_create("SUP", 300, at=T), set[str]()

    def touch() -> None:
        for ident in ids[:3]:
            dc.tick(1)
            dc.edit(ident, summary=f"at {dc.now}")

    dc.faults.touch_while_paging = touch
    for start in range(0, 300, 50):
        page = dc_client.post(
            "/rest/api/2/search", jql="project = SUP ORDER BY updated", startAt=start, maxResults=50
        ).json
        found |= {one["id"] for one in page["issues"]}
    assert page["total"] == 300
    assert len(found) == 297  # the first touch moves three; later ones only touch what stands at the end already


# Bulk reads, changelogs, comments


def test_bulkfetch_caps_what_it_holds_inline(jira: JiraStandIn, client: Client) -> None:
    (ident,) = jira.bulk_create("SUP", 1, heavy_share=1.0)
    got = client.post(
        "/rest/api/3/issue/bulkfetch", issueIdsOrKeys=[ident], fields=["*all"], expand=["changelog"]
    ).json["issues"][0]
    log, said = got["changelog"], got["fields"]["comment"]
    assert (len(log["histories"]), log["total"], len(said["comments"]), said["total"]) == (40, 250, 20, 130)
    assert log["histories"][0]["created"] >= log["histories"][-1]["created"]  # newest first
    pages = [client.get(f"/rest/api/3/issue/{ident}/comment?maxResults=5000&startAt={n}").json for n in (0, 100)]
    assert [len(page["comments"]) for page in pages] == [100, 30]
    pages = [client.get(f"/rest/api/3/issue/{ident}/changelog?startAt={n}").json for n in (0, 100, 200)]
    assert [(len(page["values"]), page["isLast"]) for page in pages] == [(100, False), (100, False), (50, True)]
    assert client.get("/rest/api/3/issue/NONE-1/comment?orderBy=body").status == 400
    odd: list[Json] = [
        {},
        {"issueIdsOrKeys": []},
        {"issueIdsOrKeys": ["1"] * 101},
        {"issueIdsOrKeys": ["1"], "expand": "x"},
    ]
    assert [client.post("/rest/api/3/issue/bulkfetch", **body).status for body in odd] == [400] * 4
    assert (
        "comment" not in client.post("/rest/api/3/issue/bulkfetch", issueIdsOrKeys=[ident]).json["issues"][0]["fields"]
    )


def test_worklogs_in_part_and_in_pages(jira: JiraStandIn, client: Client, dc: JiraStandIn, dc_client: Client) -> None:
    for one in (jira, dc):
        ident = one.create("SUP")
        for n in range(30):
            one.log_work(ident, "ann", 1 + n, at=T, started=T - timedelta(hours=n))
    first = client.get(f"/rest/api/3/issue/{ident}").json["fields"]["worklog"]
    assert (len(first["worklogs"]), first["total"], first["worklogs"][2]["timeSpentSeconds"]) == (20, 30, 3 * 3600)
    assert first["worklogs"][2]["started"] == "2026-08-01T07:30:20.000+0000"
    pages = [client.get(f"/rest/api/3/issue/{ident}/worklog?maxResults=25&startAt={n}").json for n in (0, 25)]
    assert [(len(page["worklogs"]), page["total"]) for page in pages] == [(25, 30), (5, 30)]
    assert len(dc_client.get(f"/rest/api/2/issue/{ident}").json["fields"]["worklog"]["worklogs"]) == 20
    assert len(dc_client.get(f"/rest/api/2/issue/{ident}/worklog?maxResults=5&startAt=9").json["worklogs"]) == 30
    plain = client.post("/rest/api/3/issue/bulkfetch", issueIdsOrKeys=[ident]).json["issues"][0]["fields"]
    assert "worklog" not in plain


def histories(client: Client, ids: Sequence[str], **more: object) -> tuple[list[tuple[Any, int, str]], int]:
    """(created, issue, history) in the order of arrival, and the number of pages."""
    found, token, pages = [], None, 0
    while True:
        got = client.post(
            "/rest/api/3/changelog/bulkfetch", issueIdsOrKeys=ids, **more, **({"nextPageToken": token} if token else {})
        )
        pages += 1
        page = [
            (h["created"], int(log["issueId"]), h["id"])
            for log in got.json["issueChangeLogs"]
            for h in log["changeHistories"]
        ]
        found += page
        token = got.json.get("nextPageToken")
        if not token:
            return found, pages


def test_changelog_bulkfetch_pages_across_issues(jira: JiraStandIn, client: Client) -> None:
    ids = jira.bulk_create("SUP", 100, n_histories=5, heavy=(60, 0))
    quiet = jira.create("SUP")
    found, pages = histories(client, [*ids, quiet], maxResults=50)
    held = {
        (millis(h["created"]), int(ident), h["id"]) for ident, one in jira.snapshot().items() for h in one["histories"]
    }
    assert (pages, len(found), set(found)) == (13, 610, held)
    jira.faults.changelog_page_size, jira.faults.changelog_missing = 7, {ids[0]}
    assert len(histories(client, ids)[0]) == 605
    jira.faults.changelog_created_as = "string"
    assert histories(client, ids[1:2])[0][0][0].endswith("+0000")
    jira.faults.changelog_created_as = "int_seconds"
    assert histories(client, ids[1:2])[0][0][0] < 1e11
    only, _ = histories(client, ids, fieldIds=["status"])
    assert 0 < len(only) < 300
    for odd in ({"maxResults": 0}, {"maxResults": 10_001}, {"fieldIds": ["x"] * 11}, {"issueIdsOrKeys": ["1"] * 1001}):
        assert client.post("/rest/api/3/changelog/bulkfetch", **{"issueIdsOrKeys": ids, **odd}).status == 400


# Data Center


def test_data_center_speaks_its_own_way(dc: JiraStandIn, dc_client: Client) -> None:
    storied(dc)
    (heavy,) = dc.bulk_create("SUP", 1, heavy_share=1.0)
    assert dc_client.get("/rest/api/2/serverInfo").json["deploymentType"] == "Server"
    me = dc_client.get("/rest/api/2/myself")
    assert ("accountId" in me.json, me.json["name"], me.headers["retry-after"]) == (False, dc.account, "0")
    for path in ("2/search/jql?jql=project=SUP", f"2/issue/{heavy}/changelog", "3/myself", "2/project/search"):
        assert dc_client.get(f"/rest/api/{path}").status == 404
    got = dc_client.get(
        "/rest/api/2/search?jql=project%20%3D%20SUP%20ORDER%20BY%20key%20DESC&expand=changelog&maxResults=5000"
    ).json
    first = got["issues"][0]
    assert (got["total"], got["startAt"], got["maxResults"]) == (3, 0, 1000)
    assert (len(first["changelog"]["histories"]), "comment" in first["fields"]) == (250, False)
    assert all("fieldId" not in item for h in first["changelog"]["histories"] for item in h["items"])
    whole = dc_client.get(f"/rest/api/2/issue/{heavy}?expand=changelog").json
    assert (len(whole["fields"]["comment"]["comments"]), len(whole["changelog"]["histories"])) == (130, 250)
    assert len(dc_client.get(f"/rest/api/2/issue/{heavy}/comment").json["comments"]) == 130
    assert [one["key"] for one in dc_client.get("/rest/api/2/project").json] == ["SUP"]
    assert dc_client.get("/rest/api/2/search?jql=project=NONE").status == 400
    lenient = dc_client.get("/rest/api/2/search?jql=project=NONE&validateQuery=false").json
    assert (lenient["issues"], len(lenient["warningMessages"])) == ([], 1)


def test_data_center_has_a_window(dc: JiraStandIn, dc_client: Client) -> None:
    dc.bulk_create("SUP", 40)
    dc.faults.window = 30
    path = "/rest/api/2/search?jql=project=SUP&maxResults=20&startAt="
    assert [dc_client.get(path + str(n)).status for n in (0, 10, 20)] == [200, 200, 500]
    dc.faults.window_10000_behaviour = "empty"
    got = [dc_client.get(path + str(n)).json for n in (20, 30)]
    assert [(len(page["issues"]), page["total"]) for page in got] == [(10, 40), (0, 40)]


def test_data_center_says_no_aloud(dc: JiraStandIn) -> None:
    stranger, client = Client(dc, "wrong"), Client(dc)
    dc.faults.captcha_after_failures = 2
    got = [stranger.get("/rest/api/2/myself") for _ in range(3)]
    assert [one.status for one in got] == [401, 401, 403]
    assert got[2].headers["x-authentication-denied-reason"].startswith("CAPTCHA_CHALLENGE")
    assert client.get("/rest/api/2/myself").status == 403  # the right token does not help any more
    stranger.line.close()
    client.line.close()


# Faults


def test_expired_token_makes_a_stranger_not_an_error(jira: JiraStandIn, client: Client) -> None:
    ident = jira.create("SUP")
    good = client.get("/rest/api/3/serverInfo")
    assert "serverTime" in good.json
    assert good.headers["x-ratelimit-remaining"] == "349"
    jira.faults.token_expires_after = 1
    assert client.keys("project = SUP") == ["SUP-1"]
    empty = client.search("project = SUP")
    assert (empty.status, empty.json) == (200, {"issues": [], "isLast": True})
    assert empty.headers["x-seraph-loginreason"] == "AUTHENTICATED_FAILED"
    assert not [name for name in empty.headers if "ratelimit" in name]
    assert client.search("order by key").status == 400
    assert client.get("/rest/api/3/project/search").json["values"] == []
    assert "serverTime" not in client.get("/rest/api/3/serverInfo").json
    assert client.post("/rest/api/3/issue/bulkfetch", issueIdsOrKeys=[ident]).json == {"issues": [], "issueErrors": []}
    told = {
        path: client.get(f"/rest/api/3/{path}").status
        for path in ("myself", f"issue/{ident}", f"issue/{ident}/comment")
    }
    assert told == {"myself": 401, f"issue/{ident}": 404, f"issue/{ident}/comment": 404}
    jira.faults.token_expires_after, jira.faults.other_account = None, True
    assert client.get("/rest/api/3/myself").json["accountId"] != jira.account


def test_index_lags_behind(jira: JiraStandIn, client: Client) -> None:
    jira.faults.index_lag = 60
    old, new = jira.create("SUP", at=T, summary="old"), jira.create("SUP")
    jira.edit(old, summary="new")
    jql = "project = SUP AND updated >= 0 ORDER BY updated, key"
    assert [one["fields"]["summary"] for one in client.all(jql, fields=["summary"])] == ["old"]
    assert client.get(f"/rest/api/3/issue/{old}").json["fields"]["summary"] == "new"
    assert {one["id"] for one in client.search(jql, reconcileIssues=[int(new)]).json["issues"]} == {old, new}
    jira.tick(60)
    assert [one["fields"]["summary"] for one in client.all(jql, fields=["summary"])] == ["new", "A ticket"]
    jira.faults.never_indexed.add(new)
    assert client.keys(jql) == ["SUP-1"]


def test_faults_of_paging(jira: JiraStandIn, client: Client) -> None:
    jira.bulk_create("SUP", 30)
    jql, faults = "project = SUP ORDER BY updated", jira.faults
    first = client.search(jql, maxResults=10).json
    token = first["nextPageToken"]
    faults.repeat_token = True
    again = client.search(jql, maxResults=10, nextPageToken=token).json
    assert again["nextPageToken"] == token
    faults.repeat_token = False
    faults.empty_page_with_token = 2
    empty = client.search(jql, maxResults=10).json
    assert (empty["issues"], empty["isLast"]) == ([], False)
    assert len(client.all(jql, maxResults=10)) == 30
    faults.short_pages = 7
    assert len(client.search(jql, maxResults=10).json["issues"]) == 7
    faults.is_last_lies = "true"
    assert {name: client.search(jql).json[name] for name in ("isLast",)} == {"isLast": True}
    assert len(client.all(jql)) == 30
    faults.is_last_lies, faults.short_pages, faults.last_token_null = "absent", None, True
    assert {name: value for name, value in client.search(jql).json.items() if name != "issues"} == {
        "nextPageToken": None
    }
    assert client.search("project = SUP", nextPageToken=token).status == 400  # of another query


def test_tokens_die(jira: JiraStandIn, client: Client) -> None:
    jira.bulk_create("SUP", 30)
    jql = "project = SUP ORDER BY updated"
    token = client.search(jql, maxResults=10).json["nextPageToken"]
    jira.faults.token_400_after = 1
    assert [client.search(jql, maxResults=10, nextPageToken=token).status for _ in range(3)] == [200, 400, 400]
    assert len(client.all(jql, maxResults=10)) == 30  # who starts anew gets through
    token = client.search(jql, maxResults=10).json["nextPageToken"]
    jira.tick(7 * 86_400 + 1)
    assert client.search(jql, maxResults=10, nextPageToken=token).status == 400


def test_forbidden_project_fails_the_whole_query(jira: JiraStandIn, client: Client) -> None:
    jira.add_project("ENG")
    jira.create("SUP")
    jira.faults.forbid_project("ENG")
    assert client.search("project in (SUP, ENG)").status == 400
    assert client.keys("project = SUP") == ["SUP-1"]
    assert [one["key"] for one in client.get("/rest/api/3/project/search").json["values"]] == ["SUP"]


@pytest.mark.parametrize("kind", ["cloud", "datacenter"])
def test_rate_limit_is_real(kind: Any) -> None:
    with JiraStandIn(kind) as jira:
        client, version = Client(jira), 3 if kind == "cloud" else 2
        jira.faults.rate_limit, jira.faults.rate_burst = 2.0, 2
        got = [client.get(f"/rest/api/{n}/myself") for n in (version, 2, version)]
        assert [one.status for one in got] == [200, 200, 429]  # both spellings share the bucket
        assert client.get(f"/rest/api/{version}/field").status == 200  # another route
        assert got[2].headers["retry-after"] == "1"
        assert got[2].headers.get("ratelimit-reason") == ("jira-burst-based" if jira.cloud else None)
        time.sleep(0.55)
        assert client.get(f"/rest/api/{version}/myself").status == 200
        client.line.close()


def test_forms_of_retry_after(jira: JiraStandIn, client: Client) -> None:
    faults = jira.faults
    faults.rate_limit, faults.retry_after_seconds, faults.clock_skew = 0.001, 90.0, 30.0
    client.get("/rest/api/3/myself")

    def refused(form: Any) -> dict[str, str]:
        faults.retry_after = form
        got = client.get("/rest/api/3/myself")
        assert got.status == 429
        return got.headers

    assert refused("seconds")["retry-after"] == "90"
    faults.early_retry_lengthens = True
    assert refused("float")["retry-after"] == "90.000"
    assert refused("zero")["retry-after"] == "0"
    dated = refused("http_date")
    wait = parsedate_to_datetime(dated["retry-after"]) - parsedate_to_datetime(dated["date"])
    assert wait == timedelta(seconds=90)
    reset = refused("reset_only")
    assert ("retry-after" in reset, reset["x-ratelimit-reset"]) == (False, "2026-09-01T12:03Z")
    assert not {"retry-after", "x-ratelimit-reset"} & set(refused("none"))


def test_failures_of_the_line(jira: JiraStandIn, client: Client) -> None:
    faults, path = jira.faults, "/rest/api/3/myself"
    faults.fail_next("myself", 503, times=2, retry_after="1.5")
    assert [(got.status, got.headers.get("retry-after")) for got in (client.get(path) for _ in range(3))] == [
        (503, "1.5"),
        (503, "1.5"),
        (200, None),
    ]
    faults.fail_next("POST search/jql", 400)
    assert client.get(path).status == 200
    assert client.search("project = SUP").status == 400
    faults.drop_next("*")
    with pytest.raises(http.client.RemoteDisconnected):
        client.get(path)
    faults.truncate_next("myself")
    with pytest.raises(http.client.IncompleteRead):
        client.get(path)
    faults.html_next("myself", page="maintenance")
    got = client.get(path)
    assert (got.status, got.headers["content-type"][:9], b"maintenance" in got.raw) == (200, "text/html", True)
    faults.wrong_type_next("myself")
    got = client.get(path)
    assert (got.headers["content-type"], got.json["accountId"]) == ("text/plain", jira.account)
    faults.redirect_next("myself")
    got = client.get(path)
    assert (got.status, got.headers["location"].startswith(f"{jira.url}/login")) == (302, True)
    assert b"Log in" in client.get("/login").raw
    faults.slow_next(0.05)
    start = time.monotonic()
    assert client.get(path).status == 200
    assert time.monotonic() - start >= 0.05
    assert jira.faults.strikes == []
    assert [one.status for one in jira.requests if one.route == "myself"] == [
        503,
        503,
        200,
        200,
        0,
        200,
        200,
        200,
        302,
        200,
    ]


def test_faults_of_bulkfetch(jira: JiraStandIn, client: Client) -> None:
    broken, lost, stale, fine = (jira.create("SUP", at=T) for _ in range(4))
    jira.edit(stale, summary="newer")
    jira.faults.bulkfetch_errors.add(broken)
    jira.faults.bulkfetch_missing.add(lost)
    jira.faults.serve_stale.add(stale)
    got = client.post("/rest/api/3/issue/bulkfetch", issueIdsOrKeys=[fine, stale, lost, broken]).json
    assert [(one["id"], one["fields"]["summary"]) for one in got["issues"]] == [(stale, "A ticket"), (fine, "A ticket")]
    assert [one["id"] for one in got["issueErrors"]] == [broken]
    assert client.get(f"/rest/api/3/issue/{broken}").status == 200


def test_comment_is_stored_before_the_line_drops(jira: JiraStandIn, client: Client) -> None:
    ident = jira.create("SUP")
    jira.faults.drop_after_post = 1
    path = f"/rest/api/2/issue/{ident}/comment"
    with pytest.raises(http.client.RemoteDisconnected):
        client.post(path, body="once", properties=[{"key": "run", "value": 7}])
    (stored,) = client.get(f"{path}?expand=properties").json["comments"]
    assert (stored["body"], stored["properties"], stored["author"]["accountId"]) == (
        "once",
        [{"key": "run", "value": 7}],
        jira.account,
    )


def test_a_write_is_done_before_the_line_drops_or_later(jira: JiraStandIn, client: Client) -> None:
    ident = jira.create("SUP", labels=["a"])
    path = f"/rest/api/2/issue/{ident}"
    jira.faults.drop_after_next("PUT issue")
    with pytest.raises(http.client.RemoteDisconnected):
        client.ask("PUT", path, {"update": {"labels": [{"add": "b"}]}})
    assert client.get(path).json["fields"]["labels"] == ["a", "b"]
    jira.faults.late_next("POST issue/comment", 2)
    with pytest.raises(http.client.RemoteDisconnected):
        client.post(f"{path}/comment", body="late")
    totals = [client.get(f"{path}/comment").json["total"] for _ in range(3)]
    assert totals == [0, 1, 1]
    assert [(one.method, one.status) for one in jira.writes] == [("PUT", 0), ("POST", 0)]


def test_permissions_that_the_account_lacks(jira: JiraStandIn, client: Client) -> None:
    ident = jira.create("SUP")
    asked = f"/rest/api/3/mypermissions?issueId={ident}&permissions=ADD_COMMENTS,EDIT_ISSUES"

    def told() -> list[bool]:
        return [one["havePermission"] for one in client.get(asked).json["permissions"].values()]

    def tried() -> list[int]:
        path = f"/rest/api/2/issue/{ident}"
        edit = client.ask("PUT", path, {"update": {"labels": [{"add": "b"}]}})
        return [client.post(f"{path}/comment", body="x").status, edit.status]

    meta = f"/rest/api/3/issue/{ident}/editmeta"
    assert (told(), tried(), "labels" in client.get(meta).json["fields"]) == ([True, True], [201, 204], True)
    jira.faults.not_on_screen.add("labels")
    assert (told(), tried(), "labels" in client.get(meta).json["fields"]) == ([True, True], [201, 400], False)
    jira.faults.lacks = {"ADD_COMMENTS", "EDIT_ISSUES"}
    assert (told(), tried(), client.get(meta).json["fields"]) == ([False, False], [400, 400], {})
    assert client.get(f"/rest/api/3/mypermissions?issueId={int(ident) + 1}&permissions=ADD_COMMENTS").status == 404


def test_what_is_told_of_each_request(jira: JiraStandIn, client: Client) -> None:
    heard: list[tuple[str, str, int]] = []
    ident = jira.create("SUP")

    def hear(when: str, what: str) -> None:
        heard.append((when, what, len(jira.snapshot()[ident]["comments"])))

    jira.faults.on_request = hear
    client.post(f"/rest/api/2/issue/{ident}/comment", body="x")
    assert heard == [("before", "POST issue/comment", 0), ("after", "POST issue/comment", 1)]


def test_missing_authors_and_languages_and_clocks(jira: JiraStandIn, client: Client) -> None:
    storied(jira)
    faults, seen = jira.faults, []
    for form in ("null", "absent", "former_user"):
        faults.missing_author_as = form
        seen.append(client.get("/rest/api/3/issue/SUP-1/comment").json["comments"][1].get("author", "absent"))
    assert [one if one in (None, "absent") else one["displayName"] for one in seen] == [None, "absent", "Former user"]
    faults.localised_errors = True
    odd = f"{SEARCH}?jql={quote('project = NONE')}"
    assert "project" not in client.get(odd).json["errorMessages"][0]
    forced = client.get(odd, X_Force_Accept_Language="true", Accept_Language="en")
    assert "project" in forced.json["errorMessages"][0]
    faults.clock_skew = 120
    assert client.get("/rest/api/3/serverInfo").headers["date"] == "Tue, 01 Sep 2026 12:02:00 GMT"
    jira.tick(1)
    assert client.get("/rest/api/3/serverInfo").headers["date"] == "Tue, 01 Sep 2026 12:02:01 GMT"
    jira.account_zone = "Asia/Tokyo"  # between two runs
    assert client.get("/rest/api/3/issue/SUP-1").json["fields"]["created"] == "2026-08-01T18:30:20.000+0900"


# The server


def test_log_latency_and_many_threads() -> None:
    with JiraStandIn(latency=0.01) as jira:
        jira.add_project("SUP")
        jira.bulk_create("SUP", 200)
        found: list[int] = []

        def read() -> None:
            client = Client(jira)
            found.append(
                len(
                    {
                        one["id"]
                        for one in client.all("project = SUP AND updated >= 0 ORDER BY updated, key", maxResults=20)
                    }
                )
            )
            client.line.close()

        threads = [threading.Thread(target=read) for _ in range(8)]
        for one in threads:
            one.start()
        for n in range(20):
            jira.edit(10_001 + n, summary=f"{n}")
        for one in threads:
            one.join()
        assert found == [200] * 8
        assert jira.counts["POST search/jql"] == len(jira.requests) >= 80
        last = jira.requests[-1]
        assert (last.method, last.path, last.body["maxResults"], last.status) == ("POST", SEARCH, 20, 200)


def test_tls(tmp_path: Path) -> None:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    command += [
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(key),
        "-out",
        str(cert),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is absent: no certificate to test with")
    with JiraStandIn(tls=(cert, key)) as jira:
        client = Client(jira, context=ssl.create_default_context(cafile=str(cert)))
        assert jira.url.startswith("https://")
        assert client.get("/rest/api/3/myself").status == 200
        client.line.close()


def test_large_loads_are_quick() -> None:
    with JiraStandIn() as jira:
        jira.add_project("SUP")
        jira.bulk_create("SUP", 50_000, span=timedelta())
        client = Client(jira)
        found = client.all("project = SUP AND updated >= 0 ORDER BY updated, key", maxResults=5000)
        assert len({one["id"] for one in found}) == 50_000  # all of one moment
        assert len(jira.requests) == 10
        client.line.close()
