"""The readings of tickets that were placed (`core.readings`): made of their words as they are now.

They are derived: what is missing, or was made of other words or by another version, is made again.
"""

from collections.abc import Mapping

from analysis.family_index import N_KINDS, Ticket
from analysis.likeness import Likeness, Words
from analysis.warehouse import Warehouse

Tickets = dict[int, Ticket]
BATCH = 2000

# What was closed as a duplicate, or cancelled, was closed in words about something else.
CLOSING = "case when f.excluded_as is null then r.words end"
# The words as they are now; closing ones only where it is closed.
WORDS = f"""
    select x.issue_id, x.summary, x.description, case when {{is_closed}} then {CLOSING} end, p.value, f.dealer_id,
        coalesce(m.is_settled, false)
    from core.tag_texts x
    join core.ticket_facts f using (issue_id)
    left join core.resolution_texts r using (issue_id)
    left join core.tags p on p.issue_id = x.issue_id and p.kind = 'provider'
    left join core.family_members m on m.issue_id = x.issue_id
    where x.issue_id in ({{wanted}})
    order by x.issue_id
"""
# What a reading is made of, and what it was made of.
NOW = f"""
    create or replace temp table placed_now as
    select x.issue_id, hash(?::varchar, x.summary, x.description, {CLOSING}) as made_of, p.value as provider,
        f.dealer_id
    from core.family_members m
    join core.escalations e on e.issue_id = m.issue_id and e.escalation_no = 1
    join core.tag_texts x on x.issue_id = m.issue_id
    join core.ticket_facts f on f.issue_id = m.issue_id
    left join core.resolution_texts r on r.issue_id = m.issue_id
    left join core.tags p on p.issue_id = m.issue_id and p.kind = 'provider'
"""
STALE = """
    select n.issue_id from placed_now n
    left join core.readings r using (issue_id)
    anti join due d on d.issue_id = n.issue_id
    where r.made_of is distinct from n.made_of
"""
# Due tickets are read anew anyway, but until their turn comes they are what they were.
LOST = """
    select issue_id from due where issue_id in (select issue_id from core.family_members)
    except select issue_id from core.readings where version = '{version}'
"""
MOVED = """
    select r.issue_id from core.readings r
    left join placed_now n using (issue_id)
    where n.issue_id is null or r.provider is distinct from n.provider or r.dealer_id is distinct from n.dealer_id
"""
MADE_OF = """
    update core.readings set made_of = n.made_of from placed_now n
    where readings.issue_id = n.issue_id and n.issue_id in (select unnest(?))
"""
TAKE_OVER = """
    update core.readings set provider = n.provider, dealer_id = n.dealer_id from placed_now n
    where readings.issue_id = n.issue_id and n.issue_id in (select unnest(?))
"""


def read(warehouse: Warehouse, likeness: Likeness, wanted: str, *, is_closed: bool) -> Tickets:
    """Issue id → ticket, with or without the words with which it was closed. `wanted` is a query of issue ids."""
    found: Tickets = {}
    rows = warehouse.rows(WORDS.format(wanted=wanted, is_closed=is_closed))
    for part in (rows[start : start + BATCH] for start in range(0, len(rows), BATCH)):
        readings = likeness.read([Words(*row[1:4]) for row in part])
        for number, (issue_id, _, _, _, provider, dealer_id, is_settled) in enumerate(part):
            found[issue_id] = Ticket(issue_id, readings.take([number]), provider, dealer_id, is_settled)
    return found


def list_placed(warehouse: Warehouse, likeness: Likeness) -> None:
    """List the tickets that were placed and whose words are known, and what their readings would be made of now."""
    warehouse.execute(NOW, [f"{likeness.version} {N_KINDS}"])


def read_stale(warehouse: Warehouse, likeness: Likeness) -> Tickets:
    """Read what was placed, is not due, and is missing or was made of other words; and what is due and missing."""
    stale = read(warehouse, likeness, STALE, is_closed=True)
    return stale | read(warehouse, likeness, LOST.format(version=likeness.version), is_closed=False)


def kinds_of(likeness: Likeness, ticket: Ticket) -> list[int]:
    """The kinds by which a ticket is found; none where its words tell nothing."""
    return likeness.likely_kinds(ticket.reading, N_KINDS).tolist() if ticket.reading.is_told[0] else []


def store(warehouse: Warehouse, likeness: Likeness, tickets: Mapping[int, Ticket]) -> None:
    """Keep the readings of tickets that were listed, also of such as tell nothing."""
    rows = (
        {"issue_id": ticket.issue_id, "version": likeness.version, "is_closed": bool(ticket.reading.is_closed[0])}
        | {"kinds": kinds_of(likeness, ticket), "numbers": ticket.reading.packed()[0]}
        | {"provider": ticket.provider, "dealer_id": ticket.dealer_id}
        for ticket in tickets.values()
    )
    ids = [list(tickets)]
    warehouse.execute("delete from core.readings where issue_id in (select unnest(?))", ids)
    warehouse.insert("core.readings", rows)
    warehouse.execute(MADE_OF, ids)


def follow(warehouse: Warehouse) -> set[int]:
    """Take over other providers and dealers, and forget what is no ticket any more; gives which tickets those were."""
    moved = {issue_id for (issue_id,) in warehouse.rows(MOVED)}
    if moved:
        warehouse.execute("delete from core.readings where issue_id not in (select issue_id from placed_now)")
        warehouse.execute(TAKE_OVER, [sorted(moved)])
    return moved
