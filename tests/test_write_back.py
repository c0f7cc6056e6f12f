"""One comment and one label, exactly once: against the stand-in, whatever breaks, and whoever edits meanwhile."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from jira_reading import Clock, connect
from jira_standin import JiraStandIn, Kind
from stories import empty_warehouse, open_warehouse

from analysis.errors import DeliveryError, InputError, SourceError
from analysis.markers import KINDS, OPENING, Marker, marker_of
from pipelines.normalise.values import body_text
from pipelines.outbox import DoubtfulError
from pipelines.write_back import OwnComment, Written
from pipelines.write_back.writing import WriteBack
from reports.jira_text import document, wiki

LABEL = "pushed-back"
THEIRS = ["urgent", "from-mail"]
OUTBOX = "select status from state.outbox order by event_id"


@pytest.fixture(params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraStandIn]:
    kind: Kind = request.param
    with JiraStandIn(kind) as standin:
        standin.add_project("SUP")
        yield standin


@pytest.fixture
def ticket(jira: JiraStandIn) -> str:
    """A ticket that was judged as it is."""
    ident = jira.create("SUP", labels=THEIRS)
    jira.comment(ident, "ann", "hello")
    jira.tick(3600)
    return ident


def own(jira: JiraStandIn, ticket: str, kind: str = "pushback", number: int = 1, **more: Any) -> OwnComment:
    issue = jira.snapshot()[ticket]
    judged = {"judged_at": issue["fields"]["updated"], "markdowns": ["Please *look*."], "address": jira.url}
    told: dict[str, Any] = {"label": LABEL if kind == "pushback" else None, **judged, **more}
    return OwnComment(Marker(kind, int(ticket), number), issue["key"], **told)


def write(jira: JiraStandIn, what: OwnComment, folder: Path, clock: Clock | None = None) -> Written:
    connection = connect(jira, clock)
    try:
        with open_warehouse(folder / "w.duckdb") as warehouse:
            return WriteBack.of(connection).write(what, warehouse, "run")
    finally:
        connection.close()


def outbox(folder: Path) -> list[str]:
    with open_warehouse(folder / "w.duckdb") as warehouse:
        return [status for (status,) in warehouse.rows(OUTBOX)]


def ours(jira: JiraStandIn, ticket: str) -> list[str]:
    return [one["body"] for one in jira.snapshot()[ticket]["comments"] if OPENING in one["body"]]


def labels(jira: JiraStandIn, ticket: str) -> list[str]:
    return list(jira.snapshot()[ticket]["fields"]["labels"])


def is_done(jira: JiraStandIn, ticket: str) -> bool:
    return len(ours(jira, ticket)) == 1 and labels(jira, ticket) == [*THEIRS, LABEL]


def test_one_comment_and_one_label(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    written = write(jira, own(jira, ticket), tmp_path)
    assert is_done(jira, ticket)
    assert written.made == ("comment", "label")
    (comment,) = [one for one in jira.snapshot()[ticket]["comments"] if one["id"] == str(written.comment_id)]
    (said,) = ours(jira, ticket)
    assert said.startswith(OPENING)
    assert said.rstrip().endswith(f"escalations-pushback-{ticket}-1")
    assert comment["author"] == jira.account
    api = "/rest/api/3" if jira.cloud else "/rest/api/2"
    assert [(one.method, one.path, one.status) for one in jira.writes] == [
        ("POST", f"{api}/issue/{ticket}/comment", 201),
        ("PUT", f"{api}/issue/{ticket}", 204),
    ]
    assert jira.writes[0].body["properties"] == [{"key": "sd.public.comment", "value": {"internal": True}}]
    assert jira.writes[1].body == {"update": {"labels": [{"add": LABEL}]}}
    assert outbox(tmp_path) == ["intended", "sent"]


def test_again_writes_nothing(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    what = own(jira, ticket)
    first = write(jira, what, tmp_path)
    jira.clear_log()
    assert write(jira, what, tmp_path) == Written(first.comment_id)
    (tmp_path / "w.duckdb").unlink()  # nobody remembers; the ticket tells
    assert write(jira, what, tmp_path) == Written(first.comment_id)
    assert jira.writes == []
    assert is_done(jira, ticket)


def test_a_comment_beyond_the_first_page_is_found(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    for n in range(250):
        jira.comment(ticket, "bob", f"comment {n}")
    what = own(jira, ticket)
    write(jira, what, tmp_path)
    for n in range(20):
        jira.comment(ticket, "bob", f"later {n}")
    (tmp_path / "w.duckdb").unlink()
    jira.clear_log()
    assert write(jira, what, tmp_path).made == ()
    assert jira.writes == []


def test_somebody_elses_copy_is_not_ours(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    marker = Marker("pushback", int(ticket), 1)
    jira.comment(ticket, "mallory", f"{OPENING}\n\nNothing to see.\n\n{marker.line}")
    assert write(jira, own(jira, ticket), tmp_path).made == ("comment", "label")


# -- what breaks -------------------------------------------------------------------------------------------

COMMENT, PUT = "POST issue/comment", "PUT issue"
BREAKS: dict[str, Callable[[JiraStandIn], object]] = {
    "comment: dropped before": lambda jira: jira.faults.drop_next(COMMENT),
    "comment: dropped after": lambda jira: jira.faults.drop_after_next(COMMENT),
    "comment: dropped before, twice": lambda jira: jira.faults.drop_next(COMMENT, 2),
    "comment: written when nobody waits any more": lambda jira: jira.faults.late_next(COMMENT, 4),
    "comment: answer cut short": lambda jira: jira.faults.truncate_next(COMMENT),
    "comment: a page instead of an answer": lambda jira: jira.faults.html_next(COMMENT),
    "comment: 500": lambda jira: jira.faults.fail_next(COMMENT, 500),
    "comment: 504": lambda jira: jira.faults.fail_next(COMMENT, 504),
    "comment: 503 with a time": lambda jira: jira.faults.fail_next(COMMENT, 503, retry_after="7"),
    "comment: limited": lambda jira: jira.faults.fail_next(COMMENT, 429, times=12, retry_after="9"),
    "label: dropped before": lambda jira: jira.faults.drop_next(PUT),
    "label: dropped after": lambda jira: jira.faults.drop_after_next(PUT),
    "label: limited": lambda jira: jira.faults.fail_next(PUT, 429, times=12, retry_after="9"),
    "label: two edits at once": lambda jira: jira.faults.fail_next(PUT, 409),
    "label: 500": lambda jira: jira.faults.fail_next(PUT, 500, times=2),
    "looking: dropped": lambda jira: jira.faults.drop_next("GET issue/comment"),
    "looking after a drop: dropped": lambda jira: drop_that_and_the_next_look(jira),
}


def drop_that_and_the_next_look(jira: JiraStandIn) -> None:
    def act(when: str, what: str) -> None:
        if (when, what) == ("before", COMMENT):
            jira.faults.drop_next("GET issue/comment")

    jira.faults.drop_after_next(COMMENT)
    jira.faults.on_request = act


@pytest.mark.parametrize("name", BREAKS)
def test_exactly_once_across(name: str, jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    what = own(jira, ticket)
    BREAKS[name](jira)
    write(jira, what, tmp_path)
    assert is_done(jira, ticket)
    jira.clear_log()
    write(jira, what, tmp_path)
    assert jira.writes == []
    assert jira.faults.strikes == []


def test_a_limit_is_obeyed(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    clock = Clock()
    jira.faults.fail_next(COMMENT, 429, retry_after="90")
    write(jira, own(jira, ticket), tmp_path, clock)
    assert 90 <= sum(clock.slept) < 100


def test_a_wait_that_is_too_long_ends_it_before_anything_is_written(
    jira: JiraStandIn, ticket: str, tmp_path: Path
) -> None:
    jira.faults.fail_next(COMMENT, 429, retry_after="5000")
    with pytest.raises(SourceError, match=r"wait 8[3-8] minutes"):
        write(jira, own(jira, ticket), tmp_path)
    assert ours(jira, ticket) == []
    write(jira, own(jira, ticket), tmp_path)
    assert is_done(jira, ticket)


@pytest.mark.parametrize("route", [COMMENT, PUT])
def test_broken_off_each_time_it_says_so_and_goes_on_later(
    route: str, jira: JiraStandIn, ticket: str, tmp_path: Path
) -> None:
    what = own(jira, ticket)
    jira.faults.drop_next(route, 100)
    with pytest.raises(DoubtfulError, match=r"SUP-1: .*run it again"):
        write(jira, what, tmp_path)
    assert outbox(tmp_path) == ["intended", "doubtful"]
    assert labels(jira, ticket) == THEIRS
    jira.faults.strikes.clear()
    write(jira, what, tmp_path)
    assert is_done(jira, ticket)
    assert outbox(tmp_path) == ["intended", "doubtful", "intended", "sent"]


# -- permissions -------------------------------------------------------------------------------------------

MISSING = {
    "comments": ({"ADD_COMMENTS"}, "ask for Add Comments in project SUP"),
    "labels": ({"EDIT_ISSUES"}, "ask for Edit Issues in project SUP"),
    "both": ({"ADD_COMMENTS", "EDIT_ISSUES"}, "ask for Add Comments and Edit Issues in project SUP"),
}


@pytest.mark.parametrize("name", MISSING)
def test_without_a_permission_nothing_is_written(name: str, jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    lacks, words = MISSING[name]
    jira.faults.lacks |= lacks
    with pytest.raises(DeliveryError, match=words):
        write(jira, own(jira, ticket), tmp_path)
    assert jira.writes == []
    assert outbox(tmp_path) == []


def test_a_label_that_cannot_be_edited_stops_the_comment_too(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    jira.faults.not_on_screen.add("labels")
    with pytest.raises(DeliveryError, match="ask for Labels on its edit screen"):
        write(jira, own(jira, ticket), tmp_path)
    assert jira.writes == []


LOST = {
    "before the comment": ("before", COMMENT, "ADD_COMMENTS", 0, "Add Comments in project SUP; nothing was written"),
    "before the label": ("before", PUT, "EDIT_ISSUES", 1, "Edit Issues in project SUP; the comment is written, the label"),
    "after the comment": ("after", COMMENT, "EDIT_ISSUES", 1, "Edit Issues in project SUP; the comment is written"),
}  # fmt: skip


@pytest.mark.parametrize("name", LOST)
def test_a_permission_lost_on_the_way(name: str, jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    when, route, permission, n_written, words = LOST[name]
    what = own(jira, ticket)

    def lose(at: str, asked: str) -> None:
        if (at, asked) == (when, route):
            jira.faults.lacks.add(permission)

    jira.faults.on_request = lose
    with pytest.raises(DeliveryError, match=words):
        write(jira, what, tmp_path)
    assert (len(ours(jira, ticket)), labels(jira, ticket)) == (n_written, THEIRS)
    assert outbox(tmp_path) == ["intended", "failed"]
    jira.faults.on_request = None
    jira.faults.lacks.clear()
    jira.clear_log()
    write(jira, what, tmp_path)
    assert is_done(jira, ticket)
    assert len(jira.writes) == 2 - n_written


def test_an_expired_token_ends_it(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    jira.faults.token_expires_after = 6  # until just before the comment
    with pytest.raises(SourceError, match="the account is refused"):
        write(jira, own(jira, ticket), tmp_path)
    assert ours(jira, ticket) == []
    jira.faults.token_expires_after = None
    write(jira, own(jira, ticket), tmp_path)
    assert is_done(jira, ticket)


# -- others at work ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("theirs", [["urgent"], ["urgent", "from-mail", "new"], [], [LABEL, "urgent"]])
@pytest.mark.parametrize("when", ["before", "after"])
def test_labels_that_others_edit_meanwhile(
    theirs: list[str], when: str, jira: JiraStandIn, ticket: str, tmp_path: Path
) -> None:
    """Just before and just after our own edit: theirs stand as they left them."""

    def edit(at: str, asked: str) -> None:
        if (at, asked) == (when, PUT):
            jira.edit(ticket, author="ann", labels=theirs)

    jira.faults.on_request = edit
    write(jira, own(jira, ticket), tmp_path)
    found = labels(jira, ticket)
    assert [one for one in found if one != LABEL] == [one for one in theirs if one != LABEL]
    assert (LABEL in found) == (when == "before" or LABEL in theirs)
    assert len(ours(jira, ticket)) == 1


def later(jira: JiraStandIn, act: Callable[[], object]) -> None:
    jira.tick(600)
    act()


CHANGES: dict[str, Callable[[JiraStandIn, str], object]] = {
    "a person's comment": lambda jira, ident: jira.comment(ident, "ann", "I found it"),
    "a comment by the person whose account is ours": lambda jira, ident: jira.comment(ident, jira.account, "Mine."),
    "an edit": lambda jira, ident: jira.edit(ident, author="ann", summary="another"),
    "an edit by nobody": lambda jira, ident: jira.edit(ident, author=None, status="Resolved"),
    "a label of somebody's": lambda jira, ident: jira.edit(ident, author="ann", labels=[*THEIRS, LABEL]),
    "another label by our account": lambda jira, ident: jira.edit(ident, author=jira.account, labels=[*THEIRS, "x"]),
    "a label less by our account": lambda jira, ident: jira.edit(ident, author=jira.account, labels=[LABEL]),
    "work": lambda jira, ident: jira.log_work(ident, "ann", 1),
    "an edited comment": lambda jira, ident: jira.edit_comment(ident, said(jira, ident), "other words"),
    "a deleted comment": lambda jira, ident: jira.delete_comment(ident, said(jira, ident)),
    "a move": lambda jira, ident: jira.move(ident, "ENG", author="ann"),
}


def said(jira: JiraStandIn, ident: str) -> str:
    return str(jira.snapshot()[ident]["comments"][0]["id"])


@pytest.mark.parametrize("name", CHANGES)
def test_a_ticket_that_changed_since_it_was_judged(name: str, jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    jira.add_project("ENG")
    what = own(jira, ticket)
    later(jira, lambda: CHANGES[name](jira, ticket))
    before = labels(jira, ticket)
    with pytest.raises(InputError, match=r"SUP-1: changed in Jira since it was judged; run `escalations run`"):
        write(jira, what, tmp_path)
    assert jira.writes == []
    assert labels(jira, ticket) == before


def test_what_we_wrote_ourselves_is_no_change(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    """A triage comment since, and a push-back of another escalation with its label."""
    what = own(jira, ticket, number=2)
    later(jira, lambda: write(jira, own(jira, ticket, "triage", 2), tmp_path))
    later(jira, lambda: write(jira, own(jira, ticket), tmp_path))
    later(jira, lambda: write(jira, what, tmp_path))
    assert len(ours(jira, ticket)) == 3
    assert labels(jira, ticket) == [*THEIRS, LABEL]


def test_our_comment_that_somebody_edited_is_a_change(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    what = own(jira, ticket)
    triage = write(jira, own(jira, ticket, "triage"), tmp_path)
    body = next(one["body"] for one in jira.snapshot()[ticket]["comments"] if one["id"] == str(triage.comment_id))
    later(jira, lambda: jira.edit_comment(ticket, str(triage.comment_id), body.replace("look", "think")))
    with pytest.raises(InputError, match="changed in Jira"):
        write(jira, what, tmp_path)


def test_a_comment_that_somebody_deleted_with_ours_since_is_a_change(
    jira: JiraStandIn, ticket: str, tmp_path: Path
) -> None:
    what = own(jira, ticket)
    write(jira, own(jira, ticket, "triage"), tmp_path)
    later(jira, lambda: jira.delete_comment(ticket, said(jira, ticket)))
    with pytest.raises(InputError, match="changed in Jira"):
        write(jira, what, tmp_path)


def test_a_label_that_was_taken_off_stays_off(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    what = own(jira, ticket)
    write(jira, what, tmp_path)
    later(jira, lambda: jira.edit(ticket, author="ann", labels=THEIRS))
    (tmp_path / "w.duckdb").unlink()
    assert write(jira, what, tmp_path).made == ()
    assert labels(jira, ticket) == THEIRS
    later(jira, lambda: write(jira, own(jira, ticket, number=2), tmp_path))  # the next escalation is another matter
    assert labels(jira, ticket) == [*THEIRS, LABEL]


def test_a_comment_too_long_is_said_shorter_or_not_at_all(jira: JiraStandIn, ticket: str, tmp_path: Path) -> None:
    long = "word " * 8000
    with pytest.raises(DeliveryError, match="more to say than a comment holds"):
        write(jira, own(jira, ticket, markdowns=[long]), tmp_path)
    assert jira.writes == []
    write(jira, own(jira, ticket, markdowns=[long, "In short."]), tmp_path)
    (body,) = ours(jira, ticket)
    assert "In short." in body


# -- killed between any two writes -------------------------------------------------------------------------

# a process that has imported everything has a child for each write, which takes most of a second less
WRITER = """
import json, os, sys
from datetime import datetime
from pathlib import Path
from analysis.markers import Marker
from analysis.warehouse import Warehouse
from pipelines.jira import Account, Connection, Limiter
from pipelines.write_back import OwnComment
from pipelines.write_back.writing import WriteBack

def write(url, token, email, ticket, judged, file):
    connection = Connection(Account(url, token, email), Limiter(lambda: 0.0, lambda _: None), print)
    at = datetime.fromisoformat(judged)
    what = OwnComment(Marker("pushback", int(ticket), 1), "SUP-1", ["Please look."], at, url, "pushed-back")
    with Warehouse.open(Path(file)) as warehouse:
        WriteBack.of(connection).write(what, warehouse, "run")

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        write(*json.loads(line))
        os._exit(0)
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
ASKED = (
    *("GET serverInfo", "GET myself", "GET issue", "GET issue/comment", "GET mypermissions", "GET issue/editmeta"),
    *(COMMENT, PUT),
)


@dataclass
class Writer:
    """One write at a time, each by a process of its own."""

    process: "subprocess.Popen[str]"

    def begin(self, jira: JiraStandIn, ticket: str, judged: str, folder: Path) -> int:
        """Gives the id of the process that writes."""
        told = [jira.url, jira.token, jira.email if jira.cloud else None, ticket, judged, str(folder / "w.duckdb")]
        assert self.process.stdin and self.process.stdout
        print(json.dumps(told), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())

    def code(self) -> int:
        """How the write that was begun last has ended."""
        assert self.process.stdout
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def writer() -> Iterator[Writer]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WRITER]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Writer(process)


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "lost", "after"])
@pytest.mark.parametrize("number", range(1, len(ASKED) + 1), ids=ASKED)
@pytest.mark.parametrize("kind", ["cloud", "datacenter"])
def test_killed_at_any_request(kind: Kind, number: int, when: str, writer: Writer, tmp_path: Path) -> None:
    """Killed when Jira has the request and goes on with it, when it never comes to it, and when it has done it."""
    with JiraStandIn(kind) as jira:
        jira.add_project("SUP")
        ticket = jira.create("SUP", labels=THEIRS)
        jira.tick(60)
        judged = jira.snapshot()[ticket]["fields"]["updated"].isoformat()
        seen: list[str] = []
        processes: list[int] = []
        is_known = Event()

        def kill(at: str, asked: str) -> None:
            if at == "before":
                seen.append(asked)
            if (at, len(seen)) == ("after" if when == "after" else "before", number):
                assert is_known.wait(60)
                os.kill(processes[0], signal.SIGKILL)
                if when == "lost":
                    jira.faults.drop_next(asked)

        jira.faults.on_request = kill
        empty_warehouse(tmp_path / "w.duckdb")
        processes.append(writer.begin(jira, ticket, judged, tmp_path))
        is_known.set()
        assert writer.code() == -signal.SIGKILL
        assert tuple(seen) == ASKED[:number]
        jira.faults.on_request = None
        jira.tick(60)
        writer.begin(jira, ticket, judged, tmp_path)
        assert writer.code() == 0
        assert is_done(jira, ticket)
        assert outbox(tmp_path)[-1] == "sent"
        jira.clear_log()
        write(jira, own(jira, ticket), tmp_path)
        assert jira.writes == []


# -- the marker --------------------------------------------------------------------------------------------


@given(st.sampled_from(KINDS), st.integers(1, 10**18 - 1), st.integers(1, 999_999))
def test_a_marker_is_known_again_from_what_jira_gives(kind: str, issue_id: int, number: int) -> None:
    marker = Marker(kind, issue_id, number)
    body = "# T\n\nwords, +1 303 555 0142, Bearer abcdefghijkl0123\n\n- one"
    for sent in (document(body, "", OPENING, marker.line), wiki(body, "", OPENING, marker.line)):
        assert marker_of(body_text(sent), issue_id) == marker
        assert marker_of(body_text(sent), issue_id + 1) is None
    as_wiki = wiki(body, "", OPENING, marker.line)
    assert marker_of(as_wiki.replace("-", "\\-").replace("\n", "\r\n"), issue_id) == marker


QUOTED = {
    "answered above": "I see it otherwise.\n\n{}",
    "answered below": "{}\n\nI see it otherwise.",
    "in a quotation": "{{quote}}{}{{quote}}",
    "as mail quotes": "> {}",
    "the marker alone": "escalations-pushback-7-1",
    "nothing": "",
}


@pytest.mark.parametrize("name", QUOTED)
def test_a_comment_that_quotes_ours_is_a_persons(name: str) -> None:
    whole = f"{OPENING}\n\nwords\n\nescalations-pushback-7-1"
    assert marker_of(whole, 7) == Marker("pushback", 7, 1)
    assert marker_of(QUOTED[name].format(whole), 7) is None


def test_two_seconds_apart_is_the_same_moment(ticket: str, jira: JiraStandIn, tmp_path: Path) -> None:
    """Jira sets the ticket's time a little after the comment's own."""
    what = own(jira, ticket)
    write(jira, own(jira, ticket, "triage"), tmp_path)
    jira.edit(ticket, at=jira.now + timedelta(seconds=1.5), author="ann")  # nothing but the ticket's time
    write(jira, what, tmp_path)
    assert is_done(jira, ticket) is False  # the triage comment is there, too
    assert len(ours(jira, ticket)) == 2
