"""Signs of a failure in a text: codes, statuses, endpoints, exceptions, messages, without what differs from ticket to ticket."""

import re

import pytest
from few_tickets import cells
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis import signature
from analysis.patterns import LONGEST
from analysis.signature import SIGNS, shared_signs, shared_words, signs_of

LAWS = settings(max_examples=200, deadline=None)

# text | its signs, joined by ;
SHOWN = """
POST /appointments/88213/lock gives 409 LOCKED_BY_USER     | LOCKED_BY_USER; 409; /appointments/…/lock
java.lang.NullPointerException at com.pam.sync.Worker      | NullPointerException
urllib3.exceptions.ReadTimeoutError: read timed out        | ReadTimeoutError
A SoapFault and another SoapFault, but no fault of mine    | SoapFault
GET https://api.dms.example/v2/appointments?store=12       | /api.dms.example/v2/appointments
Calls to /dealers/17/advisors/4 fail, /dealers/18/advisors/9 too | /dealers/…/advisors/…
Status: 503, then status 502, then a 500 error             | 503; 502; 500
HTTP 401 and code=403, it answers with 429                 | 401; 403; 429
The first 40000 rows, 4091 of them in error 4091           |
Only 409 of 500 customers were told                        |
status 200 and 302 are fine                                |
"Appointment 88213 is locked by another user" at 09:30     | Appointment…is locked by another user
“The service advisor is inactive”, says CDK                | The service advisor is inactive
She calls it "slow", he calls it "odd"                     |
"Id 12345678-1234-1234-1234-123456789abc is not known"     | Id…is not known
Export of 2026-03-04: "No slots on 2026-03-04 12:30:00Z for it" | No slots on…for it
/v1/12345678-1234-1234-1234-123456789abc/events and /v1/87654321-aaaa-bbbb-cccc-123456789abc/events | /v1/…/events
/slots/2026-03-04/list, /slots/2026-03-05/list             | /slots/…/list
/slots/12:30/list, /slots/09:15/list                       | /slots/…/list
ERR-1042 is not ERR_1042, and APPT_NOT_FOUND neither       | ERR-1042; ERR_1042; APPT_NOT_FOUND
INVALID DATA LENGTH, says the DMS                          | INVALID DATA LENGTH
The DMS of CDK and the VIN                                 |
nothing to see                                             |
"""


@pytest.mark.parametrize(("text", "signs"), cells(SHOWN))
def test_signs(text: str, signs: str) -> None:
    assert signs_of(text) == tuple(sign.strip() for sign in signs.split(";") if sign.strip())


def test_signs_come_by_kind_and_then_as_the_text_has_them_each_once() -> None:
    text = 'ZeroFault, then AlphaError: "Nothing is there to see" at /b/c/d, /a/c/d; status 503; ERR_TWO_ZZ, ERR_ONE_AA, ERR_TWO_ZZ, ZeroFault'
    assert signs_of(text) == (
        *("ERR_TWO_ZZ", "ERR_ONE_AA", "503", "/b/c/d", "/a/c/d"),
        *("ZeroFault", "AlphaError", "Nothing is there to see"),
    )


def test_nothing_shows_nothing() -> None:
    assert signs_of("") == ()
    assert shared_signs([]) == ()
    assert shared_signs(["", ""]) == ()
    assert shared_words([], {}, 0.0) == ()


# the same failure, told by two tickets
ALIKE = """
/orders/A88213/lines                           | /orders/B90114/lines
/deals/64f1c2e9a8b7d6c5e4f3a2b1/lines          | /deals/64f1c2ea11b7d6c5e4f3aaaa/lines
/orders/412/close                              | /orders/913/close
/orders/412/close                              | /orders/588/close
/orders/12/close                               | /orders/7B/close
/orders/{orderId}/close                        | /orders/:order/close
/orders/[token]/close                          | /orders/913/close
"""


# parts of a path with digits that are no ids
NAMED = ["/v2/appointments/list", "/v1.1/oauth2/token", "/dms3pa/open/slots"]


@pytest.mark.parametrize("path", NAMED)
def test_a_name_with_a_digit_is_no_id(path: str) -> None:
    assert signs_of(f"It fails at {path} today") == (path,)


@pytest.mark.parametrize(("one", "other"), cells(ALIKE))
def test_the_same_endpoint_shows_the_same_sign(one: str, other: str) -> None:
    assert signs_of(f"It fails at {one} today") == signs_of(f"It fails at {other} today")


@pytest.mark.parametrize(
    "path", ["/vehicles/[vin]/history", "/customers/[phone]/appointments", "/v1/tokens/[token]/renew"]
)
def test_an_endpoint_goes_on_behind_what_was_masked(path: str) -> None:
    (sign,) = signs_of(f"GET {path} fails at every store")
    assert sign.endswith(path.rpartition("/")[2])


SHOUTED = [
    *("URGENT PLEASE HELP", "CUSTOMER VERY ANGRY", "NOTHING WORKS SINCE TUESDAY", "BOOKING FAILED AGAIN TODAY"),
    *("OUR STORE CLOSED SUNDAY", "PLEASE FIX THIS ERROR", "SERVICE DEPARTMENT UNHAPPY", "THE WHOLE GROUP WAITS"),
]
PHRASES = ["INVALID DATA LENGTH", "RECORD LOCKED", "CUSTOMER NUMBER REQUIRED", "DATE FORMAT INVALID", "ACCESS DENIED"]


@pytest.mark.parametrize("phrase", PHRASES)
def test_what_a_machine_says_in_capitals_is_a_code(phrase: str) -> None:
    assert signs_of(f"The screen shows {phrase} after the third step") == (phrase,)


@pytest.mark.parametrize("text", SHOUTED)
def test_who_shouts_tells_no_code(text: str) -> None:
    assert signs_of(text) == ()


TOLD_STATUS = [
    *("it returned 503", "HTTP/1.1 409 Conflict", "a response of 503", "they answered 403", "we got 429 all morning"),
    *("status code of 500", "it responded with 502", "504 Gateway Timeout on each call", "POST … 401 unauthorized"),
]


@pytest.mark.parametrize("text", TOLD_STATUS)
def test_a_status_is_seen_however_it_is_told(text: str) -> None:
    assert re.findall(r"\d{3}$", " ".join(signs_of(text)))


@pytest.mark.parametrize("code", ["OP_CODE_NOT_FOUND", "NO_SLOTS_AVAILABLE", "RO_CLOSED", "ERR_CODE_A", "XTIME_E_4"])
def test_a_code_may_have_short_parts(code: str) -> None:
    assert signs_of(f"The DMS answers {code} again") == (code,)


# ---- Hostile texts

HOSTILE = {
    "quotes": '"' * 300_000,
    "open quotes": '"A long message that never ends ' * 10_000,
    "slashes": "/a" * 200_000,
    "numbers between slashes": "/a/1" * 200_000,
    "capitals": "A" * 300_000,
    "capitals in words": "ABCD " * 100_000,
    "underscores": "ABC_" * 100_000,
    "hex": "12345678-" * 50_000,
    "blanks": " " * 300_000,
    "blanks in a message": '"A' + " " * 300_000 + '"',
    "errors": "Error" * 100_000,
    "times": "12:" * 100_000,
    "NULs": "\\0" * 300_000,
    "emoji": "🚗" * 100_000,
    "accents": "é" * 300_000,
    "statuses": "status " * 60_000 + "500",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_hangs_it(name: str) -> None:
    """Its patterns are RE2's, and what comes after them sees one sign at a time, of a text that was cut."""
    for sign in signs_of(HOSTILE[name]):
        assert 0 <= len(sign) <= 120


def test_head_and_tail_of_a_long_log_are_read() -> None:
    line = "2026-03-01 12:00:00 INFO worker is idle\n"
    log = "ERR_FIRST_ONE\n" + line * 13_000 + "ERR_MIDDLE_ONE\n" + line * 13_000 + "ERR_LAST_ONE"
    assert len(log) > 1_000_000
    assert signs_of(log) == ("ERR_FIRST_ONE", "ERR_LAST_ONE")
    assert signs_of("x" * (LONGEST - 14) + " ERR_MIDDLE_ONE"[:14]) == ("ERR_MIDDLE_ON",)


def test_patterns_are_of_linear_time() -> None:
    assert all(
        type(pattern).__module__.startswith("re2") or "re2" in type(pattern).__module__
        for pattern in signature._PATTERNS.values()
    )
    assert signature._PATTERNS.keys() == SIGNS.keys()


ODD = st.text(st.sampled_from('AB_-9 3/"“”.:aé🚗\0\n{}') | st.characters(exclude_categories=["Cs"]), max_size=200)


@LAWS
@example("É_ERR_ONE")
@example('"é' + "é" * 60 + '"')
@given(ODD)
def test_any_text_shows_signs_or_none(text: str) -> None:
    signs = signs_of(text)
    assert len(set(signs)) == len(signs)
    assert all(sign == " ".join(sign.split()) and len(sign) <= 120 for sign in signs)


# what a ticket has of its own
OWN = st.tuples(st.integers(1000, 10**9), st.uuids(), st.dates(), st.times()).map(
    lambda own: (str(own[0]), str(own[1]), own[2].isoformat(), own[3].isoformat("seconds"))
)


@LAWS
@given(OWN, OWN)
def test_ids_dates_and_numbers_make_no_other_sign(mine: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    texts = [
        f'GET /appointments/{number}/lock?at={date} and /v1/events/{uuid} gave 503: "Appointment {number} of {date} {time} is gone ({uuid})"'
        for number, uuid, date, time in (mine, theirs)
    ]
    one, other = map(signs_of, texts)
    assert one == other
    assert "/appointments/…/lock" in one
    assert not {cell for cell in (*mine, *theirs) if any(cell in sign for sign in one)}


# ---- What a family's tickets share

# texts, parted by / | signs that are told
SHARED = """
ERR_ONE_AA                                                  | ERR_ONE_AA
ERR_ONE_AA ! ERR_TWO_BB                                     |
ERR_ONE_AA ! ERR_ONE_AA ERR_ONE_AA ERR_TWO_BB               | ERR_ONE_AA
ERR_ONE_AA ! ERR_ONE_AA ! nothing                           | ERR_ONE_AA
ERR_ONE_AA ! ERR_ONE_AA ! nothing ! nothing                 | ERR_ONE_AA
ERR_ONE_AA ! ERR_ONE_AA ! nothing ! nothing ! nothing       |
ERR_TWO_BB ERR_ONE_AA ! ERR_ONE_AA ERR_TWO_BB ! ERR_TWO_BB  | ERR_TWO_BB; ERR_ONE_AA
ERR_TWO_BB ERR_ONE_AA ! ERR_ONE_AA ERR_TWO_BB               | ERR_ONE_AA; ERR_TWO_BB
"""


@pytest.mark.parametrize(("texts", "signs"), cells(SHARED))
def test_signs_that_half_of_the_tickets_show(texts: str, signs: str) -> None:
    """And at least two of them, where there are two; those of most tickets first."""
    assert shared_signs(texts.split("!")) == tuple(sign.strip() for sign in signs.split(";") if sign.strip())


def test_no_more_signs_than_can_be_told() -> None:
    text = " ".join(f"ERR_{letter}X_ONE" for letter in "HGFEDCBA")
    assert shared_signs([text, text]) == tuple(f"ERR_{letter}X_ONE" for letter in "ABCDEF"), "six of eight"


RARITY = {"lock": 5.0, "estimate": 7.0, "screen": 4.0, "the": 1.0, "record": 3.9}
# words of each ticket | told
WORDS = """
lock estimate screen the record                | estimate lock screen
lock the ! lock the                            | lock
lock ! estimate                                |
lock estimate ! lock ! the                     | lock
lock estimate ! estimate lock ! lock           | lock estimate
lock estimate ! estimate lock ! screen lock screen | lock estimate
unheard of ! unheard of                        |
"""


@pytest.mark.parametrize(("texts", "told"), cells(WORDS))
def test_rarer_words_that_half_of_the_tickets_use(texts: str, told: str) -> None:
    """By how many of them, and how rare it is: three locks (15) tell more than two estimates (14)."""
    words = [frozenset(text.split()) for text in texts.split("!")]
    assert " ".join(shared_words(words, RARITY, 4.0)) == told
    assert " ".join(shared_words(iter(words), RARITY, 4.0)) == told
