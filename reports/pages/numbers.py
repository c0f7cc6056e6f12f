"""The tickets behind each number, a page per measure; and the definitions to which every number leads."""

from collections import Counter
from typing import Any

from reports.pages.layout import page
from reports.tables import Page, Row, Table, table
from reports.week import LISTED_BY_PROVIDER, Week, key_of
from reports.wording import anchor, words

MOST_ROWS = 25  # of a longer list the rest is told by key alone
STATISTICS = (
    "share",
    "count",
    "sum",
    "rate",
    "median",
)  # the first of them that a form has tells its tickets; p90 has the same
Group = tuple[str, str, str]


def pages(week: Week) -> list[Page]:
    """A page per measure, and the definitions."""
    made = []
    definitions = _definitions(week)
    for measure, lists in _lists(week).items():
        title = f"Tickets behind: {lists[0]['title']}"
        path = f"numbers/{measure}.html"
        made.append(
            page(
                week,
                path,
                title,
                "numbers.html.j2",
                tuple(map(_table, lists)),
                lists=lists,
                most=MOST_ROWS,
                measure=measure,
                name=lists[0]["title"],
            )
        )
    behind = table(
        "definitions",
        "Definitions",
        [
            ("title", "Measure"),
            ("variant", "Form", "words"),
            ("text", "Definition"),
            ("numerator", "Numerator"),
            ("denominator", "Denominator"),
        ],
        definitions,
    )
    made.append(
        page(week, "definitions.html", "Definitions", "definitions.html.j2", (behind,), definitions=definitions)
    )
    return made


def _definitions(week: Week) -> list[Row]:
    """Of measures and of other counts alike, each with the page of its tickets where it has one."""
    rows = [row for row in week.rows("definitions") if not row["is_week_alone"]]
    rows = [
        row | {"is_count": False, "tickets": f"numbers/{row['measure']}.html#{anchor(row['variant'])}"} for row in rows
    ]
    listed = {measure for measure, *_ in week.counts.lists}
    rest: Row = {"numerator": "", "denominator": "none", "version": 1, "statistics": ["count"], "is_count": True}
    for row in week.rows("count_definitions"):
        has_list = row["measure"] in listed
        rows.append(row | rest | {"tickets": f"numbers/{row['measure']}.html" if has_list else None})
    return [
        row | {"id": anchor(row["measure"], row["variant"]), "place": (row["is_count"], row["measure"])} for row in rows
    ]


def _lists(week: Week) -> dict[str, list[Row]]:
    """Measure → its lists: each form of it, over all and by provider; those in the numerator first."""
    told = {(row["measure"], row["variant"]): row for row in week.rows("definitions")}
    n_forms = Counter(measure for (measure, _), row in told.items() if not row["is_week_alone"])
    members = _members(week)
    for measure, variant in told:
        members.setdefault((measure, variant, "all"), [])
    lists: dict[str, list[Row]] = {}
    for group, rows in sorted(members.items(), key=lambda item: _order(item[0], week)):
        definition = told[group[:2]]
        many = n_forms[group[0]] > 1
        lists.setdefault(group[0], []).append(_list(week, group, rows, definition, many=many))
    lists["ops_should_have_handled"] += _closed(week, told)
    return lists


def _order(group: Group, week: Week) -> tuple[Any, ...]:
    measure, variant, name = group
    return measure, variant.removesuffix("_week"), variant, name != "all", week.place_of(name.partition(":")[2]), name


def _members(week: Week) -> dict[Group, list[Row]]:
    """Measure, form and group → its tickets, as one of its statistics counts them."""
    found: dict[tuple[Group, str], list[Row]] = {}
    for row in week.rows("measure_tickets"):
        is_linked = row["group_key"] == "all" or (row["measure"], row["variant"]) in LISTED_BY_PROVIDER
        if row["statistic"] in STATISTICS and is_linked:
            found.setdefault(((row["measure"], row["variant"], row["group_key"]), row["statistic"]), []).append(row)
    members: dict[Group, list[Row]] = {}
    for (group, _), rows in sorted(found.items(), key=lambda item: STATISTICS.index(item[0][1])):
        members.setdefault(group, rows)
    return members


def _list(week: Week, group: Group, rows: list[Row], definition: Row, *, many: bool) -> Row:
    measure, variant, name = group
    provider = name.partition(":")[2]
    listed = [week.escalations[key_of(row)] | {"counts": row} for row in rows if key_of(row) in week.escalations]
    listed.sort(key=lambda t: (t["escalated_at"], t["issue_id"]))
    inside, outside, pending = _parted(listed)
    about = {
        "table": f"{measure}_{variant}{'' if name == 'all' else '_' + provider}",
        "id": f"{anchor(variant)}{'' if name == 'all' else '-' + anchor(provider)}",
        "title": definition["title"],
        "form": words(variant.removesuffix("_week")) if many else "",
        "group": "" if name == "all" else week.provider_name(provider),
        "weeks": "this week alone" if definition["is_week_alone"] else _pooled(week, measure, variant, name),
        "definition": f"definitions.html#{anchor(measure, variant.removesuffix('_week'))}",
        "is_share": "share" in definition["statistics"],
        "pending_as": "Not answered" if measure == "tag_quality" else "Still open",
    }
    return about | {"inside": inside, "outside": outside, "pending": pending, "n_gone": len(rows) - len(listed)}


def _parted(listed: list[Row]) -> tuple[list[Row], list[Row], list[Row]]:
    pending = [t for t in listed if t["counts"]["is_pending"]]
    sure = [t for t in listed if not t["counts"]["is_pending"]]
    return (
        [t for t in sure if t["counts"]["in_numerator"]],
        [t for t in sure if not t["counts"]["in_numerator"]],
        pending,
    )


def _pooled(week: Week, measure: str, variant: str, name: str) -> str:
    n = week.pooled.get((measure, variant, name), 1)
    return "this week" if n == 1 else f"{n} weeks"


def _closed(week: Week, told: dict[tuple[str, str], Row]) -> list[Row]:
    """How the verdicts of the newest week stand to which OPS may no longer reply."""
    found: dict[str, list[Row]] = {}
    for row in week.rows("closed_verdicts"):
        found.setdefault(row["variant"], []).append(row)
    lists = []
    for variant, rows in found.items():
        measure = "ops_should_have_handled"
        one = _list(week, (measure, variant, "all"), rows, told[measure, variant], many=True)
        form = variant.removesuffix("_week")
        told_week = f"week {rows[0]['week']:%V}, to which OPS may no longer reply"
        lists.append(one | {"id": f"closed-{anchor(form)}", "table": f"{measure}_{form}_closed", "weeks": told_week})
    return lists


def _table(one: Row) -> Table:
    columns = [
        ("ticket_key", "Ticket", "ticket"),
        ("summary", "Summary"),
        ("dealer", "Dealer"),
        ("provider", "Provider", "words"),
        ("failure_category", "Category", "words"),
        ("escalated_at", "Escalated", "moment"),
        ("counted", "Counted"),
    ]
    parts = (("inside", "yes"), ("outside", "no"), ("pending", "pending"))
    rows = [t | {"counted": told} for part, told in parts for t in one[part]]
    name = ", ".join(part for part in (one["title"], one["form"], one["group"], one["weeks"]) if part)
    return table(one["table"], name, columns, rows)
