"""Model files: what is written reads back; what is cut, foreign or planted is refused in one line and never run."""

import contextlib
import io
import json
import os
import pickle
import resource
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from few_tickets import TICKETS, always, cells, few_model, guesses
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis import array_files
from analysis.classifier import Classifier, MentionModel
from analysis.errors import InputError
from analysis.features import Vocabulary
from analysis.model_files import ALLOWED, read_model, write_model

LAWS = settings(max_examples=60, deadline=None)
KINDS = ("provider", "failure_category", "root_cause")
BLOCKS = ("words", "parts", "meaning")
FORM = "escalations-classifier/1"
WRITTEN = [f"{summary}/{description}" for _, _, _, summary, description in cells(TICKETS)]
Arrays = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def small_model() -> Classifier:
    return always({"failure_category": {"auth": 0.25, "webhook": 0.75}})


def written(model: Classifier, folder: Path) -> bytes:
    path = folder / "written.npz"
    write_model(model, path)
    return path.read_bytes()


@cache
def few_bytes() -> bytes:
    """The file of the few tickets' classifier."""
    return _bytes_of(few_model())


@cache
def small_bytes() -> bytes:
    return _bytes_of(small_model())


def _bytes_of(model: Classifier) -> bytes:
    with TemporaryDirectory() as name:
        return written(model, Path(name))


def as_arrays(data: bytes) -> Arrays:
    with np.load(io.BytesIO(data)) as members:
        return dict(members)


def as_bytes(arrays: Mapping[str, Any], **how: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, **how)
    return buffer.getvalue()


def letters(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def rounded(model: Classifier) -> Classifier:
    """With the numbers as short as a file holds them: the weights of the heads are the shortest."""
    heads = {
        kind: replace(
            head, weights={name: one.astype(np.float16).astype(np.float32) for name, one in head.weights.items()}
        )
        for kind, head in model.heads.items()
    }
    mention = model.mention_model
    if mention:
        weights = {name: float(np.float32(weight)) for name, weight in mention.weights.items()}
        mention = MentionModel(weights, float(np.float32(mention.bias)))
    return replace(model, heads=heads, mention_model=mention, about={**model.about, "form": FORM})


def parts(model: Classifier) -> dict[str, Any]:
    """Everything that a classifier is made of, by name."""
    found: dict[str, Any] = {"about": dict(model.about), "kinds": set(model.heads)}
    for vocabulary in (model.words, model.parts):
        found |= {f"{vocabulary.kind} terms": vocabulary.terms, f"{vocabulary.kind} idf": vocabulary.idf}
    for kind, head in model.heads.items():
        found |= {f"{kind} kind": head.kind, f"{kind} classes": head.classes}
        found |= {f"{kind} {block}": weights for block, weights in head.weights.items()}
        for name in ("bias", "combination", "thresholds", "class_shift"):
            found[f"{kind} {name}"] = getattr(head, name)
    if model.mention_model:
        weights = model.mention_model.weights
        found |= {"mention words": tuple(weights), "mention bias": np.float32(model.mention_model.bias)}
        found["mention weights"] = np.array(list(weights.values()), np.float32)
    return found


def assert_equal(one: Classifier, other: Classifier) -> None:
    mine, theirs = parts(one), parts(other)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        if isinstance(value, np.ndarray):
            assert (value.dtype, value.shape) == (theirs[name].dtype, theirs[name].shape), name
        assert np.array_equal(value, theirs[name]), name


def refused(path: Path) -> str:
    """The one line that refuses the file."""
    with pytest.raises(InputError) as caught:
        read_model(path)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith(f"{path}: ")
    assert "escalations train" in message, "what to do"
    return message


def refused_bytes(data: bytes, folder: Path) -> str:
    path = folder / "odd.npz"
    path.write_bytes(data)
    return refused(path)


# ---- There and back


@pytest.mark.parametrize("model", [few_model, small_model], ids=lambda model: model.__name__)
def test_what_is_written_reads_back(model: Any, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "model.npz"
    write_model(model(), path)
    assert_equal(read_model(path), rounded(model()))
    assert [one.name for one in path.parent.iterdir()] == ["model.npz"], "nothing is left beside it"


@pytest.mark.parametrize("kind", KINDS)
def test_what_reads_back_guesses_the_same(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    write_model(few_model(), path)
    back, exact = guesses(read_model(path), kind, *WRITTEN), guesses(rounded(few_model()), kind, *WRITTEN)
    assert back == exact
    for one, before in zip(back, guesses(few_model(), kind, *WRITTEN), strict=True):
        assert dict(one.probabilities) == pytest.approx(dict(before.probabilities), abs=0.005)


def test_the_mention_model_is_read_back_or_its_absence(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    spoken = MentionModel({"after refuses": 1.5, "before their": -2.0, "weight": 0.25}, -0.5)
    for mention_model in (spoken, MentionModel({}, 0.75), None):
        write_model(replace(small_model(), mention_model=mention_model), path)
        assert read_model(path).mention_model == mention_model


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    """So a model in the repository changes only where the model does."""
    path = tmp_path / "model.npz"
    path.write_bytes(few_bytes())
    assert written(few_model(), tmp_path) == few_bytes()
    path.write_bytes(again := written(read_model(path), tmp_path))
    assert written(read_model(path), tmp_path) == again
    before, after = as_arrays(few_bytes()), as_arrays(again)
    assert before.keys() == after.keys()
    assert all(np.array_equal(before[name], after[name]) for name in before)


LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1, max_size=6)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)


@LAWS
@example(["für 🚗", "\r", "\x00", "\u2028", " "], {"model_version": "ä\n"})
@given(terms=st.lists(LINE, unique=True, max_size=8), about=st.dictionaries(st.text(max_size=4), PLAIN, max_size=4))
def test_any_terms_and_any_story_read_back(folder: Path, terms: list[str], about: dict[str, Any]) -> None:
    idf = np.linspace(1, 2, len(terms), dtype=np.float32)
    plain = small_model()
    head = plain.heads["failure_category"]
    pull = np.outer(idf, [1, -1]).astype(np.float16).astype(np.float32)
    model = Classifier(
        Vocabulary("words", tuple(terms), idf),
        Vocabulary("parts", tuple(terms[::-1]), idf),
        {"failure_category": replace(head, weights={**head.weights, "words": pull, "parts": -pull})},
        MentionModel(dict(zip(terms, map(float, idf), strict=True)), 0.5),
        {**about, "model_version": "any"},
    )
    path = folder / "any.npz"
    write_model(model, path)
    assert_equal(read_model(path), rounded(model))


def test_another_model_takes_the_place_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    write_model(few_model(), path)
    write_model(small_model(), path)
    assert set(read_model(path).heads) == {"failure_category"}


# ---- Cut, foreign, spoilt


@LAWS
@example(0)
@example(1)
@example(4)
@example(30)
@example(-22)
@example(-1)
@given(length=st.integers(0, 20_000))
def test_a_file_cut_short_is_refused(folder: Path, length: int) -> None:
    """After so many bytes, or so many before its end."""
    assert len(few_bytes()) > 20_000
    assert "cut short" in refused_bytes(few_bytes()[:length], folder)


def test_a_file_with_a_hole_is_refused(tmp_path: Path) -> None:
    half = len(few_bytes()) // 2
    refused_bytes(few_bytes()[:half] + few_bytes()[half + 7 :], tmp_path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.npz", tmp_path):
        assert "cannot be read" in refused(path)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, data in members.items():
            packed.writestr(name.replace("__", "."), data)
    return buffer.getvalue()


def one_array(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header_of(told: str) -> bytes:
    """The head of an array's file, told so, without any numbers after it."""
    return b"\x93NUMPY\x01\x00" + len(told).to_bytes(2, "little") + told.encode()


HUGE = "{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000000,)}\n"
FOREIGN = {
    "nothing": b"",
    "text": "Der Schlüssel ist abgelaufen\n".encode(),
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "an array": one_array(np.arange(3)),
    "a pickle": pickle.dumps({"words": ["a", "b"]}),
    "an empty zip": zipped(),
    "arrays of others": as_bytes({"coef": np.ones(3), "intercept": np.zeros(1)}),
    "allowed names of others": as_bytes({"about": letters("{}"), "words.terms": letters("a")}),
    "a document": zipped(word__xml=b"<p>hello</p>"),
    "an allowed name with text": zipped(about=b"hello"),
    "a pickle by an allowed name": zipped(about__npy=pickle.dumps({"a": 1})),
    "more than fits": zipped(words__idf__npy=header_of(HUGE)),
    "a head that breaks off": zipped(words__idf__npy=header_of("{'descr': ((((")),
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_file_is_refused(data: bytes, tmp_path: Path) -> None:
    assert "no model of this program" in refused_bytes(data, tmp_path)


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_missing_array_is_refused(name: str, tmp_path: Path) -> None:
    arrays = as_arrays(few_bytes())
    del arrays[name]
    refused_bytes(as_bytes(arrays), tmp_path)


def test_the_same_arrays_packed_by_another_hand_are_taken(tmp_path: Path) -> None:
    """So what the tests here refuse is refused for what they changed."""
    path = tmp_path / "model.npz"
    for data, model in ((few_bytes(), few_model()), (small_bytes(), small_model())):
        path.write_bytes(as_bytes(as_arrays(data)))
        assert_equal(read_model(path), rounded(model))


# name that no model has | kind of numbers
NAMES = """
code                         | uint8
provider.colour              | float32
colour.classes               | uint8
words                        | float32
Words.idf                    | float32
../words.idf                 | float32
failure_category.mentions    | float16
__reduce__                   | uint8
about.npy                    | uint8
"""


@pytest.mark.parametrize(("name", "dtype"), cells(NAMES))
def test_a_name_that_is_not_allowed_is_refused(name: str, dtype: str, tmp_path: Path) -> None:
    refused_bytes(as_bytes(as_arrays(small_bytes()) | {name: np.zeros(0, dtype)}), tmp_path)


# name | another kind of numbers than it has
DTYPES = """
about                       | int8
about                       | str
words.terms                 | bytes
words.idf                   | float64
parts.idf                   | float16
failure_category.words      | float32
failure_category.meaning    | float64
failure_category.classes    | str
failure_category.bias       | float64
failure_category.bias       | int32
failure_category.bias       | complex64
failure_category.thresholds | bool
"""


@pytest.mark.parametrize(("name", "dtype"), cells(DTYPES))
def test_another_kind_of_numbers_is_refused(name: str, dtype: str, tmp_path: Path) -> None:
    arrays = as_arrays(small_bytes())
    arrays[name] = arrays[name].astype(dtype)
    refused_bytes(as_bytes(arrays), tmp_path)


# name | what is done to it
UNFIT = """
words.idf                     | longer
words.idf                     | not finite
parts.idf                     | shorter
parts.idf                     | flat
words.terms                   | shorter
parts.terms                   | not UTF-8
mention.terms                 | shorter
mention.weights               | shorter
mention.weights               | not finite
provider.classes              | shorter
provider.bias                 | longer
provider.bias                 | not finite
provider.combination          | shorter
provider.thresholds           | longer
provider.thresholds           | not finite
provider.class_shift          | shorter
failure_category.combination  | longer
failure_category.words        | shorter
failure_category.parts        | longer
failure_category.meaning      | shorter
failure_category.meaning      | not finite
failure_category.words        | flat
root_cause.meaning            | turned
"""


def spoilt(array: NDArray[Any], how: str) -> NDArray[Any]:
    if how == "not finite":
        array = array.copy()
        array.flat[-1] = np.nan
        return array
    if how == "shorter":
        if array.dtype != np.uint8:
            return array[:-1]
        return letters(array.tobytes().decode().rpartition("\n")[0])
    changed: dict[str, Any] = {
        "longer": lambda: np.concatenate([array, array[-1:]]),
        "flat": lambda: array.reshape(1, -1),
        "turned": lambda: array.T,
        "not UTF-8": lambda: np.append(array, np.uint8(0xFF)),
    }
    return np.asarray(changed[how]())


@pytest.mark.parametrize(("name", "how"), cells(UNFIT))
def test_parts_that_do_not_fit_are_refused(name: str, how: str, tmp_path: Path) -> None:
    arrays = as_arrays(few_bytes())
    arrays[name] = spoilt(arrays[name], how)
    refused_bytes(as_bytes(arrays), tmp_path)


ABOUT = {
    "no JSON": "model_version",
    "cut JSON": json.dumps({"form": FORM})[:-1],
    "another form": json.dumps({"form": "escalations-classifier/2", "model_version": "x"}),
    "no form": json.dumps({"model_version": "x"}),
    "a list": "[]",
    "a number": "1",
    "nothing": "",
    "no version": json.dumps({"form": FORM}),
    "a version that is none": json.dumps({"form": FORM, "model_version": 3}),
}


@pytest.mark.parametrize("about", ABOUT.values(), ids=ABOUT)
def test_another_story_is_refused(about: str, tmp_path: Path) -> None:
    refused_bytes(as_bytes(as_arrays(small_bytes()) | {"about": letters(about)}), tmp_path)


def test_a_part_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(io.BytesIO(few_bytes())) as packed:
        largest = max(member.file_size for member in packed.infolist())
    path = tmp_path / "odd.npz"
    path.write_bytes(few_bytes())
    monkeypatch.setattr(array_files, "LARGEST", largest)
    assert_equal(read_model(path), rounded(few_model()))
    monkeypatch.setattr(array_files, "LARGEST", largest - 1)
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("it was read"))
    refused(path)


def flips(folder: Path) -> Iterator[tuple[int, Classifier | Exception]]:
    """What comes of each byte of a file being another one: place → what is read or raised."""
    path = folder / "flipped.npz"
    for place in range(len(small_bytes())):
        data = bytearray(small_bytes())
        data[place] ^= 0xFF
        path.write_bytes(data)
        try:
            yield place, read_model(path)
        except Exception as error:  # noqa: BLE001 - which ones is what the test asks
            yield place, error


@pytest.fixture(scope="module")
def flipped(folder: Path) -> list[tuple[int, Classifier | Exception]]:
    return list(flips(folder))


def test_a_flipped_byte_never_makes_other_numbers(flipped: list[tuple[int, Classifier | Exception]]) -> None:
    """It is found, or stands where nothing is told, as in the date of a member."""
    read = [found for _, found in flipped if isinstance(found, Classifier)]
    wanted = parts(rounded(small_model()))
    for name in wanted.keys() - {"kinds"}:
        found = [parts(model)[name] for model in read if name.startswith(("words", "parts", "about")) or model.heads]
        assert all(np.array_equal(one, wanted[name]) for one in found), name
    assert 0 < len(read) < len(flipped) / 2


def test_a_flipped_byte_loses_no_part(flipped: list[tuple[int, Classifier | Exception]]) -> None:
    lost = [place for place, found in flipped if isinstance(found, Classifier) and not found.heads]
    assert not lost


def test_a_flipped_byte_is_refused_in_one_line(flipped: list[tuple[int, Classifier | Exception]]) -> None:
    other = {type(found) for _, found in flipped if isinstance(found, Exception)} - {InputError}
    assert not other


# ---- Planted


class Plant:
    """Makes a folder as soon as it is unpickled."""

    def __init__(self, grown: Path) -> None:
        self.grown = grown

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.grown),)


def planted(where: str, grown: Path) -> bytes:
    plant = Plant(grown)
    objects = np.array([plant], dtype=object)
    arrays: dict[str, Any] = as_arrays(small_bytes())
    if where == "the file itself":
        return pickle.dumps(plant)
    if where == "a bare array":
        return one_array(objects)
    if where == "a member that is no array":
        return zipped(about__npy=pickle.dumps(plant))
    return as_bytes(arrays | {where: objects}, allow_pickle=True)


PLANTS = [
    "about",
    "words.terms",
    "failure_category.meaning",
    "zebra",
    "the file itself",
    "a bare array",
    "a member that is no array",
]


@pytest.mark.parametrize("where", PLANTS)
def test_planted_code_never_runs(where: str, tmp_path: Path) -> None:
    path, grown = tmp_path / "model.npz", tmp_path / "grown"
    path.write_bytes(planted(where, grown))
    with contextlib.suppress(Exception):
        read_model(path)
    assert not grown.exists()


@pytest.mark.parametrize("where", PLANTS)
def test_planted_code_is_refused(where: str, tmp_path: Path) -> None:
    refused_bytes(planted(where, tmp_path / "grown"), tmp_path)


def test_planted_code_would_run_if_it_were_let(tmp_path: Path) -> None:
    grown = tmp_path / "grown"
    with np.load(io.BytesIO(planted("about", grown)), allow_pickle=True) as members:
        assert not grown.exists()
        _ = members["about"]
    assert grown.is_dir()


# ---- Writing that fails


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_writing_that_fails_leaves_the_model_that_was_there(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    write_model(small_model(), path)
    for room in (0, 100, len(few_bytes()) - 1):
        with full_disk(room), pytest.raises(OSError, match="too large"):
            write_model(few_model(), path)
        assert path.read_bytes() == small_bytes(), room
    with full_disk(len(few_bytes())):
        write_model(few_model(), path)
    assert path.read_bytes() == few_bytes()
    assert list(tmp_path.iterdir()) == [path]


def test_writing_that_fails_makes_no_model(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    with full_disk(100), pytest.raises(OSError, match="too large"):
        write_model(few_model(), path)
    assert not path.exists()


def test_writing_that_fails_leaves_nothing_beside_the_model(tmp_path: Path) -> None:
    with full_disk(100), pytest.raises(OSError, match="too large"):
        write_model(few_model(), tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


def test_a_model_that_cannot_be_told_is_not_begun(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    for odd in (
        replace(small_model(), about={"model_version": {1, 2}}),
        replace(small_model(), words=words_of("\ud800")),
    ):
        with pytest.raises((TypeError, UnicodeEncodeError)):
            write_model(odd, path)
    assert not list(tmp_path.iterdir())


def words_of(*terms: str) -> Vocabulary:
    return Vocabulary("words", terms, np.ones(len(terms), np.float32))
