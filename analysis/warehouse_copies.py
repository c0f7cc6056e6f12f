"""Copies of a warehouse in other files: `mart` for everybody who reads, `state` to be kept and brought back.

The file that is copied is opened read only and must have no writer, such as the copy for readers.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from analysis.errors import InputError, WarehouseError
from analysis.table_files import SCHEMAS, SQL, files_of_schema

ABOUT = {
    "as_of": "the moment of which the tables tell, UTC",
    "published_at": "when this copy was made, UTC",
    "week": "Monday of the reported week",
    "reporting_zone": "time zone in which weeks are cut",
    "source_id": "which Jira the tickets come from",
}
ABOUT_GRAIN = "one row that tells how old this copy is"
KEPT_OF_RAW = ("raw.extracts", "raw.fields", "raw.statuses")


def copy_mart(source: Path, target: Path, published_at: datetime) -> datetime:
    """Write every table and view of `mart` as a table of a new file, with comments, and `mart.about`.

    Gives the moment (naive UTC) of which it tells. Raises `WarehouseError` where nothing was measured yet.
    """
    with _side_by_side(source, target) as connection:
        clock = connection.execute("select as_of, week, reporting_zone from kept.core.clock").fetchone()
        if clock is None:
            raise WarehouseError(f"{source}: nothing was measured yet; run `escalations run` first")
        connection.execute("create schema made.mart")
        there = _tables(connection)
        for table in (one for one in files_of_schema("mart") if one.name in there):
            connection.execute(f"create table made.{table.name} as select * from kept.{table.name}")
            _comment(connection, f"made.{table.name}", table.grain, table.columns)
        connection.execute(
            """
            create table made.mart.about as
            select k.as_of, cast(? as timestamp) as published_at, k.week, k.reporting_zone, m.source_id
            from kept.core.clock k, kept.state.meta m
            """,
            [published_at],
        )
        _comment(connection, "made.mart.about", ABOUT_GRAIN, ABOUT)
    as_of: datetime = clock[0]
    return as_of


def write_parquet(source: Path, folder: Path) -> None:
    """Write every table of a copy's `mart` into the folder as a Parquet file of its name."""
    with _opened() as connection:
        connection.execute(f"attach {_quoted(source)} as kept (read_only)")
        for name in _tables(connection):
            file = folder / f"{name.removeprefix('mart.')}.parquet"
            connection.execute(f"copy kept.{name} to {_quoted(file)} (format parquet, compression zstd)")


def about(copy: Path) -> tuple[datetime, datetime]:
    """Of which moment a copy tells, and when it was made, both naive UTC. Raises `WarehouseError`."""
    try:
        with _opened() as connection:
            connection.execute(f"attach {_quoted(copy)} as kept (read_only)")
            row = connection.execute("select as_of, published_at from kept.mart.about").fetchone()
    except duckdb.Error as error:
        raise WarehouseError(f"{copy}: cannot be read; remove it, and the next run makes a new one") from error
    if row is None:
        raise WarehouseError(f"{copy}: does not tell its age; remove it, and the next run makes a new one")
    return row[0], row[1]


def copy_state(source: Path, target: Path) -> None:
    """Write `state`, and what `raw` knows of the raw files, into a new file: with the raw lines it is all there is."""
    with _side_by_side(source, target) as connection:
        for name in _state_tables(connection):
            connection.execute(f"create schema if not exists made.{name.partition('.')[0]}")
            connection.execute(f"create table made.{name} as select * from kept.{name} order by rowid")


def begin_from_state(source: Path, target: Path) -> None:
    """Begin a new warehouse with a copied `state`; what is derived is not there yet. Raises `InputError`.

    The migrations are applied up to the copy's version; opening the warehouse then applies those that came later.
    """
    try:
        with _side_by_side(source, target) as connection:
            row = connection.execute("select schema_version from kept.state.meta").fetchone()
            version = int(row[0]) if row else 0
            scripts = sorted((SQL / "state" / "migrations").glob("*.sql"))
            numbered = {int(script.stem.partition("_")[0]): script for script in scripts}
            if version > max(numbered):
                raise WarehouseError(f"{source}: written by a newer program (state version {version}); upgrade first")
            connection.execute("use made")
            for schema in SCHEMAS:
                connection.execute(f"create schema {schema}")
            for number, script in numbered.items():
                if number <= version:
                    connection.execute(script.read_text(encoding="utf-8"))
            for table in files_of_schema("raw"):
                connection.execute(table.body)
            connection.execute("delete from state.meta")
            events = 0
            for name in _state_tables(connection):
                connection.execute(f"insert into made.{name} by name select * from kept.{name} order by rowid")
                if name.startswith("state.") and name != "state.meta":
                    newest = connection.execute(f"select coalesce(max(event_id), 0) from kept.{name}").fetchone()
                    events = max(events, newest[0] if newest else 0)
            connection.execute("select count(nextval('state.event_ids')) from range(?)", [events])
    except duckdb.Error as error:
        raise InputError(f"{source}: is not the state of a warehouse; give another backup") from error


def replace_in_state(copy: Path, replaced: Sequence[tuple[str, str]]) -> None:
    """Put other words in the place of what regular expressions find, in every text of a copied `state`, in any case."""
    with _opened() as connection:
        connection.execute(f"attach {_quoted(copy)} as made")
        columns = connection.execute("""
            select table_schema || '.' || table_name, column_name from information_schema.columns
            where table_catalog = 'made' and table_schema = 'state' and data_type = 'VARCHAR'
        """).fetchall()
        for name, column in columns:
            for pattern, new in replaced:
                connection.execute(
                    f'update made.{name} set "{column}" = regexp_replace("{column}", ?, ?, \'gi\') '
                    f"where regexp_matches(\"{column}\", ?, 'i')",
                    [pattern, new, pattern],
                )


def blank_actions(copy: Path, issue_id: int, text: str) -> None:
    """Erase the words of an action that is a ticket, in a copied `state`."""
    with _opened() as connection:
        connection.execute(f"attach {_quoted(copy)} as made")
        connection.execute(
            "update made.state.actions set summary = ?, target = null where issue_id = ?", [text, issue_id]
        )


def _tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    query = "select table_schema || '.' || table_name from information_schema.tables where table_catalog = 'kept'"
    return sorted(name for (name,) in connection.execute(query).fetchall())


def _state_tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return [name for name in _tables(connection) if name.startswith("state.") or name in KEPT_OF_RAW]


@contextmanager
def _opened() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_progress_bar = false")
        yield connection
    finally:
        connection.close()


@contextmanager
def _side_by_side(source: Path, target: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """`kept`, read only and the one that names are looked up in, beside the new file `made`."""
    with _opened() as connection:
        connection.execute(f"attach {_quoted(source)} as kept (read_only)")
        connection.execute(f"attach {_quoted(target)} as made")
        connection.execute("use kept")
        connection.execute("begin")  # else each statement is brought to the disk by itself
        yield connection
        connection.execute("commit")
        connection.execute("checkpoint made")


def _comment(connection: duckdb.DuckDBPyConnection, name: str, grain: str, columns: dict[str, str]) -> None:
    connection.execute(f"comment on table {name} is {_quoted(grain)}")
    for column, text in columns.items():
        connection.execute(f'comment on column {name}."{column}" is {_quoted(text)}')


def _quoted(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"
