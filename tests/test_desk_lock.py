"""One writer at a time, who is named; readers never wait for one; a killed holder leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from stories import issues, write_criteria, write_export
from test_cli import done, refused

from analysis.errors import BusyError, InputError
from analysis.warehouse import Warehouse
from pipelines.desk_lock import copy_file, holder_of, lock_file, warehouse_to_read, writing

NOW = datetime(2026, 3, 2, 6, 30)
STORY = "SUP-1 created 2026-03-02 09:00 tier=2 provider=CDK\n  03-03 12:00 status=Resolved resolution=Done\n"
HOLD = """
import sys, datetime, pathlib
from pipelines.desk_lock import writing
with writing(pathlib.Path(sys.argv[1]), "escalations run", "r-1", datetime.datetime(2026, 3, 2, 6, 30), 0):
    print("held", flush=True)
    sys.stdin.read()
"""
ROOT = Path(__file__).parent.parent


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    write_criteria(tmp_path / "data" / "criteria")
    write_export(tmp_path / "export.json", issues(STORY))
    return tmp_path


@pytest.fixture
def holder(desk: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that writes to the desk's warehouse."""
    command = [sys.executable, "-c", HOLD, "data/warehouse.duckdb"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=desk, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
        process.kill()


WRITERS = [
    ["run", "--source", "export.json"],
    ["extract", "--source", "export.json"],
    ["load"],
    ["report"],
    ["census"],
    ["review"],
    ["review", "--import", "answers.csv"],
    ["families", "--import", "answers.csv"],
    ["rulings", "--import", "answers.csv"],
    ["actions", "--import", "answers.csv"],
]


@pytest.mark.slow
def test_every_command_that_writes_waits_and_then_names_who_does(desk: Path, holder: "subprocess.Popen[bytes]") -> None:
    (desk / "data" / "settings.toml").write_text("lock_wait_seconds = 0\n")
    (desk / "data" / "warehouse.duckdb").touch()
    (desk / "answers.csv").write_text("ticket\nSUP-1\n")
    for arguments in WRITERS:
        line = refused(desk, 14, *arguments)
        assert f"`escalations run` (run r-1, process {holder.pid} on" in line, arguments
        assert "since 2026-03-02 06:30 UTC) holds it; wait until it has ended" in line


def test_who_waits_gets_in_when_the_other_ends(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    entered: list[float] = []

    def second() -> None:
        with writing(path, "second", "r-2", NOW, 30):
            entered.append(time.monotonic())

    with writing(path, "first", "r-1", NOW, 0):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.3)
        assert not entered
        assert holder_of(path) is not None
        left = time.monotonic()
    waiting.join()
    assert entered[0] >= left
    assert holder_of(path) is None


def test_a_killed_holder_leaves_nothing_to_clean_up(desk: Path, holder: "subprocess.Popen[bytes]") -> None:
    path = desk / "data" / "warehouse.duckdb"
    found = holder_of(path)
    assert found is not None
    assert (found.pid, found.run_id, found.command) == (holder.pid, "r-1", "escalations run")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert lock_file(path).exists()
    assert holder_of(path) is None
    with writing(path, "next", "r-2", NOW, 0):
        pass


def test_a_lock_without_a_name_is_still_a_lock(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with writing(path, "first", "r-1", NOW, 0):
        lock_file(path).write_text("{")
        with pytest.raises(BusyError, match="another run holds it"), writing(path, "second", "r-2", NOW, 0):
            pass


# -- readers ---------------------------------------------------------------------------------------------------


def filled(path: Path, source: str = "jira:a") -> None:
    with writing(path, "run", "r-0", NOW, 0), Warehouse.open(path) as warehouse:
        warehouse.execute("update state.meta set source_id = ?", [source])


def source_read(path: Path, wait: float = 0) -> object:
    with warehouse_to_read(path, wait) as warehouse:
        assert warehouse.path == path
        return warehouse.value("select source_id from state.meta")


def test_a_reader_sees_what_the_last_writer_left_while_another_writes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "w.duckdb"
    filled(path)
    with writing(path, "run", "r-1", NOW, 0):
        with Warehouse.open(path) as warehouse:
            warehouse.execute("update state.meta set source_id = 'jira:b'")
            assert source_read(path) == "jira:a"
            assert not caplog.messages
        assert source_read(path) == "jira:a"
        assert re.match(r"a run is going on; this is as it was at \d{4}-\d\d-\d\d \d\d:\d\d UTC", caplog.messages[0])
    assert source_read(path) == "jira:b"


def test_a_reader_that_stays_does_not_hold_up_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    filled(path)
    with warehouse_to_read(path) as reading, warehouse_to_read(path) as another:
        filled(path, "jira:b")
        assert reading.value("select source_id from state.meta") == "jira:a"
        assert another.value("select source_id from state.meta") == "jira:a"
    assert source_read(path) == "jira:b"


def test_readers_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    filled(path)
    with warehouse_to_read(path) as warehouse, pytest.raises(duckdb.Error, match="read-only"):
        warehouse.execute("update state.meta set source_id = 'jira:b'")


def test_a_reader_before_the_first_run_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with pytest.raises(InputError, match="no warehouse yet"):
        source_read(path)
    with writing(path, "run", "r-1", NOW, 0):
        with Warehouse.open(path):
            pass
        with pytest.raises(BusyError, match=r"`run` .* holds it"):
            source_read(path)
    assert source_read(path) is None


def test_a_writer_that_was_killed_leaves_a_warehouse_that_readers_bring_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    filled(path)
    code = (
        "import os, sys; from pathlib import Path; from analysis.warehouse import Warehouse\n"
        "with Warehouse.open(Path(sys.argv[1])) as w:\n"
        "    w.execute(\"update state.meta set source_id = 'jira:b'\"); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], env={"PYTHONPATH": str(ROOT)}, check=False)
    assert source_read(path) in ("jira:a", "jira:b")
    filled(path, "jira:c")
    assert source_read(path) == "jira:c"


def test_the_copy_of_another_program_is_not_read_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    filled(path)
    old = path.with_name(f"{path.name}.readers-older.duckdb")
    copy_file(path).rename(old)
    assert source_read(path) == "jira:a"
    assert not old.exists()
    assert {one.name for one in tmp_path.glob("*.duckdb*")} == {path.name, copy_file(path).name, "w.duckdb.lock"}


@pytest.mark.slow
def test_commands_that_read_do_not_wait(desk: Path) -> None:
    done(desk, "run", "--source", "export.json")
    with writing(desk / "data" / "warehouse.duckdb", "run", "r-1", NOW, 0):
        (desk / "data" / "settings.toml").write_text("lock_wait_seconds = 0\n")
        for arguments in (["similar", "SUP-1"], ["families"], ["rulings"], ["actions"], ["doctor"]):
            done(desk, *arguments)
