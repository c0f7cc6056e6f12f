"""The texts nearest to a text: by their words, by what these mean, and by how many texts came in between.

An inverted index holds each text as one vector of length 1: the words of its summary and those of its description, both
weighed by rarity (TF-IDF) and brought to a length first, so that a long log outweighs no summary. A second vector is
the mean of static embeddings (`analysis.features`), about the mean of all. How alike two texts are is a weighted mean
of the two cosines, so a text is most like itself. What is left to 1 grows slowly with the texts in between, for what
fails is likely to fail again soon. Nothing is compared pair by pair: a text meets those that share words with it, and
one product of a matrix with a vector.

The weights were chosen on two public trackers with `tests/benchmarks/similar_recall.py`.
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

Flags = NDArray[np.bool_]
Moment = tuple[Any, Any]  # when a text came, and its id
WORD = re.compile(r"\w+")
PLAIN_WORD = re.compile(r"[^\W\d_]+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")  # between the words of a compound
LONGEST_COMPOUND = 40  # characters; a longer one is a blob, and its parts say nothing
STEM = 6  # letters by which a word counts, so that its forms are one: as good as a stemmer, and for any language
LONGEST_CODE = 24  # characters by which a word with digits counts
NO_BLANKS = "\u2e80"  # from here on, scripts put no blanks between words; pairs of characters do as well
KEPT_WORDS = 500_000  # whose terms are remembered, before the memory is emptied
BATCH = 2000  # texts whose embeddings are made at once

SUMMARY_WORDS, SUMMARY_MEANING = 0.7, 1.4  # what the summary weighs beside the description, and beside the whole text
BY_WORDS = 0.6  # of how alike two texts are; the rest is by meaning
AGES_BY, AGE = 0.05, 100  # by so much grows what is left to 1, each time the texts in between grow e-fold from so many
NEAREST_IS = 0.2  # alike at least, or nothing is near
LEAST_ALIKE, LEAST_WORDS = 0.1, 0.05  # each that is near is at least so much alike, and by its words
LEAST_LETTERS = 2  # of a word that near texts share
BY_CHANCE = 0.7  # of what is left to 1 goes where it is sure, by other evidence, that two texts tell of the same
LIKELY = 0.5  # chance by other evidence from which a text is near, whatever its words
TELLING = 3.0  # rarity from which a shared word says why: one text in twenty
SHORTEST = 1e-3  # a difference to the mean that is shorter is rounding
DIGITS = 5  # of a likeness that count; the rest is rounding


class Entry(NamedTuple):
    """A text that can be found: its id, when it came (either of a kind with an order), summary and description."""

    id: Any
    at: Any
    summary: str | None
    description: str | None


class Near(NamedTuple):
    """A text that was found: how alike it is (1: the very same words), and its score once its age counts."""

    id: Any
    score: float
    alike: float


@dataclass(frozen=True)
class Background:
    """What texts of the field are like in general; counts as so many texts beside those of the index.

    `shares`: term → share of texts that hold it; `meaning`: the mean of their embeddings.
    """

    n_texts: float = 0.0
    shares: Mapping[str, float] = field(default_factory=dict)
    meaning: Floats = field(default_factory=lambda: np.zeros(EMBEDDING_WIDTH, np.float32))


def background(rarity: Mapping[str, float], meaning: Floats, n_texts: float) -> Background:
    """From word → idf as scikit-learn counts it; pairs of words are left out."""
    shares: dict[str, float] = {}
    for word, idf in rarity.items():
        if WORD.fullmatch(word):
            for term in terms_of(word):
                shares[term] = max(shares.get(term, 0.0), min(float(np.exp(1 - idf)), 1.0))
    return Background(n_texts, shares, meaning)


def terms_of(word: str) -> tuple[str, ...]:
    """By what a word counts: its stem, and those of its parts where it is a compound: `lockExpired`, `LOCK_EXPIRED`."""
    if word[0] >= NO_BLANKS:
        return tuple(word[start : start + 2] for start in range(max(len(word) - 1, 1)))
    low = word.lower()
    if len(word) > LONGEST_COMPOUND or (word.islower() and "_" not in word):
        return (_stem(low),)
    parts = [_stem(part.lower()) for run in word.split("_") for part in HUMP.split(run) if part]
    return (low[:LONGEST_CODE], *parts) if len(parts) > 1 else tuple(parts) or (low[:LONGEST_CODE],)


def _stem(word: str) -> str:
    return word[:LONGEST_CODE] if any(letter.isdigit() for letter in word) else word[:STEM]


class Similar:
    """An index of texts, in the order in which they came."""

    def __init__(self, entries: Iterable[Entry], prior: Background | None = None) -> None:
        """Read and weigh the texts; in which order they are given changes nothing."""
        found = sorted(entries, key=lambda entry: (entry.at, entry.id))
        told = [(entry.summary, entry.description) for entry in found]
        self.moments: list[Moment] = [(entry.at, entry.id) for entry in found]
        self._row = {entry.id: row for row, entry in enumerate(found)}
        self._words = WordIndex.of(told, prior or Background())
        self._meanings = Meanings.of(told, prior or Background())

    def __len__(self) -> int:
        return len(self.moments)

    def nearest(
        self,
        summary: str | None,
        description: str | None,
        n: int,
        before: Moment | None = None,
        chances: Mapping[Any, float] | None = None,
    ) -> list[Near]:
        """The nearest texts that came before, at most so many; none where nothing is near.

        `chances` are what other evidence says: id → how likely it is that a text tells of the same.
        """
        alike, scores, is_near = self.scores(summary, description, before)
        for entry_id, chance in (chances or {}).items():
            row = self._row.get(entry_id, len(scores))
            if row < len(scores):
                scores[row] = (1 - (1 - scores[row]) * (1 - BY_CHANCE * chance)).round(DIGITS)
                is_near[row] |= chance >= LIKELY
        return [Near(self.moments[row][1], float(scores[row]), float(alike[row])) for row in first(scores, is_near, n)]

    def scores(
        self, summary: str | None, description: str | None, before: Moment | None = None
    ) -> tuple[Floats, Floats, Flags]:
        """Of each text that came before: how alike it is, its score once its age counts, and whether it is near."""
        n_before = len(self) if before is None else bisect_left(self.moments, before)
        by_words, is_shared = self._words.cosines(summary, description, n_before)
        by_meaning = self._meanings.cosines(summary, description, n_before)
        by_meaning = np.where(np.isnan(by_meaning), by_words, by_meaning)
        alike = np.clip(BY_WORDS * by_words + (1 - BY_WORDS) * by_meaning, 0, 1).round(DIGITS)
        in_between = np.arange(n_before - 1, -1, -1, dtype=np.float32)
        scores = np.asarray(1 - (1 - alike) * (1 + AGES_BY * np.log1p(in_between / AGE)), np.float32).round(DIGITS)
        is_near = is_shared & (by_words >= LEAST_WORDS) & (alike >= LEAST_ALIKE)
        return alike, scores, is_near & bool((alike >= NEAREST_IS).any(where=is_near))

    def shared_words(self, one: str, other: str, n: int) -> list[str]:
        """Telling words that two texts share, as the first one writes them, the rarest first; at most so many."""
        known = {term for word in set(WORD.findall(shortened(other))) for term in terms_of(word)}
        found: dict[str, str] = {}
        for word in WORD.findall(shortened(one)):
            term = terms_of(word)[0]
            if term in known and len(word) > LEAST_LETTERS and self._words.rarity(term) >= TELLING:
                found.setdefault(term, word)
        return [found[term] for term in sorted(found, key=lambda term: (-self._words.rarity(term), term))[:n]]


def first(scores: Floats, is_near: Flags, n: int) -> list[int]:
    """Rows with the highest scores, at most so many; of equal ones the later first, by time and then by id."""
    rows = np.flatnonzero(is_near)
    if len(rows) > n:
        rows = rows[scores[rows] >= np.partition(scores[rows], len(rows) - n)[len(rows) - n]]
    order = np.lexsort((-rows, -scores[rows]))[:n]
    return [int(row) for row in rows[order]]


# -- words -------------------------------------------------------------------------------------------------

Told = tuple[str | None, str | None]  # summary and description


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


@dataclass(frozen=True)
class WordIndex:
    """For each term its rarity, the rows that hold it, in their order, and its weight in each.

    Those of the term at place p stand from `starts[p]` to `starts[p + 1]`.
    """

    n_texts: int
    prior: Background
    place: Mapping[str, int]
    idf: Floats
    starts: NDArray[Any]
    rows: NDArray[Any]
    weights: Floats

    @classmethod
    def of(cls, told: Sequence[Told], prior: Background) -> "WordIndex":
        """Count and weigh the words of texts."""
        places = _Places()
        summaries = _counts([summary for summary, _ in told], places)
        bodies = _counts([description for _, description in told], places)
        n_terms = len(places.of_term)
        summaries.resize(len(told), n_terms)
        holds = np.diff((summaries + bodies).tocsc().indptr)
        shares = np.fromiter((prior.shares.get(term, 0.0) for term in places.of_term), np.float64, n_terms)
        idf = _idf(holds + prior.n_texts * shares, len(told) + prior.n_texts).astype(np.float32)
        summaries.data[:] = 1  # words come back in a summary by chance
        bodies.data /= bodies.data + 1
        for part in (summaries, bodies):
            part.data *= idf[part.indices]
            _to_length_1(part)
        index = (summaries * np.float32(SUMMARY_WORDS) + bodies).tocsr()
        _to_length_1(index)
        index = index.tocsc()
        index.sort_indices()
        return cls(len(told), prior, places.of_term, idf, index.indptr, index.indices, index.data)

    def rarity(self, term: str) -> float:
        """How rare a term is (idf, natural logarithm)."""
        place = self.place.get(term)
        if place is not None:
            return float(self.idf[place])
        held = self.prior.n_texts * self.prior.shares.get(term, 0.0)
        return float(_idf(np.array(held), self.n_texts + self.prior.n_texts))

    def cosines(self, summary: str | None, description: str | None, n: int) -> tuple[Floats, Flags]:
        """Of the first so many texts: the cosine with a text, and whether they share more than single characters."""
        cosine, is_shared = np.zeros(n, np.float32), np.zeros(n, bool)
        for term, weight in self._weights(summary, description).items():
            place = self.place.get(term)
            if place is not None:
                start, end = self.starts[place], self.starts[place + 1]
                rows = self.rows[start:end]
                rows = rows[: np.searchsorted(rows, n)] if n < self.n_texts else rows
                cosine[rows] += np.float32(weight) * self.weights[start : start + len(rows)]
                if len(term) >= LEAST_LETTERS:
                    is_shared[rows] = True
        return cosine, is_shared

    def _weights(self, summary: str | None, description: str | None) -> dict[str, float]:
        """Term → its weight in a text, just as the index would hold it."""
        total: dict[str, float] = {}
        for share, text, is_summary in ((SUMMARY_WORDS, summary, True), (1.0, description, False)):
            counts = Counter(term for word in WORD.findall(shortened(text or "")) for term in terms_of(word))
            held = {term: self.rarity(term) * (1 if is_summary else n / (n + 1)) for term, n in counts.items()}
            for term, weight in _of_length_1(held).items():
                total[term] = total.get(term, 0.0) + share * weight
        return _of_length_1(total)


def _counts(texts: Sequence[str | None], places: _Places) -> csr_matrix:
    """How often each text holds each term that is known by now. Shape: texts × terms."""
    found, ends = array("i"), [0]
    for text in texts:
        found.extend(chain.from_iterable(map(places.__getitem__, WORD.findall(shortened(text or "")))))
        ends.append(len(found))
    ones, shape = np.ones(len(found), np.float32), (len(texts), len(places.of_term))
    counts = csr_matrix((ones, np.array(found, np.int32), np.array(ends, np.int64)), shape=shape)
    counts.sum_duplicates()
    return counts


def _idf(holds: NDArray[Any], n: float) -> NDArray[np.float64]:
    return np.log1p((n - holds + 0.5) / (holds + 0.5))


def _to_length_1(rows: csr_matrix) -> None:
    squares = np.concatenate([[0], np.cumsum(rows.data.astype(np.float64) ** 2)])
    lengths = np.sqrt(squares[rows.indptr[1:]] - squares[rows.indptr[:-1]])
    rows.data /= np.repeat(lengths, np.diff(rows.indptr)).astype(np.float32)


def _of_length_1(weights: Mapping[str, float]) -> dict[str, float]:
    length = sum(weight * weight for weight in weights.values()) ** 0.5
    return {term: weight / length for term, weight in weights.items()}


# -- meaning -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Meanings:
    """The second vectors of texts: of length 1, or 0 where a text tells nothing. Shape: texts × 256.

    `centres` are the means of the embeddings of summaries and of whole texts, which are taken off.
    """

    centres: tuple[Floats, Floats]
    vectors: Floats
    tells: Flags

    @classmethod
    def of(cls, told: Sequence[Told], prior: Background) -> "Meanings":
        """Read texts, a batch at a time."""
        raw = [np.zeros((len(told), EMBEDDING_WIDTH), np.float32) for _ in range(2)]
        parts = [slice(start, start + BATCH) for start in range(0, len(told), BATCH)]
        for part in parts:
            raw[0][part], raw[1][part] = _embedded(told[part])
        n = max(len(told) + prior.n_texts, 1)
        of_summaries, of_texts = (
            ((rows.sum(axis=0, dtype=np.float64) + prior.n_texts * prior.meaning) / n).astype(np.float32)
            for rows in raw
        )
        vectors = raw[0]  # in place: each array may take a hundred megabytes
        for part in parts:
            vectors[part] = _joined(raw[0][part], raw[1][part], (of_summaries, of_texts))
        return cls((of_summaries, of_texts), vectors, np.asarray(vectors.any(axis=1)))

    def cosines(self, summary: str | None, description: str | None, n: int) -> Floats:
        """Of the first so many texts: the cosine with a text; NaN where one of the two tells nothing."""
        vector = _joined(*_embedded([(summary, description)]), self.centres)[0]
        return np.where(self.tells[:n] & vector.any(), self.vectors[:n] @ vector, np.float32(np.nan))


def _embedded(told: Sequence[Told]) -> tuple[Floats, Floats]:
    """Embeddings of summaries and of whole texts."""
    summaries = [_plain_words(summary or "") for summary, _ in told]
    return embeddings(summaries), embeddings([_plain_words(f"{summary or ''}\n{text or ''}") for summary, text in told])


def _plain_words(text: str) -> str:
    """Each word once: what a log repeats means no more for that."""
    return " ".join(dict.fromkeys(PLAIN_WORD.findall(shortened(text).lower())))


def _joined(summaries: Floats, texts: Floats, centres: tuple[Floats, Floats]) -> Floats:
    about = (
        _unit(np.where(rows.any(axis=1, keepdims=True), rows - centre, 0))
        for rows, centre in zip((summaries, texts), centres, strict=True)
    )
    return _unit(SUMMARY_MEANING * next(about) + next(about))


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.where(lengths > SHORTEST, rows / np.maximum(lengths, SHORTEST), 0), np.float32)
