"""`escalations pushback` on a desk that reads the stand-in Jira: what is shown, written, refused, and counted after."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from jira_standin import JiraStandIn, Kind
from pushback_desk import LABELS, TUESDAY, PushDesk

from analysis.errors import InputError, SettingsError, WarehouseError
from analysis.markers import OPENING
from analysis.warehouse import Warehouse
from pipelines.pushback import PushBack, post, push_back_lines, show


@pytest.fixture(scope="module", params=["cloud", "datacenter"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushDesk]:
    kind: Kind = request.param
    with JiraStandIn(kind) as jira:
        desk = PushDesk(jira, tmp_path_factory.mktemp("desk")).set_up()
        for name in ("shown", "posted", "contested", "changed", "without permission", "named", "told before"):
            desk.escalated(name)
        desk.escalated("nothing", summary="no idea")
        desk.escalated("late", at=TUESDAY - timedelta(weeks=3))
        desk.escalated("hostile", summary="portal key [~lead-1] {code} @bob <b> PENG-7 http://evil.example")
        jira.edit(
            desk.tickets["contested"], at=TUESDAY + timedelta(hours=2), author="ops-1", labels=["verdict-contested"]
        )
        desk.run()
        yield desk


@pytest.fixture(autouse=True)
def quiet(desk: PushDesk) -> Iterator[None]:
    desk.jira.clear_log()
    yield
    desk.jira.faults.on_request = None
    desk.jira.faults.lacks.clear()


def shown(desk: PushDesk, name: str, **more: object) -> PushBack:
    return show(desk.settings(**more), desk.criteria(), desk.key(name), None, lambda _: None)


def pushed(desk: PushDesk, name: str, **more: object) -> PushBack:
    return post(desk.settings(**more), desk.criteria(), desk.key(name), None, lambda _: None, "run")


# -- without --post ----------------------------------------------------------------------------------------


def test_without_post_nothing_is_written_and_everything_is_shown(desk: PushDesk) -> None:
    found = shown(desk, "shown")
    assert desk.jira.writes == []
    ident, api = desk.tickets["shown"], "3" if desk.jira.cloud else "2"
    assert [(one.method, one.path) for one in found.requests] == [
        ("POST", f"/rest/api/{api}/issue/{ident}/comment"),
        ("PUT", f"/rest/api/{api}/issue/{ident}"),
    ]
    lines = "\n".join(push_back_lines(found, None))
    assert lines.startswith(f"# {desk.key('shown')}: could OPS have handled this?")
    assert "With --post this would be written to Jira, once, and nothing else:" in lines
    for request in found.requests:
        assert json.loads(request.text().partition("\n")[2]) == request.body
        assert request.text() in lines
    assert desk.rows(f"select * from state.outbox where message_key like '% {ident}/%'") == []


def test_what_is_written_is_what_was_shown(desk: PushDesk) -> None:
    before = shown(desk, "posted")
    desk.jira.clear_log()
    written = pushed(desk, "posted").written
    assert [(one.method, one.path, one.body) for one in desk.jira.writes] == [
        (one.method, one.path, one.body) for one in before.requests
    ]
    assert written
    assert written.made == ("comment", "label")
    (said,) = desk.comments("posted")
    assert said.startswith(OPENING)
    assert "Open the portal and renew the key." in said
    assert desk.labels("posted") == [*LABELS, "pushed-back"]
    desk.jira.clear_log()
    again = pushed(desk, "posted")
    assert list(push_back_lines(again, None)) == [
        f"{desk.key('posted')}: was pushed back before (comment {written.comment_id}); nothing was written"
    ]
    assert shown(desk, "posted").why_not
    assert desk.jira.writes == []


def test_hostile_text_is_dead_in_the_comment(desk: PushDesk) -> None:
    (comment, _) = shown(desk, "hostile").requests
    body = comment.body["body"]
    if desk.jira.cloud:
        assert set(targets(body)) == {f"{desk.jira.url}/browse/{desk.key('hostile')}"}
        assert not {"mention", "inlineCard", "extension", "emoji"} & kinds(body)
    else:
        for alive in ("[~lead-1]", "{code}", "@bob", "PENG-7", "http://evil"):
            assert alive not in body
        assert "PENG&#45;7" in body


def kinds(node: dict[str, object]) -> set[str]:
    children = node.get("content") or []
    assert isinstance(children, list)
    return {str(node["type"])}.union(*(kinds(child) for child in children))


def targets(node: dict[str, object]) -> list[str]:
    """Where its links lead."""
    children, marks = node.get("content") or [], node.get("marks") or []
    assert isinstance(children, list)
    assert isinstance(marks, list)
    return [one["attrs"]["href"] for one in marks if "attrs" in one] + [
        to for child in children for to in targets(child)
    ]


# -- refusals ----------------------------------------------------------------------------------------------

REFUSED = {
    "nothing": "its verdict is justified, so there is nothing to push back",
    "contested": "its verdict is contested already and waits for a ruling",
    "late": "OPS could reply until 2026-08-14; what it cannot answer is not pushed back",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, desk: PushDesk) -> None:
    why = f"{desk.key(name)}: {REFUSED[name]}"
    with pytest.raises(InputError) as refusal:
        pushed(desk, name)
    assert str(refusal.value) == why
    assert desk.jira.requests == []  # Jira is not even asked
    found = shown(desk, name)
    assert found.why_not == why
    assert list(push_back_lines(found, None))[1] == f"With --post nothing would be written: {why}"


def test_a_ticket_that_changed_since_is_refused_until_it_is_judged_again(desk: PushDesk) -> None:
    desk.jira.tick(60)
    desk.jira.comment(desk.tickets["changed"], "ann", "It works again.")
    assert "changed in Jira since it was judged" in str(shown(desk, "changed").why_not)
    with pytest.raises(InputError, match="changed in Jira since it was judged; run `escalations run`"):
        pushed(desk, "changed")
    assert desk.jira.writes == []
    desk.run()
    assert pushed(desk, "changed").written


def test_a_missing_permission_is_named(desk: PushDesk) -> None:
    desk.jira.faults.lacks.add("ADD_COMMENTS")
    assert "ask for Add Comments in project SUP" in str(shown(desk, "without permission").why_not)
    assert desk.jira.writes == []


def test_a_source_that_is_a_file(desk: PushDesk) -> None:
    with pytest.raises(InputError, match="the source is a file, in which nothing can be written"):
        pushed(desk, "shown", source="export.json")
    found = shown(desk, "shown", source="export.json")
    assert str(found.why_not).startswith("the source is a file")
    assert found.markdown
    assert desk.jira.requests == []


def test_no_jira_is_set(desk: PushDesk) -> None:
    with pytest.raises(SettingsError, match="ESCALATIONS_JIRA_URL"):
        pushed(desk, "shown", jira_url=None)


def test_another_jira_than_the_one_read(desk: PushDesk) -> None:
    with JiraStandIn("cloud") as other, pytest.raises(WarehouseError, match="holds the tickets of"):
        pushed(desk, "shown", jira_url=other.url)


def test_jira_that_cannot_be_reached_leaves_the_pack(desk: PushDesk) -> None:
    desk.jira.faults.fail_next("serverInfo", 403)
    found = shown(desk, "shown")
    assert "the account may not do this" in str(found.why_not)
    assert found.markdown.startswith("# SUP-")


# -- afterwards --------------------------------------------------------------------------------------------


def test_it_is_counted_as_pushed_back_and_as_nobodys_action(desk: PushDesk) -> None:
    pushed(desk, "named")
    desk.jira.tick(3600)
    desk.run()
    ident = desk.tickets["named"]
    ((at, told_by, hours),) = desk.rows(
        f"select pushed_back_at, told_by, hours from mart.pushbacks where issue_id = {ident}"
    )
    assert (told_by, round(hours)) == ("comment", round((at - TUESDAY) / timedelta(hours=1)))
    assert desk.rows(f"select acted_at from core.first_actions where issue_id = {ident}") == []
    assert desk.rows(f"select count(*) from core.comments where issue_id = {ident}") == [(0,)]
    assert desk.rows(f"select own_kind from mart.comments where issue_id = {ident}") == [("pushback",)]
    found = shown(desk, "named")
    assert f"- Pushed back on {at.day} {at:%b %Y, %H:%M}." in found.markdown
    assert found.why_not == "all of it is there already"
    query = f"""
        select in_numerator from mart.measure_tickets
        where measure = 'pushed_back' and variant = 'pushed_back_week' and statistic = 'share' and group_key = 'all' and issue_id = {ident}
    """
    assert desk.rows(query) == [(True,)]


def test_what_the_outbox_does_not_know_the_ticket_tells(desk: PushDesk) -> None:
    pushed(desk, "told before")
    with Warehouse.open(desk.home / "warehouse.duckdb") as warehouse:
        warehouse.execute(f"delete from state.outbox where message_key = 'pushback {desk.tickets['told before']}/1'")
    desk.jira.clear_log()
    written = pushed(desk, "told before").written
    assert written
    assert written.made == ()
    assert desk.jira.writes == []


def test_the_pack_needs_a_report(tmp_path: Path) -> None:
    with JiraStandIn("cloud") as jira:
        desk = PushDesk(jira, tmp_path).set_up()
        desk.escalated("one")
        with Warehouse.open(tmp_path / "warehouse.duckdb"):
            pass
        with pytest.raises(InputError, match="nothing was reported yet; run `escalations report` first"):
            show(desk.settings(), desk.criteria(), "SUP-1", None, lambda _: None)
