"""Erasing a ticket, a person, or all words older than the desk keeps them: from everything that the desk's home holds.

Counts stay, for an erased ticket keeps its times, statuses, mapped fields, tags and verdicts; it is listed as "a ticket
that was erased". The warehouse is made anew from `state` and the raw lines, so that nothing is left in its file, and
takes the old one's place. What was cut off at any moment is ended by the next erasing, whatever that is asked to erase.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from analysis.errors import InputError
from analysis.taxonomy import read_criteria
from analysis.warehouse import Warehouse
from analysis.warehouse_copies import blank_actions, copy_state, replace_in_state
from pipelines.backup import Store, make_backup
from pipelines.desk_lock import leave_copy
from pipelines.erased_files import (
    Wanted,
    begin,
    begun,
    drop_models,
    drop_pages,
    end,
    erase_raw,
    erase_texts,
    patterns_of,
    words_of,
)
from pipelines.erased_words import hash_of_person
from pipelines.erasing import ERASED_TICKET, Erasures
from pipelines.known import existing_warehouse
from pipelines.published_copy import remove_copy
from pipelines.restore import rebuild
from pipelines.settings import Settings
from pipelines.weekly import run_report

Say = Callable[[str], None]


@dataclass(frozen=True)
class Erased:
    """Tickets that were erased (none: a person was), raw lines changed, weeks with new pages, what is left to do."""

    n_tickets: int
    n_lines: int
    weeks: tuple[str, ...]
    notes: tuple[str, ...]


def forget(settings: Settings, what: str, run_id: str, now: datetime, say: Say) -> Erased:
    """Erase a ticket (by any key it had, or its id) or an account. Raises `InputError` where nobody knows it."""
    what = what.strip()
    before = _end_what_was_begun(settings, run_id, now, say)
    if before is not None and before[0].is_told_by(what):
        return before[1]
    with existing_warehouse(settings.warehouse_file) as warehouse:
        wanted = _find(warehouse, what)
    return _erase(settings, wanted, words_of(settings, wanted), run_id, now, say)


def expire(settings: Settings, run_id: str, now: datetime, say: Say) -> Erased | None:
    """Erase the words of tickets that are done and were not updated for as long as `[retention]` says, if it does."""
    days = settings.retention.days
    if not settings.warehouse_file.exists():
        return None
    before = _end_what_was_begun(settings, run_id, now, say)
    if days is None:
        return before[1] if before else None
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
    if not rows:
        say(f"retention: no {'more ' if before else ''}words are older than {days} days")
        return before[1] if before else None
    wanted = Wanted({issue_id: frozenset((key,)) for issue_id, key in rows}, cause="retention")
    return _erase(settings, wanted, {}, run_id, now, say)


def _end_what_was_begun(settings: Settings, run_id: str, now: datetime, say: Say) -> tuple[Wanted, Erased] | None:
    """End an erasing that was cut off, from its beginning: each part of it may be done twice."""
    cut_off = begun(settings)
    if cut_off is None:
        return None
    say("an erasing was cut off; it is ended first")
    return cut_off[0], _erase(settings, *cut_off, run_id, now, say)


def _find(warehouse: Warehouse, what: str) -> Wanted:
    query = "select distinct issue_id from core.ticket_keys where upper(ticket_key) = upper(?)"
    found = warehouse.rows(query, [what])
    if what.isdigit() and not found:
        found = warehouse.rows("select issue_id from core.tickets where issue_id = ?", [int(what)])
    if found:
        keys = warehouse.rows("select ticket_key from core.ticket_keys where issue_id = ?", [found[0][0]])
        return Wanted({found[0][0]: frozenset(key for (key,) in keys)})
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
        raise InputError(
            "neither a ticket's key nor an account id that this desk knows (what was erased is known no more); "
            "look at it in Jira"
        )
    told = warehouse.value("select pseudonym from state.erasures where person_hash = ?", [hash_of_person(what)])
    count = warehouse.value("select count(distinct person_hash) from state.erasures")
    return Wanted({}, what, told or f"erased-person-{count + 1}")


def _remember(warehouse: Warehouse, wanted: Wanted, run_id: str, now: datetime) -> None:
    """Write down once what is erased, so that it is not read again; of a person only a hash."""
    common = {"run_id": run_id, "recorded_at": now, "effective_at": now, "cause": wanted.cause}
    if wanted.account:
        known = warehouse.rows("select 1 from state.erasures where pseudonym = ?", [wanted.pseudonym])
        told = {"person_hash": hash_of_person(wanted.account), "pseudonym": wanted.pseudonym}
        warehouse.append_events("state.erasures", [] if known else [common | told])
        return
    updated: dict[int, datetime] = dict(warehouse.rows("select issue_id, updated_at from core.tickets"))
    until = {one: updated[one] if wanted.cause == "retention" else None for one in wanted.tickets}
    there = set(warehouse.rows("select issue_id, cause, updated_until from state.erasures"))
    new = [one for one in wanted.tickets if (one, wanted.cause, until[one]) not in there]
    warehouse.append_events("state.erasures", [common | {"issue_id": one, "updated_until": until[one]} for one in new])


def _erase(settings: Settings, wanted: Wanted, words: dict[str, str], run_id: str, now: datetime, say: Say) -> Erased:
    criteria = read_criteria(settings.criteria_folder)
    begin(settings, wanted, words)
    with Warehouse.open(settings.warehouse_file) as warehouse:
        _remember(warehouse, wanted, run_id, now)
        erasures = Erasures.of(warehouse, criteria)
        clock = warehouse.rows("select as_of, week from core.clock")
        was_learned = _was_learned(warehouse, wanted)
    n_lines = erase_raw(settings, wanted, erasures, words)
    say(f"raw: {n_lines} lines changed")
    patterns = patterns_of(wanted, words)
    if patterns:
        for folder in (settings.criteria_folder, settings.inputs):
            erase_texts(folder, patterns)
    weeks = drop_pages(settings, wanted, words)
    notes = drop_models(settings, was_learned)
    as_of, week = (clock[0][0].isoformat(), clock[0][1]) if clock else (None, None)
    _renew(settings, wanted, patterns, as_of, week, run_id, say)
    if week is not None:
        for one in sorted(weeks - {week}) + [week] * (week in weeks or bool(weeks)):
            run_report(settings, say, week=one, until=clock[0][0], run_id=run_id)
    notes += _renew_backups(settings, now, say)
    end(settings)
    return Erased(len(wanted.tickets), n_lines, tuple(f"{one:%G-W%V}" for one in sorted(weeks)), notes)


def _was_learned(warehouse: Warehouse, wanted: Wanted) -> bool:
    """Whether a classifier of the desk may have learned words from one of the tickets."""
    query = "select count(*) from state.answers where issue_id in (select unnest(?))"
    return bool(warehouse.value(query, [list(wanted.tickets)]))


def _renew(
    settings: Settings,
    wanted: Wanted,
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
