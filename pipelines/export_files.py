"""The file source: what people export from Jira, as JSON or JSON Lines, plain or gzipped, one file or a folder.

A document may be a list of issues, one issue, or a search response (Cloud or Data Center: an object with
`issues`). Lists of fields or statuses beside them (`/field`, `/status` answers) are read as such.
"""

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.errors import InputError

Json = dict[str, Any]
SUFFIXES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")


@dataclass
class ExportFiles:
    """Issues of an export, one by one. `field_names` and `statuses` are whole once all were read."""

    path: Path
    field_names: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    n_cut_short: int = 0

    @property
    def notes(self) -> list[str]:
        """That Jira gave comments or worklogs in part: with an issue it gives 20 worklogs, however many there are."""
        if not self.n_cut_short:
            return []
        return [
            f"{self.n_cut_short} issues hold fewer comments or worklogs than Jira counts; a live Jira is read whole"
        ]

    @property
    def source_id(self) -> None:
        """The issues themselves tell which Jira they come from."""

    @property
    def as_of(self) -> None:
        """The issues themselves tell up to when."""

    @property
    def cursors(self) -> dict[str, str]:
        """An export is read whole."""
        return {}

    @property
    def presence(self) -> dict[int, str]:
        """An issue that is absent from an export is never taken for deleted."""
        return {}

    def files(self) -> list[Path]:
        """The files that are read, in order. Raises `InputError` where there are none."""
        if self.path.is_file():
            return [self.path]
        if not self.path.is_dir():
            raise InputError(
                f"{self.path}: no such file or folder; give a Jira export (JSON or JSON Lines, may be gzipped)"
            )
        try:
            found = sorted(p for p in self.path.iterdir() if p.is_file() and p.name.endswith(SUFFIXES))
        except OSError as error:
            raise InputError(f"{self.path}: may not be read; check its permissions") from error
        if not found:
            raise InputError(f"{self.path}: no export in this folder; files must end in {', '.join(SUFFIXES)}")
        return found

    def issues(self) -> Iterator[tuple[Json, str]]:
        """Give (issue, place), where place names file and line or number, for messages."""
        for path in self.files():
            text = _read(path)
            for value, place in _documents(path, text):
                yield from self._issues_of(value, place)

    def _issues_of(self, value: object, place: str) -> Iterator[tuple[Json, str]]:
        if isinstance(value, list):
            if self._is_snapshot(value):
                return
            parts = value
        elif isinstance(value, dict) and isinstance(value.get("issues"), list):
            self._note_names(value)
            parts = value["issues"]
        else:
            yield self._issue(value, place), place
            return
        for number, part in enumerate(parts, 1):
            at = f"{place}, issue {number}"
            yield self._issue(part, at), at

    def _issue(self, value: object, place: str) -> Json:
        if not isinstance(value, dict) or "fields" not in value:
            raise InputError(f"{place}: neither an issue nor a list of issues; export from Jira's search as JSON")
        self._note_names(value)
        self.n_cut_short += _is_cut_short(value["fields"])
        return value

    def _note_names(self, value: Json) -> None:
        """Take note of the field names that `expand=names` puts beside issues."""
        names = value.get("names")
        if isinstance(names, dict):
            self.field_names |= {str(k): str(v) for k, v in names.items()}

    def _is_snapshot(self, value: list[Any]) -> bool:
        """Take note of a list of fields or statuses; say whether it was one."""
        if not value or not all(
            isinstance(v, Mapping) and "id" in v and "name" in v and "fields" not in v for v in value
        ):
            return False
        for entry in value:
            if "statusCategory" in entry:
                category = entry["statusCategory"]
                key = category.get("key") if isinstance(category, Mapping) else None
                self.statuses[str(entry["id"])] = (str(entry["name"]), key)
            else:
                self.field_names[str(entry["id"])] = str(entry["name"])
        return True


def _is_cut_short(fields: object) -> bool:
    """Whether an issue holds fewer comments or worklogs than it counts."""
    blocks = {name: fields.get(name) for name in ("comment", "worklog")} if isinstance(fields, Mapping) else {}
    return any(
        isinstance(block, Mapping)
        and isinstance(block.get("total"), int)
        and block["total"] > len(block.get(f"{name}s") or [])
        for name, block in blocks.items()
    )


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        return data.decode("utf-8-sig")
    except (EOFError, OSError, zlib.error) as error:
        if isinstance(error, PermissionError):
            raise InputError(f"{path}: may not be read; check its permissions") from error
        raise InputError(f"{path}: cut short or damaged; copy or export it again") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{path}: line {line}: not UTF-8 text; export it again as JSON") from error


def _documents(path: Path, text: str) -> Iterator[tuple[object, str]]:
    """The JSON values of a file: one document, or one on each line."""
    first = next((line for line in io.StringIO(text) if line.strip()), "")
    if not first:
        raise InputError(f"{path}: empty; export it again")
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        try:
            whole = _parse(path, text, 0)
        except InputError:
            if not _goes_on(text):
                raise
        else:
            yield whole, str(path)
            return
    for number, line in enumerate(io.StringIO(text), 1):
        if line.strip():
            yield _parse(path, line, number), f"{path}: line {number}"


def _goes_on(text: str) -> bool:
    """Whether the file holds one value a line, so that a first line that cannot be read is a broken one."""
    lines = [line for line in text.split("\n", 3)[:3] if line.strip()]
    return any(line.lstrip().startswith("{") and line.rstrip().endswith("}") for line in lines[1:2])


def _parse(path: Path, text: str, line: int) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        where = line or error.lineno
        raise InputError(
            f"{path}: line {where}: not valid JSON ({error.msg} at column {error.colno}); mend or drop it"
        ) from error
    except RecursionError as error:
        raise InputError(f"{path}: line {line or 1}: nested too deep to be an issue; mend or drop it") from error
    except ValueError as error:  # a number of more digits than Python reads
        raise InputError(f"{path}: line {line or 1}: holds a number that is none; mend or drop it") from error
