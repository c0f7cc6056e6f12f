"""STEP extract: whole or not at all, untouched, once, with a manifest."""

import gzip
import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from stories import issues, open_warehouse, write_criteria

from analysis.errors import InputError, SettingsError
from pipelines.export_files import ExportFiles
from pipelines.extract import extract
from pipelines.load import load
from pipelines.normalise import NORMALISE_VERSION, normalise
from pipelines.raw_files import Manifest, raw_lines

STORY = """
SUP-1 created 2026-03-02 09:00 tier=1
  03-02 10:00 tier=2
SUP-2 created 2026-03-03 09:00 tier=2
  03-04 12:30 comment=hello by=int-1
"""
Json = dict[str, Any]


def exported(folder: Path, *found: Json, name: str = "export.jsonl") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(one) + "\n" for one in found))
    return path


def extracted(folder: Path, *found: Json) -> Manifest:
    return extract(ExportFiles(exported(folder, *found)), folder / "raw")


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "raw").glob("*"))


def changed(issue: Json, path: str, value: object) -> Json:
    """The issue with the value at a dotted path replaced, or without it (`...`)."""
    copy = deepcopy(issue)
    at: Any = copy
    *before, last = path.split(".")
    for part in before:
        at = at[int(part)] if isinstance(at, list) else at[part]
    if value is ...:
        del at[last]
    else:
        at[last] = value
    return copy


def test_manifest(tmp_path: Path) -> None:
    manifest = extracted(tmp_path, *issues(STORY))
    assert manifest.source_id == "jira:t.example.invalid"
    assert manifest.n_issues == 2
    assert manifest.as_of == datetime(2026, 3, 4, 12, 30)
    assert manifest.field_names == {"customfield_1": "Support tier"}
    assert left_in(tmp_path) == [manifest.file, manifest.file.replace("jsonl.gz", "manifest.json")]
    told = json.loads((tmp_path / "raw" / manifest.file.replace("jsonl.gz", "manifest.json")).read_text())
    assert told["as_of"] == "2026-03-04T12:30:00"


def test_the_same_content_is_the_same_file(tmp_path: Path) -> None:
    first = extracted(tmp_path, *issues(STORY))
    data = (tmp_path / "raw" / first.file).read_bytes()
    assert extracted(tmp_path, *issues(STORY)) == first
    assert (tmp_path / "raw" / first.file).read_bytes() == data
    packed = tmp_path / "again.json.gz"
    packed.write_bytes(gzip.compress(json.dumps({"issues": issues(STORY)}, indent=3).encode()))
    assert extract(ExportFiles(packed), tmp_path / "raw") == first
    assert len(left_in(tmp_path)) == 2


ODD: Json = {
    "customfield_99": {"type": "strange", "deep": [{"x": None}, [1, 2.5, 1e22, -0.0, 12345678901234567890]]},
    "customfield_98": "a \x00 NUL, a lone \ud800 surrogate, \u202eright to left, 日本語, \U0001f600",
    "customfield_97": "x" * 40_000,
    "customfield_96": [True, False, ""],
}


def test_unknown_fields_stay_in_raw_as_they_were(tmp_path: Path) -> None:
    (issue,) = issues("SUP-1 created 2026-03-02 09:00")
    issue["fields"] |= ODD
    issue["unheard_of"] = ODD
    manifest = extracted(tmp_path, issue)
    ((number, line),) = raw_lines(tmp_path / "raw", manifest.file)
    assert number == 1
    assert json.loads(line) == issue
    # not only equal: the same spelling of each value and the same order of keys
    assert line.decode() == json.dumps(issue, separators=(",", ":"))


ONE = issues("""
SUP-1 created 2026-03-02 09:00
  03-02 10:00 tier=2 comment=hi worklog=1
  03-02 11:00 link=Escalation>PENG-1
""")[0]
REFUSED = {
    "no id": ("id", ..., "no numeric id"),
    "id is a word": ("id", "SUP-1", "no numeric id"),
    "id is true": ("id", True, "no numeric id"),
    "id of other digits": ("id", "²", "no numeric id"),
    "id too long for a number": ("id", "9" * 30, "no numeric id"),
    "no key": ("key", ..., "issue 1001 has no key"),
    "fields null": ("fields", None, "issue 1001 has no key or no fields"),
    "no created": ("fields.created", ..., "issue 1001: field created is missing or not a time"),
    "created is garbage": ("fields.created", "yesterday SECRETWORD", "field created is missing or not a time"),
    "updated null": ("fields.updated", None, "field updated is missing"),
    "history without id": ("changelog.histories.0.id", ..., "a changelog entry has no numeric id"),
    "history is a string": ("changelog.histories", ["x"], "a changelog entry has no numeric id"),
    "items are no list": ("changelog.histories.0.items", {"field": "x"}, "no list of items"),
    "item is a string": ("changelog.histories.0.items", ["x"], "no list of items"),
    "comment without id": ("fields.comment.comments.0.id", ..., "a comment has no numeric id"),
    "worklog without id": ("fields.worklog.worklogs.0.id", ..., "a worklog has no numeric id"),
    "link without id": ("fields.issuelinks.0.id", ..., "a link has no numeric id"),
    "another Jira": (
        "self",
        "https://other.example.invalid/rest/1",
        "an issue of other.example.invalid among those of",
    ),
    "an issue nested in itself": ("fields.customfield_5", json.loads("[" * 450 + "]" * 450), "nested too deep"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_issue_leaves_no_trace(name: str, tmp_path: Path) -> None:
    path, value, words = REFUSED[name]
    good = issues("SUP-9 created 2026-03-02 09:00")[0] | {"id": "9"}
    with pytest.raises(InputError) as caught:
        extracted(tmp_path, good, changed(ONE, path, value))
    assert words in str(caught.value)
    assert f"{tmp_path}/export.jsonl: line 2" in str(caught.value)
    assert "SECRETWORD" not in str(caught.value)
    assert left_in(tmp_path) == []


FINE = {
    "comments as a bare list": ("fields.comment", ONE["fields"]["comment"]["comments"]),
    "worklogs as a bare list": ("fields.worklog", ONE["fields"]["worklog"]["worklogs"]),
    "no worklogs": ("fields.worklog", ...),
    "comment null": ("fields.comment", None),
    "links null": ("fields.issuelinks", None),
    "changelog null": ("changelog", None),
    "histories null": ("changelog.histories", None),
    "items null": ("changelog.histories.0.items", None),
    "history without a time": ("changelog.histories.0.created", None),
    "id is a number": ("id", 1001),
    "address is no address": ("self", "http://[broken"),
}


@pytest.mark.parametrize("name", FINE)
def test_odd_but_whole_issues_pass(name: str, tmp_path: Path) -> None:
    path, value = FINE[name]
    assert extracted(tmp_path, changed(ONE, path, value)).n_issues == 1


@pytest.mark.parametrize("text", ["[]", '{"issues": []}', '[{"id": "status", "name": "Status"}]'])
def test_no_issues_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text(text)
    with pytest.raises(InputError, match="holds no issues"):
        extract(ExportFiles(tmp_path / "export.json"), tmp_path / "raw")
    assert left_in(tmp_path) == []


class Killed(BaseException):
    """Like a signal: nothing catches it."""


class Breaking(ExportFiles):
    """A source that dies after its first issue."""

    def issues(self) -> Iterator[tuple[Json, str]]:
        yield issues(STORY)[0], "first"
        raise Killed


def test_killed_while_reading(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        extract(Breaking(tmp_path), tmp_path / "raw")
    assert left_in(tmp_path) == []


def test_killed_between_raw_file_and_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(Manifest, "write", killed)
        extracted(tmp_path, *issues(STORY))
    manifest = extracted(tmp_path, *issues(STORY))
    assert left_in(tmp_path) == sorted([manifest.file, manifest.file.replace("jsonl.gz", "manifest.json")])
    assert len(list(raw_lines(tmp_path / "raw", manifest.file))) == 2


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "raw").write_text("a file stands in the way")
    with pytest.raises(SettingsError, match="cannot be made a folder"):
        extracted(tmp_path, *issues(STORY))


def renamed(*names: str) -> Json:
    (issue,) = issues("SUP-1 created 2026-03-02 09:00")
    for number, name in enumerate(names):
        item = {
            "field": name,
            "fieldId": "customfield_1",
            "from": None,
            "fromString": None,
            "to": None,
            "toString": "2",
        }
        log = {"id": str(90 - number), "created": f"2026-03-0{9 - number}T10:00:00.000+0000", "items": [item]}
        issue["changelog"]["histories"].append(log)  # newest first, as Jira Cloud sends them
    return issue


def test_a_renamed_field_has_its_newest_name(tmp_path: Path) -> None:
    assert extracted(tmp_path, renamed("New name", "Old name")).field_names == {"customfield_1": "New name"}


def test_names_that_no_database_takes_are_cleaned(tmp_path: Path) -> None:
    assert extracted(tmp_path, renamed("Tier \ud800\x00")).field_names == {"customfield_1": "Tier \ufffd\ufffd"}


# -- what loading makes of several extracts ------------------------------------------------------------------


def loaded(folder: Path, *exports: Path) -> list[tuple[Any, ...]]:
    criteria = write_criteria(folder / "criteria")
    query = "select ticket_key, summary, changelog, (select count(*) from core.changes c where c.issue_id = t.issue_id)"
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        for path in exports:
            manifest = extract(ExportFiles(path), folder / "raw")
            load(warehouse, folder / "raw", manifest, criteria, normalise, NORMALISE_VERSION)
        return warehouse.rows(f"{query} from core.tickets t order by 1")


OLD = issues("SUP-1 created 2026-03-02 09:00\n  03-02 10:00 tier=2\n")[0]
NEW = changed(changed(OLD, "fields.summary", "newer"), "fields.updated", "2026-03-05T10:00:00.000+0000")


@pytest.mark.parametrize("order", ["old first", "new first", "one folder", "one folder, new first"])
def test_the_newest_copy_wins(order: str, tmp_path: Path) -> None:
    names = ("a", "b") if "new first" not in order else ("b", "a")
    old, new = (
        exported(tmp_path / "exports", one, name=f"{n}.jsonl") for one, n in zip((OLD, NEW), names, strict=True)
    )
    paths = [tmp_path / "exports"] if "folder" in order else [old, new] if order == "old first" else [new, old]
    assert loaded(tmp_path, *paths) == [("SUP-1", "newer", "whole", 1)]


@pytest.mark.parametrize("log", [None, {"total": 1, "histories": []}], ids=["none", "partial"])
def test_a_changelog_once_known_is_kept(log: Json | None, tmp_path: Path) -> None:
    bare = changed(NEW, "changelog", log)
    first, second = exported(tmp_path, OLD, name="a.jsonl"), exported(tmp_path, bare, name="b.jsonl")
    assert loaded(tmp_path, first, second) == [("SUP-1", "newer", "partial", 1)]


def test_a_broken_export_changes_nothing(tmp_path: Path) -> None:
    good, bad = exported(tmp_path, OLD, name="a.jsonl"), tmp_path / "b.jsonl"
    bad.write_text(json.dumps(NEW) + "\n{broken\n")
    before = loaded(tmp_path, good)
    with pytest.raises(InputError, match="line 2"):
        loaded(tmp_path, bad)
    assert loaded(tmp_path) == before
    assert len(left_in(tmp_path)) == 2


def test_a_changelog_in_the_same_extract_is_kept(tmp_path: Path) -> None:
    exported(tmp_path / "exports", OLD, name="a.jsonl")
    exported(tmp_path / "exports", changed(NEW, "changelog", None), name="b.jsonl")
    assert loaded(tmp_path, tmp_path / "exports") == [("SUP-1", "newer", "partial", 1)]
