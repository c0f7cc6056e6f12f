"""What the warehouse knows of an escalation's verdict, for somebody who is to check it: both sides, with dates.

Nothing here names a person, and ticket text comes without names.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from analysis.desk_names import desk_names
from analysis.errors import InputError
from analysis.names import Names
from analysis.pattern_book import local_day, nameless
from analysis.review import issue_ids
from analysis.taxonomy import Criteria
from analysis.text import printable
from analysis.warehouse import Warehouse

Row = dict[str, Any]
KNOWN_LATER = "known later"
RUNBOOK = re.compile(r"(?:access\.csv for |runbook )(?P<id>\S+) v(?P<version>[0-9]+)")
COMMENT = re.compile(r"comment (?P<id>[0-9]+)")
IN_TICKET = ("field ", "ticket text", "tier stays")  # facts that stand in the ticket itself
FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n---[ \t]*(?:\n|\Z)", re.DOTALL)
MOST_RUNBOOKS, MOST_SIMILAR, MOST_CLOSING = 2, 3, 300
AS_THEY_ARE = (
    *("issue_id", "ticket_key", "escalation_no", "n_escalations", "dealer", "failure_category", "entered", "zone"),
    *("verdict_at_escalation", "verdict", "softened_by", "standing", "reply", "ruling", "is_excluded"),
    *("exclusion_reason", "window_closes_at", "updated_at"),  # these two are naive UTC
)
MOMENTS = ("escalated_at", "resolved_at", "replied_at", "ruled_at", "pushed_back_at", "as_of")
SUBJECT = """
    select t.issue_id, t.ticket_key, t.updated_at, x.summary, e.escalation_no, n.n_escalations, e.escalated_at,
        e.entered, s.resolved_at, e.is_excluded, e.exclusion_reason, coalesce(d.name, f.dealer_text) as dealer,
        p.value as provider, c.value as failure_category, v.verdict_at_escalation, v.verdict, v.softened_by,
        v.criterion_id, v.criterion_version, v.reply, v.ruling, v.standing, v.window_closes_at, r.replied_at,
        r.ruled_at, b.pushed_back_at, k.title as criterion, k.test, k.effective_from as criterion_from, o.as_of,
        o.reporting_zone as zone
    from mart.tagged_escalations s
    join core.escalations e using (issue_id, escalation_no)
    join core.tickets t using (issue_id)
    join core.ticket_facts f using (issue_id)
    join mart.verdicts v using (issue_id, escalation_no)
    join (select issue_id, count(*) as n_escalations from mart.tagged_escalations group by issue_id) n using (issue_id)
    cross join core.clock o
    left join core.tag_texts x using (issue_id)
    left join core.dealers d on d.dealer_id = f.dealer_id
    left join core.verdict_replies r on r.issue_id = e.issue_id and r.escalation_no = e.escalation_no
    left join mart.pushbacks b on b.issue_id = e.issue_id and b.escalation_no = e.escalation_no
    left join core.criteria k on k.criterion_id = v.criterion_id and k.version = v.criterion_version
    left join core.known_tags p
        on p.issue_id = e.issue_id and p.escalation_no = e.escalation_no and p.kind = 'provider'
    left join core.known_tags c
        on c.issue_id = e.issue_id and c.escalation_no = e.escalation_no and c.kind = 'failure_category'
    where e.issue_id = ?
    order by e.escalation_no
"""
FACTS = """
    select fact, known_at, side, source_ref, criterion_id
    from mart.evidence
    where issue_id = ? and escalation_no = ?
    order by known_at nulls first, criterion_id nulls first, fact, source_ref
"""
TEXTS = """
    select text, text_hash, effective_at from state.runbook_texts
    where runbook_id = ? and version = ? order by effective_at, event_id
"""
ABOUT = """
    select title, published_date, announced_date, replaced_date, needs_access from core.runbooks
    where runbook_id = ? and version = ?
"""
ACCESS = "select access, since, until from core.access where access in (select unnest(?::varchar[])) order by since"
STALE = """
    select coalesce(max(i.batch_no) > (select max(batch_no) from core.builds where step = 'judge'), true)
    from raw.issues i where i.issue_id = ?
"""


def find_escalation(warehouse: Warehouse, wanted: str, number: int | None) -> tuple[int, int]:
    """Issue id and number of an escalation, by a key that the ticket has or had; the latest where none is asked for.

    Raises `InputError` where there is none.
    """
    key = wanted.strip().upper()
    issue_id = issue_ids(warehouse, [key]).get(key)
    if issue_id is None:
        raise InputError(f"{printable(wanted)[:40]}: no such ticket in {warehouse.path}; give a key such as SUP-12")
    query = "select escalation_no from mart.tagged_escalations where issue_id = ? order by escalation_no"
    known = [one for (one,) in warehouse.rows(query, [issue_id])]
    if not known:
        raise InputError(f"{key}: never came to Tier 2, so there is nothing to push back")
    if number is not None and number not in known:
        raise InputError(f"{key}: escalated {len(known)} times, so --no is one of {', '.join(map(str, known))}")
    return issue_id, number or known[-1]


def evidence_pack(
    warehouse: Warehouse,
    criteria: Criteria,
    issue_id: int,
    number: int,
    near: Sequence[Row] = (),
    names: Names | None = None,
) -> Row:
    """All that is to be told of an escalation's verdict; times are local to the reporting zone unless said otherwise.

    `near` are earlier tickets like it, as `similar` gives them; shown are those of the same failure, as far as it can
    tell, that OPS had resolved by then.
    """
    row = next(one for one in _rows(warehouse, SUBJECT, [issue_id]) if one["escalation_no"] == number)
    zone, judged_at = ZoneInfo(row["zone"]), row["escalated_at"]
    names = people_only(names or desk_names(warehouse, criteria))
    facts = _rows(warehouse, FACTS, [issue_id, number])
    providers = {one.id: one.name for one in criteria.providers}
    found = (RUNBOOK.fullmatch(one["source_ref"]) for one in facts)
    refs = [*dict.fromkeys((one["id"], int(one["version"])) for one in found if one)]
    providers = {one.id: one.name for one in criteria.providers}
    return {
        **{name: row[name] for name in AS_THEY_ARE},
        **{name: local(row[name], zone) for name in MOMENTS},
        "summary": nameless(row["summary"], names, 200).replace("\n", " "),
        "provider": providers.get(row["provider"], row["provider"]),
        "criterion": _criterion(row),
        "then": _sides(facts, row, zone, is_later=False),
        "later": _sides(facts, row, zone, is_later=True),
        "runbooks": [_runbook(warehouse, criteria, *ref, judged_at, zone) for ref in refs[:MOST_RUNBOOKS]],
        "similar": [*_resolved_by_ops(near, judged_at, names)][:MOST_SIMILAR],
        "closes_on": local(row["window_closes_at"] and row["window_closes_at"] - timedelta(microseconds=1), zone),
        "runbook_field": _field_name(warehouse, criteria.site.fields.runbook_used),
        "is_stale": bool(warehouse.value(STALE, [issue_id])),
    }


def local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """A moment (naive UTC) as people of that zone read their clocks."""
    return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None) if moment else None


def people_only(names: Names) -> Names:
    """Names of people; a dealer may be named in its own ticket."""
    return replace(names, dealers={}, terms=names.terms | names.dealer_words)


def _criterion(row: Row) -> Row | None:
    if row["criterion_id"] is None:
        return None
    told = {"id": row["criterion_id"], "version": row["criterion_version"], "title": row["criterion"]}
    return told | {"test": row["test"], "effective_from": row["criterion_from"]}


def _sides(facts: Iterable[Row], row: Row, zone: ZoneInfo, *, is_later: bool) -> dict[str, list[Row]]:
    """`for` and `against` → facts, of those that were known at the escalation, or of those that became known later."""
    sides: dict[str, list[Row]] = {"for": [], "against": []}
    for fact in facts:
        later = fact["source_ref"] == KNOWN_LATER or bool(fact["known_at"] and fact["known_at"] > row["escalated_at"])
        if later == is_later:
            other = fact["criterion_id"] if fact["criterion_id"] != row["criterion_id"] else None
            # when it became known is not told where that is still so
            at = None if later and fact["known_at"] == row["escalated_at"] else local(fact["known_at"], zone)
            told = {"text": fact["fact"], "at": at, "where": fact["source_ref"]}
            sides[fact["side"]].append(told | {"of_criterion": other, **_place(fact["source_ref"])})
    return sides


def _place(source_ref: str) -> Row:
    """Whether it stands in the ticket, and in which comment."""
    comment = COMMENT.fullmatch(source_ref)
    return {
        "in_ticket": bool(comment) or source_ref.startswith(IN_TICKET),
        "comment": comment["id"] if comment else None,
    }


def _runbook(warehouse: Warehouse, criteria: Criteria, ident: str, version: int, then: datetime, zone: ZoneInfo) -> Row:
    """A version of a runbook, with the text that it had then, as far as it was kept."""
    about = next(iter(_rows(warehouse, ABOUT, [ident, version])), {})
    written = next((one for one in criteria.runbooks if (one.id, one.version) == (ident, version)), None)
    kept = warehouse.rows(TEXTS, [ident, version])
    text, text_hash = (written.body, written.text_hash) if written else (None, None)
    if kept:
        text, text_hash, _ = max((one for one in kept if one[2] <= then), key=lambda one: one[2], default=kept[0])
        text = FRONT_MATTER.sub("", text.replace("\r\n", "\n"), count=1).strip()
    needs = list(about.get("needs_access") or ())
    had = [dict(zip(("access", "since", "until"), one, strict=True)) for one in warehouse.rows(ACCESS, [needs])]
    told = {"id": ident, "version": version, "title": about.get("title") or (written.title if written else None)}
    dates = {name: about.get(f"{name}_date") for name in ("published", "announced", "replaced")}
    is_other = bool(written and text_hash and written.text_hash != text_hash)
    return told | dates | {"access": _access(needs, had, then, zone), "text": text, "is_other_today": is_other}


def _access(needs: Iterable[str], had: Sequence[Row], then: datetime, zone: ZoneInfo) -> list[Row]:
    """What a runbook needs access to, and since when OPS had it; None where it had it not on that day."""
    day = local_day(then, zone)
    held = [one for one in had if one["since"] <= day and (one["until"] is None or day < one["until"])]
    return [{"access": name, "since": next((o["since"] for o in held if o["access"] == name), None)} for name in needs]


def _resolved_by_ops(near: Iterable[Row], then: datetime, names: Names) -> Iterable[Row]:
    for one in near:
        is_by_ops = one["resolution_tier"] is not None and one["resolution_tier"] <= 1
        is_alike = one["why"]["chance"] is not None or "family" in one["why"]["same"]
        if is_alike and is_by_ops and one["resolved_at"] and one["resolved_at"] < then:
            yield near_ticket(one, names)


def _field_name(warehouse: Warehouse, mapped: str | None) -> str | None:
    """What people call a field that site.toml maps by name or id."""
    name = warehouse.value("select field_name from raw.fields where field_id = ?", [mapped]) if mapped else None
    return str(name) if name else mapped if mapped and not mapped.startswith("customfield_") else None


def near_ticket(one: Mapping[str, Any], names: Names) -> Row:
    """An earlier ticket like it, without names: how it was told and how it ended."""
    told = {name: one[name] for name in ("ticket_key", "resolved_date", "resolution_tier", "outcome")}
    words = {"summary": one["summary"], "closing": one["closing"]}
    return told | {name: nameless(text, names, MOST_CLOSING).replace("\n", " ") for name, text in words.items()}


def _rows(warehouse: Warehouse, query: str, parameters: Sequence[Any]) -> list[Row]:
    found = warehouse.connection.execute(query, list(parameters))
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
