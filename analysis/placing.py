"""Tickets that escalated or were closed → events in the life of families (`state.family_events`).

What happened is taken in the order in which it happened, whenever it is learned of: a ticket escalated, and is placed
by its words then; it was closed, and is read again with the words with which it was closed. So a week at a time ends
like all in one go. What was placed stays where it is, so that an id which a page named keeps its meaning; only another
version (of the likeness, or of the thresholds) places all anew, and what it changes are events as well. What persons
said is then taken in its turn, and stands.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analysis import alike, family_profiles, readings
from analysis.families import Families, FamilyEvent, Saying, thresholds
from analysis.family_index import Ticket
from analysis.likeness import Likeness
from analysis.readings import Tickets
from analysis.table_files import files_of
from analysis.warehouse import Warehouse, hash_of

Row = dict[str, Any]
ESCALATED, CLOSED, SAID = range(3)  # turns, in this order where they come in one moment

# Whatever can come back is placed, also what is left out of the shares; and is looked at again whenever it was closed.
# Another version takes also what was placed once and can come back no more, and what persons said. It takes tickets in
# the order in which they were placed, so that whoever founded a family comes before those that joined it.
DUE = """
    create or replace temp table due as
    with ticket as (
        select e.issue_id, e.escalated_at, m.place, m.looked_at, {anew} or m.place is null as is_new,
            case when {CLOSING} is not null then greatest(f.resolved_at, e.escalated_at) end as closed_at
        from core.escalations e
        join core.ticket_facts f using (issue_id)
        join core.tag_texts x using (issue_id)
        left join core.resolution_texts r using (issue_id)
        left join core.tags c on c.issue_id = e.issue_id and c.kind = 'failure_category'
        left join core.family_members m on m.issue_id = e.issue_id
        where e.escalation_no = 1 and (coalesce(c.can_repeat, true) or ({anew} and m.place is not null))
    ),
    escalated as (
        select issue_id, place, max(escalated_at) over told as happened_at, row_number() over told as n
        from ticket
        where is_new
        window told as (order by place nulls last, escalated_at, issue_id)
    ),
    said as (
        select v.event_id, max(greatest(v.effective_at, max(e.happened_at))) over (order by v.event_id) as happened_at
        from state.family_events v
        left join escalated e on e.place < v.event_id
        where {anew} and v.person_id is not null and v.method is null
        group by v.event_id, v.effective_at
    )
    select happened_at, {ESCALATED} as turn, n, issue_id from escalated
    union all
    select greatest(t.closed_at, e.happened_at), {CLOSED}, t.issue_id, t.issue_id
    from ticket t
    left join escalated e using (issue_id)
    where t.closed_at is not null and (t.is_new or t.looked_at < t.closed_at)
    union all
    select happened_at, {SAID}, event_id, null from said
"""
SAYINGS = """
    select event_id, event, family_id, issue_id, other_family_id from state.family_events
    where person_id is not null and method is null
"""
# Who put a ticket where it is.
STANDING = """
    select issue_id, max_by({'person_id': person_id, 'source_ref': source_ref}, event_id)
    from state.family_events
    where event not in ('merged', 'kept') and issue_id is not null
    group by issue_id
    having max_by(person_id is not null, event_id)
"""
# Families some member of which shares a likely kind with what is due, and families of which it is: with all their
# members, and with the founder, wherever that is by now.
KNOWN = """
    with near as (
        select m.family_id from core.readings r
        join core.family_members m using (issue_id)
        where m.family_id is not null and (list_has_any(r.kinds, ?) or r.issue_id in (select issue_id from due))
    )
    select m.issue_id, m.family_id, r.numbers, r.is_closed, r.provider, r.dealer_id, m.is_settled
    from core.family_members m
    join core.readings r using (issue_id)
    where m.family_id in (select family_id from near) or m.issue_id in (select family_id from near)
        or m.issue_id in (select issue_id from due)
    order by m.place
"""
# Pairs of families that a person parted, and families that ended in others, as it came.
PARTED = """
    select event, family_id, other_family_id from state.family_events
    where family_id is not null and other_family_id is not null
        and (event = 'merged' or (event = 'split' and person_id is not null))
    order by event_id
"""


@dataclass(frozen=True)
class Placed:
    """How many tickets were placed or looked at again, and how many events that made."""

    n_tickets: int
    n_events: int


def version_of(likeness: Likeness) -> str:
    """What decides who is in which family, and who is alike: the likeness and the thresholds."""
    return f"{likeness.version} {hash_of(alike.ALIKE, *sorted(thresholds().items()))[:8]}"


def place(warehouse: Warehouse, likeness: Likeness, run_id: str, now: datetime) -> Placed:
    """Place what escalated, and look again at what was closed, since the last time; all or nothing."""
    with warehouse.transaction():
        shape = _keep_shape(warehouse)
        warehouse.build("place", full=False)
        anew = _is_other_version(warehouse, likeness)
        turns = {"ESCALATED": ESCALATED, "CLOSED": CLOSED, "SAID": SAID}
        warehouse.execute(DUE.format(anew=anew, CLOSING=readings.CLOSING, **turns))
        readings.list_placed(warehouse, likeness)
        changed = set[int]()
        if not anew:
            stale = readings.read_stale(warehouse, likeness)
            readings.store(warehouse, likeness, stale)
            changed |= stale.keys()
        first, later = (
            readings.read(
                warehouse, likeness, f"select issue_id from due where turn = {turn}", is_closed=turn == CLOSED
            )
            for turn in (ESCALATED, CLOSED)
        )
        told = _told(warehouse, likeness, first, later, now, anew=anew)
        common = {"run_id": run_id, "recorded_at": now, "method": version_of(likeness)}
        warehouse.append_events("state.family_events", ({**common, **event} for event in told))
        if told:
            warehouse.build("place", full=False)
            readings.list_placed(warehouse, likeness)
        readings.store(warehouse, likeness, first | later)
        _bring_up(warehouse, likeness, changed | first.keys() | later.keys(), shape)
    return Placed(len(first | later), len(told))


# -- what happened -----------------------------------------------------------------------------------------


def _is_other_version(warehouse: Warehouse, likeness: Likeness) -> bool:
    """Whether another one than this told the latest event."""
    latest = "select method from state.family_events where method is not null order by event_id desc limit 1"
    return warehouse.value(latest) not in (None, version_of(likeness))


def _told(
    warehouse: Warehouse, likeness: Likeness, first: Tickets, later: Tickets, now: datetime, *, anew: bool
) -> list[Row]:
    """What is due becomes events."""
    due = warehouse.rows("select happened_at, turn, n, issue_id from due order by happened_at, turn, n")
    if not due:
        return []
    families = Families(likeness) if anew else _known_near(warehouse, likeness, [*first.values(), *later.values()])
    said = _sayings(warehouse) if anew else {}
    told = list[Row]()
    for happened_at, turn, n, issue_id in due:
        if turn == SAID:
            families.follow(said[n])
        else:
            events = _take(families, (first, later)[turn][issue_id], turn)
            told += [{"effective_at": happened_at, **vars(event)} for event in events]
    return [{"effective_at": now, **event} for event in _changes(warehouse, families, first)] if anew else told


def _take(families: Families, ticket: Ticket, turn: int) -> Iterable[FamilyEvent]:
    ticket = replace(ticket, is_settled=False)  # what a person said of it is known, or has its own turn
    return families.read_again(ticket) if turn == CLOSED else families.place(ticket)


def _sayings(warehouse: Warehouse) -> dict[int, Saying]:
    return {event_id: Saying(*told) for event_id, *told in warehouse.rows(SAYINGS)}


def _known_near(warehouse: Warehouse, likeness: Likeness, tickets: Sequence[Ticket]) -> Families:
    """The families to which what is due may belong."""
    families = Families(likeness, _kept_apart(warehouse))
    kinds = sorted({kind for ticket in tickets for kind in readings.kinds_of(likeness, ticket)})
    known = warehouse.rows(KNOWN, [kinds])
    if known:
        ids, of, numbers, is_closed, providers, dealers, settled = zip(*known, strict=True)
        read = likeness.unpacked(numbers, is_closed)
        rows = enumerate(zip(ids, providers, dealers, settled, strict=True))
        families.known([Ticket(one, read.take([n]), *rest) for n, (one, *rest) in rows], of)
    return families


def _kept_apart(warehouse: Warehouse) -> set[frozenset[int]]:
    """Pairs of families that a person parted, by the numbers that they go by now."""
    pairs = set[frozenset[int]]()
    for event, family, other in warehouse.rows(PARTED):
        if event == "split":
            pairs.add(frozenset((family, other)))
        else:
            pairs = {frozenset(family if one == other else one for one in pair) for pair in pairs}
    return {pair for pair in pairs if len(pair) > 1}


# -- another version ---------------------------------------------------------------------------------------


def _changes(warehouse: Warehouse, families: Families, tickets: Mapping[int, Ticket]) -> Iterator[Row]:
    """What another version changes: what became of each family that is no more, and where each ticket belongs now.

    That is told even where a ticket stays. What a person said of a ticket is told again where that means another family
    now, as that person's.
    """
    before = dict(warehouse.rows("select issue_id, family_id from core.family_members order by place"))
    yield from map(vars, _ended(families, before, tickets))
    standing = dict(warehouse.rows(STANDING))
    for issue_id in sorted(tickets):
        family, was = families.family_of(issue_id), before.get(issue_id)
        if issue_id in standing:
            if family != was:
                event = "left" if family is None else "joined"
                yield vars(Saying(event, family, issue_id, was)) | standing[issue_id]
        elif family == issue_id:
            event = "founded" if was in (None, family) else "split"
            yield vars(FamilyEvent(event, family, issue_id, was if event == "split" else None))
        elif family is not None:
            yield vars(FamilyEvent("joined", family, issue_id, None if was == family else was))


def _ended(
    families: Families, before: Mapping[int, int | None], tickets: Mapping[int, Ticket]
) -> Iterator[FamilyEvent]:
    """Families that are no more, and in which they ended: in that of their founder, or of whoever was placed first."""
    members: dict[int, list[int]] = {}
    for issue_id, family in before.items():
        if family is not None:
            members.setdefault(family, [family]).append(issue_id)
    alive = {families.family_of(issue_id) for issue_id in tickets}
    for ended in sorted(members.keys() - alive):
        into = next((one for one in map(families.family_of, members[ended]) if one is not None), None)
        if into is not None:
            yield FamilyEvent("merged", into, None, ended)


# -- what is derived ---------------------------------------------------------------------------------------


def _keep_shape(warehouse: Warehouse) -> str:
    """Make anew, empty, what an older program made; gives the shape by which it is known."""
    shape = hash_of(*(table.body for table in files_of("place", "stored")))
    if warehouse.value("select hash from core.builds where step = 'place'") != shape:
        warehouse.remake("place")
    return shape


def _bring_up(warehouse: Warehouse, likeness: Likeness, changed: set[int], shape: str) -> None:
    """Bring up what follows from readings and families: pairs that are alike, and what families have in common."""
    count = "select cast(count(*) as varchar) from core.alike"
    changed = changed | readings.follow(warehouse)
    if warehouse.value("select base_hash from core.builds where step = 'place'") != warehouse.value(count):
        changed = {issue_id for (issue_id,) in warehouse.rows("select issue_id from core.readings")}
    if changed:
        alike.bring_up(warehouse, likeness, changed)
    family_profiles.describe(warehouse, likeness)
    warehouse.execute("delete from core.builds where step = 'place'")
    newest = "select coalesce(max(batch_no), 0) from raw.issues"
    warehouse.execute(f"insert into core.builds values ('place', ({newest}), ({count}), ?)", [shape])
