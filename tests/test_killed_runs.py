"""Killed at any moment and run again: the same rows, and each week's page once. `ESCALATIONS_KILLS` says how often."""

import os
import random
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
from jira_standin import JiraStandIn
from served_desk import busy_desk, busy_ticket, command, content, environment

from pipelines.extract import _clear_after_killed

KILLS = int(os.environ.get("ESCALATIONS_KILLS", "2"))


@pytest.mark.slow
def test_the_warehouse_equals_an_undisturbed_twin(tmp_path: Path) -> None:
    """After each kill the run is begun anew; the twin's runs see the same Jira and are left alone."""
    seed = random.randrange(1 << 30)  # noqa: S311 - no secret
    print(f"seed {seed}")
    chance = random.Random(seed)  # noqa: S311
    with JiraStandIn("cloud") as jira:
        ids = busy_desk(jira)
        disturbed, twin = environment(tmp_path / "desk", jira), environment(tmp_path / "twin", jira)
        for number in range(KILLS):
            arguments = ["run", "--publish"] if number % 2 else ["run"]
            lasted = _run(arguments, twin)
            _kill_within(arguments, disturbed, chance.uniform(0.2, 1.0) * lasted)
            _run(arguments, disturbed)
            _something_happens(jira, ids, number)
        mine, undisturbed = (content(tmp_path / name / "warehouse.duckdb") for name in ("desk", "twin"))
    for name, rows in undisturbed.items():
        assert mine[name] == rows, (seed, name)
    pages = [
        sorted(p.parent.name for p in (tmp_path / name / "reports").glob("*/index.html")) for name in ("desk", "twin")
    ]
    assert pages[0] == pages[1]
    left = [path.name for path in (tmp_path / "desk").rglob("*") if "partial" in path.name]
    assert left == []


def _run(arguments: list[str], given: dict[str, str]) -> float:
    """A run that is left alone; the seconds it took."""
    begun = time.monotonic()
    ended = subprocess.run(command(*arguments), env=given, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()
    return time.monotonic() - begun


def _kill_within(arguments: list[str], given: dict[str, str], after: float) -> None:
    """Begin a run and kill it `after` seconds; one that ended before is begun again and killed sooner."""
    with subprocess.Popen(command(*arguments), env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        try:
            run.wait(after)
        except subprocess.TimeoutExpired:
            run.send_signal(signal.SIGKILL)
            return
    _kill_within(arguments, given, 0.7 * after)


def _something_happens(jira: JiraStandIn, ids: list[str], number: int) -> None:
    jira.tick(2 * 86_400)
    ids.append(busy_ticket(jira, 3 * number, jira.now - timedelta(hours=50)))
    jira.edit(ids[number], priority="High")
    jira.comment(ids[number + 1], "int-1", f"looked again {number}")


def test_what_a_killed_reading_left_goes(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as alive:
        gone = subprocess.Popen(["true"])
        gone.wait()
        names = {
            f".extract-{alive.pid}.partial": True,
            f".extract-{gone.pid}.partial": False,
            ".extract-1x.partial": False,
        }
        for name in names:
            (tmp_path / name).touch()
        _clear_after_killed(tmp_path)
        assert {name: (tmp_path / name).exists() for name in names} == names
        alive.kill()
