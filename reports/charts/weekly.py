"""Charts over weeks: what came, what came back, what was resolved without Tier 3."""

from collections.abc import Mapping, Sequence
from datetime import date

import plotly.graph_objects as go

from reports.charts.parts import (
    DARK,
    INK,
    LINE,
    MIDDLE,
    PALE,
    Row,
    as_json,
    bars,
    ends,
    over_weeks,
    rounded,
    share,
    top_of,
    usual_ticks,
)

TARGET_SHARE = 0.8


def repeats(rows: Sequence[Row], usual: Mapping[date, Row], marks: Mapping[date, str]) -> str:
    """Escalations each week and those that came back. Rows: week, numerator, denominator, is_pale; `usual` by week."""
    figure = over_weeks(rows, marks)
    bars(figure, rows, "denominator", "escalations", PALE)
    bars(figure, rows, "numerator", "came back", DARK)
    usual_ticks(figure, rows, usual)
    if rows:
        last = rows[-1]
        ends(
            figure,
            last["week"],
            top_of(rows),
            [
                (last["denominator"], f"{last['denominator']} escalations", INK),
                (last["numerator"], f"{last['numerator']} came back", DARK),
            ],
        )
    return as_json(figure)


def ops_should_have_handled(rows: Sequence[Row], usual: Mapping[date, Row], marks: Mapping[date, str]) -> str:
    """Escalations through OPS each week, those claimed and those agreed.

    Rows: week, denominator, claimed, agreed, is_open (OPS may still reply), is_pale.
    """
    figure = over_weeks(rows, marks)
    bars(figure, rows, "denominator", "came through OPS", PALE)
    shapes = ["/" if row["is_open"] else "" for row in rows]
    bars(figure, rows, "claimed", "claimed", MIDDLE, shapes)
    bars(figure, rows, "agreed", "agreed", DARK)
    usual_ticks(figure, rows, usual)
    if rows:
        last = rows[-1]
        told = "OPS may reply" if last["is_open"] else f"{last['agreed']} agreed"
        labels = [
            (last["denominator"], f"{last['denominator']} through OPS", INK),
            (last["claimed"], f"{last['claimed']} claimed", "#9a4a1c"),
            (last["agreed"], told, DARK),
        ]
        ends(figure, last["week"], top_of(rows), labels)
    return as_json(figure)


def resolution_without_tier3(rows: Sequence[Row], marks: Mapping[date, str], size: str = "mid") -> str:
    """Share with its interval by week of resolution. Rows: week, value, low, high, n, n_weeks_pooled, is_pale."""
    rows = [row for row in rows if row["n"]]
    figure = over_weeks(rows, marks, size)
    weeks = [row["week"].isoformat() for row in rows]
    band = go.Scatter(
        x=[*weeks, *reversed(weeks)],
        y=[rounded(row["high"]) for row in rows] + [rounded(row["low"]) for row in reversed(rows)],
        fill="toself",
        fillcolor="rgba(29,78,137,0.15)",
        line={"width": 0},
        hoverinfo="skip",
        mode="lines",
    )
    figure.add_trace(band)
    hover = [f"{share(row['value'])} of {row['n']} in {row['n_weeks_pooled']} weeks" for row in rows]
    line = go.Scatter(
        x=weeks,
        y=[rounded(row["value"]) for row in rows],
        mode="lines+markers",
        line={"color": LINE, "width": 2.5},
        marker={
            "size": [7 if row["is_pale"] else 0 for row in rows],
            "color": "#ffffff",
            "line": {"color": LINE, "width": 2},
        },
        hovertext=hover,
        hoverinfo="text+x",
    )
    figure.add_trace(line)
    figure.add_hline(y=TARGET_SHARE, line={"color": INK, "width": 1.5, "dash": "dash"})
    if rows:
        labels = [(rows[-1]["value"], share(rows[-1]["value"]), LINE), (TARGET_SHARE, "target 80 %", INK)]
        ends(figure, rows[-1]["week"], 1.02, sorted(labels, reverse=True), 0.09 if size == "mid" else 0.14)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", dtick=0.2)
    return as_json(figure)


def tier3_touches(rows: Sequence[Row], marks: Mapping[date, str], size: str = "low") -> str:
    """Escalations that touched Tier 3 each week. Rows: week, value, is_pale."""
    figure = over_weeks(rows, marks, size)
    bars(figure, rows, "value", "touched Tier 3", LINE)
    if rows:
        ends(
            figure,
            rows[-1]["week"],
            top_of(rows, "value"),
            [(rows[-1]["value"], f"{rows[-1]['value']:.0f} this week", LINE)],
        )
    return as_json(figure)


def backlog_age(rows: Sequence[Row], marks: Mapping[date, str]) -> str:
    """Open escalations at the end of each week. Rows: week, value, is_pale."""
    figure = over_weeks(rows, marks, "low")
    bars(figure, rows, "value", "open", "#8b857c")
    if rows:
        ends(
            figure, rows[-1]["week"], top_of(rows, "value"), [(rows[-1]["value"], f"{rows[-1]['value']:.0f} open", INK)]
        )
    return as_json(figure)


def volume(rows: Sequence[Row], colour: str, marks: Mapping[date, str]) -> str:
    """Escalations of one provider each week, in its colour. Rows: week, value, is_pale."""
    figure = over_weeks(rows, marks, "low")
    bars(figure, rows, "value", "escalations", colour)
    if rows:
        ends(
            figure,
            rows[-1]["week"],
            top_of(rows, "value"),
            [(rows[-1]["value"], f"{rows[-1]['value']:.0f} this week", INK)],
        )
    return as_json(figure)
