"""Opens the DuckDB file, runs the SQL files, migrates `state`.

Four schemas, one writer each step: see `analysis/sql/`. A SQL file's header says what the table is, and is
re-applied as comments after every build, for `create or replace` drops them.
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from analysis.errors import NO_ROOM, DiskError, WarehouseError
from analysis.table_files import SCHEMAS, SQL, TableFile, files_of, files_of_schema, table_files

MACROS = SQL / "macros.sql"


def hash_of(*parts: object) -> str:
    """A short hash that changes when any part does."""
    return hashlib.sha256("\0".join(str(part) for part in parts).encode("utf-8", "replace")).hexdigest()[:16]


class Warehouse:
    """One open DuckDB file. Use as a context manager; open late, close early."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, file: Path | None = None) -> None:
        self.connection = connection
        self.path = path  # what messages speak of
        self.file = file or path

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Warehouse"]:
        """Open or make the warehouse, bring `state` to the newest version, make what is missing.

        Raises `WarehouseError` when another process holds the file, when it is no warehouse, or when a newer
        program wrote it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = duckdb.connect(str(path))
        except duckdb.IOException as error:
            raise (
                DiskError(f"{path}: {NO_ROOM}") if _is_full(error) else WarehouseError(_why_not_open(path, error))
            ) from error
        try:
            warehouse = cls(connection, path)
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            if warehouse.value("select path from duckdb_databases() where database_name = current_database()") is None:
                raise WarehouseError(f"{path}: not a DuckDB file; give --warehouse a name ending in .duckdb")
            warehouse._prepare()
            yield warehouse
        except duckdb.Error as error:
            if not _is_full(error):
                raise
            raise DiskError(f"{path}: {NO_ROOM}") from error
        finally:
            connection.close()

    @classmethod
    @contextmanager
    def read(cls, path: Path, called: Path) -> Iterator["Warehouse"]:
        """Open a copy that nobody writes to, read only; messages speak of it as `called`. Raises `WarehouseError`."""
        try:
            connection = duckdb.connect(str(path), read_only=True)
        except duckdb.IOException as error:
            raise WarehouseError(_why_not_open(path, error)) from error
        try:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            yield cls(connection, called, path)
        finally:
            connection.close()

    def _prepare(self) -> None:
        for schema in SCHEMAS:
            self.connection.execute(f"create schema if not exists {schema}")
        self._migrate_state()
        there = self._kinds()
        missing = [table for table in table_files().values() if table.kind == "stored" and table.name not in there]
        if missing:
            with self.transaction():
                for table in missing:
                    self._make(table)

    # -- state ---------------------------------------------------------------------------------------------

    def _migrate_state(self) -> None:
        """Apply the numbered migrations that the file has not seen, all or none."""
        scripts = sorted((SQL / "state" / "migrations").glob("*.sql"))
        newest = int(scripts[-1].stem.partition("_")[0])
        has_meta = self.has("state.meta")
        version = int(self.value("select max(schema_version) from state.meta")) if has_meta else 0
        if version > newest:
            raise WarehouseError(
                f"{self.path}: written by a newer program (state version {version}, this one knows {newest}); "
                "upgrade the program"
            )
        pending = [script for script in scripts if int(script.stem.partition("_")[0]) > version]
        if not pending:
            return
        if version:
            self._keep_state(version)
        with self.transaction():
            for script in pending:
                self.connection.execute(script.read_text(encoding="utf-8"))
            self.connection.execute("update state.meta set schema_version = ?", [newest])
            for table in files_of_schema("state"):
                self._comment(table)

    def _keep_state(self, version: int) -> None:
        """Write what cannot be derived into a file of its own beside the warehouse, before it is migrated."""
        kept = kept_state(self.path, version)
        partial = kept.with_name(f".{kept.name}.partial")
        partial.unlink(missing_ok=True)
        self.connection.execute(f"attach {_quoted(str(partial))} as kept")
        try:
            self.connection.execute("create schema kept.state")
            names = """
                select table_name from duckdb_tables()
                where schema_name = 'state' and database_name = current_database()
            """
            for (name,) in self.rows(names):
                self.connection.execute(f"create table kept.state.{name} as select * from state.{name}")
        finally:
            self.connection.execute("detach kept")
        partial.replace(kept)

    def check_source(self, source_id: str) -> None:
        """Refuse (`WarehouseError`) a source other than the one whose tickets are here."""
        known = self.value("select source_id from state.meta")
        if known is not None and known != source_id:
            raise WarehouseError(
                f"{self.path}: holds the tickets of {known}, not of {source_id}; "
                "give another --warehouse (or --home) for another Jira"
            )

    def claim_source(self, source_id: str) -> None:
        """Remember the source at the first load; refuse another one ever after."""
        self.check_source(source_id)
        self.connection.execute("update state.meta set source_id = ? where source_id is null", [source_id])

    def append_event(self, name: str, event: dict[str, Any]) -> None:
        """Append one event to a table of `state`; its event_id comes from the sequence."""
        columns = ", ".join(event)
        marks = ", ".join("?" for _ in event)
        self.connection.execute(f"insert into {name} ({columns}) values ({marks})", list(event.values()))

    def append_events(self, name: str, events: Iterable[dict[str, Any]]) -> None:
        """Append events in order; columns that one lacks are NULL."""
        listed = list(events)
        if listed:
            schema = self._arrow_schema(name)
            told = pa.schema([field for field in schema if field.name != "event_id"])
            self.connection.register("incoming", pa.Table.from_pylist(listed, schema=told))
            self.connection.execute(f"insert into {name} by name select * from incoming")
            self.connection.unregister("incoming")

    def events(self, name: str, until: datetime) -> list[dict[str, Any]]:
        """The events of a table of `state` that were effective by a moment (naive UTC), in order, without their ids."""
        columns = [column for column in table_files()[name].columns if column != "event_id"]
        rows = self.rows(f"select {', '.join(columns)} from {name} where effective_at <= ? order by event_id", [until])
        return [dict(zip(columns, row, strict=True)) for row in rows]

    # -- reading -------------------------------------------------------------------------------------------

    def value(self, query: str, parameters: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.connection.execute(query, list(parameters)).fetchone()
        return row[0] if row else None

    def rows(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows as tuples; for small results."""
        return self.connection.execute(query, list(parameters)).fetchall()

    def frame(self, query: str, parameters: Sequence[Any] = ()) -> pd.DataFrame:
        """All rows as a data frame."""
        return self.connection.execute(query, list(parameters)).df()

    def has(self, name: str) -> bool:
        """Whether the table or view is there."""
        schema, _, table = name.partition(".")
        query = "select count(*) from information_schema.tables where table_schema = ? and table_name = ?"
        return bool(self.value(query, [schema, table]))

    # -- writing -------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.connection.execute("begin")
        try:
            yield
        except BaseException:
            self.connection.execute("rollback")
            raise
        self.connection.execute("commit")

    def execute(self, statement: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement."""
        self.connection.execute(statement, list(parameters))

    def insert(self, name: str, rows: Iterable[dict[str, Any]]) -> int:
        """Append rows (column → value) to a table; columns that a row lacks are NULL. Gives the number of rows."""
        listed = list(rows)
        if listed:
            incoming = pa.Table.from_pylist(listed, schema=self._arrow_schema(name))
            self.connection.register("incoming", incoming)
            self.connection.execute(f"insert into {name} by name select * from incoming")
            self.connection.unregister("incoming")
        return len(listed)

    def replace(self, name: str, rows: Iterable[dict[str, Any]]) -> None:
        """Make the table hold exactly these rows."""
        self.connection.execute(f"delete from {name}")
        self.insert(name, rows)

    def _arrow_schema(self, name: str) -> pa.Schema:
        return self.connection.sql(f"select * from {name} limit 0").to_arrow_table().schema

    def set_dirty(self, query: str | None) -> int:
        """Fill the temporary table `dirty` with the issue ids of the query; None means every ticket."""
        query = query or "select issue_id from core.tickets"
        self.connection.execute(f"create or replace temp table dirty as select distinct issue_id from ({query})")
        return int(self.value("select count(*) from dirty"))

    def build(self, step: str, *, full: bool) -> None:
        """Build the derived tables of a step: for the tickets in `dirty`, or (`full`) dropped and made anew."""
        kinds = self._kinds()
        for table in files_of(step, "derived"):
            self._fill(table, kinds.get(table.name), full=full)

    def remake(self, step: str) -> None:
        """Drop and make anew, empty, the stored tables of `core` and `raw` that a step writes."""
        for table in files_of(step, "stored"):
            self.connection.execute(f"drop table if exists {table.name} cascade")
            self._make(table)

    def build_mart(self) -> None:
        """Fill the tables of `mart`, and make its views anew where their files changed, each after what it reads."""
        stale = self.is_mart_stale()
        if stale:
            self.connection.execute(MACROS.read_text(encoding="utf-8"))
        kinds = self._kinds()
        for table in files_of_schema("mart"):
            kind = kinds.get(table.name)
            if table.kind == "view" and stale:
                self._drop(table.name, kind)
                self.connection.execute(f"create view {table.name} as {table.body}")
                self._comment(table)
            elif table.kind == "derived":
                self._fill(table, kind, full=stale)
        if stale:
            self.connection.execute("delete from core.builds where step = 'mart'")
            self.connection.execute("insert into core.builds values ('mart', 0, '', ?)", [shape_of_all()])

    def is_mart_stale(self) -> bool:
        """Whether the SQL files are others than those by which `mart` was made.

        A view keeps the types of what it reads, so one changed table makes every view stale.
        """
        rows = self.rows("select hash from core.builds where step = 'mart'")
        return rows != [(shape_of_all(),)]

    def _fill(self, table: TableFile, kind: str | None, *, full: bool) -> None:
        if full or table.refresh == "full" or kind != "BASE TABLE":
            self._drop(table.name, kind)  # at the commit, a table that goes costs less than millions of rows that do
            self.connection.execute("create temp table if not exists dirty (issue_id bigint)")
            self.connection.execute(f"create table {table.name} as {table.body}")
            self._comment(table)
        else:
            self.connection.execute(f"delete from {table.name} where issue_id in (select issue_id from dirty)")
            self.connection.execute(f"insert into {table.name} by name {table.body}")

    def _kinds(self) -> dict[str, str]:
        """Name → BASE TABLE or VIEW of all that there is; asking for each costs more than making a small one."""
        query = "select table_schema || '.' || table_name, table_type from information_schema.tables"
        return dict(self.connection.execute(query).fetchall())

    def _drop(self, name: str, kind: str | None) -> None:
        """Drop what has that name; a newer program may make a table of what was a view."""
        if kind:
            self.connection.execute(f"drop {'view' if kind == 'VIEW' else 'table'} {name}")

    def _make(self, table: TableFile) -> None:
        self.connection.execute(table.body)
        self._comment(table)

    def _comment(self, table: TableFile) -> None:
        what = "view" if table.kind == "view" else "table"
        columns = (
            f'comment on column {table.name}."{name}" is {_quoted(text)}' for name, text in table.columns.items()
        )
        self.connection.execute("; ".join((f"comment on {what} {table.name} is {_quoted(table.grain)}", *columns)))


def kept_state(warehouse: Path, version: int) -> Path:
    """Where `state` of an earlier version is kept when a newer program migrates it."""
    return warehouse.with_name(f"{warehouse.name}.state-v{version}.duckdb")


def shape_of_all() -> str:
    """A hash of all SQL files: programs that differ in it do not read each other's tables."""
    return hash_of(
        MACROS.read_text(encoding="utf-8"),
        *(f"{table.grain}{table.columns}{table.body}" for table in table_files().values()),
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _is_full(error: duckdb.Error) -> bool:
    """Whether the operating system had no room; DuckDB hands on its words only."""
    return os.strerror(errno.ENOSPC) in str(error)


def _why_not_open(path: Path, error: duckdb.IOException) -> str:
    message = str(error)
    if "lock" in message.lower():
        holder = re.search(r"PID (\d+)", message)
        who = f" (process {holder[1]})" if holder else ""
        return f"{path}: another run has it open{who}; wait until it has ended and try again"
    return f"{path}: cannot be opened as a warehouse; is it a DuckDB file, and may you write there?"
