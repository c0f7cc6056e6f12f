"""What people say of families: a ticket belongs elsewhere, two families are one, or not all of one are the same.

Each answer becomes events in `state.family_events`, after which `core.family_members` and the placing of later tickets
follow: a ticket of which a person spoke stays where that put it, and families that a person parted are not merged
again.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from analysis.errors import InputError
from analysis.family_profiles import describe
from analysis.likeness_files import read_likeness
from analysis.warehouse import Warehouse

Row = dict[str, Any]
SAYS = ("same_as", "alone", "merge", "split")
FAMILIES = (
    *("family_id", "family_key", "title", "provider", "failure_category", "state", "n_escalations", "n_dealers"),
    *("effort_hours", "first_seen_at", "last_seen_at", "last_seen_date"),
)
# Hours as mart.next_steps counts them, which tells nothing of families that were hit once.
MATTER = """
    with spent as (
        select f.family_id, sum(w.hours) as effort_hours
        from mart.family_escalations f
        cross join core.clock k
        join mart.effort w using (issue_id, escalation_no)
        where w.week > k.week - 91 and w.week <= k.week
        group by f.family_id
    )
    select f.family_id, coalesce(t.ticket_key, cast(f.family_id as varchar)) as family_key, f.title, f.provider,
        f.failure_category, f.state, f.n_escalations, f.n_dealers, coalesce(s.effort_hours, 0) as effort_hours,
        f.first_seen_at, f.last_seen_at,
        cast(timezone(k.reporting_zone, timezone('UTC', f.last_seen_at)) as date) as last_seen_date
    from mart.families f
    cross join core.clock k
    left join spent s using (family_id)
    left join core.tickets t on t.issue_id = f.family_id
    order by effort_hours desc, f.n_escalations desc, f.last_seen_at desc, f.family_id
"""
# The tickets that were named, and whoever shares a family with them or is in one that carries their id.
NEAR = """
    with named as (select unnest(?::bigint[]) as issue_id),
    family as (
        select m.family_id from core.family_members m semi join named using (issue_id) where m.family_id is not null
        union
        select issue_id from named
    )
    select issue_id, family_id, is_settled, place from core.family_members
    where issue_id in (select issue_id from named) or family_id in (select family_id from family)
"""
TOLD_BY_PERSONS = """
    select person_id, source_ref, effective_at from state.family_events where person_id is not null and method is null
"""
STANDING = """
    select issue_id, max_by({'by': person_id, 'ref': source_ref}, event_id) as told
    from state.family_events
    where event not in ('merged', 'kept') and issue_id in (select unnest(?::bigint[]))
    group by issue_id
"""
LINE = re.compile(r": line \d+(?=: )")


@dataclass(frozen=True)
class Said:
    """One line of what a person said; `said_at` is naive UTC, None where no day was given.

    `words` name both tickets as they were typed, so that the same words are known again; `place` is for errors.
    """

    issue_id: int
    what: str
    other_id: int | None
    person_id: str
    said_at: datetime | None
    source: str
    line: int
    words: str
    place: str

    @property
    def source_ref(self) -> str:
        """Where a person said so, and what."""
        return f"{self.source}: line {self.line}: {self.words}"


@dataclass(frozen=True)
class Event:
    """What an answer makes of a ticket or a family, in the words of `state.family_events`."""

    event: str
    family_id: int | None
    issue_id: int | None
    other_family_id: int | None = None


def families(warehouse: Warehouse) -> list[Row]:
    """Families with Tier 2's hours in the last 13 weeks, those that cost most first."""
    query = f"select {', '.join(FAMILIES)} from ({MATTER})"
    return [dict(zip(FAMILIES, row, strict=True)) for row in warehouse.rows(query)]


def placed(warehouse: Warehouse, issue_ids: Sequence[int]) -> set[int]:
    """Those of the tickets that were ever placed."""
    query = "select distinct issue_id from state.family_events where issue_id in (select unnest(?::bigint[]))"
    return {issue_id for (issue_id,) in warehouse.rows(query, [list(issue_ids)])}


def store(warehouse: Warehouse, said: Sequence[Said], run_id: str, now: datetime) -> int:
    """Add what was not said before, line by line; gives how many lines that were. All or nothing.

    Raises `InputError` at the first line that cannot be.
    """
    with warehouse.transaction():
        warehouse.build("place", full=False)  # what was said since the last report
        known, standing = _Known.of(warehouse), _Standing.of(warehouse, said)
        rows, stored = list[Row](), list[Said]()
        for one in said:
            if known.holds(one) or standing.holds(one):
                standing.pass_over(one)
                continue
            known.add(one, now)
            events = list(standing.after(one))
            common = {"run_id": run_id, "recorded_at": now, "effective_at": one.said_at or now}
            common |= {"person_id": one.person_id, "source_ref": one.source_ref}
            rows += [{**common, **vars(event)} for event in events]
            stored += [one] if events else []
        standing.check(stored)
        warehouse.append_events("state.family_events", rows)
        warehouse.build("place", full=False)
        _describe_anew(warehouse)
    return len(stored)


def _describe_anew(warehouse: Warehouse) -> None:
    """Signature and typical ticket of families whose members are others now.

    Readings of another version stay unread: with it the next report places and describes all anew.
    """
    likeness = read_likeness()
    if warehouse.value("select bool_and(version = ?) from core.readings", [likeness.version]):
        describe(warehouse, likeness)


@dataclass
class _Known:
    """What persons have said already: the same words for the same day, or else from the same file."""

    by_day: set[tuple[str, str, datetime]] = field(default_factory=set)
    by_source: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, warehouse: Warehouse) -> "_Known":
        found = cls()
        for person_id, ref, effective_at in warehouse.rows(TOLD_BY_PERSONS):
            told = LINE.sub("", ref or "")
            found.by_source.add((person_id, told))
            found.by_day.add((person_id, told.rpartition(": ")[2], effective_at))
        return found

    def holds(self, one: Said) -> bool:
        if one.said_at is not None:
            return (one.person_id, one.words, one.said_at) in self.by_day
        return (one.person_id, f"{one.source}: {one.words}") in self.by_source

    def add(self, one: Said, now: datetime) -> None:
        self.by_source.add((one.person_id, f"{one.source}: {one.words}"))
        self.by_day.add((one.person_id, one.words, one.said_at or now))


@dataclass
class _Standing:
    """Where the tickets that were named, and those beside them, stand at a line of the file."""

    family: dict[int, int | None]
    place: dict[int, int]
    settled: set[int]
    told: dict[int, tuple[str | None, str]]  # ticket → who put it where it is, and the words
    parted: set[int] = field(default_factory=set)  # families that lines before this one began or joined apart

    @classmethod
    def of(cls, warehouse: Warehouse, said: Sequence[Said]) -> "_Standing":
        named = sorted({i for one in said for i in (one.issue_id, one.other_id) if i is not None})
        rows = warehouse.rows(NEAR, [named])
        told = {i: (one["by"], _words(one["ref"])) for i, one in warehouse.rows(STANDING, [named])}
        settled = {issue_id for issue_id, _, is_settled, _ in rows if is_settled}
        return cls({row[0]: row[1] for row in rows}, {row[0]: row[3] for row in rows}, settled, told)

    def holds(self, one: Said) -> bool:
        """Whether the ticket is where it is because this person said just that, and nobody spoke of it since."""
        return self.told.get(one.issue_id) == (one.person_id, one.words)

    def pass_over(self, one: Said) -> None:
        """What was said before is not done again, but two that it parted from others are not parted once more."""
        family = self.family[one.issue_id]
        if one.what == "split" and family is not None and family == self.family[one.other_id or 0]:
            self.parted.add(family)

    def after(self, one: Said) -> Iterator[Event]:
        """What the line makes of them. Raises `InputError` where it cannot be."""
        tell = {"same_as": self._same_as, "alone": self._alone, "merge": self._merge, "split": self._split}[one.what]
        for event in tell(one):
            if event.issue_id is not None:
                self.family[event.issue_id] = event.family_id
                self.settled.add(event.issue_id)
                self.told[event.issue_id] = (one.person_id, one.words)
            yield event

    def check(self, said: Sequence[Said]) -> None:
        """Raise `InputError` where a later line undid what one says of two tickets."""
        for one in said:
            if one.other_id is not None and self.family[one.issue_id] != self.family[one.other_id]:
                fault = "does not hold once the lines after it do; put it after them, or leave one of them"
                raise InputError(f"{one.place}: {fault}")

    def _same_as(self, one: Said) -> Iterator[Event]:
        yield self._joined(one.issue_id, self._family_of(one, one.other_id))

    def _alone(self, one: Said) -> Iterator[Event]:
        ticket, family = one.issue_id, self.family[one.issue_id]
        if family is None or not self._others(family, {ticket}):
            yield Event("left", family, ticket)
        elif self._is_free(ticket, {ticket}):
            yield Event("split", ticket, ticket, family)  # so that the two are kept apart
        else:  # its id is that of the family it leaves
            yield Event("left", None, ticket, family)

    def _merge(self, one: Said) -> Iterator[Event]:
        """The families become one, and the two tickets bind it, so that another likeness does not part them."""
        pair = (self._family_of(one, one.issue_id), self._family_of(one, one.other_id))
        into, ended = sorted(pair, key=self._first_place)
        if into != ended:
            for issue_id in self._others(ended, set()):
                self.family[issue_id] = into
            yield Event("merged", into, None, ended)
        yield from self._both_joined(one, into)

    def _split(self, one: Said) -> Iterator[Event]:
        ticket, other = one.issue_id, one.other_id or 0
        mine, theirs = self._family_of(one, ticket), self._family_of(one, other)
        if mine != theirs:  # it follows one that was parted before, or goes where it belongs
            yield Event("split", theirs, ticket, mine)
            self.parted.add(theirs)
        elif mine in self.parted or not self._others(mine, {ticket, other}):  # they are apart from all others already
            yield from self._both_joined(one, mine)
        else:
            founder = next((i for i in (other, ticket) if self._is_free(i, {other, ticket})), None)
            if founder is None:
                fault = "neither ticket can begin a family, for one carries its number; name another as the other"
                raise InputError(f"{one.place}: {fault}")
            yield from (Event("split", founder, issue_id, mine) for issue_id in (other, ticket))
            self.parted.add(founder)

    def _both_joined(self, one: Said, family: int) -> Iterator[Event]:
        """Both stay in it, whatever is found out later; nothing where persons said so already."""
        pair = (one.other_id or 0, one.issue_id)
        if not self.settled.issuperset(pair) or any(self.family[issue_id] != family for issue_id in pair):
            yield from (self._joined(issue_id, family) for issue_id in pair)

    def _joined(self, issue_id: int, family: int) -> Event:
        before = self.family[issue_id]
        return Event("joined", family, issue_id, None if before == family else before)

    def _family_of(self, one: Said, issue_id: int | None) -> int:
        family = self.family[issue_id or 0]
        if family is None:
            which = "ticket" if issue_id == one.issue_id else "other"
            raise InputError(f"{one.place}: {which} was set alone and has no family; say first whom it is the same_as")
        return family

    def _others(self, family: int, but: set[int]) -> list[int]:
        return [issue_id for issue_id, theirs in self.family.items() if theirs == family and issue_id not in but]

    def _is_free(self, issue_id: int, leaving: set[int]) -> bool:
        """Whether no family that goes on carries the ticket's id."""
        return not self._others(issue_id, leaving)

    def _first_place(self, family: int) -> tuple[int, int]:
        """Of two families that one stays whose first member was placed first."""
        return min((self.place[issue_id] for issue_id in self._others(family, set())), default=0), family


def _words(ref: str | None) -> str:
    return (ref or "").rpartition(": ")[2]
