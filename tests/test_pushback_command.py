"""`escalations pushback` as a command of its own: exit codes, killed on the way, two at once."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from conftest import ROOT
from jira_standin import JiraStandIn
from pushback_desk import LABELS, PushDesk

pytestmark = pytest.mark.slow
COMMENT = "POST issue/comment"


@pytest.fixture(scope="module")
def commanded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushDesk]:
    with JiraStandIn("cloud") as jira:
        desk = PushDesk(jira, tmp_path_factory.mktemp("commanded")).set_up()
        for name in ("printed", "written", "killed", "killed later", "twice", "refused"):
            desk.escalated(name)
        desk.run()
        yield desk


def command(desk: PushDesk, *arguments: str) -> "subprocess.Popen[str]":
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ESCALATIONS_")}
    environment |= desk.environment() | {"PYTHONPATH": str(ROOT)}
    told = [sys.executable, "-m", "pipelines", "pushback", *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(told, cwd=desk.home, env=environment, text=True, **streams)  # type: ignore[call-overload,no-any-return]


def ended(desk: PushDesk, *arguments: str) -> tuple[int, str, str]:
    process = command(desk, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def test_the_command_prints_the_pack_and_what_would_be_written(commanded: PushDesk) -> None:
    commanded.jira.clear_log()
    file = commanded.home / "pack.md"
    code, out, err = ended(commanded, commanded.key("printed"), "--json", "--out", str(file))
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert file.read_text() == told["markdown"]
    assert [one["method"] for one in told["requests"]] == ["POST", "PUT"]
    assert told["pack"]["verdict"] == "should_have_handled"
    code, out, _ = ended(commanded, commanded.key("printed").lower())
    assert code == 0
    assert out.startswith(told["markdown"])
    assert "PUT /rest/api/3/issue/" in out
    code, _, err = ended(commanded, commanded.key("printed"), "--out", str(file))
    assert (code, len(err.splitlines())) == (2, 1)
    assert commanded.jira.writes == []


def test_the_command_writes_once(commanded: PushDesk) -> None:
    key = commanded.key("written")
    first = ended(commanded, key, "--post")
    assert first[0] == 0, first[2]
    assert first[1].startswith(f"{key}: written to Jira: comment and label (comment ")
    assert ended(commanded, key, "--post")[1].startswith(f"{key}: was pushed back before")
    assert len(commanded.comments("written")) == 1
    assert commanded.labels("written") == [*LABELS, "pushed-back"]


EXITS = {
    2: ("SUP-999", "no such ticket"),
    15: ("refused", "ask for Edit Issues in project SUP"),
}


@pytest.mark.parametrize("code", EXITS)
def test_exit_codes_and_one_plain_line(code: int, commanded: PushDesk) -> None:
    name, words = EXITS[code]
    commanded.jira.clear_log()
    commanded.jira.faults.lacks.add("EDIT_ISSUES")
    try:
        told, out, err = ended(commanded, commanded.key(name) if name in commanded.tickets else name, "--post")
    finally:
        commanded.jira.faults.lacks.clear()
    assert (told, out) == (code, "")
    (line,) = err.splitlines()
    assert line.startswith("escalations: ")
    assert words in line
    assert commanded.jira.writes == []


KILLED = {  # at which request, and what is left to be done
    "killed": ("GET issue/editmeta", "comment and label"),
    "killed later": (COMMENT, "label"),  # Jira has it, and does it
}


@pytest.mark.parametrize("name", KILLED)
def test_the_command_killed_and_run_again(name: str, commanded: PushDesk) -> None:
    what, left = KILLED[name]
    processes: list[subprocess.Popen[str]] = []

    def kill(at: str, asked: str) -> None:
        if (at, asked) == ("before", what):
            os.kill(processes[0].pid, signal.SIGKILL)

    commanded.jira.faults.on_request = kill
    processes.append(command(commanded, commanded.key(name), "--post"))
    processes[0].communicate(timeout=120)
    commanded.jira.faults.on_request = None
    assert processes[0].returncode == -signal.SIGKILL
    assert commanded.labels(name) == LABELS
    code, out, err = ended(commanded, commanded.key(name), "--post")
    assert code == 0, err
    assert out.split(": ")[2].startswith(left)
    assert len(commanded.comments(name)) == 1
    assert commanded.labels(name) == [*LABELS, "pushed-back"]


def test_two_commands_at_once_write_once(commanded: PushDesk) -> None:
    both = [command(commanded, commanded.key("twice"), "--post") for _ in range(2)]
    outs = [one.communicate(timeout=120) for one in both]
    assert [one.returncode for one in both] == [0, 0], outs
    assert sorted("was pushed back before" in out for out, _ in outs) == [False, True]
    assert len(commanded.comments("twice")) == 1
