"""Raw files: issues as Jira sent them, one a line, gzipped, each file with a manifest beside it."""

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from analysis.errors import InputError


@dataclass(frozen=True)
class Manifest:
    """What a raw file holds; stands beside it as JSON. Times are naive UTC.

    `file` is empty where a live source had nothing new. `cursors` are where the next reading begins, by scope; they are
    stored in one transaction with the issues, as are the presences that a census found, by issue id.
    """

    file: str
    source_id: str
    n_issues: int
    as_of: datetime
    field_names: dict[str, str]
    statuses: dict[str, tuple[str, str | None]]
    cursors: dict[str, str] = field(default_factory=dict)
    presence: dict[int, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Put it beside its raw file."""
        told = asdict(self) | {"as_of": self.as_of.isoformat()}
        text = json.dumps(told, indent=1, sort_keys=True)
        _swap_in(folder / f"{self.file.removesuffix('.jsonl.gz')}.manifest.json", (text + "\n").encode())

    @classmethod
    def read(cls, path: Path) -> "Manifest":
        """Read one back. Raises `InputError` where it cannot be read."""
        try:
            told = json.loads(path.read_text())
            statuses = {key: (name, category) for key, (name, category) in told["statuses"].items()}
            moment = datetime.fromisoformat(told["as_of"])
            presence = {int(issue_id): found for issue_id, found in told.get("presence", {}).items()}
            return cls(**(told | {"as_of": moment, "statuses": statuses, "presence": presence}))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: not a manifest of raw issues; run `escalations extract` again") from error


def manifests(folder: Path) -> list[Manifest]:
    """Every manifest of the folder, the latest last. Raises `InputError` where nothing was extracted yet."""
    found = [Manifest.read(path) for path in sorted(folder.glob("*.manifest.json"))]
    if not found:
        raise InputError(f"{folder}: nothing was extracted yet; run `escalations extract` first")
    return sorted(found, key=lambda manifest: (manifest.as_of, manifest.file))


def raw_lines(folder: Path, file: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a raw file with their numbers from 1. Raises `InputError` where it is gone or damaged."""
    number = 0
    try:
        with gzip.open(folder / file, "rb") as lines:
            for number, line in enumerate(lines, 1):
                yield number, line.rstrip(b"\n")
        if not number:
            raise EOFError
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{folder / file}: the raw file is gone or damaged; restore it or extract again") from error


def statuses_in(folder: Path, file: str) -> dict[str, tuple[str, str | None]]:
    """Id → name and category of each status in which some issue of a raw file lies."""
    found: dict[str, tuple[str, str | None]] = {}
    for _, line in raw_lines(folder, file):
        status = json.loads(line)["fields"].get("status") or {}
        if status.get("id"):
            category = (status.get("statusCategory") or {}).get("key")
            found[str(status["id"])] = (str(status.get("name")), category)
    return found


def _swap_in(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(data)
    partial.replace(path)
