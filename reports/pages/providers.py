"""A page per provider: what fails, what it cannot do, how long one waits for it, which runbooks OPS has."""

from typing import Any

from reports import charts
from reports.pages.layout import page
from reports.pages.pictures import linked
from reports.tables import Chart, Page, Row, table
from reports.week import BY_PROVIDER, Week
from reports.wording import STEPS, plural

TOLD = ("Came back", "OPS should have handled, as claimed", "Resolved without Tier 3", "Waits beyond its normal time")


def pages(week: Week) -> list[Page]:
    """The providers side by side, and a page for each."""
    shown = [one for one, row in week.providers.items() if row["href"]]
    parts = {name: week.grouped(name, "provider") for name in PARTS}
    made = [_one(week, provider, parts) for provider in shown]
    rows = [_row(week, one, parts) for one in shown]
    columns = [
        ("name", "Provider"),
        ("n_week", "This week", "count"),
        ("n_recent", "In 13 weeks", "count"),
        ("hours", "Hours of Tier 2", "hours"),
        ("n_families", "Patterns", "count"),
        ("n_open", "Open now", "count"),
        ("n_runbooks", "Runbooks", "count"),
    ]
    first = page(
        week,
        "providers/index.html",
        "Providers",
        "providers.html.j2",
        (table("providers", "Providers", columns, rows),),
        rows=rows,
    )
    return [first, *made]


PARTS = ("modes", "provider_limits", "runbooks", "normal_delays", "provider_waits", "open_escalations", "containment")


def _row(week: Week, provider: str, parts: dict[str, dict[Any, list[Row]]]) -> Row:
    modes = parts["modes"].get(provider, [])
    number = week.by_provider("volume", "escalations").get(provider)
    return {
        "provider": provider,
        "name": week.provider_name(provider),
        "href": week.providers[provider]["href"],
        "n_week": int(number.row["numerator"]) if number else 0,
        "week_number": number,
        "n_recent": sum(row["n_escalations"] for row in modes),
        "hours": sum(row["effort_hours"] for row in modes),
        "n_families": sum(row["provider"] == provider for row in week.families.values()),
        "n_open": len(parts["open_escalations"].get(provider, [])),
        "n_runbooks": len(
            {row["runbook_id"] for row in parts["runbooks"].get(provider, []) if row["replaced_date"] is None}
        ),
    }


def _volume(week: Week, provider: str) -> Chart:
    known = {row["week"]: row for row in week.history("volume", "escalations", "count", f"provider:{provider}")}
    rows = [
        {
            "week": row["week"],
            "is_pale": row["is_pale"],
            "value": known[row["week"]]["value"] if row["week"] in known else 0,
        }
        for row in week.history("volume", "escalations", "count")
    ]
    now, year = (rows[-1]["value"] if rows else 0), sum(row["value"] for row in rows[-13:])
    title = f"{plural(int(now), 'escalation')} this week, {year:.0f} in 13 weeks"
    behind = table(
        f"volume_{provider}", title, [("week", "Week", "day"), ("value", "Escalations", "count")], list(reversed(rows))
    )
    behind = linked(week, behind, f"/{provider}", value="escalations")
    figure = charts.volume(rows, week.providers[provider]["colour"], week.marks)
    return Chart(
        f"volume-{provider}", title, f"Escalations about {week.provider_name(provider)} by week.", figure, behind, "low"
    )


def _one(week: Week, provider: str, parts: dict[str, dict[Any, list[Row]]]) -> Page:
    mine = {name: rows.get(provider, []) for name, rows in parts.items()}
    kept = {row["failure_category"]: row for row in mine["containment"]}
    numbers = [
        (told, week.by_provider(measure, variant).get(provider))
        for told, (measure, variant) in zip(TOLD, BY_PROVIDER, strict=True)
    ]
    chart = _volume(week, provider)
    values = {"p": week.providers[provider], "provider": provider, "chart": chart, "kept": kept, "numbers": numbers}
    values |= {"families": [row for row in week.families.values() if row["provider"] == provider]}
    values |= {
        "delays": [row | {"starts_as": STEPS.get(row["starts"], row["starts"])} for row in mine["normal_delays"]]
    }
    values |= {"waits": next(iter(mine["provider_waits"]), None)}
    values |= {name: mine[name] for name in ("modes", "provider_limits", "open_escalations")}
    values |= {"runbooks": [row for row in mine["runbooks"] if row["replaced_date"] is None]}
    columns = [
        ("failure_category", "Category", "words"),
        ("n_escalations", "Escalations", "count"),
        ("n_dealers", "Dealers", "count"),
        ("effort_hours", "Hours", "hours"),
        ("cure", "Would end most", "words"),
    ]
    tables = (
        chart.behind,
        table(f"modes_{provider}", f"Failure modes of {week.provider_name(provider)}", columns, mine["modes"]),
    )
    return page(
        week, week.providers[provider]["href"], week.provider_name(provider), "providers_one.html.j2", tables, **values
    )
