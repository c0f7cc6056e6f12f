"""What an escalation was alike, by what was known then: a runbook, a ticket open at its dealer, what OPS had solved.

Words are read as they stood at the escalation, without those that closed it, so that nothing later changes the answer.
Of the runbooks of a provider that were written by then, only the likeliest counts.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from analysis.likeness import Likeness, Readings, Words
from analysis.runbook_likeness import Books, Telling, Told
from analysis.taxonomy import Runbook
from analysis.warehouse import Warehouse

Row = dict[str, Any]
SAME = 1.1  # log-odds (three to one) from which two tickets tell of the same failure
MOST_SOLVED = 400  # of a provider's tickets that OPS solved, the latest, that an escalation is held against
CHUNK = 2000  # escalations read at once
ESCALATIONS = """
    select e.issue_id, e.escalation_no, e.escalated_at,
        cast(timezone((select reporting_zone from core.site), timezone('UTC', e.escalated_at)) as date),
        p.value, c.value, x.summary, x.description
    from core.escalations e
    semi join dirty using (issue_id)
    join core.known_texts x using (issue_id, escalation_no)
    left join core.known_tags p on p.issue_id = e.issue_id and p.escalation_no = e.escalation_no and p.kind = 'provider'
    left join core.known_tags c
        on c.issue_id = e.issue_id and c.escalation_no = e.escalation_no and c.kind = 'failure_category'
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
    """An escalation as it was known: its place, its day, its tags and its words."""

    issue_id: int
    escalation_no: int
    escalated_at: Any
    escalated_date: date
    provider: str | None
    words: Words
    category: str | None = None


def known_alike(
    warehouse: Warehouse, runbooks: Sequence[Runbook], tests: Collection[str], likeness: Likeness
) -> Iterator[Row]:
    """Rows of core.known_alike for the dirty escalations, as far as one of the criteria's tests asks."""
    found = [
        Known(issue_id, number, at, day, provider, Words(summary, description), category)
        for issue_id, number, at, day, provider, category, summary, description in warehouse.rows(ESCALATIONS)
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
            yield from _matched(books, some, readings)
        for row, one in enumerate(some):
            reading = readings.take([row])
            others = open_then.get((one.issue_id, one.escalation_no), [])
            yield from _still_open(likeness, telling, one, reading, others)
            if solved:
                yield from solved.rows(one, reading)


def _matched(books: Books, some: Sequence[Known], readings: Readings) -> Iterator[Row]:
    told = [Told(one.escalated_date, one.provider, one.category, one.words) for one in some]
    for found in books.matches(told, readings):
        yield _row(some[found.ticket], "runbook", found.ref, found.log_odds, found.words)


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
