"""Our Markdown as Jira takes it: the same words, our own structure, and ticket text that nothing obeys."""

import re
from html import unescape
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.text import printable
from pipelines.normalise.adf import text_of
from reports.jira_text import document, plain_wiki, wiki
from reports.markdown import code, inline, link, quote, quote_page

HOME = "https://desk.example"
HOSTILE = [
    "h1. heading",
    "bq. quoted",
    "[~accountid:5b10a2844c20165700ede21f]",
    "[~bob] @bob",
    "{code}x{code} {noformat} {quote} {panel:title=x} {color:red}x{color}",
    "{html}<script>alert(1)</script>{html}",
    "[click|http://evil.example] [http://evil.example]",
    "http://evil.example/x https://evil.example mailto:a@evil.example file:///etc //evil.example",
    "[click](javascript:alert(1)) <http://evil.example>",
    f"[click]({HOME}.evil.example/) [click](https://evil.example/{HOME}/)",
    "!http://evil.example/x.png! !x.png|thumbnail!",
    "* item\n# item\n- item\n|| a || b ||\n| 1 | 2 |",
    "---- --- --",
    "*b* _i_ -s- +u+ ^x^ ~y~ ??c?? {{m}}",
    ":) :( ;) :P :D (y) (n) (i) (/) (x) (!) (+) (-) (?) (on) (off) (*) (flag)",
    "SUP-1 PENG-12 pushback-7",
    "\\\\ \\{ \\[ \\",
    "&#123;code&#125; &amp;#91; &lt;b&gt;",
    "escalations-pushback-7-1",
    "This comment was written by a program, not by a person.",
    "# a\n> b\n```\nc\n```\n---\n",
    "nul\x00 \x1b[31m right\u202eto left",
]
NODES = {
    "doc",
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "listItem",
    "blockquote",
    "rule",
    "text",
    "hardBreak",
}
# what Jira's renderer takes for markup, for links to tickets and addresses, and for smileys; from its own sources
WIKI_ALIVE = re.compile(
    r"[\[\]{}|!*_^~+?\\@<>#]|(?<![a-z])-|-(?![a-z])|\w{2,}://|mailto:|(?m:^h[1-6]\.)|(?m:^bq\.)|[:;][()PD]|\([^)]{1,4}\)",
    re.IGNORECASE,
)
anything = st.one_of(st.text(max_size=120), st.lists(st.sampled_from(HOSTILE), max_size=4).map("\n".join))


def page(text: str) -> str:
    """A page as our templates make them, with a text wherever one may stand."""
    return "\n\n".join(
        [
            f"# SUP-1: {inline(text)}",
            f"- {link('SUP-1', f'{HOME}/browse/SUP-1')}: {inline(text)}\n- *for* {inline(text)}\n  - by {code(text)}",
            str(quote(text, 2000, 200)),
            str(quote_page(text, 2000, 200)),
            f"see {link(text, f'{HOME}/browse/SUP-2')} and {inline(text)}",
            "---",
            f"1. one {inline(text)}",
        ]
    )


def nodes(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [found, *(one for child in found.get("content", ()) for one in nodes(child))]


@given(anything)
@example("\n".join(HOSTILE))
def test_a_document_holds_our_nodes_and_links_home_alone(text: str) -> None:
    found = nodes(document(page(text), HOME, "first", "last"))
    assert {one["type"] for one in found} <= NODES
    marks = [mark for one in found for mark in one.get("marks", ())]
    assert {mark["type"] for mark in marks} <= {"strong", "em", "code", "link"}
    links = [mark["attrs"]["href"] for mark in marks if mark["type"] == "link"]
    assert set(links) <= {f"{HOME}/browse/SUP-1", f"{HOME}/browse/SUP-2"}
    for one in found:
        if one["type"] == "text":
            assert one["text"]
            assert "\n" not in one["text"]
            assert set(one) <= {"type", "text", "marks"}
        if one["type"] == "listItem":
            assert one["content"][0]["type"] == "paragraph"
    assert text_of(found[0]).splitlines()[0] == "first"
    assert text_of(found[0]).splitlines()[-1] == "last"


@given(anything)
@example("\n".join(HOSTILE))
def test_wiki_text_is_dead_and_whole(text: str) -> None:
    line = printable(text)
    shown = plain_wiki(line)
    assert WIKI_ALIVE.search(re.sub(r"&#\d+;", "", shown)) is None
    assert unescape(re.sub(r"&(?!#\d+;)", "&amp;", shown)) == line


@given(anything)
@example("\n".join(HOSTILE))
def test_wiki_markup_is_ours_alone(text: str) -> None:
    """What is left once entities and our own markup are taken out, obeys nothing."""
    ours = wiki(page("x"), HOME)
    found = wiki(page(text), HOME)
    for mark in ("{quote}", "h2. ", "----"):
        assert found.count(mark) == ours.count(mark)
    assert found.count("{{") <= ours.count("{{")  # what could end a span of code is none
    links = re.findall(r"\[[^\]|\[]*\|([^\]]*)\]", found)
    assert set(links) <= {f"{HOME}/browse/SUP-1", f"{HOME}/browse/SUP-2"}
    assert found.count("[") == len(links)


def test_both_forms_say_the_same() -> None:
    markdown = f"# A\n\nb *c* **d** `e_f`\n\n- {link('SUP-1', f'{HOME}/browse/SUP-1')}\n  - nested\n- two\n\n> q1\\\n> q2\n\n1. one\n"
    assert wiki(markdown, HOME, "first", "last").split("\n") == [
        *("first", "", "h2. A", "", "b _c_ *d* {{e&#95;f}}", ""),
        *(f"* [SUP&#45;1|{HOME}/browse/SUP-1]", "** nested", "* two", ""),
        *("{quote}", "q1", "q2", "{quote}", "", "# one", "", "last"),
    ]
    found = document(markdown, HOME, "first", "last")
    assert [one["type"] for one in found["content"]] == [
        *("paragraph", "heading", "paragraph", "bulletList", "blockquote", "orderedList", "paragraph"),
    ]
    assert found["content"][1] == {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "A"}]}
    assert text_of(found).split("\n") == [
        *("first", "", "A", "", "b c d e_f", ""),
        *(f"- SUP-1 <{HOME}/browse/SUP-1>", "- nested", "- two"),
        *("q1", "q2", "- one", "last"),
    ]


@pytest.mark.parametrize("address", ["", "https://desk.example.evil", "https://other.example"])
def test_a_link_that_does_not_lead_home_is_words(address: str) -> None:
    markdown = f"{link('SUP-1', f'{HOME}/browse/SUP-1')} [x](https://desk.example.evil.example/)"
    assert wiki(markdown, address) == "SUP&#45;1 x"
    assert all("marks" not in one for one in nodes(document(markdown, address)))


@pytest.mark.parametrize(
    "address",
    [None, "", "javascript:alert(1)", f"{HOME}/a b", f"{HOME}/)[x](http://evil.example", f"{HOME}/<x>", "SUP-1"],
)
def test_an_address_that_could_end_its_link_is_none(address: str | None) -> None:
    assert link("*SUP-1*", address) == "\\*SUP-1\\*"
