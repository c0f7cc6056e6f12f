"""A first look at new escalations: what is said, once, and only where the desk wants it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from jira_standin import JiraStandIn
from pushback_desk import PushDesk

from analysis.errors import DeliveryError, InputError, SettingsError
from analysis.markers import OPENING
from analysis.warehouse import Warehouse
from pipelines.triage import Triage, triage, triage_lines

NOW = datetime(2026, 9, 1, 12)  # the stand-in's clock
MORNING = datetime(2026, 9, 1, 9)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[PushDesk]:
    with JiraStandIn("cloud") as jira:
        desk = PushDesk(jira, tmp_path).set_up()
        solved = desk.escalated("solved", summary="portal key refused", at=NOW - timedelta(days=30))
        ident = desk.tickets["solved"]
        jira.comment(ident, "int-1", "Renewed the portal key with the dealer.", at=NOW - timedelta(days=29))
        jira.edit(ident, at=NOW - timedelta(days=29), author="int-1", status="Resolved", resolution="Done")
        assert solved == "SUP-1"
        desk.escalated("new", at=MORNING)
        desk.escalated("newer", summary="something else is broken", at=MORNING + timedelta(hours=1))
        desk.escalated("old", at=NOW - timedelta(hours=80))
        done = desk.escalated("done", at=MORNING)
        jira.edit(
            desk.tickets["done"], at=MORNING + timedelta(hours=2), author="int-1", status="Resolved", resolution="Done"
        )
        assert done == "SUP-5"
        jira.create("SUP", at=MORNING, customfield_1={"value": "1"}, summary="with OPS still")
        desk.run()
        jira.clear_log()
        yield desk


def looked(desk: PushDesk, post: bool = False, hours: float = 72) -> Triage:
    return triage(desk.settings(triage_comments=True), lambda _: None, post, hours=hours)


def keys(found: Triage) -> list[str]:
    return [look.ticket_key for look in found.looks]


def ours(desk: PushDesk, name: str) -> list[str]:
    return [one for one in desk.comments(name) if one.startswith(OPENING)]


def test_it_says_what_is_known(desk: PushDesk) -> None:
    found = looked(desk)
    assert keys(found) == ["SUP-2", "SUP-3"]
    text = found.looks[0].markdown
    assert text.splitlines()[0] == "# A first look at SUP-2"
    assert "- Provider: not tagged" in text
    assert "- By the written criteria OPS may be able to handle it: A runbook for OPS that fits" in text
    assert "- Runbook: RB-KEY, version 1: Renew the portal key" in text
    assert f"- [SUP-1]({desk.jira.url}/browse/SUP-1), resolved 3 Aug 2026 by Tier 2" in text
    assert "closed with: Renewed the portal key with the dealer." in text
    other = found.looks[1].markdown
    assert "- No runbook for OPS is known to fit." in other
    assert "rightly escalated" in other
    assert list(triage_lines(found)) == [text, other]
    assert desk.jira.requests == []


def test_hours_say_how_far_back(desk: PushDesk) -> None:
    assert keys(looked(desk, hours=100)) == ["SUP-4", "SUP-2", "SUP-3"]
    assert keys(looked(desk, hours=2.5)) == ["SUP-3"]
    assert keys(looked(desk, hours=1)) == []


def test_the_desk_must_want_it(desk: PushDesk) -> None:
    with pytest.raises(SettingsError, match="triage_comments is off; set it to true"):
        triage(desk.settings(), lambda _: None, post=True)
    assert desk.jira.requests == []


def test_each_is_commented_on_once(desk: PushDesk) -> None:
    found = looked(desk, post=True)
    assert (found.n_written, [look.why_not for look in found.looks]) == (2, [None, None])
    assert [len(ours(desk, name)) for name in ("new", "newer", "old", "done", "solved")] == [1, 1, 0, 0, 0]
    assert ours(desk, "new")[0].rstrip().endswith(f"escalations-triage-{desk.tickets['new']}-1")
    assert desk.labels("new") == ["urgent", "from-mail"]
    assert {one.method for one in desk.jira.writes} == {"POST"}
    desk.jira.clear_log()
    assert looked(desk, post=True).looks == []
    assert looked(desk).looks == []
    desk.jira.tick(600)
    desk.run()
    assert looked(desk, post=True).looks == []
    assert desk.jira.writes == []


def test_it_counts_as_nobodys_action_and_does_not_stop_a_push_back(desk: PushDesk) -> None:
    from pipelines.pushback import show

    looked(desk, post=True)
    found = show(desk.settings(), desk.criteria(), "SUP-2", None, lambda _: None)
    assert (found.why_not, len(found.requests)) == (None, 2)
    desk.jira.tick(600)
    desk.run()
    assert desk.rows(f"select * from core.first_actions where issue_id = {desk.tickets['new']}") == []
    assert desk.rows("select * from core.pushbacks") == []


def test_one_that_changed_is_left_alone_until_it_is_judged_again(desk: PushDesk) -> None:
    desk.jira.tick(60)
    desk.jira.comment(desk.tickets["new"], "int-1", "I am at it.")
    found = looked(desk, post=True)
    assert [bool(look.written) for look in found.looks] == [False, True]
    assert "changed in Jira since it was judged" in str(found.looks[0].why_not)
    assert any("nothing was written" in line for line in triage_lines(found))
    desk.run()
    assert keys(looked(desk, post=True)) == ["SUP-2"]
    assert [len(ours(desk, name)) for name in ("new", "newer")] == [1, 1]


def test_one_that_fails_does_not_stop_the_others(desk: PushDesk) -> None:
    desk.jira.faults.fail_next("POST issue/comment", 413)
    with pytest.raises(DeliveryError, match="1 of 2 comments could not be written; the first: SUP-2"):
        looked(desk, post=True)
    assert [len(ours(desk, name)) for name in ("new", "newer")] == [0, 1]
    looked(desk, post=True)
    assert [len(ours(desk, name)) for name in ("new", "newer")] == [1, 1]


def test_without_permission_it_says_which(desk: PushDesk) -> None:
    desk.jira.faults.lacks.add("ADD_COMMENTS")
    with pytest.raises(DeliveryError, match="ask for Add Comments in project SUP"):
        looked(desk, post=True)
    assert desk.jira.writes == []


def test_a_source_that_is_a_file(desk: PushDesk) -> None:
    settings = desk.settings(triage_comments=True, source="export.json")
    with pytest.raises(InputError, match="the source is a file"):
        triage(settings, lambda _: None, post=True)
    assert keys(triage(settings, lambda _: None)) == ["SUP-2", "SUP-3"]


def test_it_needs_a_report(tmp_path: Path) -> None:
    with JiraStandIn("cloud") as jira:
        desk = PushDesk(jira, tmp_path).set_up()
        with Warehouse.open(tmp_path / "warehouse.duckdb"):
            pass
        with pytest.raises(InputError, match="nothing was reported yet"):
            looked(desk)
