"""The frames of one week as rows: numbers, escalations, families, providers, and what they are called on every page."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from reports.counts import Counts
from reports.tables import Row
from reports.wording import anchor, interval, percent, words

Frames = dict[str, pd.DataFrame]
Key = tuple[int, int]
SETTLES = timedelta(days=14)  # a reopening may withdraw a resolution for this long
TARGET = 0.8
SHOWN_WEEKS = 40
SYMBOLS = ("circle", "square", "triangle", "diamond", "pentagon", "star", "cross")  # told apart without colour
JIRA_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]*-\d+")
LAST_PROVIDERS = ("other", "none")
# Control characters (but tab and line ends), and marks that turn the direction of what follows, beyond the text itself.
UNSEEN = dict.fromkeys(
    [*range(9), 11, 12, *range(14, 32), 127, 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
# of which numbers pages tell each provider's, so that these have lists of their tickets
BY_PROVIDER = (
    ("repeats", "same_failure"),
    ("ops_should_have_handled", "claimed"),
    ("resolution_without_tier3", "by_resolution"),
    ("waits", "overdue"),
)


LISTED_BY_PROVIDER = (*BY_PROVIDER, ("volume", "escalations"))


@dataclass(frozen=True)
class Number:
    """A measure's row with the places where its tickets and its definition are."""

    row: Row
    href: str
    definition: str

    @property
    def share(self) -> str:
        """The value as a percentage with its interval."""
        return f"{percent(self.row['value'])} ({interval(self.row['low'], self.row['high'])})"

    @property
    def of(self) -> str:
        """`3 of 17`."""
        return f"{self.row['numerator']} of {self.row['denominator']}"


def records(frame: pd.DataFrame) -> list[Row]:
    """Rows as plain values: missing is None, times are datetimes; no text holds what steers a page."""
    columns = [_plain(frame[name]) for name in frame.columns]
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(column: "pd.Series[Any]") -> list[Any]:
    is_time = pd.api.types.is_datetime64_any_dtype(column)
    values = [value.to_pydatetime() for value in column] if is_time else column.tolist()
    if not (is_time or pd.api.types.is_numeric_dtype(column)):
        values = [_cell(value) for value in values]
    missing = column.isna()
    return [None if gone else value for gone, value in zip(missing, values, strict=True)] if missing.any() else values


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else value.translate(UNSEEN)
    return [_cell(one) for one in value] if hasattr(value, "tolist") and hasattr(value, "__len__") else value


def file_names(keys: Iterable[tuple[int, str]]) -> dict[int, str]:
    """Issue id → name of its page: safe, and its own where a file system does not tell capitals from small letters."""
    taken = {"index", ""}
    names = {}
    for issue_id, key in keys:
        name = anchor(key[:60])
        if name != key or name.lower() in taken:
            name = f"{name}-{issue_id}"
        taken.add(name.lower())
        names[issue_id] = name
    return names


class Week:
    """One week's frames, read once; every page is made from it.

    `jira` is the address of the Jira that keys link to, if known; `notes` are what the run had to say.
    """

    def __init__(self, frames: Frames, notes: tuple[str, ...] = (), jira: str | None = None) -> None:
        self.frames, self.notes, self.jira = frames, tuple(map(_cell, notes)), jira
        clock = self.rows("clock")[0]
        self.now: datetime = clock["as_of"]
        self.zone_name: str = clock["reporting_zone"]
        self.zone = ZoneInfo(self.zone_name)
        self.monday: date = pd.Timestamp(clock["week"]).date()

    def rows(self, name: str) -> list[Row]:
        """The rows of a frame; none where the warehouse has no such frame."""
        return records(self.frames[name]) if name in self.frames else []

    def local(self, moment: datetime | None) -> datetime | None:
        """A moment in UTC as one in the reporting zone."""
        return moment.replace(tzinfo=UTC).astimezone(self.zone) if moment is not None else None

    @property
    def local_now(self) -> datetime:
        """The moment of the data in the reporting zone."""
        return self.now.replace(tzinfo=UTC).astimezone(self.zone)

    # -- the week itself -----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """`2026-W47`."""
        return f"{self.monday:%G-W%V}"

    @property
    def sunday(self) -> date:
        """Its last day."""
        return self.monday + timedelta(days=6)

    @property
    def settles_on(self) -> date:
        """The day from which nothing of it may change by a reopening."""
        return self.monday + timedelta(days=7) + SETTLES

    @cached_property
    def today(self) -> date:
        """The day of the data in the reporting zone."""
        return self.local_now.date()

    @cached_property
    def _stored(self) -> dict[date, Row]:
        return {pd.Timestamp(row["week"]).date(): row for row in self.rows("weeks")}

    def state_of(self, monday: date) -> str:
        """restated, final, provisional, or settled (old enough, and nobody published it)."""
        row = self._stored.get(monday, {})
        if row.get("is_final"):
            return "restated" if row["n_restated"] else "final"
        return "settled" if monday + timedelta(days=7) + SETTLES <= self.today else "provisional"

    def is_pale(self, monday: date) -> bool:
        """Whether a week's numbers may still change."""
        return self.state_of(monday) == "provisional"

    # -- numbers -------------------------------------------------------------------------------------------

    @cached_property
    def numbers(self) -> dict[str, Number]:
        """`measure/variant` (and `/statistic` where it is no share or count) → the week's number over all tickets."""
        return {_name(row): self.number(row) for row in self._now if row["group_key"] == "all"}

    @cached_property
    def _now(self) -> list[Row]:
        rows = self.frames["measures"]
        return records(rows[rows["week"] == pd.Timestamp(self.monday)])

    @cached_property
    def pooled(self) -> dict[tuple[str, str, str], int]:
        """Measure, form and group → how many weeks its number of this week counts together."""
        return {(row["measure"], row["variant"], row["group_key"]): row["n_weeks_pooled"] for row in self._now}

    def by_provider(self, measure: str, variant: str) -> dict[str, Number]:
        """Provider → its number of the week, where it counts anything."""
        found = {}
        for row in self._now:
            kind, _, group = row["group_key"].partition(":")
            if kind == "provider" and (row["measure"], row["variant"]) == (measure, variant) and row["n"] > 0:
                found[group] = self.number(row)
        return {one: found[one] for one in sorted(found, key=self.place_of)}

    def number(self, row: Row) -> Number:
        """A measure's row with its links; one week alone is defined as the pooled form is."""
        form = row["variant"].removesuffix("_week")
        group = "" if row["group_key"] == "all" else f"-{anchor(row['group_key'].partition(':')[2])}"
        href = f"numbers/{row['measure']}.html#{anchor(row['variant'])}{group}"
        return Number(row, href, f"definitions.html#{anchor(row['measure'], form)}")

    def history(self, measure: str, variant: str, statistic: str, group: str = "all") -> list[Row]:
        """The last weeks' rows of a number, oldest first."""
        rows = self.frames["measures"]
        chosen = (rows["measure"] == measure) & (rows["variant"] == variant) & (rows["statistic"] == statistic)
        found = records(rows[chosen & (rows["group_key"] == group)].tail(SHOWN_WEEKS))
        return [row | {"week": row["week"].date(), "is_pale": self.is_pale(row["week"].date())} for row in found]

    @cached_property
    def marks(self) -> dict[date, str]:
        """Monday → what was changed in that week: rules, classifier, definition, criteria."""
        found: dict[date, list[str]] = {}
        for row in self.rows("marks"):
            found.setdefault(pd.Timestamp(row["week"]).date(), []).append(row["what"])
        return {week: ", ".join(what) for week, what in found.items()}

    # -- names ---------------------------------------------------------------------------------------------

    @cached_property
    def providers(self) -> dict[str, Row]:
        """Provider → name, colour, symbol, page; the two that are none of the five stand last."""
        rows = sorted(self.rows("providers"), key=lambda r: (r["provider"] in LAST_PROVIDERS, r["name"].lower()))
        return {
            row["provider"]: row
            | {"symbol": SYMBOLS[min(place, len(SYMBOLS) - 1)]}
            | {"css": f"p-{anchor(row['provider'])} s-{SYMBOLS[min(place, len(SYMBOLS) - 1)]}"}
            | {"href": None if row["provider"] in LAST_PROVIDERS else f"providers/{anchor(row['provider'])}.html"}
            for place, row in enumerate(rows)
        }

    def place_of(self, provider: str | None) -> int:
        """Where a provider stands on every page; never by its numbers."""
        return list(self.providers).index(provider) if provider in self.providers else len(self.providers)

    def provider_name(self, provider: str | None) -> str:
        """What a provider is called."""
        return str(self.providers[provider]["name"]) if provider in self.providers else words(provider)

    @cached_property
    def criteria(self) -> dict[str, str]:
        """Criterion → its newest title in plain words."""
        return {row["criterion_id"]: row["title"] for row in self.rows("criteria")}

    # -- tickets -------------------------------------------------------------------------------------------

    @cached_property
    def files(self) -> dict[int, str]:
        """Issue id → name of its page."""
        return file_names((row["issue_id"], row["ticket_key"]) for row in self.rows("tickets"))

    @cached_property
    def hrefs(self) -> dict[str, str]:
        """Ticket key → its page, of tickets that have one."""
        return {row["ticket_key"]: f"tickets/{self.files[row['issue_id']]}.html" for row in self.rows("tickets")}

    def in_jira(self, key: str | None) -> str | None:
        """The address of a ticket in Jira; none where that is not known, or the key is none that Jira gives."""
        return f"{self.jira}/browse/{key}" if self.jira and key and JIRA_KEY.fullmatch(key) else None

    @cached_property
    def escalations(self) -> dict[Key, Row]:
        """(issue_id, escalation_no) → what pages tell of it, times in the reporting zone."""
        found = {}
        for row in self.rows("escalations"):
            for name in ("escalated_at", "resolved_at", "window_closes_at"):
                row[name] = self.local(row[name])
            row["dealer"] = row["dealer_name"] or row["dealer_text"]
            row["provider_name"] = self.provider_name(row["provider"])
            found[key_of(row)] = row
        return found

    @cached_property
    def evidence(self) -> dict[Key, list[Row]]:
        """(issue_id, escalation_no) → the facts for and against, times in the reporting zone."""
        found: dict[Key, list[Row]] = {}
        for row in self.rows("evidence"):
            found.setdefault(key_of(row), []).append(row | {"known_at": self.local(row["known_at"])})
        return found

    # -- families ------------------------------------------------------------------------------------------

    @cached_property
    def families(self) -> dict[int, Row]:
        """Family → its row with its page, those on which Tier 2 spent most first."""
        rows = self.rows("families")
        names = file_names((row["family_id"], row["founder_key"]) for row in rows)
        return {row["family_id"]: row | {"href": f"families/{names[row['family_id']]}.html"} for row in rows}

    @cached_property
    def counts(self) -> Counts:
        """The counts that are no measures, of what the week's pages tell."""
        members = [*self.rows("count_tickets"), *self.rows("week_tickets")]
        return Counts(members, self.rows("counted"), self.families)

    def grouped(self, name: str, by: str) -> dict[Any, list[Row]]:
        """The rows of a frame by one of its columns."""
        found: dict[Any, list[Row]] = {}
        for row in self.rows(name):
            found.setdefault(row[by], []).append(row)
        return found


def _name(row: Row) -> str:
    name = f"{row['measure']}/{row['variant']}"
    return name if row["statistic"] in ("share", "count") else f"{name}/{row['statistic']}"


def key_of(row: Row) -> Key:
    """Which escalation a row is about."""
    return row["issue_id"], row["escalation_no"]
