"""Features: the same numbers as scikit-learn's and wordllama's own, however much is remembered."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wordllama
from few_tickets import cells
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from analysis import features
from analysis.features import Meaning, Vocabulary, embeddings, parts_of, whole_text
from analysis.fitting import vocabulary_of
from analysis.patterns import LONGEST

# Learned from; what stands in one text alone is no feature, so there are twins.
LEARNED = [
    "Der Schlüssel ist abgelaufen, Müller kommt nicht hinein",
    "Der Schlüssel von Müller ist abgelaufen seit 401",
    "Müller kommt seit 401 nicht hinein, 42 MB Größe der Datei",
    "Größe der Datei: 42 MB, 42 Seiten, die Größe ist falsch",
    "🚗 Termin doppelt 🚗 gebucht 🚗",
    "Termin doppelt gebucht\n\n\tund keiner ruft an 🚗",
    "no_reply-address x-time X-TIME rejects re-tries",
    "the no_reply-address rejects X-Time, one re-try",
    "a b c a b",
    "",
]
# Asked of: some known, some not, odd spaces, capitals that have another length in small letters.
ASKED = [
    "",
    "   \n\t ",
    "a",
    "A B",
    "GRÖSSE größe Größe DER DATEI",
    "İSTANBUL ist abgelaufen",
    "Müller müller MÜLLER kommt",
    "🚗🚗🚗 Termin 🚗 gebucht",
    "42 42 42 401",
    "no_reply-address -x- _x_ x-time-",
    "nothing known whatsoever!?",
    "doppelt gebucht doppelt  gebucht doppelt\u00a0gebucht",
    "der unbekannte Schlüssel der der Schlüssel der",
    "ist\x1cabgelaufen\u2003ist abgelaufen",
]
KINDS = ("words", "parts")
SPACES = st.sampled_from([" ", "  ", "\n", "\t", ", ", "-", "\u00a0", ""])
WORDS = sorted({word for text in [*LEARNED, *ASKED] for word in text.split()})
LETTERS = st.text("abcdeäöüßÄẞİé_-'’.!/ 0142🚗\n", max_size=8)
DRAWN = st.lists(st.tuples(st.sampled_from(WORDS) | LETTERS, SPACES), max_size=12).map(
    lambda pairs: "".join(word + space for word, space in pairs)
)
LAWS = settings(max_examples=60, deadline=None)


def oracle(kind: str, texts: Sequence[str]) -> Any:
    how: dict[str, Any] = {"sublinear_tf": True, "min_df": 2}
    if kind == "words":
        how |= {"ngram_range": (1, 2), "token_pattern": r"\b\w[\w\-_]*\b"}
    else:
        how |= {"ngram_range": (3, 5), "analyzer": "char_wb"}
    return TfidfVectorizer(**how).fit(texts)


ORACLES = {kind: oracle(kind, LEARNED) for kind in KINDS}


def vocabulary(kind: str) -> Vocabulary:
    """What scikit-learn learned, with nothing remembered yet."""
    known = ORACLES[kind]
    return Vocabulary(kind, tuple(known.get_feature_names_out()), known.idf_.astype(np.float32))


def assert_same(kind: str, mine: Vocabulary, texts: Sequence[str]) -> None:
    rows = mine.rows(texts)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.toarray(), ORACLES[kind].transform(texts).toarray(), atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_those_of_scikit_learn(kind: str) -> None:
    expected = ORACLES[kind].transform(ASKED)
    assert (expected.getnnz(axis=1) > 1).sum() >= 7, "the texts must hold something that is known"
    assert_same(kind, vocabulary(kind), ASKED)
    assert_same(kind, vocabulary(kind), LEARNED)


@pytest.mark.parametrize("kind", KINDS)
def test_the_vocabulary_is_that_of_scikit_learn(kind: str) -> None:
    found = vocabulary_of(kind, LEARNED)
    assert found.kind == kind
    assert found.terms == tuple(ORACLES[kind].get_feature_names_out())
    np.testing.assert_allclose(found.idf, ORACLES[kind].idf_, rtol=1e-6)


SHARED = {kind: vocabulary(kind) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
@LAWS
@example(["", ""])
@example(["doppelt gebucht 🚗 gebucht doppelt"])
@given(texts=st.lists(DRAWN, min_size=1, max_size=4))
def test_any_text_weighs_what_scikit_learn_says(kind: str, texts: list[str]) -> None:
    """With one vocabulary for all, which remembers what it met before."""
    assert_same(kind, SHARED[kind], texts)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_have_length_one_or_nothing(kind: str) -> None:
    rows = vocabulary(kind).rows(ASKED)
    lengths = np.sqrt(rows.multiply(rows).sum(axis=1)).A1
    known = rows.getnnz(axis=1) > 0
    np.testing.assert_allclose(lengths, known.astype(float), atol=1e-6)
    assert {bool(one) for one in known} == {True, False}


@pytest.mark.parametrize("kind", KINDS)
def test_no_texts_give_no_rows(kind: str) -> None:
    mine = vocabulary(kind)
    assert mine.rows([]).shape == (0, len(mine.terms))


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_vocabulary_knows_nothing(kind: str) -> None:
    rows = Vocabulary(kind, (), np.empty(0, np.float32)).rows(ASKED)
    assert (rows.shape, rows.nnz) == ((len(ASKED), 0), 0)


def test_a_pair_whose_words_are_no_features_is_none() -> None:
    """And one whose words are is found beside them."""
    found = Vocabulary("words", ("a", "a b", "b", "b c"), np.ones(4, np.float32)).rows(["a b c", "b a", "a x b"])
    half, third = 2**-0.5, 3**-0.5
    expected = [[third, third, third, 0], [half, 0, half, 0], [half, 0, half, 0]]
    np.testing.assert_allclose(found.toarray(), expected, atol=1e-6)


# word | its parts; _ stands for a space
PARTS = """
a     | _a_
ab    | _ab ab_ _ab_
für   | _fü für ür_ _für für_ _für_
🚗    | _🚗_
4,20  | _4, 4,2 ,20 20_ _4,2 4,20 ,20_ _4,20 4,20_
"""


@pytest.mark.parametrize(("word", "parts"), cells(PARTS))
def test_parts_of_a_word(word: str, parts: str) -> None:
    assert [part.replace(" ", "_") for part in parts_of(word)] == parts.split()


@pytest.mark.parametrize("kept", [0, 1, 3, 1000])
def test_forgetting_parts_changes_nothing(kept: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "KEPT_WORDS", kept)
    mine = vocabulary("parts")
    for texts in (ASKED, LEARNED, ASKED[::-1]):
        assert_same("parts", mine, texts)
        assert 0 < len(mine._parts) <= max(kept, 1)


# summary | description | the whole, its spaces made one
WHOLE = """
Token expired   | seit 10:30 Uhr                 | Token expired seit timetok Uhr
Order 7741      | HTTP 401, then 503, then 301   | Order numtok HTTP 401, then 503, then numtok
on 2026-03-04   | Müller & Söhne 🚗              | on datetok Müller & Söhne 🚗
                | 3f2504e0-4f89-11d3-9a0c-0305e82c3301 fails | uuidtok fails
only a summary  |                                | only a summary
                |                                |
"""


@pytest.mark.parametrize(("summary", "description", "whole"), cells(WHOLE))
def test_the_whole_text_has_no_ids(summary: str, description: str, whole: str) -> None:
    assert " ".join(whole_text(summary, description).split()) == whole
    assert whole_text(summary or None, description or None) == whole_text(summary, description)


def test_of_a_very_long_text_head_and_tail_count() -> None:
    found = whole_text("the beginning", "word " * LONGEST + "the end")
    assert found.startswith("the beginning\nword word")
    assert found.endswith("word the end")
    assert len(found) < LONGEST + 100


# ---- Meaning


@pytest.fixture(scope="module")
def model() -> Any:
    """Wordllama as its own makers load it."""
    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)


@pytest.fixture(scope="module")
def meaning() -> Meaning:
    return Meaning()


def meant(model: Any, text: str) -> NDArray[np.float32]:
    """By wordllama's own embedding; zeros where there is no word."""
    words = " ".join(text.split())
    return np.asarray(model.embed(words, norm=True)[0] if words else np.zeros(256), np.float32)


def test_meaning_is_wordllamas_own_embedding(model: Any, meaning: Meaning) -> None:
    texts = [*ASKED, *LEARNED]
    expected = np.stack([meant(model, text) for text in texts])
    for _ in range(2):  # looked up, then remembered
        np.testing.assert_allclose(meaning.rows(texts), expected, atol=1e-5)
    np.testing.assert_allclose(embeddings(texts), expected, atol=1e-5)
    assert len({row.tobytes() for row in expected.round(3)}) > 15, "they must differ"


@LAWS
@given(texts=st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), min_size=1, max_size=4))
def test_any_order_of_any_words_means_what_wordllama_says(model: Any, meaning: Meaning, texts: list[str]) -> None:
    np.testing.assert_allclose(meaning.rows(texts), [meant(model, text) for text in texts], atol=1e-5)


@pytest.mark.parametrize("kept", [0, 1, 4, 1000])
def test_forgetting_words_changes_no_meaning(kept: int, model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "KEPT_VECTORS", kept)
    mine = Meaning()
    rounds = (["a b", "b c"], ["c d e"], ["a e", "", "the token expired for Müller 🚗"], ["b"], ["a b c"])
    for texts in rounds:
        np.testing.assert_allclose(mine.rows(texts), [meant(model, text) for text in texts], atol=1e-5)
        most = len({word for text in texts for word in text.split()})
        assert len(mine._place) <= max(kept, most)
        assert len(mine._sums) <= 2 * max(kept, most)  # room for more


def test_where_there_is_no_word_there_is_no_meaning(meaning: Meaning) -> None:
    rows = meaning.rows(["", "  \n", "Müller"])
    assert rows.dtype == np.float32
    assert not rows[:2].any()
    assert np.linalg.norm(rows[2]) == pytest.approx(1, abs=1e-6)
    assert meaning.rows([]).shape == (0, 256)
