"""Charts that hold things beside each other: providers, parties, before and since, now and then."""

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from reports.charts.parts import INK, LINE, PALE, QUIET, Row, as_json, empty, marker_of, note, rounded, share

PARTIES = {"ours": "#1d4e89", "provider": "#8c2d04", "dealer": "#d98b5f", "ops": "#b9b4ad"}


def waits(rows: Sequence[Row]) -> str:
    """Each provider's share against what chance gives around the others'.

    Rows: name, colour, symbol, value, numerator, denominator, centre, lower_limit, upper_limit; in the order shown.
    """
    figure = empty(max(120, 44 * len(rows) + 60))
    for row in rows:
        if row["centre"] is not None:
            limits = go.Scatter(
                x=[rounded(row["lower_limit"]), rounded(row["upper_limit"])],
                y=[row["name"]] * 2,
                mode="lines",
                line={"color": PALE, "width": 14},
                hoverinfo="skip",
            )
            centre = go.Scatter(
                x=[rounded(row["centre"])],
                y=[row["name"]],
                mode="markers",
                marker={"symbol": "line-ns", "size": 16, "line": {"width": 2, "color": QUIET}},
                hovertemplate="the others: %{x:.0%}<extra></extra>",
            )
            figure.add_traces([limits, centre])
    told = [f"{row['numerator']} of {row['denominator']}" for row in rows]
    dots = go.Scatter(
        x=[rounded(row["value"]) for row in rows],
        y=[row["name"] for row in rows],
        mode="markers",
        marker={
            "size": 13,
            "color": [row["colour"] for row in rows],
            "symbol": [marker_of(row["symbol"]) for row in rows],
            "line": {"color": "#ffffff", "width": 1},
        },
        hovertext=told,
        hoverinfo="text+y",
    )
    figure.add_trace(dots)
    for row, text in zip(rows, told, strict=True):
        note(figure, text, x=1.02, y=row["name"], xanchor="left", font={"color": INK})
    figure.update_xaxes(range=[-0.02, 1.02], tickformat=".0%", dtick=0.25, gridcolor="#e6e6e6", zeroline=False)
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_layout(margin={"l": 10, "r": 76, "t": 6, "b": 30})
    figure.update_yaxes(automargin=True)
    return as_json(figure)


def time_by_party(rows: Sequence[Row], parties: Mapping[str, str]) -> str:
    """Days per resolved escalation by who held the ball. Rows: name, n, total, days by party."""
    figure = empty(max(130, 40 * len(rows) + 80))
    for party, told in parties.items():
        shape = {"provider": "/", "dealer": "\\"}.get(party, "")
        pattern = {"shape": shape, "fillmode": "overlay", "fgcolor": "#ffffff", "size": 6, "solidity": 0.25}
        bar = go.Bar(
            y=[row["name"] for row in rows],
            x=[rounded(row[party], 2) for row in rows],
            orientation="h",
            marker={"color": PARTIES[party], "pattern": pattern},
            hovertemplate=f"%{{x:.1f}} days: {told}<extra></extra>",
        )
        figure.add_trace(bar)
    for row in rows:
        text = f"{row['total']:.1f} days, {row['n']}"
        note(figure, text, x=rounded(row["total"], 2), y=row["name"], xanchor="left", xshift=6, font={"color": INK})
    if rows:
        _name_parts(figure, rows[0], parties)
    widest = max((row["total"] for row in rows), default=1) or 1
    figure.update_layout(barmode="stack", bargap=0.35, margin={"l": 10, "r": 10, "t": 36, "b": 30})
    figure.update_xaxes(range=[0, widest * 1.3], gridcolor="#e6e6e6", zeroline=True)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    return as_json(figure)


def _name_parts(figure: go.Figure, row: Row, parties: Mapping[str, str]) -> None:
    """The parties' names above the first bar, by turns in two lines, each at its part."""
    begin = 0.0
    for place, (party, told) in enumerate(parties.items()):
        if row[party] > 0.04 * (row["total"] or 1):
            middle = rounded(begin + row[party] / 2, 2)
            colour = "#6d645a" if party == "ops" else INK
            note(
                figure, told, x=middle, y=row["name"], yshift=20 + 14 * (place % 2), font={"color": colour, "size": 12}
            )
        begin += row[party]


def containment(rows: Sequence[Row]) -> str:
    """Share that OPS kept of a failure mode before and since its runbook. Rows: name, value_before, value_after."""
    figure = empty(max(130, 34 * len(rows) + 60))
    for row in rows:
        line = go.Scatter(
            x=[rounded(row["value_before"]), rounded(row["value_after"])],
            y=[row["name"]] * 2,
            mode="lines",
            line={"color": "#b9b4ad", "width": 3},
            hoverinfo="skip",
        )
        figure.add_trace(line)
    for column, told, fill in (("value_before", "before", "#ffffff"), ("value_after", "since", LINE)):
        dots = go.Scatter(
            x=[rounded(row[column]) for row in rows],
            y=[row["name"] for row in rows],
            mode="markers",
            marker={"size": 12, "color": fill, "line": {"color": LINE, "width": 2}},
            hovertemplate=f"{told}: %{{x:.0%}}<extra></extra>",
        )
        figure.add_trace(dots)
    if rows:
        first = rows[0]
        is_up = first["value_after"] >= first["value_before"]
        note(
            figure,
            "before",
            x=rounded(first["value_before"]),
            y=first["name"],
            yshift=16,
            xanchor="right" if is_up else "left",
            font={"color": QUIET},
        )
        note(
            figure,
            "since",
            x=rounded(first["value_after"]),
            y=first["name"],
            yshift=16,
            xanchor="left" if is_up else "right",
            font={"color": LINE, "weight": 700},
        )
    figure.update_xaxes(range=[-0.03, 1.03], tickformat=".0%", dtick=0.25, gridcolor="#e6e6e6", zeroline=False)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    figure.update_layout(margin={"l": 10, "r": 20, "t": 22, "b": 30})
    return as_json(figure)


def outlook(rows: Sequence[Row], target: float) -> str:
    """Where the share stands and where it is expected, with intervals. Rows: name, value, low, high, is_forecast."""
    figure = empty(58 * len(rows) + 72)
    for row in rows:
        dash = "dot" if row["is_forecast"] else "solid"
        line = go.Scatter(
            x=[rounded(row["low"]), rounded(row["high"])],
            y=[row["name"]] * 2,
            mode="lines",
            line={"color": LINE, "width": 4, "dash": dash},
            hoverinfo="skip",
        )
        fill = "#ffffff" if row["is_forecast"] else LINE
        dot = go.Scatter(
            x=[rounded(row["value"])],
            y=[row["name"]],
            mode="markers",
            marker={"size": 14, "color": fill, "line": {"color": LINE, "width": 2.5}},
            hovertemplate="%{x:.0%}<extra></extra>",
        )
        figure.add_traces([line, dot])
        note(
            figure,
            share(row["value"]),
            x=rounded(row["value"]),
            y=row["name"],
            yshift=18,
            font={"color": LINE, "weight": 700},
        )
    figure.add_vline(x=target, line={"color": INK, "width": 1.5, "dash": "dash"})
    note(
        figure, f"target {share(target)}", x=target, yref="paper", y=1, yshift=22, yanchor="bottom", font={"color": INK}
    )
    figure.update_xaxes(range=[0, 1.02], tickformat=".0%", dtick=0.2, gridcolor="#e6e6e6", zeroline=False)
    figure.update_yaxes(autorange="reversed", type="category", automargin=True)
    figure.update_layout(margin={"l": 10, "r": 16, "t": 44, "b": 30})
    return as_json(figure)
