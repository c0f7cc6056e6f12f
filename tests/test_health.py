"""What `doctor` says of disk, lock, messages, criteria of the desk's own and old runs; a child that ends with its parent."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import namedtuple
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from conftest import ROOT
from stories import open_warehouse, write_criteria

from analysis.taxonomy import criteria_files
from pipelines.alerts import Problem, settle
from pipelines.desk_lock import Holder
from pipelines.doctor import check_disk, check_lock, check_own, check_telling, check_warehouse
from pipelines.settings import Settings

NOW = datetime(2026, 3, 20, 12)
GIB = 1 << 30
Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("free", "size", "state"),
    [
        (10 * GIB, 0, "ok"),
        (GIB // 8, 0, "wrong"),
        (GIB // 2, 0, "look"),
        (3 * GIB, 2 * GIB, "look"),
        (2 * GIB, 2 * GIB, "wrong"),
        (8 * GIB, 2 * GIB, "ok"),
    ],
)
def test_room_on_the_disk(free: int, size: int, state: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))
    settings = Settings(home=tmp_path)
    with settings.warehouse_file.open("wb") as file:
        file.truncate(size)  # sparse
    assert check_disk(settings).state == state


def test_room_for_a_desk_that_is_not_there_yet(tmp_path: Path) -> None:
    assert str(tmp_path) in check_disk(Settings(home=tmp_path / "not" / "yet")).text


def test_who_holds_the_lock() -> None:
    assert check_lock(None).text == "nobody is writing"
    holder = Holder(7, "here", "r-1", "escalations run", "2026-03-20 11:59")
    assert check_lock(holder).text.startswith(
        "`escalations run` (run r-1, process 7 on here, since 2026-03-20 11:59 UTC)"
    )


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
def test_who_is_told_and_what_was_announced(tmp_path: Path) -> None:
    bare = Settings(home=tmp_path)
    assert [(one.what, one.state) for one in check_telling(bare)] == [("messages", "look")]
    settle(bare, "sync", [Problem("failed", "Jira is away", "wait")], NOW, print, lambda *_: True)
    found = [(one.what, one.state, one.text) for one in check_telling(bare)]
    assert found[1] == ("announced", "look", "sync: Jira is away (since 2026-03-20 12:00 UTC, message sent)")
    told = Settings(home=tmp_path / "b", notify_urls="json://127.0.0.1 nonsense://x")  # type: ignore[arg-type]
    assert [(one.state, one.text) for one in check_telling(told)] == [
        ("wrong", "notify_urls: number 2 is no address that apprise knows")
    ]


def test_criteria_that_differ_from_the_shipped_ones(tmp_path: Path) -> None:
    assert list(check_own(None)) == []
    folder = tmp_path / "criteria"
    write_criteria(folder)
    shutil.copy(criteria_files(None)["taxonomy.toml"], folder / "taxonomy.toml")
    assert [(one.state, one.text) for one in check_own(folder)] == [
        ("ok", "differ from what is shipped: dealers.csv, site.toml"),
        (
            "look",
            "the same as shipped: taxonomy.toml; remove those that you do not mean to change, so that an upgrade reaches them",
        ),
    ]


@pytest.mark.parametrize(("days", "state"), [(7, "ok"), (9, "look"), (None, "look")])
def test_the_last_good_run(days: int | None, state: str, tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        if days is not None:
            at = NOW - timedelta(days=days)
            warehouse.append_event(
                "state.runs", {"run_id": "r", "recorded_at": at, "effective_at": at, "outcome": "done"}
            )
        found = {one.what: one.state for one in check_warehouse(warehouse, NOW)}
    assert found["runs"] == state


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent(how: int, tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(60)\n")
    code = "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pipelines.parent_watch', 'endless'])"
    given = os.environ | {"PYTHONPATH": f"{ROOT}:{tmp_path}"}
    with subprocess.Popen([sys.executable, "-c", code], env=given, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.send_signal(how)
        deadline = time.monotonic() + 10
        while _lives(child):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(") ")[2][0] != "Z"
