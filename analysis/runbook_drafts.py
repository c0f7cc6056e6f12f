"""What the warehouse knows of a family, as far as it helps a person to write its runbook."""

import re
from collections.abc import Sequence
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

from analysis.desk_names import desk_names
from analysis.errors import InputError
from analysis.family_index import MOST_MEMBERS
from analysis.likeness import Likeness
from analysis.likeness_files import read_likeness
from analysis.names import Names
from analysis.pattern_book import UNTAGGED, counted, local_day, nameless, signature_of
from analysis.proposals import Proposal, proposals, texts_of
from analysis.taxonomy import Criteria
from analysis.text import printable
from analysis.warehouse import Warehouse

Row = dict[str, Any]
MOST_EXAMPLES = 3
MOST_CLOSINGS = 30
MOST_NEAR = 3
MOST_TRIED = 5000  # tickets, of the family and of others, on which a signature is tried: the newest
EXAMPLE = 900  # characters
# The family of a ticket, by a key that it has or had; an id is that of a family, also of one that ended in another.
OF_TICKET = """
    select k.issue_id, m.issue_id is not null, m.family_id
    from core.ticket_keys k
    left join core.family_members m using (issue_id)
    where k.ticket_key = ?
    order by k.is_current desc
    limit 1
"""
OF_ID = """
    with recursive ended as (
        select cast(? as bigint) as family_id, 0 as event_id
        union all
        select e.family_id, e.event_id
        from ended d
        join state.family_events e on e.event = 'merged' and e.other_family_id = d.family_id and e.event_id > d.event_id
    )
    select d.family_id from ended d semi join mart.families f using (family_id) order by d.event_id limit 1
"""
FAMILY = """
    select f.family_id, coalesce(t.ticket_key, cast(f.family_id as varchar)) as founder, f.title, f.provider,
        f.failure_category, f.signature, f.first_seen_at, f.last_seen_at, f.state, f.n_escalations, f.n_dealers
    from mart.families f
    left join core.tickets t on t.issue_id = f.family_id
    where f.family_id = ?
"""
NAMES = (
    *("family_id", "founder", "title", "provider", "failure_category", "signature", "first_seen_at", "last_seen_at"),
    *("state", "n_escalations", "n_dealers"),
)
# Each ticket of the family once, as its latest escalation ended; the latest first.
TICKETS = """
    select t.ticket_key, x.summary, x.description, s.escalated_at, s.resolved_at, e.resolution_tier, o.outcome, r.words,
        s.touched_tier3, x.issue_id = p.typical_id
    from (select family_id, issue_id, max(escalation_no) as escalation_no from mart.family_escalations
        where family_id = ? group by all) m
    join core.tickets t using (issue_id)
    join core.tag_texts x using (issue_id)
    join mart.tagged_escalations s using (issue_id, escalation_no)
    join core.escalations e using (issue_id, escalation_no)
    left join core.outcomes o using (issue_id, escalation_no)
    left join core.resolution_texts r on r.issue_id = m.issue_id and s.resolved_at is not null
    left join core.family_profiles p using (family_id)
    order by coalesce(s.resolved_at, s.escalated_at) desc, t.ticket_key
"""
TICKET_NAMES = (
    *("ticket_key", "summary", "description", "escalated_at", "resolved_at", "tier", "outcome", "words"),
    *("touched_tier3", "is_typical"),
)
# What a runbook for this provider and category would be tried on, too.
OTHERS = f"""
    select t.ticket_key, x.summary, x.description
    from mart.tagged_escalations e
    join core.tag_texts x using (issue_id)
    join core.tickets t using (issue_id)
    left join core.family_members m using (issue_id)
    where e.escalation_no = 1 and m.family_id is distinct from ? and coalesce(e.provider = ?, true)
        and coalesce(e.failure_category in (?, '{UNTAGGED}'), true)
    order by e.escalated_at desc, t.ticket_key
    limit {MOST_TRIED}
"""
CAUSES = """
    select e.family_id, coalesce(g.value, 'untagged') as value, count(distinct e.issue_id) as n
    from mart.family_escalations e
    join core.ticket_facts f on f.issue_id = e.issue_id and f.resolved_at is not null
    left join core.tags g on g.issue_id = e.issue_id and g.kind = 'root_cause'
    where e.family_id = ?
    group by all
    order by n desc, value
"""
BLOCKED = """
    select s.value, count(distinct e.issue_id) as n
    from mart.family_escalations e
    join core.field_stays s on s.issue_id = e.issue_id and s.role = 'ops_blocked_by' and s.value is not null
    where e.family_id = ?
    group by s.value
    order by n desc, s.value
"""
WAITED = """
    select w.waiting_on, count(distinct e.issue_id) as n
    from mart.family_escalations e
    join core.waits w on w.issue_id = e.issue_id
    where e.family_id = ?
    group by w.waiting_on
    order by n desc, w.waiting_on
"""
REMEDIES = "select kind, ref, effective_at, ended_at from mart.remedies where family_id = ? order by kind, ref"
TYPICAL = """
    select r.numbers, r.is_closed, p.value
    from core.family_profiles f
    join core.readings r on r.issue_id = f.typical_id and r.version = ?
    left join core.tags p on p.issue_id = r.issue_id and p.kind = 'provider'
    where f.family_id = ?
"""
NEAR = f"""
    select m.family_id, r.numbers, r.is_closed, p.value
    from core.family_profiles f
    join core.readings t on t.issue_id = f.typical_id
    join core.readings r on list_has_any(r.kinds, t.kinds) and r.version = t.version
    join core.family_members m on m.issue_id = r.issue_id and m.family_id <> f.family_id
    semi join mart.families x on x.family_id = m.family_id
    left join core.tags p on p.issue_id = r.issue_id and p.kind = 'provider'
    where f.family_id = ?
    qualify row_number() over (partition by m.family_id order by m.place) <= {MOST_MEMBERS}
    order by m.family_id, m.place
"""


def family_of(warehouse: Warehouse, wanted: str) -> int:
    """The family that a ticket's key or a family's id means.

    Raises `InputError` where there is none.
    """
    told = printable(wanted)[:60]
    if re.fullmatch(r"\d{1,18}", wanted.strip()):
        family_id = warehouse.value(OF_ID, [int(wanted)])
        if family_id is None:
            raise InputError(f"{told}: no such family; `escalations families` lists them")
        return int(family_id)
    found = warehouse.rows(OF_TICKET, [wanted.strip().upper()])
    if not found:
        raise InputError(f"{told}: no such ticket or family in the warehouse; write a key, such as SUP-12")
    ((_, was_placed, family_id),) = found
    if not was_placed:
        raise InputError(f"{told}: was never placed in a family: it did not escalate, or cannot repeat")
    if family_id is None:
        raise InputError(f"{told}: was set alone, it has no family; name a ticket of the one that is meant")
    if not warehouse.value("select count(*) from mart.families where family_id = ?", [family_id]):
        raise InputError(f"{told}: its family holds no failure that is reported; run `escalations report` first")
    return int(family_id)


def draft(warehouse: Warehouse, criteria: Criteria, wanted: str) -> Row:
    """Everything that the draft of a runbook shows. Raises `InputError` where no family is meant."""
    family_id = family_of(warehouse, wanted)
    ((zone_name,),) = warehouse.rows("select reporting_zone from core.clock")
    zone, names, likeness = ZoneInfo(zone_name), desk_names(warehouse, criteria), read_likeness()
    (family,) = _dicts(NAMES, warehouse.rows(FAMILY, [family_id]))
    tickets = _dicts(TICKET_NAMES, warehouse.rows(TICKETS, [family_id]))
    provider, category = (_known(family[name]) for name in ("provider", "failure_category"))
    closings = [_closing(one, names, zone) for one in tickets if one["resolved_at"] is not None and one["words"]]
    found = _proposals(warehouse, likeness, names, tickets, (family_id, provider, category))
    in_order = sorted(tickets, key=lambda one: (one["escalated_at"], one["ticket_key"]))
    return {
        "id": f"RB-DRAFT-{re.sub(r'[^A-Za-z0-9_.-]+', '-', family['founder'])}",
        "founder": family["founder"],
        "title": printable(nameless(family["title"], names)),
        "provider": provider,
        "category": category,
        "meaning": next((one.text for one in criteria.categories if one.id == category), None),
        "because_of": [one["ticket_key"] for one in in_order],
        "proposals": found,
        "signature": [one.words for one in found if one.is_signature],
        "applies_when": [one.words for one in found if not one.is_signature],
        "in_common": signature_of(family["signature"], names),
        "n_tickets": len(tickets),
        "n_escalations": family["n_escalations"],
        "n_dealers": family["n_dealers"],
        "state": family["state"],
        "first_seen_on": local_day(family["first_seen_at"], zone),
        "last_seen_on": local_day(family["last_seen_at"], zone),
        "examples": [_example(one, names, zone) for one in _examples(tickets)],
        "near": _near(warehouse, likeness, names, family_id),
        "closings": closings[:MOST_CLOSINGS],
        "n_closings_left_out": max(0, len(closings) - MOST_CLOSINGS),
        "root_causes": counted(warehouse.rows(CAUSES, [family_id])).get(family_id, []),
        "blocked": [(printable(value), n) for value, n in warehouse.rows(BLOCKED, [family_id])],
        "waited": warehouse.rows(WAITED, [family_id]),
        "remedies": _dicts(("kind", "ref", "effective_at", "ended_at"), warehouse.rows(REMEDIES, [family_id])),
        "tier3": [one["ticket_key"] for one in in_order if one["touched_tier3"]],
        "open": [one["ticket_key"] for one in in_order if one["resolved_at"] is None],
        "unexplained": [one["ticket_key"] for one in in_order if one["resolved_at"] is not None and not one["words"]],
    }


def _known(tag: str) -> str | None:
    return None if tag == UNTAGGED else tag


def _closing(ticket: Row, names: Names, zone: ZoneInfo) -> Row:
    return {
        "ticket_key": ticket["ticket_key"],
        "on": local_day(ticket["resolved_at"], zone),
        "tier": ticket["tier"],
        "outcome": ticket["outcome"],
        "words": nameless(ticket["words"], names),
    }


def _examples(tickets: Sequence[Row]) -> list[Row]:
    """The most typical ticket, then the newest ones that say something."""
    typical = [one for one in tickets if one["is_typical"]]
    telling = [one for one in tickets if not one["is_typical"] and (one["description"] or "").strip()]
    return [*typical, *telling][:MOST_EXAMPLES]


def _example(ticket: Row, names: Names, zone: ZoneInfo) -> Row:
    text = f"{ticket['summary'] or ''}\n{(ticket['description'] or '')[:EXAMPLE]}"
    shown = {"ticket_key": ticket["ticket_key"], "on": local_day(ticket["escalated_at"], zone)}
    return shown | {"words": nameless(text, names, len(text))}


def _proposals(
    warehouse: Warehouse,
    likeness: Likeness,
    names: Names,
    tickets: Sequence[Row],
    meant: tuple[int, str | None, str | None],
) -> tuple[Proposal, ...]:
    ours = [(one["ticket_key"], one["summary"], one["description"]) for one in tickets[:MOST_TRIED]]
    others = warehouse.rows(OTHERS, meant)
    return proposals(texts_of(ours), texts_of(others), likeness.rarity, names)


def _near(warehouse: Warehouse, likeness: Likeness, names: Names, family_id: int) -> list[Row]:
    """The families whose tickets are most like the typical one of this."""
    typical = warehouse.rows(TYPICAL, [likeness.version, family_id])
    rows = warehouse.rows(NEAR, [family_id])
    if not typical or not rows:
        return []
    ((numbers, is_closed, provider),) = typical
    one = likeness.unpacked([numbers], [is_closed])
    families, packed, closed, providers = zip(*rows, strict=True)
    found: dict[int, list[float]] = {}
    odds = likeness.log_odds(one, likeness.unpacked(packed, closed), provider, providers).tolist()
    for other, value in zip(families, odds, strict=True):
        found.setdefault(other, []).append(value)
    nearest = sorted(found, key=lambda other: (-mean(found[other]), other))[:MOST_NEAR]
    rows_of = (_dicts(NAMES, warehouse.rows(FAMILY, [other]))[0] for other in nearest)
    return [
        {
            "founder": other["founder"],
            "title": printable(nameless(other["title"], names)),
            "provider": _known(other["provider"]),
            "in_common": signature_of(other["signature"], names),
            "n_escalations": other["n_escalations"],
        }
        for other in rows_of
    ]


def _dicts(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Row]:
    return [dict(zip(names, row, strict=True)) for row in rows]
