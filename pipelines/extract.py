"""STEP extract: a source → raw issues, untouched, one a line, with a manifest.

A raw file is named by the hash of its lines, so the same content is stored once. Nothing appears under its name
before it is whole.
"""

import gzip
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from analysis.errors import InputError, SettingsError
from analysis.text import clean, parse_moment
from pipelines.raw_files import Manifest

Json = dict[str, Any]
UNNAMED = "an unnamed Jira"
NUMBER = re.compile(r"[0-9]{1,18}")
NO_BRACKETS = bytes(code for code in range(256) if code not in b"[]{}")
MAX_NESTING = 400  # JSON in JSON; what is deeper could not be read again


class Source(Protocol):
    """What gives raw issues: an export, or Jira itself."""

    field_names: dict[str, str]
    statuses: dict[str, tuple[str, str | None]]

    @property
    def notes(self) -> list[str]:
        """What a person should know of the reading."""

    @property
    def source_id(self) -> str | None:
        """Which Jira this is, where the source knows better than its issues."""

    @property
    def as_of(self) -> datetime | None:
        """The server's time at which a live source was read, naive UTC; None for an export."""

    @property
    def cursors(self) -> dict[str, str]:
        """Where the next reading begins, by scope."""

    @property
    def presence(self) -> dict[int, str]:
        """Issue id → what a census found it to be now."""

    def issues(self) -> Iterator[tuple[Json, str]]:
        """Give (issue, place); the place is for messages."""


def extract(source: Source, folder: Path) -> Manifest:
    """Store every issue of the source under `folder`. Raises `InputError` at the first that is none.

    The whole source is read before anything appears, so a broken line leaves no trace.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"{folder}: cannot be made a folder; give --home a place where you may write") from error
    _clear_after_killed(folder)
    partial = folder / f".extract-{os.getpid()}.partial"
    seen = _Seen()
    try:
        with partial.open("wb") as file, gzip.GzipFile("", "wb", 1, file, mtime=0) as packed:
            for issue, place in source.issues():
                packed.write(seen.line(issue, place))
        if not seen.n_issues and source.as_of is not None:
            return _nothing_new(source, source.as_of)
        if not seen.n_issues or seen.latest is None:
            raise InputError(
                "the source holds no issues; check the export, for an empty week would look like a good one"
            )
        name = f"{seen.digest.hexdigest()[:16]}.jsonl.gz"
        partial.replace(folder / name)
    finally:
        partial.unlink(missing_ok=True)
    manifest = Manifest(
        file=name,
        source_id=source.source_id or f"jira:{seen.host}",
        n_issues=seen.n_issues,
        as_of=source.as_of or seen.latest,
        field_names={clean(key): clean(told) for key, told in sorted((seen.names() | source.field_names).items())},
        statuses={clean(key): (clean(told), kind) for key, (told, kind) in sorted(source.statuses.items())},
        cursors=source.cursors,
        presence=source.presence,
    )
    manifest.write(folder)
    return manifest


def _nothing_new(source: Source, as_of: datetime) -> Manifest:
    """No raw file, but the cursors move on, and what a census found is stored."""
    return Manifest(
        file="",
        source_id=source.source_id or UNNAMED,
        n_issues=0,
        as_of=as_of,
        field_names=dict(source.field_names),
        statuses=dict(source.statuses),
        cursors=source.cursors,
        presence=source.presence,
    )


def _clear_after_killed(folder: Path) -> None:
    """Remove what readings have begun whose process is no more."""
    for left in folder.glob(".extract-*.partial"):
        pid = left.name.split("-")[1].partition(".")[0]
        try:
            os.kill(int(pid), 0)
        except (ProcessLookupError, ValueError, OverflowError):
            left.unlink(missing_ok=True)
        except PermissionError:  # it is somebody else's, and goes on
            continue


class _Seen:
    """What the lines written so far tell together."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.n_issues = 0
        self.latest: datetime | None = None
        self.host = ""
        self._names: dict[str, tuple[datetime, str]] = {}

    def names(self) -> dict[str, str]:
        """Field id → name, as the newest changelog item spells it."""
        return {field_id: name for field_id, (_, name) in self._names.items()}

    def line(self, issue: Json, place: str) -> bytes:
        """The issue as a raw line, after looking at it."""
        self._check(issue, place)
        self._note(issue, place)
        line = self._dumped(issue, place)
        self.digest.update(line)
        self.n_issues += 1
        return line

    def _dumped(self, issue: Json, place: str) -> bytes:
        try:
            line = json.dumps(issue, separators=(",", ":")).encode() + b"\n"
        except RecursionError:
            line = b""
        if not line or _is_deeper(line, MAX_NESTING):
            raise InputError(f"{place}: issue {issue['id']}: nested too deep to be an issue; mend or drop it")
        return line

    def _check(self, issue: Json, place: str) -> None:
        if not _is_number(issue.get("id")):
            raise InputError(f"{place}: the issue has no numeric id; export with Jira's own ids")
        fields = issue.get("fields")
        if not isinstance(fields, dict) or not issue.get("key"):
            raise InputError(f"{place}: issue {issue['id']} has no key or no fields; export all fields")
        for name in ("created", "updated"):
            if parse_moment(fields.get(name)) is None:
                raise InputError(
                    f"{place}: issue {issue['id']}: field {name} is missing or not a time; export all fields"
                )
        for what, parts in (
            ("changelog entry", _histories(issue)),
            ("comment", _entries(fields, "comment")),
            ("worklog", _entries(fields, "worklog")),
            ("link", fields.get("issuelinks") or []),
        ):
            if not isinstance(parts, list) or not all(
                isinstance(p, Mapping) and _is_number(p.get("id")) for p in parts
            ):
                raise InputError(f"{place}: issue {issue['id']}: a {what} has no numeric id; export it again")
        for history in _histories(issue):
            items = history.get("items") or []
            if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
                raise InputError(
                    f"{place}: issue {issue['id']}: a changelog entry has no list of items; export it again"
                )

    def _note(self, issue: Json, place: str) -> None:
        host = _host(issue.get("self"))
        if self.host and host != self.host:
            raise InputError(f"{place}: an issue of {host} among those of {self.host}; give one Jira at a time")
        self.host = host
        created = parse_moment(issue["fields"]["created"])
        moments = [created, parse_moment(issue["fields"]["updated"])]
        for history in _histories(issue):
            moment = parse_moment(history.get("created")) or created
            moments.append(moment)
            for item in history.get("items") or ():
                if item.get("fieldId") and moment is not None:
                    told = (moment, str(item.get("field")))
                    field_id = str(item["fieldId"])
                    self._names[field_id] = max(told, self._names.get(field_id, told))
        for field in ("comment", "worklog"):
            moments += [parse_moment(one.get("created")) for one in _entries(issue["fields"], field)]
        times = [moment for moment in moments if moment]
        self.latest = max(times if self.latest is None else [self.latest, *times])


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and NUMBER.fullmatch(str(value)) is not None


def _histories(issue: Json) -> Any:
    log = issue.get("changelog")
    return log.get("histories") or [] if isinstance(log, Mapping) else []


def _entries(fields: Json, field: str) -> Any:
    """Comments or worklogs: a block with its count, as Jira sends it, or the bare list that some exports make of it."""
    block = fields.get(field)
    return block.get(f"{field}s") or [] if isinstance(block, Mapping) else block or []


def _host(address: object) -> str:
    try:
        return urlsplit(str(address or "")).netloc.rpartition("@")[2].lower() or UNNAMED
    except ValueError:
        return UNNAMED


def _is_deeper(line: bytes, depth: int) -> bool:
    """Whether brackets stand in each other deeper than that: innermost pairs are struck out, level by level."""
    rest = line.translate(None, NO_BRACKETS)
    for _ in range(depth):
        fewer = rest.replace(b"[]", b"").replace(b"{}", b"")
        if len(fewer) == len(rest):
            return False
        rest = fewer
    return True
