"""Which classifier is in force: the one that the desk's own training kept last, else the shipped one."""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from analysis.classifier import Classifier
from analysis.errors import InputError
from analysis.examples import STARTER
from analysis.model_files import read_model, write_model

SHIPPED = STARTER / "model.npz"
IN_FORCE = "in_force.json"
Say = Callable[[str], None]


def model_in_force(folder: Path, say: Say) -> Classifier | None:
    """The classifier to tag with; None, and a note, where there is none. Raises `InputError` where it can't be read."""
    path = path_in_force(folder)
    if not path.exists():
        say("note: there is no classifier, so only rules and fields tag; `escalations train` makes one")
        return None
    return _read(path, path.stat().st_mtime_ns)


def path_in_force(folder: Path) -> Path:
    """The file of the classifier in force. Raises `InputError` where the note of it is damaged."""
    note = folder / IN_FORCE
    if not note.exists():
        return SHIPPED
    try:
        name = str(json.loads(note.read_text(encoding="utf-8"))["file"])
        if Path(name).name != name or not (folder / name).is_file():
            raise ValueError("names no model beside it")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(f"{note}: does not name a model beside it; remove it to go back to the shipped one") from error
    return folder / name


def put_in_force(model: Classifier, folder: Path) -> Path:
    """Store a model under its version and make it the one to tag with."""
    path = folder / f"{model.version}.npz"
    write_model(model, path)
    partial = folder / f".{IN_FORCE}.partial"
    partial.write_text(json.dumps({"file": path.name}) + "\n", encoding="utf-8")
    partial.replace(folder / IN_FORCE)
    return path


@lru_cache(maxsize=2)
def _read(path: Path, _changed: int) -> Classifier:
    return read_model(path)
