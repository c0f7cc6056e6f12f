"""The scorecard: one number against 80 % without Tier 3, will it be reached, every target; on one printed page."""

from typing import Any

from reports import charts
from reports.pages.layout import page
from reports.pages.pictures import resolution, status_against_target, tier3_touches
from reports.tables import Chart, Page, Row, table
from reports.week import TARGET, Week
from reports.wording import MONTHS, interval, number, percent, plural

RATES = ("repeats_per_dealer", "volume_per_dealer", "volume_per_head")
COUNTS = ("merged_changes", "runbooks_in_use")
MODELS = {
    "drift": "as the share has moved so far",
    "no change": "as if nothing changed, which has forecast this desk better than any trend",
}
PLACES = {"containment": "ops.html#kept", "runbooks_in_use": "ops.html#runbooks"}  # what they count are no tickets
COLUMNS = [
    ("when", "When"),
    ("title", "Target"),
    ("goal", "To reach"),
    ("told", "Now"),
    ("range", "95 % interval"),
    ("base", "Baseline"),
    ("n", "Behind it", "count"),
    ("status", "Status"),
    ("trend", "Trend"),
    ("needs", "Needs"),
]


def pages(week: Week) -> list[Page]:
    """One page."""
    rows = [_told(row) for row in week.rows("scorecard")]
    defined = {row["variant"] for row in week.rows("count_definitions") if row["measure"] == "scorecard"}
    forecast = next((row for row in week.rows("forecasts") if row["measure"] == "resolution_without_tier3"), None)
    pictures = [resolution(week, "low"), _outlook(week, forecast) or tier3_touches(week)]
    values: dict[str, Any] = {
        "rows": rows,
        "defined": defined,
        "status": status_against_target(week.numbers["resolution_without_tier3/by_resolution"].row),
        "charts": pictures,
        "forecast_text": forecast_text(forecast),
        "target": next(iter(week.rows("targets")), {"start_date": None, "role_group": None}),
        "standings": {row["standing"]: row["n"] for row in week.rows("verdict_counts")},
        "effort": {
            variant: sum(row["value"] or 0 for row in rows)
            for variant, rows in week.grouped("effort", "variant").items()
        },
        "single": [row for row in week.rows("coverage") if row["is_single"]],
        "n_modes": sum(row["n_resolved"] > 0 for row in week.rows("coverage")),
    }
    tables = (
        table("scorecard", "Scorecard", COLUMNS, rows),
        *(one.behind for one in pictures),
    )
    return [page(week, "scorecard.html", "Scorecard", "scorecard.html.j2", tables, **values)]


def _told(row: Row) -> Row:
    share = row["measure"] not in RATES + COUNTS
    target = row["target"]
    goal = (
        target
        if target is not None and not _is_number(target)
        else percent(float(target))
        if share
        else number(float(target))
    )
    words: Row = {"when": MONTHS.get(row["month"], f"Month {row['month']}"), "goal": goal}
    words["place"] = PLACES.get(row["measure"])
    if target == "assessed":
        words |= {"told": "–", "range": "", "base": ""}
    else:
        words |= {
            "told": _value(row["value"], row),
            "base": _value(row["baseline"], row) if row["baseline"] is not None else "",
        }
        words["range"] = _range(row, share=share) if row["low"] is not None and row["value"] is not None else ""
    return row | words


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


def _value(value: float | None, row: Row) -> str:
    if value is None:
        return "–"
    if row["measure"] in COUNTS:
        return number(value)
    return f"{value:.2f}" if row["measure"] in RATES else percent(value)


def _range(row: Row, *, share: bool) -> str:
    return interval(row["low"], row["high"]) if share else f"{row['low']:.2f}–{row['high']:.2f}"


def forecast_text(row: Row | None) -> str:
    """Will month 6 be reached, in a sentence."""
    if row is None:
        return "There is no target for a share without Tier 3."
    ahead = f"Whether month {row['month']} will reach {percent(row['target'])} cannot be forecast yet"
    if row["needs"] or row["chance"] is None:
        return f"{ahead}: it needs {row['needs']}." if row["needs"] else f"{ahead}."
    return (
        f"Month {row['month']} is expected to end at {percent(row['mean'])} ({interval(row['low'], row['high'])}, four "
        f"times in five); the chance that it reaches {percent(row['target'])} is {percent(row['chance'])}, "
        f"{MODELS.get(row['model'], row['model'])}.{_done(row)}"
    )


def _done(row: Row) -> str:
    if not row["n_done"]:
        return ""
    needed = f"{percent(row['rate_needed'])} would do" if row["rate_needed"] is not None else "no share would do"
    return f" {plural(row['n_done'], 'resolution')} of that month are already counted; from now on {needed}."


def _outlook(week: Week, row: Row | None) -> Chart | None:
    now = week.numbers["resolution_without_tier3/by_resolution"].row
    if row is None or row["mean"] is None or not now["n"]:
        return None
    rows = [
        {
            "name": f"last {now['n_weeks_pooled']} weeks",
            "value": now["value"],
            "low": now["low"],
            "high": now["high"],
            "is_forecast": False,
        },
        {
            "name": f"month {row['month']}",
            "value": row["mean"],
            "low": row["low"],
            "high": row["high"],
            "is_forecast": True,
        },
    ]
    title = (
        f"Month {row['month']} will {'probably' if row['chance'] >= 0.5 else 'probably not'} reach {percent(TARGET)}"
    )
    behind = table(
        "outlook",
        title,
        [("name", "When"), ("value", "Share", "share"), ("low", "Low", "share"), ("high", "High", "share")],
        rows,
    )
    return Chart(
        "outlook",
        title,
        "Now with its 95 % interval, expected with its 80 % interval.",
        charts.outlook(rows, TARGET),
        behind,
        "low",
    )
