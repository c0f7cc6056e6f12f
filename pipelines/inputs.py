"""What no ticket tells: CSV files that a person fills in, in the folder `inputs` of the desk. Each may be absent."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from analysis.errors import InputError

Row = dict[str, Any]


class Line(BaseModel):
    """A line of an input file: unknown columns are mistakes."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Assessment(Line):
    """What a person found of something that cannot be counted (assessments.csv)."""

    measure: str
    assessed_date: date
    is_met: bool
    note: str | None = None


class Change(Line):
    """A change that was merged, where Jira does not tell (changes.csv); `ticket_key` is the ticket it was made for."""

    change_ref: str
    merged_date: date
    deployed_date: date | None = None
    ticket_key: str | None = None


class Onboarding(Line):
    """A dealer's integration: due to be live by the provider's normal time, and live when (onboardings.csv)."""

    dealer_id: str
    provider: str
    due_date: date
    live_date: date | None = None


class CustomerDocument(Line):
    """A document from which customers can help themselves with a failure mode (customer_documents.csv)."""

    provider: str
    failure_category: str
    published_date: date


class Deal(Line):
    """A deal that was decided, and whether integrations were named as a reason for losing it (deals.csv)."""

    deal_ref: str
    decided_date: date
    is_lost: bool
    is_integration_cited: bool


FILES: dict[str, type[Line]] = {
    "assessments": Assessment,
    "changes": Change,
    "onboardings": Onboarding,
    "customer_documents": CustomerDocument,
    "deals": Deal,
}


def read_inputs(folder: Path) -> dict[str, list[Row]]:
    """Rows for core.input_…, by file. Raises `InputError` naming file and line."""
    return {name: list(_rows(folder / f"{name}.csv", shape)) for name, shape in FILES.items()}


def templates() -> dict[str, str]:
    """File name → its header line, for a person to fill in."""
    return {f"{name}.csv": ",".join(shape.model_fields) + "\n" for name, shape in FILES.items()}


def _rows(path: Path, shape: type[Line]) -> Iterator[Row]:
    if not path.exists():
        return
    try:
        reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True)
        for cells in reader:
            filled = {name: cell for name, cell in cells.items() if cell}
            if filled:
                yield shape.model_validate(filled).model_dump()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read; save it as CSV UTF-8") from error
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num + 1}: not valid CSV: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        what = {"extra_forbidden": "no such column", "missing": "is missing"}.get(first["type"], first["msg"])
        raise InputError(f"{path}: line {reader.line_num}: {place}: {what}") from error
