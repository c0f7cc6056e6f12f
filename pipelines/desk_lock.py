"""One writer at a time: a lock beside the warehouse that names its holder, and a copy for those who only read.

The operating system takes the lock back when its holder ends, however it ends, so that nothing is left to clean up.
What the file says of the holder counts only while the lock is held.
"""

import fcntl
import json
import logging
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from analysis.errors import BusyError, DiskError, InputError, SettingsError
from analysis.warehouse import Warehouse, shape_of_all

POLL = 0.1  # seconds between two looks at a lock that somebody holds
READERS_WAIT = 30.0  # seconds that a reader waits where there is no copy to read
log = logging.getLogger("escalations")


@dataclass(frozen=True)
class Holder:
    """Who writes: process, machine, run, command and since when (UTC)."""

    pid: int
    host: str
    run_id: str
    command: str
    since: str

    def __str__(self) -> str:
        return f"`{self.command}` (run {self.run_id}, process {self.pid} on {self.host}, since {self.since} UTC)"


def lock_file(warehouse: Path) -> Path:
    """The lock of a warehouse. The file stays; only its being locked means something."""
    return warehouse.with_name(f"{warehouse.name}.lock")


@contextmanager
def writing(
    warehouse: Path,
    command: str,
    run_id: str,
    now: datetime,
    wait: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[None]:
    """Be the only writer; leave a copy for readers at the end. `now` is naive UTC, `wait` in seconds.

    Raises `BusyError`, which names the holder, where somebody else writes for longer than that.
    """
    with _locked(warehouse, _me(command, run_id, now), wait, sleep):
        try:
            yield
        finally:
            leave_copy(warehouse)


@contextmanager
def serving(folder: Path, now: datetime) -> Iterator[None]:
    """Be the only one who runs a desk's schedules; `folder` is that of their server. Raises `BusyError`."""
    with _locked(folder / "serve", _me("escalations serve", "none", now), 0.0, time.sleep):
        yield


def _me(command: str, run_id: str, now: datetime) -> Holder:
    return Holder(os.getpid(), socket.gethostname(), run_id, command, f"{now:%Y-%m-%d %H:%M}")


def holder_of(warehouse: Path) -> Holder | None:
    """Who writes at this moment; None where nobody does."""
    try:
        descriptor = os.open(lock_file(warehouse), os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _told(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


@contextmanager
def _locked(warehouse: Path, holder: Holder, wait: float, sleep: Callable[[float], None]) -> Iterator[None]:
    descriptor = _open(warehouse)
    try:
        _acquire(descriptor, warehouse, wait, sleep)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _open(warehouse: Path) -> int:
    path = lock_file(warehouse)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        why = f"{path.parent}: cannot be made a folder; give --home a place where you may write"
        raise SettingsError(why) from error


def _acquire(descriptor: int, warehouse: Path, wait: float, sleep: Callable[[float], None]) -> None:
    deadline = time.monotonic() + wait
    is_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = _told(descriptor) or "another run"
            if time.monotonic() >= deadline:
                why = f"{warehouse}: {who} holds it; wait until it has ended and try again"
                raise BusyError(why) from error
            if not is_told and wait > 1:
                log.warning("waiting up to %.0f s for %s", wait, who)
                is_told = True
            sleep(POLL)
        else:
            return


def _told(descriptor: int) -> Holder | None:
    try:
        return Holder(**json.loads(os.pread(descriptor, 4096, 0)))
    except (ValueError, TypeError):  # it has only just taken the lock
        return None


# -- readers -----------------------------------------------------------------------------------------------


@contextmanager
def warehouse_to_read(
    path: Path, wait: float = READERS_WAIT, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Warehouse]:
    """The desk's warehouse as its last writer left it, to be read only; a run that is going on does not hold it up.

    Raises `InputError` where there is no warehouse yet, `BusyError` where the first run is still going on after `wait`
    seconds.
    """
    if not path.exists():
        raise InputError(f"{path}: no warehouse yet; run `escalations run` or `escalations load` first")
    with Warehouse.read(copy_to_read(path, wait, sleep), path) as warehouse:
        yield warehouse


def copy_file(warehouse: Path) -> Path:
    """Where the copy for readers of this program stands; another version of the program reads another one."""
    return warehouse.with_name(f"{warehouse.name}.readers-{shape_of_all()[:8]}.duckdb")


def copy_to_read(path: Path, wait: float = READERS_WAIT, sleep: Callable[[float], None] = time.sleep) -> Path:
    """The copy for readers, brought up to date where nobody writes. Raises `BusyError` as `warehouse_to_read` does."""
    copy = copy_file(path)
    if _is_fresh(copy, path):
        return copy
    me = Holder(os.getpid(), socket.gethostname(), "none", "a reader", "just now")
    has_copy = copy.exists()
    try:
        with _locked(path, me, 0.0 if has_copy else wait, sleep):
            with Warehouse.open(path):  # what an older program left is brought up to date
                pass
            leave_copy(path)
            if not copy.exists():
                why = "what a run left that was cut off cannot be finished; is the disk full? make room, then try again"
                raise DiskError(f"{path}: {why}")
    except BusyError:
        if not has_copy:
            raise
        left_at = datetime.fromtimestamp(copy.stat().st_mtime, UTC)
        log.warning("a run is going on; this is as it was at %s UTC", f"{left_at:%Y-%m-%d %H:%M}")
    return copy


def _is_fresh(copy: Path, warehouse: Path) -> bool:
    with suppress(FileNotFoundError):
        return copy.stat().st_mtime_ns == warehouse.stat().st_mtime_ns
    return False


def leave_copy(warehouse: Path) -> None:
    """Bring the copy for readers up to date, whole or not at all; only the writer may do this."""
    copy = copy_file(warehouse)
    # a write-ahead log is left where the last writer was cut off; the next one clears it
    if not warehouse.exists() or _is_fresh(copy, warehouse) or warehouse.with_name(f"{warehouse.name}.wal").exists():
        return
    partial = copy.with_name(f".{copy.name}.partial")
    shutil.copy2(warehouse, partial)
    stamp = warehouse.stat()
    os.utime(partial, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    partial.replace(copy)
    for other in warehouse.parent.glob(f"{warehouse.name}.readers-*.duckdb"):
        if other != copy:
            other.unlink(missing_ok=True)
