"""Tickets that escalated or were closed → events in the life of families (`state.family_events`).

What happened is taken in the order in which it happened, whenever it is learned of: a ticket escalated, and is placed
by its words then; it was closed, and is read again with the words with which it was closed. So a week at a time ends
like all in one go. What was placed stays where it is, so that an id which a page named keeps its meaning; only another
version of the likeness places all anew, and what it changes are events as well.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.families import MOST_MEMBERS, N_KINDS, Families, FamilyEvent, Ticket
from analysis.features import WORD
from analysis.likeness import Likeness, Words
from analysis.likeness_files import kind_texts
from analysis.patterns import shortened
from analysis.signature import shared_signs, shared_words
from analysis.text import without_ids
from analysis.warehouse import Warehouse

Row = dict[str, Any]
Tickets = dict[int, Ticket]
BATCH = 2000
ALIKE = 0.0  # log-odds from which two tickets of one dealer count as alike: that they are of one speaks for it, too

# Whatever can come back is placed, also what is left out of the shares; and is looked at again whenever it was closed.
DUE = """
    create or replace temp table due as
    with failed as (
        select e.issue_id, e.escalated_at
        from core.escalations e
        left join core.tags c on c.issue_id = e.issue_id and c.kind = 'failure_category'
        left join core.categories k on k.failure_category = c.value
        where e.escalation_no = 1 and coalesce(k.can_repeat, true)
    ),
    turn as (
        select issue_id, escalated_at as happened_at, 0 as turn from failed
        where {anew} or issue_id not in (select issue_id from core.family_members)
        union all
        select f.issue_id, t.resolved_at, 1
        from failed f
        join core.ticket_facts t using (issue_id)
        join core.resolution_texts r on r.issue_id = f.issue_id and r.words is not null
        left join core.family_members m on m.issue_id = f.issue_id
        where {anew} or m.issue_id is null or m.looked_at < t.resolved_at
    )
    select * from turn
"""
WORDS = """
    select x.issue_id, x.summary, x.description, case when {is_closed} then r.words end, p.value, f.dealer_id,
        coalesce(m.is_settled, false)
    from core.tag_texts x
    join core.ticket_facts f using (issue_id)
    left join core.resolution_texts r using (issue_id)
    left join core.tags p on p.issue_id = x.issue_id and p.kind = 'provider'
    left join core.family_members m on m.issue_id = x.issue_id
    where x.issue_id in ({wanted})
    order by x.issue_id
"""
UNREAD = """
    select m.issue_id from core.family_members m
    join core.ticket_facts t using (issue_id)
    anti join core.readings r on r.issue_id = m.issue_id and r.version = '{version}'
    where m.issue_id not in (select issue_id from due where turn = 0)
        and {is_closed} = coalesce(t.resolved_at <= m.looked_at, false)
"""
KNOWN = """
    select m.issue_id, m.family_id, r.numbers, r.is_closed, p.value, f.dealer_id, m.is_settled
    from core.family_members m
    join core.readings r using (issue_id)
    join core.ticket_facts f using (issue_id)
    left join core.tags p on p.issue_id = m.issue_id and p.kind = 'provider'
    where (m.is_settled or not {anew}) and (
        m.issue_id in (select issue_id from due)
        or m.family_id in (
            select k.family_id from core.readings n
            join core.family_members k using (issue_id)
            where list_has_any(n.kinds, ?)
        )
    )
    order by m.place
"""
MEMBERS = """
    select m.family_id, m.issue_id, x.summary, x.description, r.numbers, r.is_closed, p.value
    from core.family_members m
    join core.tag_texts x using (issue_id)
    left join core.readings r using (issue_id)
    left join core.tags p on p.issue_id = m.issue_id and p.kind = 'provider'
    where m.family_id in (select unnest(?))
    qualify row_number() over (partition by m.family_id order by m.place) <= {most}
    order by m.family_id, m.place
"""
TELLING = 4.0  # rarity (idf) from which a word says something of a failure
MOST_SIGNS = 8


@dataclass(frozen=True)
class Placed:
    """How many tickets were placed or looked at again, and how many events that made."""

    n_tickets: int
    n_events: int


def place(warehouse: Warehouse, likeness: Likeness, run_id: str, now: datetime) -> Placed:
    """Place what escalated, and look again at what was closed, since the last time; all or nothing."""
    with warehouse.transaction():
        warehouse.build("place", full=False)
        methods = "select count(*) from core.family_members where method is distinct from ? and not is_settled"
        anew = bool(warehouse.value(methods, [likeness.version]))
        warehouse.execute(DUE.format(anew=anew))
        due = warehouse.rows("select happened_at, turn, issue_id from due order by all")
        unread = _read_unread(warehouse, likeness)
        if not due and not unread:
            return Placed(0, 0)
        first = _tickets(warehouse, likeness, "select issue_id from due where turn = 0", is_closed=False)
        later = _tickets(warehouse, likeness, "select issue_id from due where turn = 1", is_closed=True)
        _store(warehouse, likeness, unread)
        families = _known_near(warehouse, likeness, [*first.values(), *later.values(), *unread.values()], anew=anew)
        told = [
            (happened_at, event)
            for happened_at, turn, issue_id in due
            for event in _take(families, (later if turn else first)[issue_id], turn)
        ]
        if anew:
            told = [
                (now, event)
                for event in _changes(warehouse, families, sorted(one for one in first if not first[one].is_settled))
            ]
        common = {"run_id": run_id, "recorded_at": now, "method": likeness.version}
        events = ({**common, "effective_at": at, **vars(event)} for at, event in told)
        warehouse.append_events("state.family_events", events)
        warehouse.build("place", full=False)
        _store(warehouse, likeness, first | later)
        _store_alike(warehouse, families, unread | first | later)
        _store_profiles(warehouse, likeness, [event for _, event in told], unread | first | later)
    return Placed(len(first | later), len(told))


def _take(families: Families, ticket: Ticket, turn: int) -> Iterable[FamilyEvent]:
    if turn or ticket.is_settled:
        return families.read_again(ticket)
    return families.place(ticket)


def _changes(warehouse: Warehouse, families: Families, issue_ids: Sequence[int]) -> Iterable[FamilyEvent]:
    """What another version changes: where each ticket belongs now, told even where it stays."""
    before = dict(warehouse.rows("select issue_id, family_id from core.family_members"))
    for issue_id in issue_ids:
        family = families.family_of(issue_id)
        if issue_id in before and before[issue_id] == family:
            yield FamilyEvent("joined" if family != issue_id else "founded", family or issue_id, issue_id)
        elif family == issue_id:
            yield FamilyEvent("split" if before.get(issue_id) else "founded", issue_id, issue_id, before.get(issue_id))
        elif family is not None:
            yield FamilyEvent("joined", family, issue_id, before.get(issue_id))


# -- readings ----------------------------------------------------------------------------------------------


def _tickets(warehouse: Warehouse, likeness: Likeness, wanted: str, *, is_closed: bool) -> Tickets:
    """Issue id → ticket, with or without the words with which it was closed."""
    found: Tickets = {}
    rows = warehouse.rows(WORDS.format(wanted=wanted, is_closed=is_closed))
    for part in (rows[start : start + BATCH] for start in range(0, len(rows), BATCH)):
        readings = likeness.read([Words(*row[1:4]) for row in part])
        for number, (issue_id, _, _, _, provider, dealer_id, is_settled) in enumerate(part):
            found[issue_id] = Ticket(issue_id, readings.take([number]), provider, dealer_id, is_settled)
    return found


def _read_unread(warehouse: Warehouse, likeness: Likeness) -> Tickets:
    """Tickets that were placed and whose reading by this version is missing, as they were last looked at."""
    found: Tickets = {}
    for is_closed in (False, True):
        wanted = UNREAD.format(version=likeness.version, is_closed=is_closed)
        found |= _tickets(warehouse, likeness, wanted, is_closed=is_closed)
    return found


def _store(warehouse: Warehouse, likeness: Likeness, tickets: Tickets) -> None:
    """Keep the readings of tickets that tell something."""
    warehouse.execute("delete from core.readings where issue_id in (select unnest(?))", [list(tickets)])
    rows = (
        {"issue_id": issue_id, "version": likeness.version, "is_closed": bool(ticket.reading.is_closed[0])}
        | {"kinds": likeness.likely_kinds(ticket.reading, N_KINDS).tolist(), "numbers": ticket.reading.packed()[0]}
        for issue_id, ticket in tickets.items()
        if ticket.reading.is_told[0]
    )
    warehouse.insert("core.readings", rows)


def _store_alike(warehouse: Warehouse, families: Families, tickets: Tickets) -> None:
    """Keep which tickets of one dealer are alike, both ways round."""
    ids = [list(tickets)]
    where = "issue_id in (select unnest(?)) or other_id in (select unnest(?))"
    warehouse.execute(f"delete from core.alike where {where}", ids * 2)
    pairs = {
        frozenset((issue_id, other)): odds
        for issue_id, ticket in tickets.items()
        for other, odds in families.alike(ticket, ALIKE)
    }
    rows = ((one, other, odds) for pair, odds in pairs.items() for one, other in (sorted(pair), sorted(pair)[::-1]))
    warehouse.insert("core.alike", ({"issue_id": a, "other_id": b, "log_odds": odds} for a, b, odds in rows))


def _known_near(warehouse: Warehouse, likeness: Likeness, tickets: Sequence[Ticket], *, anew: bool) -> Families:
    """Families some member of which shares a likely kind with one of the tickets, with all their members."""
    query = """
        select other_family_id, family_id from state.family_events
        where event = 'split' and person_id is not null and family_id is not null and other_family_id is not null
    """
    families = Families(likeness, {frozenset(pair) for pair in warehouse.rows(query)})
    told = [ticket.reading for ticket in tickets if ticket.reading.is_told[0]]
    kinds = sorted({kind for reading in told for kind in likeness.likely_kinds(reading, N_KINDS).tolist()})
    known = warehouse.rows(KNOWN.format(anew=anew), [kinds])
    if known:
        ids, of, numbers, is_closed, providers, dealers, settled = zip(*known, strict=True)
        readings = likeness.unpacked(numbers, is_closed)
        rows = enumerate(zip(ids, providers, dealers, settled, strict=True))
        families.known([Ticket(one, readings.take([n]), *rest) for n, (one, *rest) in rows], of)
    return families


def _store_profiles(warehouse: Warehouse, likeness: Likeness, events: Sequence[FamilyEvent], tickets: Tickets) -> None:
    """What the tickets of each family that changed have in common."""
    touched = {family for event in events for family in (event.family_id, event.other_family_id) if family is not None}
    moved = "select family_id from core.family_members where issue_id in (select unnest(?)) and family_id is not null"
    touched |= {family for (family,) in warehouse.rows(moved, [list(tickets)])}
    warehouse.execute("delete from core.family_profiles where family_id in (select unnest(?))", [sorted(touched)])
    members: dict[int, list[tuple[Any, ...]]] = {}
    for family, *row in warehouse.rows(MEMBERS.format(most=MOST_MEMBERS), [sorted(touched)]):
        members.setdefault(family, []).append(tuple(row))
    rows = ({"family_id": family, **profile(likeness, rows)} for family, rows in members.items())
    warehouse.insert("core.family_profiles", rows)


def profile(likeness: Likeness, rows: Sequence[tuple[Any, ...]]) -> Row:
    """Typical ticket, signature and kind of a family.

    Rows hold issue id, summary, description, reading, whether it is closed, and provider, as `MEMBERS` gives them.
    """
    ids, summaries, descriptions, numbers, is_closed, providers = zip(*rows, strict=True)
    texts = [f"{summary or ''}\n{text or ''}" for summary, text in zip(summaries, descriptions, strict=True)]
    signs = shared_signs(texts)
    words = [frozenset(WORD.findall(without_ids(shortened(text)).lower())) for text in texts]
    shown = [*signs, *shared_words(words, likeness.rarity, TELLING)][:MOST_SIGNS]
    told = [number for number, one in enumerate(numbers) if one is not None]
    typical, kind = ids[0], None
    if told:
        readings = likeness.unpacked([numbers[n] for n in told], [is_closed[n] for n in told])
        of = [providers[n] for n in told]
        odds = [likeness.log_odds(readings.take([n]), readings, of[n], of).sum() for n in range(len(told))]
        typical = ids[told[max(range(len(told)), key=lambda n: (odds[n], -n))]]
        kind = kind_texts().get(likeness.kind_of(readings) or "")
    return {"typical_id": typical, "signature": ", ".join(shown), "kind": kind}
