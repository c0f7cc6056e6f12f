"""The review queue on its way out, as lines or CSV, and people's answers on their way back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.field_names import FieldNames
from analysis.review import Answer, fill_queue, issue_ids, queue, store_answers
from analysis.taxonomy import Criteria
from analysis.text import name_key, printable
from pipelines.csv_files import Answered, csv_lines, write_csv
from pipelines.known import existing_warehouse
from pipelines.settings import Settings

KINDS = {"provider": "provider", "failure category": "failure_category", "category": "failure_category"}
KINDS |= {"root cause": "root_cause"}
COLUMNS = ("ticket_key", "kind", "answer", "choices", "why", "summary", "words")
CANT_TELL = "?"
WIDEST = 2000  # characters of a ticket's words in a cell
Row = dict[str, Any]


def review_queue(settings: Settings, n: int, run_id: str, now: datetime) -> list[Row]:
    """The tags that wait for a person's answer, topped up to `n`."""
    with existing_warehouse(settings.warehouse_file) as warehouse:
        fill_queue(warehouse, n, run_id, now)
        return queue(warehouse)


def import_answers(
    settings: Settings, criteria: Criteria, file: Path, person: str, run_id: str, now: datetime
) -> Answered:
    """Take a CSV's answers over, all or none. Raises `InputError` naming the first line that is wrong."""
    lines = list(csv_lines(file, ("ticket_key", "kind", "answer"), ("person",), {"ticket": "ticket_key"}))
    with existing_warehouse(settings.warehouse_file) as warehouse:
        known = issue_ids(warehouse, [line["ticket_key"] for _, line in lines])
        answers = _answers(file, lines, known, FieldNames.of(criteria), person)
        n_stored = store_answers(warehouse, answers, run_id, now)
    return Answered(n_stored, len(answers) - n_stored, len(lines) - len(answers))


def queue_lines(rows: Sequence[Row], criteria: Criteria) -> Iterator[str]:
    """The queue as a person reads it."""
    if not rows:
        yield "nothing to review: of the last 13 weeks' escalations no tag is disputed, unsure or not yet drawn"
        return
    choices = _choices(criteria)
    for number, row in enumerate(rows, 1):
        yield f"{number}. {row['ticket_key']}: {row['kind'].replace('_', ' ')}? {_why(row)}"
        yield f"   {printable(row['summary'])[:200]}"
        yield f"   {printable(row['words'])[:400]}"
    yield ""
    for kind in dict.fromkeys(row["kind"] for row in rows):
        yield f"{kind.replace('_', ' ')}: {choices[kind]}"
    yield (
        "To answer: `escalations review --out review.csv`, fill the column `answer`, then `escalations review --import "
        f"review.csv`. {CANT_TELL} says that it cannot be told."
    )


def write_queue(rows: Sequence[Row], criteria: Criteria, file: Path) -> None:
    """The queue as CSV with an empty column `answer`; a file that is there is left alone (`InputError`)."""
    choices = _choices(criteria)
    told = (
        [
            row["ticket_key"],
            row["kind"],
            "",
            choices[row["kind"]],
            _why(row),
            row["summary"],
            (row["words"] or "")[:WIDEST],
        ]
        for row in rows
    )
    write_csv(file, COLUMNS, told)


def _choices(criteria: Criteria) -> dict[str, str]:
    return {
        "provider": ", ".join(one.id for one in criteria.providers),
        "failure_category": ", ".join(one.id for one in criteria.categories),
        "root_cause": ", ".join(one.id for one in criteria.root_causes),
    }


def _why(row: Mapping[str, Any]) -> str:
    """Why it is asked about; of blind ones nothing that could sway."""
    if row["reason"] == "blind":
        return "drawn by chance; our tag is not shown"
    if row["said"]:
        return f"persons disagree: {'; '.join(row['said'])}"
    if row["guess"] is None:
        return "untagged"
    likely = f"perhaps {row['guess']} ({row['guess_confidence']:.0%})"
    if row["reason"] == "disputed" and row["rule_value"] not in (None, row["guess"]):
        return f"{likely}, but a rule says {row['rule_value']}"
    return f"{likely} or {row['second_guess']}" if row["second_guess"] else likely


def _answers(
    file: Path, lines: Sequence[tuple[int, dict[str, str]]], known: Mapping[str, int], names: FieldNames, person: str
) -> list[Answer]:
    found: dict[tuple[int, str, str], Answer] = {}
    for number, line in lines:
        place = f"{file}: line {number}"
        if not line["answer"]:
            continue
        kind = KINDS.get(name_key(line["kind"]))
        if kind is None:
            raise InputError(f"{place}: no such kind of tag; write provider, failure_category or root_cause")
        if line["ticket_key"] not in known:
            raise InputError(f"{place}: no such ticket in the warehouse; write its key, such as SUP-12")
        value = names.tag(kind, line["answer"]) if line["answer"] != CANT_TELL else None
        if value is None and line["answer"] != CANT_TELL:
            choices = ", ".join(sorted(set(names.known[kind].values())))
            raise InputError(f"{place}: no such {kind.replace('_', ' ')}; write one of {choices}, or {CANT_TELL}")
        who = line["person"] or person
        answer = Answer(known[line["ticket_key"]], kind, value, who, f"csv {file.name}: line {number}")
        earlier = found.setdefault((answer.issue_id, kind, who), answer)
        if earlier.value != value:
            raise InputError(f"{place}: answers what an earlier line answers otherwise; leave one of them")
    return list(found.values())
