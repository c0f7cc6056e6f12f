"""What goes wrong in the tickets themselves: cut histories, moved and deleted tickets, odd values. See test_jira_faults.py."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from conftest import ROOT
from jira_reading import CATALOGUE, CRITERIA, Desk, WarehouseDesk, connect, some_tickets
from jira_standin import JiraStandIn, Kind

from analysis.errors import SourceError
from analysis.warehouse import Warehouse
from pipelines.field_catalogue import FieldCatalogue
from pipelines.jira import JiraSource, Known
from pipelines.jira.census import Stored, take_census
from pipelines.load import notes
from pipelines.normalise import normalise


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraStandIn]:
    kind: Kind = request.param
    with JiraStandIn(kind) as standin:
        standin.add_project("SUP")
        yield standin


@pytest.fixture
def cloud() -> Iterator[JiraStandIn]:
    with JiraStandIn("cloud") as standin:
        standin.add_project("SUP")
        yield standin


def plan_of(jira: JiraStandIn) -> Any:
    connection = connect(jira)
    return JiraSource(connection, ("SUP",), Known(), lambda _: None).plan()


def census_of(jira: JiraStandIn, stored: dict[int, Stored], projects: tuple[str, ...] = ("SUP",)) -> Any:
    return take_census(connect(jira), plan_of(jira), projects, stored, None)


def test_changelog_cut_short(jira: JiraStandIn) -> None:
    jira.bulk_create("SUP", 12, heavy_share=0.25)
    desk = Desk(jira)
    desk.read()
    desk.check()
    assert max(len(issue["changelog"]["histories"]) for issue in desk.held.values()) == 250


def test_changelog_split_or_missing(cloud: JiraStandIn) -> None:
    ids = cloud.bulk_create("SUP", 12, heavy_share=0.25)
    cloud.create("SUP")  # has no history, and so does not appear either
    cloud.faults.changelog_page_size = 7
    cloud.faults.changelog_missing = {ids[0], ids[3]}  # the second has 250
    desk = Desk(cloud)
    desk.read()
    desk.check()


@pytest.mark.parametrize("form", ["int", "int_seconds", "string"])
def test_change_times_as_numbers(cloud: JiraStandIn, form: Literal["int", "int_seconds", "string"]) -> None:
    cloud.faults.changelog_created_as = form
    cloud.account_zone = "Asia/Kolkata"
    ident = cloud.create("SUP")
    for _ in range(3):
        cloud.tick(3600)
        cloud.edit(ident, status=f"At {cloud.now}")
    desk = Desk(cloud)
    desk.read()
    desk.check()


def test_histories_in_one_second(jira: JiraStandIn, tmp_path: Path) -> None:
    ident = jira.create("SUP")
    jira.tick(60)
    for n in range(5):
        jira.edit(ident, status=f"Status {n}", summary=f"Summary {n}", labels=[f"label{n}"])
    desk = WarehouseDesk(jira, tmp_path)
    desk.read()
    desk.check()
    assert desk.rows("select count(*) from core.changes") == [(15,)]


def test_comments_beyond_a_page(jira: JiraStandIn, tmp_path: Path) -> None:
    ident = jira.create("SUP")
    said = [jira.comment(ident, "ann", f"comment {n}") for n in range(230)]
    desk = WarehouseDesk(jira, tmp_path)
    desk.read()
    desk.check()
    jira.tick(60)
    jira.edit_comment(ident, said[150], "changed")
    jira.delete_comment(ident, said[3])
    jira.delete_comment(ident, said[229])
    desk.read()
    desk.check()
    assert desk.rows(f"select body from core.comments where comment_id = {said[150]}") == [("changed",)]


def test_worklogs_beyond_those_that_come_with_the_ticket(jira: JiraStandIn, tmp_path: Path) -> None:
    """20 come with it. Cloud gives the others in pages, Data Center all at once; where none lack, none are asked for."""
    ids = [jira.create("SUP") for _ in range(3)]
    for ident, n_logged in zip(ids, (20, 0, 45), strict=True):
        logged = [jira.log_work(ident, "ann", 0.5 + n, started=jira.now, words="words") for n in range(n_logged)]
    jira.faults.worklog_page_cap = 20
    desk = WarehouseDesk(jira, tmp_path)
    desk.read()
    desk.check()
    assert jira.counts["GET issue/worklog"] == (3 if jira.cloud else 1)
    assert jira.counts["GET issue/comment"] == 0
    assert desk.rows("select count(*), sum(hours) from core.worklogs") == [(65, 20 * 10 + 45 * 22.5)]
    jira.tick(60)
    jira.delete_worklog(ids[2], logged[3])
    jira.log_work(ids[0], None, 8)
    desk.read()
    desk.check()


def test_ticket_moved(jira: JiraStandIn, tmp_path: Path) -> None:
    jira.add_project("ENG")
    ids = some_tickets(jira, 5)
    jira.link(ids[0], ids[1], "Blocks")
    desk = WarehouseDesk(jira, tmp_path, ("SUP", "ENG"))
    desk.read()
    jira.tick(60)
    new = jira.move(ids[0], "ENG")
    desk.read()
    jira.tick(60)
    jira.edit(ids[1], summary="shows the other end's new key")
    desk.read()
    desk.check()
    keys = desk.rows(f"select ticket_key, is_current from core.ticket_keys where issue_id = {ids[0]} order by 1")
    assert keys == [(new, True), ("SUP-1", False)]


def test_ticket_deleted(jira: JiraStandIn) -> None:
    ids = [int(i) for i in some_tickets(jira, 6)]
    stored = {i: Stored("SUP") for i in ids}
    jira.delete(ids[0])
    first = census_of(jira, stored)
    assert first.presence == {ids[0]: "missed_once"}
    stored[ids[0]] = Stored("SUP", "missed_once")
    assert census_of(jira, stored).presence == {ids[0]: "deleted"}


def test_ticket_hidden_or_archived(jira: JiraStandIn) -> None:
    ids = [int(i) for i in some_tickets(jira, 6)]
    stored = {i: Stored("SUP", has_security=i == ids[0]) for i in ids}
    jira.hide(ids[0])
    assert census_of(jira, stored).presence == {ids[0]: "hidden"}
    jira.archive_project("SUP")
    assert set(census_of(jira, stored).presence.values()) == {"archived"}


def test_permission_regained(jira: JiraStandIn) -> None:
    ids = [int(i) for i in some_tickets(jira, 6)]
    jira.hide(ids[2])
    desk = Desk(jira)
    desk.read()
    jira.tick(90 * 86_400)
    jira.unhide(ids[2])  # `updated` stays months old
    desk.read()
    assert ids[2] not in desk.held
    wanted = census_of(jira, {i: Stored("SUP") for i in desk.held}).wanted
    assert wanted == {ids[2]}
    desk.read(wanted)
    desk.check()


def test_field_renamed(cloud: JiraStandIn, tmp_path: Path) -> None:
    for number in (1, 2):
        cloud.add_field(f"customfield_1000{number}", "Provider")  # two of one name
    ident = cloud.create("SUP", customfield_10001="CDK", customfield_10002="Tekion")
    desk = WarehouseDesk(cloud, tmp_path)
    assert desk.extract().field_names["customfield_10002"] == "Provider"
    desk.read()
    cloud.rename_field("customfield_10002", "Vendor")
    cloud.tick(60)
    cloud.edit(ident, customfield_10001="Reynolds")
    desk.read()
    desk.check()
    names = dict(desk.rows("select field_id, field_name from raw.fields where field_id like 'customfield%'"))
    assert names == {"customfield_10001": "Provider", "customfield_10002": "Vendor"}


def test_values_of_every_kind(jira: JiraStandIn, tmp_path: Path) -> None:
    jira.add_field("customfield_10005", "Text", "textarea")
    values: dict[str, Any] = {
        "customfield_10001": None,
        "customfield_10002": {"id": "7", "value": "an option"},
        "customfield_10003": {"id": "8", "value": "above", "child": {"id": "9", "value": "below"}},
        "customfield_10004": [{"id": "1", "value": "one"}, {"id": "2", "value": "two"}],
        "customfield_10005": "a text\nof two lines",
        "customfield_10006": "12.50",
        "customfield_10007": 12.5,
    }
    ident = jira.create("SUP", **values)
    jira.tick(60)
    jira.edit(ident, customfield_10002={"id": "17", "value": "another"}, customfield_10004=[])
    desk = WarehouseDesk(jira, tmp_path)
    desk.read()
    desk.check()
    roles = {f"r{n}": (f"customfield_1000{n}", f"Field {n}") for n in range(1, 8)}
    mirror = Desk(jira)
    mirror.read()
    rows = normalise(mirror.held[int(ident)], FieldCatalogue(roles))["field_values"]  # type: ignore[arg-type]
    told = {row["role"]: row["value"] for row in rows}
    assert "r1" not in told
    assert told["r2"] == "another"
    assert not any("{" in str(value) for value in told.values())


@pytest.mark.parametrize("missing", ["null", "absent", "former_user"])
def test_people_without_id(jira: JiraStandIn, missing: Literal["null", "absent", "former_user"]) -> None:
    jira.faults.missing_author_as = missing
    ident = jira.create("SUP", reporter=None, assignee=None)
    jira.comment(ident, None, "said by nobody")
    jira.tick(60)
    jira.edit(ident, status="Done", author=None)
    desk = Desk(jira)
    desk.read()
    desk.check()
    rows = normalise(desk.held[int(ident)], CATALOGUE)
    assert rows["tickets"][0]["reporter_id"] is None
    assert {row["author_id"] for row in (*rows["changes"], *rows["comments"])} == {None}


def test_crash_between_steps(cloud: JiraStandIn, tmp_path: Path) -> None:
    ids = some_tickets(cloud)
    desk = WarehouseDesk(cloud, tmp_path)
    desk.read()
    before = desk.cursors()
    cloud.tick(3600)
    cloud.edit(ids[0], status="Done")
    desk.extract()  # and the machine goes down before the load
    assert desk.cursors() == before
    cloud.tick(3600)
    for one in ids[:9]:
        cloud.edit(one, status="Doing")
    manifest = desk.extract()
    n_seen = 0

    def crashing(issue: Any, catalogue: FieldCatalogue) -> Any:
        nonlocal n_seen
        n_seen += 1
        if n_seen == 5:
            raise MemoryError
        return normalise(issue, catalogue)

    with pytest.raises(MemoryError):
        desk.load(manifest, crashing)
    assert desk.cursors() == before
    desk.read()
    desk.check()
    assert desk.cursors() != before


KILLED = """
import os, sys
from pathlib import Path
from pipelines import steps, weekly
from pipelines.settings import Settings
real, seen = steps.normalise, []
def killing(issue, catalogue):
    seen.append(issue)
    if len(seen) == 5:
        os._exit(9)
    return real(issue, catalogue)
steps.normalise = killing
weekly.run_load(Settings(home=Path(sys.argv[1])), print)
"""


def test_killed_while_loading(cloud: JiraStandIn, tmp_path: Path) -> None:
    ids = some_tickets(cloud)
    desk = WarehouseDesk(cloud, tmp_path)
    desk.read()
    before = desk.cursors()
    cloud.tick(3600)
    for one in ids[:9]:
        cloud.edit(one, status="Doing")
    desk.extract()
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=ROOT, capture_output=True, check=False)
    assert ended.returncode == 9, ended.stderr
    assert desk.cursors() == before
    desk.read()
    desk.check()


def test_two_runs_at_once(cloud: JiraStandIn, tmp_path: Path) -> None:
    some_tickets(cloud)
    desk = WarehouseDesk(cloud, tmp_path)
    desk.read()
    with Warehouse.open(desk.file):
        command = [sys.executable, "-m", "pipelines", "load", "--home", str(tmp_path)]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, text=True)
    assert ended.returncode == 14
    assert len(ended.stderr.splitlines()) == 1
    desk.check()


def test_older_copy_after_newer(cloud: JiraStandIn, tmp_path: Path) -> None:
    ids = some_tickets(cloud, 5)
    desk = WarehouseDesk(cloud, tmp_path)
    desk.read()
    cloud.tick(60)
    cloud.edit(ids[0], status="Done")
    cloud.edit(ids[1], status="Done")
    cloud.faults.serve_stale = {ids[0]}
    desk.read()  # the first comes as it was before
    cloud.faults.serve_stale = {ids[1]}
    desk.read(wanted=[int(ids[1])])  # the second is held as it is now, and comes once more as it was
    desk.check()


def test_one_ticket_fails_in_bulk(cloud: JiraStandIn) -> None:
    ids = some_tickets(cloud)
    cloud.faults.bulkfetch_errors, cloud.faults.bulkfetch_missing = {ids[3]}, {ids[7]}
    desk = Desk(cloud)
    desk.read()
    desk.check()
    cloud.faults.bulkfetch_errors, cloud.faults.bulkfetch_missing = set(), {ids[7]}
    other = Desk(cloud)
    other.read()
    other.check()


def test_one_ticket_fails_everywhere(cloud: JiraStandIn, tmp_path: Path) -> None:
    """It is set aside, told of on every page, and asked for again; the others come."""
    ids = some_tickets(cloud)
    desk = WarehouseDesk(cloud, tmp_path)

    def told() -> list[str]:
        with Warehouse.open(desk.file) as warehouse:
            return [note for note in notes(warehouse, CRITERIA) if "failed to give" in note]

    cloud.faults.bulkfetch_errors = {ids[3]}
    for _ in range(2):
        cloud.faults.fail_next("issue", 500, times=3)
        desk.read()
        assert {issue_id for (issue_id,) in desk.rows("select issue_id from core.tickets")} == {int(i) for i in ids} - {
            int(ids[3])
        }
        assert told() == [f"Jira failed to give 1 issues, which the numbers lack until it does: ids {ids[3]}"]
    desk.read()
    desk.check()
    assert told() == []


def test_one_ticket_asked_for_by_id_fails(jira: JiraStandIn) -> None:
    ids = some_tickets(jira)
    desk = Desk(jira)
    desk.read()
    jira.faults.bulkfetch_errors = {ids[3]}
    jira.faults.fail_next("issue", 500, times=3)
    desk.read(wanted=[int(ids[3])])
    assert desk.cursors["set_aside"] == ids[3]
    desk.read()
    desk.check()
    assert desk.cursors["set_aside"] == ""


def test_many_that_fail_end_the_reading(cloud: JiraStandIn) -> None:
    ids = some_tickets(cloud)
    cloud.faults.bulkfetch_errors = set(ids[:6])
    cloud.faults.fail_next("issue", 500, times=100)
    desk = Desk(cloud)
    with pytest.raises(SourceError, match="answered with error 500"):
        desk.read()
    assert not desk.held


def test_deleted_while_reading(jira: JiraStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticket that goes while its comments are asked for is left out; the others of its project come."""
    ids = some_tickets(jira, 5)
    for n in range(30):
        jira.comment(ids[2], "ann", f"comment {n}")
    if not jira.cloud:  # which gives comments with the issue; its remote links are asked for apart
        jira.remote_link(ids[2], "https://example.invalid/1", "a page", logged=True)
    answer = jira._serve

    def serve(method: str, target: str, headers: dict[str, str], raw: bytes) -> Any:
        if ("/comment" in target or "/remotelink" in target) and int(ids[2]) in jira.issues:
            jira.delete(ids[2])
        return answer(method, target, headers, raw)

    monkeypatch.setattr(jira, "_serve", serve)
    desk = Desk(jira)
    desk.read()
    desk.check()
    assert len(desk.held) == 4
    assert not desk.notes


def test_odd_characters(cloud: JiraStandIn, tmp_path: Path) -> None:
    odd = ["a\x00b", "half \ud83d of a pair", "שלום \u202e right to left", "x" * 32_767, "line\u2028end \U0001f600"]
    for text in odd:
        ident = cloud.create("SUP", summary=text, description=text)
        cloud.comment(ident, "ann", text)
        cloud.tick(60)
        cloud.edit(ident, summary=f"{text}!")
    desk = WarehouseDesk(cloud, tmp_path)
    desk.read()
    desk.check()
    assert not desk.rows("select 1 from core.tickets where contains(summary, chr(0))")


def test_parent_and_links_from_both_ends(jira: JiraStandIn, tmp_path: Path) -> None:
    one, other = jira.create("SUP"), jira.create("SUP")
    child = jira.create("SUP", parent=one, issuetype="Sub-task", customfield_10014="SUP-1")
    jira.link(one, other, "Blocks")
    jira.remote_link(one, "https://example.invalid/1", "a page", logged=True)
    desk = WarehouseDesk(jira, tmp_path)
    desk.read()
    desk.check()
    ends = desk.rows("select issue_id, direction, target_id from core.links where kind = 'Blocks' order by 1")
    assert ends == [(int(one), "outward", int(other)), (int(other), "inward", int(one))]
    assert desk.rows(f"select parent_id from core.tickets where issue_id = {child}") == [(int(one),)]
    assert desk.rows("select count(*) from core.links where kind = 'remote'") == [(1,)]
