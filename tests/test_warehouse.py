"""Opening, migrating, refusing; all or nothing."""

import gzip
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from stories import derive, issues, load_into, write_criteria

from analysis.errors import WarehouseError
from analysis.table_files import SQL, files_of_schema, parse_table_file, table_files
from analysis.warehouse import Warehouse

FIXTURES = Path(__file__).parent / "fixtures"
STORY = """
SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved
"""


@pytest.mark.parametrize("fixture", sorted(path.name for path in FIXTURES.glob("state_v*.duckdb.gz")))
def test_state_of_every_earlier_version_survives(fixture: str, tmp_path: Path) -> None:
    """Each version that was ever released stays here for ever; opening it brings it to the newest."""
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(gzip.decompress((FIXTURES / fixture).read_bytes()))
    with Warehouse.open(path) as warehouse:
        newest = max(int(script.name[:3]) for script in (SQL / "state" / "migrations").glob("*.sql"))
        assert warehouse.rows("select schema_version, source_id from state.meta") == [
            (newest, "jira:t.example.invalid")
        ]
        assert warehouse.rows("select issue_id, kind, value, person_id from state.answers") == [
            (1001, "provider", "xtime", "int-1")
        ]
        assert warehouse.value("select count(*) from state.runs") == 2
        for table in files_of_schema("state"):
            rows = warehouse.rows(
                "select column_name, comment from duckdb_columns() where schema_name = 'state' and table_name = ?",
                [table.name[6:]],
            )
            assert {name for name, _ in rows} == set(table.columns), table.name


def test_a_newer_warehouse_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with Warehouse.open(path) as warehouse:
        warehouse.execute("update state.meta set schema_version = 999")
    with pytest.raises(WarehouseError, match=r"newer program .*999.*upgrade"), Warehouse.open(path):
        pass


@pytest.mark.parametrize("name", ["w.duckdb", "w.csv", "w.txt"])
def test_another_kind_of_file_is_refused_and_stays_as_it_was(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("a,b\n1,2\n")
    with pytest.raises(WarehouseError, match=name), Warehouse.open(path):
        pass
    assert path.read_text() == "a,b\n1,2\n"


def test_a_warehouse_in_use_names_who_has_it(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    hold = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('ready', flush=True); sys.stdin.read()"
    holder = subprocess.Popen([sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdin and holder.stdout
    try:
        holder.stdout.readline()
        with pytest.raises(WarehouseError, match=f"process {holder.pid}"), Warehouse.open(path):
            pass
    finally:
        holder.stdin.close()
        holder.wait()
        holder.stdout.close()


def test_another_jira_is_refused(tmp_path: Path) -> None:
    with Warehouse.open(tmp_path / "w.duckdb") as warehouse:
        warehouse.claim_source("jira:a")
        with pytest.raises(WarehouseError, match=r"jira:a, not of jira:b"):
            warehouse.claim_source("jira:b")


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    with Warehouse.open(tmp_path / "w.duckdb") as warehouse:
        with pytest.raises(duckdb.Error), warehouse.transaction():
            warehouse.execute("update state.meta set source_id = 'jira:x'")
            warehouse.execute("select * from nothing")
        assert warehouse.value("select source_id from state.meta") is None


def test_core_and_mart_can_be_thrown_away(tmp_path: Path) -> None:
    """Raw lines, state and criteria rebuild them as they were."""
    criteria = write_criteria(tmp_path / "criteria")
    moment = __import__("datetime").datetime(2026, 3, 20)
    names = [n for n, t in table_files().items() if t.schema in ("core", "mart") and n != "core.builds"]

    def everything(warehouse: Warehouse) -> dict[str, object]:
        return {name: sorted(map(str, warehouse.rows(f"select * from {name}"))) for name in names}

    with Warehouse.open(tmp_path / "w.duckdb") as warehouse:
        load_into(warehouse, tmp_path, issues(STORY), criteria)
        derive(warehouse, criteria, moment)
        before = everything(warehouse)
        for schema in ("core", "mart"):
            warehouse.execute(f"drop schema {schema} cascade")
    with Warehouse.open(tmp_path / "w.duckdb") as warehouse:
        load_into(warehouse, tmp_path, issues(STORY), criteria)
        derive(warehouse, criteria, moment)
        assert everything(warehouse) == before


def test_a_killed_load_leaves_what_was_there(tmp_path: Path) -> None:
    criteria = write_criteria(tmp_path / "criteria")
    with Warehouse.open(tmp_path / "w.duckdb") as warehouse:
        load_into(warehouse, tmp_path, issues(STORY), criteria)
    script = (
        "import os, sys; from pathlib import Path; import analysis.warehouse as w; from stories import *\n"
        "folder = Path(sys.argv[1]); criteria = read_criteria(folder / 'criteria')\n"
        "w.Warehouse.build = lambda *a, **k: os.kill(os.getpid(), 9)\n"
        "with w.Warehouse.open(folder / 'w.duckdb') as warehouse:\n"
        "    load_into(warehouse, folder, issues(sys.argv[2]), criteria)\n"
    )
    later = STORY + "\n  03-20 09:00 status=Doing\n"
    root = Path(__file__).parent.parent
    killed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), later],
        env={"PYTHONPATH": f"{root}:{root / 'tests'}"},
        check=False,
    )
    assert killed.returncode == -9
    with Warehouse.open(tmp_path / "w.duckdb") as warehouse:
        assert warehouse.value("select status from core.tickets") == "Resolved"
        load_into(warehouse, tmp_path, issues(later), criteria)
        assert warehouse.value("select status from core.tickets") == "Doing"


def test_a_header_that_is_not_one_is_a_bug() -> None:
    with pytest.raises(ValueError, match="not a header line"):
        parse_table_file("-- core.x: one row\n--- what is this\nselect 1")
