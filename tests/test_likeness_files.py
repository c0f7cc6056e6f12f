"""Likeness files: what is written reads back; what is cut, foreign or planted is refused in one line; the version tells all."""

import ast
import io
import json
import os
import pickle
import resource
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from few_tickets import cells
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_families import SAYINGS, likeness_by_hand

from analysis import array_files, features, likeness, likeness_fitting
from analysis.array_files import packed, read_arrays, unpacked, write_arrays
from analysis.errors import InputError
from analysis.examples import STARTER
from analysis.likeness import Likeness, Words
from analysis.likeness_files import ALLOWED, BLOCKS, FORM, SHIPPED, WHOLE, kind_texts, read_likeness, write_likeness
from analysis.likeness_fitting import (
    Known,
    digest_of,
    fit_likeness,
    known_families,
    known_kinds,
    plain_words,
    says_nothing,
)

LAWS = settings(max_examples=60, deadline=None)
Arrays = dict[str, NDArray[Any]]
TEXTS = [
    Words("There is a lock on the record", "so the update was refused.", "A new token was needed after the lock."),
    Words("We are given no token any more", None),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("likeness")


@cache
def by_hand() -> Likeness:
    return likeness_by_hand(SAYINGS)


@cache
def whole() -> bytes:
    """The file of the likeness by hand."""
    with TemporaryDirectory() as name:
        path = Path(name) / "written.npz"
        write_likeness(by_hand(), path)
        return path.read_bytes()


def as_arrays(data: bytes) -> Arrays:
    with np.load(io.BytesIO(data)) as members:
        return dict(members)


def as_bytes(arrays: Mapping[str, Any], **how: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, **how)
    return buffer.getvalue()


def letters(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def refused(path: Path) -> str:
    """The one plain line that refuses the file: what, where, what to do."""
    with pytest.raises(InputError) as caught:
        read_likeness(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"{path}: ")
    assert "install the program again" in message
    assert "Traceback" not in message
    return message


def refused_bytes(data: bytes, folder: Path) -> str:
    path = folder / "odd.npz"
    path.write_bytes(data)
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    return refused(path)


def assert_equal(one: Likeness, other: Likeness) -> None:
    for name in (*WHOLE, "kind_names", "plain_words", "version", "meaning_weight"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert np.array_equal(mine, theirs), name
        assert type(mine) is type(theirs), name
    for block in BLOCKS:
        assert getattr(one, block).terms == getattr(other, block).terms
        assert np.array_equal(getattr(one, block).idf, getattr(other, block).idf)
        assert np.array_equal(one.axes[block], other.axes[block])
        assert one.axes[block].dtype == other.axes[block].dtype == np.int8
        assert np.array_equal(one.scale[block], other.scale[block])


# ---- There and back


@pytest.mark.parametrize("make", [by_hand, read_likeness], ids=lambda make: make.__name__)
def test_what_is_written_reads_back_and_reads_the_same(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "likeness.npz"
    write_likeness(make(), path)
    back = read_likeness(path)
    assert_equal(back, make())
    mine, theirs = back.read(TEXTS), make().read(TEXTS)
    for name in ("place", "kinds", "closing_place", "closing_kinds", "is_told", "is_closed"):
        assert np.array_equal(getattr(mine, name), getattr(theirs, name)), name
    assert [one.name for one in path.parent.iterdir()] == ["likeness.npz"], "nothing is left beside it"


def test_the_same_likeness_gives_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "likeness.npz"
    write_likeness(by_hand(), path)
    assert path.read_bytes() == whole()
    write_likeness(read_likeness(path), tmp_path / "again.npz")
    assert (tmp_path / "again.npz").read_bytes() == whole()


def test_the_shipped_file_is_what_writing_it_gives(tmp_path: Path) -> None:
    path = tmp_path / "likeness.npz"
    write_likeness(read_likeness(), path)
    mine, theirs = as_arrays(path.read_bytes()), as_arrays(SHIPPED.read_bytes())
    assert mine.keys() == theirs.keys()
    assert all(np.array_equal(mine[name], theirs[name]) for name in mine)


def test_another_file_at_the_same_place_is_read(tmp_path: Path) -> None:
    """What was read is remembered, but not for ever."""
    path = tmp_path / "likeness.npz"
    write_likeness(by_hand(), path)
    assert read_likeness(path).version == "by hand"
    write_likeness(replace(by_hand(), version="another"), path)
    os.utime(path, ns=(1, 1))
    assert read_likeness(path).version == "another"
    path.unlink()
    assert "cannot be read" in refused(path)


LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1, max_size=6)


@LAWS
@example(["für 🚗", "\r", "\x00", "\u2028", " "], "ä\n", 0.1)
@given(st.lists(LINE, unique=True, min_size=1, max_size=8), st.text(max_size=6), st.floats(0, 10))
def test_any_names_read_back(folder: Path, names: list[str], version: str, weight: float) -> None:
    path, one = folder / "any.npz", by_hand()
    n_features = len(one.centre)
    odd = replace(
        one,
        kind_names=tuple(names),
        kind_weights=np.ones((n_features, len(names)), np.float32),
        kind_bias=np.zeros(len(names), np.float32),
        version=version,
        meaning_weight=weight,
    )
    path.unlink(missing_ok=True)
    write_likeness(odd, path)
    assert_equal(read_likeness(path), odd)


@LAWS
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=6), max_size=6))
def test_texts_are_packed_and_unpacked(texts: list[str]) -> None:
    assert unpacked(packed(texts)) == tuple(texts) or texts == [""], "one empty text is no text"


@pytest.mark.parametrize("array", [np.zeros((2, 2), np.uint8), np.array([0xFF], np.uint8), np.zeros((), np.uint8)])
def test_what_is_no_text_is_not_unpacked(array: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match=r"text|decode"):
        unpacked(array)


# ---- Cut, foreign, spoilt


@LAWS
@example(0.0)
@example(1.0)
@given(st.floats(0, 1))
def test_a_file_cut_short_is_refused(folder: Path, share: float) -> None:
    """After so much of it; the last byte is always missing."""
    assert "cut short" in refused_bytes(whole()[: int(share * (len(whole()) - 1))], folder)


def test_the_shipped_file_cut_short_is_refused(tmp_path: Path) -> None:
    data = SHIPPED.read_bytes()
    for length in (len(data) // 3, len(data) // 2, len(data) - 1):
        refused_bytes(data[:length], tmp_path)
    refused_bytes(data[:1000] + data[1001:], tmp_path)


def test_a_flipped_byte_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "flipped.npz"
    read = 0
    for place in range(0, len(whole()), 3):
        data = bytearray(whole())
        data[place] ^= 0xFF
        path.write_bytes(data)
        os.utime(path, ns=(place, place))
        try:
            found = read_likeness(path)
        except InputError:
            continue
        assert_equal(found, by_hand())
        read += 1
    assert read < len(whole()) / 6


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.npz", tmp_path):
        assert "cannot be read" in refused(path)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, data in members.items():
            packed.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


def one_array(array: NDArray[Any], **how: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, **how)
    return buffer.getvalue()


FOREIGN = {
    "nothing": b"",
    "text": "Der Schlüssel ist abgelaufen\n".encode(),
    "an array": one_array(np.arange(3)),
    "a pickle": pickle.dumps({"words": ["a", "b"]}),
    "an empty zip": zipped(),
    "arrays of others": as_bytes({"coef": np.ones(3), "intercept": np.zeros(1)}),
    "the classifier": (STARTER / "model.npz").read_bytes(),
    "an allowed name with text": zipped(about=b"hello"),
    "a pickle by an allowed name": zipped(about__npy=pickle.dumps({"a": 1})),
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_refused(data: bytes, tmp_path: Path) -> None:
    assert "no likeness of this program" in refused_bytes(data, tmp_path)


def test_the_same_arrays_packed_by_another_hand_are_taken(tmp_path: Path) -> None:
    """So what the tests here refuse is refused for what they changed."""
    path = tmp_path / "likeness.npz"
    path.write_bytes(as_bytes(as_arrays(whole())))
    assert_equal(read_likeness(path), by_hand())


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_missing_part_is_refused(name: str, tmp_path: Path) -> None:
    arrays = as_arrays(whole())
    del arrays[name]
    refused_bytes(as_bytes(arrays), tmp_path)


@pytest.mark.parametrize("name", ["code", "words", "Words.idf", "../words.idf", "version", "parts.idf.npy"])
def test_a_foreign_member_is_refused(name: str, tmp_path: Path) -> None:
    refused_bytes(as_bytes(as_arrays(whole()) | {name: np.zeros(1, np.float32)}), tmp_path)


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO(as_bytes(as_arrays(whole())))
    with zipfile.ZipFile(buffer, "a") as packed:
        packed.writestr("readme.txt", "hello")
    refused_bytes(buffer.getvalue(), tmp_path)


# name | another kind of numbers than it has
DTYPES = """
about          | int8
about          | str
kind_names     | bytes
words.terms    | uint16
words.idf      | float64
words.axes     | uint8
words.axes     | float32
parts.scale    | float16
centre         | float64
directions     | complex64
kind_bias      | int32
weights        | bool
"""


@pytest.mark.parametrize(("name", "dtype"), cells(DTYPES))
def test_another_kind_of_numbers_is_refused(name: str, dtype: str, tmp_path: Path) -> None:
    arrays = as_arrays(whole())
    arrays[name] = arrays[name].astype(dtype)
    refused_bytes(as_bytes(arrays), tmp_path)


# name | what is done to it
UNFIT = """
words.terms  | shorter
parts.terms  | not UTF-8
kind_names   | shorter
words.idf    | longer
words.idf    | not finite
words.idf    | flat
parts.idf    | shorter
words.axes   | longer
words.axes   | turned
words.axes   | deep
parts.axes   | shorter
words.scale  | longer
parts.scale  | not finite
centre       | longer
centre       | not finite
centre       | flat
directions   | shorter
directions   | turned
directions   | not finite
spread       | shorter
spread       | not finite
kind_weights | shorter
kind_weights | not finite
kind_bias    | longer
kind_bias    | not finite
weights      | shorter
weights      | longer
weights      | turned
weights      | not finite
weights      | infinite
"""
NOT_CAUGHT = """
words.axes   | one row
parts.axes   | a number
spread       | tall
"""


def spoilt(array: NDArray[Any], how: str) -> NDArray[Any]:
    if how in ("not finite", "infinite"):
        array = array.copy()
        array.flat[-1] = np.nan if how == "not finite" else -np.inf
        return array
    if how == "shorter" and array.dtype == np.uint8:
        return letters(array.tobytes().decode().rpartition("\n")[0])
    changed: dict[str, Any] = {
        "shorter": lambda: array[:-1],
        "longer": lambda: np.concatenate([array, array[-1:]]),
        "flat": lambda: array.reshape(1, -1),
        "turned": lambda: array.T,
        "tall": lambda: array.reshape(-1, 1),
        "deep": lambda: array[None],
        "one row": lambda: array[0],
        "a number": lambda: array[0, 0],
        "not UTF-8": lambda: np.append(array, np.uint8(0xFF)),
    }
    return np.asarray(changed[how]())


@pytest.mark.parametrize(("name", "how"), cells(UNFIT))
def test_parts_that_do_not_fit_are_refused(name: str, how: str, tmp_path: Path) -> None:
    arrays = as_arrays(whole())
    arrays[name] = spoilt(arrays[name], how)
    refused_bytes(as_bytes(arrays), tmp_path)


@pytest.mark.parametrize(("name", "how"), cells(NOT_CAUGHT))
def test_parts_of_another_shape_are_refused(name: str, how: str, tmp_path: Path) -> None:
    arrays = as_arrays(whole())
    arrays[name] = spoilt(arrays[name], how)
    refused_bytes(as_bytes(arrays), tmp_path)


def about(**changed: Any) -> str:
    return json.dumps({"form": FORM, "version": "x", "meaning_weight": 0.5} | changed)


ABOUT = {
    "no JSON": "version",
    "cut JSON": about()[:-1],
    "another form": about(form="escalations-likeness/0"),
    "a classifier": about(form="escalations-classifier/1"),
    "no form": json.dumps({"version": "x", "meaning_weight": 0.5}),
    "no version": json.dumps({"form": FORM, "meaning_weight": 0.5}),
    "no weight": json.dumps({"form": FORM, "version": "x"}),
    "a version that is none": about(version=3),
    "a weight that is none": about(meaning_weight="much"),
    "an empty weight": about(meaning_weight=None),
    "a list": "[]",
    "a number": "1",
    "a text": '"form"',
    "nothing": "",
    "two lines": about() + "\n" + about(),
}
ABOUT_NOT_CAUGHT = {
    "a weight that is no number": about(meaning_weight=float("nan")),
    "a weight without end": about(meaning_weight=float("inf")),
    "a weight beyond all numbers": about()[:-4] + "1" + "0" * 400 + "}",
    "brackets": "[" * 100_000,
}


@pytest.mark.parametrize("told", ABOUT.values(), ids=ABOUT)
def test_another_story_is_refused(told: str, tmp_path: Path) -> None:
    refused_bytes(as_bytes(as_arrays(whole()) | {"about": letters(told)}), tmp_path)


@pytest.mark.parametrize("told", ABOUT_NOT_CAUGHT.values(), ids=ABOUT_NOT_CAUGHT)
def test_a_story_that_makes_no_sense_is_refused(told: str, tmp_path: Path) -> None:
    refused_bytes(as_bytes(as_arrays(whole()) | {"about": letters(told)}), tmp_path)


@pytest.mark.parametrize("name", ["about", "words.terms", "directions", "zebra"])
def test_planted_code_is_refused_and_never_runs(name: str, tmp_path: Path) -> None:
    grown = tmp_path / "grown"
    objects = np.array([Plant(grown)], dtype=object)
    refused_bytes(as_bytes(as_arrays(whole()) | {name: objects}, allow_pickle=True), tmp_path)
    assert not grown.exists()


class Plant:
    """Makes a folder as soon as it is unpickled."""

    def __init__(self, grown: Path) -> None:
        self.grown = grown

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.grown),)


def test_planted_code_would_run_if_it_were_let(tmp_path: Path) -> None:
    data = as_bytes({"about": np.array([Plant(tmp_path / "grown")], dtype=object)}, allow_pickle=True)
    with np.load(io.BytesIO(data), allow_pickle=True) as members:
        _ = members["about"]
    assert (tmp_path / "grown").is_dir()


def test_a_part_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(io.BytesIO(whole())) as packed:
        largest = max(member.file_size for member in packed.infolist())
    path = tmp_path / "odd.npz"
    path.write_bytes(whole())
    monkeypatch.setattr(array_files, "LARGEST", largest)
    assert read_arrays(path, ALLOWED).keys() == ALLOWED.keys()
    monkeypatch.setattr(array_files, "LARGEST", largest - 1)
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(ValueError, match="damaged"):
        read_arrays(path, ALLOWED)


# ---- Writing


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_writing_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "likeness.npz"
    write_arrays({"one": np.arange(3)}, path)
    before = path.read_bytes()
    for room in (0, 100, len(whole()) - 1):
        with full_disk(room), pytest.raises(OSError, match="too large"):
            write_likeness(by_hand(), path)
        assert path.read_bytes() == before, room
        assert list(tmp_path.iterdir()) == [path], room
    with full_disk(len(whole())):
        write_likeness(by_hand(), path)
    assert path.read_bytes() == whole()


def test_what_would_need_a_pickle_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        write_arrays({"one": np.array([{"a": 1}], dtype=object)}, tmp_path / "odd.npz")
    assert list(tmp_path.iterdir()) == []


# ---- The version


def known(word: str = "lock", **changed: Any) -> Known:
    words = Words(f"There is a {word}", "on the record", "It is gone")
    return replace(Known(words, "locked", "tekion", "auth", ("anna", "2026-03-01", "A1")), **changed)


CHANGES: dict[str, Any] = {
    "summary": {"words": Words("There is no lock", "on the record", "It is gone")},
    "description": {"words": Words("There is a lock", "on the records", "It is gone")},
    "closing": {"words": Words("There is a lock", "on the record", "It is gone.")},
    "no closing": {"words": Words("There is a lock", "on the record")},
    "label": {"label": "unlocked"},
    "provider": {"provider": "cdk"},
    "category": {"category": "webhook"},
    "order": {"order": ("anna", "2026-03-02", "A1")},
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_version_changes_with_any_word_of_a_ticket(name: str) -> None:
    sets = [known(), known("token")], [known("hours")]
    changed = replace(known(), **CHANGES[name])
    versions = [
        digest_of(*sets),
        digest_of([changed, known("token")], [known("hours")]),
        digest_of(sets[0], [changed]),
        digest_of([known()], [known("hours")]),
        digest_of([known("token"), known()], [known("hours")]),
        digest_of([*sets[0], known()], [known("hours")]),
    ]
    assert len(set(versions)) == len(versions)
    assert digest_of(*sets) == digest_of([known(), known("token")], [known("hours")])
    assert all(len(version) == 16 for version in versions)


def test_a_ticket_with_a_lone_surrogate_has_a_version() -> None:
    assert digest_of([known("\ud800")]) != digest_of([known()])


def test_the_version_tells_which_set_a_ticket_is_of() -> None:
    assert digest_of([known(), known("token")], []) != digest_of([known()], [known("token")])


def variant(changed: str = "") -> ModuleType:
    """The module of the fitting, with a line of it changed."""
    module = ModuleType("fitting_variant")
    module.__dict__["__file__"] = likeness_fitting.__file__
    source = Path(str(likeness_fitting.__file__)).read_text(encoding="utf-8")
    if changed:
        name = changed.partition(" = ")[0]
        lines = source.splitlines()
        at = [number for number, line in enumerate(lines) if line.startswith(f"{name} = ")]
        assert len(at) == 1, name
        lines[at[0]] = changed
        source = "\n".join(lines)
    import sys

    sys.modules[module.__name__] = module
    try:
        exec(compile(source, "fitting_variant.py", "exec"), module.__dict__)  # noqa: S102
    finally:
        del sys.modules[module.__name__]
    return module


def numbers_of(module: ModuleType) -> list[str]:
    """Names of the numbers that a module sets at its top."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    found = []
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, int | float)
        ):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return found


FITTING = numbers_of(likeness_fitting)
LIKENESS = numbers_of(likeness)
SHOWN_ALONE = {"LIKELY_KIND"}  # names a kind to people; nothing is fitted or read by it


@pytest.mark.parametrize("name", FITTING)
def test_the_version_changes_with_any_number_of_the_fitting(name: str) -> None:
    assert variant().digest_of([]) == digest_of([])
    assert variant(f"{name} = {getattr(likeness_fitting, name)} + 1").digest_of([]) != digest_of([])


@pytest.mark.parametrize("name", [name for name in LIKENESS if name not in SHOWN_ALONE])
def test_the_version_changes_with_any_number_of_the_likeness(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, name, getattr(likeness, name) + 1)
    assert variant().digest_of([]) != digest_of([])


@pytest.mark.parametrize("name", ["WORD_PAIRS", "PART_LENGTHS"])
def test_the_version_changes_with_what_features_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, name, (1, 4))
    assert variant().digest_of([]) != digest_of([])


def test_there_are_numbers_to_change() -> None:
    assert {"N_AXES", "STRENGTH", "SEED"} <= set(FITTING)
    assert {"LEAST_CHANCE", "KINDS_SCALE", "KNOWN_WORDS"} <= set(LIKENESS)
    assert {"SMALLEST", "FOLDS"} <= set(FITTING)
    assert {"APART_IN_TENS", "KNOWN_SHARE", "TELLING_WORDS"} <= set(LIKENESS)


# ---- The shipped file


def taught() -> tuple[list[Known], list[Known], list[Words], list[str]]:
    """What the shipped likeness is made of."""
    return known_kinds(), known_families(), says_nothing(), plain_words()


def test_the_shipped_likeness_is_of_the_starter_set() -> None:
    """Otherwise: make model."""
    assert read_likeness().version == digest_of(*taught())


def test_no_hand_taught_both_the_space_and_its_weights() -> None:
    seen = {(one.words.summary, one.words.description) for one in known_kinds()}
    assert not seen & {(one.words.summary, one.words.description) for one in known_families()}


def test_what_the_starter_set_knows() -> None:
    """Each ticket with a kind, and none whose kind is unknown; families in order, single ones by themselves."""
    kinds, families = known_kinds(), known_families()
    assert all(one.label and one.label != "unknown" for one in kinds)
    assert all(one.words.closing is None or one.words.closing.strip() for one in [*kinds, *families])
    assert [one.order for one in families] == sorted(one.order for one in families)
    labels = [one.label for one in families]
    assert all(labels.count(label) == 1 for label in labels if label.startswith("single "))
    tickets = sum(len(tomllib.loads(path.read_text())["ticket"]) for path in (STARTER / "families").glob("*.toml"))
    assert len(families) == tickets
    assert set(read_likeness().kind_names) <= {one.label for one in kinds}


def test_kinds_are_told_in_words() -> None:
    """Each one that is told is one that the starter set knows."""
    texts = kind_texts()
    assert texts.keys() <= {one.label for one in known_kinds()}
    assert all(text == text.strip() and len(text) > 8 for text in texts.values())
    assert texts["token-refused"].startswith("token call itself")
    assert len(set(texts.values())) == len(texts)


SMALL = '''
[[ticket]]
id = "A2"
family = "gone"
provider = "cdk"
category = "auth"
created = 2026-03-02T09:00:00
summary = " The key is gone "
description = """
Nobody finds it.
"""
resolution = "Found."
[[ticket]]
id = "A1"
family = ""
provider = "cdk"
category = "auth"
created = 2026-03-02T09:00:00
summary = "The key is here"
description = "Or is it?"
'''


def test_known_ones_are_read_from_their_files(tmp_path: Path) -> None:
    (tmp_path / "families").mkdir()
    (tmp_path / "kinds").mkdir()
    for path in (tmp_path / "b.toml", tmp_path / "families" / "a.toml"):
        path.write_text(SMALL)
    (tmp_path / "kinds" / "c.toml").write_text(
        SMALL.replace('"A2"', '"B2"\nkind = "key lost"').replace('"A1"', '"B1"\nkind = "unknown"')
    )
    (tmp_path / "kinds.csv").write_text("provider,category,family,kind\ncdk,auth,gone,key gone\ncdk,auth,,unknown\n")
    gone = (Words("The key is gone", "Nobody finds it.", "Found."), "cdk", "auth")
    here = (Words("The key is here", "Or is it?", None), "cdk", "auth")
    assert [told(one) for one in known_kinds(tmp_path)] == [("key gone", "A2", *gone), ("key lost", "B2", *gone)]
    assert [told(one) for one in known_families(tmp_path / "families")] == [
        ("single A1", "A1", *here),
        ("gone", "A2", *gone),
    ]


def told(one: Known) -> tuple[Any, ...]:
    return one.label, one.order[-1], one.words, one.provider, one.category


# ---- Fitting


@cache
def fitted() -> Likeness:
    return fit_likeness(*taught())


@pytest.mark.slow
def test_fitting_gives_what_is_shipped() -> None:
    """But for rounding, which differs from machine to machine."""
    mine, shipped = fitted(), read_likeness()
    assert (mine.version, mine.kind_names) == (shipped.version, shipped.kind_names)
    assert mine.words.terms == shipped.words.terms
    assert mine.parts.terms == shipped.parts.terms
    texts = [one.words for one in known_families()][:60]
    there, here = shipped.read(texts), mine.read(texts)
    assert np.array_equal(there.is_told, here.is_told)
    for number in range(0, 60, 7):
        odds = [
            one.log_odds(read.take([number]), read, None, [None] * 60) for one, read in ((shipped, there), (mine, here))
        ]
        assert odds[1] == pytest.approx(odds[0], abs=0.3)
