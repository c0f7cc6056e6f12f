"""The review queue on its way out, as lines or CSV, and people's answers on their way back."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.errors import InputError
from analysis.field_names import FieldNames
from analysis.review import Answer, fill_queue, issue_ids, queue, store_answers
from analysis.taxonomy import Criteria
from analysis.text import name_key, printable, spreadsheet_cell
from analysis.warehouse import Warehouse
from pipelines.settings import Settings

KINDS = {"provider": "provider", "failure category": "failure_category", "category": "failure_category"}
KINDS |= {"root cause": "root_cause"}
COLUMNS = ("ticket_key", "kind", "answer", "choices", "why", "summary", "words")
CANT_TELL = "?"
WIDEST = 2000  # characters of a ticket's words in a cell
Row = dict[str, Any]


@dataclass(frozen=True)
class Imported:
    """What became of a file of answers: how many said something new, how many did not, how many cells were empty."""

    n_stored: int
    n_known: int
    n_empty: int


def review_queue(settings: Settings, n: int, run_id: str, now: datetime) -> list[Row]:
    """The tags that wait for a person's answer, topped up to `n`."""
    with _warehouse(settings) as warehouse:
        fill_queue(warehouse, n, run_id, now)
        return queue(warehouse)


def import_answers(
    settings: Settings, criteria: Criteria, file: Path, person: str, run_id: str, now: datetime
) -> Imported:
    """Take a CSV's answers over, all or none. Raises `InputError` naming the first line that is wrong."""
    lines = list(_lines_of(file))
    with _warehouse(settings) as warehouse:
        known = issue_ids(warehouse, [line["ticket_key"] for _, line in lines])
        answers = _answers(file, lines, known, FieldNames.of(criteria), person)
        n_stored = store_answers(warehouse, answers, run_id, now)
    return Imported(n_stored, len(answers) - n_stored, len(lines) - len(answers))


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
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        told = (row["ticket_key"], row["kind"], "", choices[row["kind"]], _why(row), row["summary"] or "")
        writer.writerow([spreadsheet_cell(one) for one in (*told, (row["words"] or "")[:WIDEST])])
    try:
        with file.open("xb") as out:
            out.write(text.getvalue().encode("utf-8-sig"))  # spreadsheets take it for another encoding without the mark
    except FileExistsError as error:
        raise InputError(f"{file}: is there already, perhaps with answers; import or remove it first") from error
    except OSError as error:
        raise InputError(f"{file}: cannot be written; give --out another name") from error


def _warehouse(settings: Settings) -> Any:
    if not settings.warehouse_file.exists():
        raise InputError(f"{settings.warehouse_file}: no warehouse yet; run `escalations run` first")
    return Warehouse.open(settings.warehouse_file)


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


def _lines_of(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Number of the line on which it begins, and the cells `ticket_key`, `kind`, `answer`, `person` of each row."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{file}: cannot be read; give the CSV that `escalations review --out` wrote") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8; save it as CSV UTF-8") from error
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
    begins = 1
    try:
        names = [name_key(cell).replace(" ", "_") for cell in next(reader, [])]
        names = ["ticket_key" if name == "ticket" else name for name in names]
        missing = [name for name in ("ticket_key", "kind", "answer") if name not in names]
        if missing:
            raise InputError(f"{file}: line 1: no column {missing[0]}; it takes ticket_key, kind and answer")
        begins = reader.line_num + 1
        for cells in reader:
            told = dict.fromkeys(("ticket_key", "kind", "answer", "person"), "") | dict(zip(names, cells, strict=False))
            if any(cell.strip() for cell in cells):
                yield begins, {name: cell.strip() for name, cell in told.items()}
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{file}: line {begins}: not CSV ({error}); export it again") from error


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
