"""The file source: every shape an export comes in, and what is said of one that is none."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stories import issues

from analysis.errors import InputError
from pipelines.export_files import ExportFiles

TWO = issues("""
SUP-1 created 2026-03-02 09:00 tier=1
SUP-2 created 2026-03-03 09:00 tier=2
""")
CLOUD = {"issues": TWO, "isLast": True, "nextPageToken": None, "names": {"customfield_1": "Support tier"}}
CENTER = {"startAt": 0, "maxResults": 50, "total": 2, "expand": "names", "issues": TWO}
PAGES = [{**CENTER, "issues": [one], "startAt": n} for n, one in enumerate(TWO)]
FIELDS = [{"id": "customfield_1", "name": "Support tier", "custom": True, "schema": {"type": "option"}}]
STATUSES = [
    {"id": "6", "name": "Resolved", "statusCategory": {"key": "done"}},
    {"id": "9", "name": "Odd", "statusCategory": None},
]


def dumped(value: object) -> bytes:
    return json.dumps(value).encode()


def lined(values: list[Any], end: str = "\n") -> bytes:
    return "".join(json.dumps(value) + end for value in values).encode()


SHAPES: dict[str, bytes] = {
    "list of issues": dumped(TWO),
    "pretty-printed list": json.dumps(TWO, indent=2).encode(),
    "search response, Cloud": dumped(CLOUD),
    "search response, Data Center": dumped(CENTER),
    "pretty-printed response": json.dumps(CENTER, indent=4).encode(),
    "one search response a line": lined(PAGES),
    "list of search responses' issues, one list a line": lined([[TWO[0]], [TWO[1]]]),
    "JSON Lines": lined(TWO),
    "JSON Lines, no line end at the end": lined(TWO).rstrip(b"\n"),
    "byte order mark": b"\xef\xbb\xbf" + lined(TWO),
    "byte order mark before a document": b"\xef\xbb\xbf" + dumped(CLOUD),
    "CRLF": lined(TWO, "\r\n"),
    "blank lines": b"\n\n" + lined(TWO, "\n\n  \n"),
    "a list typed by hand, one issue a line": b"[\n" + b",\n".join(map(dumped, TWO)) + b"\n]\n",
    "two documents of one line": lined([TWO, []]),
}


def keys(path: Path) -> list[str]:
    return [issue["key"] for issue, _ in ExportFiles(path).issues()]


@pytest.mark.parametrize("field", ["comment", "worklog"])
def test_what_jira_left_out_is_told(field: str, tmp_path: Path) -> None:
    (whole,) = issues("SUP-3 created 2026-03-02 09:00\n  03-02 10:00 worklog=1 comment=hello")
    block = whole["fields"][field]
    cut = whole | {"fields": whole["fields"] | {field: block | {"total": 2}}}
    told = []
    for found in ([*TWO, whole], [*TWO, cut]):
        source = ExportFiles(tmp_path / "export.json")
        source.path.write_text(json.dumps(found))
        assert len(list(source.issues())) == 3
        told.append(source.notes)
    assert told[0] == []
    assert told[1][0].startswith("1 issues hold fewer comments or worklogs")


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes(shape: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / ("export.json.gz" if packed else "export.json")
    path.write_bytes(gzip.compress(SHAPES[shape]) if packed else SHAPES[shape])
    assert keys(path) == ["SUP-1", "SUP-2"]


@pytest.mark.parametrize("indent", [None, 2])
def test_one_issue_alone(indent: int | None, tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(json.dumps({**TWO[0], "names": {"customfield_7": "Runbook used"}}, indent=indent))
    source = ExportFiles(path)
    assert [issue["key"] for issue, _ in source.issues()] == ["SUP-1"]
    assert source.field_names == {"customfield_7": "Runbook used"}


def test_one_issue_in_a_list_typed_over_lines(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_bytes(b"[\n" + dumped(TWO[0]) + b"\n]")
    assert keys(path) == ["SUP-1"]


def test_gzip_is_known_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(gzip.compress(lined(TWO)))
    assert keys(path) == ["SUP-1", "SUP-2"]


def test_a_folder_with_snapshots(tmp_path: Path) -> None:
    (tmp_path / "b.jsonl").write_bytes(lined([TWO[1]]))
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(dumped([TWO[0]])))
    (tmp_path / "fields.json").write_bytes(dumped(FIELDS))
    (tmp_path / "statuses.json").write_bytes(dumped(STATUSES))
    (tmp_path / "notes.txt").write_text("not an export")
    (tmp_path / "older").mkdir()
    source = ExportFiles(tmp_path)
    found = [(issue["key"], place) for issue, place in source.issues()]
    assert found == [("SUP-1", f"{tmp_path}/a.json.gz: line 1, issue 1"), ("SUP-2", f"{tmp_path}/b.jsonl: line 1")]
    assert source.field_names == {"customfield_1": "Support tier"}
    assert source.statuses == {"6": ("Resolved", "done"), "9": ("Odd", None)}


def test_names_beside_the_issues_are_noted(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_bytes(dumped(CLOUD))
    source = ExportFiles(tmp_path / "export.json")
    assert len(list(source.issues())) == 2
    assert source.field_names == {"customfield_1": "Support tier"}


def bad_gzip() -> bytes:
    data = bytearray(gzip.compress(lined(TWO * 50)))
    data[len(data) // 2] ^= 0xFF
    data[len(data) // 2 + 1] ^= 0xFF
    return bytes(data)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "broken line": (lambda: lined(TWO) + b'{"id": "3", "fie\n', "line 3: not valid JSON"),
    "broken first line": (lambda: b'{"id": "3", "fie\n' + lined(TWO), "line 1: not valid JSON"),
    "broken pretty-printed document": (lambda: json.dumps(TWO, indent=1).encode()[:-200], "not valid JSON"),
    "truncated gzip": (lambda: gzip.compress(lined(TWO))[:-20], "cut short or damaged"),
    "damaged gzip": (bad_gzip, "cut short or damaged"),
    "not UTF-8": (lambda: lined(TWO) + b'{"id": "caf\xe9"}\n', "line 3: not UTF-8"),
    "UTF-16": (lambda: json.dumps(TWO).encode("utf-16"), "not UTF-8"),
    "empty file": (lambda: b"", "empty"),
    "white space alone": (lambda: b" \n\r\n ", "empty"),
    "a number": (lambda: b"7", "neither an issue nor a list of issues"),
    "a list of numbers": (lambda: b"[1, 2]", "issue 1: neither an issue nor a list of issues"),
    "an object of something else": (lambda: b'{"errorMessages": ["no"]}', "neither an issue nor a list of issues"),
    "lists in lists": (lambda: b"[" * 400 + b"]" * 400, "neither an issue nor a list of issues"),
    "a depth bomb": (lambda: b"[" * 100_000 + b"]" * 100_000, "nested too deep"),
    "a number of too many digits": (lambda: b'{"id": ' + b"9" * 5000 + b', "fields": {}}', "number"),
    "an HTML page": (lambda: b"<html>Log in</html>", "not valid JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line_naming_the_file(name: str, tmp_path: Path) -> None:
    make, words = REFUSED[name]
    path = tmp_path / "export.json"
    path.write_bytes(make())
    with pytest.raises(InputError) as caught:
        list(ExportFiles(path).issues())
    message = str(caught.value)
    assert str(path) in message
    assert words in message
    assert "\n" not in message


def test_an_empty_list_holds_no_issue(tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text("[]")
    assert keys(tmp_path / "export.json") == []


def test_no_such_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        keys(tmp_path / "nowhere")


def test_a_folder_without_exports(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing")
    with pytest.raises(InputError, match=r"no export in this folder; files must end in \.json"):
        keys(tmp_path)


def test_odd_snapshots_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(lined([CLOUD | {"names": ["not", "a", "map"]}]))
    (tmp_path / "b.json").write_bytes(dumped([{"id": 1, "name": "X", "statusCategory": "done"}]))
    source = ExportFiles(tmp_path)
    assert len(list(source.issues())) == 2
    assert (source.field_names, source.statuses) == ({}, {"1": ("X", None)})
