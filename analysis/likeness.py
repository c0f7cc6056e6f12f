"""How alike two tickets' failures are: the log-odds that the same thing failed.

A ticket is read twice: all its words (as they stood at the escalation and, once it was closed, those with which it was
closed), and the closing words alone, for that is where people name the cause. Each reading is a place in a space in
which tickets of one kind of failure lie close together, and a chance for each kind that the training knew. Two tickets
are held against each other by

- `apart`: were they drawn around one failure or around two? The two-covariance model of speaker verification (Brümmer
  and De Villiers 2010; Ioffe 2006), which also speaks for failures that no training knew;
- `kinds`: the log of the chance that both are of one kind;
- whether they are about the same provider.

Words that tell nothing of a failure ("please see attached") are not read at all: whoever writes the same ones has not
the same failure.

A logistic regression weighs these into log-odds, one for tickets of which none, one or both are closed. Everything here
is a pure function of the two tickets: what else is in the warehouse changes nothing.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from analysis.features import WORD, Floats, Vocabulary, embeddings, whole_text
from analysis.text import clean

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
EVIDENCE = ("one", "apart", "kinds", "closing apart", "closing kinds", "other provider", "provider unknown")
LEAST_CHANCE = 1e-4  # that two tickets are of one kind; below it the log says no more
APART_IN_TENS = 10.0  # keeps the evidence on one scale for the regression
KINDS_SCALE = 3.0
LIKELY_KIND = 0.4  # chance from which a kind is named
KNOWN_WORDS = 3  # different ones; a text with fewer says nothing
KNOWN_SHARE = 0.45  # of its words; below it the text is in another language, or no prose at all
TELLING_WORDS = 6  # known ones that not anybody writes; a text with so many tells something
COUNTED_WORDS = 12  # known ones; more say no more
FEATURES_SCALE = 3.0  # in the regression on whether a text tells something
N_COUNTS = 6  # numbers by which that is told, beside the features
STATUS = re.compile(r"4(?:0\d|1\d|2\d)|50\d")  # of HTTP; other numbers are no words
FEATURE_STEPS, WEIGHT_STEPS = 2.0**24, 2.0**18  # see `exact_product`
STANDS_FOR = frozenset(("uuidtok", "datetok", "timetok", "numtok"))  # see analysis.text.without_ids


class Words(NamedTuple):
    """A ticket's words: as they stood at the escalation, and those with which it was closed, if it was."""

    summary: str | None
    description: str | None
    closing: str | None = None


class Counted(NamedTuple):
    """Different words of a text that the space knows, those of them that not anybody writes, whether they suffice."""

    known: frozenset[str]
    telling: frozenset[str]
    is_known: bool


@dataclass(frozen=True)
class Readings:
    """Tickets as read: one row each.

    `place` and `kinds` are of all words, `closing_place` and `closing_kinds` of the closing ones (zeros where there are
    none); `is_told` says whether the words tell anything at all. Shapes: tickets × directions, tickets × kinds.
    """

    place: Floats
    kinds: Floats
    closing_place: Floats
    closing_kinds: Floats
    is_told: Flags
    is_closed: Flags

    def __len__(self) -> int:
        return len(self.is_told)

    def take(self, rows: Integers | list[int] | slice) -> "Readings":
        """Some of the rows."""
        return Readings(
            self.place[rows],
            self.kinds[rows],
            self.closing_place[rows],
            self.closing_kinds[rows],
            self.is_told[rows],
            self.is_closed[rows],
        )

    def packed(self) -> list[bytes]:
        """Each row as bytes, which `Likeness.unpacked` reads back without loss; none where it tells nothing."""
        rows = np.hstack([self.place, self.kinds, self.closing_place, self.closing_kinds]).astype(np.float16)
        return [row.tobytes() if told else b"" for row, told in zip(rows, self.is_told, strict=True)]


@dataclass(frozen=True)
class Likeness:
    """The space, the kinds, the weights of the evidence, and what tells whether a text says anything.

    `axes` are the directions of each block of features (words, parts) as small integers with a `scale` for each;
    `centre` is taken off; `directions` lead to where differences within a kind have variance 1 and those between kinds
    `spread`; `weights` has one row for pairs with no, one or two closed tickets, over `EVIDENCE`. `plain_words` are
    those that anybody writes in any ticket, and `telling` the weights of `told_by`.
    """

    words: Vocabulary
    parts: Vocabulary
    axes: Mapping[str, NDArray[np.int8]]
    scale: Mapping[str, Floats]
    meaning_weight: float
    centre: Floats
    directions: Floats
    spread: Floats
    kind_names: tuple[str, ...]
    kind_weights: Floats
    kind_bias: Floats
    weights: Floats
    plain_words: frozenset[str]
    telling: Floats
    version: str
    _axes: dict[str, Floats] = field(init=False, default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Unpack the axes once."""
        self._axes.update({block: self.axes[block].astype(np.float32) * self.scale[block] for block in self.axes})

    @cached_property
    def rarity(self) -> dict[str, float]:
        """Word → how rare it is (idf)."""
        return dict(zip(self.words.terms, map(float, self.words.idf), strict=True))

    def kind_of(self, readings: Readings) -> str | None:
        """The kind that the tickets most likely are, by all their words; None where none is likely."""
        mean = readings.kinds.mean(axis=0)
        return self.kind_names[int(mean.argmax())] if float(mean.max()) >= LIKELY_KIND else None

    # -- reading -------------------------------------------------------------------------------------------

    def read(self, tickets: Sequence[Words]) -> Readings:
        """Read tickets; the same words always give the same reading, alone or among others."""
        said = [clean(whole_text(one.summary, one.description)) for one in tickets]
        closing = [clean(whole_text("", one.closing)) if one.closing else "" for one in tickets]
        is_told, is_closed = self.tell(said), self.tell(closing)
        # what is in another language, or says nothing, is known by its closing alone
        both = [
            " \n ".join(part for part, told in ((text, a), (close, b)) if told)
            for text, close, a, b in zip(said, closing, is_told, is_closed, strict=True)
        ]
        place, kinds = self._placed(both, is_told | is_closed)
        closing_place, closing_kinds = self._placed(closing, is_closed)
        return Readings(place, kinds, closing_place, closing_kinds, is_told | is_closed, is_closed)

    def unpacked(self, rows: Sequence[bytes], is_closed: Sequence[bool]) -> Readings:
        """Readings from `Readings.packed`."""
        directions, kinds = len(self.spread), len(self.kind_names)
        n_numbers = 2 * (directions + kinds)
        nothing = bytes(np.float16().itemsize * n_numbers)
        numbers = np.frombuffer(b"".join(row or nothing for row in rows), np.float16).astype(np.float32)
        place, of_kind, closing_place, closing_kinds = np.split(
            numbers.reshape(len(rows), n_numbers), np.cumsum([directions, kinds, directions]), axis=1
        )
        is_told = np.array([bool(row) for row in rows], bool)
        return Readings(place, of_kind, closing_place, closing_kinds, is_told, np.array(is_closed, bool))

    def tell(self, texts: Sequence[str]) -> Flags:
        """Whether texts from `whole_text` tell something of a failure, in words that the space knows."""
        counted = [self.words_of(text) for text in texts]
        found = np.array([one.is_known and len(one.telling) >= TELLING_WORDS for one in counted], bool)
        unsure = [n for n, one in enumerate(counted) if one.is_known and not found[n]]
        if unsure:
            told_by = self.told_by([texts[n] for n in unsure], [counted[n] for n in unsure])
            found[unsure] = exact_product(told_by, self.telling) > 0
        return found

    def words_of(self, text: str) -> Counted:
        """The words of a text from `whole_text`."""
        words = [word for word in WORD.findall(text.lower()) if word not in STANDS_FOR]
        words = [word for word in words if not word.isdigit() or STATUS.fullmatch(word)]
        known = [word for word in words if word in self.words.place]
        is_known = len(set(known)) >= KNOWN_WORDS and len(known) >= KNOWN_SHARE * len(words)
        return Counted(frozenset(known), frozenset(known) - self.plain_words, is_known)

    def told_by(self, texts: Sequence[str], counted: Sequence[Counted]) -> Floats:
        """By what it is told whether texts tell something: what they are about, and how many words of which sort."""
        counts = np.zeros((len(texts), N_COUNTS), np.float32)
        for row, one in enumerate(counted):
            n_known, n_telling = min(len(one.known), COUNTED_WORDS), min(len(one.telling), TELLING_WORDS)
            counts[row] = (1, n_known / 4, n_telling / 2, n_telling == 0, n_telling == 1, n_telling == 2)
        return np.hstack([FEATURES_SCALE * self.features(texts), counts])

    def features(self, texts: Sequence[str]) -> Floats:
        """Texts from `whole_text` as dense features, less the centre. Shape: texts × features."""
        blocks = [self.words.rows(texts) @ self._axes["words"], self.parts.rows(texts) @ self._axes["parts"]]
        return np.asarray(np.hstack([*blocks, embeddings(texts) * self.meaning_weight]) - self.centre, np.float32)

    def _placed(self, texts: Sequence[str], is_told: Flags) -> tuple[Floats, Floats]:
        place = np.zeros((len(texts), len(self.spread)), np.float32)
        kinds = np.zeros((len(texts), len(self.kind_names)), np.float32)
        rows = np.flatnonzero(is_told).tolist()
        if rows:
            features = self.features([texts[row] for row in rows])
            place[rows] = exact_product(features, self.directions)
            kinds[rows] = softmax(KINDS_SCALE * exact_product(features, self.kind_weights) + self.kind_bias, axis=1)
        # half precision is what the warehouse keeps; a reading just made must not differ from a stored one
        return place.astype(np.float16).astype(np.float32), kinds.astype(np.float16).astype(np.float32)

    # -- pairs ---------------------------------------------------------------------------------------------

    def evidence(
        self, one: Readings, many: Readings, provider: str | None, providers: Sequence[str | None]
    ) -> tuple[Floats, Integers]:
        """Evidence of one ticket against each of many, and how many of the two are closed. Shape: tickets × 7."""
        found = np.zeros((len(many), len(EVIDENCE)), np.float32)
        n_closed = many.is_closed.astype(np.int64) + int(one.is_closed[0])
        found[:, 0] = 1
        found[:, 1] = self._apart(one.place[0], many.place)
        found[:, 2] = np.log(np.maximum(many.kinds @ one.kinds[0], LEAST_CHANCE))
        closed = n_closed == 2
        if closed.any():
            found[closed, 3] = self._apart(one.closing_place[0], many.closing_place[closed])
            found[closed, 4] = np.log(np.maximum(many.closing_kinds[closed] @ one.closing_kinds[0], LEAST_CHANCE))
        unknown = np.array([other is None or provider is None for other in providers], bool)
        found[:, 5] = np.array([other != provider for other in providers], bool) & ~unknown
        found[:, 6] = unknown
        return found, n_closed

    def log_odds(self, one: Readings, many: Readings, provider: str | None, providers: Sequence[str | None]) -> Floats:
        """Log-odds (natural) that one ticket and each of many are the same failure; -inf where either tells nothing."""
        found, n_closed = self.evidence(one, many, provider, providers)
        told = many.is_told & one.is_told[0]
        return np.where(told, (found * self.weights[n_closed]).sum(axis=1), -np.inf).astype(np.float32)

    def rough_odds(self, one: Readings, places: Floats, kinds: Floats, other: Floats, unknown: Floats) -> Floats:
        """Log-odds of one ticket with the middles of many families, by all words.

        `other` and `unknown` are the shares of each family's members that are about another provider than the ticket,
        and of which that is not known.
        """
        likely = np.log(np.maximum(kinds @ one.kinds[0], LEAST_CHANCE))
        found = np.stack([np.ones(len(places)), self._apart(one.place[0], places), likely, other, unknown])
        return np.asarray(self.weights[0][[0, 1, 2, 5, 6]] @ found, np.float32)

    def _apart(self, place: Floats, places: Floats) -> Floats:
        """Log-likelihood ratio of one failure against two, in tens."""
        square, product, constant = self._ratio
        ratio = constant + places @ (product * place) - 0.5 * ((places**2) @ square + float((place**2) @ square))
        return np.asarray(ratio / APART_IN_TENS, np.float32)

    @cached_property
    def _ratio(self) -> tuple[Floats, Floats, float]:
        """What `_apart` gives to squares and to products of places, and adds to them."""
        both = self.spread + 1
        determinant = both**2 - self.spread**2
        square = np.asarray(both / determinant - 1 / both, np.float32)
        return square, self.spread / determinant, float((np.log(both) - 0.5 * np.log(determinant)).sum())

    def likely_kinds(self, reading: Readings, n: int) -> Integers:
        """The kinds that a ticket (a reading of one row) most likely is of, by all words and by its closing."""
        found = np.argsort(-reading.kinds[0], kind="stable")[:n]
        if reading.is_closed[0]:
            found = np.union1d(found, np.argsort(-reading.closing_kinds[0], kind="stable")[:n])
        return np.asarray(found, np.int64)


def exact_product(features: Floats, weights: Floats) -> NDArray[np.float64]:
    """Features (rows of a length below 8) times weights (columns of a length below 256), summed without rounding.

    How a matrix product rounds depends on how many rows it has. Here both are whole numbers of small steps, of which
    double precision loses none, so that a row gives the same wherever it stands.
    """
    steps = np.round(features.astype(np.float64) * FEATURE_STEPS) @ np.round(weights.astype(np.float64) * WEIGHT_STEPS)
    return np.asarray(steps / (FEATURE_STEPS * WEIGHT_STEPS), np.float64)
