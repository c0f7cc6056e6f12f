"""The pattern book on disk: what it tells, whom it does not name, and what it never overwrites."""

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from family_stories import FORBIDDEN, STORY, build, desk_of, house, make_hostile
from markdown_it import MarkdownIt
from stories import lines

from analysis.errors import InputError
from analysis.taxonomy import Criteria, read_criteria
from analysis.warehouse import Warehouse
from pipelines import knowledge
from pipelines.knowledge import Written, write_knowledge
from pipelines.settings import Settings

RUNBOOK = """---
id: {id}
title: "Tekion: the dealer id is not whole"
provider: tekion
category: configuration
audience: {audience}
signature: ["context headers"]
version: {version}
published: 2026-04-01
announced: {announced}
{more}
---

# Put in the whole id

Write to int-1, phone 555-123-4567, at Cedar Ridge: é.
"""
RUNBOOKS = {
    "runbooks/in_force__md": RUNBOOK.format(id="RB-1", audience="ops", version=2, announced="2026-05-18", more=""),
    "runbooks/older__md": RUNBOOK.format(id="RB-1", audience="ops", version=1, announced="2026-04-01", more=""),
    "runbooks/to_come__md": RUNBOOK.format(id="RB-2", audience="ops", version=1, announced="2026-06-02", more=""),
    "runbooks/gone__md": RUNBOOK.format(
        id="RB-3", audience="ops", version=1, announced="2026-04-01", more="replaced: 2026-05-01"
    ),
    "runbooks/dealers__md": RUNBOOK.format(id="RB-4", audience="dealer", version=1, announced="2026-04-01", more=""),
}
LIMITS = """
SUP-13 created 2026-03-09 09:00 tier=2 dealer="North Fork" provider=XTime category=limitation summary="North Fork cannot pick a loaner in Pam" description="Advisor Lena asks for loaners."
  03-10 12:00 comment="Loaner and valet can't be read through the XTime connection. North Fork puts the wish in the comment line." by=int-1
  03-10 12:01 status=Resolved by=int-1
SUP-14 created 2026-03-11 09:00 tier=2 provider=Tekion category=custom_request summary="A data lake of all appointments" description="Every evening."
"""


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return house(tmp_path_factory.mktemp("criteria") / "criteria", **RUNBOOKS)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Settings:
    folder = tmp_path_factory.mktemp("desk")
    build(folder, STORY + LIMITS, criteria)
    criteria_folder = house_folder(tmp_path_factory.mktemp("again"))
    return Settings(home=folder, criteria=criteria_folder)


def house_folder(folder: Path) -> Path:
    house(folder, **RUNBOOKS)
    return folder


@pytest.fixture(scope="module")
def book(desk: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "book"
    done = write_knowledge(desk, read_criteria(desk.criteria_folder), folder)
    assert done == Written(folder, 4, 1, len(files_of(folder)))
    return folder


def write(desk: Settings, folder: Path) -> Written:
    return write_knowledge(desk, read_criteria(desk.criteria_folder), folder)


def files_of(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(found)}


def data(folder: Path) -> dict[str, Any]:
    told = json.loads((folder / "knowledge.json").read_bytes())
    assert isinstance(told, dict)
    return told


# -- what it tells -------------------------------------------------------------------------------------------


def test_its_files(book: Path) -> None:
    pages = {f"{one['provider']}.md" for one in data(book)["providers"]}
    assert {"tekion.md", "cdk.md", "xtime.md", "mykaarma.md", "dealer_fx.md"} <= pages
    assert set(files_of(book)) == pages | {"README.md", "knowledge.json", "runbooks/RB-1.md"}


def test_a_page_by_eye(book: Path) -> None:
    found = (book / "tekion.md").read_text()
    assert found.startswith(
        "# Tekion\n\nAs of 2026-06-01T08:00:00Z. Quotations are what people wrote in tickets: evidence, "
    )
    entry = found.split("\n### ")[1].split("\n## ")[0]
    assert re.match(r".*\\\[dealer\\\].*\n\n\*\*When you see", entry)  # the summary of the most typical ticket
    expected = r"""
**it means** dealer id as bare number; context headers (configuration).

- Seen 4 times at 2 dealers, first on 2026-03-02, last on 2026-05-18.
- State: contained, OPS has a runbook; since 2026-04-01.
- Root cause: configuration (3 tickets).
- Runbook: [RB-1](runbooks/RB-1.md).
- Family SUP-1.

What resolved it, in people's words:

> The record carried the bare 14, Tekion requires \[dealer\]\_14_0. Stored the long dealer id and re-sent the waiting bookings.

> Replaced 41 by the whole string \[dealer\]\_41_0 as printed in their hub. \[name\] sees times again.

> The store record held just 47. Tekion wants the long form, so we put \[dealer\]\_47_0 in and the test went green.
"""
    assert expected in f"{entry}\n"
    assert "**When you see** `Missing or invalid context headers`" in entry


def test_what_was_seen_once_and_has_no_runbook(book: Path) -> None:
    found = (book / "cdk.md").read_text()
    assert "**When you see** `TOKEN-EXPIRED`" in found
    expected = """
        - Seen 1 time at 1 dealer, first on 2026-04-20, last on 2026-04-20.
        - State: ongoing; since 2026-05-18.
        - Root cause: not told yet.
        - Runbook: no runbook yet.
        - Family SUP-10.
    """
    assert lines(expected) in found
    assert "No ticket told of a limit yet." in found and "- request to live: 504 hours" in found
    assert "No failure of this provider was escalated yet." in (book / "dealer_fx.md").read_text()


def test_what_an_integration_cannot_do(book: Path) -> None:
    found = (book / "xtime.md").read_text().split("\n## What the integration can and cannot do")[1]
    expected = r"""
### \[dealer\] cannot pick a loaner in Pam

The integration cannot do this; asked for in 1 ticket, last on 2026-03-09.

> Loaner and valet can't be read through the XTime connection. \[dealer\] puts the wish in the comment line.

## Normal delays

Nothing is wrong before these hours have passed:

- invitation accepted to confirmed: 24 hours
"""
    assert found.partition("\n")[2] == expected
    assert "Work beyond the standard integration; asked for in 1 ticket" in (book / "tekion.md").read_text()


def test_its_first_page(book: Path) -> None:
    found = (book / "README.md").read_text()
    assert "as of 2026-06-01T08:00:00Z" in found and "days are those of UTC" in found
    assert "4 families of the same failure in 10 escalations; 3 without a runbook. 1 runbook for OPS in force." in found
    assert "| [Tekion](tekion.md) | 1 | 1 |" in found and "| [XTime](xtime.md) | 1 | 1 |" in found
    assert "- [RB-1](runbooks/RB-1.md): Tekion: the dealer id is not whole" in found


def test_the_same_as_data(book: Path) -> None:
    told = data(book)
    assert (told["schema"], told["as_of"], told["reporting_zone"]) == (
        "escalations-knowledge/1",
        "2026-06-01T08:00:00Z",
        "UTC",
    )
    assert told["counts"] == {"families": 4, "escalations": 10, "runbooks": 1, "families_without_runbook": 3}
    (tekion,) = [one for one in told["providers"] if one["provider"] == "tekion"]
    (family,) = tekion["families"]
    quotes = family.pop("resolved_by")
    assert len(quotes) == 3 and quotes[0].startswith("The record carried the bare 14, Tekion requires [dealer]_14_0.")
    assert family.pop("signature")[0] == "Missing or invalid context headers"
    assert "[dealer]" in family.pop("title")
    assert family == {
        "family": "SUP-1",
        "provider": "tekion",
        "failure_category": "configuration",
        "meaning": "dealer id as bare number; context headers",
        "state": "contained",
        "first_seen_on": "2026-03-02",
        "last_seen_on": "2026-05-18",
        "fix_effective_on": None,
        "state_since": "2026-04-01",
        "is_fix_assumed": None,
        "n_escalations": 4,
        "n_dealers": 2,
        "root_causes": [{"root_cause": "configuration", "n_tickets": 3}],
        "runbooks": ["RB-1"],
    }
    (cdk,) = [one for one in told["providers"] if one["provider"] == "cdk"]
    assert cdk["normal_delays"] == [{"step": "request to live", "hours": 504.0}]
    (runbook,) = told["runbooks"]
    assert (runbook["id"], runbook["version"], runbook["file"]) == ("RB-1", 2, "runbooks/RB-1.md")


def test_runbooks_are_copied_as_they_were_written(book: Path) -> None:
    assert (book / "runbooks" / "RB-1.md").read_text() == RUNBOOKS["runbooks/in_force__md"]


def test_nobody_is_named(book: Path) -> None:
    named = re.compile(
        rb"Tanya|Rosa|Lena|(?i:cedar)|CRM|Blue Mesa|bluemesa|Valley|Orchard|North Fork|N\. Fork|(?:int|ops|eng)-1"
    )
    for name, content in files_of(book).items():
        if not name.startswith("runbooks/"):
            assert not named.search(content), (name, named.search(content))


# -- the folder ----------------------------------------------------------------------------------------------


def test_the_same_warehouse_gives_the_same_bytes(book: Path, desk: Settings, tmp_path: Path) -> None:
    write(desk, tmp_path / "deeper" / "book")
    assert files_of(tmp_path / "deeper" / "book") == files_of(book)
    before = files_of(book)
    write(desk, book)
    assert files_of(book) == before
    assert [path.name for path in book.parent.iterdir()] == ["book"]


def test_what_is_no_longer_told_is_gone(desk: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "book"
    write(desk, folder)
    copy = desk_of(desk.warehouse_file, tmp_path)
    criteria = house(tmp_path / "criteria")
    write_knowledge(Settings(home=copy.home, criteria=tmp_path / "criteria"), criteria, folder)
    assert not (folder / "runbooks").exists() and data(folder)["runbooks"] == []
    # the warehouse still tells of the one that was in force at the last report
    assert "- Runbook: RB-1." in (folder / "tekion.md").read_text()


def test_an_empty_folder_is_taken(desk: Settings, tmp_path: Path) -> None:
    (tmp_path / "book").mkdir()
    assert write(desk, tmp_path / "book").n_families == 4


def spoil(folder: Path, what: str) -> None:
    if what == "a note":
        (folder / "runbooks" / "notes.txt").write_text("mine")
    elif what == "a change":
        (folder / "tekion.md").write_text("mine")
    elif what == "a link":
        (folder / "link").symlink_to(folder.parent)
    elif what == "no data":
        (folder / "knowledge.json").unlink()
    elif what == "other data":
        (folder / "knowledge.json").write_text('{"schema": "another/1", "files": {}}')
    elif what == "broken data":
        (folder / "knowledge.json").write_text('{"schema": ["escalations-knowledge/1"], "files": [1]}')
    else:
        (folder / "knowledge.json").write_bytes(b"\xff{")


SPOILT = {
    "a note": "runbooks/notes.txt was not written by `escalations knowledge`",
    "a change": "tekion.md was changed since it was written",
    "a link": "link was not written by",
    "no data": "was not written by `escalations knowledge`",
    "other data": "was not written by `escalations knowledge`",
    "broken data": "was not written by `escalations knowledge`",
    "no text": "was not written by `escalations knowledge`",
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_not_ours_is_left_alone(what: str, book: Path, desk: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "book"
    shutil.copytree(book, folder)
    spoil(folder, what)
    before = files_of(folder)
    with pytest.raises(InputError) as error:
        write(desk, folder)
    assert SPOILT[what] in str(error.value)
    assert str(error.value).endswith("; move it away, or give --out another folder")
    assert files_of(folder) == before and [path.name for path in tmp_path.iterdir()] == ["book"]


def test_other_refusals(desk: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="is a file; give --out a folder"):
        write(desk, tmp_path / "file")
    with pytest.raises(InputError, match="cannot be written"):
        write(desk, tmp_path / "file" / "below")
    with pytest.raises(InputError, match="no warehouse yet"):
        write(Settings(home=tmp_path), tmp_path / "book")
    with Warehouse.open(tmp_path / "warehouse.duckdb"):
        pass
    with pytest.raises(InputError, match="nothing was reported yet"):
        write(Settings(home=tmp_path), tmp_path / "book")
    assert not (tmp_path / "book").exists()


@pytest.mark.parametrize("step", ["write_bytes", "rename"])
def test_what_fails_half_way_leaves_the_old_book(
    step: str, book: Path, desk: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "book"
    shutil.copytree(book, folder)
    before = files_of(folder)
    once = getattr(Path, step)
    calls: list[Path] = []

    def fails(self: Path, *given: Any) -> Any:
        calls.append(self)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return once(self, *given)

    monkeypatch.setattr(Path, step, fails)
    with pytest.raises(InputError, match="cannot be written \\(No space left on device\\)"):
        write(desk, folder)
    monkeypatch.undo()
    assert files_of(folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


def test_every_file_is_told_with_what_is_in_it(book: Path) -> None:
    told = data(book)["files"]
    found = {name: hashlib.sha256(content).hexdigest() for name, content in files_of(book).items()}
    assert found.pop(knowledge.DATA) and told == found


# -- hostile tickets -----------------------------------------------------------------------------------------


def test_hostile_tickets_are_quoted_and_nothing_else(criteria: Criteria, desk: Settings, tmp_path: Path) -> None:
    build(tmp_path, STORY + LIMITS, criteria, make_hostile)
    folder = tmp_path / "book"
    write(Settings(home=tmp_path, criteria=desk.criteria_folder), folder)
    pages = [path for path in folder.glob("*.md") if path.name != "README.md"]
    for page in pages:
        text = page.read_text()
        for parser in (MarkdownIt("commonmark"), MarkdownIt("gfm-like", {"html": True, "linkify": False})):
            tokens = parser.parse(text)
            assert not {token.type for token in tokens} & {"html_block", "fence", "code_block", "table_open", "hr"}
            links = [
                str(child.attrs["href"]) for one in tokens for child in one.children or () if child.type == "link_open"
            ]
            assert set(links) <= {"runbooks/RB-1.md"}
            seen = set(re.findall(r"</?([a-z]\w*)", parser.render(text)))
            assert not (FORBIDDEN - {"a", "strong"}) & seen
        assert text.replace("\n", "").isprintable() and not re.search(r"\{[{%#]", text)
        assert len(re.findall(r"^## ", text, re.MULTILINE)) == 3 and len(re.findall(r"^# ", text, re.MULTILINE)) == 1
        assert len(text) < 20_000
    told = (folder / "knowledge.json").read_text()
    assert json.loads(told)["counts"]["families"] >= 4 and told.replace("\n", "").isprintable()
    assert len(told) < 60_000
    (quoted,) = [
        family for one in data(folder)["providers"] for family in one["families"] if family["family"] == "SUP-1"
    ]
    assert all(len(words) <= 700 for words in quoted["resolved_by"])
