"""Families of the same failure: a ticket joins the family to whose members it is most alike, or founds one.

Tickets come in the order in which they escalated. A family's id is its founder's issue id and never changes. Once a
ticket is closed it is read again: its closing words may show that it belongs elsewhere. A ticket that is like two
families shows that the two may be one: they are merged if their members are alike.

What a person said is followed, and what is like somebody whom a person put into a family is like that family.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.family_index import MOST_MEMBERS, N_KINDS, N_NEAR, Index, Ticket
from analysis.likeness import Likeness

JOINS = 0.75  # mean log-odds with the members (two to one) from which a ticket joins; a closed one below it leaves
MOVES = 1.0  # by so much another family must be more like a closed ticket than its own
MERGES = 1.0  # mean log-odds between the members of two families from which they are one
N_MERGED = 3  # of the families near a ticket, the likest that may turn out to be one


def thresholds() -> Mapping[str, float]:
    """Everything beside the likeness that decides who is in which family."""
    return {
        **{"joins": JOINS, "moves": MOVES, "merges": MERGES, "n_merged": N_MERGED},
        **{"most_members": MOST_MEMBERS, "n_kinds": N_KINDS, "n_near": N_NEAR},
    }


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


@dataclass(frozen=True)
class Saying:
    """What a person said of a ticket or a family: joined, split, merged, or left (it is alone)."""

    event: str
    family_id: int | None
    issue_id: int | None
    other_family_id: int | None


@dataclass
class Families:
    """The families so far. `kept_apart` are pairs that a person parted, which are never merged."""

    likeness: Likeness
    kept_apart: set[frozenset[int]] = field(default_factory=set)
    _index: Index = field(init=False)
    _parts: dict[int, list[list[int]]] = field(default_factory=dict)  # family → see `_parts_of`

    def __post_init__(self) -> None:
        """Begin with none."""
        self._index = Index(self.likeness)

    def family_of(self, issue_id: int) -> int | None:
        """The family of a ticket; None where it was not placed, or is alone though it founded one."""
        return self._index.family.get(issue_id)

    def known(self, tickets: Sequence[Ticket], families: Sequence[int | None]) -> None:
        """Take over tickets that were placed before, in the order in which they were."""
        self._index.rows.append(tickets)
        for ticket, family in zip(tickets, families, strict=True):
            self._index.family[ticket.issue_id] = None
            if family is not None:
                self._enter(ticket.issue_id, family)

    # -- placing -------------------------------------------------------------------------------------------

    def place(self, ticket: Ticket) -> Iterator[FamilyEvent]:
        """Place a ticket that escalated; it joins, or founds a family of its own."""
        found = self._nearest(ticket)
        self._index.rows.append([ticket])
        if found and found[0][1] >= JOINS:
            yield self._join(ticket.issue_id, *found[0])
            yield from self._merge(found)
        else:
            self._enter(ticket.issue_id, ticket.issue_id)
            yield FamilyEvent("founded", ticket.issue_id, ticket.issue_id)

    def read_again(self, ticket: Ticket) -> Iterator[FamilyEvent]:
        """A ticket that was placed is known better now (it was closed): it may belong elsewhere."""
        if ticket.issue_id not in self._index.rows.of:
            self.known([ticket], [ticket.issue_id])
        family = self.family_of(ticket.issue_id)
        self._leave(ticket.issue_id)
        found = self._nearest(ticket, beside=family)
        self._index.rows.replace(ticket)
        mine = next((odds for one, odds in found if one == family), None)
        others = [(one, odds) for one, odds in found if one != family]
        likest = others[0] if others and others[0][1] >= JOINS else None
        is_alone = family is None or family not in self._index.members
        is_settled = self._index.rows.is_settled[self._index.rows.of[ticket.issue_id]]
        is_bound = is_settled or (family == ticket.issue_id and not is_alone)  # its id is the family's
        if likest and not is_bound and (is_alone or mine is None or likest[1] >= mine + MOVES):
            yield self._join(ticket.issue_id, *likest)
            yield from self._merge(others)
        elif is_alone or is_bound or (mine is not None and mine >= JOINS):
            if family is not None:
                self._enter(ticket.issue_id, family)
            yield FamilyEvent("kept", family or ticket.issue_id, ticket.issue_id, None, _rounded(mine))
            yield from self._merge(found if found and found[0][0] == family else [])
        else:
            self._enter(ticket.issue_id, ticket.issue_id)
            yield FamilyEvent("split", ticket.issue_id, ticket.issue_id, family, _rounded(mine))

    def _nearest(self, ticket: Ticket, beside: int | None = None) -> list[tuple[int, float]]:
        """Families near a ticket, and the mean log-odds with their members; the likest first."""
        if not ticket.reading.is_told[0]:
            return []
        held = [(family, part) for family in self._index.near(ticket, beside) for part in self._parts_of(family)]
        if not held:
            return []
        odds = self._index.rows.odds(ticket, [row for _, part in held for row in part])
        sizes = np.array([len(part) for _, part in held])
        means = np.add.reduceat(odds, np.cumsum(sizes) - sizes) / sizes
        best: dict[int, float] = {}
        for (family, _), mean in zip(held, means.tolist(), strict=True):
            best[family] = max(best.get(family, mean), mean)
        return sorted(best.items(), key=lambda one: (-one[1], one[0]))

    def _parts_of(self, family: int) -> list[list[int]]:
        """The members against which a ticket is held: all together and, where a person put some there, apart.

        Persons know of unlike tickets that they are one failure. What comes later is like some of them alone: like
        those that are like one whom a person put there, or like those that are like none of these.
        """
        parts = self._parts.get(family)
        if parts is None:
            rows = self._index.first_members(family)
            found = {tuple(rows): None} if rows else {}
            settled = [row for row in rows if self._index.rows.is_settled[row]]
            rest = set(rows)
            for row, odds in zip(settled, self._index.rows.odds_between(settled, rows), strict=True):
                alike = tuple(one for one, worth in zip(rows, odds, strict=True) if one == row or worth >= JOINS)
                found[alike] = None
                rest.difference_update(alike)
            if settled and rest:
                found[tuple(sorted(rest))] = None
            parts = self._parts[family] = [list(part) for part in found]
        return parts

    # -- merging -------------------------------------------------------------------------------------------

    def _merge(self, found: Sequence[tuple[int, float]]) -> Iterator[FamilyEvent]:
        """Merge the likest family with others that the ticket is as much like, if their members are alike."""
        if not found:
            return
        family = found[0][0]
        for other, odds in found[1 : 1 + N_MERGED]:
            if odds < JOINS:
                break
            if frozenset((family, other)) not in self.kept_apart and self._between(family, other) >= MERGES:
                family, ended = sorted((family, other), key=self._age)
                self._unite(family, ended)
                yield FamilyEvent("merged", family, None, ended)

    def _between(self, one: int, other: int) -> float:
        mine, theirs = self._index.first_members(one), self._index.first_members(other)
        return float(np.mean(self._index.rows.odds_between(mine, theirs))) if mine and theirs else -np.inf

    def _age(self, family: int) -> int:
        """The row of the founder, where that is known; of two families that one stays whose founder came first."""
        return self._index.rows.of.get(family, self._index.members[family][0])

    def _unite(self, into: int, ended: int) -> None:
        """What was kept apart from the family that ends is kept apart from the one that it ends in."""
        self._index.merge(into, ended)
        self._parts.pop(into, None)
        self._parts.pop(ended, None)
        moved = {frozenset(into if one == ended else one for one in pair) for pair in self.kept_apart}
        self.kept_apart = {pair for pair in moved if len(pair) > 1}

    # -- what persons say ----------------------------------------------------------------------------------

    def follow(self, said: Saying) -> None:
        """Do as a person said, whatever the likeness; a number means the family in which that ticket is by then."""
        if said.event == "merged":
            into, ended = self._meant(said.family_id), self._meant(said.other_family_id)
            if into != ended and {into, ended} <= self._index.members.keys():
                self._unite(into, ended)
            return
        if said.issue_id not in self._index.rows.of:
            return
        begins = said.family_id == said.issue_id and said.event != "joined"
        family = None if said.family_id is None else said.family_id if begins else self._meant(said.family_id)
        before = self._meant(said.other_family_id)
        self._leave(said.issue_id)
        self._index.rows.is_settled[self._index.rows.of[said.issue_id]] = True
        if family is None:
            return
        if begins:
            others = self._clear(family)
            before = others if before == family else before
        self._enter(said.issue_id, family)
        if said.event == "split" and family != before:
            self.kept_apart.add(frozenset((family, before)))

    def _meant(self, number: int | None) -> int:
        if number in self._index.members:
            return number
        return self.family_of(number or 0) or number or 0

    def _clear(self, family: int) -> int:
        """Whoever is in the family of a ticket that is to be alone goes by the number of another one of them."""
        rows = self._index.members.get(family, [])
        free = [one for one in (self._index.rows.ids[row] for row in rows) if one not in self._index.members]
        if free:
            self._unite(free[0], family)
        return free[0] if free else family

    # -- members -------------------------------------------------------------------------------------------

    def _join(self, issue_id: int, family: int, odds: float) -> FamilyEvent:
        self._enter(issue_id, family)
        return FamilyEvent("joined", family, issue_id, None, _rounded(odds))

    def _enter(self, issue_id: int, family: int) -> None:
        self._index.enter(issue_id, family)
        self._parts.pop(family, None)

    def _leave(self, issue_id: int) -> None:
        family = self.family_of(issue_id)
        self._index.leave(issue_id)
        if family is not None:
            self._parts.pop(family, None)


def _rounded(odds: float | None) -> float | None:
    return None if odds is None else round(odds, 3)
