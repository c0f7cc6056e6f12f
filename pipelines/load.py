"""STEP load: raw lines → core, in one transaction with the cursor; then what follows from the changelog."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.table_files import files_of, table_files
from analysis.taxonomy import Criteria
from analysis.text import parse_moment
from analysis.warehouse import Warehouse, hash_of
from pipelines.field_catalogue import FieldCatalogue
from pipelines.known import NOT_TIMES, cursors
from pipelines.raw_files import Manifest, raw_lines
from pipelines.site_tables import site_tables

Rows = dict[str, list[dict[str, Any]]]
Normaliser = Callable[[dict[str, Any], FieldCatalogue], Rows | None]
Batch = dict[int, tuple[dict[str, Any], dict[str, Any]]]
BATCH = 2000
BASE_TABLES = ("tickets", "ticket_keys", "field_values", "changes", "comments", "own_comments", "worklogs", "links")


@dataclass(frozen=True)
class Loaded:
    """What a load did: issues in the warehouse, and those new or changed."""

    n_tickets: int
    n_changed: int


def load(
    warehouse: Warehouse,
    folder: Path,
    manifest: Manifest,
    criteria: Criteria,
    normaliser: Normaliser,
    version: object,
    run_id: str = "",
) -> Loaded:
    """Bring the warehouse to what the raw file says. All or nothing; the same file again changes nothing.

    `normaliser` gives an issue's rows by table, or None for an issue to leave out; when `version` changes, every
    raw line is read again.
    """
    with warehouse.transaction():
        warehouse.claim_source(manifest.source_id)
        names = dict(warehouse.rows("select field_id, field_name from raw.fields")) | manifest.field_names
        catalogue = FieldCatalogue.of(criteria.site, names)
        base_hash = hash_of(version, sorted(catalogue.roles.items()), *_bodies("stored"))
        told = warehouse.rows("select status_id, status, status_category from raw.statuses")
        statuses = {status_id: (status, category) for status_id, status, category in told} | manifest.statuses
        tables = site_tables(criteria, catalogue.roles)
        build_hash = hash_of(base_hash, tables, sorted(statuses.items()), *_bodies("derived"))
        built = warehouse.rows("select batch_no, base_hash, hash from core.builds where step = 'load'")
        extracts = warehouse.rows("select file, source_id, as_of, n_issues from raw.extracts order by rowid")
        files = [file for file, *_ in extracts]
        again = bool(files) and (not built or built[0][1] != base_hash)
        if again:
            warehouse.remake("load")
        batch_no = (built[0][0] if built else 0) + 1
        _snapshots(warehouse, names, statuses)
        warehouse.execute("create or replace temp table linked_before (issue_id bigint)")
        changed = 0
        is_new = manifest.file != "" and manifest.file not in files
        for file in [*(files if again else []), *([manifest.file] if is_new else [])]:
            changed += _read_in(warehouse, folder, file, catalogue, batch_no, normaliser)
        changed += _mark_presence(warehouse, manifest, run_id, batch_no)
        full = again or not built or built[0][2] != build_hash
        if full:
            for name, rows in tables.items():
                warehouse.replace(f"core.{name}", rows)
        if changed or full:
            derive(warehouse, batch_no, full=full)
            warehouse.execute("delete from core.builds where step = 'load'")
            build = {"step": "load", "batch_no": batch_no, "base_hash": base_hash, "hash": build_hash}
            warehouse.insert("core.builds", [build])
        new = (manifest.file, manifest.source_id, manifest.as_of, manifest.n_issues)
        _note_extracts(warehouse, [*(extracts if again else []), *([new] if is_new else [])])
        later = "update raw.extracts set as_of = greatest(as_of, ?) where file = ?"  # the same lines were read again
        warehouse.execute(later, [manifest.as_of, manifest.file])
        _move_cursors(warehouse, manifest, run_id)
    n_tickets = int(warehouse.value("select count(*) from core.tickets"))
    return Loaded(n_tickets, changed)


def _move_cursors(warehouse: Warehouse, manifest: Manifest, run_id: str) -> None:
    """Store where the next reading begins, in the transaction of what was read."""
    known = cursors(warehouse)
    for scope, position in manifest.cursors.items():
        before = known.get(scope)
        # an older raw file that is loaded again must not move a cursor back
        if before is None or (position != before if scope in NOT_TIMES else position > before):
            told = {"run_id": run_id, "recorded_at": manifest.as_of, "effective_at": manifest.as_of}
            warehouse.append_event("state.cursors", told | {"scope": scope, "position": position})


def _mark_presence(warehouse: Warehouse, manifest: Manifest, run_id: str, batch_no: int) -> int:
    """Store what a census found, and have what follows made anew for it. Gives the number of tickets marked.

    An older census that is loaded late, or one that is loaded again, does not undo what a newer one found.
    """
    query = "select issue_id, max_by(presence, event_id), max(effective_at) from state.presence group by issue_id"
    known = {issue_id: last for issue_id, *last in warehouse.rows(query)} if manifest.presence else {}
    marked = []
    for issue_id, presence in manifest.presence.items():
        last, since = known.get(issue_id, (None, None))
        if last != presence and (since is None or since <= manifest.as_of):
            told = {"run_id": run_id, "recorded_at": manifest.as_of, "effective_at": manifest.as_of}
            warehouse.append_event("state.presence", told | {"issue_id": issue_id, "presence": presence})
            marked.append(issue_id)
    warehouse.execute("update raw.issues set batch_no = ? where issue_id in (select unnest(?))", [batch_no, marked])
    return len(marked)


def _bodies(kind: str) -> list[str]:
    return [table.body for table in files_of("load", kind)]


def _snapshots(warehouse: Warehouse, names: dict[str, str], statuses: dict[str, tuple[str, str | None]]) -> None:
    warehouse.replace("raw.fields", ({"field_id": k, "field_name": v} for k, v in sorted(names.items())))
    known = ({"status_id": k, "status": s, "status_category": c} for k, (s, c) in sorted(statuses.items()))
    warehouse.replace("raw.statuses", known)


def _note_extracts(warehouse: Warehouse, rows: Iterable[tuple[Any, ...]]) -> None:
    columns = ("file", "source_id", "as_of", "n_issues")
    warehouse.insert("raw.extracts", (dict(zip(columns, row, strict=True)) for row in rows))


# -- raw lines → stored rows -------------------------------------------------------------------------------


def _read_in(
    warehouse: Warehouse, folder: Path, file: str, catalogue: FieldCatalogue, batch_no: int, normaliser: Normaliser
) -> int:
    """Normalise the lines that are new or changed. Gives how many."""
    changed = 0
    for batch in _batches(folder, file, batch_no):
        fresh = _fresh(warehouse, batch)
        rows = {issue_id: normaliser(batch[issue_id][1], catalogue) for issue_id in fresh}
        kept = {issue_id: part for issue_id, part in rows.items() if part is not None}
        _read_again(warehouse, [index for issue_id, (index, _) in batch.items() if issue_id not in kept])
        _store(warehouse, [batch[issue_id][0] for issue_id in kept], list(kept.values()))
        changed += len(kept)
    return changed


def _read_again(warehouse: Warehouse, index: list[dict[str, Any]]) -> None:
    """Note that what is stored was found unchanged in a newer raw file; it then counts as settled."""
    if index:
        warehouse.execute("create or replace temp table again as select * from raw.issues limit 0")
        warehouse.insert("again", index)
        warehouse.execute("""
            update raw.issues set file = a.file, line_no = a.line_no from again a
            where raw.issues.issue_id = a.issue_id and raw.issues.content_hash = a.content_hash
        """)


def _batches(folder: Path, file: str, batch_no: int) -> Iterator[Batch]:
    """Lines in batches, by issue id: (row of raw.issues, issue). An issue that comes again begins a new batch."""
    batch: Batch = {}
    for number, line in raw_lines(folder, file):
        issue = json.loads(line)
        issue_id = int(issue["id"])
        if len(batch) == BATCH or issue_id in batch:
            yield batch
            batch = {}
        index = {"issue_id": issue_id, "file": file, "line_no": number, "batch_no": batch_no}
        index |= {"content_hash": hash_of(line.decode()), "updated_at": parse_moment(issue["fields"]["updated"])}
        batch[issue_id] = (index, issue)
    if batch:
        yield batch


def _fresh(warehouse: Warehouse, newest: Batch) -> list[int]:
    """Ids of those that differ from what is stored and are not older."""
    known = {
        issue_id: (content_hash, updated)
        for issue_id, content_hash, updated in warehouse.rows(
            "select issue_id, content_hash, updated_at from raw.issues where issue_id in (select unnest(?))",
            [list(newest)],
        )
    }
    return [
        issue_id
        for issue_id, (index, _) in newest.items()
        if issue_id not in known
        or (known[issue_id][0] != index["content_hash"] and known[issue_id][1] <= index["updated_at"])
    ]


def _store(warehouse: Warehouse, index: list[dict[str, Any]], parts: list[Rows]) -> None:
    if not parts:
        return
    ids = [row["issue_id"] for row in index]
    known = [
        i for (i,) in warehouse.rows("select issue_id from raw.issues where issue_id in (select unnest(?))", [ids])
    ]
    if known:
        _keep_known_changes(warehouse, parts, set(known))
        targets = "select target_id from core.links where issue_id in (select unnest(?)) and target_id is not null"
        warehouse.execute(f"insert into linked_before {targets}", [known])
        for name in ("raw.issues", *(f"core.{table}" for table in BASE_TABLES)):
            warehouse.execute(f"delete from {name} where issue_id in (select unnest(?))", [known])
    warehouse.insert("raw.issues", index)
    for table in BASE_TABLES:
        warehouse.insert(f"core.{table}", (row for part in parts for row in part[table]))


def _keep_known_changes(warehouse: Warehouse, parts: Iterable[Rows], known: set[int]) -> None:
    """Where a source gives less than the whole changelog, what an earlier one gave stays."""
    for part in parts:
        ticket = part["tickets"][0]
        if ticket["changelog"] == "whole" or ticket["issue_id"] not in known:
            continue
        columns = list(table_files()["core.changes"].columns)
        query = f"select {', '.join(columns)} from core.changes where issue_id = ?"
        stored = [dict(zip(columns, row, strict=True)) for row in warehouse.rows(query, [ticket["issue_id"]])]
        mine = {(row["history_id"], row["item_no"]) for row in part["changes"]}
        part["changes"] += [row for row in stored if (row["history_id"], row["item_no"]) not in mine]
        if stored:
            ticket["changelog"] = "partial"


# -- stored rows → what follows ----------------------------------------------------------------------------

LINKED = """
    with changed as (
        select issue_id from raw.issues where batch_no = {batch} union select issue_id from linked_before
    ),
    near as (
        select issue_id from changed
        union select l.target_id from core.links l join changed c using (issue_id) where l.target_id is not null
        union select l.issue_id from core.links l join changed c on c.issue_id = l.target_id
    )
    select issue_id from near
    union select l.target_id from core.links l join near n using (issue_id) where l.target_id is not null
    union select l.issue_id from core.links l join near n on n.issue_id = l.target_id
"""
STATUSES = "select list(s order by s.status_key) from core.statuses s"


def derive(warehouse: Warehouse, batch_no: int, *, full: bool) -> None:
    """Make anew what follows from the changelog, for changed issues and those linked to them, two links far.

    A duplicate passes its Tier 3 touch on, and that touch may itself come from a linked engineering issue.
    """
    if not full:
        before = warehouse.value(STATUSES)
        warehouse.set_dirty(LINKED.format(batch=int(batch_no)))
        warehouse.build("load", full=False)
        # a status that changed its meaning changes tickets that did not change themselves
        full = before != warehouse.value(STATUSES)
    if full:
        warehouse.set_dirty(None)
        warehouse.build("load", full=True)
    warehouse.execute("update raw.issues set batch_no = ? where issue_id in (select issue_id from dirty)", [batch_no])


def notes(warehouse: Warehouse, criteria: Criteria) -> Iterator[str]:
    """What a person should know about how site.toml fits this Jira."""
    catalogue = FieldCatalogue.of(criteria.site, dict(warehouse.rows("select field_id, field_name from raw.fields")))
    aside = cursors(warehouse).get("set_aside")
    if aside:
        yield f"Jira failed to give {len(aside.split())} issues, which the numbers lack until it does: ids {aside}"
    unknown = warehouse.rows("select status from core.statuses where not is_known order by status")
    if unknown:
        names = ", ".join(status for (status,) in unknown)
        yield f"status of unknown category, counted as not done: {names}; add it to statuses in site.toml"
    missing = sorted({name for field_id, name in catalogue.roles.values() if field_id is None})
    if missing:
        yield f"fields of site.toml that this source does not show: {', '.join(missing)}; map them there by name or id"
    if warehouse.value("select count(*) = 0 from core.tier_stays where tier is not null"):
        yield "no ticket shows a tier, so nothing counts as escalated; say in site.toml where this Jira shows it"
    rows = warehouse.rows(
        "select changelog, count(*) from core.tickets where changelog <> 'whole' group by 1 order by 1"
    )
    for state, count in rows:
        what = "no" if state == "none" else "a partial"
        yield f"{count} issues with {what} changelog; they are left out of the shares"
