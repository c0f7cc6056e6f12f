"""Text → numbers: words, parts of words, and meaning.

Words are single ones and pairs, parts are runs of three to five characters within a word, both weighed by how rare they
are (TF-IDF, as scikit-learn's `TfidfVectorizer` counts it, which fits the vocabulary; here the same numbers are found
several times as fast, for the parts of a word are looked up once). Meaning is the mean of static word embeddings
(wordllama), so that words never seen in training count too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from analysis.patterns import shortened
from analysis.text import without_ids

Floats = NDArray[np.float32]
WORD = re.compile(r"\b\w[\w\-_]*\b")
WORD_PAIRS = (1, 2)
PART_LENGTHS = (3, 5)
EMBEDDING_WIDTH = 256
KEPT_WORDS = 200_000  # whose parts are remembered, before the memory is emptied
KEPT_VECTORS = 50_000  # likewise; 1 kB each
NO_PARTS: NDArray[np.int32] = np.empty(0, np.int32)


def whole_text(summary: str | None, description: str | None) -> str:
    """What the features are made of: summary and description, ids replaced, head and tail where it is very long."""
    return without_ids(shortened(f"{summary or ''}\n{description or ''}"))


@dataclass
class Vocabulary:
    """Features of one kind (`words` or `parts`) with their places and rarities (idf)."""

    kind: str
    terms: tuple[str, ...]
    idf: Floats
    place: dict[str, int] = field(init=False)
    _pair_keys: NDArray[np.int64] = field(init=False)
    _pair_places: NDArray[np.int64] = field(init=False)
    _parts: dict[str, NDArray[np.int32]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the terms; pairs of words by the places of both."""
        self.place = {term: number for number, term in enumerate(self.terms)}
        pairs = [(term.split(" "), number) for number, term in enumerate(self.terms) if " " in term]
        known = [(self._pair_key(*map(self.place.__getitem__, two)), number) for two, number in pairs if self._has(two)]
        keys = np.array(sorted(known), np.int64).reshape(-1, 2)
        self._pair_keys, self._pair_places = keys[:, 0], keys[:, 1]

    def rows(self, texts: Sequence[str]) -> csr_matrix:
        """TF-IDF of texts from `whole_text`: one row a text, of length 1, or 0 where nothing is known."""
        found = self._words_in(texts) if self.kind == "words" else self._parts_in(texts)
        ones, shape = np.ones(len(found[0]), np.float32), (len(texts), len(self.terms))
        counts = csr_matrix((ones, found), shape=shape)  # adds up what comes more than once
        counts.sort_indices()
        counts.data = (1 + np.log(counts.data)) * self.idf[counts.indices]
        of_row = np.repeat(np.arange(len(texts)), np.diff(counts.indptr))
        lengths = np.sqrt(np.bincount(of_row, counts.data.astype(np.float64) ** 2))  # row by row, whatever the others
        counts.data = (counts.data / lengths[of_row]).astype(np.float32)
        return counts

    def _words_in(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and place of each word and pair of words that is known; a pair is known only if both its words are."""
        get = self.place.get
        words = [[get(word, -1) for word in WORD.findall(text.lower())] for text in texts]
        found = np.fromiter(chain.from_iterable(words), np.int64)
        rows = np.repeat(np.arange(len(words)), [len(one) for one in words])
        first, second = found[:-1], found[1:]
        together = (rows[:-1] == rows[1:]) & (first >= 0) & (second >= 0)
        keys, at_row = self._pair_key(first, second)[together], rows[:-1][together]
        at = np.minimum(np.searchsorted(self._pair_keys, keys), max(len(self._pair_keys) - 1, 0))
        known = self._pair_keys[at] == keys if len(self._pair_keys) else np.zeros(len(keys), bool)
        pairs = self._pair_places[at[known]] if len(self._pair_keys) else found[:0]
        return np.concatenate([rows[found >= 0], at_row[known]]), np.concatenate([found[found >= 0], pairs])

    def _parts_in(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and place of each part of a word that is known."""
        parts = [[self._parts_of(word) for word in text.lower().split()] for text in texts]
        sizes = [sum(len(one) for one in of_text) for of_text in parts]
        places = np.concatenate([NO_PARTS, *chain.from_iterable(parts)]).astype(np.int64)
        return np.repeat(np.arange(len(parts)), sizes), places

    def _pair_key(self, first: Any, second: Any) -> Any:
        return first * len(self.terms) + second

    def _has(self, words: Sequence[str]) -> bool:
        return len(words) == 2 and all(word in self.place for word in words)

    def _parts_of(self, word: str) -> NDArray[np.int32]:
        known = self._parts.get(word)
        if known is None:
            found = [place for part in parts_of(word) if (place := self.place.get(part)) is not None]
            if len(self._parts) >= KEPT_WORDS:
                self._parts.clear()
            known = self._parts[word] = np.array(found, np.int32)
        return known


def parts_of(word: str) -> list[str]:
    """Runs of characters of a word with a space at both ends, as scikit-learn's `char_wb` counts them."""
    padded, found = f" {word} ", []
    for length in range(PART_LENGTHS[0], PART_LENGTHS[1] + 1):
        if len(padded) <= length:
            found.append(padded)
            break
        found += [padded[start : start + length] for start in range(len(padded) - length + 1)]
    return found


class Meaning:
    """Sums of the vectors of a word's tokens, remembered: a text's meaning is the mean over all its tokens."""

    def __init__(self) -> None:
        """Load the embeddings, whose weights come with the package: nothing is fetched."""
        import wordllama

        self._model = wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
        self._place: dict[str, int] = {}
        self._sums = np.zeros((0, EMBEDDING_WIDTH), np.float32)

    def rows(self, texts: Sequence[str]) -> Floats:
        """The meaning of each text as a vector of length 1; zeros where there is no word. Shape: texts × 256."""
        found = [text.split() for text in texts]
        self._learn({word for words in found for word in words})
        total = np.zeros((len(texts), EMBEDDING_WIDTH), np.float32)
        for number, words in enumerate(found):
            if words:
                total[number] = self._sums[[self._place[word] for word in words]].sum(axis=0)
        lengths = np.linalg.norm(total, axis=1, keepdims=True)
        return np.asarray(total / np.where(lengths > 0, lengths, 1), np.float32)

    def _learn(self, words: set[str]) -> None:
        """Look up the vectors of words that are not yet remembered."""
        new = sorted(word for word in words if word not in self._place)
        if not new:
            return
        if len(self._place) + len(new) > KEPT_VECTORS:
            self._place, self._sums, new = {}, self._sums[:0], sorted(words)
        vectors = self._model.embedding
        sums = [vectors[[one for one in word.ids if one < len(vectors)]].sum(axis=0) for word in self._tokens(new)]
        start, end = len(self._place), len(self._place) + len(new)
        if end > len(self._sums):  # room for twice as many, so that a few new words do not copy all others
            grown = np.zeros((2 * end, EMBEDDING_WIDTH), np.float32)
            grown[:start] = self._sums[:start]
            self._sums = grown
        self._sums[start:end] = np.array(sums, np.float32)
        self._place |= {word: start + number for number, word in enumerate(new)}

    def _tokens(self, words: Sequence[str]) -> Any:
        tokenizer = self._model.tokenizer
        tokenizer.no_padding()
        return tokenizer.encode_batch(list(words), add_special_tokens=False)


def embeddings(texts: Sequence[str]) -> Floats:
    """The meaning of each text; see `Meaning.rows`."""
    return _meaning().rows(texts)


@cache
def _meaning() -> Meaning:
    return Meaning()
