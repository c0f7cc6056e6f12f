"""The pattern book on disk: a page for each provider, copies of the runbooks in force, and all of it as JSON.

The folder is written whole beside the old one and then put in its place. One that holds anything which was not written
by this program, or was changed since, is left alone.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.pattern_book import SCHEMA, pattern_book
from analysis.taxonomy import Criteria, criteria_files
from analysis.text import printable
from pipelines.desk_lock import warehouse_to_read
from pipelines.settings import Settings
from reports.render import render

DATA = "knowledge.json"
STATES = {
    "new": "new, first seen in the last four weeks",
    "ongoing": "ongoing",
    "contained": "contained, OPS has a runbook",
    "fixed": "fixed, not seen since",
    "regressed": "came back after a fix",
    "quiet": "quiet, not seen for 13 weeks",
}
LIMITS = {
    "limitation": "The integration cannot do this",
    "custom_request": "Work beyond the standard integration",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """Where the book is, and how much of it there is."""

    folder: Path
    n_families: int
    n_runbooks: int
    n_files: int


def write_knowledge(settings: Settings, criteria: Criteria, folder: Path) -> Written:
    """Write the book whole or not at all. Raises `InputError` where the folder is not ours to replace."""
    folder = folder.resolve()
    _require_ours(folder)
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        if not warehouse.has("mart.families"):
            raise InputError(f"{warehouse.path}: nothing was reported yet; run `escalations report` first")
        book = pattern_book(warehouse, criteria)
    files = dict(_files(book, _runbook_texts(settings, criteria)))
    try:
        _put(folder, files)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror}); give --out another folder") from error
    return Written(folder, book["counts"]["families"], book["counts"]["runbooks"], len(files))


def _files(book: Row, runbooks: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Name → content; the data comes last and tells of all others how they were written."""
    links = {one["id"]: one["file"] for one in book["runbooks"]}
    texts = {"README.md": _page("knowledge_readme.md.j2", book=book)}
    for provider in book["providers"]:
        values = {"book": book, "provider": provider, "files": links, "states": STATES, "limits": LIMITS}
        texts[f"{provider['provider']}.md"] = _page("knowledge_provider.md.j2", **values)
    texts |= {one["file"]: runbooks[f"{one['id']} v{one['version']}"] for one in book["runbooks"]}
    contents = {name: text.encode() for name, text in sorted(texts.items())}
    yield from contents.items()
    told = book | {"files": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}}
    yield DATA, (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _page(template: str, **values: Any) -> str:
    return render(template, **values).strip() + "\n"


def _runbook_texts(settings: Settings, criteria: Criteria) -> dict[str, str]:
    """Id and version of each runbook → its file as it stands in the criteria."""
    names = {one.text_hash: f"{one.id} v{one.version}" for one in criteria.runbooks}
    texts = [
        path.read_text(encoding="utf-8-sig")
        for name, path in criteria_files(settings.criteria_folder).items()
        if name.startswith("runbooks/")
    ]
    found = {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}
    return {names[digest]: text for digest, text in found.items() if digest in names}


def _require_ours(folder: Path) -> None:
    """Raise `InputError` where the folder holds what this program did not write, or what was changed since."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; give --out a folder")
    fault = _fault(folder)
    if fault:
        raise InputError(f"{folder}: {fault}; move it away, or give --out another folder")


def _fault(folder: Path) -> str | None:
    """What in a folder is not ours, in words."""
    found = {one.relative_to(folder).as_posix(): one for one in sorted(folder.rglob("*")) if _is_content(one)}
    if not found:
        return None
    try:
        listed = _listed(found[DATA].read_bytes())
        for name, path in found.items():
            if name != DATA and name not in listed:
                return f"{printable(name)} was not written by `escalations knowledge`"
            if name != DATA and hashlib.sha256(path.read_bytes()).hexdigest() != listed[name]:
                return f"{printable(name)} was changed since it was written"
    except (KeyError, TypeError, ValueError):
        return "was not written by `escalations knowledge`"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None


def _is_content(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def _listed(data: bytes) -> dict[str, str]:
    """The files that a book's data tells of. Raises where it is no such data."""
    told = json.loads(data)
    if str(told["schema"]).partition("/")[0] != SCHEMA.partition("/")[0]:
        raise ValueError("the data of something else")
    return {str(name): str(digest) for name, digest in told["files"].items()} if told["files"] else {}


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    """A new folder beside the old one, then in its place; the old one comes back if that fails."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    new, old = beside / "new", beside / "old"
    try:
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
