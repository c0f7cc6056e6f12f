"""What an escalation was alike, by what was known then: a runbook, a ticket open at its dealer, what OPS had solved.

Words are read as they stood at the escalation, without those that closed it, so that nothing later changes the answer.
A runbook is read by the words in which it tells when it is for; of the runbooks of a provider that were written by
then, only the likest counts.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from analysis.features import WORD
from analysis.likeness import Likeness, Readings, Words
from analysis.signature import shared_words
from analysis.taxonomy import Runbook
from analysis.verdicts import reference
from analysis.warehouse import Warehouse

Row = dict[str, Any]
LEAST_LIKE = 0.0  # log-odds from which a runbook may be for a ticket
SAME = 1.1  # log-odds (three to one) from which two tickets tell of the same failure
MOST_SOLVED = 400  # of a provider's tickets that OPS solved, the latest, that an escalation is held against
CHUNK = 2000  # escalations read at once
TELLING = 3.0  # rarity of a word from which it says something: one text in twenty
ESCALATIONS = """
    select e.issue_id, e.escalation_no, e.escalated_at,
        cast(timezone((select reporting_zone from core.site), timezone('UTC', e.escalated_at)) as date),
        p.value, x.summary, x.description
    from core.escalations e
    semi join dirty using (issue_id)
    join core.known_texts x using (issue_id, escalation_no)
    left join core.known_tags p on p.issue_id = e.issue_id and p.escalation_no = e.escalation_no and p.kind = 'provider'
    order by p.value, e.escalated_at, e.issue_id, e.escalation_no
"""
OPEN_THEN = """
    select e.issue_id, e.escalation_no, o.issue_id, o.escalation_no, p.value, x.summary, x.description
    from core.escalations e
    semi join dirty using (issue_id)
    join core.dealer_stays f on f.issue_id = e.issue_id
        and f.entered_at <= e.escalated_at and coalesce(f.left_at > e.escalated_at, true)
    join core.dealer_stays g on g.dealer_id = f.dealer_id and g.issue_id <> f.issue_id
        and g.entered_at <= e.escalated_at and coalesce(g.left_at > e.escalated_at, true)
    join core.escalations o on o.issue_id = g.issue_id and o.escalated_at < e.escalated_at
        and coalesce(o.next_escalated_at > e.escalated_at, true)
    join core.known_texts x on x.issue_id = o.issue_id and x.escalation_no = o.escalation_no
    left join core.known_tags p on p.issue_id = o.issue_id and p.escalation_no = o.escalation_no and p.kind = 'provider'
    where not exists (
        from core.resolutions r
        where r.issue_id = o.issue_id and r.resolved_at <= e.escalated_at
            and coalesce(r.reopened_at > e.escalated_at, true)
    )
    order by all
"""
SOLVED = """
    select provider, known_at, issue_id, summary, description, words from core.ops_solutions
    order by provider, known_at, issue_id
"""


class Known(NamedTuple):
    """An escalation as it was known: its place, its day, its provider and its words."""

    issue_id: int
    escalation_no: int
    escalated_at: Any
    escalated_date: date
    provider: str | None
    words: Words


def known_alike(
    warehouse: Warehouse, runbooks: Sequence[Runbook], tests: Collection[str], likeness: Likeness
) -> Iterator[Row]:
    """Rows of core.known_alike for the dirty escalations, as far as one of the criteria's tests asks."""
    found = [
        Known(issue_id, number, at, day, provider, Words(summary, description))
        for issue_id, number, at, day, provider, summary, description in warehouse.rows(ESCALATIONS)
    ]
    books = Books(runbooks, likeness) if "runbook" in tests else None
    solved = Solved(warehouse, likeness) if "solved_before" in tests else None
    open_then = _open_then(warehouse) if "already_open" in tests else {}
    telling = Telling(likeness)
    # reading takes its time, so only those are read that something could be alike to
    wanted = [
        one
        for one in found
        if (books and one.provider in books.providers)
        or (solved and one.provider in solved.listed)
        or (one.issue_id, one.escalation_no) in open_then
    ]
    for start in range(0, len(wanted), CHUNK):
        some = wanted[start : start + CHUNK]
        readings = likeness.read([one.words for one in some])
        if books:
            yield from books.rows(some, readings)
        for row, one in enumerate(some):
            reading = readings.take([row])
            others = open_then.get((one.issue_id, one.escalation_no), [])
            yield from _still_open(likeness, telling, one, reading, others)
            if solved:
                yield from solved.rows(one, reading)


def when_to_use(runbook: Runbook) -> Words:
    """The words by which a runbook tells when it is for: title, phrases, and the section of that name."""
    return Words(runbook.title, "\n".join((*runbook.applies_when, runbook.when_to_use)))


class Telling:
    """Tells which words two texts share."""

    def __init__(self, likeness: Likeness) -> None:
        self.rarity = likeness.rarity

    def shared(self, one: Words, other: Words) -> str:
        """The most telling words that both hold, the rarest first."""
        sets = [
            frozenset(WORD.findall(f"{told.summary or ''} {told.description or ''}".lower())) for told in (one, other)
        ]
        return ", ".join(shared_words(sets, self.rarity, TELLING)) or "the same in other words"


class Books:
    """The runbooks, read by the words in which they tell when they are for."""

    def __init__(self, runbooks: Sequence[Runbook], likeness: Likeness) -> None:
        self.likeness, self.runbooks = likeness, [book for book in runbooks if book.provider]
        self.telling = Telling(likeness)
        self.providers = {book.provider for book in self.runbooks}
        self.words = [when_to_use(book) for book in self.runbooks]
        self.readings = likeness.read(self.words) if self.runbooks else None

    def rows(self, some: Sequence[Known], readings: Readings) -> Iterator[Row]:
        """The likest runbook of each escalation's provider, if it is like at all."""
        if self.readings is None:
            return
        providers = [one.provider for one in some]
        odds = np.full((len(self.runbooks), len(some)), -np.inf, np.float32)
        for row, book in enumerate(self.runbooks):
            can_be = [one.provider == book.provider and was_written(book, one.escalated_date) for one in some]
            told = self.likeness.log_odds(self.readings.take([row]), readings, book.provider, providers)
            odds[row, can_be] = told[can_be]
        ranked = np.sort(odds, axis=0)
        for column, row in enumerate(odds.argmax(axis=0).tolist()):
            if odds[row, column] >= LEAST_LIKE:
                words = self.telling.shared(self.words[row], some[column].words)
                found = _row(some[column], "runbook", reference(self.runbooks[row]), float(odds[row, column]), words)
                next_best = ranked[-2, column] if len(self.runbooks) > 1 else -np.inf
                yield found | {"ahead": float(odds[row, column] - next_best) if np.isfinite(next_best) else None}


def was_written(runbook: Runbook, day: date) -> bool:
    """Whether that version was written by a day, and not replaced."""
    return runbook.published <= day and (runbook.replaced is None or day < runbook.replaced)


class Solved:
    """What OPS solved by itself, by provider in order of time; each is read once."""

    def __init__(self, warehouse: Warehouse, likeness: Likeness) -> None:
        self.likeness, self.telling = likeness, Telling(likeness)
        self.listed: dict[str, list[tuple[Any, int, Words]]] = defaultdict(list)
        for provider, known_at, issue_id, summary, description, words in warehouse.rows(SOLVED):
            self.listed[provider].append((known_at, issue_id, Words(summary, description, words)))
        self._times = {provider: [at for at, _, _ in some] for provider, some in self.listed.items()}
        self._readings: dict[str, Readings] = {}

    def rows(self, one: Known, reading: Readings) -> Iterator[Row]:
        """Those that were solved before an escalation and tell of the same failure."""
        listed = self.listed.get(one.provider or "", [])
        until = bisect_right(self._times.get(one.provider or "", []), one.escalated_at)
        since = max(0, until - MOST_SOLVED)
        if until == since:
            return
        provider = str(one.provider)
        if provider not in self._readings:
            self._readings[provider] = self.likeness.read([words for _, _, words in listed])
        many = self._readings[provider].take(slice(since, until))
        odds = self.likeness.log_odds(reading, many, provider, [provider] * len(many))
        for place in np.flatnonzero(odds >= SAME).tolist():
            _, issue_id, words = listed[since + place]
            shared = self.telling.shared(one.words, words)
            yield _row(one, "solved", str(issue_id), float(odds[place]), shared)


def _open_then(warehouse: Warehouse) -> dict[tuple[int, int], list[Known]]:
    """What was open at the dealer of each dirty escalation at that moment."""
    found: dict[tuple[int, int], list[Known]] = defaultdict(list)
    for issue_id, number, other, other_no, provider, summary, description in warehouse.rows(OPEN_THEN):
        known = Known(other, other_no, None, date.min, provider, Words(summary, description))
        found[issue_id, number].append(known)
    return found


def _still_open(
    likeness: Likeness, telling: Telling, one: Known, reading: Readings, others: Sequence[Known]
) -> Iterator[Row]:
    if not others or not reading.is_told[0]:
        return
    many = likeness.read([other.words for other in others])
    odds = likeness.log_odds(reading, many, one.provider, [other.provider for other in others])
    for other, told in zip(others, odds.tolist(), strict=True):
        if told >= SAME:
            yield _row(one, "open", str(other.issue_id), told, telling.shared(one.words, other.words))


def _row(one: Known, kind: str, ref: str, odds: float, words: str) -> Row:
    found = {"issue_id": one.issue_id, "escalation_no": one.escalation_no, "kind": kind, "ref": ref}
    return found | {"log_odds": odds, "words": words}
