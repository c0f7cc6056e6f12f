"""What BI tools read: `mart` alone in data/published/escalations.duckdb, and as Parquet beside it.

The copy is made beside the old one and swapped in whole. Who has the old one open goes on reading that, and holds up
nobody; who opens it again reads the new one.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from analysis.errors import DeliveryError, WarehouseError
from analysis.warehouse_copies import about, copy_mart, write_parquet
from pipelines.desk_lock import copy_to_read
from pipelines.settings import Settings

AN_HOUR = timedelta(hours=1)
FILE = "escalations.duckdb"
PARQUET = "parquet"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Age:
    """How old a published copy is: of which moment it tells, and when it was made; naive UTC."""

    as_of: datetime
    published_at: datetime


def published_file(settings: Settings) -> Path:
    """The DuckDB file that everybody but this program reads."""
    return settings.published / FILE


def age_of(settings: Settings) -> Age | None:
    """How old the copy is; None where there is none. Raises `WarehouseError` where it cannot be read."""
    path = published_file(settings)
    return Age(*about(path)) if path.exists() else None


def publish_copy(settings: Settings, now: datetime, say: Say, *, at_once: bool = False) -> bool:
    """Bring the copy up to what the last writer left, at most hourly unless `at_once`; `now` is naive UTC.

    Gives whether it was made. Call it without the writer's lock: it reads the copy for readers. Raises `DeliveryError`
    where it cannot be written; the one before stays.
    """
    folder = settings.published
    if not settings.warehouse_file.exists() or not (at_once or _is_due(settings, now)):
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if at_once:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            as_of = _make(settings, now)
        except BlockingIOError:  # another run is making it at this moment
            return False
        finally:
            os.close(descriptor)
    except OSError as error:
        why = f"{folder}: the copy for BI tools cannot be written ({error.strerror}); make room, and the next run tries"
        raise DeliveryError(why) from error
    say(f"copy: {folder / FILE}, as of {as_of:%Y-%m-%d %H:%M} UTC")
    return True


def _is_due(settings: Settings, now: datetime) -> bool:
    try:
        age = age_of(settings)
    except WarehouseError:  # what cannot be read is replaced
        return True
    return age is None or not timedelta() <= now - age.published_at < AN_HOUR


def _make(settings: Settings, now: datetime) -> datetime:
    folder = settings.published
    for leftover in folder.glob(".partial-*"):  # of a run that was cut off
        shutil.rmtree(leftover, ignore_errors=True)
    partial = folder / f".partial-{os.getpid()}"
    tables = partial / f"{PARQUET}-{now:%Y%m%dT%H%M%S}-{uuid4().hex[:6]}"
    tables.mkdir(parents=True)
    try:
        as_of = copy_mart(copy_to_read(settings.warehouse_file), partial / FILE, now)
        write_parquet(partial / FILE, tables)
        for path in [partial / FILE, *tables.iterdir()]:
            path.chmod(0o444)  # a tool that opens it to write would hold up the others
            _sync(path)
        _sync(tables)
        _swap(folder, partial, tables)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return as_of


def _swap(folder: Path, partial: Path, tables: Path) -> None:
    """Put the new files in the place of the old ones: the file by one rename, the folder by a link to it."""
    before = {path.name for path in folder.glob(f"{PARQUET}-*")}
    link = folder / PARQUET
    kept = {link.readlink().name} if link.is_symlink() else set()  # who lists it at this moment may still read it
    tables.rename(folder / tables.name)
    new = partial / PARQUET
    new.symlink_to(tables.name)
    new.replace(link)
    (partial / FILE).replace(folder / FILE)
    with suppress(FileNotFoundError):  # left by a tool that wrote to the old file; it would spoil the new one
        (folder / f"{FILE}.wal").unlink()
    _sync(folder)
    for name in before - kept:
        shutil.rmtree(folder / name, ignore_errors=True)


def remove_copy(settings: Settings) -> None:
    """Remove the copy and everything beside it that was made with it."""
    shutil.rmtree(settings.published, ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
