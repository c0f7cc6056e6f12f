"""Bringing a backup back: raw lines and `state` become an equal warehouse; nothing is there before all of it is."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from analysis.errors import InputError
from analysis.warehouse import Warehouse
from analysis.warehouse_copies import begin_from_state
from pipelines.backup import ROOMS, STATE, Backup, Store
from pipelines.settings import Settings
from pipelines.weekly import derive_anew, order_of

Say = Callable[[str], None]


def restore(settings: Settings, where: str, name: str | None, run_id: str, say: Say, *, force: bool = False) -> Backup:
    """Bring a backup (the newest where none is named) into the desk's home; only the writer may do this.

    Raises `InputError` where something is there already and not `force`.
    """
    store = Store(where)
    backup = store.read(name)
    there = [path for path in (settings.warehouse_file, *_rooms(settings)) if _holds_something(path)]
    if there and not force:
        raise InputError(f"{there[0]}: is there already; give --force to replace this desk, or another --home")
    stage = settings.home / f".restore-{os.getpid()}"
    for leftover in settings.home.glob(".restore-*"):  # of one that was cut off
        shutil.rmtree(leftover)
    try:
        stage.mkdir(parents=True)
        for entry in backup.entries:
            store.bring_back(entry, stage)
        say(f"restore: {len(backup.entries)} files of {backup.name}")
        staged = settings.model_copy(update={"home": stage, "warehouse": None, "out": None})
        rebuild(staged, stage / STATE, backup.as_of, backup.week, run_id, say)
        _swap_in(settings, staged)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return backup


def rebuild(settings: Settings, state: Path, as_of: str | None, week: str | None, run_id: str, say: Say) -> None:
    """A new warehouse from copied `state` and the raw lines, as of a moment; there must be none yet."""
    begin_from_state(state, settings.warehouse_file)
    order = replace(order_of(settings, say, run_id=run_id), is_rendered=False)
    with Warehouse.open(settings.warehouse_file) as warehouse:
        moment = datetime.fromisoformat(as_of) if as_of else None
        derive_anew(order, warehouse, date.fromisoformat(week) if week else None, moment)


def _rooms(settings: Settings) -> list[Path]:
    return [settings.home / room for room in ROOMS]


def _holds_something(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _swap_in(settings: Settings, staged: Settings) -> None:
    """Put what was staged in the place of what is there; a room that the backup lacks is left empty."""
    aside = staged.home / ".replaced"
    aside.mkdir()
    for room in _rooms(settings):
        if room.exists():
            room.rename(aside / room.name)
        new = staged.home / room.name
        if new.exists():
            new.rename(room)
    settings.warehouse_file.parent.mkdir(parents=True, exist_ok=True)
    settings.warehouse_file.with_name(f"{settings.warehouse_file.name}.wal").unlink(missing_ok=True)
    shutil.move(staged.warehouse_file, settings.warehouse_file)
