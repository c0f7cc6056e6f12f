"""Parts that charts share: an empty figure over weeks, bars, ticks of what is usual, labels at the end, the JSON."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go

Row = dict[str, Any]
DARK, MIDDLE, PALE, LINE, INK, QUIET = "#8c2d04", "#d98b5f", "#ddd8d0", "#1d4e89", "#1c1c1c", "#595959"
LIMIT = "#a3005c"
HEIGHTS = {"low": 190, "mid": 270, "tall": 340}
MARKERS = {"triangle": "triangle-up"}  # Plotly's name where it is another
FONT = {"family": "system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif", "size": 13, "color": INK}


def over_weeks(rows: Sequence[Row], marks: Mapping[date, str], size: str = "mid") -> go.Figure:
    """An empty figure over these weeks, with a line where something was changed by which they are counted."""
    figure = empty(HEIGHTS[size])
    figure.update_layout(margin={"l": 42, "r": 136, "t": 14, "b": 32}, bargap=0.22, barmode="overlay", hovermode="x")
    edge = timedelta(days=5)
    span = [(rows[0]["week"] - edge).isoformat(), (rows[-1]["week"] + edge).isoformat()] if rows else None
    figure.update_xaxes(
        type="date", range=span, showgrid=False, tickformat="%-d %b", ticks="outside", tickcolor="#999999"
    )
    figure.update_yaxes(
        gridcolor="#e6e6e6", zeroline=True, zerolinecolor="#777777", rangemode="tozero", tickformat=",d"
    )
    shown = {row["week"] for row in rows}
    for week, what in sorted(marks.items()):
        if week in shown:
            at = (week - timedelta(days=3)).isoformat()
            figure.add_vline(x=at, line={"color": QUIET, "width": 1, "dash": "dot"})
            note(
                figure,
                what,
                x=at,
                yref="paper",
                y=1,
                xanchor="left",
                yanchor="bottom",
                font={"color": QUIET, "size": 11},
            )
    return figure


def empty(height: int) -> go.Figure:
    """A figure of that height in pixels, on which nothing is drawn."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        showlegend=False,
        plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
        font=FONT,
        dragmode=False,
        hoverlabel={"bgcolor": "#ffffff", "bordercolor": INK, "font": FONT},
    )
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    return figure


def bars(
    figure: go.Figure, rows: Sequence[Row], column: str, told: str, colour: str, shapes: Sequence[str] | None = None
) -> None:
    """A bar for each week in one colour; weeks that may still change are paler, `shapes` hatch."""
    marker: Row = {"color": colour, "line": {"width": 0}, "opacity": [0.55 if row["is_pale"] else 1 for row in rows]}
    if shapes and any(shapes):
        marker["pattern"] = {
            "shape": list(shapes),
            "fillmode": "overlay",
            "fgcolor": "#ffffff",
            "size": 6,
            "solidity": 0.4,
        }
    bars = go.Bar(
        x=[row["week"].isoformat() for row in rows],
        y=[row[column] for row in rows],
        marker=marker,
        hovertemplate=f"%{{y}} {told}<extra></extra>",
    )
    figure.add_trace(bars)


def usual_ticks(figure: go.Figure, rows: Sequence[Row], usual: Mapping[date, Row]) -> None:
    """A tick on each bar where it would stand by what was usual, and one where chance ends."""
    for column, colour, told in (("centre", INK, "usual"), ("upper_limit", LIMIT, "limit of chance")):
        at = [
            (row["week"].isoformat(), usual[row["week"]][column] * row["denominator"])
            for row in rows
            if _has_limit(usual.get(row["week"]), column)
        ]
        if at:
            x, y = [week for week, _ in at], [rounded(height, 2) for _, height in at]
            for width, shade in ((5, "#ffffff"), (2.5, colour)):  # a white edge, for ticks stand on dark bars, too
                marker = {"symbol": "line-ew", "size": 9, "line": {"width": width, "color": shade}}
                hover = (
                    {"hovertemplate": f"{told}: %{{y:.1f}}<extra></extra>"}
                    if shade == colour
                    else {"hoverinfo": "skip"}
                )
                figure.add_trace(go.Scatter(x=x, y=y, mode="markers", marker=marker, **hover))


def _has_limit(row: Row | None, column: str) -> bool:
    return row is not None and row[column] is not None and not (column == "upper_limit" and row[column] >= 1)


def top_of(rows: Sequence[Row], column: str = "denominator") -> float:
    """The highest bar; one where there is none."""
    return max([float(row[column]) for row in rows] + [1.0])


def ends(
    figure: go.Figure, week: date, top: float, labels: Sequence[tuple[float, str, str]], gap_share: float = 0.11
) -> None:
    """Labels at the last week, the highest first, moved apart where they would stand on each other."""
    gap, below = top * gap_share, None
    for height, text, colour in reversed(labels):
        at = max(height, 0 if below is None else below + gap)
        below = at
        note(
            figure,
            text,
            name="end",
            x=week.isoformat(),
            y=rounded(at, 3),
            xanchor="left",
            xshift=12,
            align="left",
            font={"color": colour, "weight": 700},
        )


def note(figure: go.Figure, text: str, **where: Any) -> None:
    """Words on the figure, without an arrow."""
    figure.add_annotation(text=text, showarrow=False, **where)


def marker_of(symbol: str) -> str:
    """Plotly's name of a symbol."""
    return MARKERS.get(symbol, symbol)


def rounded(value: float | None, digits: int = 4) -> float | None:
    """So many digits as can be seen."""
    return None if value is None else round(float(value), digits)


def share(value: float) -> str:
    """0.78 → `78 %`, as the pages tell it."""
    return f"{100 * value:.0f} %"


def as_json(figure: go.Figure) -> str:
    """JSON that may stand in a page: nothing in it ends a script."""
    told = figure.to_plotly_json()
    told["layout"].pop("template", None)  # the default look is 6 kB for each figure
    text = json.dumps(
        {"data": told["data"], "layout": told["layout"]}, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return (
        text.replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029")
    )
