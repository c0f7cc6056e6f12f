"""Erasing: no word of a ticket and no trace of a person is left in any file of the desk; what was counted stays."""

import gzip
import json
import re
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from stories import SITE, issues, write_criteria, write_export
from test_cli import done, refused

from analysis.errors import InputError
from analysis.review import Answer, store_answers
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.backup import Store, make_backup
from pipelines.doctor import check_erasing
from pipelines.erased_words import without_persons
from pipelines.erasing import Erasures, Kept, skeleton
from pipelines.forget import expire, forget
from pipelines.published_copy import publish_copy
from pipelines.settings import Retention, Settings

PERSON, NAME, MAIL = "5f00aa11bb22cc33dd44ee55", "Wilhelmina Oosterhuis", "wilhelmina@oosterhuis.example"
STORY = (
    """
SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar provider=CDK moved_from=OLD-77 summary="zebra token expired" description="quokka 401 from CDK"
  03-02 10:00 tier=2 by=ops-1
  03-02 11:00 comment="axolotl was seen, and SUP-11 was not" by=int-1
  03-02 12:00 description="quokka and wombat" by=int-1
  03-03 11:00 comment="we renewed the narwhal" by=PERSON
  03-03 11:30 moved_from=OLD-77 by=ops-1
  03-03 12:00 status=Resolved resolution=Done by=int-1
SUP-2 created 2026-03-03 09:00 tier=2 dealer=Blue provider=Tekion summary="events come twice" assignee=PERSON
  03-03 10:00 comment="as in SUP-1, ask NAME" by=PERSON
  03-03 11:00 link=Relates>SUP-1 by=int-1
  03-04 12:00 status=Resolved resolution=Done by=PERSON
SUP-3 created 2026-03-16 09:00 tier=2 dealer=Cedar provider=CDK summary="token expired again" description="401 from CDK"
SUP-11 created 2026-03-04 09:00 tier=2 provider=XTime summary="another key that begins alike"
""".replace("PERSON", PERSON)
    .replace("NAME", NAME)
    .replace(" moved_from=OLD-77 summary", " summary")
)
WORDS = ("zebra", "quokka", "axolotl", "wombat", "narwhal", "OLD-77")
NOW = datetime(2026, 3, 18, 6, 30)
LONG_AGO = datetime(2026, 3, 4, 12)


def found() -> list[dict[str, Any]]:
    """The story, with a name and an address beside the person's id, and the linked ticket's summary."""
    made = issues(STORY)
    text = json.dumps(made).replace(f'"displayName": "{PERSON}"', f'"displayName": "{NAME}", "emailAddress": "{MAIL}"')
    told: list[dict[str, Any]] = json.loads(text)
    for link in told[1]["fields"]["issuelinks"]:
        link["outwardIssue"]["fields"] = {"summary": "zebra token expired"}
    return told


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A desk with everything that holds words: raw, warehouse, copies, pages, a model, backups, criteria."""
    home = tmp_path_factory.mktemp("forget") / "data"
    site = SITE + f'[[member]]\nid = "{PERSON}"\ntier = 2\n'
    write_criteria(home / "criteria", site__toml=site)
    runbook = "---\nid: RB-1\ntitle: Renew\naudience: ops\npublished: 2026-01-01\napplies_when: ['portal']\nbecause_of: [SUP-1]\n---\nAs in SUP-1.\n"
    (home / "criteria" / "runbooks").mkdir()
    (home / "criteria" / "runbooks" / "RB-1.md").write_text(runbook)
    settings = Settings(home=home, source=str(home.parent / "export.json"))
    write_export(home.parent / "export.json", found())
    weekly.run(settings, print, is_rendered=False)
    with Warehouse.open(settings.warehouse_file) as warehouse:
        answers = [Answer(1001, "provider", "cdk", PERSON, "csv"), Answer(1002, "provider", "tekion", "ann", "csv")]
        store_answers(warehouse, answers, "run", LONG_AGO)
    weekly.run(settings, print, publishing=weekly.Publishing.PUBLISH)
    make_backup(settings, str(home / "backups"), NOW, print)
    publish_copy(settings, NOW, print)
    (home / "warehouse.duckdb.state-v7.duckdb").write_text(f"what an upgrade kept: zebra of {PERSON}")
    models = home / "models"
    models.mkdir()
    np.savez(models / "own.npz", words=np.array(["zebra"]))
    return settings


@pytest.fixture
def desk(first: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(first.home, tmp_path / "data", symlinks=True)
    return Settings(home=tmp_path / "data", source=first.source)


def held(path: Path, words: tuple[str, ...]) -> set[str]:
    """Which of the words a file holds, also what compression hides; in small letters."""
    told = path.read_bytes()
    if told[8:12] == b"DUCK" or told[:4] == b"PAR1":
        return rows_with(path, words) | {word for word in words if word.encode() in told.lower()}
    if told[:2] == b"\x1f\x8b":
        told = gzip.decompress(told)
    text = told.decode("utf-8", "replace").casefold()
    return {word for word in words if word in text}


def rows_with(path: Path, words: tuple[str, ...]) -> set[str]:
    """Which of the words some row of a DuckDB or Parquet file holds."""
    with duckdb.connect() as connection:
        tables = [f"'{path}'"]
        if path.read_bytes()[:4] != b"PAR1":
            connection.execute(f"attach '{path}' as one (read_only)")
            connection.execute("use one")
            query = (
                "select table_schema || '.' || table_name from information_schema.tables where table_catalog = 'one'"
            )
            tables = [name for (name,) in connection.execute(query).fetchall()]
        either = "|".join(re.escape(word) for word in words)
        found: set[str] = set()
        for name in tables:
            rows = connection.execute(
                f"select lower(t::varchar) from {name} t where regexp_matches(t::varchar, ?, 'i')", [either]
            ).fetchall()
            found |= {word for word in words for (row,) in rows if word in row}
        return found


def where(home: Path, *words: str) -> set[tuple[str, str]]:
    """(file, word) of each word that some file of the desk still holds."""
    small = {word.casefold(): word for word in words}
    files = [path for path in sorted(home.rglob("*")) if path.is_file() and not path.is_symlink()]
    return {(str(path.relative_to(home)), small[word]) for path in files for word in held(path, tuple(small))}


def numbers(settings: Settings) -> list[tuple[Any, ...]]:
    """Every number, and every one that was published."""
    with Warehouse.open(settings.warehouse_file) as warehouse:
        columns = "week, measure, variant, statistic, group_key, numerator, denominator, value"
        return [
            *warehouse.rows(f"select {columns} from mart.measures where measure not like 'tag_%' order by all"),
            *warehouse.rows(
                f"select {columns}, cause from state.published where measure not like 'tag_%' order by all"
            ),
        ]


def test_the_search_finds_every_place(first: Settings) -> None:
    """Before, the words stand in raw, warehouse, copies, Parquet, pages and backups; so the other tests can fail."""
    rooms = {place.partition("/")[0] for place, _ in where(first.home, *WORDS)}
    assert {"raw", "warehouse.duckdb", "published", "reports", "backups"} <= rooms
    rooms = {place.partition("/")[0] for place, _ in where(first.home, PERSON)}
    assert {"raw", "warehouse.duckdb", "published", "criteria", "backups"} <= rooms


@pytest.fixture(scope="module")
def without_ticket(first: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("ticket") / "data"
    shutil.copytree(first.home, home, symlinks=True)
    (home / "models" / "in_force.json").write_text('{"file": "own.npz"}')
    settings = Settings(home=home, source=first.source)
    told = forget(settings, "old-77", "r-1", NOW, print)  # a key that it had once, in small letters
    assert (told.n_tickets, told.weeks) == (1, ("2026-W11",))
    assert "classifier had learned from it" in told.notes[0]
    publish_copy(settings, NOW, print, at_once=True)
    return settings


def test_no_word_of_a_ticket_is_left_in_any_file(without_ticket: Settings) -> None:
    keys = ("SUP-1 ", "SUP-1,", 'SUP-1"', "SUP-1'", "SUP-1<", "SUP-1]")
    left = where(without_ticket.home, *WORDS, *keys, "SUP-11")
    assert {word for _, word in left} == {"SUP-11"}
    assert ("warehouse.duckdb", "SUP-11") in left


def test_what_was_counted_stays(first: Settings, without_ticket: Settings) -> None:
    assert numbers(without_ticket) == numbers(first)
    with Warehouse.open(without_ticket.warehouse_file) as warehouse:
        row = warehouse.rows(
            "select ticket_key, summary, description, provider, tier from mart.tickets where issue_id = 1001"
        )
        assert row == [("ERASED-1001", "a ticket that was erased", None, "cdk", 2)]
        kept = "select count(*) from mart.comments where issue_id = 1001 and body is null"
        assert warehouse.value(kept) == 2
        assert warehouse.value("select target from core.links where issue_id = 1002") == "ERASED-1001"


def test_lists_tell_of_a_ticket_that_was_erased(without_ticket: Settings) -> None:
    week = without_ticket.reports / "2026-W11"
    pages = "".join(path.read_text() for path in week.rglob("*.html"))
    assert "ERASED-1001" in pages


@pytest.mark.slow
def test_reading_it_again_brings_nothing_back(without_ticket: Settings) -> None:
    before = numbers(without_ticket)
    weekly.run(without_ticket, print, publishing=weekly.Publishing.PUBLISH)
    assert where(without_ticket.home / "raw", *WORDS) == where(without_ticket.home / "reports", *WORDS) == set()
    assert {row[:-1] for row in numbers(without_ticket)} == {row[:-1] for row in before}


@pytest.mark.slow
def test_no_trace_of_a_person_is_left_in_any_file(first: Settings, desk: Settings) -> None:
    told = forget(desk, PERSON, "r-1", NOW, print)
    publish_copy(desk, NOW, print, at_once=True)
    assert told.n_tickets == 0
    assert where(desk.home, PERSON, NAME, MAIL) == set()
    assert numbers(desk) == numbers(first)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert warehouse.value("select person_id from state.answers where issue_id = 1001") == "erased-person-1"
        assert warehouse.value("select assignee_id from mart.tickets where issue_id = 1002") == "erased-person-1"
    weekly.run(desk, print, is_rendered=False)
    assert where(desk.raw, PERSON, NAME, MAIL) == set()


def test_the_desks_own_backups_are_one_that_holds_it_no_more(without_ticket: Settings) -> None:
    (name,) = Store(str(without_ticket.home / "backups")).names()
    kept = {entry.path for entry in Store(str(without_ticket.home / "backups")).read(name).entries}
    assert "state.duckdb" in kept
    assert where(without_ticket.home / "backups", *WORDS) == set()


@pytest.mark.slow
def test_words_go_by_age_and_counts_stay(first: Settings, desk: Settings) -> None:
    """SUP-1 and SUP-2 are done and old enough; SUP-11 is as old and still open."""
    assert expire(desk, "r-1", NOW, print) is None  # nothing is asked for
    settings = desk.model_copy(update={"retention": Retention(days=30)})
    assert expire(settings, "r-1", NOW, print) is None  # nothing is old enough
    told = expire(settings, "r-2", datetime(2026, 4, 4), print)
    assert told is not None
    assert told.n_tickets == 2
    publish_copy(desk, NOW, print, at_once=True)
    assert {word for _, word in where(desk.home, *WORDS[:-1], "come twice", "begins alike")} == {"begins alike"}
    assert numbers(desk) == numbers(first)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        keys = warehouse.rows(
            "select ticket_key from mart.tickets where summary = 'a ticket that was erased' order by 1"
        )
    assert keys == [("SUP-1",), ("SUP-2",)]
    assert expire(settings, "r-3", datetime(2026, 4, 5), print) is None  # once


def test_a_ticket_that_goes_on_later_is_read_again() -> None:
    """Retention erases what was said until then; a person's wish holds for good."""
    issue = issues(STORY)[0]
    early, late = datetime(2026, 3, 3, 11), datetime(2026, 3, 3, 12)
    kept = Kept(frozenset(), frozenset())

    def summary(until: datetime | None, key: str | None) -> str:
        return str(Erasures(kept, {1001: (until, key)}).apply(issue)["fields"]["summary"])

    assert summary(early, None) == "zebra token expired"
    assert summary(late, None) == summary(None, "ERASED-1001") == "a ticket that was erased"


def test_what_stays_of_an_issue() -> None:
    """Only values of mapped fields that are values, labels that mean something, and ids."""
    issue = issues(STORY)[0]
    fields = issue["fields"]
    fields |= {"labels": ["verdict-accepted", "customer-mad"], "customfield_1": {"id": "9", "value": "2", "self": "x"}}
    fields |= {"customfield_7": "a story of " + "many words " * 9, "customfield_99": "zebra", "environment": "quokka"}
    fields |= {"attachment": [{"filename": "zebra.png"}], "reporter": {"accountId": "a-1", "displayName": "A Name"}}
    issue["remotelinks"] = [{"id": 5, "object": {"url": "https://git.example/1", "title": "zebra"}}]
    left = skeleton(issue, Kept(frozenset(("customfield_1", "customfield_7")), frozenset()), "ERASED-1001")
    told = json.dumps(left)
    assert [word for word in (*WORDS, "A Name", "mad", "SUP-1 ", '"SUP-1"') if word in told] == []
    assert left["fields"]["customfield_1"] == {"id": "9", "value": "2"}
    assert left["fields"]["customfield_7"] == "erased"
    assert left["fields"]["labels"] == ["verdict-accepted"]
    assert len(left["changelog"]["histories"]) == len(issue["changelog"]["histories"])
    assert skeleton(left, Kept(frozenset(("customfield_1", "customfield_7")), frozenset()), "ERASED-1001") == left


def test_a_person_is_found_in_every_shape() -> None:
    issue = {
        "id": "1",
        "fields": {
            "assignee": {"accountId": "a-77", "displayName": "Jo Moss", "avatarUrls": {"x": "https://h/a-77.png"}},
            "customfield_1": [
                {"accountId": "b-78", "displayName": "Al"},
                {"accountId": "a-77", "displayName": "Jo Moss"},
            ],
            "description": {
                "type": "doc",
                "content": [{"type": "mention", "attrs": {"id": "a-77", "text": "@Jo Moss"}}],
            },
            "summary": "[~accountid:a-77] and jo moss of a-778",
        },
        "changelog": {"histories": [{"items": [{"field": "assignee", "from": "a-77", "fromString": "Jo Moss"}]}]},
    }
    told = json.dumps(without_persons(issue, {"a-77": "erased-person-1"}))
    assert "jo moss" not in told.casefold()
    assert told.count("a-77") == 1  # another's id that begins alike
    assert told.count("erased-person-1") == 5
    assert "Al" in told


@pytest.mark.parametrize("what", ["SUP-999", "nobody", "9" * 17])
def test_what_nobody_knows_changes_nothing(what: str, desk: Settings) -> None:
    with pytest.raises(InputError, match="neither a ticket's key nor an account id") as told:
        forget(desk, what, "r-1", NOW, print)
    assert what not in str(told.value)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert warehouse.value("select count(*) from state.erasures") == 0


@pytest.mark.slow
def test_cut_off_at_any_step_the_same_command_ends_it(desk: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    weeks = sorted(path.parent.name for path in desk.reports.glob("*-W*/index.html"))
    assert weeks
    for step in ("erase_raw", "rebuild", "_renew_backups"):
        with monkeypatch.context() as patched:
            patched.setattr(f"pipelines.forget.{step}", killed)
            with pytest.raises(KeyboardInterrupt):
                forget(desk, "SUP-1", "r-1", NOW, print)
    # the warehouse no longer knows the key, and its backups still hold the words
    assert any(place.startswith("backups/") for place, _ in where(desk.home, *WORDS))
    assert forget(desk, "sup-1", "r-1", NOW, print).n_tickets == 1
    publish_copy(desk, NOW, print, at_once=True)
    assert sorted(path.parent.name for path in desk.reports.glob("*-W*/index.html")) == weeks
    assert {place for place, _ in where(desk.home, *WORDS) if not place.startswith("models")} == set()


@pytest.mark.slow
def test_whoever_is_erased_next_ends_what_was_cut_off(desk: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person was to go; the retention of the next week, which has nothing to do, sees to it."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pipelines.forget._renew_backups", killed)
        with pytest.raises(KeyboardInterrupt):
            forget(desk, PERSON, "r-1", NOW, print)
    assert [one.what for one in check_erasing(desk)] == ["erasing"]
    assert expire(desk, "r-2", NOW, print) is not None
    assert where(desk.home, PERSON, NAME, MAIL) == set()
    assert expire(desk, "r-3", NOW, print) is None
    assert check_erasing(desk) == []


@pytest.mark.slow
def test_from_the_command_line(desk: Settings) -> None:
    folder = desk.home.parent
    assert "takes the key of a ticket" in refused(folder, 2, "forget")
    assert "neither a ticket's key" in refused(folder, 2, "forget", "SUP-999")
    told = done(folder, "forget", "SUP-2")
    assert "erased: 1 tickets; " in told
    assert where(desk.home / "raw", "come twice") == where(desk.home / "published", "come twice") == set()
