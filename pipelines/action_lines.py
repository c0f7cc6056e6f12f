"""The meeting's actions: taken over from a CSV, and told with what became of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from analysis.actions import Action, actions, effects, kept_in_jira, store
from analysis.errors import InputError
from analysis.masking import mask
from analysis.taxonomy import Criteria
from analysis.text import printable
from pipelines.csv_files import Imported, csv_lines
from pipelines.desk_lock import warehouse_to_read
from pipelines.known import existing_warehouse
from pipelines.settings import Settings

COLUMNS = ("action_id", "summary", "target", "decided_on", "status", "done_on")
STATUSES = ("open", "done", "dropped")
WHOLE_WEEKS = 4  # before and since, or no effect is told
Row = dict[str, Any]
Lines = Sequence[tuple[int, dict[str, str]]]


def import_actions(settings: Settings, criteria: Criteria, file: Path, run_id: str, now: datetime) -> Imported:
    """Take a CSV's actions over, all or none. Raises `InputError` naming the first line that is wrong."""
    lines = list(csv_lines(file, COLUMNS))
    found = _actions(file, lines, ZoneInfo(criteria.site.reporting_zone), now)
    with existing_warehouse(settings.warehouse_file) as warehouse:
        in_jira = kept_in_jira(warehouse, list(found))
        for number, line in lines:
            if line["action_id"] in in_jira:
                raise InputError(f"{file}: line {number}: is an action in Jira; change it there, or leave the line out")
        n_stored = store(warehouse, list(found.values()), run_id, now)
    return Imported(n_stored, len(found) - n_stored)


def known_actions(settings: Settings) -> tuple[list[Row], list[Row]]:
    """The actions, the newest decision first, and the effects of those that are done."""
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        if not warehouse.has("mart.action_effects"):
            raise InputError(f"{settings.warehouse_file}: nothing was reported yet; run `escalations report` first")
        return actions(warehouse), effects(warehouse)


def action_lines(rows: Sequence[Row], effects: Sequence[Row]) -> Iterator[str]:
    """Rows of mart.actions and mart.action_effects as a person reads them, the newest decision first."""
    if not rows:
        yield (
            "no actions: give their issues in Jira a label of [not_tickets] in site.toml, or take a CSV over with "
            f"`escalations actions --import FILE` (columns {', '.join(COLUMNS)})"
        )
    by_id = {effect["action_id"]: effect for effect in effects}
    newest_first = sorted(sorted(rows, key=lambda one: str(one["action_id"])), key=_decided, reverse=True)
    for row in newest_first:
        told = [printable(row["summary"])[:200], *_target(row), *_state(row)]
        if row["status"] == "done" and row["action_id"] in by_id:
            told.append(_effect(by_id[row["action_id"]]))
        yield f"{printable(row['action_id'])}, decided {row['decided_date']:%Y-%m-%d}: {'; '.join(told)}"


def _decided(row: Row) -> datetime:
    decided_at: datetime = row["decided_at"]
    return decided_at


def _target(row: Row) -> Iterator[str]:
    if not row["target"]:
        yield "no target"
    elif row["is_target_known"]:
        yield f"target {row['target']}"
    else:
        yield f"target not understood: {printable(row['target'])[:100]}"


def _state(row: Row) -> Iterator[str]:
    if row["status"] == "done":
        yield f"done {row['done_date']:%Y-%m-%d}" if row["done_at"] else "done, but Jira does not tell when"
    else:
        yield "not done" if row["status"] == "open" else "dropped"


def _effect(one: Row) -> str:
    """`fewer: 13 in 13 weeks before, 0 in the 5 since (rate ratio 0, at most 0.77)`."""
    if one["n_weeks_since"] < WHOLE_WEEKS:
        return f"too early: {_weeks(one['n_weeks_since'])} since"
    if one["n_weeks_before"] < WHOLE_WEEKS:
        return f"too early: only {_weeks(one['n_weeks_before'])} of tickets before"
    before = f"{one['n_before']} in {one['n_weeks_before']} weeks before"
    counts = f"{before}, {one['n_since']} in the {one['n_weeks_since']} since"
    if one["verdict"] == "too early":
        return f"too early: only {counts}"
    if one["high"] is None:
        return f"{one['verdict']}: {counts} (rate ratio at least {_ratio(one['low'])})"
    bounds = f"between {_ratio(one['low'])} and" if one["n_since"] else "at most"
    return f"{one['verdict']}: {counts} (rate ratio {_ratio(one['rate_ratio'])}, {bounds} {_ratio(one['high'])})"


def _weeks(n: int) -> str:
    return "1 whole week" if n == 1 else f"{n} whole weeks"


def _ratio(value: float) -> str:
    """Two digits, more where they would round to the other side of 1."""
    texts = (f"{float(f'{value:.{digits}g}'):g}" for digits in range(2, 7))
    return next((text for text in texts if (float(text) < 1, float(text) > 1) == (value < 1, value > 1)), "1")


def _actions(file: Path, lines: Lines, zone: ZoneInfo, now: datetime) -> dict[str, Action]:
    today = now.replace(tzinfo=UTC).astimezone(zone).date()
    found: dict[str, Action] = {}
    for number, line in lines:
        place = f"{file}: line {number}"
        action = _action(place, line, zone, today)
        if found.setdefault(action.action_id, action) != action:
            raise InputError(f"{place}: tells otherwise of an action than an earlier line; leave one of them")
    return found


def _action(place: str, line: Mapping[str, str], zone: ZoneInfo, today: date) -> Action:
    for name in ("action_id", "summary", "decided_on", "status"):
        if not line[name]:
            raise InputError(f"{place}: {name} is empty; fill it in")
    status = line["status"].casefold()
    if status not in STATUSES:
        raise InputError(f"{place}: no such status; write {', '.join(STATUSES)}")
    decided = _date(place, "decided_on", line["decided_on"], today)
    done = _date(place, "done_on", line["done_on"], today) if line["done_on"] else None
    if (status == "done") != (done is not None):
        fault = "is empty; say when it was done" if done is None else f"is filled, but it is {status}; empty it"
        raise InputError(f"{place}: done_on {fault}")
    if done and done < decided:
        raise InputError(f"{place}: done_on is before decided_on; put one of them right")
    target = line["target"]
    if target.casefold().startswith("target:"):
        target = target[len("target:") :].strip()
    return Action(
        *(line["action_id"], mask(line["summary"]), mask(target) or None, status),
        *(_noon(decided, zone), _noon(done, zone) if done else None),
    )


def _date(place: str, name: str, text: str, today: date) -> date:
    try:
        found = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise InputError(f"{place}: {name} is no date; write it as 2026-03-02") from error
    if found > today:
        raise InputError(f"{place}: {name} is still to come; it takes what has happened")
    return found


def _noon(day: date, zone: ZoneInfo) -> datetime:
    """As far from both its ends as can be, so that it stays that day if the reporting zone is set right later."""
    return datetime.combine(day, time(12), zone).astimezone(UTC).replace(tzinfo=None)
