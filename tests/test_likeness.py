"""Likeness: what is read and what tells nothing, pure and the same both ways round, whatever people paste."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from math import inf, log

import numpy as np
import pytest
from few_tickets import cells
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from test_families import SAYINGS, TOPICS, likeness_by_hand

from analysis.families import JOINS
from analysis.features import Floats
from analysis.likeness import (
    EVIDENCE,
    KNOWN_SHARE,
    KNOWN_WORDS,
    LEAST_CHANCE,
    LIKELY_KIND,
    Likeness,
    Readings,
    Words,
    exact_product,
)
from analysis.likeness_files import read_likeness
from analysis.likeness_fitting import known_kinds
from analysis.patterns import LONGEST

LAWS = settings(max_examples=100, deadline=None)
STEP = 2**-9  # two steps of half precision, relative: how far a reading may be off by rounding

# name | provider | summary | description | closing
TICKETS = """
hours   | xtime    | Pam offers Saturday although the shop is closed | Callers were booked for Saturday. The service department stopped opening on Saturdays in May, but XTime still lists opening hours for that day. | The opening hours in XTime still had Saturday. The store corrected its hours and we reloaded them.
closed  | xtime    | Bookings on a day when nobody is there | Two customers came on Saturday to a closed shop. Our opening hours for the store show Saturday nine to three. | Store hours were outdated: Saturday was never taken out of the hours. Corrected and reloaded.
twice   | mykaarma | Customers get two confirmation texts | Each booking makes two text messages within a minute. The event from myKaarma is delivered twice to our webhook. | Each change came to us as two events and we sent a text for both. The second one is now recognised and dropped.
again   | mykaarma | Text comes twice | A customer complains that she gets the same confirmation text two times. We see the same webhook event twice in the log. | Duplicate events: one of them is an echo. We now drop the echo by its appointment id.
opcode  | mykaarma | Tire rotation does not arrive in the DMS | Pam books a tire rotation, myKaarma shows it with a red mark: the op code does not exist in the DMS. | The op code was retired in the DMS. Mapped the service to the new op code.
winter  | mykaarma | Op code not found | Bookings for the winter check fail because the operation code is not known in the dealer's DMS. | The store had renamed its op codes. We mapped the winter check to the new one.
limit   | cdk      | Too many requests | CDK is throttling us with 429 since we added forty stores, searches for slots fail at the busy hours. |
gone    | cdk      | Refused: advisor is inactive | CDK does not take the appointment, it says the service advisor is inactive. It is always the same name, a man who retired. | He was still in our advisor mapping. Removed the inactive advisor and pushed the refused bookings again.
samstag | xtime    | Samstag gebucht obwohl geschlossen | Zwei Kunden standen am Samstag vor verschlossener Tür. Bitte nehmt den Tag aus der Auswahl. | Opening hours in XTime still listed Saturday. The store corrected its hours and we reloaded them.
closing |          | | | Duplicate events: one of them is an echo. We now drop the echo by its appointment id.
thanks  | tekion   | Tekion answers 401 since this morning | Every call to Tekion gives 401 unauthorized since six in the morning, for all stores. We changed nothing on our side. | Done, thanks!
ids     | tekion   | 8841 | 20260301-114 77120 |
"""
ROWS = {
    name: (provider or None, Words(summary, description, closing or None))
    for name, provider, summary, description, closing in cells(TICKETS)
}
WRITTEN = [words for _, words in ROWS.values()]
PROVIDERS = [provider for provider, _ in ROWS.values()]
FIELDS = ("place", "kinds", "closing_place", "closing_kinds")


@pytest.fixture(scope="module")
def likeness() -> Likeness:
    return read_likeness()


@cache
def read_all() -> Readings:
    """The tickets as they were closed, then as they were before."""
    return read_likeness().read([*WRITTEN, *(words._replace(closing=None) for words in WRITTEN)])


def one_of(name: str, *, is_closed: bool) -> Readings:
    return read_all().take([list(ROWS).index(name) + (0 if is_closed else len(ROWS))])


def close(one: Readings, other: Readings) -> bool:
    """The same but for rounding."""
    same = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("is_told", "is_closed"))
    return same and all(np.allclose(getattr(one, name), getattr(other, name), rtol=STEP, atol=STEP) for name in FIELDS)


# ---- Both ways round


def test_two_tickets_are_as_like_either_way(likeness: Likeness) -> None:
    """Open or closed, of whatever providers."""
    readings, providers = read_all(), PROVIDERS * 2
    table = np.array(
        [likeness.log_odds(readings.take([n]), readings, providers[n], providers) for n in range(len(readings))]
    )
    told = np.isfinite(table)
    assert not np.isnan(table).any()
    assert np.array_equal(told, told.T)
    assert table[told] == pytest.approx(table.T[told], abs=1e-4)
    assert np.array_equal(told, np.outer(readings.is_told, readings.is_told))


@LAWS
@given(st.integers(0, 2**32 - 1), st.sampled_from([None, "tekion", "cdk"]), st.sampled_from([None, "tekion", "cdk"]))
def test_any_two_readings_are_as_like_either_way(seed: int, mine: str | None, theirs: str | None) -> None:
    likeness, random = read_likeness(), np.random.default_rng(seed)
    directions, kinds = len(likeness.spread), len(likeness.kind_names)

    def one() -> Readings:
        places = random.normal(0, random.choice([0.1, 1, 30]), (2, 1, directions)).astype(np.float32)
        chances = random.dirichlet(np.full(kinds, random.choice([0.01, 1.0])), (2, 1)).astype(np.float32)
        closed = random.integers(0, 2, 1).astype(bool)
        return Readings(places[0], chances[0], places[1] * closed, chances[1] * closed, np.ones(1, bool), closed)

    a, b = one(), one()
    there, back = likeness.log_odds(a, b, mine, [theirs])[0], likeness.log_odds(b, a, theirs, [mine])[0]
    assert np.isfinite(there)
    assert there == pytest.approx(back, rel=1e-4, abs=1e-2)


# ---- Pure


@pytest.mark.parametrize("name", ROWS)
def test_read_alone_or_among_others_it_is_the_same_but_for_rounding(name: str, likeness: Likeness) -> None:
    assert close(likeness.read([ROWS[name][1]]), one_of(name, is_closed=True))


def test_the_order_is_no_matter_but_for_rounding(likeness: Likeness) -> None:
    backward = likeness.read(WRITTEN[::-1])
    assert close(backward.take(slice(None, None, -1)), read_all().take(slice(0, len(ROWS))))


def test_read_alone_or_among_others_it_is_the_very_same(likeness: Likeness) -> None:
    """As it says of itself; what is stored week by week would else differ from what is made in one go."""
    alone = [likeness.read([words]) for words in WRITTEN]
    for number, one in enumerate(alone):
        for name in FIELDS:
            assert np.array_equal(getattr(one, name)[0], getattr(read_all(), name)[number])


@LAWS
@given(st.lists(st.integers(0, 59), min_size=1, max_size=40))
def test_any_batch_reads_the_very_same(numbers: list[int]) -> None:
    words, whole = starter()
    some = read_likeness().read([words[number] for number in numbers])
    for name in (*FIELDS, "is_told", "is_closed"):
        assert np.array_equal(getattr(some, name), getattr(whole, name)[numbers]), name


@cache
def starter() -> tuple[list[Words], Readings]:
    words = [one.words for one in known_kinds()[:3000:50]]
    return words, read_likeness().read(words)


def test_a_product_without_rounding_is_nearly_that_with_it() -> None:
    random = np.random.default_rng(0)
    features = random.normal(0, 0.1, (50, 512)).astype(np.float32)
    weights = random.normal(0, 3, (512, 40)).astype(np.float32)
    found = exact_product(features, weights)
    assert found == pytest.approx(features.astype(np.float64) @ weights.astype(np.float64), abs=1e-4)
    for row in (0, 7, 49):
        assert np.array_equal(exact_product(features[[row]], weights)[0], found[row])
        assert np.array_equal(exact_product(features[row:], weights)[0], found[row])


def test_what_was_read_before_changes_nothing(likeness: Likeness) -> None:
    before = likeness.read([WRITTEN[0]])
    likeness.read([Words("Something else entirely", "of which nothing was known, such as zyxwvut", "Xyzzy!")])
    after = likeness.read([WRITTEN[0]])
    assert all(np.array_equal(getattr(before, name), getattr(after, name)) for name in FIELDS)


def test_nothing_to_read(likeness: Likeness) -> None:
    empty = likeness.read([])
    assert len(empty) == 0
    assert empty.place.shape == (0, len(likeness.spread))
    assert empty.kinds.shape == (0, len(likeness.kind_names))
    assert likeness.log_odds(read_all().take([0]), empty, None, []).shape == (0,)


@LAWS
@given(st.lists(st.integers(0, 2 * len(ROWS) - 1), min_size=1, max_size=12))
def test_packed_and_unpacked_without_loss(numbers: list[int]) -> None:
    likeness, readings = read_likeness(), read_all().take(numbers)
    told = np.flatnonzero(readings.is_told).tolist()
    kept = readings.take(told)
    packed = kept.packed()
    assert {len(one) for one in packed} <= {4 * (len(likeness.spread) + len(likeness.kind_names))}
    if told:
        back = likeness.unpacked(packed, kept.is_closed.tolist())
        for name in (*FIELDS, "is_told", "is_closed"):
            assert np.array_equal(getattr(back, name), getattr(kept, name)), name
            assert getattr(back, name).dtype == getattr(kept, name).dtype, name


def test_each_row_is_packed_by_itself() -> None:
    readings = read_all()
    assert readings.packed()[3] == readings.take([3]).packed()[0]


def test_rows_are_taken_with_all_that_belongs_to_them() -> None:
    readings = read_all()
    taken = readings.take([7, 2])
    for name in Readings.__dataclass_fields__:
        assert np.array_equal(getattr(taken, name), getattr(readings, name)[[7, 2]]), name
    assert len(taken) == 2


# ---- What tells nothing

LOG = "2026-03-01 12:00:00,123 ERROR com.pam.sync.Worker [4411] timeout after 30000 ms for GET /appointments/88213\n"
SAYS_NOTHING = {
    "nothing": (None, None),
    "empty": ("", ""),
    "blanks": (" \t\n", " " * 1_000_000),
    "one character": ("x", ""),
    "one letter, often": ("", "a " * 1000),
    "a long word": ("", "a" * 1_000_000),
    "digits": ("8841", "20260301-114 77120 / 5"),
    "ids": ("INC-88213", "12345678-1234-1234-1234-123456789abc " * 50),
    "dates": ("2026-03-01", "12:30:00 2026-03-02T09:00:00Z"),
    "marks": ("!!!", "??? --- ***"),
    "NULs": ("\0\0\0", "\0" * 100_000),
    "emoji": ("🚗🔥🚗", "🙏" * 30),
    "right to left marks": ("\u202e\u202d", "\u200f" * 10),
    "accents": ("é" * 10, "\u0301" * 10_000),
    "Chinese": ("顾客无法预约", "从今天早上开始系统一直报错，请尽快处理。"),
    "Arabic": ("لا يمكن للعملاء الحجز", "منذ صباح اليوم يظهر خطأ في النظام"),
    "Russian": ("Клиенты не могут записаться", "С утра система выдает ошибку, пожалуйста, посмотрите."),
    "German": ("Samstag gebucht obwohl geschlossen", "Zwei Kunden standen am Samstag vor verschlossener Tür."),
    "hex": ("", "deadbeef-" * 30_000),
    "base64": ("", "TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQ" * 20_000),
    "test": ("test", "test test test"),
    "one word": ("urgent!!!", "URGENT urgent"),
    "as discussed": ("as discussed", ""),
    "a thank you": ("thanks", "Thanks!"),
}


@pytest.mark.parametrize("name", SAYS_NOTHING)
def test_what_tells_nothing_is_like_nothing(name: str, likeness: Likeness) -> None:
    """Not even like itself: no family of everything."""
    reading = likeness.read([Words(*SAYS_NOTHING[name])])
    assert not reading.is_told[0]
    assert not reading.is_closed[0]
    for field in FIELDS:
        assert not getattr(reading, field).any(), "and nothing is kept of it"
    assert likeness.log_odds(reading, read_all(), None, PROVIDERS * 2).tolist() == [-inf] * 2 * len(ROWS)
    assert likeness.log_odds(reading, reading, None, [None]).tolist() == [-inf]


# text | whether it tells something
TELLS = """
Tekion answers 401 unauthorized since this morning, no store can book              | yes
webhook events from mykaarma come twice                                            | yes
customers are booked for Saturday but the shop is closed                           | yes
op code not found in the DMS                                                       | yes
not working                                                                        | no
hello                                                                              | no
numtok datetok timetok uuidtok                                                     | no
numtok datetok timetok uuidtok 1 22 333 4444 customers                             | no
appointment appointment appointment appointment appointment                        | no
appointment zzqx yyqw xxqv customer wwqu vvqt uuqs booked ttqr ssqp rrqo missing    | no
"""


@pytest.mark.parametrize(("text", "wanted"), cells(TELLS))
def test_how_much_it_takes_to_tell_something(text: str, wanted: str, likeness: Likeness) -> None:
    assert likeness.tell([text]).tolist() == [wanted == "yes"]


def test_how_many_words_have_to_be_known() -> None:
    likeness = likeness_by_hand("the shop is closed on sunday")
    known = ["shop", "closed", "sunday", "is", "on"]
    for n_known in range(len(known) + 1):
        for n_unknown in range(12):
            words = known[:n_known] + [f"zz{chr(97 + n)}" for n in range(n_unknown)]
            enough = n_known >= KNOWN_WORDS and n_known >= KNOWN_SHARE * len(words)
            with_ids = [*words, "numtok", "17", "datetok", "4711"]
            assert likeness.tell([" ".join(words), " ".join(with_ids)]).tolist() == [enough, enough], "ids are none"


# ---- What people paste

CLEAN = f"{ROWS['hours'][1].summary}. {ROWS['hours'][1].description}"
PASTED = {
    "NULs between": CLEAN.replace(" ", "\0 "),
    "right to left marks": f"\u202e{CLEAN}\u202c".replace(" ", " \u200f"),
    "emoji between": CLEAN.replace(". ", ". 🚗 "),
    "odd blanks": CLEAN.replace(" ", "\u00a0\u2003\n"),
    "capitals": CLEAN.upper(),
    "small letters": CLEAN.lower(),
    "ids at the end": f"{CLEAN} 88213 / 12345678-1234-1234-1234-123456789abc",
}


@pytest.mark.parametrize("name", PASTED)
def test_what_stands_between_the_words_does_not_hide_them(name: str, likeness: Likeness) -> None:
    plain, odd = likeness.read([Words(CLEAN, None)]), likeness.read([Words(PASTED[name], None)])
    assert odd.is_told[0]
    assert likeness.log_odds(plain, odd, "xtime", ["xtime"])[0] > JOINS


LONG = {
    "a log": LOG * 10_000,
    "a log in one line": LOG.replace("\n", " ") * 10_000,
    "a dump": '{"appointmentId": 88213, "advisor": null, "error": "record is locked"}' * 15_000,
    "a chain of mails": "> please see below, the store is asking again\n" * 25_000,
    "colons": "1:" * 500_000,
    "dashes": "12345678-" + "-" * 1_000_000,
    "one word of a million letters": "b" * 1_000_000,
}


@pytest.mark.parametrize("name", LONG)
def test_a_million_characters_are_read(name: str, likeness: Likeness) -> None:
    """The summary alone tells something."""
    assert len(LONG[name]) >= 1_000_000
    reading = likeness.read([Words(CLEAN, LONG[name]), Words(CLEAN, None, LONG[name])])
    assert reading.is_told.tolist() == [True, True]
    for field in FIELDS:
        assert np.isfinite(getattr(reading, field)).all()
    assert (
        np.isfinite(likeness.log_odds(reading.take([0]), reading, None, [None, None])).tolist()
        == reading.is_told.tolist()
    )


def test_of_a_million_characters_head_and_tail_are_read(likeness: Likeness) -> None:
    head, tail = f"{CLEAN}\n{LOG * 200}", f"{LOG * 200}\n{ROWS['hours'][1].closing}"
    assert min(len(head), len(tail)) > LONGEST
    logs = [
        LOG * 5000,
        "the advisor is inactive and the op code is not found in the DMS\n" * 9000,
        "customers get two texts " * 20_000,
    ]
    reading = likeness.read([Words("Log", f"{head}{log}{tail}") for log in logs])
    other = likeness.read([Words("Log", f"{head}{tail}{log}") for log in logs])
    for field in FIELDS:
        for number in (1, 2):
            assert np.array_equal(getattr(reading, field)[0], getattr(reading, field)[number])
    assert not np.allclose(other.place[0], other.place[1], atol=0.1)


def test_two_logs_with_other_ids_and_times_read_the_same(likeness: Likeness) -> None:
    other = (
        LOG.replace("2026-03-01 12:00:00,123", "2026-04-11 08:15:59,999").replace("88213", "1").replace("4411", "77")
    )
    reading = likeness.read([Words("The sync fails for 12 stores", LOG), Words("The sync fails for 9 stores", other)])
    for field in FIELDS:
        assert np.array_equal(getattr(reading, field)[0], getattr(reading, field)[1])


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.sampled_from(
    [word for words in WRITTEN for word in (words.summary, words.description, words.closing)]
)


@LAWS
@example(("The lock\0is on", None, "\u202e"), ("", "\u2028", None))
@given(st.tuples(TEXT | st.none(), TEXT | st.none(), TEXT | st.none()), st.tuples(TEXT, TEXT, TEXT | st.none()))
def test_any_texts_are_read_and_held_against_each_other(
    one: tuple[str | None, ...], other: tuple[str | None, ...]
) -> None:
    likeness = read_likeness()
    reading = likeness.read([Words(*one), Words(*other)])
    for name in FIELDS:
        assert np.isfinite(getattr(reading, name)).all()
    assert not (reading.is_closed & ~reading.is_told).any()
    odds = likeness.log_odds(reading.take([0]), reading, "tekion", [None, "cdk"])
    assert not np.isnan(odds).any()
    assert np.isfinite(odds).tolist() == (reading.is_told & reading.is_told[0]).tolist()


def test_a_lone_surrogate_is_read(likeness: Likeness) -> None:
    """Normalise takes them out; who asks for a text on standard input may still give one."""
    likeness.read([Words(f"{CLEAN} \ud800", None)])


# ---- The closing


@pytest.mark.parametrize("name", ["samstag", "closing"])
def test_what_says_nothing_is_read_by_its_closing(name: str, likeness: Likeness) -> None:
    """Another language, or no words at all."""
    assert not one_of(name, is_closed=False).is_told[0]
    closed = one_of(name, is_closed=True)
    assert closed.is_told[0]
    assert closed.is_closed[0]
    only = likeness.read([Words(None, None, ROWS[name][1].closing)])
    assert close(closed, only)
    assert np.allclose(closed.place, closed.closing_place, rtol=STEP, atol=STEP)
    assert np.allclose(closed.kinds, closed.closing_kinds, rtol=STEP, atol=STEP)


def test_a_closing_in_another_language_is_like_none(likeness: Likeness) -> None:
    words = ROWS["hours"][1]
    for closing in (None, "", " ", "Done.", "Erledigt, danke schön!", "8841", "\0", "ok"):
        reading = likeness.read([words._replace(closing=closing)])
        assert not reading.is_closed[0]
        assert close(reading, one_of("hours", is_closed=False))
        assert not reading.closing_place.any()
        assert not reading.closing_kinds.any()


def test_a_closing_counts(likeness: Likeness) -> None:
    opened, closed = one_of("hours", is_closed=False), one_of("hours", is_closed=True)
    assert closed.is_closed[0]
    assert not opened.is_closed[0]
    assert not np.allclose(opened.place, closed.place, atol=0.1)
    assert not np.allclose(closed.place, closed.closing_place, atol=0.1)
    alone = likeness.read([Words(None, None, ROWS["hours"][1].closing)])
    assert np.allclose(alone.closing_place, closed.closing_place, rtol=STEP, atol=STEP)


# one | another | same failure, as they were at first and once both were closed
PAIRS = """
hours   | closed  | yes yes
twice   | again   | yes yes
opcode  | winter  | yes yes
hours   | samstag | no  yes
closed  | samstag | no  yes
hours   | twice   | no  no
opcode  | again   | no  no
gone    | winter  | no  no
limit   | closed  | no  no
gone    | hours   | no  no
ids     | ids     | no  no
thanks  | limit   | no  no
"""


@pytest.mark.parametrize(("one", "other", "wanted"), cells(PAIRS))
def test_what_any_reader_would_say(one: str, other: str, wanted: str, likeness: Likeness) -> None:
    """Of texts that nobody taught it."""
    for is_closed, is_same in zip((False, True), wanted.split(), strict=True):
        mine, theirs = one_of(one, is_closed=is_closed), one_of(other, is_closed=is_closed)
        odds = likeness.log_odds(mine, theirs, ROWS[one][0], [ROWS[other][0]])[0]
        assert odds > JOINS if is_same == "yes" else odds < -3


# ---- The evidence, by hand


def drawn(likeness: Likeness, *kinds: dict[str, float], closed: Sequence[bool] = ()) -> Readings:
    """Readings with these chances of kinds, at the origin."""
    chances = np.zeros((len(kinds), len(likeness.kind_names)), np.float32)
    for row, told in enumerate(kinds):
        for name, chance in told.items():
            chances[row, likeness.kind_names.index(name)] = chance
    place = np.zeros((len(kinds), len(likeness.spread)), np.float32)
    is_closed = np.array(closed or [False] * len(kinds), bool)
    there = np.where(is_closed[:, None], chances, 0).astype(np.float32)
    return Readings(place, chances, place, there, np.ones(len(kinds), bool), is_closed)


def by_hand() -> Likeness:
    return likeness_by_hand(SAYINGS)


# provider of one | of the other | other provider, provider unknown
OTHERS = """
tekion | tekion | 0 0
tekion | cdk    | 1 0
tekion |        | 0 1
       | cdk    | 0 1
       |        | 0 1
"""


@pytest.mark.parametrize(("mine", "theirs", "wanted"), cells(OTHERS))
def test_evidence_of_providers(mine: str, theirs: str, wanted: str) -> None:
    likeness = by_hand()
    readings = drawn(likeness, {"lock": 1.0})
    found, n_closed = likeness.evidence(readings, readings, mine or None, [theirs or None])
    assert found.shape == (1, len(EVIDENCE))
    assert found[0, [EVIDENCE.index("other provider"), EVIDENCE.index("provider unknown")]].tolist() == [
        float(one) for one in wanted.split()
    ]
    assert found[0, EVIDENCE.index("one")] == 1
    assert n_closed.tolist() == [0]


def test_evidence_of_kinds_is_the_chance_that_both_are_of_one() -> None:
    likeness = by_hand()
    many = drawn(likeness, {"lock": 1.0}, {"lock": 0.5, "token": 0.5}, {"token": 1.0}, {"lock": 0.25, "hours": 0.75})
    found, _ = likeness.evidence(drawn(likeness, {"lock": 0.5, "token": 0.5}), many, None, [None] * 4)
    assert found[:, EVIDENCE.index("kinds")] == pytest.approx([log(0.5), log(0.5), log(0.5), log(0.125)])
    found, _ = likeness.evidence(drawn(likeness, {"quota": 1.0}), many, None, [None] * 4)
    assert found[:, EVIDENCE.index("kinds")] == pytest.approx([log(LEAST_CHANCE)] * 4)


def test_closings_count_only_where_both_are_closed() -> None:
    likeness = by_hand()
    many = drawn(likeness, {"lock": 1.0}, {"lock": 0.5, "token": 0.5}, closed=[False, True])
    for is_closed, counts in ((False, [0, 1]), (True, [1, 2])):
        found, n_closed = likeness.evidence(
            drawn(likeness, {"lock": 1.0}, closed=[is_closed]), many, None, [None, None]
        )
        assert n_closed.tolist() == counts
        wanted = [log(0.5) if count == 2 else 0.0 for count in counts]
        assert found[:, EVIDENCE.index("closing kinds")] == pytest.approx(wanted)
        assert found[:, EVIDENCE.index("closing apart")].any() == (2 in counts)


def test_evidence_is_weighed_by_how_many_are_closed() -> None:
    likeness = by_hand()
    weights = np.zeros((3, len(EVIDENCE)), np.float32)
    weights[:, 0] = [10, 20, 30]
    weights[2, EVIDENCE.index("closing kinds")] = 1
    weights[:, EVIDENCE.index("other provider")] = [-1, -2, -3]
    weights[:, EVIDENCE.index("provider unknown")] = [-4, -5, -6]
    likeness = replace(likeness, weights=weights)
    many = drawn(likeness, {"lock": 1.0}, {"lock": 0.5, "token": 0.5}, closed=[False, True])
    for is_closed, wanted in ((False, [9, 15]), (True, [18, 24 + log(0.5)])):
        one = drawn(likeness, {"lock": 1.0}, closed=[is_closed])
        assert likeness.log_odds(one, many, "tekion", ["cdk", None]) == pytest.approx(wanted)


SPREADS = st.lists(st.floats(0.05, 50), min_size=1, max_size=4)


@LAWS
@example([4.0], 1)
@given(SPREADS, st.integers(0, 2**32 - 1))
def test_apart_is_the_likelihood_of_one_failure_against_two(spread: list[float], seed: int) -> None:
    """By the two covariances: a failure is drawn with `spread`, its tickets about it with 1 in each direction."""
    random, n = np.random.default_rng(seed), len(spread)
    likeness = replace(by_hand(), spread=np.array(spread, np.float32))
    mine, theirs = random.normal(0, np.sqrt(np.array(spread) + 1), (2, n))
    between, total = np.diag(spread), np.diag(np.array(spread) + 1)
    together = multivariate_normal(np.zeros(2 * n), np.block([[total, between], [between, total]]))
    apart = multivariate_normal(np.zeros(n), total)
    wanted = together.logpdf(np.concatenate([mine, theirs])) - apart.logpdf(mine) - apart.logpdf(theirs)
    kinds = drawn(likeness, {"lock": 1.0}, {"lock": 1.0})
    readings = replace(kinds, place=np.array([mine, theirs], np.float32))
    found, _ = likeness.evidence(readings.take([0]), readings.take([1]), None, [None])
    assert found[0, EVIDENCE.index("apart")] * 10 == pytest.approx(wanted, rel=1e-3, abs=1e-3)


# ---- Kinds

# chances by all words | by the closing | n | kinds
LIKELY = """
lock=.6 token=.3 hours=.1        |                     | 2 | lock token
hours=.6 lock=.3 token=.1        |                     | 2 | hours lock
lock=.6 token=.3 hours=.1        | quota=.7 twice=.3   | 2 | lock token quota twice
lock=.6 token=.3 hours=.1        | token=.7 lock=.3    | 2 | lock token
token=.5 lock=.5                 |                     | 1 | lock
"""


def chances(cell: str) -> dict[str, float]:
    return {name: float(chance) for name, _, chance in (one.partition("=") for one in cell.split())}


@pytest.mark.parametrize(("said", "closing", "n", "wanted"), cells(LIKELY))
def test_likely_kinds(said: str, closing: str, n: str, wanted: str) -> None:
    likeness = by_hand()
    reading = drawn(likeness, chances(said), closed=[bool(closing)])
    reading = replace(reading, closing_kinds=drawn(likeness, chances(closing)).kinds)
    names = [likeness.kind_names[kind] for kind in likeness.likely_kinds(reading, int(n))]
    assert sorted(names) == sorted(wanted.split())


def test_a_kind_is_named_where_it_is_likely() -> None:
    likeness = by_hand()
    sure, half, three = {"lock": 1.0}, {"lock": 0.5, "token": 0.5}, {"lock": 0.34, "token": 0.33, "hours": 0.33}
    assert likeness.kind_of(drawn(likeness, sure)) == "lock"
    assert likeness.kind_of(drawn(likeness, half, {"token": 1.0})) == "token"
    assert likeness.kind_of(drawn(likeness, three)) is None
    assert likeness.kind_of(drawn(likeness, {"lock": LIKELY_KIND + 0.001})) == "lock"
    assert likeness.kind_of(drawn(likeness, {"lock": LIKELY_KIND - 0.001})) is None


def test_rarity_is_that_of_the_words(likeness: Likeness) -> None:
    rarity = likeness.rarity
    assert rarity.keys() == set(likeness.words.terms)
    assert rarity["the"] < rarity["customer"] < rarity["unauthorized"]
    hand = by_hand().rarity
    assert all(hand[topic] == 1.0 for topic in TOPICS)


def test_the_axes_are_unpacked_by_their_scale() -> None:
    """Twice the scale, twice the place."""
    likeness = by_hand()
    words = Words("There is a lock on the record", None)
    plain: Floats = likeness.read([words]).place
    twice = replace(likeness, scale={**likeness.scale, "words": likeness.scale["words"] * 2}).read([words]).place
    assert plain[0, 0] == pytest.approx(1, abs=1e-2)
    assert twice == pytest.approx(2 * plain)
    centre = np.full_like(likeness.centre, 0.25)
    assert replace(likeness, centre=centre).read([words]).place[0, 0] == pytest.approx(0.75, abs=1e-2)
