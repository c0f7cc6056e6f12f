"""What goes wrong in asking Jira and in paging. Every fault is met by the real source and nothing is lost.

A fault's test bears its name in `jira_standin.FAULTS`; others are in test_jira_faults_answers.py and
test_jira_faults_rows.py.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

import pytest
import test_jira_faults_answers
import test_jira_faults_rows
from jira_reading import Desk, some_tickets
from jira_standin import FAULTS, JiraStandIn, Kind

from analysis.errors import SourceError
from pipelines.jira.details import check_asked_fields
from pipelines.jira.retries import RefusedError

CANNOT_OCCUR = {
    "comment_posted_twice": "the program writes nothing to Jira",
    "own_writes_bump_updated": "the program writes nothing to Jira",
    "labels_overwritten": "the program writes nothing to Jira",
}


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraStandIn]:
    kind: Kind = request.param
    with JiraStandIn(kind) as standin:
        yield standin


@pytest.fixture
def cloud() -> Iterator[JiraStandIn]:
    with JiraStandIn("cloud") as standin:
        yield standin


@pytest.fixture
def datacenter() -> Iterator[JiraStandIn]:
    with JiraStandIn("datacenter") as standin:
        yield standin


def test_every_fault_has_a_test_or_a_reason() -> None:
    here = {*globals(), *vars(test_jira_faults_answers), *vars(test_jira_faults_rows)}
    tested = {name for name in FAULTS if f"test_{name}" in here}
    assert len(FAULTS) == len(set(FAULTS)) == 45
    assert tested | set(CANNOT_OCCUR) == set(FAULTS)
    assert not tested & set(CANNOT_OCCUR)


def test_the_program_only_asks(jira: JiraStandIn) -> None:
    """Why faults of writing cannot occur: all that is sent are questions."""
    some_tickets(jira)
    Desk(jira).read()
    questions = {"search/jql", "search", "issue/bulkfetch", "changelog/bulkfetch"}
    assert {one.route for one in jira.requests if one.method != "GET"} <= questions
    assert {one.method for one in jira.requests} == {"GET", "POST"}


def test_expired_token_answers_as_nobody(jira: JiraStandIn) -> None:
    ids = some_tickets(jira)
    desk = Desk(jira)
    desk.read()
    jira.tick(600)
    jira.edit(ids[0], status="Done")
    before, cursors = dict(desk.held), dict(desk.cursors)
    for n_answers in range(4):
        jira.faults.token_expires_after = n_answers
        with pytest.raises(SourceError, match="token may have expired"):
            desk.read()
        assert (desk.held, desk.cursors) == (before, cursors)
    jira.faults.token_expires_after = None
    desk.read()
    desk.check()


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
def test_account_zone_shifts_queries(jira: JiraStandIn, zone: str) -> None:
    jira.account_zone = zone
    ids = some_tickets(jira)
    desk = Desk(jira)
    desk.read()
    for minutes in (1, 61, 600):
        jira.tick(minutes * 60)
        jira.edit(ids[minutes % 30], status=f"After {minutes}")
        desk.read()
        desk.check()


@pytest.mark.parametrize("night", [datetime(2026, 11, 1, 4, 30), datetime(2026, 3, 8, 6, 30)])
def test_clocks_change_between_runs(jira: JiraStandIn, night: datetime) -> None:
    jira.now, jira.account_zone = night, "America/New_York"
    ids = some_tickets(jira)
    desk = Desk(jira)
    desk.read()
    for n in range(5):
        jira.tick(1800)
        jira.edit(ids[n], status=f"Status {n}")
        if n == 3:
            jira.account_zone = "Asia/Tokyo"  # the profile was edited
        desk.read()
        desk.check()


def test_updates_within_one_minute(jira: JiraStandIn) -> None:
    ids = some_tickets(jira)
    desk = Desk(jira)
    for second in range(4):
        jira.tick(7)
        jira.edit(ids[second], status="Done")
        jira.comment(ids[4], "ann", f"comment {second}")
        desk.read()
        desk.check()


def test_index_lags_behind(jira: JiraStandIn) -> None:
    ids = some_tickets(jira)
    desk = Desk(jira)
    desk.read()
    jira.tick(600)
    jira.edit(ids[0], status="Done")
    jira.faults.index_lag = 7200.0
    jira.faults.never_indexed = {ids[1]}
    jira.edit(ids[1], status="Done")
    desk.read()
    jira.tick(5 * 3600)
    jira.edit(ids[2], status="Done")  # a high-water mark would now be past the two
    jira.faults.index_lag = 0.0
    desk.read()
    jira.tick(5 * 3600)
    jira.faults.never_indexed = set()
    desk.read()
    desk.check()


def test_hot_ticket_beyond_an_upper_bound(jira: JiraStandIn) -> None:
    ids = some_tickets(jira)
    desk = Desk(jira)
    for n in range(6):
        jira.tick(16 * 60)
        jira.edit(ids[0], summary=f"touched {n}")
        desk.read()
        desk.check()
    searches = [json.dumps(one.body) for one in jira.requests if one.route.startswith("search")]
    assert searches
    if jira.cloud:
        assert not any("updated <" in text for text in searches)


def test_touched_while_paging(jira: JiraStandIn) -> None:
    ids = some_tickets(jira, 120)
    jira.faults.page_cap = jira.faults.dc_page_cap = 10
    desk = Desk(jira)
    n_touched = 0

    def touch() -> None:
        nonlocal n_touched
        jira.tick(61)
        n_touched += 1
        jira.edit(ids[n_touched % 7], summary=f"touched {n_touched}")

    jira.faults.touch_while_paging = touch
    for _ in range(2):
        desk.read()
        assert set(desk.held) == {int(i) for i in ids}
    jira.faults.touch_while_paging = None
    desk.read()
    desk.check()


def test_edited_between_the_ids_and_the_issues(cloud: JiraStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit that falls between two calls must not leave an issue that looks new but lacks the history of it."""
    ids = some_tickets(cloud)
    answer, before = cloud._serve, cloud.now

    def serve(method: str, target: str, headers: dict[str, str], raw: bytes) -> Any:
        given = answer(method, target, headers, raw)
        if target.endswith("bulkfetch") and cloud.now == before:  # whichever comes first, the other sees the edit
            cloud.tick(5)
            cloud.edit(ids[3], summary=f"edited at {cloud.now}")
        return given

    monkeypatch.setattr(cloud, "_serve", serve)
    desk = Desk(cloud)
    desk.read()
    monkeypatch.undo()
    desk.read()
    desk.check()


def test_bulk_edit_larger_than_a_page(jira: JiraStandIn) -> None:
    some_tickets(jira, 40)
    desk = Desk(jira)
    desk.read()
    jira.tick(86_400)
    some_tickets(jira, 270, span=timedelta(0))
    some_tickets(jira, 20, span=timedelta(minutes=3))
    jira.clear_log()
    assert desk.read() == 290
    desk.check()
    assert len(jira.requests) < 40


def test_token_repeats(cloud: JiraStandIn) -> None:
    some_tickets(cloud)
    cloud.faults.short_pages, cloud.faults.repeat_token = 5, True
    desk = Desk(cloud)
    with pytest.raises(SourceError, match="again and again"):
        desk.read()
    assert not desk.held


@pytest.mark.parametrize("n_pages", [0, 1, 3, 8])
def test_token_dies_while_paging(cloud: JiraStandIn, n_pages: int) -> None:
    some_tickets(cloud)
    cloud.faults.short_pages, cloud.faults.changelog_page_size = 7, 9
    cloud.faults.token_400_after = n_pages
    desk = Desk(cloud)
    desk.read()
    desk.check()
    assert not desk.notes


@pytest.mark.parametrize("is_last", ["true", "false", "absent", None])
def test_empty_or_short_pages(cloud: JiraStandIn, is_last: Literal["true", "false", "absent"] | None) -> None:
    some_tickets(cloud)
    cloud.faults.empty_page_with_token, cloud.faults.short_pages = 3, 4
    cloud.faults.is_last_lies, cloud.faults.last_token_null = is_last, True
    desk = Desk(cloud)
    desk.read()
    desk.check()


def test_empty_page_against_its_own_count(datacenter: JiraStandIn) -> None:
    some_tickets(datacenter)
    datacenter.faults.empty_page_with_token = 1
    desk = Desk(datacenter)
    with pytest.raises(SourceError, match="counts 30 issues but gives none"):
        desk.read()
    assert not desk.cursors


def test_page_smaller_than_asked(jira: JiraStandIn) -> None:
    some_tickets(jira, 100)
    jira.faults.page_cap = jira.faults.dc_page_cap = 13
    jira.faults.short_pages = 11
    desk = Desk(jira)
    assert desk.read() == 100
    desk.check()


def test_fields_left_out(jira: JiraStandIn) -> None:
    some_tickets(jira)
    Desk(jira).read()
    asked = [one.body for one in jira.requests if one.route in ("search", "issue/bulkfetch")]
    assert asked
    assert all(body["fields"] in (["*all"], ["id"]) for body in asked)
    with pytest.raises(SourceError, match="left out fields"):
        check_asked_fields({"id": "1", "key": "SUP-1"}, "issue 1")


def test_route_removed(cloud: JiraStandIn) -> None:
    some_tickets(cloud)
    Desk(cloud).read()
    assert not cloud.counts["POST search"] + cloud.counts["GET search"]
    cloud.clear_log()
    cloud.faults.gone_410.add("search/jql")
    with pytest.raises(RefusedError, match="removed this route"):
        Desk(cloud).read()
    assert cloud.counts["POST search/jql"] == 1


def test_query_refused(jira: JiraStandIn) -> None:
    some_tickets(jira)
    desk = Desk(jira, ("NOPE",))
    with pytest.raises(RefusedError, match="does the project exist"):
        desk.read()
    assert not desk.cursors
    assert jira.counts["POST search"] + jira.counts["POST search/jql"] == 1


def test_one_project_refused(jira: JiraStandIn) -> None:
    ids = some_tickets(jira, 10, "SUP")
    some_tickets(jira, 10, "ENG")
    desk = Desk(jira, ("ENG", "SUP"))
    desk.read()
    cursor = desk.cursors["ENG"]
    jira.tick(3600)
    jira.edit(ids[0], status="Done")
    jira.create("ENG")
    jira.faults.forbid_project("ENG")
    desk.read()
    assert desk.cursors["ENG"] == cursor < desk.cursors["SUP"]
    assert ["ENG" in note for note in desk.notes] == [True]
    jira.faults.forbidden_projects.clear()
    jira.tick(86_400)
    desk.read()
    desk.check()


def test_offset_window(datacenter: JiraStandIn) -> None:
    datacenter.faults.window, datacenter.faults.dc_page_cap = 60, 25
    some_tickets(datacenter, 130)
    some_tickets(datacenter, 130, span=timedelta(0))
    desk = Desk(datacenter)
    desk.read()
    desk.check()
    datacenter.faults.window_10000_behaviour = "empty"
    other = Desk(datacenter)
    other.read()
    other.check()
    assert {one.body["startAt"] for one in datacenter.requests if one.route == "search"} == {0}


def test_no_changelog_route_on_data_center(datacenter: JiraStandIn) -> None:
    datacenter.add_project("SUP")
    datacenter.bulk_create("SUP", 10, n_histories=120, heavy_share=0)
    desk = Desk(datacenter)
    desk.read()
    desk.check()
    assert not datacenter.counts["GET issue/changelog"]
