"""The blind audit of verdicts on its way out, as lines or CSV, and people's answers on their way back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.audit import VERDICTS, AuditAnswer, draw, drawn, estimates, store, waiting
from analysis.errors import InputError
from analysis.review import issue_ids
from analysis.text import name_key, printable
from pipelines.csv_files import Answered, csv_lines, write_csv
from pipelines.known import existing_warehouse
from pipelines.settings import Settings

COLUMNS = ("ticket_key", "escalation_no", "answer", "choices", "escalated_on", "summary", "words", "comments")
CANT_TELL = "?"
CHOICES = {
    "should_have_handled": "OPS could have handled it by itself",
    "incomplete": "rightly escalated, badly handed over",
    "justified": "rightly escalated",
}
ESTIMATES = {
    "precision": "of what we hold against OPS, right",
    "miss_rate": "of what we do not hold against it, OPS should have handled",
}
WIDEST = 2000  # characters of a ticket's words in a cell
Row = dict[str, Any]


def audit_queue(settings: Settings, run_id: str, now: datetime) -> tuple[list[Row], list[Row]]:
    """What waits for an answer, drawn from the reported week too, and what the answers tell so far."""
    with existing_warehouse(settings.warehouse_file) as warehouse:
        if not warehouse.has("mart.audit_pool"):
            raise InputError(f"{settings.warehouse_file}: nothing was reported yet; run `escalations report` first")
        draw(warehouse, warehouse.value("select week from core.clock"), run_id, now)
        return waiting(warehouse), estimates(warehouse)


def import_audit(settings: Settings, file: Path, person: str, run_id: str, now: datetime) -> Answered:
    """Take a CSV's answers over, all or none. Raises `InputError` naming the first line that is wrong."""
    lines = list(csv_lines(file, ("ticket_key", "answer"), ("escalation_no", "person"), {"ticket": "ticket_key"}))
    with existing_warehouse(settings.warehouse_file) as warehouse:
        known = issue_ids(warehouse, [line["ticket_key"].upper() for _, line in lines])
        asked = drawn(warehouse, list(known.values()))
        answers = _answers(file, lines, known, asked, person)
        n_stored = store(warehouse, answers, run_id, now)
    return Answered(n_stored, len(answers) - n_stored, len(lines) - len(answers))


def audit_lines(rows: Sequence[Row], told: Sequence[Row]) -> Iterator[str]:
    """The queue and the estimates as a person reads them."""
    for number, row in enumerate(rows, 1):
        yield f"{number}. {printable(row['ticket_key'])}, escalated {row['escalated_date']:%Y-%m-%d}"
        yield f"   {printable(row['summary'])[:200]}"
        yield f"   {printable(row['words'])[:400]}"
    if rows:
        yield ""
        yield f"Should OPS have handled it? {'; '.join(f'{name}: {text}' for name, text in CHOICES.items())}."
        yield (
            "To answer: `escalations review --verdicts --out audit.csv`, fill the column `answer`, then `escalations "
            f"review --verdicts --import audit.csv`. {CANT_TELL} says that it cannot be told."
        )
    else:
        yield "nothing waits for an answer"
    for one in told:
        yield f"{ESTIMATES[one['estimate']]}: {_estimate(one)}"


def write_audit(rows: Sequence[Row], file: Path) -> None:
    """The queue as CSV with an empty column `answer`; a file that is there is left alone (`InputError`)."""
    choices = ", ".join(VERDICTS)
    told = (
        [row["ticket_key"], row["escalation_no"], "", choices, row["escalated_date"], row["summary"]]
        + [(row[name] or "")[:WIDEST] for name in ("words", "comments")]
        for row in rows
    )
    write_csv(file, COLUMNS, told)


def _estimate(one: Row) -> str:
    told = f"{one['n_answered']} answered in {one['n_weeks_pooled']} weeks"
    if one["value"] is None:
        return f"not known; {told}"
    few = ", too few to be sure" if one["is_too_few"] else ""
    return f"{one['value']:.0%} ({one['low']:.0%} to {one['high']:.0%}{few}); {told}"


def _answers(
    file: Path,
    lines: Sequence[tuple[int, dict[str, str]]],
    known: Mapping[str, int],
    asked: Mapping[tuple[int, int], str],
    person: str,
) -> list[AuditAnswer]:
    found: dict[tuple[int, int, str], AuditAnswer] = {}
    for number, line in lines:
        place = f"{file}: line {number}"
        if not line["answer"]:
            continue
        value = name_key(line["answer"]).replace(" ", "_") if line["answer"] != CANT_TELL else None
        if value not in (*VERDICTS, None):
            raise InputError(f"{place}: answer is none of {', '.join(VERDICTS)}; write one of them, or {CANT_TELL}")
        escalation = line["escalation_no"] or "1"
        if line["ticket_key"].upper() not in known:
            raise InputError(f"{place}: no such ticket in the warehouse; write its key, such as SUP-12")
        if not escalation.isdecimal():
            raise InputError(f"{place}: escalation_no is no number; write 1 for a ticket's first escalation")
        key = known[line["ticket_key"].upper()], int(escalation)
        if key not in asked:
            raise InputError(
                f"{place}: that escalation was not drawn, and answers about others would tell nothing; "
                "answer those of `escalations review --verdicts`"
            )
        answer = AuditAnswer(*key, value, line["person"] or person, f"csv {file.name}: line {number}")
        earlier = found.setdefault((*key, answer.person_id), answer)
        if earlier.value != value:
            raise InputError(f"{place}: answers what an earlier line answers otherwise; leave one of them")
    return list(found.values())
