"""Families in memory: what each ticket reads, who is in which family, and which families may be near a ticket.

A ticket is held against the members of a few families alone: of those some member of which shares a likely kind with
it, the ones whose middle is nearest. So no ticket is held against all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.features import Floats
from analysis.likeness import Integers, Likeness, Readings

MOST_MEMBERS = 24  # of a family that a ticket is held against: the first ones
N_KINDS = 3  # likely kinds by which a ticket is found
N_NEAR = 12  # families, nearest by their middle, with whose members a ticket is compared
GROWS_BY = 2
ROOM = 64  # rows at first


@dataclass(frozen=True)
class Ticket:
    """A ticket to place: its reading (one row), and what is known of it.

    `is_settled`: a person said where it belongs, and there it stays.
    """

    issue_id: int
    reading: Readings
    provider: str | None = None
    dealer_id: str | None = None
    is_settled: bool = False


@dataclass
class Rows:
    """Tickets in the order in which they were placed, a row each; readings in arrays that grow by doubling."""

    likeness: Likeness
    of: dict[int, int] = field(default_factory=dict)  # issue id → row
    ids: list[int] = field(default_factory=list)
    providers: list[str | None] = field(default_factory=list)
    is_settled: list[bool] = field(default_factory=list)
    kinds: list[tuple[int, ...]] = field(default_factory=list)  # likely ones
    _readings: Readings | None = None

    @property
    def readings(self) -> Readings:
        """All readings; there is room for more behind the last row."""
        assert self._readings is not None  # noqa: S101 - there is a row
        return self._readings

    def append(self, tickets: Sequence[Ticket]) -> None:
        """Take tickets in."""
        start = len(self.ids)
        for ticket in tickets:
            self.of[ticket.issue_id] = len(self.ids)
            self.ids.append(ticket.issue_id)
            self.providers.append(ticket.provider)
            self.is_settled.append(ticket.is_settled)
            self.kinds.append(self.kinds_of(ticket.reading))
        if tickets and (self._readings is None or len(self._readings) < len(self.ids)):
            room = max(GROWS_BY * len(self.ids), ROOM)
            shapes = vars(tickets[0].reading)
            grown = {name: np.zeros((room, *array.shape[1:]), array.dtype) for name, array in shapes.items()}
            if self._readings is not None:
                for name, array in grown.items():
                    array[:start] = getattr(self._readings, name)[:start]
            self._readings = Readings(**grown)
        for row, ticket in enumerate(tickets, start):
            self._write(row, ticket)

    def replace(self, ticket: Ticket) -> None:
        """A ticket is read otherwise now; what a person settled stays settled."""
        row = self.of[ticket.issue_id]
        self.providers[row] = ticket.provider
        self.is_settled[row] |= ticket.is_settled
        self.kinds[row] = self.kinds_of(ticket.reading)
        self._write(row, ticket)

    def kinds_of(self, reading: Readings) -> tuple[int, ...]:
        """The kinds by which a reading of one row is found."""
        return tuple(self.likeness.likely_kinds(reading, N_KINDS).tolist()) if reading.is_told[0] else ()

    def odds(self, ticket: Ticket, rows: list[int]) -> Floats:
        """Log-odds of a ticket with each of the rows."""
        providers = [self.providers[row] for row in rows]
        return self.likeness.log_odds(ticket.reading, self.readings.take(rows), ticket.provider, providers)

    def odds_between(self, some: Sequence[int], others: list[int]) -> list[Floats]:
        """Log-odds of each of some rows with each of the others."""
        readings, providers = self.readings.take(others), [self.providers[row] for row in others]
        return [
            self.likeness.log_odds(self.readings.take(slice(row, row + 1)), readings, self.providers[row], providers)
            for row in some
        ]

    def _write(self, row: int, ticket: Ticket) -> None:
        for name in Readings.__dataclass_fields__:
            getattr(self.readings, name)[row] = getattr(ticket.reading, name)[0]


@dataclass
class Index:
    """Members of families, found by their likely kinds and by the middles of families."""

    likeness: Likeness
    rows: Rows = field(init=False)
    family: dict[int, int | None] = field(default_factory=dict)  # issue id → family
    members: dict[int, list[int]] = field(default_factory=dict)  # family → rows, the first ones first
    _middles: "Middles" = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.rows = Rows(self.likeness)
        self._middles = Middles(self.likeness)

    def first_members(self, family: int) -> list[int]:
        """The members by which a family is known; who says nothing any more is one all the same, but no measure."""
        told = self.rows.readings.is_told
        return [row for row in self.members[family][:MOST_MEMBERS] if told[row]]

    def near(self, ticket: Ticket, beside: int | None = None) -> list[int]:
        """Families to hold a ticket against; one of them, where it still has members, whether near or not."""
        kinds = self.rows.kinds_of(ticket.reading)
        found = self._middles.nearest(ticket, kinds, N_NEAR)
        if kinds and beside in self.members and beside not in found:
            found.append(beside)
        return found

    def enter(self, issue_id: int, family: int) -> None:
        """A ticket comes into a family."""
        self.family[issue_id] = family
        row = self.rows.of[issue_id]
        rows = self.members.setdefault(family, [])
        rows.append(row)
        if len(rows) > 1 and rows[-1] < rows[-2]:
            rows.sort()
        self._find_middle(family)
        self._middles.count(family, self.rows.kinds[row], 1)

    def leave(self, issue_id: int) -> None:
        """A ticket goes out of its family, if it has one."""
        family = self.family[issue_id]
        if family is None:
            return
        row = self.rows.of[issue_id]
        self.family[issue_id] = None
        self.members[family].remove(row)
        self._middles.count(family, self.rows.kinds[row], -1)
        self._find_middle(family)

    def merge(self, into: int, ended: int) -> None:
        """All members of one family come into another one."""
        rows = self.members.pop(ended)
        self._middles.end(ended)
        self.members[into] = sorted(self.members.get(into, []) + rows)
        self._find_middle(into)
        for row in rows:
            self._middles.count(into, self.rows.kinds[row], 1)
            self.family[self.rows.ids[row]] = into

    def _find_middle(self, family: int) -> None:
        rows = self.members[family][:MOST_MEMBERS]
        if rows:
            self._middles.put(family, self.rows.readings.take(rows), [self.rows.providers[row] for row in rows])
        else:
            del self.members[family]
            self._middles.end(family)


@dataclass
class Middles:
    """Families in arrays, a row each: mean place and kinds, the share of each provider, members by likely kind."""

    likeness: Likeness
    _rows: dict[int, int] = field(default_factory=dict)  # family → row
    _families: Integers = field(default_factory=lambda: np.zeros(0, np.int64))  # row → family
    _free: list[int] = field(default_factory=list)  # rows of families that ended
    _providers: dict[str | None, int] = field(default_factory=lambda: {None: 0})  # provider → column of its share
    _places: Floats = field(init=False)
    _kinds: Floats = field(init=False)
    _shares: Floats = field(default_factory=lambda: np.zeros((0, 1), np.float32))
    _counts: NDArray[np.int32] = field(init=False)  # kinds × rows

    def __post_init__(self) -> None:
        """Begin with nothing."""
        n_kinds = len(self.likeness.kind_names)
        self._places = np.zeros((0, len(self.likeness.spread)), np.float32)
        self._kinds = np.zeros((0, n_kinds), np.float32)
        self._counts = np.zeros((n_kinds, 0), np.int32)

    def put(self, family: int, members: Readings, providers: Sequence[str | None]) -> None:
        """The middle of a family whose members are others now."""
        columns = [self._providers.setdefault(provider, len(self._providers)) for provider in providers]
        row = self._row(family)
        self._places[row] = members.place.mean(axis=0)
        self._kinds[row] = members.kinds.mean(axis=0)
        self._shares[row] = np.bincount(columns, minlength=self._shares.shape[1]) / len(columns)

    def count(self, family: int, kinds: Sequence[int], n: int) -> None:
        """So many members more share these likely kinds."""
        self._counts[list(kinds), self._rows[family]] += n

    def end(self, family: int) -> None:
        """A family has no members any more."""
        row = self._rows.pop(family)
        self._free.append(row)
        self._counts[:, row] = 0

    def nearest(self, ticket: Ticket, kinds: Sequence[int], n: int) -> list[int]:
        """Of the families with a member that shares one of the kinds, those whose middle is likest, by number."""
        rows = np.flatnonzero(self._counts[list(kinds)].any(axis=0))
        families = self._families[rows]
        if len(rows) > n:
            others = self._others(ticket, self._shares[rows])
            odds = self.likeness.rough_odds(ticket.reading, self._places[rows], self._kinds[rows], *others)
            families = families[np.lexsort((families, -odds))[:n]]
        return sorted(families.tolist())

    def _row(self, family: int) -> int:
        """The row of a family; there is room for it, and for the shares of all providers."""
        row = self._rows.get(family)
        if row is None:
            row = self._rows[family] = self._free.pop() if self._free else len(self._rows)
        n_rows = len(self._families) if row < len(self._families) else max(GROWS_BY * (row + 1), ROOM)
        if n_rows > len(self._families):
            self._families = _grown(self._families, (n_rows,))
            self._places = _grown(self._places, (n_rows, self._places.shape[1]))
            self._kinds = _grown(self._kinds, (n_rows, self._kinds.shape[1]))
            self._counts = _grown(self._counts, (self._counts.shape[0], n_rows))
        if self._shares.shape != (n_rows, len(self._providers)):
            self._shares = _grown(self._shares, (n_rows, len(self._providers)))
        self._families[row] = family
        return row

    def _others(self, ticket: Ticket, shares: Floats) -> tuple[Floats, Floats]:
        """Of each family: the shares of members of another provider, and of those of which that is not known."""
        if ticket.provider is None:
            return np.zeros(len(shares), np.float32), np.ones(len(shares), np.float32)
        column = self._providers.get(ticket.provider)
        same = 0 if column is None else shares[:, column]
        return 1 - same - shares[:, 0], shares[:, 0]


def _grown(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """The same array with room for more, which is zero."""
    grown = np.zeros(shape, array.dtype)
    grown[tuple(slice(n) for n in array.shape)] = array
    return grown
