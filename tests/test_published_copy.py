"""The copy for BI tools: mart alone, with its comments, whole at every moment, at most hourly, in nobody's way."""

import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from stories import issues, write_criteria, write_export
from test_cli import STORY as LONGER_STORY
from test_cli import done

from analysis.errors import DeliveryError
from analysis.table_files import files_of_schema, table_files
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.desk_lock import writing
from pipelines.doctor import check_copy
from pipelines.published_copy import Age, age_of, publish_copy, published_file
from pipelines.settings import Settings

STORY = """
SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar provider=CDK
  03-02 10:00 tier=2 by=ops-1
  03-03 12:00 status=Resolved resolution=Done by=int-1
SUP-2 created 2026-03-04 09:00 tier=2 provider=Tekion
"""
LATER = "SUP-3 created 2026-03-09 09:00 tier=2 provider=CDK\n"
NOW = datetime(2026, 3, 10, 6, 30)


def run(settings: Settings, story: str) -> None:
    path = write_export(settings.home / "export.json", issues(story))
    text = path.read_text()
    for person in ("ops-1", "int-1"):
        text = text.replace(f'"displayName": "{person}"', f'"displayName": "Name of {person}"')
    path.write_text(text)
    weekly.run(settings, print, is_rendered=False)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A desk with a copy, which no test changes."""
    home = tmp_path_factory.mktemp("copy")
    write_criteria(home / "criteria")
    settings = Settings(home=home, source=str(home / "export.json"))
    run(settings, STORY)
    assert publish_copy(settings, NOW, print)
    return settings


@pytest.fixture
def desk(first: Settings, tmp_path: Path) -> Settings:
    """A desk of one's own with the same copy."""
    subprocess.run(["cp", "-a", f"{first.home}/.", str(tmp_path)], check=True)
    return Settings(home=tmp_path, source=str(tmp_path / "export.json"))


@pytest.fixture
def opened(first: Settings) -> Iterator["duckdb.DuckDBPyConnection"]:
    with duckdb.connect(str(published_file(first)), read_only=True) as connection:
        yield connection


def test_it_holds_mart_and_nothing_else(opened: "duckdb.DuckDBPyConnection") -> None:
    rows = opened.execute("select table_schema, table_name, table_type from information_schema.tables").fetchall()
    assert {(schema, kind) for schema, _, kind in rows} == {("mart", "BASE TABLE")}
    assert {name for _, name, _ in rows} == {table.name[5:] for table in files_of_schema("mart")} | {"about"}


def test_every_table_says_what_the_warehouse_says(first: Settings, opened: "duckdb.DuckDBPyConnection") -> None:
    with Warehouse.open(first.warehouse_file) as warehouse:
        for table in files_of_schema("mart"):
            query = f"select count(*), bit_xor(hash(t)) from {table.name} t"
            assert opened.execute(query).fetchall() == warehouse.rows(query), table.name


def test_tables_and_columns_keep_their_comments(opened: "duckdb.DuckDBPyConnection") -> None:
    tables = dict(opened.execute("select table_name, comment from duckdb_tables()").fetchall())
    for name in tables:
        query = "select column_name, comment from duckdb_columns() where table_name = ?"
        columns = dict(opened.execute(query, [name]).fetchall())
        assert tables[name] and all(columns.values()), name
        if name != "about":
            assert (tables[name], columns) == (
                table_files()[f"mart.{name}"].grain,
                table_files()[f"mart.{name}"].columns,
            )


def test_parquet_beside_it_holds_the_same(first: Settings, opened: "duckdb.DuckDBPyConnection") -> None:
    files = sorted((first.published / "parquet").iterdir())
    names = [name for (name,) in opened.execute("select table_name from duckdb_tables() order by 1").fetchall()]
    assert [file.stem for file in files] == names
    for file in files:
        expected = opened.execute(f"select count(*) from mart.{file.stem}").fetchone()
        assert (pq.read_metadata(file).num_rows,) == expected, file.name


def test_it_tells_its_age(first: Settings, opened: "duckdb.DuckDBPyConnection") -> None:
    row = opened.execute("select as_of, published_at, week, reporting_zone from mart.about").fetchone()
    assert row is not None
    assert row[1:] == (NOW, datetime(2026, 2, 23).date(), "UTC")
    assert age_of(first) == Age(datetime(2026, 3, 4, 9), NOW) == Age(*row[:2])


def test_people_are_ids(first: Settings, opened: "duckdb.DuckDBPyConnection") -> None:
    """An issue carries names of people beside their ids; none gets here."""
    (people,) = opened.execute("select list(distinct author_id) from mart.changes").fetchone() or ()
    assert set(people) >= {"ops-1", "int-1"}
    assert "Name of int-1" in (first.home / "export.json").read_text()
    for table in files_of_schema("mart"):
        n = opened.execute(f"select count(*) from {table.name} t where contains(t::varchar, 'Name of')").fetchone()
        assert n == (0,), table.name


@pytest.mark.parametrize(
    ("minutes", "at_once", "expected"),
    [(59, False, False), (60, False, True), (59, True, True), (-5, False, True)],
    ids=["within the hour", "after an hour", "at once", "a clock that was set back"],
)
def test_at_most_hourly(minutes: int, at_once: bool, expected: bool, desk: Settings) -> None:
    run(desk, STORY + LATER)
    assert publish_copy(desk, NOW + timedelta(minutes=minutes), print, at_once=at_once) is expected
    age = age_of(desk)
    assert age is not None
    assert (age.as_of == datetime(2026, 3, 9, 9)) is expected


def test_an_open_connection_goes_on_and_holds_up_nobody(desk: Settings) -> None:
    """A BI tool keeps the old copy open, even to write, while a run and a new copy are made."""
    published_file(desk).chmod(0o644)
    code = (
        "import duckdb, sys\n"
        "c = duckdb.connect(sys.argv[1])\n"
        "c.execute('create table mine as select 1 as one')\n"
        "print('open', flush=True); sys.stdin.readline()\n"
        "print(c.execute('select count(*) from mart.tickets').fetchone()[0], flush=True); sys.stdin.readline()\n"
    )
    command = [sys.executable, "-c", code, str(published_file(desk))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as tool:
        assert tool.stdin is not None
        assert tool.stdout is not None
        assert tool.stdout.readline() == "open\n"
        run(desk, STORY + LATER)
        assert publish_copy(desk, NOW, print, at_once=True)
        print("", file=tool.stdin, flush=True)
        assert tool.stdout.readline() == "2\n"
        with duckdb.connect(str(published_file(desk)), read_only=True) as connection:
            assert connection.execute("select count(*) from mart.tickets").fetchone() == (3,)
            assert connection.execute("select count(*) from duckdb_tables() where table_name = 'mine'").fetchone() == (
                0,
            )
        print("", file=tool.stdin, flush=True)


def test_it_is_made_while_another_run_writes(desk: Settings) -> None:
    run(desk, STORY + LATER)
    with writing(desk.warehouse_file, "escalations run", "r-1", NOW, 0):
        assert publish_copy(desk, NOW + timedelta(hours=2), print)
    assert age_of(desk) == Age(datetime(2026, 3, 4, 9), NOW + timedelta(hours=2))  # as the last writer left it


def test_what_a_cut_off_copy_left_goes_with_the_next(desk: Settings) -> None:
    (desk.published / ".partial-1" / "parquet-x").mkdir(parents=True)
    for hour in (1, 2, 3):
        assert publish_copy(desk, NOW + timedelta(hours=hour), print)
    left = sorted(path.name.partition("-")[0] for path in desk.published.iterdir())
    assert left == [
        ".lock",
        "escalations.duckdb",
        "parquet",
        "parquet",
        "parquet",
    ]  # the link, its folder, the last one


def test_a_copy_that_cannot_be_read_is_replaced(desk: Settings) -> None:
    published_file(desk).unlink()
    published_file(desk).write_bytes(b"no database")
    assert publish_copy(desk, NOW, print)
    assert age_of(desk) is not None


def test_no_place_to_write_leaves_the_old_one(desk: Settings) -> None:
    settings = desk.model_copy(update={"home": desk.home / "elsewhere", "warehouse": desk.warehouse_file})
    settings.home.write_text("a file where the folder should be")
    with pytest.raises(DeliveryError, match="cannot be written"):
        publish_copy(settings, NOW, print)


def test_nobody_may_write_to_it(first: Settings) -> None:
    files = [published_file(first), *(first.published / "parquet").iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o444}


def test_doctor_tells_its_age(desk: Settings) -> None:
    told = check_copy(desk)  # the run was now, which is long after the copy's invented moment
    assert (told.state, "made 2026-03-10 06:30 UTC, as of 2026-03-04 09:00 UTC, older than" in told.text) == (
        "look",
        True,
    )
    with Warehouse.open(desk.warehouse_file) as warehouse:
        warehouse.execute("update state.runs set recorded_at = ?", [NOW + timedelta(hours=3)])
    assert check_copy(desk).state == "ok"
    published_file(desk).unlink()
    assert "not there yet" in check_copy(desk).text


def test_runs_of_the_command_line_leave_it(tmp_path: Path) -> None:
    write_criteria(tmp_path / "data" / "criteria")
    write_export(tmp_path / "export.json", issues(LONGER_STORY))
    settings = Settings(home=tmp_path / "data")
    assert "copy: data/published/escalations.duckdb" in done(tmp_path, "run", "--source", "export.json")
    made = age_of(settings)
    assert "copy:" not in done(tmp_path, "run", "--source", "export.json")
    assert age_of(settings) == made
    done(tmp_path, "report", "--publish")
    assert age_of(settings) != made
