"""Erasing a ticket, a person, or all words older than the desk keeps them: from everything that the desk's home holds.

Counts stay, for an erased ticket keeps its times, statuses, mapped fields, tags and verdicts; it is listed as "a ticket
that was erased". The warehouse is made anew from `state` and the raw lines, so that nothing is left in its file, and
takes the old one's place at the end: who is cut off before gives the same command again.
"""

import gzip
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from analysis.errors import InputError
from analysis.measure import parse_week
from analysis.taxonomy import read_criteria
from analysis.warehouse import Warehouse
from analysis.warehouse_copies import blank_actions, copy_state, replace_in_state
from pipelines.backup import Store, make_backup
from pipelines.desk_lock import leave_copy
from pipelines.erasing import (
    ERASED_PERSON,
    ERASED_TICKET,
    Erasures,
    dumped,
    erased_key,
    hash_of_person,
    key_pattern,
    names_of,
    renamed_keys,
    renamed_persons,
)
from pipelines.known import existing_warehouse
from pipelines.models import IN_FORCE
from pipelines.published_copy import remove_copy
from pipelines.raw_files import raw_lines
from pipelines.restore import rebuild
from pipelines.settings import Settings
from pipelines.weekly import run_report

Say = Callable[[str], None]
TEXTS = frozenset((".toml", ".csv", ".md", ".json", ".jsonl", ".txt"))
HASHED = "escalation_criteria.toml"  # a version that says something else than it did would be refused
WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")


@dataclass(frozen=True)
class Erased:
    """Tickets that were erased (none: a person was), raw lines changed, weeks with new pages, what is left to do."""

    n_tickets: int
    n_lines: int
    weeks: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Wanted:
    """Who or what goes: ids and present keys of tickets, or an account and its pseudonym."""

    tickets: dict[int, frozenset[str]]
    account: str | None = None
    pseudonym: str | None = None
    cause: str = "asked"


def forget(settings: Settings, what: str, run_id: str, now: datetime, say: Say) -> Erased:
    """Erase a ticket (by any key it had, or its id) or an account. Raises `InputError` where nobody knows it."""
    with existing_warehouse(settings.warehouse_file) as warehouse:
        wanted = _find(warehouse, what.strip())
        _remember(warehouse, wanted, run_id, now)
    return _erase(settings, wanted, run_id, now, say)


def expire(settings: Settings, run_id: str, now: datetime, say: Say) -> Erased | None:
    """Erase the words of tickets that are done and were not updated for as long as `[retention]` says, if it does."""
    days = settings.retention.days
    if days is None or not settings.warehouse_file.exists():
        return None
    with existing_warehouse(settings.warehouse_file) as warehouse:
        rows = warehouse.rows(
            """
            select t.issue_id, t.ticket_key from core.tickets t
            left join core.ticket_facts f using (issue_id)
            left join (
                select issue_id, max(coalesce(updated_until, timestamp '9999-01-01')) as until
                from state.erasures where issue_id is not null group by issue_id
            ) e using (issue_id)
            where t.updated_at < ? and coalesce(f.status_category, t.status_category) = 'done'
                and coalesce(e.until < t.updated_at, true)
            """,
            [now - timedelta(days=days)],
        )
        wanted = _Wanted({issue_id: frozenset((key,)) for issue_id, key in rows}, cause="retention")
        if not rows:
            say(f"retention: no words are older than {days} days")
            return None
        _remember(warehouse, wanted, run_id, now)
    return _erase(settings, wanted, run_id, now, say)


def _find(warehouse: Warehouse, what: str) -> _Wanted:
    query = "select distinct issue_id from core.ticket_keys where upper(ticket_key) = upper(?)"
    found = warehouse.rows(query, [what])
    if what.isdigit() and not found:
        found = warehouse.rows("select issue_id from core.tickets where issue_id = ?", [int(what)])
    if found:
        keys = warehouse.rows("select ticket_key from core.ticket_keys where issue_id = ?", [found[0][0]])
        return _Wanted({found[0][0]: frozenset(key for (key,) in keys)})
    is_known = warehouse.value(
        """
        select exists (from core.changes where author_id = $1 or from_id = $1 or to_id = $1)
            or exists (from core.comments where author_id = $1)
            or exists (from core.worklogs where author_id = $1)
            or exists (from core.tickets where reporter_id = $1 or assignee_id = $1)
            or exists (from core.field_values where value_id = $1)
            or exists (from state.answers where person_id = $1) or exists (from state.rulings where person_id = $1)
            or exists (from state.erasures where person_hash = $2)
        """,
        [what, hash_of_person(what)],
    )
    if not is_known:
        raise InputError("neither a ticket's key nor an account id that this desk knows; look at it in Jira")
    told = warehouse.value("select pseudonym from state.erasures where person_hash = ?", [hash_of_person(what)])
    count = warehouse.value("select count(distinct person_hash) from state.erasures")
    return _Wanted({}, what, told or f"erased-person-{count + 1}")


def _remember(warehouse: Warehouse, wanted: _Wanted, run_id: str, now: datetime) -> None:
    """Write down what is erased, so that it is not read again; of a person only a hash."""
    common = {"run_id": run_id, "recorded_at": now, "effective_at": now, "cause": wanted.cause}
    if wanted.account:
        known = warehouse.rows("select 1 from state.erasures where pseudonym = ?", [wanted.pseudonym])
        told = {"person_hash": hash_of_person(wanted.account), "pseudonym": wanted.pseudonym}
        warehouse.append_events("state.erasures", [] if known else [common | told])
        return
    updated: dict[int, datetime] = dict(warehouse.rows("select issue_id, updated_at from core.tickets"))
    until = {one: updated[one] if wanted.cause == "retention" else None for one in wanted.tickets}
    warehouse.append_events(
        "state.erasures", [common | {"issue_id": one, "updated_until": until[one]} for one in wanted.tickets]
    )


def _erase(settings: Settings, wanted: _Wanted, run_id: str, now: datetime, say: Say) -> Erased:
    criteria = read_criteria(settings.criteria_folder)
    with Warehouse.open(settings.warehouse_file) as warehouse:
        erasures = Erasures.of(warehouse, criteria)
        clock = warehouse.rows("select as_of, week from core.clock")
        was_learned = _was_learned(warehouse, wanted)
    words = _words(settings, wanted)
    n_lines = _erase_raw(settings, wanted, erasures, words)
    say(f"raw: {n_lines} lines changed")
    patterns = _patterns(wanted, words)
    if patterns:
        for folder in (settings.criteria_folder, settings.inputs):
            _erase_texts(folder, patterns)
    weeks = _drop_pages(settings, wanted, words)
    notes = _drop_models(settings, was_learned)
    as_of, week = (clock[0][0].isoformat(), clock[0][1]) if clock else (None, None)
    _renew(settings, wanted, patterns, as_of, week, run_id, say)
    if week is not None:
        for one in sorted(weeks - {week}) + [week] * (week in weeks or bool(weeks)):
            run_report(settings, say, week=one, until=clock[0][0], run_id=run_id)
    notes += _renew_backups(settings, now, say)
    return Erased(len(wanted.tickets), n_lines, tuple(f"{one:%G-W%V}" for one in sorted(weeks)), notes)


def _was_learned(warehouse: Warehouse, wanted: _Wanted) -> bool:
    """Whether a classifier of the desk may have learned words from one of the tickets."""
    query = "select count(*) from state.answers where issue_id in (select unnest(?))"
    return bool(warehouse.value(query, [list(wanted.tickets)]))


def _words(settings: Settings, wanted: _Wanted) -> dict[str, str]:
    """What is written of a person, as it stands anywhere in the raw lines → what stands there instead."""
    if wanted.account is None or wanted.pseudonym is None:
        return {}
    names: set[str] = set()
    for path in sorted(settings.raw.glob("*.jsonl.gz")):
        for _, line in raw_lines(settings.raw, path.name):
            if wanted.account.encode() in line:
                names |= names_of(json.loads(line), wanted.account)
    return dict.fromkeys(names, ERASED_PERSON) | {wanted.account: wanted.pseudonym}


def _patterns(wanted: _Wanted, words: dict[str, str]) -> list[tuple[str, str]]:
    """Regular expressions of what must not be written anywhere, with what stands there instead."""
    if wanted.cause == "retention":
        return []
    keys = [(key_pattern(key), erased_key(one)) for one, found in wanted.tickets.items() for key in sorted(found)]
    longest_first = sorted(words.items(), key=lambda pair: -len(pair[0]))
    return keys + [(rf"\b{re.escape(old)}\b", new) for old, new in longest_first]


# -- raw lines and other files -----------------------------------------------------------------------------


def _erase_raw(settings: Settings, wanted: _Wanted, erasures: Erasures, words: dict[str, str]) -> int:
    """Rewrite every raw file that speaks of it; names stay, for the warehouse knows the files by them."""
    keys = {key: erased_key(one) for one, found in wanted.tickets.items() for key in found}
    renamed = {} if wanted.cause == "retention" else keys
    marks = re.compile("|".join(map(re.escape, (*map(str, wanted.tickets), *renamed, *words))).encode(), re.IGNORECASE)
    n_changed = 0
    for path in sorted(settings.raw.glob("*.jsonl.gz")):
        partial = path.with_name(f".{path.name}.partial")
        n_here = 0
        with partial.open("wb") as file, gzip.GzipFile("", "wb", 1, file, mtime=0) as packed:
            for _, line in raw_lines(settings.raw, path.name):
                new = _new_line(line, erasures, renamed, words) if marks.search(line) else line + b"\n"
                n_here += new != line + b"\n"
                packed.write(new)
        if n_here:
            partial.replace(path)
        partial.unlink(missing_ok=True)
        n_changed += n_here
    for leftover in settings.raw.glob(".*.partial"):  # of an extraction that was cut off
        leftover.unlink()
    return n_changed


def _new_line(line: bytes, erasures: Erasures, renamed: dict[str, str], words: dict[str, str]) -> bytes:
    issue = erasures.apply(json.loads(line))
    return dumped(renamed_persons(renamed_keys(issue, renamed), words))


def _erase_texts(folder: Path | None, patterns: Iterable[tuple[str, str]]) -> None:
    """Replace key or account in what people wrote for the desk, such as members in site.toml."""
    if folder is None or not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix in TEXTS and path.name != HASHED and path.is_file():
            text = told = path.read_text(encoding="utf-8")
            for pattern, new in patterns:
                told = re.sub(pattern, new, told, flags=re.IGNORECASE)
            if told != text:
                partial = path.with_name(f".{path.name}.partial")
                partial.write_text(told, encoding="utf-8")
                partial.replace(path)


def _drop_pages(settings: Settings, wanted: _Wanted, words: dict[str, str]) -> set[date]:
    """Remove the pages of weeks that speak of it, whole; gives those weeks, which are to be made anew."""
    keys = {key for found in wanted.tickets.values() for key in found}
    either = "|".join(re.escape(one) for one in (*keys, *words))
    mark = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
    weeks = set()
    for folder in sorted(settings.reports.glob("*")) if settings.reports.is_dir() else ():
        if not folder.is_dir() or not _speaks_of(folder, mark):
            continue
        shutil.rmtree(folder)
        week = parse_week(folder.name) if WEEK.fullmatch(folder.name) else None
        weeks |= {week} if week else set()
    return weeks


def _speaks_of(folder: Path, mark: re.Pattern[str]) -> bool:
    files = (path for path in folder.rglob("*") if path.is_file())
    return any(mark.search(path.read_text(encoding="utf-8", errors="replace")) for path in files)


def _drop_models(settings: Settings, was_learned: bool) -> tuple[str, ...]:
    if not was_learned or not (settings.models / IN_FORCE).exists():
        return ()
    shutil.rmtree(settings.models)
    return ("the desk's own classifier had learned from it and is gone; `escalations train` makes a new one",)


# -- warehouse and backups ---------------------------------------------------------------------------------


def _renew(
    settings: Settings,
    wanted: _Wanted,
    patterns: list[tuple[str, str]],
    as_of: str | None,
    week: date | None,
    run_id: str,
    say: Say,
) -> None:
    """Make the warehouse anew beside the old one, and put it in its place; no copy of the old one is left."""
    stage = settings.home / f".restore-{os.getpid()}"
    for leftover in settings.home.glob(".restore-*"):
        shutil.rmtree(leftover)
    stage.mkdir()
    try:
        state = stage / "state.duckdb"
        copy_state(settings.warehouse_file, state)
        replace_in_state(state, patterns)
        if wanted.cause != "retention":
            for issue_id in wanted.tickets:
                blank_actions(state, issue_id, ERASED_TICKET)
        fresh = settings.model_copy(update={"warehouse": stage / "warehouse.duckdb"})
        rebuild(fresh, state, as_of, week.isoformat() if week else None, run_id, say)
        remove_copy(settings)
        for kind in ("readers-*", "state-v*"):  # for those who read, and what an upgrade kept of the version before
            for copy in settings.warehouse_file.parent.glob(f"{settings.warehouse_file.name}.{kind}"):
                copy.unlink()
        settings.warehouse_file.with_name(f"{settings.warehouse_file.name}.wal").unlink(missing_ok=True)
        fresh.warehouse_file.replace(settings.warehouse_file)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _renew_backups(settings: Settings, now: datetime, say: Say) -> tuple[str, ...]:
    """In the place of the desk's own backups, which hold it, comes one that does not; others are told of."""
    note = "backups elsewhere, pages that were sent and exports still hold it; remove them where it must be gone there"
    folder = settings.home / "backups"
    if not folder.is_dir():
        return (note,)
    store = Store(str(folder))
    old = store.names()
    leave_copy(settings.warehouse_file)  # what a backup reads
    made = make_backup(settings, str(folder), now, say)
    store.drop([name for name in old if name != made.name])
    return (note,)
