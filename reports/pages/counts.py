"""The tickets behind each count that is no measure, a page for all counts of a kind."""

from typing import Any

from reports.pages.layout import page
from reports.tables import Page, Row, Table, table
from reports.week import Week
from reports.wording import TAG_SOURCES, anchor, cut, words

MOST_ROWS = 25  # of a longer list the rest is told by key alone
BY_MODE = ("ops_standing_list", "containment", "modes", "coverage")


def pages(week: Week) -> list[Page]:
    """A page per kind of count."""
    told = {(row["measure"], row["variant"]): row for row in week.rows("count_definitions")}
    name = _Names(week)
    by_measure: dict[str, list[Row]] = {}
    for (measure, variant, group), rows in week.counts.lists.items():
        one: Row = {"id": anchor(variant, group), "form": words(variant), "group": name.of(measure, group), "rows": rows}
        one |= {"definition": f"definitions.html#{anchor(measure, variant)}", "title": told[measure, variant]["title"]}
        by_measure.setdefault(measure, []).append(one | {"name": f"{measure}_{variant}_{group}"})
    return [_page(week, measure, lists) for measure, lists in by_measure.items()]


def _page(week: Week, measure: str, lists: list[Row]) -> Page:
    title = lists[0]["title"]
    lists.sort(key=lambda one: (one["group"], one["form"]))
    values: dict[str, Any] = {"name": title, "lists": lists, "most": MOST_ROWS}
    tables = tuple(map(_table, lists))
    return page(week, f"numbers/{measure}.html", f"Tickets behind: {title}", "counts.html.j2", tables, **values)


def _table(one: Row) -> Table:
    columns = [("ticket_key", "Ticket", "ticket"), ("counted", "Counted")]
    title = ", ".join(part for part in (one["title"], one["form"], one["group"]) if part)
    return table(one["name"], title, columns, [row | {"counted": "yes"} for row in one["rows"]])


class _Names:
    """What the groups of a count are called."""

    def __init__(self, week: Week) -> None:
        self._week = week
        self._runbooks = {row["runbook_id"]: f"{row['runbook_id']} {row['title']}" for row in week.rows("runbooks")}
        self._actions = {row["action_id"]: cut(row["summary"]) for row in week.rows("actions")}
        self._targets = {f"{row['measure']}/{row['month']}": row["title"] for row in week.rows("scorecard")}

    def of(self, measure: str, group: str) -> str:
        """A group in words; of one that is all, nothing."""
        first, _, rest = group.partition("/")
        if measure in BY_MODE or measure in ("provider_waits", "time_by_party"):
            return "" if first == "all" else ", ".join(filter(None, (self._week.provider_name(first), words(rest or None) if rest else "")))
        if measure in ("patterns", "remedy_effects"):
            family = self._week.families[int(first)]
            return cut(family["title"]) + (f", {rest.partition('/')[2]}" if rest else "")
        if measure == "criteria":
            return f"{self._week.criteria.get(first, first)} (version {rest})"
        known = {"runbook_use": self._runbooks, "action_effects": self._actions, "scorecard": self._targets}
        if measure == "tags_by_source":
            return TAG_SOURCES.get(group, group)
        if measure == "decisions":
            return f"decision {group}"
        return known.get(measure, {}).get(group, "" if group == "all" else words(group))
