"""Tickets as JSON Lines → their tags as JSON Lines, a few hundred at a time, so that memory stays flat."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from analysis.classifier import Classifier
from analysis.errors import InputError
from analysis.tag import Tagger, text_row
from analysis.taxonomy import Criteria
from analysis.text import clean

ANSWER_NAMES = {"provider": "provider", "failure_category": "category"}
AT_ONCE = 256
Ticket = tuple[Any, dict[str, Any]]


def tag_lines(lines: Iterable[bytes], place: str, criteria: Criteria, classifier: Classifier | None) -> Iterator[str]:
    """Tag each line's ticket (`id`, `summary`, `description`; `provider`, `category` count as Jira fields).

    Raises `InputError` naming the line that is no such ticket, after the answers to the lines before it.
    """
    tagger = Tagger.of(criteria, classifier)
    waiting: list[Ticket] = []
    try:
        for number, line in enumerate(lines, 1):
            if line.strip():
                ticket = _ticket(line, f"{place}: line {number}")
                waiting.append((ticket.get("id"), _text(len(waiting), ticket)))
            if len(waiting) == AT_ONCE:
                yield from _tagged(waiting, tagger)
                waiting = []
    except InputError:
        yield from _tagged(waiting, tagger)
        raise
    yield from _tagged(waiting, tagger)


def _tagged(waiting: list[Ticket], tagger: Tagger) -> Iterator[str]:
    rows: dict[int, dict[str, dict[str, Any]]] = {number: {} for number in range(len(waiting))}
    for row in tagger.rows([text for _, text in waiting]):
        rows[row["issue_id"]][row["kind"]] = row
    for number, (ticket_id, _) in enumerate(waiting):
        yield json.dumps(_answer(ticket_id, rows[number]))


def _ticket(line: bytes, place: str) -> dict[str, Any]:
    try:
        ticket = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place}: not valid JSON; write one ticket a line with id, summary, description") from error
    if not isinstance(ticket, dict) or "id" not in ticket:
        raise InputError(f"{place}: no ticket with an id; write one ticket a line with id, summary, description")
    return ticket


def _text(number: int, ticket: dict[str, Any]) -> dict[str, Any]:
    def text(name: str) -> str | None:
        value = ticket.get(name)
        return clean(str(value)) if value is not None else None

    fields = {"provider_field": text("provider"), "category_field": text("category")}
    return text_row(number, text("summary") or "", text("description"), **fields)


def _answer(ticket_id: Any, rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    answer: dict[str, Any] = {"id": ticket_id}
    for kind, name in ANSWER_NAMES.items():
        row = rows[kind]
        answer |= {name: row["value"], f"{name}_confidence": row["confidence"], f"{name}_source": row["source"]}
    answer["also_mentions"] = rows["provider"]["also_mentions"]
    answer["evidence"] = [word for row in rows.values() for word in row["evidence"]]
    return answer
