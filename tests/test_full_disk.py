"""A disk without room, and one that may not be written: one plain line, and the next run goes on as if nothing had been."""

import errno
import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from served_desk import ROOT, command, content
from stories import issues, write_criteria, write_export

from analysis.errors import DiskError
from pipelines.alerts import Problem, open_problems, settle
from pipelines.settings import Settings

STORY = """
SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar
    03-02 11:00 tier=2 by=ops-1
    03-03 15:00 status=Resolved by=int-1
SUP-2 created 2026-03-04 09:00 tier=1 dealer=Cedar
    03-04 12:00 tier=2 by=ops-1
SUP-3 created 2026-03-16 09:00 tier=1
"""


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "f: no room is left on the disk; make room"),
        (errno.EDQUOT, "f: no room is left on the disk; make room"),
        (errno.EROFS, "f: may not be read or written (Read-only file system); see to its rights"),
        (errno.EACCES, "f: may not be read or written (Permission denied); see to its rights"),
        (errno.ENOENT, None),
        (errno.EIO, None),
    ],
)
def test_which_errors_a_person_can_put_right(number: int, words: str | None) -> None:
    found = DiskError.of(OSError(number, os.strerror(number), "f"))
    assert (found and str(found).startswith(words or "")) == (True if words else None)
    assert found is None or found.exit_code == 14


def test_people_are_told_where_nothing_can_be_noted() -> None:
    told: list[str] = []
    settings = Settings(home=Path("/proc/nowhere"))
    for _ in range(2):
        problem = Problem("failed", "no room", "make room")
        settle(settings, "sync", [problem], datetime(2026, 3, 9), told.append, lambda *_: True)
    assert told == ["announced: sync: no room"] * 2
    assert open_problems(settings) == []


SCRIPT = """
mount -t tmpfs -o size=200k tmpfs "$PLACE" && mkdir "$PLACE/desk" && cp -r "$CRITERIA" "$PLACE/desk/criteria" || exit 99
"$@"; echo "full while it reads: $?" >&2
mount -o remount,size=10m "$PLACE"
"$@"; echo "full while it shows: $?" >&2
mount -o remount,size=200m "$PLACE"
"$@"; echo "with room: $?" >&2
cp "$PLACE/desk/warehouse.duckdb" "$KEPT"
mount -o remount,ro "$PLACE"
"$@"; echo "read only: $?" >&2
"""
TOLD = ["escalations", "full while it reads: 14", "escalations", "full while it shows: 14", "with room: 0"]
TOLD += ["escalations", "read only: 11"]


@pytest.mark.slow
def test_a_full_disk_is_one_line_and_nothing_is_lost(tmp_path: Path) -> None:
    """One home on a file system of its own, which grows; what is there in the end equals an undisturbed twin."""
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    write_criteria(tmp_path / "criteria")
    run = command("run", "--source", str(write_export(tmp_path / "export.json", issues(STORY))))
    room, kept = tmp_path / "room", tmp_path / "warehouse.duckdb"
    room.mkdir()
    given = {key: value for key, value in os.environ.items() if not key.startswith("ESCALATIONS_")}
    given |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "CRITERIA": str(tmp_path / "criteria")}
    there = {"PLACE": str(room), "KEPT": str(kept), "ESCALATIONS_HOME": str(room / "desk")}
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh"]
    ended = subprocess.run([*alone, *run], env=given | there, cwd=tmp_path, capture_output=True, text=True, check=False)
    if ended.returncode == 99 or ended.stderr.startswith("unshare"):
        pytest.skip("may not make a file system of its own here")
    lines = ended.stderr.splitlines()
    assert [line.partition(": ")[0] if line.startswith("escalations") else line for line in lines] == TOLD, lines
    assert all("make room" in line for line in (lines[0], lines[2]))
    twin = tmp_path / "desk"
    shutil.copytree(tmp_path / "criteria", twin / "criteria")
    subprocess.run(run, env=given | {"ESCALATIONS_HOME": str(twin)}, cwd=tmp_path, check=True, capture_output=True)
    assert content(kept) == content(twin / "warehouse.duckdb")
