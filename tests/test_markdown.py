"""Ticket text in Markdown is nothing but text, whatever somebody wrote."""

import re
from html import unescape
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from analysis.text import printable
from reports.markdown import code, inline, quote, quote_page, scalar
from reports.render import TEMPLATES

HOSTILE = [
    "---\nid: RB-EVIL\npublished: 2020-01-01\n---",
    "# heading",
    "Title\n=====",
    "Title\n-----",
    "[click](javascript:alert(1))",
    "](javascript:alert(1))",
    "![pixel](http://evil.example/x.png)",
    "[ref]: http://evil.example",
    "[ref]",
    "<script>alert(1)</script>",
    "<a\nhref='http://evil.example'>x</a>",
    "<https://evil.example>",
    "<!-- hidden",
    "<![CDATA[",
    "&lt;b&gt; &#60;script&#62; &amp",
    "```\ncode\n```",
    "~~~ text",
    "`code` ``more``",
    "`",
    "    indented",
    "\tindented",
    "> quoted",
    "1. first\n2) second",
    "- item\n+ item\n* item\n- [ ] task",
    "* * *",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "a | b\n--- | ---\n1 | 2",
    ":-- | --\n",
    "*a* _b_ __c__ ~~d~~ **e**",
    "back\\slash\\\nnext",
    "\\",
    "{{ 7 * 7 }} {% raw %} {{< figure >}}",
    "nul\x00 and \x1b[31m red",
    "right\u202eto left\u200f \u2066isolate",
    "line\u2028separator\x85next\x0bthird",
    "!!! warning\n::: note\n% comment",
    "[^1]: footnote[^1]",
    "$x$ and $$y$$",
    "",
    " \n \n",
]
TAGS = re.compile(r"</?([a-z]\w*)")


def rendered(text: str, gfm: bool) -> str:
    parser = MarkdownIt("gfm-like", {"html": True, "linkify": False}) if gfm else MarkdownIt("commonmark")
    return str(parser.render(text))


def tags(html: str) -> set[str]:
    return set(TAGS.findall(html))


def words_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


anything = st.one_of(st.text(max_size=120), st.lists(st.sampled_from(HOSTILE), max_size=4).map("\n".join))


@pytest.mark.parametrize("gfm", [False, True])
@given(text=anything)
@example(text="\n".join(HOSTILE))
def test_a_line_is_a_line_of_words(gfm: bool, text: str) -> None:
    html = rendered(f"before\n\n{inline(text, 10_000)}\n\nafter\n", gfm)
    assert tags(html) == {"p"}
    assert words_of(html) == " ".join(f"before {printable(text)} after".split())
    in_list = rendered(f"- {inline(text)}\n- last\n", gfm)
    assert tags(in_list) <= {"ul", "li"} and in_list.count("<li>") == 2


@pytest.mark.parametrize("gfm", [False, True])
@given(text=anything)
@example(text="\n".join(HOSTILE))
def test_a_quotation_ends_where_it_ends(gfm: bool, text: str) -> None:
    html = rendered(f"before\n\n{quote(text, 10_000)}\n\nafter\n", gfm)
    assert tags(html) <= {"p", "blockquote", "br"}
    assert html.count("<blockquote>") == 1
    quoted = html.partition("<blockquote>")[2].partition("</blockquote>")[0]
    lines = [line for line in map(printable, text.splitlines()) if line]
    if len(lines) <= 25:
        assert words_of(quoted) == (" ".join(lines) or "–")


@pytest.mark.parametrize("gfm", [False, True])
@given(text=anything)
@example(text="\n".join(HOSTILE))
def test_a_page_is_quoted_with_its_headings_and_lists_and_nothing_else(gfm: bool, text: str) -> None:
    html = rendered(f"before\n\n{quote_page(text, 10_000, 200)}\n\nafter\n", gfm)
    assert tags(html) <= {"p", "blockquote", "strong", "ul", "ol", "li"}
    assert html.count("<blockquote>") == 1
    assert html.endswith("</blockquote>\n<p>after</p>\n")


PAGE = """# Title

- one **bold** and `code`
- [ ] two
1. first
2) second, see [the portal](https://portal.example/keys)
    indented
> said *so*
```
GET /keys
```
## Next #
### And then
last
"""
QUOTED = """> **Title**
>
> - one bold and code
> - two
>
> 1. first
> 1. second, see the portal (https\\://portal.example/keys)
>
> indented
>
> said so
>
> GET /keys
>
> **Next**
>
> **And then**
>
> last"""


def test_a_page_as_a_quotation() -> None:
    assert quote_page(PAGE) == QUOTED
    assert quote_page(PAGE, most_lines=2) == "> **Title**\n>\n> - one bold and code\n>\n> …"
    assert quote_page("") == quote_page("# \n\n**\n") == "> –"


@pytest.mark.parametrize("gfm", [False, True])
@given(text=anything)
def test_a_code_is_a_code(gfm: bool, text: str) -> None:
    html = rendered(f"before {code(text)} after\n", gfm)
    assert tags(html) <= {"p", "code"}
    assert words_of(html) == " ".join(f"before {printable(text)} after".split())


@given(texts=st.lists(anything, max_size=4))
@example(texts=[r"\{{ x }} \\{% raw"])
def test_front_matter_holds_what_was_put_into_it(texts: list[str]) -> None:
    matter = f"one: {scalar(''.join(texts)[:300])}\nall: {scalar(texts)}\n"
    assert len(matter.splitlines()) == 2 and "\n---" not in matter and "{{" not in matter
    assert yaml.safe_load(matter) == {
        "one": printable("".join(texts)[:300]),
        "all": [printable(t[:300]) for t in texts],
    }


def test_addresses_become_no_links() -> None:
    """Where a reader makes links of bare addresses (GitHub does), these are none."""
    assert (
        inline("see https://evil.example and www.evil.example") == "see https\\://evil.example and www\\.evil.example"
    )
    assert inline("ask @anna or a@b.example") == "ask \\@anna or a\\@b.example"


@given(text=st.text(alphabet="{}%#<>\\`a ", max_size=12))
def test_nothing_is_left_that_a_site_builder_obeys(text: str) -> None:
    for shown in (inline(text), quote(text), code(text), scalar(text), scalar([text])):
        assert not re.search(r"\{[{%#]", shown)


def test_codes_stay_readable() -> None:
    assert inline("INVALID_DEALER_UUID (403) at /appointments/88213/lock, 2026-03-02") == (
        "INVALID_DEALER_UUID (403) at /appointments/88213/lock, 2026-03-02"
    )
    assert code(r"\bTOKEN-EXPIRED\b") == r"`\bTOKEN-EXPIRED\b`"


def test_a_megabyte_is_cut() -> None:
    for text in (
        "x" * 1_000_000,
        "[](" * 300_000,
        "\x00" * 1_000_000,
        "\n" * 1_000_000,
        "a b\n" * 250_000,
        "`" * 1_000_000,
    ):
        assert (
            len(inline(text)) < 1000 and len(quote(text)) < 3000 and len(code(text)) < 1000 and len(scalar(text)) < 700
        )


PRINTED = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
SAFE = re.compile(
    r"\|\s*(?:inline|code|quote|quote_page|scalar)(?:\([\w, ]+\))?\s*\Z|\|link\([^|]*\)\s*\Z|\|plural\([^|]*\)\s*\Z|\|length\s*\Z"
)
MACRO = re.compile(
    r"(?:key_link|fact_line|both_sides|tag)\([^|]*\)(?: -)?"
)  # of a template's own, held to the same rule
NUMBERS = {
    "c.tier",
    "book.counts.families_without_runbook",
    "p.escalation_no",
    "p.n_escalations",
    "p.criterion.version",
}
NUMBERS |= {"r.version", "s.resolution_tier"}


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.md.j2")), ids=lambda path: path.name)
def test_every_value_of_a_markdown_template_goes_through_a_filter(template: Path) -> None:
    printed = [one.strip() for one in PRINTED.findall(template.read_text())]
    assert len(printed) > 5
    printed = [one for one in printed if not MACRO.fullmatch(one)]
    assert [one for one in printed if not SAFE.search(one) and one not in NUMBERS] == []
    assert "|safe" not in template.read_text().replace(" ", "")
