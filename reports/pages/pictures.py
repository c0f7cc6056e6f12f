"""The charts of the pages: which rows, which answer as the title, which table behind."""

from datetime import date

from reports import charts
from reports.tables import Chart, Row, table
from reports.week import TARGET, Week
from reports.wording import PARTIES, plural


def status_against_target(row: Row) -> str:
    """met, likely, not met or too few, as DESIGN's 6.2 says."""
    if row["is_too_few"]:
        return "too few"
    if row["low"] >= TARGET:
        return "met"
    return "likely" if row["value"] >= TARGET else "not met"


def _usual(week: Week, measure: str, variant: str) -> dict[date, Row]:
    rows = [row for row in week.rows("control_limits") if (row["measure"], row["variant"]) == (measure, variant)]
    return {row["week"].date(): row for row in rows}


def _change(limits: Row | None, what: str) -> str:
    """Whether this week is beyond what chance gives; a change is claimed only then."""
    if limits is None or limits["is_outside"] is None:
        return "too few weeks to say what is usual"
    if not limits["is_outside"]:
        return f"within what chance gives around the usual {limits['centre'] * 100:.0f} %"
    return f"unusually {'many' if limits['value'] > limits['centre'] else 'few'}: {limits['centre'] * 100:.0f} % {what} is usual"


def repeats(week: Week) -> Chart:
    """Escalations each week and those that came back."""
    rows = week.history("repeats", "same_failure_week", "share")
    usual = _usual(week, "repeats", "same_failure")
    now = week.numbers["repeats/same_failure_week"].row
    title = (
        f"{now['numerator']} of {plural(now['denominator'], 'escalation')} came back this week"
        if now["denominator"]
        else "Nothing was escalated this week"
    )
    subtitle = f"Escalations by week, dark those of a failure resolved at the same dealer in the 90 days before; this week {_change(usual.get(week.monday), 'came back')}. Black ticks: what is usual; purple: where chance ends."
    columns = [
        ("week", "Week", "day"),
        ("numerator", "Came back", "count"),
        ("denominator", "Escalations", "count"),
        ("value", "Share", "share"),
        ("centre", "Usual", "share"),
        ("upper_limit", "Limit of chance", "share"),
    ]
    behind = table(
        "repeats_by_week", title, columns, [_with(row, usual, ("centre", "upper_limit")) for row in reversed(rows)]
    )
    return Chart("repeats", title, subtitle, charts.repeats(rows, usual, week.marks), behind)


def _with(row: Row, usual: dict[date, Row], names: tuple[str, ...]) -> Row:
    found = usual.get(row["week"], {})
    return row | {name: found.get(name) for name in names}


def ops_should_have_handled(week: Week) -> Chart:
    """Escalations through OPS each week, claimed and agreed."""
    claimed = week.history("ops_should_have_handled", "claimed_week", "share")
    agreed = {row["week"]: row for row in week.history("ops_should_have_handled", "agreed_week", "share")}
    rows = []
    for row in claimed:
        other = agreed.get(row["week"], {"numerator": 0, "n_pending": 0})
        rows.append(
            row | {"claimed": row["numerator"], "agreed": other["numerator"], "is_open": bool(other["n_pending"])}
        )
    usual = _usual(week, "ops_should_have_handled", "claimed")
    total, yes = sum(row["claimed"] for row in rows[-13:]), sum(row["agreed"] for row in rows[-13:])
    title = (
        f"OPS agreed to {yes} of {total} claims in 13 weeks"
        if total
        else "Nothing that OPS could have handled in 13 weeks"
    )
    subtitle = f"Escalations through OPS by week: claimed by a written criterion, dark what OPS agreed to; hatched while OPS may reply. Claimed this week {_change(usual.get(week.monday), 'claimed')}."
    columns = [
        ("week", "Week", "day"),
        ("denominator", "Through OPS", "count"),
        ("claimed", "Claimed", "count"),
        ("agreed", "Agreed", "count"),
        ("centre", "Usual share claimed", "share"),
    ]
    behind = table(
        "ops_should_have_handled_by_week", title, columns, [_with(row, usual, ("centre",)) for row in reversed(rows)]
    )
    return Chart(
        "ops_should_have_handled", title, subtitle, charts.ops_should_have_handled(rows, usual, week.marks), behind
    )


def resolution(week: Week, size: str = "mid") -> Chart:
    """The share resolved without Tier 3, pooled, with its interval and the target."""
    rows = week.history("resolution_without_tier3", "by_resolution", "share")
    now = week.numbers["resolution_without_tier3/by_resolution"].row
    title = {
        "met": "The 80 % target is met",
        "likely": "Likely on target",
        "not met": "Below the 80 % target",
        "too few": "Too few resolved to hold against the target",
    }[status_against_target(now)]
    usual = _usual(week, "resolution_without_tier3", "by_resolution")
    subtitle = f"Share resolved without Tier 3, {now['n_weeks_pooled']} weeks pooled, with its 95 % interval; rings: may still change. This week alone is {_change(usual.get(week.monday), 'without Tier 3')}."
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
    return Chart(
        "resolution_without_tier3",
        title,
        subtitle,
        charts.resolution_without_tier3(rows, week.marks, size),
        behind,
        size,
    )


def tier3_touches(week: Week) -> Chart:
    """Escalations that touched Tier 3 each week."""
    rows = week.history("tier3_touches", "by_resolution", "count")
    last, earlier = [sum(row["value"] for row in part) for part in (rows[-4:], rows[-8:-4])]
    title = f"Tier 3 was called upon {plural(int(last), 'time')} in 4 weeks, {earlier:.0f} in the 4 before"
    behind = table(
        "tier3_touches_by_week",
        title,
        [("week", "Week", "day"), ("value", "Touched Tier 3", "count")],
        list(reversed(rows)),
    )
    return Chart(
        "tier3_touches",
        title,
        "Escalations that touched Tier 3, by the week of their resolution.",
        charts.tier3_touches(rows, week.marks),
        behind,
        "low",
    )


def backlog_age(week: Week) -> Chart:
    """Open escalations at the end of each week."""
    rows = week.history("backlog_age", "open_at_week_end", "count")
    now = week.numbers["backlog_age/open_at_week_end"].row
    title = f"{plural(now['numerator'] or 0, 'escalation')} open when the week ended"
    behind = table(
        "backlog_by_week", title, [("week", "Week", "day"), ("value", "Open", "count")], list(reversed(rows))
    )
    return Chart(
        "backlog_age",
        title,
        "Escalations that were open when each week ended.",
        charts.backlog_age(rows, week.marks),
        behind,
        "low",
    )


def time_by_party(week: Week) -> Chart:
    """Days per resolved escalation by who held the ball, all and by provider."""
    by: dict[str, Row] = {}
    for row in week.rows("parties"):
        one = by.setdefault(row["provider"], {"provider": row["provider"], "n": 0, **dict.fromkeys(PARTIES, 0.0)})
        one["n"] = max(one["n"], row["n"])
        one[row["party"]] = row["days"]
    rows = []
    for name in sorted(by, key=lambda one: (one != "all", week.place_of(one))):
        if name in ("other", "none", "untagged"):
            continue
        days = {party: by[name][party] / by[name]["n"] for party in PARTIES}
        rows.append(
            {
                "name": "All" if name == "all" else week.provider_name(name),
                "n": by[name]["n"],
                "total": sum(days.values()),
                **days,
            }
        )
    whole = rows[0] if rows else None
    ours = (
        f"{100 * whole['ours'] / whole['total']:.0f} % of the time was ours"
        if whole and whole["total"]
        else "Nothing was resolved"
    )
    title = f"{ours}, the rest we waited"
    columns = [
        ("name", "Provider"),
        ("n", "Resolved", "count"),
        *((party, told.capitalize(), "days") for party, told in PARTIES.items()),
        ("total", "Days", "days"),
    ]
    behind = table("time_by_party", title, columns, rows)
    return Chart(
        "time_by_party",
        title if whole else ours,
        "Days per escalation resolved in the last 13 weeks, by who held the ball; number of escalations behind the days.",
        charts.time_by_party(rows, {party: told.removeprefix("waiting for ") for party, told in PARTIES.items()}),
        behind,
        "any",
    )


def waits(week: Week) -> Chart:
    """Providers whose waits were overdue, against the others."""
    rows = []
    for row in week.rows("funnel"):
        provider = row["group_key"].partition(":")[2]
        if (
            (row["measure"], row["variant"]) == ("waits", "overdue")
            and week.place_of(provider) < 5
            and row["denominator"]
        ):
            known = week.providers[provider]
            rows.append(
                row
                | {"provider": provider, "name": known["name"], "colour": known["colour"], "symbol": known["symbol"]}
            )
    rows.sort(key=lambda row: week.place_of(row["provider"]))
    outside = [row["name"] for row in rows if row["is_outside"] and row["value"] > row["centre"]]
    title = (
        f"{' and '.join(outside)}: late more often than the others"
        if outside
        else "No provider is late more often than chance gives"
    )
    columns = [
        ("name", "Provider"),
        ("numerator", "Overdue", "count"),
        ("denominator", "Waited for it", "count"),
        ("value", "Share", "share"),
        ("centre", "The others", "share"),
        ("lower_limit", "Chance from", "share"),
        ("upper_limit", "Chance to", "share"),
    ]
    behind = table("waits_by_provider", title, columns, rows)
    subtitle = "Escalations that waited for a provider beyond its normal time, of those that waited for it. Band: what chance gives around the others (tick)."
    return Chart("waits", title, subtitle, charts.waits(rows), behind, "any")


PICTURES = {
    "repeats": repeats,
    "ops_should_have_handled": ops_should_have_handled,
    "resolution_without_tier3": resolution,
    "tier3_touches": tier3_touches,
    "backlog_age": backlog_age,
    "time_by_party": time_by_party,
    "waits": waits,
}
