"""One function per chart, named after its measure. Frames in, Plotly figures (as JSON) out.

Direct labels instead of legends, the target named on its line, intervals drawn, bars from zero. Colours are told apart
in grey print too: what matters is dark, the rest pale.
"""

import pandas as pd
import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

DARK, PALE, LINE, INK, TARGET = "#9a3412", "#e3d9cf", "#1d4e89", "#2b2b2b", "#5f5f5f"
HEIGHT = 290
TARGET_SHARE = 0.8


def library() -> str:
    """The text of plotly.js, to be put into a page once."""
    return str(get_plotlyjs())


def resolution_without_tier3(rows: pd.DataFrame) -> str:
    """Share with its interval by week of resolution. Rows: week, value, low, high, n, n_weeks_pooled."""
    rows = rows[rows["n"] > 0]
    figure = _figure(rows["week"])
    figure.add_trace(_band(rows["week"], rows["low"], rows["high"]))
    hover = [
        f"{v:.0%} of {n} in {w} weeks" for v, n, w in zip(rows["value"], rows["n"], rows["n_weeks_pooled"], strict=True)
    ]
    figure.add_trace(
        go.Scatter(
            x=rows["week"],
            y=rows["value"],
            mode="lines",
            line={"color": LINE, "width": 2.5},
            hovertext=hover,
            hoverinfo="text+x",
        )
    )
    figure.add_hline(y=TARGET_SHARE, line={"color": TARGET, "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        xref="paper",
        x=0,
        y=TARGET_SHARE,
        text="target 80 %",
        showarrow=False,
        xanchor="left",
        yanchor="bottom",
        font={"color": TARGET},
    )
    if len(rows):
        last = rows.iloc[-1]
        _end_label(figure, last["week"], last["value"], f"<b>{last['value']:.0%}</b>", LINE)
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", dtick=0.2)
    return _json(figure)


def repeats(rows: pd.DataFrame) -> str:
    """Escalations each week and those that came back. Rows: week, numerator, denominator."""
    return _part_of_bars(rows, "came back", "escalations")


def ops_should_have_handled(rows: pd.DataFrame) -> str:
    """Escalations through OPS each week and those that meet a criterion. Rows: week, numerator, denominator."""
    return _part_of_bars(rows, "OPS should<br>have handled", "came through OPS")


def backlog_age(rows: pd.DataFrame) -> str:
    """Open escalations at the end of each week. Rows: week, value."""
    figure = _figure(rows["week"])
    figure.add_trace(
        go.Bar(
            x=rows["week"],
            y=rows["value"],
            marker={"color": PALE, "line": {"width": 0}},
            hovertemplate="%{y} open<extra></extra>",
        )
    )
    if len(rows):
        last = rows.iloc[-1]
        _end_label(figure, last["week"], last["value"], f"<b>{last['value']:.0f}</b> open", INK)
    figure.update_yaxes(rangemode="tozero")
    return _json(figure)


def _part_of_bars(rows: pd.DataFrame, part: str, whole: str) -> str:
    figure = _figure(rows["week"])
    for column, name, colour in (("denominator", whole, PALE), ("numerator", part, DARK)):
        bars = go.Bar(
            x=rows["week"],
            y=rows[column],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            hovertemplate=f"%{{y}} {name}<extra></extra>",
        )
        figure.add_trace(bars)
    figure.update_layout(barmode="overlay")
    figure.update_yaxes(rangemode="tozero")
    if len(rows):
        last = rows.iloc[-1]
        top, inner = float(last["denominator"]), float(last["numerator"])
        apart = max(float(rows["denominator"].max()), 1.0) * 0.1
        _end_label(figure, last["week"], max(top, inner + 2.4 * apart), f"{top:.0f} {whole}", INK)
        _end_label(figure, last["week"], max(inner, apart), f"<b>{inner:.0f} {part}</b>", DARK)
    return _json(figure)


def _figure(weeks: "pd.Series[pd.Timestamp]") -> go.Figure:
    figure = go.Figure()
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 44, "r": 170, "t": 12, "b": 36},
        showlegend=False,
        plot_bgcolor="rgba(0,0,0,0)",
        paper_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        bargap=0.25,
        hovermode="x",
        dragmode=False,
    )
    edge = pd.Timedelta(days=5)
    span = [weeks.min() - edge, weeks.max() + edge] if len(weeks) else None
    figure.update_xaxes(
        type="date", range=span, showgrid=False, tickformat="%-d %b", ticks="outside", tickcolor="#bbb", fixedrange=True
    )
    figure.update_yaxes(gridcolor="#e6e6e6", zeroline=True, zerolinecolor="#999", fixedrange=True)
    return figure


def _band(weeks: "pd.Series[pd.Timestamp]", low: "pd.Series[float]", high: "pd.Series[float]") -> go.Scatter:
    x = [*weeks, *reversed(list(weeks))]
    y = [*high, *reversed(list(low))]
    return go.Scatter(
        x=x, y=y, fill="toself", fillcolor="rgba(29,78,137,0.14)", line={"width": 0}, hoverinfo="skip", mode="lines"
    )


def _end_label(figure: go.Figure, week: object, height: float, text: str, colour: str) -> None:
    figure.add_annotation(
        x=week,
        y=height,
        text=text,
        showarrow=False,
        xanchor="left",
        xshift=14,
        align="left",
        font={"color": colour},
        bgcolor="rgba(253,252,250,0.85)",
    )


def _json(figure: go.Figure) -> str:
    return str(figure.to_json()).replace("<", "\\u003c").replace("&", "\\u0026")
