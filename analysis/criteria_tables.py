"""Criteria and runbooks as tables, and as they were: what judged once stays written down.

A version of a criterion that was read once may not say something else later; one that is no longer in the file judges
what escalated until then. A runbook keeps every text it had.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

from analysis.errors import CriteriaError
from analysis.taxonomy import Criteria, Criterion, Runbook
from analysis.warehouse import Warehouse, hash_of

Row = dict[str, Any]
KNOWN = """
    select criterion_id, version, max_by(body, event_id), max_by(hash, event_id), max_by(is_withdrawn, event_id),
        max_by(effective_at, event_id)
    from state.criterion_versions group by all order by 1, 2
"""


def keep_versions(warehouse: Warehouse, criteria: Criteria, run_id: str, now: datetime) -> None:
    """Write down what is new and what is gone.

    Raises `CriteriaError` where a version says something else than it did, or where one that judged is gone and an
    earlier one is there still.
    """
    told = {"run_id": run_id, "recorded_at": now, "effective_at": now}
    known = {(ident, version): rest for ident, version, *rest in warehouse.rows(KNOWN)}
    events = []
    for one in criteria.criteria:
        body, hashed, is_withdrawn, _ = known.pop((one.id, one.version), (None, None, True, None))
        if hashed is not None and hashed != hash_of(one.decides):
            raise CriteriaError(
                f"escalation_criteria.toml: criterion {one.id}: version {one.version} says something else than when it "
                "judged first; give the change a new version with its own effective_from"
            )
        if is_withdrawn or body != one.model_dump_json():
            events.append(told | _version(one))
    gone = [Criterion.model_validate_json(body) for body, _, is_withdrawn, _ in known.values() if not is_withdrawn]
    for one in gone:
        _refuse_return(one, criteria.criteria, now.date())
        events.append(told | _version(one) | {"is_withdrawn": True})
    warehouse.append_events("state.criterion_versions", events)
    texts = set(warehouse.rows("select runbook_id, version, text_hash from state.runbook_texts"))
    warehouse.append_events(
        "state.runbook_texts",
        [told | _text(book) for book in criteria.runbooks if (book.id, book.version, book.text_hash) not in texts],
    )


def _refuse_return(gone: Criterion, there: Iterable[Criterion], today: date) -> None:
    """Without it an earlier version would be in the file and judge nothing."""
    versions = [one.version for one in there if one.id == gone.id]
    if versions and max(versions) < gone.version and gone.effective_from <= today:
        raise CriteriaError(
            f"escalation_criteria.toml: criterion {gone.id}: version {gone.version} judged since {gone.effective_from} "
            f"and is gone; put it back, or write what holds now as version {gone.version + 1}"
        )


def judging_versions(warehouse: Warehouse, criteria: Criteria) -> list[Criterion]:
    """The versions that judge something: those in the file, and those that are gone and judged until then."""
    return [*criteria.criteria, *(one for one, _ in _withdrawn(warehouse))]


def _withdrawn(warehouse: Warehouse) -> list[tuple[Criterion, date]]:
    """Versions that are no longer in the file, with the day; one that was taken out before it began never judged."""
    found = [
        (Criterion.model_validate_json(body), at.replace(tzinfo=UTC).date())
        for _, _, body, _, is_gone, at in warehouse.rows(KNOWN)
        if is_gone
    ]
    return [(one, day) for one, day in found if day > one.effective_from]


def criteria_tables(warehouse: Warehouse, criteria: Criteria) -> Mapping[str, list[Row]]:
    """Rows of the tables of `core` that hold what the criteria say, also what they said before."""
    ends = {(one.id, one.version): day for one, day in _withdrawn(warehouse)}
    versions = judging_versions(warehouse, criteria)
    return {
        "criteria": _criteria_rows(versions, ends),
        "requirements": [row for one in versions for row in _requirements(one)],
        "runbooks": [_runbook(book) for book in criteria.runbooks],
        "normal_delays": [d.model_dump() for d in criteria.normal_delays],
        "access": [{"access": a.access, "since": a.since, "until": a.until} for a in criteria.access],
        "outages": [
            {"provider": o.provider, "source": o.source, "started_at": _utc(o.started_at)}
            | {"ended_at": _utc(o.ended_at) if o.ended_at else None}
            for o in criteria.outages
        ],
    }


def _criteria_rows(criteria: Iterable[Criterion], ends: Mapping[tuple[str, int], date]) -> list[Row]:
    """Each version holds until the next one of the same criterion begins, or until it was withdrawn."""
    rows: list[Row] = []
    listed = sorted(criteria, key=lambda c: (c.id, c.effective_from, c.version))
    until = {(a.id, a.version): b.effective_from for a, b in pairwise(listed) if a.id == b.id}
    for one in listed:
        key = (one.id, one.version)
        last = min((end for end in (until.get(key), ends.get(key)) if end), default=None)
        told = one.model_dump(include={"version", "title", "effective_from", "test", "times", "within_days"})
        rows.append(told | {"criterion_id": one.id, "effective_until": last, "claims": one.claims})
    return rows


def _requirements(one: Criterion) -> list[Row]:
    return [
        {"criterion_id": one.id, "criterion_version": one.version, "requirement_no": number, "what": asked.what}
        | {"role": asked.field, "provider": asked.provider, "failure_category": asked.category}
        for number, asked in enumerate(one.requires, 1)
    ]


def _runbook(book: Runbook) -> Row:
    told = book.model_dump(
        include={"version", "title", "provider", "audience", "needs_access", "because_of", "page", "text_hash"}
    )
    told |= {"runbook_id": book.id, "failure_category": book.category, "published_date": book.published}
    told |= {"symptoms": list(book.symptoms)}
    return told | {"announced_date": book.announced, "replaced_date": book.replaced}


def _version(one: Criterion) -> Row:
    told = {"criterion_id": one.id, "version": one.version, "effective_from": one.effective_from}
    return told | {"is_withdrawn": False, "body": one.model_dump_json(), "hash": hash_of(one.decides)}


def _text(book: Runbook) -> Row:
    head = json.loads(book.model_dump_json(exclude={"body", "text_hash"}, exclude_none=True))
    text = "---\n" + "".join(f"{key}: {json.dumps(value)}\n" for key, value in head.items()) + f"---\n{book.body}\n"
    return {"runbook_id": book.id, "version": book.version, "text": text, "text_hash": book.text_hash}


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)
