"""The draft of a runbook: made from a family, printed or put into a file for a person to finish."""

from pathlib import Path

from analysis.errors import InputError
from analysis.runbook_drafts import draft
from analysis.taxonomy import Criteria
from pipelines.desk_lock import warehouse_to_read
from pipelines.settings import Settings
from reports.render import render

PLACEHOLDER = "YYYY-MM-DD"  # no day, so that the reader of runbooks refuses a draft that nobody looked at


def runbook_draft(settings: Settings, criteria: Criteria, wanted: str) -> str:
    """A runbook in Markdown for the family of a ticket (by key, present or past) or with an id.

    Raises `InputError` where there is no such family.
    """
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        if not warehouse.has("mart.families"):
            raise InputError(f"{warehouse.path}: nothing was reported yet; run `escalations report` first")
        found = draft(warehouse, criteria, wanted)
    return render("runbook.md.j2", d=found, placeholder=PLACEHOLDER).strip() + "\n"


def write_draft(text: str, file: Path) -> None:
    """Write a draft; a file that is there is left alone (`InputError`), for somebody may have finished it."""
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError as error:
        raise InputError(f"{file}: is there already, perhaps finished; give --out another name") from error
    except OSError as error:
        raise InputError(f"{file}: cannot be written; give --out another name") from error
