"""The pattern book as data: what each family looks like, what it turned out to be, and what ended it.

For OPS and for an assistant: no names of people or dealers, no ids of people, and at most three quotations a family.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from analysis.desk_names import desk_names
from analysis.masking import mask
from analysis.names import Names
from analysis.patterns import shortened
from analysis.taxonomy import Criteria, Runbook
from analysis.text import printable
from analysis.warehouse import Warehouse

Row = dict[str, Any]
SCHEMA = "escalations-knowledge/1"
UNTAGGED = "untagged"
MOST_QUOTES = 3
LEAST_QUOTED = 20  # characters; less says nothing
QUOTED = 600  # characters of a quotation: the end of a longer one, where the conclusion stands
FAMILIES = """
    select f.family_id, coalesce(t.ticket_key, cast(f.family_id as varchar)) as family, f.title, f.provider,
        f.failure_category, f.signature, f.kind, f.first_seen_at, f.last_seen_at, f.state, f.state_since,
        f.fix_effective_at,
        f.is_fix_assumed, f.n_escalations, f.n_dealers
    from mart.families f
    left join core.tickets t on t.issue_id = f.family_id
    order by f.n_escalations desc, f.last_seen_at desc, f.family_id
"""
NAMES = (
    *(
        "family_id",
        "family",
        "title",
        "provider",
        "failure_category",
        "signature",
        "kind",
        "first_seen_at",
        "last_seen_at",
    ),
    *("state", "state_since", "fix_effective_at", "is_fix_assumed", "n_escalations", "n_dealers"),
)
CAUSES = """
    select e.family_id, g.value, count(distinct e.issue_id) as n
    from mart.family_escalations e
    join core.tags g on g.issue_id = e.issue_id and g.kind = 'root_cause' and g.value is not null
    group by e.family_id, g.value
    order by e.family_id, n desc, g.value
"""
# The newest resolved tickets whose closing words say something; what was closed as a duplicate was not resolved.
QUOTES = f"""
    select e.family_id, r.words
    from (select distinct family_id, issue_id from mart.family_escalations) e
    cross join core.clock k
    join core.ticket_facts f on f.issue_id = e.issue_id and f.resolved_at <= k.as_of and f.excluded_as is null
    join core.resolution_texts r on r.issue_id = e.issue_id and length(trim(r.words)) >= {LEAST_QUOTED}
    qualify row_number() over (partition by e.family_id order by f.resolved_at desc, e.issue_id desc) <= {MOST_QUOTES}
    order by e.family_id, f.resolved_at desc, e.issue_id desc
"""
IN_FORCE = """
    select r.family_id, r.ref from mart.remedies r cross join core.clock k
    where r.kind = 'runbook' and r.effective_at <= k.as_of and coalesce(r.ended_at > k.as_of, true)
    order by r.family_id, r.ref
"""
LIMITS = """
    select provider, failure_category, title, n_tickets, last_seen_at, answer from mart.provider_limits
    order by provider, failure_category desc, n_tickets desc, last_seen_at desc, family_id
"""
DELAYS = """
    select d.provider, d.step, d.hours
    from core.normal_delays d
    cross join core.clock k
    where d.effective_from <= cast(k.as_of as date)
    qualify row_number() over (partition by d.provider, d.step order by d.effective_from desc) = 1
    order by d.provider, d.step
"""


def pattern_book(warehouse: Warehouse, criteria: Criteria) -> Row:
    """The whole book: when it is of, how much there is, and each provider with its families, limits and delays."""
    ((as_of, zone_name),) = warehouse.rows("select as_of, reporting_zone from core.clock")
    zone = ZoneInfo(zone_name)
    names = desk_names(warehouse, criteria)
    families = _families(warehouse, criteria, names, zone)
    limits = [_limit(row, names, zone) for row in warehouse.rows(LIMITS)]
    delays = [dict(zip(("provider", "step", "hours"), row, strict=True)) for row in warehouse.rows(DELAYS)]
    titles = {provider.id: provider.name for provider in criteria.providers}
    found = {row["provider"] for row in (*families, *limits, *delays)}
    titles |= {provider: provider for provider in sorted(found - set(titles) - {UNTAGGED})}
    titles |= {UNTAGGED: "Provider not known"} if UNTAGGED in found else {}
    runbooks = [_runbook(one) for one in runbooks_in_force(criteria, local_day(as_of, zone))]
    return {
        "schema": SCHEMA,
        "as_of": f"{as_of:%Y-%m-%dT%H:%M:%S}Z",
        "reporting_zone": zone_name,
        "counts": {
            "families": len(families),
            "escalations": sum(row["n_escalations"] for row in families),
            "runbooks": len(runbooks),
            "families_without_runbook": sum(1 for row in families if not row["runbooks"]),
        },
        "providers": [
            {"provider": provider, "name": name}
            | {
                key: [_but_provider(row) if key != "families" else row for row in rows if row["provider"] == provider]
                for key, rows in (("families", families), ("limits", limits), ("normal_delays", delays))
            }
            for provider, name in titles.items()
        ],
        "runbooks": runbooks,
    }


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day of a moment (naive UTC) in a zone."""
    return moment.replace(tzinfo=UTC).astimezone(zone).date()


def runbooks_in_force(criteria: Criteria, day: date) -> list[Runbook]:
    """Those of which OPS was told by that day and that were not replaced, the newest version of each."""
    newest: dict[str, Runbook] = {}
    for one in sorted(criteria.runbooks, key=lambda runbook: (runbook.id, runbook.version)):
        is_told = one.announced is not None and one.announced <= day
        if one.audience == "ops" and is_told and (one.replaced is None or one.replaced > day):
            newest[one.id] = one
    return list(newest.values())


def nameless(text: str | None, names: Names, most: int = QUOTED) -> str:
    """A text without names and what does not print, masked once more; the end of a long one."""
    shown = shortened(text or "")
    if len(shown) > most:
        end = shown[-most:]
        shown = f"… {end.partition(' ')[2] or end}"
    lines = map(printable, names.without(mask(shown)).splitlines())
    return "\n".join(line for line in lines if line)


def signature_of(signature: str | None, names: Names) -> list[str]:
    """The parts of `core.family_profiles.signature` that name nobody, each once."""
    parts = [part for part in (signature or "").split(", ") if part and not names.is_of_dealer(part)]
    kept = {part.casefold(): part for part in reversed(parts) if names.without(part) == part}
    return list(reversed(kept.values()))


def counted(rows: Iterable[Sequence[Any]]) -> dict[int, list[Row]]:
    """Family → its root causes with how many tickets have each."""
    found: dict[int, list[Row]] = {}
    for family_id, value, n in rows:
        found.setdefault(family_id, []).append({"root_cause": value, "n_tickets": n})
    return found


def _families(warehouse: Warehouse, criteria: Criteria, names: Names, zone: ZoneInfo) -> list[Row]:
    causes = counted(warehouse.rows(CAUSES))
    quotes: dict[int, list[str]] = {}
    for family_id, words in warehouse.rows(QUOTES):
        quotes.setdefault(family_id, []).append(nameless(words, names))
    runbooks: dict[int, list[str]] = {}
    for family_id, ref in warehouse.rows(IN_FORCE):
        runbooks.setdefault(family_id, []).append(ref)
    meanings = {one.id: one.text for one in criteria.categories}
    rows = [dict(zip(NAMES, row, strict=True)) for row in warehouse.rows(FAMILIES)]
    return [
        {
            "family": row["family"],
            "title": printable(nameless(row["title"], names)),
            "provider": row["provider"],
            "failure_category": row["failure_category"],
            "meaning": row["kind"] or meanings.get(row["failure_category"]),
            "signature": signature_of(row["signature"], names),
            **_life(row, zone),
            "n_escalations": row["n_escalations"],
            "n_dealers": row["n_dealers"],
            "root_causes": causes.get(row["family_id"], []),
            "resolved_by": quotes.get(row["family_id"], []),
            "runbooks": runbooks.get(row["family_id"], []),
        }
        for row in rows
    ]


def _life(row: Mapping[str, Any], zone: ZoneInfo) -> Row:
    days = {f"{name}_on": row[f"{name}_at"] for name in ("first_seen", "last_seen", "fix_effective")}
    days |= {"state_since": row["state_since"]}
    told = {name: local_day(at, zone).isoformat() if at is not None else None for name, at in days.items()}
    return {"state": row["state"], **told, "is_fix_assumed": row["is_fix_assumed"]}


def _limit(row: Sequence[Any], names: Names, zone: ZoneInfo) -> Row:
    provider, category, title, n_tickets, last_seen_at, answer = row
    return {
        "provider": provider,
        "kind": category,
        "title": printable(nameless(title, names)),
        "n_tickets": n_tickets,
        "last_seen_on": local_day(last_seen_at, zone).isoformat(),
        "answer": nameless(answer, names) or None,
    }


def _runbook(one: Runbook) -> Row:
    told = one.model_dump(include={"id", "version", "title", "provider", "category"})
    assert one.announced is not None  # noqa: S101 - only such are in force
    return told | {"announced": one.announced.isoformat(), "file": f"runbooks/{one.id}.md"}


def _but_provider(row: Row) -> Row:
    return {key: value for key, value in row.items() if key != "provider"}
