"""STEP extract: a source → raw issues, untouched, one a line, with a manifest.

A raw file is named by the hash of its lines, so the same content is stored once. Nothing appears under its name
before it is whole.
"""

import gzip
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from analysis.errors import InputError
from analysis.text import parse_moment
from pipelines.raw_files import Manifest

Json = dict[str, Any]
UNNAMED = "an unnamed Jira"


class Source(Protocol):
    """What gives raw issues: an export, or Jira itself."""

    field_names: dict[str, str]
    statuses: dict[str, tuple[str, str | None]]

    def issues(self) -> Iterator[tuple[Json, str]]:
        """Give (issue, place); the place is for messages."""
        ...


def extract(source: Source, folder: Path) -> Manifest:
    """Store every issue of the source under `folder`. Raises `InputError` at the first that is none.

    The whole source is read before anything appears, so a broken line leaves no trace.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".extract-{os.getpid()}.partial"
    seen = _Seen()
    try:
        with partial.open("wb") as file, gzip.GzipFile("", "wb", 1, file, mtime=0) as packed:
            for issue, place in source.issues():
                packed.write(seen.line(issue, place))
        if not seen.n_issues or seen.latest is None:
            raise InputError("the source holds no issues; check the export, for an empty week would look like a good one")
        name = f"{seen.digest.hexdigest()[:16]}.jsonl.gz"
        os.replace(partial, folder / name)
    finally:
        partial.unlink(missing_ok=True)
    manifest = Manifest(
        file=name,
        source_id=f"jira:{seen.host}",
        n_issues=seen.n_issues,
        as_of=seen.latest,
        field_names=dict(sorted((seen.field_names | source.field_names).items())),
        statuses=dict(sorted(source.statuses.items())),
    )
    manifest.write(folder)
    return manifest


class _Seen:
    """What the lines written so far tell together."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.n_issues = 0
        self.latest: datetime | None = None
        self.host = ""
        self.field_names: dict[str, str] = {}

    def line(self, issue: Json, place: str) -> bytes:
        """The issue as a raw line, after looking at it."""
        self._check(issue, place)
        self._note(issue, place)
        line = json.dumps(issue, separators=(",", ":")).encode() + b"\n"
        self.digest.update(line)
        self.n_issues += 1
        return line

    def _check(self, issue: Json, place: str) -> None:
        if not str(issue.get("id", "")).isdigit():
            raise InputError(f"{place}: the issue has no numeric id; export with Jira's own ids")
        fields = issue.get("fields")
        if not isinstance(fields, dict) or not issue.get("key"):
            raise InputError(f"{place}: issue {issue['id']} has no key or no fields; export all fields")
        for name in ("created", "updated"):
            if parse_moment(fields.get(name)) is None:
                raise InputError(f"{place}: issue {issue['id']}: field {name} is missing or not a time; export all fields")
        log = issue.get("changelog")
        if isinstance(log, dict):
            for history in log.get("histories") or ():
                if not isinstance(history, dict) or not str(history.get("id", "")).isdigit():
                    raise InputError(f"{place}: issue {issue['id']}: a changelog entry has no numeric id; export it again")

    def _note(self, issue: Json, place: str) -> None:
        host = urlsplit(str(issue.get("self") or "")).netloc.rpartition("@")[2] or UNNAMED
        if self.host and host != self.host:
            raise InputError(f"{place}: an issue of {host} among those of {self.host}; give one Jira at a time")
        self.host = host
        moments = [issue["fields"]["updated"], issue["fields"]["created"]]
        for history in (issue.get("changelog") or {}).get("histories") or ():
            moments.append(history.get("created"))
            for item in history.get("items") or ():
                if item.get("fieldId"):
                    self.field_names[str(item["fieldId"])] = str(item.get("field"))
        for comment in (issue["fields"].get("comment") or {}).get("comments") or ():
            moments.append(comment.get("created"))
        times = [moment for moment in map(parse_moment, moments) if moment]
        self.latest = max(times if self.latest is None else [self.latest, *times])
