"""The earlier tickets nearest to a ticket or a text: how each was resolved, by which tier, and why it is near."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import tanh
from typing import Any

from analysis.errors import InputError
from analysis.family_index import N_KINDS
from analysis.features import EMBEDDING_WIDTH
from analysis.likeness import Likeness, Words
from analysis.likeness_files import read_likeness
from analysis.masking import mask
from analysis.patterns import shortened
from analysis.review import issue_ids
from analysis.signature import signs_of
from analysis.similar import LIKELY, Background, Entry, Near, Similar, background
from analysis.text import clean, printable
from analysis.warehouse import Warehouse
from pipelines.desk_lock import warehouse_to_read
from pipelines.settings import Settings

STARTER_COUNTS = 100  # texts; as many as the starter set counts for when a desk's own are few
MOST_SIGNS, MOST_WORDS = 4, 6
LOOKED_AT = 5  # near tickets, of which some are later
LONGEST = {"summary": 200, "closing": 300, "title": 120}
Row = dict[str, Any]

ASKED = """
    select t.issue_id, t.ticket_key, t.created_at, x.summary, x.description, t.provider, t.dealer_id,
        case when t.resolved_at is not null then r.words end as closing, e.family_id
    from mart.tickets t
    join core.tag_texts x using (issue_id)
    left join core.resolution_texts r using (issue_id)
    left join mart.escalations e on e.issue_id = t.issue_id
    where t.issue_id = ?
    order by e.escalation_no desc nulls last
    limit 1
"""
EARLIER = """
    select x.issue_id, t.created_at, x.summary, x.description
    from core.tag_texts x
    join mart.tickets t using (issue_id)
    where t.presence not in ('deleted', 'out_of_scope')
        and coalesce((t.created_at, t.issue_id) < (cast(? as timestamp), cast(? as bigint)), true)
"""
RESOLVED = """
    select x.issue_id, t.created_at, x.summary, x.description
    from core.tag_texts x
    join mart.tickets t using (issue_id)
    where t.presence not in ('deleted', 'out_of_scope') and t.resolved_at is not null
"""
# Readings of tickets that share a likely kind of failure; the others are hardly the same.
READINGS = """
    select r.issue_id, r.numbers, r.is_closed, p.value
    from core.readings r
    left join core.tags p on p.issue_id = r.issue_id and p.kind = 'provider'
    where r.version = ? and list_has_any(r.kinds, ?) and r.issue_id is distinct from ?
    order by r.issue_id
"""
FOUND = """
    with last as (
        select issue_id, family_id, resolution_tier, outcome
        from mart.escalations
        qualify row_number() over (partition by issue_id order by escalation_no desc) = 1
    )
    select t.issue_id, t.ticket_key, t.created_at, t.resolved_at,
        cast(timezone(k.reporting_zone, timezone('UTC', t.created_at)) as date) as created_date,
        cast(timezone(k.reporting_zone, timezone('UTC', t.resolved_at)) as date) as resolved_date,
        x.summary, x.description, t.provider, t.failure_category, t.root_cause, t.dealer_id, t.tier, t.status,
        t.resolution, case when t.resolved_at is not null then r.words end as closing,
        case when t.resolved_at is not null then coalesce(e.resolution_tier, t.tier) end as resolution_tier,
        e.outcome, e.family_id, f.title as family_title, f.state as family_state,
        f.n_escalations as n_family_escalations, coalesce(o.ticket_key, cast(e.family_id as varchar)) as family_key
    from mart.tickets t
    join core.tag_texts x using (issue_id)
    cross join core.clock k
    left join core.resolution_texts r using (issue_id)
    left join last e using (issue_id)
    left join mart.families f on f.family_id = e.family_id
    left join core.tickets o on o.issue_id = e.family_id
    where t.issue_id in (select unnest(?::bigint[]))
"""


@dataclass(frozen=True)
class Asked:
    """What is asked for: a ticket, or a text of which nothing else is known."""

    summary: str | None
    description: str | None
    issue_id: int | None = None
    ticket_key: str | None = None
    created_at: datetime | None = None
    provider: str | None = None
    dealer_id: str | None = None
    closing: str | None = None
    family_id: int | None = None


@dataclass(frozen=True)
class Answer:
    """The nearest earlier tickets, as rows of `FOUND` without the descriptions, with `score`, `alike` and why.

    `why` holds the signs and telling words that both show, what is the same of `provider`, `dealer` and `family`, and
    the `chance` that the same thing failed, where the likeness says so.
    """

    ticket_key: str | None
    summary: str
    n_earlier: int
    near: list[Row] = field(default_factory=list)


def similar_to_ticket(settings: Settings, key: str, n: int) -> Answer:
    """The nearest tickets that were made before this one. Raises `InputError` where there is no such ticket."""
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        return similar_in(warehouse, key, n)


def similar_in(warehouse: Warehouse, key: str, n: int) -> Answer:
    """The same in a warehouse that is open."""
    _require_report(warehouse)
    issue_id = issue_ids(warehouse, [key.strip().upper()]).get(key.strip().upper())
    rows = _rows(warehouse, ASKED, [issue_id]) if issue_id is not None else []
    if not rows:
        what = "no such ticket" if issue_id is None else "an issue, but no ticket of the desk,"
        raise InputError(
            f"{printable(key)[:40]}: {what} in {warehouse.path}; give a key such as SUP-12, or - and a text on "
            "standard input"
        )
    return _answer(warehouse, read_likeness(), Asked(**rows[0]), n)


def similar_to_text(settings: Settings, text: bytes, n: int) -> Answer:
    """The nearest tickets to a text whose first line is the summary."""
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        _require_report(warehouse)
        told = mask(shortened(clean(text.decode("utf-8", "replace")))).strip()  # tickets are masked as well
        summary, _, description = told.partition("\n")
        return _answer(warehouse, read_likeness(), Asked(summary, description), n)


def _require_report(warehouse: Warehouse) -> None:
    if not warehouse.has("mart.families"):
        raise InputError(f"{warehouse.path}: nothing was reported yet; run `escalations report` first")


def _answer(warehouse: Warehouse, likeness: Likeness, asked: Asked, n: int) -> Answer:
    found = warehouse.rows(EARLIER, [asked.created_at, asked.issue_id])
    index = Similar((Entry(*row) for row in found), starter_background(likeness))
    chances = _chances(warehouse, likeness, asked)
    family = dict.fromkeys(_family(warehouse, asked), LIKELY)  # by the likeness of all its members, or by a person
    nearer = family | {one: max(chance, family.get(one, 0.0)) for one, chance in chances.items()}
    near = index.nearest(asked.summary, asked.description, n, chances=nearer)
    rows = {row["issue_id"]: row for row in _rows(warehouse, FOUND, [[one.id for one in near]])}
    told = [_told(asked, one, rows[one.id], index, chances.get(one.id, 0.0)) for one in near]
    return Answer(asked.ticket_key, asked.summary or "", len(index), told)


def nearest_resolved(warehouse: Warehouse, ids: Sequence[int]) -> dict[int, Row]:
    """Issue id → ticket_key and resolution_tier of the nearest earlier ticket that is resolved, where one is near."""
    likeness = read_likeness()
    asked = [Asked(**row) for one in ids for row in _rows(warehouse, ASKED, [one])]
    if not asked:
        return {}
    index = Similar((Entry(*row) for row in warehouse.rows(RESOLVED)), starter_background(likeness))
    near = {}
    for one in asked:
        found = index.nearest(one.summary, one.description, LOOKED_AT, chances=_chances(warehouse, likeness, one))
        rows = {row["issue_id"]: row for row in _rows(warehouse, FOUND, [[entry.id for entry in found]])}
        earlier = [rows[entry.id] for entry in found if rows[entry.id]["created_at"] < one.created_at]
        if earlier and one.issue_id is not None:
            near[one.issue_id] = {name: earlier[0][name] for name in ("ticket_key", "resolution_tier")}
    return near


def starter_background(likeness: Likeness) -> Background:
    """What tickets of the field are like, for desks that have few: as the likeness learned it from the starter set."""
    meaning = likeness.centre[-EMBEDDING_WIDTH:] / likeness.meaning_weight
    return background(likeness.rarity, meaning, STARTER_COUNTS)


def _chances(warehouse: Warehouse, likeness: Likeness, asked: Asked) -> dict[int, float]:
    """Issue id → chance that the same thing failed, by the likeness, of tickets that share a likely kind."""
    reading = likeness.read([Words(asked.summary, asked.description, asked.closing)])
    if not reading.is_told[0]:
        return {}
    kinds = likeness.likely_kinds(reading, N_KINDS).tolist()
    rows = warehouse.rows(READINGS, [likeness.version, kinds, asked.issue_id])
    if not rows:
        return {}
    ids, numbers, is_closed, providers = zip(*rows, strict=True)
    odds = likeness.log_odds(reading, likeness.unpacked(numbers, is_closed), asked.provider, providers)
    return {issue_id: (1 + tanh(float(one) / 2)) / 2 for issue_id, one in zip(ids, odds, strict=True)}


def _family(warehouse: Warehouse, asked: Asked) -> list[int]:
    query = "select issue_id from core.family_members where family_id = ? and issue_id <> ? order by issue_id"
    return [issue_id for (issue_id,) in warehouse.rows(query, [asked.family_id, asked.issue_id])]


def _told(asked: Asked, near: Near, row: Row, index: Similar, chance: float) -> Row:
    one, other = _whole(asked.summary, asked.description), _whole(row["summary"], row["description"])
    both = frozenset(signs_of(other))
    signs = [sign for sign in signs_of(one) if sign in both][:MOST_SIGNS]
    in_signs = " ".join(signs).lower()
    words = [word for word in index.shared_words(one, other, 2 * MOST_WORDS) if word.lower() not in in_signs]
    told = {name: value for name, value in row.items() if name != "description"}
    same = [name for name in ("provider", "dealer", "family") if _is_same(asked, row, name)]
    sure = round(chance, 3) if chance >= LIKELY else None
    why = {"chance": sure, "signs": signs, "words": words[:MOST_WORDS], "same": same}
    return {**told, "score": round(near.score, 3), "alike": round(near.alike, 3), "why": why}


def _whole(summary: str | None, description: str | None) -> str:
    return f"{summary or ''}\n{description or ''}"


def _is_same(asked: Asked, row: Row, what: str) -> bool:
    name = what if what == "provider" else f"{what}_id"
    mine = getattr(asked, name)
    return mine is not None and mine != "none" and mine == row[name]


def _rows(warehouse: Warehouse, query: str, parameters: Sequence[Any]) -> list[Row]:
    found = warehouse.connection.execute(query, list(parameters))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


# -- lines -------------------------------------------------------------------------------------------------


def similar_lines(answer: Answer) -> Iterator[str]:
    """The answer as a person reads it, the nearest first."""
    what = "the text" if answer.ticket_key is None else printable(answer.ticket_key)
    if not answer.near:
        yield f"nothing is near {what} among {answer.n_earlier:,} earlier tickets"
        return
    yield f"nearest to {what} among {answer.n_earlier:,} earlier tickets: {_shown(answer.summary, 'summary')}"
    for row in answer.near:
        yield ""
        yield f"{printable(row['ticket_key'])} ({max(row['score'], 0):.2f}) {_shown(row['summary'], 'summary')}"
        yield f"    made {row['created_date']:%Y-%m-%d}, {_resolved(row)}"
        if row["closing"]:
            yield f"    closed with: {_shown(row['closing'], 'closing')}"
        if row["family_title"] and (row["n_family_escalations"] or 0) > 1:
            told = f"{row['family_state']}, {row['n_family_escalations']} escalations"
            yield f"    family {printable(row['family_key'])} ({told}): {_shown(row['family_title'], 'title')}"
        yield f"    near because: {'; '.join(_why(row, row['why']))}"


def _resolved(row: Row) -> str:
    """`resolved 2026-03-05 by Tier 2 as Done, which ended in fix`."""
    if row["resolved_at"] is None:
        return "still open" + (f" at Tier {row['tier']}" if row["tier"] is not None else "")
    by = f" by Tier {row['resolution_tier']}" if row["resolution_tier"] is not None else ""
    resolution = f" as {printable(row['resolution'])[:60]}" if row["resolution"] else ""
    outcome = f", which ended in {row['outcome'].replace('_', ' ')}" if row["outcome"] else ""
    return f"resolved {row['resolved_date']:%Y-%m-%d}{by}{resolution}{outcome}"


def _why(row: Row, why: Mapping[str, Any]) -> Iterator[str]:
    if why["chance"] is not None:
        yield f"likely the same failure ({100 * why['chance']:.0f} %)"
    if why["signs"]:
        yield f"both show {', '.join(map(printable, why['signs']))}"
    if why["words"]:
        yield f"both say {', '.join(map(printable, why['words']))}"
    for name in why["same"]:
        value = row["family_key"] if name == "family" else row[{"provider": "provider", "dealer": "dealer_id"}[name]]
        yield f"same {name} {printable(value)}"
    if not any(why.values()):
        yield "their words mean about the same"


def _shown(text: str | None, name: str) -> str:
    return printable(text)[: LONGEST[name]]
