"""Charts: what is drawn of which rows, told by their JSON; and that nothing in them ends a script."""

import json
from datetime import date, timedelta
from typing import Any

import pytest

from reports import charts

MONDAY = date(2026, 6, 1)


def weeks(*counts: tuple[int, int], pale: int = 0) -> list[dict[str, Any]]:
    """Rows of (numerator, denominator), of which the last so many may still change."""
    return [
        {
            "week": MONDAY + timedelta(weeks=n),
            "numerator": k,
            "denominator": d,
            "value": k,
            "is_pale": n >= len(counts) - pale,
        }
        for n, (k, d) in enumerate(counts)
    ]


def read(figure: str) -> dict[str, Any]:
    assert not set("<>&") & set(figure)
    told: dict[str, Any] = json.loads(figure)
    assert set(told) == {"data", "layout"} and "template" not in told["layout"]
    return told


def words(figure: dict[str, Any]) -> list[str]:
    return [one["text"] for one in figure["layout"].get("annotations", [])]


def test_repeats_come_within_escalations_from_zero_with_labels_at_the_end() -> None:
    made = read(charts.repeats(weeks((1, 4), (3, 6)), {}, {}))
    whole, part = made["data"]
    assert (whole["y"], part["y"]) == ([4, 6], [1, 3])
    assert made["layout"]["barmode"] == "overlay" and made["layout"]["yaxis"]["rangemode"] == "tozero"
    assert words(made) == ["3 came back", "6 escalations"]
    assert made["layout"]["showlegend"] is False


def test_weeks_that_may_still_change_are_paler() -> None:
    made = read(charts.repeats(weeks((1, 4), (3, 6), (2, 5), pale=2), {}, {}))
    assert made["data"][0]["marker"]["opacity"] == [1, 0.55, 0.55]


def test_what_is_usual_is_a_tick_and_where_chance_ends_only_where_that_is_on_the_bar() -> None:
    rows = weeks((1, 4), (3, 10))
    usual = {
        rows[0]["week"]: {"centre": 0.25, "upper_limit": 1.0},
        rows[1]["week"]: {"centre": 0.2, "upper_limit": 0.6},
    }
    made = read(charts.repeats(rows, usual, {}))
    ticks = {one["hovertemplate"].partition(":")[0]: one for one in made["data"][2:] if "hovertemplate" in one}
    assert ticks["usual"]["y"] == [1.0, 2.0]
    assert (ticks["limit of chance"]["x"], ticks["limit of chance"]["y"]) == (["2026-06-08"], [6.0])


def test_verdicts_are_hatched_while_a_reply_may_come() -> None:
    rows = [row | {"claimed": 2, "agreed": 1, "is_open": n == 1} for n, row in enumerate(weeks((2, 5), (2, 6)))]
    made = read(charts.ops_should_have_handled(rows, {}, {}))
    through, claimed, agreed = made["data"]
    assert (through["y"], claimed["y"], agreed["y"]) == ([5, 6], [2, 2], [1, 1])
    assert claimed["marker"]["pattern"]["shape"] == ["", "/"]
    assert "OPS may reply" in words(made)


def test_a_share_has_its_interval_and_the_target() -> None:
    rows = [
        row | {"value": 0.75, "low": 0.6, "high": 0.9, "n": 20, "n_weeks_pooled": 4}
        for row in weeks((15, 20), (15, 20))
    ]
    rows.append(rows[-1] | {"n": 0, "value": None, "week": MONDAY + timedelta(weeks=2)})
    made = read(charts.resolution_without_tier3(rows, {}))
    band, line = made["data"]
    assert band["y"] == [0.9, 0.9, 0.6, 0.6] and line["y"] == [0.75, 0.75]
    assert made["layout"]["shapes"][0]["y0"] == 0.8
    assert set(words(made)) == {"target 80 %", "75 %"}
    assert made["layout"]["yaxis"]["range"] == [0, 1.02]


def test_labels_that_would_stand_on_each_other_are_moved_apart() -> None:
    made = read(charts.repeats(weeks((10, 10)), {}, {}))
    low, high = sorted(one["y"] for one in made["layout"]["annotations"])
    assert high - low >= 1


def test_a_week_in_which_rules_changed_is_marked() -> None:
    made = read(
        charts.tier3_touches(
            weeks((1, 1), (2, 1), (3, 1)), {MONDAY + timedelta(weeks=1): "other rules", date(2020, 1, 6): "long ago"}
        )
    )
    assert "other rules" in words(made) and "long ago" not in words(made)
    assert len(made["layout"]["shapes"]) == 1


def test_a_provider_stands_against_the_others_in_its_colour_and_symbol() -> None:
    common: dict[str, Any] = {"numerator": 4, "denominator": 5, "value": 0.8}
    rows = [
        {
            "name": "CDK",
            "colour": "#d55e00",
            "symbol": "circle",
            "centre": 0.5,
            "lower_limit": 0.1,
            "upper_limit": 0.7,
            **common,
        },
        {
            "name": "XTime",
            "colour": "#009e73",
            "symbol": "triangle",
            "centre": None,
            "lower_limit": None,
            "upper_limit": None,
            **common,
        },
    ]
    made = read(charts.waits(rows))
    dots = made["data"][-1]
    assert dots["marker"]["color"] == ["#d55e00", "#009e73"] and dots["marker"]["symbol"] == ["circle", "triangle-up"]
    assert made["data"][0]["x"] == [0.1, 0.7] and made["data"][1]["x"] == [0.5]
    assert words(made) == ["4 of 5", "4 of 5"]


def test_days_by_party_add_up_to_the_bar_and_are_told_apart_without_colour() -> None:
    parties = {"ours": "with us", "provider": "the provider", "dealer": "the dealer", "ops": "OPS"}
    rows = [{"name": "All", "n": 9, "ours": 2.0, "provider": 1.0, "dealer": 1.0, "ops": 0.0, "total": 4.0}]
    made = read(charts.time_by_party(rows, parties))
    assert [one["x"] for one in made["data"]] == [[2.0], [1.0], [1.0], [0.0]]
    assert len({one["marker"]["pattern"]["shape"] for one in made["data"][:3]}) == 3
    assert words(made) == ["4.0 days, 9", "with us", "the provider", "the dealer"]


def test_before_and_since() -> None:
    rows = [{"name": "CDK, auth", "value_before": 0.2, "value_after": 0.6}]
    made = read(charts.containment(rows))
    assert [one["x"] for one in made["data"]] == [[0.2, 0.6], [0.2], [0.6]]
    assert words(made) == ["before", "since"]


def test_an_outlook_is_dotted_against_the_target() -> None:
    rows = [
        {"name": "last 4 weeks", "value": 0.7, "low": 0.5, "high": 0.8, "is_forecast": False},
        {"name": "month 6", "value": 0.75, "low": 0.6, "high": 0.85, "is_forecast": True},
    ]
    made = read(charts.outlook(rows, 0.8))
    assert [one["line"]["dash"] for one in made["data"][::2]] == ["solid", "dot"]
    assert "target 80 %" in words(made)


@pytest.mark.parametrize(
    "figure",
    [
        charts.repeats([], {}, {}),
        charts.ops_should_have_handled([], {}, {}),
        charts.resolution_without_tier3([], {}),
        charts.tier3_touches([], {}),
        charts.backlog_age([], {}),
        charts.volume([], "#d55e00", {}),
        charts.waits([]),
        charts.time_by_party([], {"ours": "with us"}),
        charts.containment([]),
    ],
)
def test_without_rows_there_is_an_empty_chart(figure: str) -> None:
    assert words(read(figure)) in ([], ["target 80 %"])


def test_what_a_name_holds_ends_no_script() -> None:
    rows = [{"name": "</script><b>&", "value_before": 0.2, "value_after": 0.6}]
    figure = charts.containment(rows)
    assert "</script>" not in figure and json.loads(figure)["data"][0]["y"][0] == "</script><b>&"


def test_the_library_adds_no_style_that_a_strict_policy_refuses() -> None:
    """It does so unless an element with a certain id is there; the id is the library's own and changes with it."""
    text = charts.library()
    first = text.splitlines()[0]
    assert first.startswith('document.head.append(Object.assign(document.createElement("meta"),{id:"')
    assert len(text) > 1_000_000 and charts.library() is text
