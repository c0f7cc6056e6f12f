"""How likely a runbook is the one for a ticket: what it was fitted on, how well it does unseen, and its laws."""

import math
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from few_tickets import cells
from hypothesis import given, settings
from hypothesis import strategies as st
from test_starter import alike

from analysis.likeness import Words
from analysis.likeness_files import read_likeness
from analysis.likeness_fitting import known_families
from analysis.model_files import read_model
from analysis.runbook_fitting import DAY, SAME_FAILURES, Case, cases, fit_weights, unseen_matches, written_for
from analysis.runbook_likeness import LEAST_LIKE, NONE, WEIGHTS, Books, Told, points
from analysis.tag import Tagger
from analysis.taxonomy import Runbook, read_criteria
from analysis.verdicts import TextMatcher
from pipelines.models import SHIPPED
from pipelines.sample_desk import sample_folder

SURE = math.log(3)
TICKETS = [
    Words("Pam is full on Friday, XTime isn't", "The advisors see eight open spots in XTime, Pam offers none at all."),
    Words("New customers never reach the DMS", "Red triangle in myKaarma: the customer key from DMS is empty."),
    Words(
        "403 on the new store", "Tekion gives a token, then: Missing or invalid context headers. The dealer id is 4711."
    ),
]
PROVIDERS = ["xtime", "mykaarma", "tekion"]


@cache
def known() -> tuple[Case, ...]:
    return tuple(cases(read_likeness(), Tagger.of(read_criteria(None), read_model(SHIPPED))))


@cache
def runbooks() -> tuple[Runbook, ...]:
    return tuple(book for hand, _, book in written_for() if hand == "northwest")


def told(words: Words, provider: str | None, category: str | None = None) -> Told:
    return Told(DAY, provider, category, words)


def odds(books: list[Runbook], ticket: Told) -> dict[str, float]:
    """Of each runbook, whether or not it is the likeliest."""
    likeness = read_likeness()
    found = Books(books, likeness).evidence([ticket], likeness.read([ticket.words]))[0] @ np.array(WEIGHTS) - NONE
    scores = dict(zip((book.id for book in books), map(float, found), strict=True))
    can_be = {name: score for name, score in scores.items() if not math.isnan(score)}
    total = 1 + sum(map(math.exp, can_be.values()))
    return {name: score - math.log(total - math.exp(score)) for name, score in can_be.items()}


# -- what it was fitted on -----------------------------------------------------------------------------------


def test_each_runbook_is_for_a_family_of_its_hand_and_none_is_there_twice() -> None:
    families = {(one.order[0], one.label): one.provider for one in known_families()}
    written = written_for()
    assert [(hand, family) for hand, family, book in written if families.get((hand, family)) != book.provider] == []
    assert [name for name, n in Counter(book.id for _, _, book in written).items() if n > 1] == []
    texts = Counter(" ".join(f"{book.title} {book.when_to_use}".lower().split()) for _, _, book in written)
    assert max(texts.values()) == 1
    assert len(written) >= 70
    assert set(SAME_FAILURES.values()) <= {hand for hand, _, _ in written}


def test_none_is_near_one_of_the_sample_or_of_the_desk_never_seen() -> None:
    """Ids of pairs, if any: what they say must stay unseen."""
    folders = (sample_folder() / "runbooks", Path(__file__).parent / "held_out_runbooks")
    others = [(path.stem, path.read_text("utf-8")) for folder in folders for path in sorted(folder.glob("*.md"))]
    assert len(others) >= 30
    written = [(book.id, f"{book.title}\n{book.when_to_use}") for _, _, book in written_for()]
    assert alike(written, written, 0.5, 12) == []
    assert alike(written, [(name, "\n".join(text.split("## ")[:2])) for name, text in others], 0.2) == []


def test_the_weights_are_those_that_fitting_gives() -> None:
    weights, none = fit_weights(known())
    print("WEIGHTS =", tuple(round(float(one), 3) for one in weights), "NONE =", round(none, 3))
    assert (*WEIGHTS, NONE) == pytest.approx((*weights, none), abs=0.02)


def test_what_is_sure_is_right_for_failures_that_no_weight_was_fitted_on() -> None:
    """A third of the tickets were written to look like something that they are not."""
    found = unseen_matches(known())
    sure = [one for one in found if one.log_odds >= SURE and not one.is_without]
    right, n_own = sum(one.is_right for one in sure), sum(one.own is not None for one in known())
    wrong = sum(one.log_odds >= SURE for one in found if one.is_without)
    print(f"right {right} of {len(sure)}, of {n_own} with a runbook; without it {wrong} matched all the same")
    assert right / len(sure) >= 0.85 and right / n_own >= 0.43 and wrong / n_own <= 0.03


# -- by eye --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "ref"),
    [(0, "northwest.web-capacity v1"), (1, "northwest.mk-custkey v1"), (2, "northwest.bare-dealer-id v1")],
)
def test_which_runbook_a_ticket_is_for(number: int, ref: str) -> None:
    likeness, ticket = read_likeness(), told(TICKETS[number], PROVIDERS[number])
    (found,) = Books(runbooks(), likeness).matches([ticket], likeness.read([ticket.words]))
    assert (found.ref, found.log_odds >= SURE) == (ref, True)
    assert found.words


def test_a_ticket_of_another_provider_or_that_says_nothing_has_none() -> None:
    likeness = read_likeness()
    others = [told(TICKETS[0], "tekion"), told(TICKETS[0], None), told(Words("Help", "please see attached"), "xtime")]
    assert list(Books(runbooks(), likeness).matches(others, likeness.read([one.words for one in others]))) == []
    assert list(Books([], likeness).matches(others, likeness.read([one.words for one in others]))) == []


def test_a_version_that_was_not_written_yet_or_is_replaced_is_none() -> None:
    (book,) = (one for one in runbooks() if one.id.endswith("web-capacity"))
    ticket, late = told(TICKETS[0], "xtime"), book.model_copy(update={"published": date(2026, 1, 2)})
    assert set(odds([book], ticket)) == {book.id}
    assert odds([late], ticket) == {}
    assert odds([book.model_copy(update={"replaced": DAY})], ticket) == {}


def test_each_point_is_read_under_the_title() -> None:
    (book,) = (one for one in runbooks() if one.id.endswith("mk-lock"))
    assert [one.summary for one in points(book)] == [book.title] * 4
    assert (
        points(book)[-1].description
        == "Somebody at the dealer has the repair order or the appointment open on the screen."
    )


# -- laws ----------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2), st.sets(st.integers(0, 15), min_size=1), st.integers(0, 15))
def test_another_runbook_takes_chance_away_and_never_gives_it(number: int, chosen: set[int], added: int) -> None:
    books = [book for n, book in enumerate(runbooks()) if n in chosen - {added}]
    ticket = told(TICKETS[number], PROVIDERS[number])
    before, after = odds(books, ticket), odds([*books, runbooks()[added]], ticket)
    assert all(after[name] <= before[name] + 1e-9 for name in before)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_of_two_that_are_alike_neither_is_sure(number: int) -> None:
    likeness, ticket = read_likeness(), told(TICKETS[number], PROVIDERS[number])
    twins = [one.model_copy(update={"id": f"{one.id}.{n}"}) for one in runbooks() for n in range(2)]
    found = list(Books(twins, likeness).matches([ticket], likeness.read([ticket.words])))
    assert all(one.log_odds < LEAST_LIKE + 0.01 for one in found)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_category_speaks_for_its_runbooks(number: int) -> None:
    books = [one for one in runbooks() if one.provider == PROVIDERS[number]]
    best = max(books, key=lambda one: odds(books, told(TICKETS[number], PROVIDERS[number]))[one.id])
    same, unknown, other = (
        odds(books, told(TICKETS[number], PROVIDERS[number], category))[best.id]
        for category in (best.category, None, "how_to")
    )
    assert same > unknown > other


# -- that somebody looked ------------------------------------------------------------------------------------

LOOKED = cells("""
    the web capacity is on no limit (I looked)                      | no limit (I looked
    Web: no limit, we have checked.                                 | no limit, we have checked
    "no limit" was verified with the manager                        | no limit" was verified
    no limit already set there                                      | no limit already set
    I looked: it does not say no limit                              | -
    it says no limit. I looked at the other store too               | -
    it says no limit; what does it mean? I checked the manual       | -
    no limit, I have not checked the shop                           | -
    no limit on the page that the advisors use in the morning and in the afternoon and at night, as I checked | -
    no limit here, and further down it's no limit as well, I checked | no limit here, and further down it's no limit as well, I checked
    nothing of that kind, I looked                                  | -
""")


@pytest.mark.parametrize(("text", "expected"), LOOKED)
def test_what_is_said_to_have_been_looked_at(text: str, expected: str) -> None:
    book = Runbook(id="RB", title="t", audience="ops", published=DAY, signature=("no limit",))
    row = {"issue_id": 1, "escalation_no": 1, "known_at": None, "source_ref": "ticket text", "text": text}
    found = [one["words"] for one in TextMatcher([book]).rows([row]) if one["kind"] == "looked_at"]
    assert found == ([] if expected == "-" else [expected])
