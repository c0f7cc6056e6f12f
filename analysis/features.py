"""Text → numbers: words, parts of words, and meaning.

Words are single ones and pairs, parts are runs of three to five characters within a word, both weighed by how rare they
are (TF-IDF, as scikit-learn's `TfidfVectorizer` counts it, which fits the vocabulary; here the same numbers are found
several times as fast, for the parts of a word are looked up once). Meaning is the mean of static word embeddings
(wordllama), so that words never seen in training count too.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
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
EMBED_AT_ONCE = 32  # texts; more are padded to the longest of them
KEPT_WORDS = 200_000  # whose parts are remembered, before the memory is emptied
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
    _parts: dict[str, NDArray[np.int32]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the terms."""
        self.place = {term: number for number, term in enumerate(self.terms)}

    def rows(self, texts: Sequence[str]) -> csr_matrix:
        """TF-IDF of texts from `whole_text`: one row a text, of length 1, or 0 where nothing is known."""
        found = [self._counts(text) for text in texts]
        starts = np.cumsum([0, *(len(places) for places, _ in found)])
        values = [self._weights(places, counts) for places, counts in found]
        places = np.concatenate([places for places, _ in found]) if found else NO_PARTS
        data = np.concatenate(values) if values else np.empty(0, np.float32)
        return csr_matrix((data, places, starts), shape=(len(found), len(self.terms)), dtype=np.float32)

    def _weights(self, places: NDArray[np.int32], counts: NDArray[Any]) -> Floats:
        weights = (1 + np.log(counts)).astype(np.float32) * self.idf[places]
        length = np.sqrt(weights @ weights)
        return np.asarray(weights / length if length else weights, np.float32)

    def _counts(self, text: str) -> tuple[NDArray[np.int32], NDArray[Any]]:
        if self.kind == "words":
            words = WORD.findall(text)
            terms = Counter([*words, *map(" ".join, pairwise(words))])
            known = [(place, count) for term, count in terms.items() if (place := self.place.get(term)) is not None]
            pairs = np.array(known, np.int32).reshape(-1, 2)
            return pairs[:, 0], pairs[:, 1]
        parts = [self._parts_of(word) for word in text.split()]
        places, counts = np.unique(np.concatenate(parts), return_counts=True) if parts else (NO_PARTS, NO_PARTS)
        return places, counts

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


def embeddings(texts: Sequence[str]) -> Floats:
    """The meaning of each text as a vector of length 1; zeros where there is no word. Shape: texts × 256."""
    meant = np.zeros((len(texts), EMBEDDING_WIDTH), np.float32)
    filled = [number for number, text in enumerate(texts) if text.strip()]
    by_length = sorted(filled, key=lambda number: len(texts[number]))
    if by_length:
        vectors = _wordllama().embed([texts[number] for number in by_length], norm=True, batch_size=EMBED_AT_ONCE)
        meant[by_length] = np.nan_to_num(vectors)
    return meant


@cache
def _wordllama() -> Any:
    """The embeddings, whose weights come with the package: nothing is fetched."""
    import wordllama

    return wordllama.WordLlama.load(cache_dir=Path(wordllama.__file__).parent, disable_download=True)
