"""What mails and chats say: nobody is mentioned, no link leads elsewhere, nothing is markup, whatever a ticket says."""

import re

import pytest
from delivery_desk import EVIL, SUMMARY
from hypothesis import given
from hypothesis import strategies as st
from site_reading import Reader

from reports.messages import chat, inert, mail, subject

ADDRESS = "https://pages.example.com/e/"
OURS = "https://pages.example.com/e/2026-W10/index.html"
# a host as clients find it in running text: a dot between letters or digits with two letters behind
HOST = re.compile(r"[^\W_][.．。｡][^\W\d_]{2}")

# a ticket's words | what a message says
WORDS = [
    ("@here look", "(at)here look"),
    ("＠everyone", "(at)everyone"),
    ("<!channel> <@U1> <#C1|x>", "‹!channel› ‹(at)U1› ‹# C1|x›"),
    ("joe@evil.example", "joe(at)evil[.]example"),
    ("https://evil.example/a?b=1", "https[:]//evil[.]example/a?b=1"),
    ("HTTPS://evil.example", "HTTPS[:]//evil[.]example"),
    ("slack://open", "slack[:]//open"),
    ("1://x and ://", "1[:]//x and [:]//"),
    ("www.evil.example", "www[.]evil[.]example"),
    ("[click](x) ![i](y)", "[click] (x) ![i] (y)"),
    ("javascript:alert(1)", "javascript[:]alert(1)"),
    ("mailto:joe", "mailto[:]joe"),
    ("#general", "# general"),
    ("`code` **bold**", "'code' ∗∗bold∗∗"),
    ("a\nb\r\nBcc: c", "a b Bcc: c"),
    ("\u202etxt.exe\u200b", "txt[.]exe"),
    ("HTTP 503: slots at 10:30, version 2.1 of dealer_fx", "HTTP 503: slots at 10:30, version 2.1 of dealer_fx"),
    ("[token] refused. Then again", "[token] refused. Then again"),
]


@pytest.mark.parametrize(("words", "told"), WORDS, ids=[one[0] for one in WORDS])
def test_a_tickets_words(words: str, told: str) -> None:
    assert inert(words) == told


@given(st.text() | st.text("@<>.:/ae#`]([\n\u202e＠．", max_size=30))
def test_no_words_are_obeyed(words: str) -> None:
    told = inert(words)
    assert told.isprintable()
    assert not re.search(r"[@＠<>`]|://|\]\(|#\w", told)
    assert not HOST.search(told)


def test_a_chat_is_short_and_its_only_link_is_ours() -> None:
    told = chat(SUMMARY, ADDRESS)
    *before, last = told.text.splitlines()
    assert last == f"Review: {OURS}"
    assert len(told.text) < 1500
    assert not re.search(r"[@<>]|://", "\n".join(before))
    assert not HOST.search("\n".join(before))
    assert before[:3] == [
        "Week 2026-W10, 2 Mar 2026 to 8 Mar 2026, America/Denver; provisional until 23 Mar 2026.",
        "6 escalations.",
        "Resolved without Tier 3: 76 % (22 of 29 in 4 weeks).",
    ]
    assert before[3] == "To decide:"
    assert before[4].startswith("1. Write a runbook: ‹script›alert(1)‹/script› (at)here")
    assert before[5] == "2. Chase Tekion"


def test_without_an_address_there_is_no_link() -> None:
    assert "://" not in chat(SUMMARY, None).text
    told = mail(SUMMARY, None, [])
    assert "://" not in told.text
    assert Reader(told.html).links == []


@pytest.mark.parametrize(("n", "last"), [(3, "3. d2"), (7, "… and 4 more.")])
def test_a_chat_tells_of_three_decisions(n: int, last: str) -> None:
    found = [{"title": f"d{i}", "text": "", "keys": []} for i in range(n)]
    assert chat(SUMMARY | {"decisions": found}, None).text.splitlines()[-1] == last


def test_nothing_to_decide() -> None:
    empty = SUMMARY | {"decisions": [], "share": None, "actions": "", "charts": []}
    assert chat(empty, None).text.endswith("\nNothing asks for a decision.")
    assert "Nothing asks for a decision" in mail(empty, None, []).html
    assert subject(empty) == "Escalations 2026-W10"


def test_the_subject_has_no_word_of_a_ticket() -> None:
    assert subject(SUMMARY) == "Escalations 2026-W10: 76 % without Tier 3"


def test_a_mail_shows_pictures_that_came_with_it_and_links_to_us_alone() -> None:
    told = mail(SUMMARY, ADDRESS, ["repeats"])
    page = Reader(told.html)
    assert page.links == [OURS]
    assert re.findall(r'src="([^"]*)"', told.html) == ["cid:repeats"]
    assert set(page.tags) <= {
        "html",
        "head",
        "meta",
        "title",
        "body",
        "div",
        "h1",
        "h2",
        "p",
        "ol",
        "li",
        "b",
        "br",
        "span",
        "img",
        "a",
    }
    assert "‹script›alert(1)‹/script› (at)here ‹!channel› [x] (https[:]//evil[.]example/a)" in page.words
    assert EVIL.split()[0] not in told.html
    assert "cid:" not in mail(SUMMARY, ADDRESS, []).html
    assert "3 of 6 came back" in mail(SUMMARY, ADDRESS, []).html
