"""How likely a runbook is the one for a ticket, by the words in which it tells when it is for.

What speaks for a runbook is weighed into a score; the runbooks of the ticket's provider, and "none of them", share the
chance between them (a conditional logit), so that a runbook for which another is as good has no great one. The weights
were fitted on hand-written runbooks for tickets which their writers had not read (`runbook_fitting`).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from scipy.special import logsumexp

from analysis.features import WORD, Floats
from analysis.likeness import Likeness, Readings, Words
from analysis.signature import shared_words
from analysis.taxonomy import Runbook
from analysis.verdicts import reference

EVIDENCE = ("whole", "point", "shared", "category", "rival")
# fitted; a test holds them against what fitting gives
WEIGHTS = (0.598, 0.346, 1.222, 0.506, -1.393)  # of the evidence
NONE = -1.146  # score of "none of them"
LEAST_LIKE = 0.0  # log-odds from which a runbook may be for a ticket
TELLING = 3.0  # rarity of a word from which it says something: one text in twenty
LEAST_ABOUT = 0.05  # chance from which a runbook may be about a kind of failure
SHARED_IN_TENS = 10.0  # keeps the evidence on one scale


class Told(NamedTuple):
    """A ticket as the runbooks are held against it: the day, its tags as far as they are known, and its words."""

    day: date
    provider: str | None
    category: str | None
    words: Words


class Match(NamedTuple):
    """The likeliest runbook for one of the tickets, with the log-odds that it is for it and the words both have."""

    ticket: int
    ref: str
    log_odds: float
    words: str


def when_to_use(runbook: Runbook) -> Words:
    """The words by which a runbook tells when it is for: title, phrases, and the section of that name."""
    return Words(runbook.title, "\n".join((*runbook.applies_when, runbook.when_to_use)))


def points(runbook: Runbook) -> list[Words]:
    """Each thing that one may see, alone under the title: a ticket need not tell of all."""
    return [Words(runbook.title, told) for told in dict.fromkeys((*runbook.applies_when, *runbook.symptoms))]


class Telling:
    """Tells which words two texts share."""

    def __init__(self, likeness: Likeness) -> None:
        self.rarity = likeness.rarity

    def shared(self, one: Words, other: Words) -> str:
        """The most telling words that both hold, the rarest first."""
        both = [words_in(one), words_in(other)]
        return ", ".join(shared_words(both, self.rarity, TELLING)) or "the same in other words"

    def weight(self, words: Iterable[str]) -> float:
        """How much words tell together."""
        return sum(max(self.rarity.get(word, 0.0) - TELLING, 0.0) for word in words)


def words_in(told: Words) -> frozenset[str]:
    """The different words of a text, in small letters."""
    return frozenset(WORD.findall(f"{told.summary or ''} {told.description or ''}".lower()))


class Books:
    """The runbooks, read by the words in which they tell when they are for."""

    def __init__(self, runbooks: Sequence[Runbook], likeness: Likeness) -> None:
        self.likeness, self.runbooks = likeness, [book for book in runbooks if book.provider]
        self.telling = Telling(likeness)
        self.providers = {book.provider for book in self.runbooks}
        self.words = [when_to_use(book) for book in self.runbooks]
        self._word_sets = [words_in(told) for told in self.words]
        self._whole = [likeness.read([told]) for told in self.words]
        self._points = [likeness.read(points(book)) for book in self.runbooks]

    def matches(self, tickets: Sequence[Told], readings: Readings) -> Iterator[Match]:
        """The likeliest runbook of each ticket's provider, where it is as likely as not that it is for it."""
        if not self.runbooks or not tickets:
            return
        scores = self.evidence(tickets, readings) @ np.array(WEIGHTS) - NONE
        scores[np.isnan(scores)] = -np.inf
        for number, row in enumerate(scores):
            best = int(row.argmax())
            others = np.append(np.delete(row, best), 0.0)
            odds = float(row[best] - logsumexp(others))
            if odds >= LEAST_LIKE:
                both = self.telling.shared(self.words[best], tickets[number].words)
                yield Match(number, reference(self.runbooks[best]), odds, both)

    def evidence(self, tickets: Sequence[Told], readings: Readings) -> Floats:
        """What speaks for each runbook; NaN where it cannot be for the ticket. Shape: tickets × runbooks × `EVIDENCE`.

        `whole` and `point`: log-odds that the ticket and all that the runbook tells, or the likest of its points, are
        one failure. `shared`: how telling the words are that both have, in tens. `category`: 1 where both are of one
        category, -1 where of two, 0 where either has none. `rival`: how likely the ticket is of the likeliest kind of
        failure that the runbook is not about.
        """
        found = np.full((len(tickets), len(self.runbooks), len(EVIDENCE)), np.nan)
        word_sets = [words_in(one.words) for one in tickets]
        for column, book in enumerate(self.runbooks):
            rows = [
                row
                for row, one in enumerate(tickets)
                if one.provider == book.provider and was_written(book, one.day) and readings.is_told[row]
            ]
            if not rows or not self._whole[column].is_told[0]:
                continue
            mine, same = readings.take(rows), [book.provider] * len(rows)
            whole = self.likeness.log_odds(self._whole[column], mine, book.provider, same)
            found[rows, column, 0] = found[rows, column, 1] = whole
            told = np.flatnonzero(self._points[column].is_told).tolist()
            if told:
                each = [self._points[column].take([point]) for point in told]
                found[rows, column, 1] = np.max(
                    [self.likeness.log_odds(point, mine, book.provider, same) for point in each], axis=0
                )
            both = [self.telling.weight(word_sets[row] & self._word_sets[column]) for row in rows]
            found[rows, column, 2] = np.array(both) / SHARED_IN_TENS
            is_other = self._whole[column].kinds[0] < LEAST_ABOUT
            found[rows, column, 4] = (mine.kinds * is_other).max(axis=1)
            found[rows, column, 3] = [_agree(book.category, tickets[row].category) for row in rows]
        return found


def _agree(one: str | None, other: str | None) -> float:
    if one is None or other is None:
        return 0.0
    return 1.0 if one == other else -1.0


def was_written(runbook: Runbook, day: date) -> bool:
    """Whether that version was written by a day, and not replaced."""
    return runbook.published <= day and (runbook.replaced is None or day < runbook.replaced)
