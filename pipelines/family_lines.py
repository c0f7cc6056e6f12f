"""The families of the same failure: told with the ones that matter first, and what people say of them taken over."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from analysis.errors import InputError
from analysis.family_answers import SAYS, Said, families, placed, store
from analysis.review import issue_ids
from analysis.taxonomy import Criteria
from analysis.text import name_key, printable
from analysis.warehouse import Warehouse
from pipelines.csv_files import Imported, csv_lines
from pipelines.desk_lock import warehouse_to_read
from pipelines.known import existing_warehouse
from pipelines.settings import Settings

COLUMNS = ("ticket", "said", "person")
OPTIONAL = ("other", "said_on")
Row = dict[str, Any]
Lines = Sequence[tuple[int, dict[str, str]]]


def known_families(settings: Settings) -> list[Row]:
    """The families, those on which Tier 2 spent most in 13 weeks first."""
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        require_families(warehouse)
        return families(warehouse)


def require_families(warehouse: Warehouse) -> None:
    """Raise `InputError` where nothing was reported yet."""
    if not warehouse.has("mart.families"):
        raise InputError(f"{warehouse.path}: nothing was reported yet; run `escalations report` first")


def import_families(settings: Settings, criteria: Criteria, file: Path, run_id: str, now: datetime) -> Imported:
    """Take over what a CSV says, all lines or none. Raises `InputError` naming the first line that is wrong."""
    lines = list(csv_lines(file, COLUMNS, OPTIONAL, {"ticket_key": "ticket", "other_key": "other"}))
    with existing_warehouse(settings.warehouse_file) as warehouse:
        require_families(warehouse)
        said = _said(file, lines, warehouse, ZoneInfo(criteria.site.reporting_zone), now)
        n_stored = store(warehouse, said, run_id, now)
    return Imported(n_stored, len(said) - n_stored)


def family_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Rows of `known_families` as a person reads them; those that were hit once are only counted."""
    shown = [row for row in rows if row["n_escalations"] > 1]
    for row in shown:
        at = f" at {row['n_dealers']} dealers" if row["n_dealers"] > 1 else ""
        told = [f"{row['n_escalations']} escalations{at}", f"{row['effort_hours']:.0f} h in 13 weeks"]
        told.append(f"last seen {row['last_seen_date']:%Y-%m-%d}")
        yield f"{printable(row['family_key'])} {row['state']}: {', '.join(told)}: {printable(row['title'])[:200]}"
    n_once = len(rows) - len(shown)
    if n_once:
        many = "1 failure was" if n_once == 1 else f"{n_once} failures were"
        yield f"{many} escalated once so far; --json tells of every one"
    if not rows:
        yield "no families yet: nothing that can come back was escalated"


def _said(file: Path, lines: Lines, warehouse: Warehouse, zone: ZoneInfo, now: datetime) -> list[Said]:
    today = now.replace(tzinfo=UTC).astimezone(zone).date()
    keys = {line[name].upper() for _, line in lines for name in ("ticket", "other") if line[name]}
    known = issue_ids(warehouse, sorted(keys))
    were_placed = placed(warehouse, list(known.values()))
    found: list[Said] = []
    belongs: dict[int, tuple[str, int]] = {}  # ticket → the words that say where it belongs, and their line
    for number, line in lines:
        one = _line(file, number, line, known, zone, today)
        for name, issue_id in (("ticket", one.issue_id), ("other", one.other_id)):
            if issue_id is not None and issue_id not in were_placed:
                fault = "was never placed: it did not escalate, cannot repeat, or came after the last report"
                raise InputError(f"{one.place}: {name} {fault}; leave the line out")
        found.append(one)
        if one.what != "merge":
            words, earlier = belongs.setdefault(one.issue_id, (one.words, number))
            if words != one.words:
                raise InputError(f"{one.place}: says otherwise of the ticket than line {earlier}; leave one of them")
    return found


def _line(
    file: Path, number: int, line: Mapping[str, str], known: Mapping[str, int], zone: ZoneInfo, today: date
) -> Said:
    place = f"{file}: line {number}"
    for name in COLUMNS:
        if not line[name]:
            raise InputError(f"{place}: {name} is empty; fill it in")
    what = name_key(line["said"]).replace(" ", "_")
    if what not in SAYS:
        raise InputError(f"{place}: said is none of {', '.join(SAYS)}; write one of them")
    ticket, other = line["ticket"].upper(), line["other"].upper()
    if (what == "alone") == bool(other):
        fault = "is filled, but it is alone; empty it" if other else "is empty; name the other ticket"
        raise InputError(f"{place}: other {fault}")
    for name, key in (("ticket", ticket), ("other", other)):
        if key and key not in known:
            raise InputError(f"{place}: {name}: no such ticket in the warehouse; write its key, such as SUP-12")
    other_id = known[other] if other else None
    if known[ticket] == other_id:
        raise InputError(f"{place}: other is the ticket itself; name another one")
    said_at = _noon(place, line["said_on"], zone, today) if line["said_on"] else None
    words = " ".join(part for part in (ticket, what, other) if part)
    source = f"csv {printable(file.name)}"
    return Said(known[ticket], what, other_id, line["person"], said_at, source, number, words, place)


def _noon(place: str, text: str, zone: ZoneInfo, today: date) -> datetime:
    """Noon of a day in the reporting zone, naive UTC: as far from both its ends as can be."""
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise InputError(f"{place}: said_on is no date; write it as 2026-03-02") from error
    if day > today:
        raise InputError(f"{place}: said_on is still to come; write when it was said, or leave it empty")
    return datetime.combine(day, time(12), zone).astimezone(UTC).replace(tzinfo=None)
