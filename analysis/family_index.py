"""Families in memory: what each ticket reads, who is in which family, and which families may be near a ticket.

A ticket is held against the members of a few families alone: of those some member of which shares a likely kind with
it, the ones whose middle is nearest. So no ticket is held against all.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.features import Floats
from analysis.likeness import Likeness, Readings

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

    def ticket(self, row: int) -> Ticket:
        """The ticket of a row."""
        return Ticket(self.ids[row], self.readings.take([row]), self.providers[row])

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
    _by_kind: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))  # kind → family → members
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
        sharing = sorted({family for kind in kinds for family in self._by_kind.get(kind, ())})
        found = sharing if len(sharing) <= N_NEAR else self._middles.nearest(ticket, sharing, N_NEAR)
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
        self._count(row, family, 1)
        self._find_middle(family)

    def leave(self, issue_id: int) -> None:
        """A ticket goes out of its family, if it has one."""
        family = self.family[issue_id]
        if family is None:
            return
        row = self.rows.of[issue_id]
        self.family[issue_id] = None
        self.members[family].remove(row)
        self._count(row, family, -1)
        self._find_middle(family)

    def merge(self, into: int, ended: int) -> None:
        """All members of one family come into another one."""
        rows = self.members.pop(ended)
        self._middles.end(ended)
        for row in rows:
            self._count(row, ended, -1)
            self._count(row, into, 1)
            self.family[self.rows.ids[row]] = into
        self.members[into] = sorted(self.members.get(into, []) + rows)
        self._find_middle(into)

    def _count(self, row: int, family: int, n: int) -> None:
        for kind in self.rows.kinds[row]:
            self._by_kind[kind][family] = self._by_kind[kind].get(family, 0) + n
            if not self._by_kind[kind][family]:
                del self._by_kind[kind][family]

    def _find_middle(self, family: int) -> None:
        rows = self.members[family][:MOST_MEMBERS]
        if rows:
            self._middles.put(family, self.rows.readings.take(rows), [self.rows.providers[row] for row in rows])
        else:
            del self.members[family]
            self._middles.end(family)


@dataclass
class Middles:
    """Mean place and kinds of families, and the share of each provider; a row each."""

    likeness: Likeness
    _slots: dict[int, int] = field(default_factory=dict)  # family → row
    _free: list[int] = field(default_factory=list)  # rows of families that ended
    _providers: dict[str | None, int] = field(default_factory=lambda: {None: 0})  # provider → column of its share
    _middles: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    _shares: Floats = field(default_factory=lambda: np.zeros((0, 1), np.float32))

    def put(self, family: int, members: Readings, providers: Sequence[str | None]) -> None:
        """The middle of a family whose members are others now."""
        slot = self._slots.get(family)
        if slot is None:
            slot = self._slots[family] = self._free.pop() if self._free else len(self._slots)
        columns = [self._providers.setdefault(provider, len(self._providers)) for provider in providers]
        middle = np.concatenate([members.place.mean(axis=0), members.kinds.mean(axis=0)])
        n_rows = len(self._middles) if slot < len(self._middles) else max(GROWS_BY * (slot + 1), ROOM)
        self._middles = _grown(self._middles, n_rows, len(middle))
        self._shares = _grown(self._shares, n_rows, len(self._providers))
        self._middles[slot] = middle
        self._shares[slot] = np.bincount(columns, minlength=len(self._providers)) / len(columns)

    def end(self, family: int) -> None:
        """A family has no members any more."""
        self._free.append(self._slots.pop(family))

    def nearest(self, ticket: Ticket, families: Sequence[int], n: int) -> list[int]:
        """Those of the families whose middle is likest to a ticket, by number."""
        slots = [self._slots[family] for family in families]
        middles, shares = self._middles[slots], self._shares[slots]
        n_directions = len(self.likeness.spread)
        odds = self.likeness.rough_odds(
            ticket.reading, middles[:, :n_directions], middles[:, n_directions:], *self._others(ticket, shares)
        )
        nearest = np.argsort(-odds, kind="stable")[:n]
        return sorted(families[number] for number in nearest.tolist())

    def _others(self, ticket: Ticket, shares: Floats) -> tuple[Floats, Floats]:
        """Of each family: the shares of members of another provider, and of those of which that is not known."""
        if ticket.provider is None:
            return np.zeros(len(shares), np.float32), np.ones(len(shares), np.float32)
        column = self._providers.get(ticket.provider)
        same = 0 if column is None else shares[:, column]
        return 1 - same - shares[:, 0], shares[:, 0]


def _grown(array: Floats, n_rows: int, n_columns: int) -> Floats:
    """The same array with room for more."""
    if array.shape == (n_rows, n_columns):
        return array
    grown = np.zeros((n_rows, n_columns), np.float32)
    if array.size:
        grown[: len(array), : array.shape[1]] = array
    return grown
