"""STEP report: frames → the week's page, one file that opens without a network."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from reports import charts
from reports.render import percent, plural, render

Frames = dict[str, pd.DataFrame]
Row = dict[str, Any]
SETTLES = timedelta(days=14)  # a reopening may withdraw a resolution for this long
TARGET = 0.8
SHOWN_WEEKS = 40
TAG_KINDS = {"provider": "Provider", "failure_category": "Failure category", "root_cause": "Root cause, once resolved"}
TAG_SOURCES = ("answer", "field", "rule", "classifier", "none")
TAG_MEASURES = ("tag_quality", "tag_sources", "tag_drift")
SIGNALS = {
    "provider_untagged": "escalations without a provider",
    "category_untagged": "escalations without a failure category",
    "rule_against_classifier": "tickets on which rules and classifier disagree",
    "new_words": "tickets with many new words",
}
CAUSES = {
    "late_data": "data that came late",
    "reopen": "a reopening",
    "correction": "a tag that a person corrected",
    "rules": "other rules",
    "model": "another classifier",
    "definition": "another definition",
}
CURES = {
    "runbook": "a runbook for OPS",
    "permanent_fix": "a permanent fix",
    "chase_provider": "chasing the provider",
    "train": "training OPS",
    "give_access": "giving OPS access",
}
REPORTS = (
    ("repeats", "same_failure"),
    ("ops_should_have_handled", "claimed"),
    ("resolution_without_tier3", "by_resolution"),
)


@dataclass(frozen=True)
class Number:
    """A measure's row with the id of the list of its tickets and of its definition."""

    row: Row
    list_id: str
    definition_id: str

    @property
    def share(self) -> str:
        """The value as a percentage with its interval."""
        return f"{percent(self.row['value'])} ({percent(self.row['low'])[:-2]}–{percent(self.row['high'])})"


def report(frames: Frames, folder: Path, notes: Iterable[str], jira: str | None) -> Path:
    """Write `<folder>/<week>/index.html`, whole or not at all. Gives its path.

    `frames` are those of `measure.frames`; `jira` is the address of the Jira that keys link to, if known.
    """
    page = render("week.html.j2", **page_values(frames, tuple(notes), jira))
    week: date = _clock(frames)["week"]
    path = folder / f"{week:%G-W%V}" / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(page, encoding="utf-8")
    partial.replace(path)
    return path


def page_values(frames: Frames, notes: tuple[str, ...], jira: str | None) -> dict[str, Any]:
    """Everything that the template names."""
    clock = _clock(frames)
    zone = ZoneInfo(clock["reporting_zone"])
    week: date = clock["week"]
    escalations = _escalations(frames, zone)
    numbers = _numbers(frames, week)
    lists = _lists(frames, escalations)
    families = _families(frames, escalations)
    sections = [_section(frames, measure, variant, numbers, week) for measure, variant in REPORTS]
    return {
        "week": week,
        "week_end": week + timedelta(days=6),
        "zone": clock["reporting_zone"],
        "as_of": clock["as_of"].replace(tzinfo=UTC).astimezone(zone),
        "settles_on": week + timedelta(days=7) + SETTLES,
        "is_provisional": clock["as_of"].replace(tzinfo=UTC).astimezone(zone).date()
        < week + timedelta(days=7) + SETTLES,
        "numbers": numbers,
        "lately": _lately(frames, week),
        "before": _before(frames, week, numbers),
        "status": status_against_target(numbers["resolution_without_tier3/by_resolution"].row),
        "sections": sections,
        "families": families,
        "family_ids": {row["family_id"]: row for row in families},
        "modes": _records(frames["modes"]),
        "now": clock["as_of"],
        "cures": CURES,
        "open_now": _open_at_week_end(numbers, frames, escalations),
        "backlog_chart": charts.backlog_age(_history(frames, "backlog_age", "open_at_week_end", "count")),
        "lists": lists,
        "tickets": _shown(lists, families, escalations),
        "providers": {row["provider"]: row for row in _records(frames["providers"])},
        "criteria": {row["criterion_id"]: row["title"] for row in _records(frames["criteria"])},
        "definitions": _definitions(frames),
        "tag_sources": _tag_sources(frames),
        "signals": _signals(frames, numbers),
        "excluded": _records(frames["excluded"]),
        "unmatched": _unmatched(escalations.values()),
        "restatements": _restatements(frames, escalations),
        "notes": notes,
        "jira": jira,
        "plotly": charts.library(),
    }


def status_against_target(row: Row) -> str:
    """met, likely, not met or too few, as DESIGN's 6.2 says."""
    if row["is_too_few"]:
        return "too few"
    if row["low"] >= TARGET:
        return "met"
    return "likely" if row["value"] >= TARGET else "not met"


def _clock(frames: Frames) -> Row:
    row = _records(frames["clock"])[0]
    return row | {"week": pd.Timestamp(row["week"]).date()}


def _records(frame: pd.DataFrame) -> list[Row]:
    """Rows as plain Python values: missing is None, times are datetimes."""
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(k): v.to_pydatetime() if isinstance(v, pd.Timestamp) else v for k, v in row.items()} for row in rows]


def anchor(*parts: str) -> str:
    """An id for a place on the page."""
    return "-".join("".join(c if c.isalnum() else "-" for c in part) for part in parts)


def _numbers(frames: Frames, week: date) -> dict[str, Number]:
    """`measure/variant` (and `/statistic` where it is not the share) → the reported week's number over all tickets."""
    rows = frames["measures"]
    rows = rows[(rows["week"] == pd.Timestamp(week)) & (rows["group_key"] == "all")]
    found = {}
    for row in _records(rows):
        name = f"{row['measure']}/{row['variant']}"
        if row["statistic"] not in ("share", "count"):
            name += f"/{row['statistic']}"
        found[name] = _number(row)
    return found


def _number(row: Row) -> Number:
    list_id = anchor("list", row["measure"], row["variant"], row["group_key"])
    return Number(row, list_id, _definition_anchor(row))


def _definition_anchor(row: Row) -> str:
    """One week alone is defined as the pooled form is."""
    return anchor("definition", row["measure"], row["variant"].removesuffix("_week"))


def _lately(frames: Frames, week: date) -> float | None:
    """Escalations a week over the 13 weeks before the reported one."""
    rows = _history(frames, "volume", "escalations", "count")
    rows = rows[rows["week"] < pd.Timestamp(week)].tail(13)
    return float(rows["value"].mean()) if len(rows) else None


def _before(frames: Frames, week: date, numbers: dict[str, Number]) -> Row | None:
    """The headline of the weeks just before those that are pooled now, if it pools as many."""
    pooled = int(numbers["resolution_without_tier3/by_resolution"].row["n_weeks_pooled"])
    rows = _history(frames, "resolution_without_tier3", "by_resolution", "share")
    rows = rows[(rows["week"] == pd.Timestamp(week) - pd.Timedelta(weeks=pooled)) & (rows["n_weeks_pooled"] == pooled)]
    found = _records(rows)
    return found[0] if found else None


def _history(frames: Frames, measure: str, variant: str, statistic: str) -> pd.DataFrame:
    rows = frames["measures"]
    chosen = (rows["measure"] == measure) & (rows["variant"] == variant) & (rows["statistic"] == statistic)
    return rows[chosen & (rows["group_key"] == "all")].tail(SHOWN_WEEKS)


def _section(frames: Frames, measure: str, variant: str, numbers: dict[str, Number], week: date) -> Row:
    """One of the three reports: its number, chart, table behind the chart, and providers."""
    weekly = _history(frames, measure, f"{variant}_week", "share")
    pooled = _history(frames, measure, variant, "share")
    draw = {
        "repeats": charts.repeats,
        "ops_should_have_handled": charts.ops_should_have_handled,
        "resolution_without_tier3": charts.resolution_without_tier3,
    }[measure]
    rows = frames["measures"]
    chosen = (rows["measure"] == measure) & (rows["variant"] == variant) & (rows["week"] == pd.Timestamp(week))
    groups = rows[chosen & rows["group_key"].str.startswith("provider:") & (rows["n"] > 0)]
    by_provider = [(row["group_key"].partition(":")[2], _number(row)) for row in _records(groups)]
    return {
        "measure": measure,
        "number": numbers[f"{measure}/{variant}"],
        "weekly": numbers[f"{measure}/{variant}_week"],
        "chart": draw(pooled if measure == "resolution_without_tier3" else weekly),
        "history": list(zip(_records(weekly), _records(pooled), strict=True))[::-1],
        "providers": sorted(by_provider, key=lambda pair: (-pair[1].row["n"], pair[0])),
    }


def _escalations(frames: Frames, zone: ZoneInfo) -> dict[tuple[int, int], Row]:
    """(issue_id, escalation_no) → what the page tells of it, times in the reporting zone."""
    evidence: dict[tuple[int, int], list[Row]] = {}
    for row in _records(frames["evidence"]):
        row["known_at"] = _local(row["known_at"], zone)
        evidence.setdefault((row["issue_id"], row["escalation_no"]), []).append(row)
    found = {}
    for row in _records(frames["escalations"]):
        key = (row["issue_id"], row["escalation_no"])
        for name in ("escalated_at", "resolved_at"):
            row[name] = _local(row[name], zone)
        found[key] = row | {
            "anchor": _ticket_anchor(row["ticket_key"], row["escalation_no"]),
            "repeat_of_anchor": _ticket_anchor(row["repeat_of_key"] or "", row["repeat_of_no"] or 1),
            "evidence": evidence.get(key, []),
            "dealer": row["dealer_name"] or row["dealer_text"],
        }
    return found


def _ticket_anchor(ticket_key: str, escalation_no: int) -> str:
    return anchor("ticket", ticket_key if escalation_no == 1 else f"{ticket_key}-{escalation_no}")


def _local(value: datetime | None, zone: ZoneInfo) -> datetime | None:
    return value.replace(tzinfo=UTC).astimezone(zone) if value is not None else None


def _lists(frames: Frames, escalations: dict[tuple[int, int], Row]) -> list[Row]:
    """The tickets behind each number of the week: those in the numerator first."""
    titles = {(row["measure"], row["variant"]): row for row in _records(frames["definitions"])}
    n_forms = Counter(measure for (measure, _), row in titles.items() if not row["is_week_alone"])
    members: dict[tuple[str, str, str], list[Row]] = {}
    for row in _records(frames["measure_tickets"]):
        is_told = row["group_key"] == "all" or row["measure"] not in TAG_MEASURES
        if row["statistic"] in ("share", "count") and is_told:
            members.setdefault((row["measure"], row["variant"], row["group_key"]), []).append(row)
    for measure, variant in titles:
        members.setdefault((measure, variant, "all"), [])
    lists = []
    for (measure, variant, group), rows in sorted(members.items()):
        # what was published may name a ticket that Jira has deleted since
        told = [escalations[_key(row)] | {"counts": row} for row in rows if _key(row) in escalations]
        told.sort(key=lambda t: (not t["counts"]["in_numerator"], t["counts"]["is_pending"], t["escalated_at"]))
        definition = titles[(measure, variant)]
        lists.append(
            {
                "id": anchor("list", measure, variant, group),
                "title": definition["title"],
                "form": variant.removesuffix("_week").replace("_", " ") if n_forms[measure] > 1 else "",
                "group": "" if group == "all" else group.partition(":")[2],
                "weeks": "this week alone" if definition["is_week_alone"] else "",
                "definition": definition | {"id": _definition_anchor(definition)},
                "inside": [t for t in told if t["counts"]["in_numerator"] and not t["counts"]["is_pending"]],
                "outside": [t for t in told if not t["counts"]["in_numerator"] and not t["counts"]["is_pending"]],
                "pending": [t for t in told if t["counts"]["is_pending"]],
                "n_gone": len(rows) - len(told),
                "is_share": "share" in list(definition["statistics"]),
            }
        )
    return lists


def _shown(lists: list[Row], families: list[Row], escalations: dict[tuple[int, int], Row]) -> list[Row]:
    """The escalations that some list or family names, and those that they repeat; in order of time."""
    named = {_key(ticket) for one in lists for part in ("inside", "outside", "pending") for ticket in one[part]}
    named |= {_key(ticket) for family in families for ticket in family["tickets"]}
    named |= {(escalations[key]["repeat_of"], escalations[key]["repeat_of_no"]) for key in named}
    return [row for key, row in escalations.items() if key in named]


def _key(row: Row) -> tuple[int, int]:
    return row["issue_id"], row["escalation_no"]


def _families(frames: Frames, escalations: dict[tuple[int, int], Row]) -> list[Row]:
    """The families on which Tier 2 spent most, with their tickets (the newest first) and what was done about them."""
    tickets: dict[int, list[Row]] = {}
    for row in _records(frames["family_tickets"]):
        tickets.setdefault(row["family_id"], []).append(escalations[_key(row)])
    remedies: dict[int, list[Row]] = {}
    for row in _records(frames["remedies"]):
        remedies.setdefault(row["family_id"], []).append(row)
    return [
        row
        | {"tickets": tickets.get(row["family_id"], []), "remedies": remedies.get(row["family_id"], [])}
        | {"id": anchor("family", row["founder_key"])}
        for row in _records(frames["families"])
    ]


def _open_at_week_end(numbers: dict[str, Number], frames: Frames, escalations: dict[tuple[int, int], Row]) -> Row:
    rows = frames["measure_tickets"]
    mine = rows[(rows["measure"] == "backlog_age") & (rows["statistic"] == "count") & (rows["group_key"] == "all")]
    tickets = [escalations[_key(row)] for row in _records(mine) if _key(row) in escalations]
    return {
        "count": numbers["backlog_age/open_at_week_end"],
        "median": numbers["backlog_age/open_at_week_end/median"],
        "p90": numbers["backlog_age/open_at_week_end/p90"],
        "tickets": sorted(tickets, key=lambda t: t["escalated_at"]),
    }


def _definitions(frames: Frames) -> list[Row]:
    return [
        row | {"id": anchor("definition", row["measure"], row["variant"])} for row in _records(frames["definitions"])
    ]


def _tag_sources(frames: Frames) -> list[tuple[str, list[int]]]:
    """Each kind of tag of escalated tickets → how many come from each of `TAG_SOURCES`."""
    counts = {(row["kind"], row["source"]): int(row["n"]) for row in _records(frames["tag_sources"])}
    return [(name, [counts.get((kind, source), 0) for source in TAG_SOURCES]) for kind, name in TAG_KINDS.items()]


def _signals(frames: Frames, numbers: dict[str, Number]) -> list[Row]:
    """What tells of the week whether tickets are still what rules and classifier were made for, in words."""
    rows = {row["signal"]: row for row in _records(frames["tag_drift"])}
    return [
        rows[signal] | {"words": words, "number": numbers[f"{rows[signal]['measure']}/{signal}_week"]}
        for signal, words in SIGNALS.items()
    ]


def _restatements(frames: Frames, escalations: dict[tuple[int, int], Row]) -> list[Row]:
    """What the page says otherwise than it did, why, and which tickets moved it."""
    moved: dict[int, list[str]] = {}
    for row in _records(frames["restated_tickets"]):
        ticket = escalations.get(_key(row))
        moved.setdefault(row["event_id"], []).append(ticket["ticket_key"] if ticket else "a deleted ticket")
    return [
        row | {"why": CAUSES[row["cause"]], "moved": moved.get(row["event_id"], [])}
        for row in _records(frames["restatements"])
    ]


def _unmatched(tickets: Iterable[Row]) -> str:
    listed = list(tickets)
    strangers = sum(1 for t in listed if t["dealer_id"] is None and t["dealer_text"])
    silent = sum(1 for t in listed if not t["dealer_text"])
    return f"{plural(strangers, 'escalation')} with a dealer that matches nobody, {silent} without one"
