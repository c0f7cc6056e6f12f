"""The texts nearest to a text: by their words, by what these mean, and by how long ago they came.

An inverted index holds each text as one vector of length 1: the words of its summary and those of its description,
each part weighed by rarity (TF-IDF), so that a long log outweighs no summary. A second vector is the mean of static
embeddings (`analysis.features`). How alike two texts are is a weighted mean of the two cosines, so that a text is most
like itself. What is left to 1 grows slowly with the number of texts that came in between, for what fails, fails again
soon. Nothing is compared with everything: a text meets those that share words with it, and one product of a matrix
with a vector. Weights were chosen by `tests/benchmarks/similar_recall.py` on two public trackers, see DECISIONS.md.
"""

import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from analysis.features import EMBEDDING_WIDTH, Floats, embeddings
from analysis.patterns import shortened

WORD = re.compile(r"\w+")
PLAIN_WORD = re.compile(r"[^\W\d_]+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")  # between the words of a compound identifier
LONGEST_COMPOUND = 40  # characters; a longer word is a blob, and its parts say nothing
STEM = 6  # letters by which a word counts, so that its forms are one; does what a stemmer does, in any language
LONGEST_CODE = 24  # characters by which a word with digits counts
NO_BLANKS = "\u2e80"  # from here on, scripts put no blanks between words; pairs of characters do as well

SUMMARY_WORDS, SUMMARY_MEANING = 0.7, 1.4  # what the summary weighs beside the description (1)
BY_WORDS = 0.6  # of the likeness; the rest is by meaning
AGES_BY, AGE = 0.05, 100  # what is left to 1 grows by so much with each e-fold of texts in between, after so many
LEAST_WORDS, LEAST_ALIKE = 0.05, 0.2  # below them nothing is near
LEAST_LETTERS = 2  # of a word that two near texts share
DIGITS = 5  # of a score that count; the rest is rounding
BATCH = 2000  # texts read at once
KEPT_WORDS = 500_000  # whose terms are remembered, before the memory is emptied


class Entry(NamedTuple):
    """A text to be found: its id, when it came (both of a kind that can be ordered), summary and description."""

    id: Any
    at: Any
    summary: str | None
    description: str | None


class Near(NamedTuple):
    """A text that was found.

    `alike` is how alike it is (1: the very same words), `score` the same after its age, `row` its place in the index.
    """

    id: Any
    score: float
    alike: float
    row: int


@dataclass(frozen=True)
class Background:
    """What texts of the field look like in general; counts as so many texts beside those of the index.

    `shares`: word → share of texts that hold it. `meaning`: the mean of their embeddings.
    """

    n_texts: float = 0.0
    shares: Mapping[str, float] = field(default_factory=dict)
    meaning: Floats = field(default_factory=lambda: np.zeros(EMBEDDING_WIDTH, np.float32))


def terms_of(word: str) -> tuple[str, ...]:
    """By what a word counts: its stem, and the stems of its parts where it is a compound (`lockExpired`, `LOCK_EXPIRED`)."""
    if word[0] >= NO_BLANKS:
        return tuple(word[start : start + 2] for start in range(max(len(word) - 1, 1)))
    whole = _stem(word.lower())
    if len(word) > LONGEST_COMPOUND or (word.islower() and "_" not in word):
        return (whole,)
    parts = [_stem(part.lower()) for run in word.split("_") for part in HUMP.split(run) if part]
    return (whole, *parts) if len(parts) > 1 else tuple(parts) or (whole,)


def _stem(word: str) -> str:
    return word[:LONGEST_CODE] if any(letter.isdigit() for letter in word) else word[:STEM]


class _Places(dict[str, tuple[int, ...]]):
    """Word as written → places of its terms, which are learned as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.of_term: dict[str, int] = {}

    def __missing__(self, word: str) -> tuple[int, ...]:
        if len(self) >= KEPT_WORDS:
            self.clear()
        found = tuple(self.of_term.setdefault(term, len(self.of_term)) for term in terms_of(word))
        self[word] = found
        return found


class Similar:
    """An index of texts, in the order in which they came (`at`, then `id`)."""

    def __init__(self, entries: Iterable[Entry], background: Background | None = None) -> None:
        """Read and weigh the texts; the order in which they are given changes nothing."""
        found = sorted(entries, key=lambda entry: (entry.at, entry.id))
        self._background = background or Background()
        self._keys = [(entry.at, entry.id) for entry in found]
        self._read_words(found)
        self._read_meaning(found)

    def __len__(self) -> int:
        return len(self._keys)

    # -- finding -------------------------------------------------------------------------------------------

    def nearest(
        self, summary: str | None, description: str | None, n: int, before: tuple[Any, Any] | None = None
    ) -> list[Near]:
        """The nearest texts, at most so many, that came before (`at`, `id`); none where nothing is near.

        Among equally near ones the later comes first, by time and then by id.
        """
        alike, scores, is_near = self.scores(summary, description, before)
        rows = np.flatnonzero(is_near)
        if len(rows) > n:
            least = np.partition(scores[rows], len(rows) - n)[len(rows) - n]
            rows = rows[scores[rows] >= least]
        order = np.lexsort((-rows, -scores[rows]))[:n]
        return [Near(self._keys[row][1], float(scores[row]), float(alike[row]), row) for row in map(int, rows[order])]

    def scores(
        self, summary: str | None, description: str | None, before: tuple[Any, Any] | None = None
    ) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """How alike each text that came before is, the same after its age, and whether it is near at all."""
        n_before = len(self) if before is None else bisect_left(self._keys, before)
        words, is_shared = self._by_words(_weights(summary, description, self.rarity), n_before)
        meaning = self._meaning[:n_before] @ self._meanings([(summary, description)])[0]
        alike = np.clip(BY_WORDS * words + (1 - BY_WORDS) * meaning, 0, 1).round(DIGITS)
        age = np.arange(n_before, 0, -1, dtype=np.float32) - 1  # texts in between
        scores = (1 - (1 - alike) * (1 + AGES_BY * np.log1p(age / AGE))).round(DIGITS)
        return alike, scores, is_shared & (words >= LEAST_WORDS) & (alike >= LEAST_ALIKE)

    def rarity(self, term: str) -> float:
        """How rare a term is (idf, natural logarithm); one that no text holds is the rarest."""
        place = self._place.get(term)
        return self._unseen(term) if place is None else float(self._idf[place])

    def shared_words(self, one: str, other: str, n: int) -> list[str]:
        """The words of one text, as it writes them, that the other shares, the rarest first; at most so many."""
        known = {term for word in set(WORD.findall(shortened(other))) for term in terms_of(word)}
        found: dict[str, str] = {}
        for word in WORD.findall(shortened(one)):
            term = terms_of(word)[0]
            if term in known and len(word) >= LEAST_LETTERS:
                found.setdefault(term, word)
        return [found[term] for term in sorted(found, key=lambda term: (-self.rarity(term), term))[:n]]

    def _by_words(self, weights: Mapping[str, float], n_before: int) -> tuple[Floats, NDArray[np.bool_]]:
        """Cosine of words with each text before, and whether they share a word of more than one letter."""
        cosine, is_shared = np.zeros(n_before, np.float32), np.zeros(n_before, bool)
        for term, weight in weights.items():
            place = self._place.get(term)
            if place is not None:
                start, end = self._starts[place : place + 2]
                rows = self._rows[start:end]
                if n_before < len(self):
                    rows = rows[: np.searchsorted(rows, n_before)]
                cosine[rows] += np.float32(weight) * self._values[start : start + len(rows)]
                if len(term) >= LEAST_LETTERS:
                    is_shared[rows] = True
        return cosine, is_shared

    # -- reading -------------------------------------------------------------------------------------------

    def _read_words(self, entries: Sequence[Entry]) -> None:
        """The inverted index: for each term the rows that hold it and its weight in each."""
        places = _Places()
        summaries = _counts([entry.summary for entry in entries], places)
        bodies = _counts([entry.description for entry in entries], places)
        self._place, n_terms = places.of_term, len(places.of_term)
        shape = (len(entries), n_terms)
        summaries.resize(shape)
        bodies.resize(shape)
        holds = np.diff((summaries + bodies).tocsc().indptr)
        self._idf = np.array([], np.float32)
        prior = self._background.n_texts
        shares = np.fromiter((self._share(term) for term in self._place), np.float64, n_terms)
        self._idf = _idf(holds + prior * shares, len(entries) + prior).astype(np.float32)
        summaries.data[:] = 1
        bodies.data /= bodies.data + 1
        for part in (summaries, bodies):
            part.data *= self._idf[part.indices]
            _to_length_1(part)
        index = (summaries * np.float32(SUMMARY_WORDS) + bodies).tocsr()
        _to_length_1(index)
        index = index.tocsc()
        index.sort_indices()
        self._starts, self._rows, self._values = index.indptr, index.indices, index.data

    def _share(self, term: str) -> float:
        return self._background.shares.get(term, 0.0)

    def _unseen(self, term: str) -> float:
        prior = self._background.n_texts
        return float(_idf(np.array(prior * self._share(term)), len(self) + prior))

    def _read_meaning(self, entries: Sequence[Entry]) -> None:
        """The second vector of each text, about the mean of all."""
        n, prior = len(entries), self._background.n_texts
        self._centres = [np.zeros(EMBEDDING_WIDTH, np.float32)] * 2
        raw = [np.zeros((n, EMBEDDING_WIDTH), np.float32) for _ in range(2)]
        for start in range(0, n, BATCH):
            told = [(entry.summary, entry.description) for entry in entries[start : start + BATCH]]
            for of_kind, batch in zip(raw, _embedded(told), strict=True):
                of_kind[start : start + BATCH] = batch
        totals = [of_kind.sum(axis=0, dtype=np.float64) + prior * self._background.meaning for of_kind in raw]
        self._centres = [(total / max(n + prior, 1)).astype(np.float32) for total in totals]
        self._meaning = np.zeros((n, EMBEDDING_WIDTH), np.float32)
        for start in range(0, n, BATCH):
            part = slice(start, start + BATCH)
            self._meaning[part] = self._joined([of_kind[part] for of_kind in raw])

    def _meanings(self, told: Sequence[tuple[str | None, str | None]]) -> Floats:
        return self._joined(_embedded(told))

    def _joined(self, raw: Sequence[Floats]) -> Floats:
        """Embeddings of summaries and of whole texts, each about its centre, as one vector of length 1 (or 0)."""
        summary, whole = (
            _unit(np.where(rows.any(axis=1, keepdims=True), rows - centre, 0))
            for rows, centre in zip(raw, self._centres, strict=True)
        )
        return _unit(SUMMARY_MEANING * summary + whole)


def _embedded(told: Sequence[tuple[str | None, str | None]]) -> list[Floats]:
    """Embeddings of summaries and of whole texts."""
    summaries = embeddings([_plain_words(summary or "") for summary, _ in told])
    return [summaries, embeddings([_plain_words(f"{summary or ''}\n{text or ''}") for summary, text in told])]


def _plain_words(text: str) -> str:
    """Each word of letters once: what a log repeats means no more for that."""
    return " ".join(dict.fromkeys(PLAIN_WORD.findall(shortened(text).lower())))


def _counts(texts: Sequence[str | None], places: _Places) -> csr_matrix:
    """How often each text holds each term, for as many terms as are known by now. Shape: texts × terms."""
    found, ends = array("i"), [0]
    for text in texts:
        found.extend(chain.from_iterable(map(places.__getitem__, WORD.findall(shortened(text or "")))))
        ends.append(len(found))
    indices = np.frombuffer(found, np.int32) if len(found) else np.empty(0, np.int32)
    shape = (len(texts), len(places.of_term))
    counts = csr_matrix((np.ones(len(found), np.float32), indices, np.array(ends)), shape=shape)
    counts.sum_duplicates()
    return counts


def _weights(summary: str | None, description: str | None, rarity: Any) -> dict[str, float]:
    """Term → its weight in one text, just as the index holds it."""
    total: Counter[str] = Counter()
    for factor, text, is_summary in ((SUMMARY_WORDS, summary, True), (1.0, description, False)):
        counts = Counter(term for word in WORD.findall(shortened(text or "")) for term in terms_of(word))
        raw = {term: rarity(term) * (1 if is_summary else n / (n + 1)) for term, n in counts.items()}
        length = sum(weight * weight for weight in raw.values()) ** 0.5
        for term, weight in raw.items():
            total[term] += factor * weight / (length or 1)  # type: ignore[assignment]
    length = sum(weight * weight for weight in total.values()) ** 0.5
    return {term: weight / (length or 1) for term, weight in total.items()}


def _idf(holds: NDArray[Any], n: float) -> NDArray[np.float64]:
    return np.log1p((n - holds + 0.5) / (holds + 0.5))


def _to_length_1(rows: csr_matrix) -> None:
    squares = np.concatenate([[0], np.cumsum(rows.data.astype(np.float64) ** 2)])
    lengths = np.sqrt(squares[rows.indptr[1:]] - squares[rows.indptr[:-1]])
    rows.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(rows.indptr)).astype(np.float32)


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)
