"""Tickets as JSON Lines → their tags as JSON Lines, one at a time, so that memory stays flat."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from analysis.errors import InputError
from analysis.field_names import FieldNames
from analysis.rules import Rules
from analysis.tag import tag_rows
from analysis.taxonomy import Criteria
from analysis.text import clean

ANSWER_NAMES = {"provider": "provider", "failure_category": "category"}


def tag_lines(lines: Iterable[bytes], place: str, criteria: Criteria) -> Iterator[str]:
    """Tag each line's ticket (`id`, `summary`, `description`; `provider`, `category` count as Jira fields).

    Raises `InputError` naming the line that is no such ticket.
    """
    rules, names = Rules.of(criteria), FieldNames.of(criteria)
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        ticket = _ticket(line, f"{place}: line {number}")
        rows = {row["kind"]: row for row in tag_rows([_text(ticket)], rules, names, criteria.taxonomy_version)}
        yield json.dumps(_answer(ticket.get("id"), rows))


def _ticket(line: bytes, place: str) -> dict[str, Any]:
    try:
        ticket = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not valid JSON; write one ticket a line with id, summary, description") from error
    if not isinstance(ticket, dict) or "id" not in ticket:
        raise InputError(f"{place}: no ticket with an id; write one ticket a line with id, summary, description")
    return ticket


def _text(ticket: dict[str, Any]) -> dict[str, Any]:
    def text(name: str) -> str | None:
        value = ticket.get(name)
        return clean(str(value)) if value is not None else None

    fields = {"provider_field": text("provider"), "category_field": text("category")}
    return {"issue_id": 0, "summary": text("summary") or "", "description": text("description"), **fields}


def _answer(ticket_id: Any, rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": ticket_id}
    for kind, name in ANSWER_NAMES.items():
        row = rows[kind]
        answer |= {name: row["value"], f"{name}_confidence": row["confidence"], f"{name}_source": row["source"]}
    answer["also_mentions"] = rows["provider"]["also_mentions"]
    answer["evidence"] = [word for row in rows.values() for word in row["evidence"]]
    return answer
