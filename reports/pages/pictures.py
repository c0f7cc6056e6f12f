"""The charts of the pages: which rows, which answer as the title, which table behind."""

from dataclasses import replace
from datetime import date

from reports import charts
from reports.tables import Chart, Row, Table, table
from reports.week import TARGET, Week
from reports.wording import PARTIES, plural

TITLES = {
    "met": "The 80 % target is met",
    "likely": "Likely on target",
    "not met": "Below the 80 % target",
    "too few": "Too few resolved to hold against the target",
}


def status_against_target(row: Row) -> str:
    """met, likely, not met or too few, as DESIGN's 6.2 says."""
    if row["is_too_few"]:
        return "too few"
    if row["low"] >= TARGET:
        return "met"
    return "likely" if row["value"] >= TARGET else "not met"


def linked(week: Week, behind: Table, group: str = "", **counts: str) -> Table:
    """A table by week whose counts lead to their tickets: of each column the count of that week."""
    rows = [
        {**row}
        | {f"{name}_href": week.counts.href("weeks", count, f"{row['week']}{group}") for name, count in counts.items()}
        for row in behind.rows
    ]
    return replace(behind, rows=tuple(rows))


def repeats(week: Week) -> Chart:
    """Escalations each week and those that came back."""
    rows = week.history("repeats", "same_failure_week", "share")
    usual = _usual(week, "repeats", "same_failure")
    now = week.numbers["repeats/same_failure_week"].row
    came = f"{now['numerator']} of {plural(now['denominator'], 'escalation')} came back this week"
    title = came if now["denominator"] else "Nothing was escalated this week"
    subtitle = (
        "Escalations by week, dark those of a failure resolved at the same dealer in the 90 days before; this week "
        f"{_change(usual.get(week.monday), 'came back')}. {_ticks(usual)}"
    )
    columns = [
        ("week", "Week", "day"),
        ("numerator", "Came back", "count"),
        ("denominator", "Escalations", "count"),
        ("value", "Share", "share"),
        ("centre", "Usual", "share"),
        ("upper_limit", "Limit of chance", "share"),
    ]
    behind = table("repeats_by_week", title, columns, [_with(row, usual) for row in reversed(rows)])
    behind = linked(week, behind, numerator="came_back", denominator="compared")
    return Chart("repeats", title, subtitle, charts.repeats(rows, usual, week.marks), behind)


def ops_should_have_handled(week: Week) -> Chart:
    """Escalations through OPS each week, claimed and agreed."""
    agreed = {row["week"]: row for row in week.history("ops_should_have_handled", "agreed_week", "share")}
    rows = []
    for row in week.history("ops_should_have_handled", "claimed_week", "share"):
        other = agreed.get(row["week"], {"numerator": 0, "n_pending": 0})
        told = {"claimed": row["numerator"], "agreed": other["numerator"], "is_open": bool(other["n_pending"])}
        rows.append(row | told)
    usual = _usual(week, "ops_should_have_handled", "claimed")
    total, yes = sum(row["claimed"] for row in rows[-13:]), sum(row["agreed"] for row in rows[-13:])
    nothing = "Nothing that OPS could have handled in 13 weeks"
    title = f"OPS agreed to {yes} of {plural(total, 'claim')} in 13 weeks" if total else nothing
    subtitle = (
        "Escalations through OPS by week: claimed by a written criterion, dark what OPS agreed to; hatched while "
        f"OPS may reply. Claimed this week: {_change(usual.get(week.monday), 'claimed')}. {_ticks(usual)}"
    )
    columns = [
        ("week", "Week", "day"),
        ("denominator", "Through OPS", "count"),
        ("claimed", "Claimed", "count"),
        ("agreed", "Agreed", "count"),
        ("centre", "Usual share claimed", "share"),
        ("upper_limit", "Limit of chance", "share"),
    ]
    behind = table("ops_should_have_handled_by_week", title, columns, [_with(row, usual) for row in reversed(rows)])
    behind = linked(week, behind, denominator="through_ops", claimed="claimed", agreed="agreed")
    figure = charts.ops_should_have_handled(rows, usual, week.marks)
    return Chart("ops_should_have_handled", title, subtitle, figure, behind)


def resolution(week: Week, size: str = "mid") -> Chart:
    """The share resolved without Tier 3, pooled, with its interval and the target."""
    rows = week.history("resolution_without_tier3", "by_resolution", "share")
    now = week.numbers["resolution_without_tier3/by_resolution"].row
    usual = _usual(week, "resolution_without_tier3", "by_resolution")
    subtitle = (
        f"Share resolved without Tier 3, {plural(now['n_weeks_pooled'], 'week')} pooled, with its 95 % interval; "
        f"rings: may still change. This week alone: {_change(usual.get(week.monday), 'without Tier 3')}."
    )
    title = TITLES[status_against_target(now)]
    columns = [
        ("week", "Week", "day"),
        ("numerator", "Without Tier 3", "count"),
        ("n", "Resolved", "count"),
        ("value", "Share", "share"),
        ("low", "Low", "share"),
        ("high", "High", "share"),
        ("n_weeks_pooled", "Weeks pooled", "count"),
    ]
    behind = table("resolution_without_tier3_by_week", title, columns, list(reversed(rows)))
    behind = linked(week, behind, numerator="without_tier3", n="resolved")
    figure = charts.resolution_without_tier3(rows, week.marks, size)
    return Chart("resolution_without_tier3", title, subtitle, figure, behind, size)


def tier3_touches(week: Week) -> Chart:
    """Escalations that touched Tier 3 each week."""
    rows = week.history("tier3_touches", "by_resolution", "count")
    last, earlier = (sum(row["value"] for row in part) for part in (rows[-4:], rows[-8:-4]))
    compared = f", {earlier:.0f} in the 4 before" if len(rows) >= 8 else ""
    title = f"Tier 3 was called upon {plural(int(last), 'time')} in 4 weeks{compared}"
    columns = [("week", "Week", "day"), ("value", "Touched Tier 3", "count")]
    behind = table("tier3_touches_by_week", title, columns, list(reversed(rows)))
    behind = linked(week, behind, value="touched_tier3")
    subtitle = "Escalations that touched Tier 3, by the week of their resolution."
    return Chart("tier3_touches", title, subtitle, charts.tier3_touches(rows, week.marks), behind, "low")


def backlog_age(week: Week) -> Chart:
    """Open escalations at the end of each week."""
    rows = week.history("backlog_age", "open_at_week_end", "count")
    most = max((row["value"] for row in rows), default=0)
    now = plural(int(rows[-1]["value"]) if rows else 0, "escalation")
    title = f"{now} open, at most {most:.0f} in {plural(len(rows), 'week')}"
    behind = table(
        "backlog_by_week", title, [("week", "Week", "day"), ("value", "Open", "count")], list(reversed(rows))
    )
    behind = linked(week, behind, value="open")
    subtitle = "Escalations that were open when each week ended."
    return Chart("backlog_age", title, subtitle, charts.backlog_age(rows, week.marks), behind, "low")


def time_by_party(week: Week) -> Chart:
    """Days per resolved escalation by who held the ball, all and by provider."""
    rows = _party_days(week)
    title = "Nothing was resolved in 13 weeks"
    if rows and rows[0]["total"]:
        ours = rows[0]["ours"] / rows[0]["total"]
        title = f"{100 * ours:.0f} % of the time was ours, the rest we waited"
    columns = [
        ("name", "Provider"),
        ("n", "Resolved", "count"),
        *((one, told, "days") for one, told in PARTIES.items()),
    ]
    behind = table("time_by_party", title, [*columns, ("total", "All", "days")], rows)
    subtitle = (
        "Days per escalation resolved in the last 13 weeks, by who held the ball, and how many escalations that are."
    )
    names = {party: told.removeprefix("waiting for ") for party, told in PARTIES.items()}
    return Chart("time_by_party", title, subtitle, charts.time_by_party(rows, names), behind, "any")


def _party_days(week: Week) -> list[Row]:
    by: dict[str, Row] = {}
    for row in week.rows("parties"):
        one = by.setdefault(row["provider"], {"n": 0, **dict.fromkeys(PARTIES, 0.0)})
        one["n"] = max(one["n"], row["n"])
        one[row["party"]] = row["days"]
    shown = ["all", *(one for one, known in week.providers.items() if known["href"])]
    rows = []
    for provider in (one for one in shown if one in by):
        days = {party: by[provider][party] / by[provider]["n"] for party in PARTIES}
        name = "All" if provider == "all" else week.provider_name(provider)
        href = week.counts.href("time_by_party", "resolved", provider)
        rows.append({"name": name, "n_href": href, "n": by[provider]["n"], "total": sum(days.values()), **days})
    return rows


def waits(week: Week) -> Chart:
    """Providers whose waits were overdue, each against the others."""
    found = {row["group_key"].partition(":")[2]: row for row in week.rows("funnel") if _is_overdue(row)}
    shown = [one for one, known in week.providers.items() if known["href"] and one in found]
    links = {one: number.href for one, number in week.by_provider("waits", "overdue").items()}
    rows = [
        found[one]
        | {key: week.providers[one][key] for key in ("name", "colour", "symbol")}
        | {"numerator_href": links.get(one), "denominator_href": links.get(one)}
        for one in shown
    ]
    more = [row["name"] for row in rows if row["is_outside"] and row["value"] > row["centre"]]
    fewer = [row["name"] for row in rows if row["is_outside"] and row["value"] < row["centre"]]
    parts = [f"{' and '.join(more)} late more often than the others"] if more else []
    parts += [f"{' and '.join(fewer)} late less often than the others"] if fewer else []
    title = "; ".join(parts) or "No provider is late more or less often than chance gives"
    columns = [
        ("name", "Provider"),
        ("numerator", "Overdue", "count"),
        ("denominator", "Waited for it", "count"),
        ("value", "Share", "share"),
        ("centre", "The others", "share"),
        ("lower_limit", "Chance from", "share"),
        ("upper_limit", "Chance to", "share"),
    ]
    subtitle = (
        "Escalations that waited for a provider beyond its normal time, of those that waited for it. Band: what "
        "chance gives around the others (tick)."
    )
    return Chart("waits", title, subtitle, charts.waits(rows), table("waits_by_provider", title, columns, rows), "any")


def _is_overdue(row: Row) -> bool:
    return bool(row["measure"] == "waits" and row["variant"] == "overdue" and row["denominator"])


# -- what is usual -----------------------------------------------------------------------------------------------------


def _usual(week: Week, measure: str, variant: str) -> dict[date, Row]:
    rows = [row for row in week.rows("control_limits") if (row["measure"], row["variant"]) == (measure, variant)]
    return {row["week"].date(): row for row in rows}


def _change(limits: Row | None, what: str) -> str:
    """Whether this week is beyond what chance gives; a change is claimed only then."""
    if limits is None or limits["is_outside"] is None:
        return "too few weeks to say what is usual"
    centre = f"{limits['centre'] * 100:.0f} %"
    if not limits["is_outside"]:
        return f"within what chance gives around the usual {centre}"
    return f"unusually {'many' if limits['value'] > limits['centre'] else 'few'}: {centre} {what} is usual"


def _ticks(usual: dict[date, Row]) -> str:
    """What the ticks on the bars are, where there are any."""
    is_drawn = any(row["centre"] is not None for row in usual.values())
    return "Black ticks: what is usual; purple: where chance ends." if is_drawn else ""


def _with(row: Row, usual: dict[date, Row]) -> Row:
    found = usual.get(row["week"], {})
    return row | {name: found.get(name) for name in ("centre", "upper_limit")}


PICTURES = {
    "repeats": repeats,
    "ops_should_have_handled": ops_should_have_handled,
    "resolution_without_tier3": resolution,
    "tier3_touches": tier3_touches,
    "backlog_age": backlog_age,
    "time_by_party": time_by_party,
    "waits": waits,
}
