"""The command: exit codes, one plain line for what a person can put right, and answers for programs."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from conftest import ROOT
from stories import issues, write_criteria, write_export

STORY = """
SUP-1 created 2026-03-02 09:00 tier=1 summary="Tekion SECRETWORD 403"
  03-02 10:00 tier=2
  03-03 12:00 status=Resolved resolution=Done
SUP-2 created 2026-03-03 09:00 tier=2 provider=CDK
  03-10 12:00 tier=3
  03-11 12:00 status=Resolved resolution=Done
SUP-3 created 2026-03-17 09:00 tier=2
"""
BASE_ENV = {key: value for key, value in os.environ.items() if not key.startswith("ESCALATIONS_")} | {
    "PYTHONPATH": str(ROOT)
}


def escalations(folder: Path, *arguments: str, given: bytes = b"") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pipelines", *arguments]
    done = subprocess.run(command, cwd=folder, env=BASE_ENV, input=given, capture_output=True, check=False, timeout=120)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def done(folder: Path, *arguments: str, given: bytes = b"") -> str:
    ended = escalations(folder, *arguments, given=given)
    assert (ended.returncode, ended.stderr if "--json" not in arguments else "") == (0, "")
    return ended.stdout


def refused(folder: Path, code: int, *arguments: str, given: bytes = b"") -> str:
    """The one line on stderr of a command that must end with `code`."""
    ended = escalations(folder, *arguments, given=given)
    assert "Traceback" not in ended.stderr, ended.stderr
    assert ended.returncode == code, ended.stderr
    assert "SECRETWORD" not in ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("escalations: ")
    return line


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    write_criteria(tmp_path / "data" / "criteria")
    write_export(tmp_path / "export.json", issues(STORY))
    return tmp_path


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    write_criteria(folder / "data" / "criteria")
    write_export(folder / "export.json", issues(STORY))
    done(folder, "run", "--source", "export.json")
    return folder


def measures(folder: Path, warehouse: str = "data/warehouse.duckdb") -> list[tuple[object, ...]]:
    with duckdb.connect(str(folder / warehouse), read_only=True) as connection:
        columns = "week, measure, variant, statistic, group_key, numerator, denominator, value"
        return connection.execute(f"select {columns} from mart.measures order by all").fetchall()


def test_version(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert done(tmp_path, "--version") == f"escalations {project['version']}\n"


BROKEN = '{"id": "1", "key": "SUP-1", "fields": {"summary": "SECRETWORD"\n'
WRONG = {
    "no source": (2, ["run"], "no source; give --source"),
    "no such path": (2, ["run", "--source", "nowhere.json"], "nowhere.json: no such file or folder"),
    "a broken export": (2, ["run", "--source", "broken.jsonl"], "broken.jsonl: line 1: not valid JSON"),
    "an issue without time": (
        2,
        ["extract", "--source", "timeless.json"],
        "timeless.json: line 1: issue 1: field created",
    ),
    "bad week": (
        2,
        ["run", "--source", "export.json", "--week", "2026-47"],
        "week '2026-47': write it as year and ISO week",
    ),
    "no such week": (2, ["report", "--week", "2026-W60"], "week '2026-W60'"),
    "bad moment": (2, ["run", "--source", "export.json", "--as-of", "soon"], "--as-of 'soon': write a moment such as"),
    "moment out of range": (2, ["run", "--source", "export.json", "--as-of", "9999-12-31"], "--as-of '9999-12-31'"),
    "before anything": (
        2,
        ["run", "--source", "export.json", "--as-of", "2020-01-01"],
        "no issue existed at 2020-01-01",
    ),
    "nothing extracted": (2, ["load", "--home", "empty"], "nothing was extracted yet; run `escalations extract` first"),
    "nothing loaded": (2, ["report", "--home", "empty"], "no warehouse yet"),
    "no file to tag": (2, ["tag", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
    "a broken line to tag": (2, ["tag", "broken.jsonl"], "broken.jsonl: line 1: not valid JSON"),
    "since alone": (2, ["run", "--source", "export.json", "--since", "2026-03-01"], "--since goes with --weekly"),
    "weekly alone": (2, ["run", "--source", "export.json", "--weekly"], "--since goes with --weekly"),
    "since when": (
        2,
        ["run", "--source", "export.json", "--since", "March", "--weekly"],
        "--since 'March': write a day such as 2026-01-31",
    ),
    "Jira itself": (11, ["run", "--source", "jira"], "source jira: "),
    "settings": (11, ["check", "--home", "wrong"], "settings.toml"),
    "a home that is a file": (
        11,
        ["extract", "--source", "export.json", "--home", "export.json"],
        "cannot be made a folder",
    ),
    "criteria, run": (
        12,
        ["run", "--source", "export.json", "--criteria", "bad"],
        "site: reporting_zone: no time zone 'Mars'",
    ),
    "criteria, check": (12, ["check", "--criteria", "bad"], "site: reporting_zone: no time zone 'Mars'"),
    "criteria, tag": (12, ["tag", "--criteria", "bad"], "site: reporting_zone: no time zone 'Mars'"),
    "no criteria": (12, ["check", "--criteria", "nowhere"], "nowhere: no such folder"),
    "no DuckDB file": (
        14,
        ["run", "--source", "export.json", "--warehouse", "broken.jsonl"],
        "broken.jsonl: not a DuckDB file",
    ),
    "no DuckDB file, but its name": (
        14,
        ["run", "--source", "export.json", "--warehouse", "x.duckdb"],
        "x.duckdb: cannot be",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_one_plain_line_and_its_exit_code(name: str, desk: Path) -> None:
    code, arguments, words = WRONG[name]
    (desk / "broken.jsonl").write_text(BROKEN + "{}\n")
    (desk / "timeless.json").write_text('{"id": 1, "key": "SUP-1", "fields": {"summary": "SECRETWORD"}}')
    (desk / "x.duckdb").write_text("SECRETWORD")
    (desk / "wrong").mkdir()
    (desk / "wrong" / "settings.toml").write_text("source = \n")
    (desk / "bad").mkdir()
    (desk / "bad" / "site.toml").write_text('reporting_zone = "Mars"\n')
    assert words in refused(desk, code, *arguments)


def test_a_broken_export_leaves_nothing_behind(desk: Path) -> None:
    (desk / "broken.jsonl").write_text(json.dumps(issues(STORY)[0]) + "\n" + BROKEN)
    refused(desk, 2, "run", "--source", "broken.jsonl")
    assert list((desk / "data" / "raw").iterdir()) == []
    assert not (desk / "data" / "warehouse.duckdb").exists()


def test_unknown_options_are_usage(desk: Path) -> None:
    ended = escalations(desk, "run", "--sauce", "x")
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr


# -- the warehouse ---------------------------------------------------------------------------------------------


def test_a_week_that_is_not_over(ran: Path) -> None:
    assert "week 2026-W20 is not over" in refused(ran, 2, "report", "--week", "2026-W20")


def test_the_tickets_of_another_jira(ran: Path) -> None:
    text = (ran / "export.json").read_text().replace("t.example.invalid", "other.example.invalid")
    (ran / "other.json").write_text(text)
    before = measures(ran)
    line = refused(ran, 14, "run", "--source", "other.json", "--home", "other", "--warehouse", "data/warehouse.duckdb")
    assert "holds the tickets of jira:t.example.invalid, not of jira:other.example.invalid" in line
    assert measures(ran) == before


@pytest.fixture
def holder(ran: Path) -> Iterator[int]:
    """Another process that has the warehouse open."""
    code = (
        "import duckdb, sys; c = duckdb.connect('data/warehouse.duckdb'); print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ran, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        yield process.pid
        process.communicate()


@pytest.mark.parametrize("arguments", [["run", "--source", "export.json"], ["load"], ["report"]], ids=lambda a: a[0])
def test_a_locked_warehouse(arguments: list[str], ran: Path, holder: int) -> None:
    assert f"another run has it open (process {holder})" in refused(ran, 14, *arguments)


def test_a_warehouse_of_a_newer_program(ran: Path, tmp_path: Path) -> None:
    desk = shutil.copytree(ran, tmp_path / "desk")
    with duckdb.connect(str(desk / "data" / "warehouse.duckdb")) as connection:
        connection.execute("update state.meta set schema_version = 999")
    line = refused(desk, 14, "report")
    assert "written by a newer program (state version 999" in line
    assert "upgrade the program" in line


# -- answers ---------------------------------------------------------------------------------------------------


def test_run_answers_a_program(ran: Path) -> None:
    told = json.loads(done(ran, "run", "--source", "export.json", "--json"))
    assert (told["n_issues"], told["n_changed"], told["week"]) == (3, 0, "2026-W11")
    assert told["as_of"] == "2026-03-17T09:00:00Z"
    assert (ran / told["page"]).is_file()
    assert told["run_id"]


def test_step_by_step_gives_what_run_gives(ran: Path, desk: Path) -> None:
    told = json.loads(done(desk, "extract", "--source", "export.json", "--json"))
    assert (told["n_issues"], told["week"]) == (3, None)
    assert json.loads(done(desk, "load", "--json"))["n_changed"] == 3
    page = json.loads(done(desk, "report", "--json"))["page"]
    assert measures(desk) == measures(ran)
    assert len(measures(desk)) > 10
    pages = [folder / "data" / "reports" / "2026-W11" / "index.html" for folder in (desk, ran)]
    assert (desk / page).samefile(pages[0])
    assert pages[0].read_text() == pages[1].read_text()


def test_a_run_as_of_the_past_touches_nothing(ran: Path, tmp_path: Path) -> None:
    desk = shutil.copytree(ran, tmp_path / "desk")
    real = desk / "data" / "warehouse.duckdb"
    page = desk / "data" / "reports" / "2026-W11" / "index.html"
    before, shown = real.read_bytes(), page.read_text()
    told = json.loads(done(desk, "run", "--source", "export.json", "--as-of", "2026-03-10T08:00", "--json"))
    assert real.read_bytes() == before
    assert page.read_text() == shown
    assert told["page"] == "data/reports/as-of-20260310T0800/2026-W10/index.html"
    assert (told["n_issues"], told["as_of"]) == (2, "2026-03-10T08:00:00Z")
    assert (desk / told["page"]).is_file()


@pytest.mark.parametrize(("moment", "utc"), [("2026-03-17T20:00+05:30", "14:30"), ("2026-03-18", "00:00")])
def test_as_of_with_an_offset(moment: str, utc: str, ran: Path) -> None:
    told = json.loads(done(ran, "run", "--source", "export.json", "--as-of", moment, "--json"))
    assert told["as_of"][11:16] == utc


def test_check(desk: Path) -> None:
    told = json.loads(done(desk, "check", "--json"))
    assert told["valid"] is True
    assert told["files"]["site.toml"] == "data/criteria/site.toml"
    assert told["files"]["rules.toml"].endswith("analysis/criteria/rules.toml")
    assert done(desk, "check").splitlines()[-1].startswith(f"valid: {told['rules']} rules")


TICKETS = b'{"id": "a", "summary": "Tekion is down"}\r\n\n{"id": "b", "summary": "hello"}\n'


@pytest.mark.parametrize("way", ["file", "-", "nothing"])
def test_tag_reads_a_file_or_standard_input(way: str, desk: Path) -> None:
    (desk / "tickets.jsonl").write_bytes(TICKETS)
    arguments = {"file": ["tag", "tickets.jsonl"], "-": ["tag", "-"], "nothing": ["tag"]}[way]
    answers = [
        json.loads(line) for line in done(desk, *arguments, given=b"" if way == "file" else TICKETS).splitlines()
    ]
    assert [(a["id"], a["provider"]) for a in answers] == [("a", "tekion"), ("b", None)]
    assert not (desk / "data" / "warehouse.duckdb").exists()


def test_tag_names_the_line_of_standard_input(desk: Path) -> None:
    line = refused(desk, 2, "tag", given=TICKETS + b'{"id": "c", "summary": "SECRETWORD\n')
    assert line.startswith("escalations: standard input: line 4: not valid JSON")


@pytest.mark.parametrize("n", [1, 20_000])
def test_a_reader_that_goes_away(n: int, desk: Path) -> None:
    (desk / "tickets.jsonl").write_bytes(b'{"id": 1, "summary": "Tekion"}\n' * n)
    command = [sys.executable, "-m", "pipelines", "tag", "tickets.jsonl"]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            command, cwd=desk, env=BASE_ENV, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=120
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")
