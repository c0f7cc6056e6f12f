"""Backups: raw lines and `state`, from which everything else follows, with criteria, inputs, models and pages.

Into a folder or an object store. Every file is stored once, under the hash of its content; a backup is a list of files
that is written last, so that one which was cut off is none. It reads the copy for readers and holds up no run.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import fsspec

from analysis.errors import DeliveryError, EscalationsError, InputError, SettingsError
from analysis.warehouse_copies import copy_state
from pipelines.desk_lock import warehouse_to_read
from pipelines.settings import Settings

ROOMS = ("raw", "criteria", "inputs", "models", "reports")
STATE = "state.duckdb"
LISTS, FILES = "backups", "files"
BLOCK = 1 << 20
Say = Callable[[str], None]


@dataclass(frozen=True)
class Entry:
    """One file of a backup: where it stood in the desk's home, and its content."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class Backup:
    """What was kept: `as_of` and `week` are what the pages told of, naive UTC and a Monday; None before the first."""

    name: str
    source_id: str | None
    as_of: str | None
    week: str | None
    entries: tuple[Entry, ...]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(entry.size for entry in self.entries)


class Store:
    """Where backups are: a folder, or an address such as s3://bucket/prefix."""

    def __init__(self, where: str) -> None:
        self.where = where
        try:
            self._system, self._root = fsspec.core.url_to_fs(where)
        except ImportError as error:
            raise SettingsError(f"{where}: its packages are missing; run `pip install 'escalations[s3]'`") from error
        except ValueError as error:
            raise InputError(f"{where}: neither a folder nor an address such as s3://bucket/desk") from error

    def names(self) -> list[str]:
        """Names of the backups that are there, the oldest first."""
        with self._reached():
            if not self._system.exists(f"{self._root}/{LISTS}"):
                return []
            found = self._system.ls(f"{self._root}/{LISTS}", detail=False, refresh=True)
        return sorted(Path(path).stem for path in found if str(path).endswith(".json"))

    def read(self, name: str | None) -> Backup:
        """The backup of that name, or the newest. Raises `InputError` where there is none."""
        names = self.names()
        if not names or (name and name not in names):
            raise InputError(
                f"{self.where}: holds no backup{f' {name}' if name else ''}; see `escalations backup --list`"
            )
        with self._reached():
            told = json.loads(self._system.cat_file(f"{self._root}/{LISTS}/{name or names[-1]}.json"))
        return Backup(**(told | {"entries": tuple(Entry(**entry) for entry in told["entries"])}))

    def write(self, backup: Backup) -> None:
        """Add the list of a backup whose files are there."""
        with self._reached():
            self._bring(json.dumps(asdict(backup), indent=1).encode(), f"{LISTS}/{backup.name}.json")

    def keep(self, path: Path, name: str) -> Entry:
        """Store a file's content unless it is there."""
        with self._reached():
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            place = f"{FILES}/{digest}"
            if not self._system.exists(f"{self._root}/{place}"):
                self._bring(content, place)
        return Entry(name, digest, len(content))

    def bring_back(self, entry: Entry, folder: Path) -> Path:
        """Write a file of a backup into a folder. Raises `InputError` where it is damaged or its path leads out."""
        target = folder / entry.path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{self.where}: {entry.path} leads out of the desk's home; this is no backup of ours")
        with self._reached():
            content = self._system.cat_file(f"{self._root}/{FILES}/{entry.sha256}")
        if hashlib.sha256(content).hexdigest() != entry.sha256:
            raise InputError(f"{self.where}: {entry.path} is damaged; give an older backup with --name")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return target

    def drop(self, names: list[str]) -> None:
        """Remove backups, then the files that no other one has."""
        kept = {entry.sha256 for name in self.names() if name not in names for entry in self.read(name).entries}
        with self._reached():
            for name in names:
                self._system.rm_file(f"{self._root}/{LISTS}/{name}.json")
            for path in self._system.ls(f"{self._root}/{FILES}", detail=False, refresh=True):
                if Path(path).name not in kept:
                    self._system.rm_file(path)

    def _bring(self, content: bytes, place: str) -> None:
        """Whole or not at all: an object store puts it so by itself, a folder by a rename."""
        target = f"{self._root}/{place}"
        if "s3" in self._system.protocol:
            self._system.pipe_file(target, content)
            return
        partial = f"{target}.partial"
        self._system.makedirs(target.rpartition("/")[0], exist_ok=True)
        self._system.pipe_file(partial, content)
        self._system.mv(partial, target)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except EscalationsError:
            raise
        except Exception as error:  # each kind of store has errors of its own, whose words may hold secrets
            reason = getattr(error, "strerror", None) if isinstance(error, OSError) and error.errno else None
            why = f"cannot be reached or used ({reason or type(error).__name__}); look at address, room and permissions"
            why = f"{self.where}: {why}"
            raise DeliveryError(why) from error


def make_backup(settings: Settings, where: str, now: datetime, say: Say, *, keep: int | None = None) -> Backup:
    """Keep the desk as its last writer left it; `now` is naive UTC. Of older backups only the newest `keep` stay."""
    store = Store(where)
    with tempfile.TemporaryDirectory(prefix="escalations-backup-") as scratch:
        state = Path(scratch) / STATE
        with warehouse_to_read(settings.warehouse_file) as warehouse:
            source_id = warehouse.value("select source_id from state.meta")
            clock = warehouse.rows("select as_of, week from core.clock")
            needed = {f"raw/{file}" for (file,) in warehouse.rows("select file from raw.extracts")}
            copy_state(warehouse.file, state)
        entries = [store.keep(state, STATE)]
        entries += [store.keep(path, name) for name, path in _files(settings)]
    missing = needed - {entry.path for entry in entries}
    if missing:
        raise InputError(f"{settings.raw}: {sorted(missing)[0]} is gone; restore it, or extract all again")
    as_of, week = (clock[0][0].isoformat(), clock[0][1].isoformat()) if clock else (None, None)
    backup = Backup(f"{now:%Y%m%dT%H%M%S%f}", source_id, as_of, week, tuple(entries))
    store.write(backup)
    say(f"backup: {where}: {backup.name}, {len(entries)} files, {backup.size / 1e6:.1f} MB")
    if keep is not None and (old := store.names()[:-keep]):
        store.drop(old)
        say(f"backup: {len(old)} older ones removed")
    return backup


def _files(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Files of the desk with their places in a home; a raw file before the manifest that speaks of it."""
    folders: dict[str, Path | None] = {room: settings.home / room for room in ROOMS}
    folders |= {"criteria": settings.criteria_folder, "reports": settings.reports}
    for room, folder in folders.items():
        if folder is not None and folder.is_dir():
            for path in sorted(folder.rglob("*")):
                if path.is_file() and not path.name.startswith(".") and not path.name.endswith(".partial"):
                    yield f"{room}/{path.relative_to(folder).as_posix()}", path


def told_of(backup: Backup) -> dict[str, Any]:
    """What a program is told of a backup."""
    return {key: value for key, value in asdict(backup).items() if key != "entries"} | {
        "n_files": len(backup.entries),
        "size": backup.size,
    }
