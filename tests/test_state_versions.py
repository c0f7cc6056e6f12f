"""State of every earlier version is brought to the newest with nothing lost, and kept as it was beside the warehouse."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

import analysis.warehouse as under_test
from analysis.table_files import SQL, files_of_schema
from analysis.warehouse import Warehouse, kept_state

SCRIPTS = sorted((SQL / "state" / "migrations").glob("*.sql"))
VERSIONS = [int(script.name[:3]) for script in SCRIPTS]
# A migration that was released never changes: warehouses that have seen it will not see it again.
RELEASED = {
    "001_first.sql": "95e11edea1fc47d7",
    "002_review_draws.sql": "69d1fca9576df7e9",
    "003_actions.sql": "5e6a56801cc5f060",
    "004_published.sql": "a4489690d87367fb",
    "005_families.sql": "84578da1acc7acff",
    "006_rulings.sql": "ca81cbfdf79bf92b",
}
VALUES = {
    "VARCHAR": "'jira:t.example.invalid'",
    "BIGINT": "1001",
    "INTEGER": "1",
    "DOUBLE": "0.25",
    "BOOLEAN": "true",
    "DATE": "date '2026-03-02'",
    "TIMESTAMP": "timestamp '2026-03-02 06:30:00'",
    "VARCHAR[]": "['a', 'b']",
}


def columns_of(connection: duckdb.DuckDBPyConnection, schema: str = "state") -> dict[str, dict[str, str]]:
    """Table → column → type."""
    query = "select table_name, column_name, data_type from duckdb_columns() where schema_name = ? and not internal order by all"
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(query, [schema]).fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def made(path: Path, version: int) -> dict[str, list[tuple[Any, ...]]]:
    """A warehouse of that version with two rows in each table of state; gives these, by table."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema state")
        for script in SCRIPTS[: VERSIONS.index(version) + 1]:
            connection.execute(script.read_text())
        connection.execute("update state.meta set schema_version = ?", [version])
        tables = columns_of(connection)
        for table, columns in tables.items():
            given = {name: VALUES[kind] for name, kind in columns.items() if name != "event_id"}
            for _ in range(0 if table == "meta" else 2):
                told = f"({', '.join(given)}) values ({', '.join(given.values())})"
                connection.execute(f"insert into state.{table} {told}")
        connection.execute("update state.meta set source_id = 'jira:t.example.invalid'")
        return {
            table: connection.execute(f"select {', '.join(columns)} from state.{table} order by all").fetchall()
            for table, columns in tables.items()
        }


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_nothing_is_lost_and_the_old_is_kept(version: int, tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    before = made(path, version)
    with duckdb.connect(str(path)) as connection:
        old = columns_of(connection)
    with Warehouse.open(path) as warehouse:
        assert warehouse.value("select schema_version from state.meta") == VERSIONS[-1]
        for table, rows in before.items():
            if table != "meta":
                columns = ", ".join(old[table])
                assert warehouse.rows(f"select {columns} from state.{table} order by all") == rows, table
        now = columns_of(warehouse.connection)
        assert {table.name[6:]: set(table.columns) for table in files_of_schema("state")} == {
            table: set(columns) for table, columns in now.items()
        }
        newest = warehouse.value("select max(event_id) from state.runs")
        warehouse.append_event("state.runs", {"run_id": "r", "recorded_at": "2026-03-02", "effective_at": "2026-03-02"})
        assert warehouse.value("select max(event_id) from state.runs") > newest  # the sequence goes on
    with duckdb.connect(str(kept_state(path, version)), read_only=True) as kept:
        for table, rows in before.items():
            assert kept.execute(f"select {', '.join(old[table])} from state.{table} order by all").fetchall() == rows


def test_a_new_warehouse_has_nothing_to_keep(tmp_path: Path) -> None:
    for _ in range(2):
        with Warehouse.open(tmp_path / "w.duckdb"):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["w.duckdb"]


def test_a_migration_that_fails_leaves_the_old_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse.open(path) as warehouse:
        warehouse.claim_source("jira:a")
    shutil.copytree(SQL, tmp_path / "sql")
    (tmp_path / "sql" / "state" / "migrations" / "998_good.sql").write_text("alter table state.runs add column x int;")
    (tmp_path / "sql" / "state" / "migrations" / "999_bad.sql").write_text(
        "alter table state.nowhere add column x int;"
    )
    monkeypatch.setattr(under_test, "SQL", tmp_path / "sql")
    with pytest.raises(duckdb.Error), Warehouse.open(path):
        pass
    monkeypatch.undo()
    with Warehouse.open(path) as warehouse:
        assert warehouse.rows("select schema_version, source_id from state.meta") == [(VERSIONS[-1], "jira:a")]
        assert "x" not in columns_of(warehouse.connection)["runs"]
    assert kept_state(path, VERSIONS[-1]).exists()


def test_released_migrations_never_change() -> None:
    found = {script.name: hashlib.sha256(script.read_bytes()).hexdigest()[:16] for script in SCRIPTS}
    assert {name: found.get(name) for name in RELEASED} == RELEASED
    assert list(range(1, len(SCRIPTS) + 1)) == VERSIONS
