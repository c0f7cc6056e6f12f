"""From a clone to a scheduled sync, with nothing but the README."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jira_standin import JiraStandIn
from served_desk import ROOT, Served, free_port

from analysis.warehouse import Warehouse

SECTION = "## Your own tickets"
BLOCK = re.compile(r"\n\n((?: {4}\S.*\n)+)")
OFFLINE = re.compile(
    r"dns error|Failed to (?:fetch|download)|error sending request|NewConnectionError|No matching dist"
)
N_TICKETS = 12


def commands(readme: str) -> list[str]:
    """The first block of commands in the section on one's own tickets, without what is said beside them."""
    section = readme.split(SECTION)[1].split("\n## ")[0]
    return [line.split("  #")[0].strip() for line in BLOCK.findall(section)[0].splitlines()]


@pytest.fixture
def jira() -> Iterator[JiraStandIn]:
    """A Jira whose fields are called as fields usually are."""
    with JiraStandIn("cloud") as standing:
        standing.add_project("SUP")
        standing.add_field("customfield_901", "Support tier", "option")
        standing.add_field("customfield_902", "Dealer")
        for i in range(N_TICKETS):
            at = standing.now - timedelta(days=2 * N_TICKETS - 2 * i)
            told = {"summary": f"CDK rejects appointment {i}", "customfield_902": "Cedar Motors"}
            ident = standing.create("SUP", at=at, customfield_901={"value": "Tier 1"}, **told)
            standing.edit(ident, at=at + timedelta(hours=2), author="ops-1", customfield_901={"value": "Tier 2"})
        yield standing


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the last commit holds, as anybody gets it."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs git and a checkout")
    folder = tmp_path / "escalations"
    subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True, capture_output=True)
    return folder


def surroundings(port: int) -> dict[str, str]:
    """A shell of its own; of settings only the port, for others on this machine may have the usual one."""
    foreign = ("ESCALATIONS_", "PREFECT_", "PYTHON", "VIRTUAL_ENV", "PYTEST", "COV_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return kept | {
        "PYTHON": getattr(sys, "_base_executable", sys.executable),
        "ESCALATIONS_PREFECT_PORT": str(port),
        "OMP_NUM_THREADS": "1",
    }


def typed(line: str, folder: Path, given: dict[str, str], answers: str = "") -> str:
    """What a command says, typed into a shell; without a terminal, so that also a token is read from here."""
    ended = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=given,
        input=answers,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if line.startswith("make") and ended.returncode and OFFLINE.search(ended.stderr):
        pytest.skip("the packages of the lock can be fetched neither from a registry nor from a cache")
    assert ended.returncode == 0, f"{line}\n{ended.stdout}\n{ended.stderr}"
    assert "Traceback" not in ended.stderr
    return ended.stdout + ended.stderr


@pytest.mark.slow
def test_from_clone_to_a_scheduled_sync(jira: JiraStandIn, clone: Path) -> None:
    """Each line of the README, answered as it asks; prints how long each took.

    Of the schedule one thing is not waited for: the next planned run is moved to now, for it may be 15 minutes away.
    """
    port = free_port()
    given, took = surroundings(port), {}
    lines = commands((clone / "README.md").read_text())
    assert [line.split()[-1] for line in lines] == ["desk", "init", "doctor", "run", "serve"]
    answers = {"init": "\n".join([jira.url, jira.token, "SUP", jira.email, ""])}
    for line in lines[:-1]:
        began = time.monotonic()
        said = typed(line, clone, given, answers.get(line.split()[-1], ""))
        took[line] = time.monotonic() - began
        assert jira.token not in said
    assert "SUP: the account may browse it" in typed(lines[2], clone, given)
    assert tickets(clone) == N_TICKETS
    jira.create("SUP", summary="one more")
    began = time.monotonic()
    served = Served(given, clone / "data", port)
    with (clone / "data" / "serve.log").open("wb") as log:
        served.process = subprocess.Popen(
            ["bash", "-c", f"exec {lines[-1]}"], cwd=clone, env=given, stdout=log, stderr=log
        )
    try:
        served.until(served.is_up, 120)
        served.until(lambda: bool(served.runs("sync", "Scheduled")), 60)
        planned = next(one for one in served.runs("sync", "Scheduled") if one["auto_scheduled"])
        moved = {"type": "SCHEDULED", "state_details": {"scheduled_time": datetime.now(UTC).isoformat()}}
        served.ask(f"/flow_runs/{planned['id']}/set_state", {"state": moved, "force": True})
        assert served.ended(str(planned["id"]))["state"]["type"] == "COMPLETED"
    finally:
        served.stop()
    took[lines[-1]] = time.monotonic() - began
    assert tickets(clone) == N_TICKETS + 1
    (page,) = (clone / "data" / "reports").glob("*/index.html")
    assert json.loads((page.parent / "summary.json").read_text())["headline"]
    assert subprocess.run(["git", "status", "--short"], cwd=clone, capture_output=True, check=True).stdout == b""
    for line, seconds in [*took.items(), ("from clone to a scheduled sync", sum(took.values()))]:
        print(f"{seconds:6.1f} s  {line}")


def tickets(clone: Path) -> int:
    with Warehouse.open(clone / "data" / "warehouse.duckdb") as warehouse:
        return int(warehouse.value("select count(*) from core.tickets"))
