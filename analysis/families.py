"""Families of the same failure: a ticket joins the family to whose members it is most alike, or founds one.

Tickets come in the order in which they escalated; each is held against the members of those families that share a
likely kind of failure with it (an inverted index, so that no ticket is held against all). A family's id is its
founder's issue id and never changes. Once a ticket is closed it is read again: its closing words may show that it
belongs elsewhere. A ticket that is like two families shows that the two may be one: they are merged if their members
are alike.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.features import Floats
from analysis.likeness import Likeness, Readings

JOINS = 0.75  # mean log-odds with the members (two to one) from which a ticket joins; a closed one below it leaves
MOVES = 1.0  # by so much another family must be more like a closed ticket than its own
MERGES = 1.0  # mean log-odds between the members of two families from which they are one
MOST_MEMBERS = 24  # of a family that a ticket is held against: the first ones
N_KINDS = 3  # likely kinds by which a ticket is found
N_NEAR = 12  # families, nearest by their middle, with whose members a ticket is compared
N_MERGED = 3  # of those, the likest that may turn out to be one family
GROWS_BY = 2


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


@dataclass(frozen=True)
class FamilyEvent:
    """What happened to a ticket or a family.

    founded, joined, split (it leaves `other_family_id` and founds its own), kept (it was read again and stays) or
    merged (`other_family_id` ends in `family_id`).
    """

    event: str
    family_id: int
    issue_id: int | None = None
    other_family_id: int | None = None
    likeness: float | None = None


@dataclass
class Families:
    """The members placed so far, and an index of them by likely kind.

    `kept_apart` are pairs of families that a person parted, which are never merged.
    """

    likeness: Likeness
    kept_apart: set[frozenset[int]] = field(default_factory=set)
    _rows: dict[int, int] = field(default_factory=dict)  # issue id → row
    _ids: list[int] = field(default_factory=list)
    _providers: list[str | None] = field(default_factory=list)
    _of_dealer: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # dealer → rows
    _readings: Readings | None = None
    _family: dict[int, int | None] = field(default_factory=dict)  # issue id → family
    _members: dict[int, list[int]] = field(default_factory=dict)  # family → rows, the first ones first
    _by_kind: dict[int, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))  # kind → family → members
    _slots: dict[int, int] = field(default_factory=dict)  # family → row of its middle
    _free: list[int] = field(default_factory=list)  # rows of families that ended
    _middles: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # mean place and kinds of members

    # -- what is known -------------------------------------------------------------------------------------

    def family_of(self, issue_id: int) -> int | None:
        """The family of a ticket; None where it was not placed, or is alone though it founded one."""
        return self._family.get(issue_id)

    def known(self, tickets: Sequence[Ticket], families: Sequence[int | None]) -> None:
        """Take over tickets that were placed before, in the order in which they were."""
        if tickets:
            self._append(tickets)
        for ticket, family in zip(tickets, families, strict=True):
            self._family[ticket.issue_id] = family
            if family is not None:
                self._enter(ticket.issue_id, family)

    def alike(self, ticket: Ticket, least: float) -> list[tuple[int, float]]:
        """Other tickets of its dealer that share a likely kind with it, with log-odds of at least so much."""
        if ticket.dealer_id is None:
            return []
        rows = sorted(self._of_dealer[ticket.dealer_id] - {self._rows.get(ticket.issue_id, -1)})
        kinds = set(self._kinds_of(ticket.reading))
        rows = [row for row in rows if kinds & set(self._kinds_of(self._ticket(row).reading))]
        odds = self._odds(ticket, rows) if rows else ()
        return [(self._ids[row], float(one)) for row, one in zip(rows, odds, strict=True) if one >= least]

    # -- placing -------------------------------------------------------------------------------------------

    def place(self, ticket: Ticket) -> Iterator[FamilyEvent]:
        """Place a ticket that escalated; it joins, or founds a family of its own."""
        found = self._nearest(ticket)
        self._append([ticket])
        if found and found[0][1] >= JOINS:
            yield self._join(ticket.issue_id, *found[0])
            yield from self._merge(found)
        else:
            self._family[ticket.issue_id] = ticket.issue_id
            self._enter(ticket.issue_id, ticket.issue_id)
            yield FamilyEvent("founded", ticket.issue_id, ticket.issue_id)

    def read_again(self, ticket: Ticket) -> Iterator[FamilyEvent]:
        """A ticket that was placed is known better now (it was closed): it may belong elsewhere."""
        if ticket.issue_id not in self._rows:  # its words told nothing, so nothing was kept of it
            self.known([ticket], [ticket.issue_id])
        family = self._family[ticket.issue_id]
        self._leave(ticket.issue_id)
        found = self._nearest(ticket, beside=family)
        self._replace(ticket)
        mine = next((odds for one, odds in found if one == family), None)
        others = [(one, odds) for one, odds in found if one != family]
        likest = others[0] if others and others[0][1] >= JOINS else None
        is_alone = family is None or family not in self._members
        is_bound = ticket.is_settled or (family == ticket.issue_id and not is_alone)  # its id is the family's
        if likest and not is_bound and (is_alone or mine is None or likest[1] >= mine + MOVES):
            yield self._join(ticket.issue_id, *likest)
            yield from self._merge(others)
        elif is_alone or is_bound or (mine is not None and mine >= JOINS):
            if family is not None:
                self._enter(ticket.issue_id, family)
            yield FamilyEvent("kept", family or ticket.issue_id, ticket.issue_id, None, _rounded(mine))
            yield from self._merge(found if found and found[0][0] == family else [])
        else:
            self._family[ticket.issue_id] = ticket.issue_id
            self._enter(ticket.issue_id, ticket.issue_id)
            yield FamilyEvent("split", ticket.issue_id, ticket.issue_id, family, _rounded(mine))

    def _nearest(self, ticket: Ticket, beside: int | None = None) -> list[tuple[int, float]]:
        """Families that share a likely kind with it, and the mean log-odds with their members; the likest first.

        One family, where it still has members, is looked at whether near or not.
        """
        if self._readings is None or not ticket.reading.is_told[0]:
            return []
        sharing = {family for kind in self._kinds_of(ticket.reading) for family in self._by_kind.get(kind, ())}
        families = self._near(ticket.reading, sorted(sharing))
        if beside in self._members and beside not in families:
            families.append(beside)
        if not families:
            return []
        told = self._readings.is_told
        # whoever says nothing any more is a member all the same, but no measure of the others
        members = [[row for row in self._members[family][:MOST_MEMBERS] if told[row]] for family in families]
        families = [family for family, rows in zip(families, members, strict=True) if rows]
        members = [rows for rows in members if rows]
        if not families:
            return []
        odds = self._odds(ticket, [row for rows in members for row in rows])
        starts = np.cumsum([0, *map(len, members[:-1])])
        means = np.add.reduceat(odds, starts) / np.array([len(rows) for rows in members])
        order = sorted(range(len(families)), key=lambda number: (-means[number], families[number]))
        return [(families[number], float(means[number])) for number in order]

    def _near(self, reading: Readings, families: Sequence[int]) -> list[int]:
        """The families whose middle is nearest to a reading; comparing it with all their members takes its time."""
        if len(families) <= N_NEAR:
            return list(families)
        middles = self._middles[[self._slots[family] for family in families]]
        n_directions = len(self.likeness.spread)
        odds = self.likeness.rough_odds(reading, middles[:, :n_directions], middles[:, n_directions:])
        nearest = np.argsort(-odds, kind="stable")[:N_NEAR]
        return sorted(families[number] for number in nearest.tolist())

    def _odds(self, ticket: Ticket, rows: list[int]) -> Floats:
        assert self._readings is not None  # noqa: S101 - callers have looked
        many = self._readings.take(rows)
        return self.likeness.log_odds(ticket.reading, many, ticket.provider, [self._providers[row] for row in rows])

    def _merge(self, found: Sequence[tuple[int, float]]) -> Iterator[FamilyEvent]:
        """Merge the likest family with others that the ticket is as much like, if their members are alike."""
        if not found:
            return
        family = found[0][0]
        for other, odds in found[1 : 1 + N_MERGED]:
            if odds < JOINS:
                break
            if frozenset((family, other)) not in self.kept_apart and self._between(family, other) >= MERGES:
                into, ended = self._older(family, other)
                rows = self._members.pop(ended)
                self._free.append(self._slots.pop(ended))
                for row in rows:
                    self._unindex(row, ended)
                    self._family[self._ids[row]] = into
                    self._index(row, into)
                self._members[into] = sorted(self._members[into] + rows)
                self._find_middle(into)
                yield FamilyEvent("merged", into, None, ended)
                family = into

    def _between(self, one: int, other: int) -> float:
        rows = self._members[other][:MOST_MEMBERS]
        return float(np.mean([self._odds(self._ticket(row), rows) for row in self._members[one][:MOST_MEMBERS]]))

    def _older(self, one: int, other: int) -> tuple[int, int]:
        """The family whose first member was placed first stays."""
        return (one, other) if self._members[one][0] <= self._members[other][0] else (other, one)

    def _join(self, issue_id: int, family: int, odds: float) -> FamilyEvent:
        self._family[issue_id] = family
        self._enter(issue_id, family)
        return FamilyEvent("joined", family, issue_id, None, _rounded(odds))

    # -- rows ----------------------------------------------------------------------------------------------

    def _ticket(self, row: int) -> Ticket:
        assert self._readings is not None  # noqa: S101 - there is a row
        return Ticket(self._ids[row], self._readings.take([row]), self._providers[row])

    def _enter(self, issue_id: int, family: int) -> None:
        row = self._rows[issue_id]
        rows = self._members.setdefault(family, [])
        rows.append(row)
        if len(rows) > 1 and rows[-1] < rows[-2]:
            rows.sort()
        self._index(row, family)
        self._find_middle(family)

    def _find_middle(self, family: int) -> None:
        assert self._readings is not None  # noqa: S101 - there is a member
        rows = self._members[family][:MOST_MEMBERS]
        slot = self._slots.get(family)
        if slot is None:
            slot = self._slots[family] = self._free.pop() if self._free else len(self._slots)
        place, kinds = self._readings.place[rows].mean(axis=0), self._readings.kinds[rows].mean(axis=0)
        if slot >= len(self._middles):
            grown = np.zeros((max(GROWS_BY * (slot + 1), 64), len(place) + len(kinds)), np.float32)
            if len(self._middles):
                grown[: len(self._middles)] = self._middles
            self._middles = grown
        self._middles[slot] = np.concatenate([place, kinds])

    def _leave(self, issue_id: int) -> None:
        family, row = self._family[issue_id], self._rows[issue_id]
        if family is None:
            return
        self._members[family].remove(row)
        self._unindex(row, family)
        if self._members[family]:
            self._find_middle(family)
        else:
            del self._members[family]
            self._free.append(self._slots.pop(family))

    def _index(self, row: int, family: int) -> None:
        for kind in self._kinds_of(self._ticket(row).reading):
            self._by_kind[kind][family] = self._by_kind[kind].get(family, 0) + 1

    def _unindex(self, row: int, family: int) -> None:
        for kind in self._kinds_of(self._ticket(row).reading):
            self._by_kind[kind][family] -= 1
            if not self._by_kind[kind][family]:
                del self._by_kind[kind][family]

    def _kinds_of(self, reading: Readings) -> Iterable[int]:
        return map(int, self.likeness.likely_kinds(reading, N_KINDS)) if reading.is_told[0] else ()

    def _append(self, tickets: Sequence[Ticket]) -> None:
        """Keep the readings in arrays that grow by doubling."""
        for ticket in tickets:
            self._rows[ticket.issue_id] = len(self._ids)
            self._ids.append(ticket.issue_id)
            self._providers.append(ticket.provider)
            if ticket.dealer_id is not None:
                self._of_dealer[ticket.dealer_id].add(self._rows[ticket.issue_id])
        start = len(self._ids) - len(tickets)
        if self._readings is None or len(self._readings) < len(self._ids):
            room = max(GROWS_BY * len(self._ids), 64)
            shapes = vars(tickets[0].reading)
            grown = {name: np.zeros((room, *array.shape[1:]), array.dtype) for name, array in shapes.items()}
            if self._readings is not None:
                for name, array in grown.items():
                    array[:start] = getattr(self._readings, name)[:start]
            self._readings = Readings(**grown)
        for row, ticket in enumerate(tickets, start):
            self._write(row, ticket)

    def _replace(self, ticket: Ticket) -> None:
        row = self._rows[ticket.issue_id]
        self._providers[row] = ticket.provider
        self._write(row, ticket)

    def _write(self, row: int, ticket: Ticket) -> None:
        assert self._readings is not None  # noqa: S101 - grown before
        for name in Readings.__dataclass_fields__:
            getattr(self._readings, name)[row] = getattr(ticket.reading, name)[0]


def _rounded(odds: float | None) -> float | None:
    return None if odds is None else round(odds, 3)
