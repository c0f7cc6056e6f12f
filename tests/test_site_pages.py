"""Single pages from few rows: what they say of them, in which order, in which words."""

from typing import Any

import pandas as pd
import pytest
from site_reading import Reader

from reports.pages import families, onboarding, ops, queue, scorecard
from reports.pages.scorecard import forecast_text
from reports.week import Week

NOW = pd.Timestamp("2026-06-29 06:00")
PROVIDERS = [
    {"provider": "xtime", "name": "XTime", "colour": "#009e73"},
    {"provider": "cdk", "name": "CDK", "colour": "#d55e00"},
]
PROVIDERS += [{"provider": "none", "name": "No provider", "colour": "#6b7280"}]


def week_of(**frames: list[dict[str, Any]]) -> Week:
    clock = {"as_of": NOW, "week": pd.Timestamp("2026-06-22"), "reporting_zone": "UTC"}
    given: dict[str, list[dict[str, Any]]] = {"clock": [clock], "providers": PROVIDERS, **frames}
    return Week({name: pd.DataFrame(rows) for name, rows in given.items()})


def words(pages: list[Any], path: str) -> str:
    (found,) = [page for page in pages if page.path == path]
    return Reader(found.text.partition("<main")[2].partition("</main>")[0].partition(">")[2]).words


# -- queue -------------------------------------------------------------------------------------------------------------


def queued(**given: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "issue_id": 1,
        "escalation_no": 1,
        "ticket_key": "SUP-1",
        "place": 1,
        "why_now": "ours",
        "priority": "High",
    }
    row |= {
        "summary": "no slots",
        "dealer_name": "Cedar",
        "provider": "xtime",
        "failure_category": "auth",
        "is_tag_unsure": False,
    }
    row |= {
        "age_working_hours": 12.4,
        "waiting_on": "tier2",
        "held_since": NOW - pd.Timedelta(days=2),
        "hours_left": None,
    }
    row |= {"verdict": "justified", "criterion_id": None, "runbook_id": None, "nearest_key": None, "nearest_tier": None}
    return row | {"repeat_of_key": None, "family_id": None, "next_step": "answer it"} | given


def test_a_row_of_the_queue_says_what_to_do_and_why_now() -> None:
    row = queued(
        why_now="soon_overdue",
        hours_left=5.0,
        waiting_on="provider",
        next_step="chase the provider",
        nearest_key="SUP-7",
        nearest_tier=2,
    )
    text = words(queue.pages(week_of(queue=[row])), "queue.html")
    assert "1 escalation open, 1 to act on now" in text
    assert "SUP-1 no slots XTime auth Cedar · High · 12 working hours old · with the provider since 27 Jun 2026" in text
    assert "About to pass the provider's normal time. 5 h left Next: Chase the provider." in text
    assert "Verdict: rightly escalated Nearest resolved: SUP-7, at Tier 2" in text


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"why_now": "overdue", "hours_left": -30.0}, "Beyond the provider's normal time. 30 h over"),
        (
            {"why_now": "push_back", "verdict": "should_have_handled", "criterion_id": "runbook"},
            "OPS could have handled it (runbook)",
        ),
        ({"repeat_of_key": "SUP-9"}, "Came back: SUP-9 was the same failure at this dealer."),
        ({"provider": None, "failure_category": None, "dealer_name": None}, "untagged untagged dealer not known"),
        ({"runbook_id": "RB-1"}, "Runbook: RB-1"),
    ],
)
def test_what_else_a_row_tells(given: dict[str, Any], told: str) -> None:
    assert told in words(queue.pages(week_of(queue=[queued(**given)])), "queue.html")


def test_who_only_waits_is_not_pressing_and_the_order_is_the_warehouse_s() -> None:
    rows = [queued(), queued(ticket_key="SUP-2", issue_id=2, place=2, why_now="waiting", waiting_on="dealer")]
    text = words(queue.pages(week_of(queue=rows)), "queue.html")
    assert "2 escalations open, 1 to act on now" in text
    assert text.index("SUP-1") < text.index("SUP-2") and "Somebody else" not in text


# -- onboarding --------------------------------------------------------------------------------------------------------


def onboarded(dealer: str, **given: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "ticket_key": None,
        "issue_id": None,
        "dealer_id": dealer,
        "dealer_name": dealer,
        "provider": "cdk",
    }
    row |= {
        "requested_at": NOW - pd.Timedelta(days=30),
        "live_date": pd.NaT,
        "is_on_time": None,
        "exclusion_reason": None,
        "needs": None,
    }
    row |= {
        "status": "Waiting",
        "holder": "provider",
        "held_since": NOW - pd.Timedelta(days=9),
        "elapsed_days": 30,
        "normal_days": 21.0,
    }
    return row | given


def test_who_waits_longest_beyond_normal_stands_first() -> None:
    rows = [
        onboarded("Early", elapsed_days=5),
        onboarded("Unknown", provider="xtime", normal_days=None),
        onboarded("Late", elapsed_days=27, holder="dealer"),
        onboarded("Latest", elapsed_days=40),
        onboarded("Gone", exclusion_reason="cancelled"),
        onboarded("Live", live_date=pd.Timestamp("2026-06-20"), elapsed_days=20, is_on_time=True),
        onboarded("Slow", live_date=pd.Timestamp("2026-06-10"), elapsed_days=25, is_on_time=False),
        onboarded("Long ago", live_date=pd.Timestamp("2025-06-10")),
    ]
    text = words(onboarding.pages(week_of(onboardings=rows)), "onboarding.html")
    assert "4 dealers wait to go live, 2 longer than normal" in text
    order = [
        text.index(name) for name in ("Latest CDK", "Late CDK", "Early CDK", "Unknown XTime", "Live CDK", "Slow CDK")
    ]
    assert order == sorted(order)
    assert (
        "19 days over the normal 21 the provider since 20 Jun 2026" in text
        and "6 days over the normal 21 the dealer" in text
    )
    assert "no normal time until live is known" in text and "late by 4 days" in text
    assert "Gone" not in text and "Long ago" not in text


# -- for OPS -----------------------------------------------------------------------------------------------------------


def criterion(name: str, **given: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "criterion_id": name,
        "criterion_version": 1,
        "title": f"{name} holds.",
        "claims": "should_have_handled",
    }
    row |= {
        "effective_from": pd.Timestamp("2026-01-01"),
        "effective_until": pd.NaT,
        "n_claimed": 3,
        "n_agreed": 1,
        "n_withdrawn": 1,
    }
    return row | {"n_contested": 0, "n_unanswered": 1, "n_open": 0} | given


def test_criteria_in_force_with_what_became_of_them() -> None:
    rows = [
        criterion("runbook"),
        criterion("old", effective_until=pd.Timestamp("2026-03-01")),
        criterion("to-come", effective_from=pd.Timestamp("2026-09-01")),
        criterion("already-open", claims="incomplete", n_claimed=2),
    ]
    text = words(ops.pages(week_of(criteria_standing=rows)), "ops.html")
    assert (
        "Runbook runbook holds. version 1, since 1 Jan 2026; in 26 weeks 3 times: 1 agreed, 1 withdrawn, 0 contested without a ruling, 1 unanswered"
        in text
    )
    assert (
        "Rightly escalated, but badly handed over Already open already-open holds. version 1, since 1 Jan 2026; in 26 weeks 2 times"
        in text
    )
    assert "old holds" not in text and "to-come holds" not in text


def test_runbooks_by_symptom_and_the_standing_list() -> None:
    book: dict[str, Any] = {
        "runbook_id": "RB-1",
        "version": 1,
        "title": "Slots hidden",
        "provider": "xtime",
        "audience": "ops",
    }
    book |= {
        "needs_access": ["portal"],
        "announced_date": pd.Timestamp("2026-03-01"),
        "replaced_date": pd.NaT,
        "n_used": 4,
    }
    book |= {"symptoms": ["No slots though advisors are free.", "Web capacity reads 0."], "page": None}
    standing: dict[str, Any] = {
        "provider": "xtime",
        "failure_category": "auth",
        "n_escalations": 3,
        "n_before": 1,
        "n_agreed": 2,
    }
    standing |= {"effort_hours": 12.6, "runbook_id": "RB-1", "why": "access", "is_why_suggested": True}
    text = words(ops.pages(week_of(runbooks=[book], ops_standing_list=[standing])), "ops.html")
    assert "Slots hidden No slots though advisors are free. Web capacity reads 0. RB-1, announced 1 Mar 2026" in text
    assert "needs portal; you ended 4 tickets with it" in text
    assert "XTime auth 3 2 1 13 RB-1 OPS lacked the access" in text and "for OPS has given no reason yet" in text
    said = [standing, standing | {"provider": "cdk", "is_why_suggested": False}]
    text = words(ops.pages(week_of(ops_standing_list=said)), "ops.html")
    assert "OPS lacked the access as the program suggests CDK auth" in text and "given no reason yet" not in text


def test_a_change_is_not_claimed_of_too_few() -> None:
    mode: dict[str, Any] = {
        "provider": "cdk",
        "failure_category": "auth",
        "form": "tier1",
        "runbook_id": "RB-1",
        "n_before": 3,
        "k_before": 1,
    }
    mode |= {"value_before": 0.33, "n_after": 4, "k_after": 3, "value_after": 0.75, "n_pending": 0, "is_too_few": True}
    few = ops.containment(week_of(containment=[mode]))
    many = ops.containment(week_of(containment=[mode | {"is_too_few": False}]))
    assert few is not None and many is not None
    assert (
        few.title
        == "OPS keeps more of 1 of 1 failure modes since there is a runbook; too few tickets to be sure of any"
    )
    assert many.title == "OPS keeps more of 1 of 1 failure modes since there is a runbook"
    assert ops.containment(week_of(containment=[mode | {"runbook_id": None}])) is None


# -- patterns ----------------------------------------------------------------------------------------------------------


def test_a_pattern_s_page_draws_when_it_occurred_and_what_took_effect() -> None:
    family: dict[str, Any] = {
        "family_id": 1,
        "founder_key": "SUP-1",
        "title": "Slots hidden",
        "provider": "xtime",
        "failure_category": "configuration",
    }
    family |= {
        "signature": "capacity",
        "kind": None,
        "state": "regressed",
        "state_since": NOW - pd.Timedelta(days=10),
        "first_seen_at": NOW - pd.Timedelta(days=100),
    }
    family |= {
        "last_seen_at": NOW - pd.Timedelta(days=25),
        "n_escalations": 2,
        "n_dealers": 2,
        "n_recent": 2,
        "effort_hours": 9.5,
        "cure": "runbook",
    }
    family |= {"n_ended": 1, "n_ended_low": 1, "n_ended_high": 2, "is_in_hand": False}
    ticket: dict[str, Any] = {
        "family_id": 1,
        "escalation_no": 1,
        "summary": "no slots",
        "dealer_name": "Cedar",
        "resolution_tier": 2,
        "outcome": "neither",
    }
    tickets = [
        ticket
        | {
            "issue_id": 2,
            "ticket_key": "SUP-2",
            "occurred_at": NOW - pd.Timedelta(days=25),
            "resolved_at": pd.NaT,
            "escalated_at": NOW,
        },
        ticket
        | {
            "issue_id": 1,
            "ticket_key": "SUP-1",
            "occurred_at": NOW - pd.Timedelta(days=100),
            "resolved_at": NOW,
            "escalated_at": NOW,
        },
    ]
    remedy: dict[str, Any] = {
        "family_id": 1,
        "kind": "change",
        "ref": "PENG-3",
        "effective_at": NOW - pd.Timedelta(days=50),
        "is_assumed": True,
        "ended_at": pd.NaT,
    }
    remedy |= {"verdict": "too few", "n_before": 1, "n_since": 1, "n_weeks_before": 7, "n_weeks_since": 6}
    pages = families.pages(week_of(families=[family], family_tickets=tickets, remedies=[remedy]))
    text = words(pages, "families/SUP-1.html")
    assert (
        "2 escalations at 2 dealers since 21 Mar 2026, the last on 4 Jun 2026; 2 in the last 13 weeks, at most 10 hours of Tier 2."
        in text
    )
    assert (
        "Change PENG-3, in effect since 10 May 2026 (assumed from the merge): 1 in 7 weeks before, 1 in the 6 since, too few"
        in text
    )
    assert "escalations runbook SUP-1 drafts a runbook" in text
    (page,) = [one for one in pages if one.path == "families/SUP-1.html"]
    assert (
        '<circle cx="0.0%" cy="40" r="5.5" class="hit">' in page.text
        and '<circle cx="75.0%" cy="40" r="5.5" class="hit open">' in page.text
    )
    assert '<line x1="50.0%" x2="50.0%" y1="20" y2="52" class="cut">' in page.text
    assert "Slots hidden XTime configuration came back after a fix 2 2 2 10 4 Jun 2026" in words(
        pages, "families/index.html"
    )


# -- scorecard ---------------------------------------------------------------------------------------------------------


def target(measure: str, **given: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "measure": measure,
        "month": 6,
        "title": measure,
        "target": "0.8",
        "value": 0.75,
        "low": 0.6,
        "high": 0.9,
        "baseline": 0.5,
    }
    return (
        row
        | {"n": 20, "n_unknown": None, "status": "not met", "trend": "better", "needs": None, "due_date": pd.NaT}
        | given
    )


@pytest.mark.parametrize(
    ("row", "goal", "told", "span", "base"),
    [
        (target("resolution_without_tier3"), "80\u00a0%", "75\u00a0%", "60–90\u00a0%", "50\u00a0%"),
        (
            target(
                "repeats_per_dealer", target="better than the baseline", value=0.066, low=0.03, high=0.12, baseline=0.05
            ),
            "better than the baseline",
            "0.07",
            "0.03–0.12",
            "0.05",
        ),
        (target("merged_changes", target="10.0", value=12.0, low=None, high=None, baseline=None), "10", "12", "", ""),
        (
            target("ops_feedback", target="assessed", value=None, low=None, high=None, baseline=None),
            "assessed",
            "–",
            "",
            "",
        ),
        (
            target("deal_losses", value=None, low=None, high=None, baseline=None, needs="inputs/deals.csv"),
            "80\u00a0%",
            "–",
            "",
            "",
        ),
    ],
)
def test_how_a_target_is_told(row: dict[str, Any], goal: str, told: str, span: str, base: str) -> None:
    made = scorecard._told(row)
    assert (made["goal"], made["told"], made["range"], made["base"]) == (goal, told, span, base)


FORECAST: dict[str, Any] = {
    "month": 6,
    "target": 0.8,
    "model": "drift",
    "chance": 0.08,
    "mean": 0.75,
    "low": 0.7,
    "high": 0.8,
    "rate_needed": 0.93,
    "n_done": 29,
    "needs": None,
}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            FORECAST,
            "Month 6 is expected to end at 75 % (70–80 %, four times in five); the chance that it reaches 80 % is 8 %, as the share has moved so far. "
            "29 resolutions of that month are already counted; from now on 93 % would do.",
        ),
        (
            FORECAST | {"model": "no change", "n_done": 0},
            "Month 6 is expected to end at 75 % (70–80 %, four times in five); the chance that it reaches 80 % is 8 %, as if nothing changed, which has "
            "forecast this desk better than any trend.",
        ),
        (
            FORECAST | {"rate_needed": None},
            "Month 6 is expected to end at 75 % (70–80 %, four times in five); the chance that it reaches 80 % is 8 %, as the share has moved so far. "
            "29 resolutions of that month are already counted; from now on no share would do.",
        ),
        (
            FORECAST | {"needs": "targets.toml: start_date"},
            "Whether month 6 will reach 80 % cannot be forecast yet: it needs targets.toml: start_date.",
        ),
        (FORECAST | {"chance": None}, "Whether month 6 will reach 80 % cannot be forecast yet."),
        (None, "There is no target for a share without Tier 3."),
    ],
)
def test_the_forecast_in_words(row: dict[str, Any] | None, told: str) -> None:
    assert " ".join(forecast_text(row).split()) == told
