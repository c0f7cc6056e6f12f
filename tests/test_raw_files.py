"""Raw files and their manifests: whole, or one plain sentence about what is wrong."""

import gzip
import json
from datetime import datetime
from pathlib import Path

import pytest

from analysis.errors import InputError
from pipelines.raw_files import Manifest, manifests, raw_lines

MANIFEST = Manifest(
    file="abc.jsonl.gz",
    source_id="jira:t.example.invalid",
    n_issues=2,
    as_of=datetime(2026, 3, 4, 12, 30),
    field_names={"customfield_1": "Support tier"},
    statuses={"6": ("Resolved", "done"), "8": ("Odd", None)},
)


def test_a_manifest_comes_back_as_it_was(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path)
    assert Manifest.read(tmp_path / "abc.manifest.json") == MANIFEST
    assert sorted(path.name for path in tmp_path.iterdir()) == ["abc.manifest.json"]


def test_the_latest_time_wins_whatever_the_name(tmp_path: Path) -> None:
    for file, day in (("c", 1), ("a", 3), ("b", 2)):
        Manifest(f"{file}.jsonl.gz", "jira:x", 1, datetime(2026, 3, day), {}, {}).write(tmp_path)
    assert manifests(tmp_path)[-1].file == "a.jsonl.gz"


def test_nothing_extracted_yet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing was extracted yet"):
        manifests(tmp_path)


BROKEN = ["", "{", "[]", "7", "{}", '{"file": "x", "as_of": "now", "statuses": {}}', '{"statuses": []}']


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_manifest_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "x.manifest.json").write_text(text)
    with pytest.raises(InputError, match=r"x\.manifest\.json: not a manifest"):
        manifests(tmp_path)


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    MANIFEST.write(tmp_path)
    path = tmp_path / "abc.manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"more": 1}))
    with pytest.raises(InputError, match="not a manifest"):
        Manifest.read(path)


def test_killed_before_the_swap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manifest that was cut off has no manifest's name, so nothing reads half of one."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        MANIFEST.write(tmp_path)
    assert not list(tmp_path.glob("*.manifest.json"))


def test_lines_with_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b'{"id":1}\n{"id":2}\n'))
    assert list(raw_lines(tmp_path, "a.jsonl.gz")) == [(1, b'{"id":1}'), (2, b'{"id":2}')]


def noise(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes(b ^ 0xFF for b in data[middle : middle + 8]) + data[middle + 8 :]


WHOLE = gzip.compress("".join(f'{{"id":{n * 7919}}}\n' for n in range(3000)).encode())


@pytest.mark.parametrize(
    "data", [None, b"", b"plain", WHOLE[:-30], noise(WHOLE)], ids=["gone", "0", "plain", "cut", "noise"]
)
def test_a_damaged_raw_file_is_named(data: bytes | None, tmp_path: Path) -> None:
    if data is not None:
        (tmp_path / "a.jsonl.gz").write_bytes(data)
    with pytest.raises(InputError, match=r"a\.jsonl\.gz: the raw file is gone or damaged"):
        list(raw_lines(tmp_path, "a.jsonl.gz"))
