"""The tickets behind each count that is no measure, a page for all counts of a kind."""

from collections.abc import Callable
from datetime import date
from typing import Any

from reports.pages.layout import page
from reports.tables import Page, Row, Table, table
from reports.week import Week
from reports.wording import COUNTED, MONTHS, TAG_SOURCES, anchor, cut, day, words

MOST_ROWS = 25  # of a longer list the rest is told by key alone
# of a page of a desk of some twenty escalations a week; on a larger one only the newest of each list are links
MOST_ON_PAGE, MOST_LINKED = 2000, 4
MOST_OF_WEEKS = 6000
WEEKS = "weeks"  # what stands behind the charts by week; told by key alone, and defined with the measures
MEASURES = {
    "escalations": ("volume", "escalations"),
    "came_back": ("repeats", "same_failure"),
    "compared": ("repeats", "same_failure"),
    "through_ops": ("ops_should_have_handled", "claimed"),
    "claimed": ("ops_should_have_handled", "claimed"),
    "agreed": ("ops_should_have_handled", "agreed"),
    "without_tier3": ("resolution_without_tier3", "by_resolution"),
    "resolved": ("resolution_without_tier3", "by_resolution"),
    "touched_tier3": ("tier3_touches", "by_resolution"),
    "open": ("backlog_age", "open_at_week_end"),
}
# whose groups are a provider, or a provider and a failure category
BY_PROVIDER = ("ops_standing_list", "containment", "modes", "coverage", "provider_waits", "time_by_party")


def pages(week: Week) -> list[Page]:
    """A page per kind of count."""
    told = {(row["measure"], row["variant"]): row for row in week.rows("count_definitions")}
    name = _Names(week)
    by_measure: dict[str, list[Row]] = {}
    for (measure, variant, group), rows in week.counts.lists.items():
        one: Row = {
            "id": anchor(variant, group),
            "form": COUNTED.get(variant, words(variant)),
            "group": name.of(measure, group),
            "rows": rows,
            "order": _order(measure, variant, group),
        }
        defined = MEASURES[variant] if measure == WEEKS else (measure, variant)
        title = "Behind the charts, week by week" if measure == WEEKS else told[defined]["title"]
        one |= {"definition": f"definitions.html#{anchor(*defined)}", "title": title}
        by_measure.setdefault(measure, []).append(one | {"name": f"{measure}_{variant}_{group}"})
    return [_page(week, measure, lists) for measure, lists in by_measure.items()]


def _order(measure: str, variant: str, group: str) -> tuple[int, str, str]:
    """By group and form; of weeks the newest first."""
    newest = -date.fromisoformat(group[:10]).toordinal() if measure == WEEKS else 0
    return newest, group, variant


def _page(week: Week, measure: str, lists: list[Row]) -> Page:
    title = lists[0]["title"]
    lists.sort(key=lambda one: one["order"])
    is_long = sum(len(one["rows"]) for one in lists) > (MOST_OF_WEEKS if measure == WEEKS else MOST_ON_PAGE)
    values: dict[str, Any] = {"name": title, "lists": lists, "linked": MOST_LINKED if is_long else None}
    values["most"] = 0 if is_long or measure == WEEKS else MOST_ROWS
    tables = () if is_long or measure == WEEKS else tuple(map(_table, lists))  # else the workbook would double
    return page(week, f"numbers/{measure}.html", f"Tickets behind: {title}", "counts.html.j2", tables, **values)


def _table(one: Row) -> Table:
    columns = [("ticket_key", "Ticket", "ticket"), ("counted", "Counted")]
    title = ", ".join(part for part in (one["title"], one["form"], one["group"]) if part)
    return table(one["name"], title, columns, [row | {"counted": "yes"} for row in one["rows"]])


class _Names:
    """What the groups of a count are called."""

    def __init__(self, week: Week) -> None:
        self._week = week
        runbooks = {row["runbook_id"]: f"{row['runbook_id']} {row['title']}" for row in week.rows("runbooks")}
        actions = {row["action_id"]: cut(row["summary"]) for row in week.rows("actions")}
        limits = {
            f"{row['provider']}/{row['failure_category']}/{row['family_id']}": cut(row["title"], 60)
            for row in week.rows("provider_limits")
        }
        self._tellers: dict[str, Callable[[str], str]] = {
            **dict.fromkeys(BY_PROVIDER, self._mode),
            WEEKS: self._monday,
            "patterns": self._family,
            "remedy_effects": self._family,
            "criteria": self._criterion,
            "provider_limits": lambda group: f"{self._mode(group.rpartition('/')[0])}, {limits.get(group, '')}",
            "runbook_use": lambda group: runbooks.get(group, group),
            "action_effects": lambda group: actions.get(group, group),
            "tags_by_source": lambda group: TAG_SOURCES.get(group, group),
            "scorecard": lambda group: MONTHS.get(int(group), f"Month {group}"),
            "decisions": lambda group: f"decision {group}",
        }

    def of(self, measure: str, group: str) -> str:
        """A group in words; of one that is all, nothing."""
        return "" if group == "all" else self._tellers.get(measure, words)(group)

    def _mode(self, group: str) -> str:
        provider, _, category = group.partition("/")
        return self._week.provider_name(provider) + (f", {words(category)}" if category else "")

    def _monday(self, group: str) -> str:
        monday, _, provider = group.partition("/")
        return (
            f"week of {day(date.fromisoformat(monday))}{f', {self._week.provider_name(provider)}' if provider else ''}"
        )

    def _family(self, group: str) -> str:
        family, _, remedy = group.partition("/")
        return cut(self._week.families[int(family)]["title"]) + (f", {remedy.partition('/')[2]}" if remedy else "")

    def _criterion(self, group: str) -> str:
        criterion, _, version = group.rpartition("/")
        return f"{self._week.criteria.get(criterion, criterion).rstrip('.')} (version {version})"
