"""Replies to verdicts and rulings on them: taken over from a CSV, and told with how each verdict stands."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from analysis.errors import InputError
from analysis.review import issue_ids
from analysis.rulings import REASONS, REPLIES, RULINGS, Saying, escalations_of, not_counted, standings, store
from analysis.taxonomy import Criteria, Site
from analysis.text import name_key, printable
from pipelines.csv_files import Imported, csv_lines
from pipelines.desk_lock import warehouse_to_read
from pipelines.known import existing_warehouse
from pipelines.settings import Settings

COLUMNS = ("ticket", "said", "person", "said_on")
KINDS = (REPLIES, RULINGS, REASONS)
SAYS = (*REPLIES, *RULINGS, *REASONS)
STANDINGS = ("agreed", "withdrawn", "contested", "unanswered", "claimed")
WHY_NOT = {
    "nobody": "automation, or nobody whom Jira names, said so",
    "not_ops": "who said so was not of OPS then",
    "late": "it came after the fifth working day",
    "not_ruler": "who said so was not listed as ruler then",
    "set_tier": "who ruled had sent the ticket up or down",
    "assigned": "who ruled had been its assignee",
    "replied": "who ruled had replied to the verdict",
    "not_contested": "OPS had not contested it in time",
}
Row = dict[str, Any]
Lines = Sequence[tuple[int, dict[str, str]]]


def import_rulings(settings: Settings, criteria: Criteria, file: Path, run_id: str, now: datetime) -> Imported:
    """Take over what a CSV says, all lines or none. Raises `InputError` naming the first line that is wrong."""
    lines = list(csv_lines(file, COLUMNS, other_names={"ticket_key": "ticket"}))
    zone = ZoneInfo(criteria.site.reporting_zone)
    today = _day(now, zone)
    with existing_warehouse(settings.warehouse_file) as warehouse:
        known = issue_ids(warehouse, sorted({line["ticket"].upper() for _, line in lines}))
        escalated = escalations_of(warehouse, list(known.values()))
        found: dict[str, Saying] = {}
        said: dict[tuple[int, tuple[str, ...], datetime], tuple[str, int]] = {}
        for number, line in lines:
            place = f"{file}: line {number}"
            what, day = _what(place, line), _date(place, line["said_on"], today)
            if line["ticket"].upper() not in known:
                raise InputError(f"{place}: ticket: no such ticket in the warehouse; write its key, such as SUP-12")
            _check_person(place, criteria.site, line["person"], what, day)
            one = _saying(place, known[line["ticket"].upper()], what, line["person"], day, escalated, zone)
            key = one.issue_id, next(kind for kind in KINDS if what in kind), one.said_at
            word, earlier = said.setdefault(key, (what, number))
            if word != what:
                raise InputError(f"{place}: says otherwise of that day than line {earlier}; leave one of them")
            found[one.source_ref] = one
        n_stored = store(warehouse, list(found.values()), run_id, now)
    return Imported(n_stored, len(found) - n_stored)


def known_rulings(settings: Settings) -> tuple[list[Row], list[Row]]:
    """How each verdict stands, what waits first; and what was said and does not count."""
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        if not warehouse.has("mart.rulings"):
            raise InputError(f"{settings.warehouse_file}: nothing was reported yet; run `escalations report` first")
        return standings(warehouse), not_counted(warehouse)


def ruling_lines(verdicts: Sequence[Row], left_out: Sequence[Row]) -> Iterator[str]:
    """What waits for a ruling or a reply, what does not count and why, and how many stand how."""
    for row in verdicts:
        what = f"{printable(row['ticket_key'])}, escalated {row['escalated_date']:%Y-%m-%d}, {row['criterion_id']}"
        if row["standing"] == "contested":
            yield f"{what}: contested, waits for a ruling"
        elif row["standing"] == "claimed":
            until = f" until {row['closes_date']:%Y-%m-%d}" if row["closes_date"] else ""
            yield f"{what}: OPS may reply{until}"
    for row in left_out:
        gone = ", taken back" if row["is_taken_back"] else ""
        said = f"{row['said']}{gone} on {row['said_date']:%Y-%m-%d}"
        yield f"{printable(row['ticket_key'])}: {said} does not count: {WHY_NOT[row['excluded_as']]}"
    counts = Counter(str(row["standing"]) for row in verdicts)
    told = [f"{counts[one]} {one}" for one in STANDINGS if counts[one]]
    yield f"verdicts: {', '.join(told)}" if told else "no verdict claims that OPS should have handled something"


def _what(place: str, line: Mapping[str, str]) -> str:
    for name in COLUMNS:
        if not line[name]:
            raise InputError(f"{place}: {name} is empty; fill it in")
    what = name_key(line["said"]).removeprefix("verdict ").removeprefix("why ")
    if what not in SAYS:
        raise InputError(f"{place}: said is none of {', '.join(SAYS)}; write one of them")
    return what


def _date(place: str, text: str, today: date) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise InputError(f"{place}: said_on is no date; write it as 2026-03-02") from error
    if day > today:
        raise InputError(f"{place}: said_on is still to come; write when it was said")
    return day


def _check_person(place: str, site: Site, person: str, what: str, day: date) -> None:
    """Raise `InputError` where it could never count."""
    at = [m for m in site.member if m.id == person and (m.since is None or m.since <= day)]
    at = [m for m in at if m.until is None or day < m.until]
    if what in RULINGS and not any(m.ruler for m in at):
        fault = "is no ruler on that day; name one whom site.toml lists with `ruler = true`"
        raise InputError(f"{place}: person {fault}")
    if what not in RULINGS and not any(m.tier == 1 for m in at):
        raise InputError(f"{place}: person is not of OPS on that day; name one whom site.toml lists at tier 1")


def _saying(
    place: str,
    issue_id: int,
    what: str,
    person: str,
    day: date,
    escalated: Mapping[int, Sequence[datetime]],
    zone: ZoneInfo,
) -> Saying:
    """Said at noon, as far from both the day's ends as can be, or at the escalation where that came later that day."""
    begun = [at for at in escalated.get(issue_id, ()) if _day(at, zone) <= day]
    if not begun:
        raise InputError(f"{place}: the ticket had not escalated on that day; write when it was said, or leave it out")
    noon = datetime.combine(day, time(12), zone).astimezone(UTC).replace(tzinfo=None)
    source = f"csv {issue_id} {day.isoformat()} {what} {printable(person)}"
    return Saying(issue_id, len(begun), what, person, max(noon, begun[-1]), source)


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.replace(tzinfo=UTC).astimezone(zone).date()
