"""Backup and restore: raw lines and state rebuild an equal warehouse, from a folder or S3, while a run is going on."""

import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from moto.server import ThreadedMotoServer
from stories import issues, write_criteria, write_export
from test_cli import done, refused

from analysis.errors import DeliveryError, InputError, SettingsError, WarehouseError
from analysis.review import Answer, store_answers
from analysis.table_files import table_files
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.backup import Store, make_backup
from pipelines.desk_lock import writing
from pipelines.restore import restore
from pipelines.settings import Settings

STORY = """
SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar provider=CDK summary="token expired" description="401 from CDK"
  03-02 10:00 tier=2 by=ops-1
  03-03 12:00 comment="We renewed the token" by=int-1
  03-03 12:00 status=Resolved resolution=Done by=int-1
SUP-2 created 2026-03-04 09:00 tier=2 provider=Tekion summary="events come twice"
"""
LATER = (
    STORY.replace("SUP-2 created", "  03-05 09:00 status=Open by=ops-1\nSUP-2 created")
    + """
SUP-3 created 2026-03-09 09:00 tier=2 dealer=Cedar provider=CDK summary="token expired again" description="401 from CDK"
  03-16 10:00 tier=3
"""
)
NOW = datetime(2026, 3, 17, 6, 30)
NOT_EQUAL = {"mart.runs"}  # a rebuilding is no run; it leaves state as it was


def told(path: Path) -> dict[str, object]:
    """Table of core, mart and state → number and hash of its rows, without what only says how they were made."""
    with Warehouse.open(path) as warehouse:
        found: dict[str, object] = {}
        for name, table in table_files().items():
            if table.schema in ("core", "mart", "state") and name not in NOT_EQUAL | {"core.builds"}:
                # the last bit of a reading depends on how many texts are read at once
                rows = "select * exclude (numbers) from core.readings" if name == "core.readings" else f"from {name}"
                found[name] = warehouse.rows(f"select count(*), bit_xor(hash(t)) from ({rows}) t")
        return found


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A desk of two readings, an answer and a published week; no test changes it."""
    home = tmp_path_factory.mktemp("kept") / "data"
    write_criteria(home / "criteria")
    (home / "inputs").mkdir()
    (home / "inputs" / "notes.csv").write_text("month\n")
    settings = Settings(home=home, source=str(home.parent / "export.json"))
    write_export(home.parent / "export.json", issues(STORY))
    weekly.run(settings, print, is_rendered=False)
    with Warehouse.open(settings.warehouse_file) as warehouse:
        store_answers(warehouse, [Answer(1002, "provider", "xtime", "ann", "csv")], "run", datetime(2026, 3, 5))
    write_export(home.parent / "export.json", issues(LATER))
    weekly.run(settings, print, is_rendered=False, publishing=weekly.Publishing.PUBLISH)
    return settings


@pytest.fixture(scope="module")
def kept(first: Settings, tmp_path_factory: pytest.TempPathFactory) -> str:
    where = str(tmp_path_factory.mktemp("backups"))
    make_backup(first, where, NOW, print)
    return where


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "warehouse" not in path.name
    }


def test_a_restored_desk_equals_the_original(first: Settings, kept: str, tmp_path: Path) -> None:
    back = Settings(home=tmp_path / "data")
    restore(back, kept, None, "r-1", print)
    assert told(back.warehouse_file) == told(first.warehouse_file)
    assert files(back.home) == files(first.home)
    with Warehouse.open(back.warehouse_file) as warehouse:
        newest = max(
            warehouse.value(f"select coalesce(max(event_id), 0) from {name}")
            for name, table in table_files().items()
            if table.schema == "state" and "event_id" in table.columns
        )
        assert warehouse.value("select nextval('state.event_ids')") == newest + 1  # events go on where they were


def test_a_restored_desk_goes_on_like_the_original(first: Settings, kept: str, tmp_path: Path) -> None:
    """The next reading gives the same in both."""
    more = issues(LATER + "SUP-4 created 2026-03-18 09:00 tier=2 dealer=Cedar provider=CDK summary='token expired'\n")
    source = str(write_export(tmp_path / "export.json", more))
    shutil.copytree(first.home, tmp_path / "twin")
    restore(Settings(home=tmp_path / "back"), kept, None, "r-1", print)
    desks = [Settings(home=tmp_path / name, source=source) for name in ("twin", "back")]
    for desk in desks:
        weekly.run(desk, print, is_rendered=False)
    twin, back = (told(desk.warehouse_file) for desk in desks)
    assert {name for name in twin if twin[name] != back[name] and not name.startswith("state.")} == set()


def test_it_is_made_while_a_run_writes(first: Settings, tmp_path: Path) -> None:
    desk = Settings(home=tmp_path / "data")
    shutil.copytree(first.home, desk.home)
    with (
        writing(desk.warehouse_file, "escalations run", "r-1", NOW, 0),
        Warehouse.open(desk.warehouse_file) as open_one,
    ):
        open_one.execute("begin")
        open_one.execute("delete from state.answers")  # in the middle of something
        (desk.raw / ".extract-1.partial").write_bytes(b"half")
        done_ = make_backup(desk, str(tmp_path / "b"), NOW, print)
        open_one.execute("rollback")
    assert not [entry for entry in done_.entries if "partial" in entry.path]
    restore(Settings(home=tmp_path / "back"), str(tmp_path / "b"), None, "r-1", print)
    assert told(tmp_path / "back" / "warehouse.duckdb") == told(first.warehouse_file)


def test_only_state_and_raw_are_kept_of_the_warehouse(kept: str, tmp_path: Path) -> None:
    backup = Store(kept).read(None)
    (entry,) = [entry for entry in backup.entries if entry.path == "state.duckdb"]
    with duckdb.connect(str(Store(kept).bring_back(entry, tmp_path)), read_only=True) as connection:
        schemas = connection.execute("select distinct table_schema from information_schema.tables").fetchall()
    assert sorted(schemas) == [("raw",), ("state",)]
    assert not [entry for entry in backup.entries if ".env" in entry.path or "settings.toml" in entry.path]


def test_the_same_content_is_kept_once_and_old_ones_go(first: Settings, tmp_path: Path) -> None:
    where = str(tmp_path / "b")
    stores = [make_backup(first, where, NOW.replace(day=day), print) for day in (1, 2)]
    kept_files = len(list((tmp_path / "b" / "files").iterdir()))
    assert kept_files <= len(stores[0].entries) + 1  # a copy of state need not be the same bytes again
    make_backup(first, where, NOW.replace(day=3), print, keep=1)
    (name,) = Store(where).names()
    left = {path.name for path in (tmp_path / "b" / "files").iterdir()}
    assert left == {entry.sha256 for entry in Store(where).read(name).entries}


@pytest.mark.parametrize("there", ["raw/x.jsonl.gz", "warehouse.duckdb", "criteria/site.toml", "reports/w/index.html"])
def test_nothing_is_overwritten_unasked(there: str, kept: str, tmp_path: Path) -> None:
    path = tmp_path / there
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    with pytest.raises(InputError, match="is there already; give --force"):
        restore(Settings(home=tmp_path), kept, None, "r-1", print)
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()] == [there]
    assert path.read_text() == "mine"


def test_force_replaces_all_of_it(first: Settings, kept: str, tmp_path: Path) -> None:
    for there in ("raw/x.jsonl.gz", "warehouse.duckdb", "criteria/rules.toml"):
        path = tmp_path / there
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    restore(Settings(home=tmp_path), kept, None, "r-1", print, force=True)
    assert files(tmp_path) == files(first.home)
    assert told(tmp_path / "warehouse.duckdb") == told(first.warehouse_file)


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda path: path.write_bytes(b"other"), "is damaged"),
        (lambda path: path.unlink(), "cannot be reached or used"),
    ],
    ids=["another content", "gone"],
)
def test_a_damaged_backup_changes_nothing(spoil: object, what: str, kept: str, tmp_path: Path) -> None:
    where = tmp_path / "b"
    shutil.copytree(kept, where)
    (entry,) = [entry for entry in Store(kept).read(None).entries if entry.path == "state.duckdb"]
    spoil(where / "files" / entry.sha256)  # type: ignore[operator]
    home = tmp_path / "home"
    write_criteria(home / "criteria")
    before = files(home)
    with pytest.raises((InputError, DeliveryError), match=what):
        restore(Settings(home=home), str(where), None, "r-1", print, force=True)
    assert files(home) == before


def test_a_list_that_leads_out_of_the_home_is_refused(kept: str, tmp_path: Path) -> None:
    where = tmp_path / "b"
    shutil.copytree(kept, where)
    (listed,) = (where / "backups").iterdir()
    listed.write_text(listed.read_text().replace("inputs/notes.csv", "../notes.csv"))
    with pytest.raises(InputError, match="leads out of the desk's home"):
        restore(Settings(home=tmp_path / "home"), str(where), None, "r-1", print)
    assert not (tmp_path / "notes.csv").exists()


def test_a_newer_program_s_state_is_refused(first: Settings, tmp_path: Path) -> None:
    desk = Settings(home=tmp_path / "data")
    shutil.copytree(first.home, desk.home)
    with duckdb.connect(str(desk.warehouse_file)) as connection:
        connection.execute("update state.meta set schema_version = 999")
    for copy in desk.home.glob("*.readers-*"):
        shutil.copy2(desk.warehouse_file, copy)
    make_backup(desk, str(tmp_path / "b"), NOW, print)
    with pytest.raises(WarehouseError, match=r"newer program \(state version 999\)"):
        restore(Settings(home=tmp_path / "back"), str(tmp_path / "b"), None, "r-1", print)


def test_a_lost_raw_file_is_no_backup(first: Settings, tmp_path: Path) -> None:
    desk = Settings(home=tmp_path / "data")
    shutil.copytree(first.home, desk.home)
    next(desk.raw.glob("*.jsonl.gz")).unlink()
    with pytest.raises(InputError, match="is gone; restore it"):
        make_backup(desk, str(tmp_path / "b"), NOW, print)
    assert Store(str(tmp_path / "b")).names() == []


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty bucket of an S3 on loopback."""
    import boto3

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").create_bucket(Bucket="desk")
    yield "s3://desk/kept"
    server.stop()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_s3_keeps_and_gives_back(first: Settings, bucket: str, tmp_path: Path) -> None:
    make_backup(first, bucket, NOW, print)
    make_backup(first, bucket, NOW.replace(day=18), print, keep=1)
    assert len(Store(bucket).names()) == 1
    restore(Settings(home=tmp_path), bucket, None, "r-1", print)
    assert told(tmp_path / "warehouse.duckdb") == told(first.warehouse_file)
    with pytest.raises(DeliveryError, match="cannot be reached or used"):
        make_backup(first, "s3://nowhere/kept", NOW, print)


def test_without_the_packages_of_s3(first: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ImportError

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(SettingsError, match="pip install 'escalations"):
        make_backup(first, "s3://desk/kept", NOW, print)


def test_an_address_of_no_kind(first: Settings) -> None:
    with pytest.raises(InputError, match="neither a folder nor an address"):
        make_backup(first, "nosuch://desk/kept", NOW, print)


def test_from_the_command_line(first: Settings, tmp_path: Path) -> None:
    subprocess.run(["cp", "-a", str(first.home), str(tmp_path / "data")], check=True)
    assert "no backup yet" in done(tmp_path, "backup", "--list")
    assert "backup: data/backups: " in done(tmp_path, "backup")
    (name,) = done(tmp_path, "backup", "--list").split()
    assert "is there already" in refused(tmp_path, 2, "restore")
    assert "holds no backup 1999" in refused(tmp_path, 2, "restore", "--name", "1999", "--force")
    done(tmp_path, "restore", "--from", "data/backups", "--name", name, "--home", "other")
    assert told(tmp_path / "other" / "warehouse.duckdb") == told(first.warehouse_file)
    assert (tmp_path / "other" / "published" / "escalations.duckdb").is_file()
