"""What may be a person's or a dealer's name, and what is not taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.names import Names

TEXTS = [
    "The advisor says that the token has expired, so the manager set web capacity to no limit.",
    "Ask Ines, tell Ines, the Hub, a Hub, one Hub, INES, the ines, ines again",
    "Then the Hub of Ines, this Hub again",
    "then the ines and the Hub",
    "Ask Ines and the Hub, not Ines",
    "The page is slow",
    "one page of the Hub by Ines",
    "Walt called. The web capacity was set by Walt, and the Hub shows it.",
    "Then we asked Tanya, who renewed the token. rosa told us so; Rosa is new. Ask Rosa again.",
    "Open the Hub, then press Publish. the hub is slow, publish again, reports are late",
    "then the hub and publish and reports were fixed, the store reports it",
    "Every publish at the hub failed on Monday with TOKEN-EXPIRED for dealerUuid and WebKey",
]
DEALERS = ["Cedar Ridge Motors", "cedar ridge", "N. Fork", "Rosé Motors", "CRM", "Windmill", "ab"]
NAMES = Names.of(TEXTS, DEALERS, ["int-1", "712020:5b10a284-4c20", "jsmith", "hub"], ["Tekion", "Mark as Onboarded"])
# text | without names
TOLD = """
Walt set it to no limit.                          | [name] set it to no limit.
then Tanya's profile was renewed                  | then [name]'s profile was renewed
tanya has a new profile                           | [name] has a new profile
TANYA called, TOKEN-EXPIRED again                 | [name] called, TOKEN-EXPIRED again
Swapped the token: a rare word that starts one     | [name] the token: a rare word that starts one
The token has expired. Advisor told.              | The token has expired. Advisor told.
Then the Page and press Publish on Monday         | Then the Page and press Publish on Monday
Tekion and Mark are no names here                 | Tekion and Mark are no names here
the hub, Hub or HUB; Rosa and rosa, Ines and ines  | the hub, [name] or HUB; [name] and [name], [name] and ines
Cedar Ridge: times off, Cedar Ridge Motors, too   | [dealer]: times off, [dealer], too
cedar-ridge_47_0 and cedarridge_47_0              | [dealer]_47_0 and [dealer]_47_0
at N. Fork, n fork and n-fork                     | at [dealer], [dealer] and [dealer]
rose motors, ROSÉ MOTORS                          | [dealer], [dealer]
the windmill store, connecting our CRM            | the [dealer] store, connecting our [dealer]
handed to int-1, then 712020:5b10a284-4c20.       | handed to [person], then [person].
jsmith: see int-12                                | [person]: see int-12
the dealerUuid, webKey and /Appointments/Lock     | the dealerUuid, webKey and /Appointments/Lock
asked O'Brien and McDonald                        | asked O'[name] and [name]
[phone] at [email]                                | [phone] at [email]
"""


@pytest.mark.parametrize("line", TOLD.strip().splitlines())
def test_without_names(line: str) -> None:
    text, expected = (part.strip() for part in line.split("|"))
    assert NAMES.without(text) == expected


def test_words_of_dealers() -> None:
    assert NAMES.is_of_dealer("Ridge") and NAMES.is_of_dealer("fork") and not NAMES.is_of_dealer("token")


@given(st.text(max_size=200))
def test_any_text_and_twice_is_as_once(text: str) -> None:
    once = NAMES.without(text)
    assert NAMES.without(once) == once


def test_a_text_without_names_stays_as_it_is() -> None:
    text = "the token has expired,\n  then the manager set web capacity to 4/day (403)\t[token]"
    assert NAMES.without(text) == text
