"""Ticket text in Markdown and in its front matter, where it can be nothing but text.

Whoever wrote a ticket must not be able to make a heading, a link, HTML, a code fence or an end of the front matter out
of it, nor what a site builder would obey (`{{ … }}`). Each function gives `Markup`, so that the HTML escaping of
templates leaves it alone; each takes any text, of any length, and shows so much of it.
"""

import json
import re
from collections.abc import Iterable

from markupsafe import Markup

from analysis.text import printable

MOST = 300  # characters of a line
MOST_QUOTED = 700
MOST_LINES = 25
# An underscore within a word is none of Markdown's; a colon is where a bare address would become a link.
SPECIAL = re.compile(
    r"[\\`*\[\]{}~$@]|(?<=\{)[%#]|(?<![^\W_])_|_(?![^\W_])|(?<=[A-Za-z]):(?=/)|(?<=\bwww)\.", re.IGNORECASE
)
ENTITY = re.compile(r"&(?=[#\w])")
# What makes a heading, a list, a quotation, a rule, a table, an admonition or a comment at the start of a line.
STARTS = re.compile(r"[#>+=:|!%-]|\d{1,9}(?=[.)])")
OBEYED = re.compile(r"\{(?=[{%#<])")  # by site builders; as \u007b it is the same to YAML
ADDRESS = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&'*+,;=%-]+")
PAGE = (  # what a line of a page is, and its words
    ("heading", re.compile(r" {0,3}#{1,6}\s+(.*?)\s*#*\s*")),
    ("bullet", re.compile(r"\s*[-*+]\s+(?:\[[ xX]\]\s+)?(.*)")),
    ("step", re.compile(r"\s*[0-9]{1,9}[.)]\s+(.*)")),
    ("text", re.compile(r"\s*(?:>\s*)?(.*)")),
)
LINKED = re.compile(r"!?\[([^\]\n]*)\]\(([^)\s]*)\)")
UNMARKED = str.maketrans("", "", "*`")
BREAKS_CODE = re.compile(r"[`{}<>]")


def inline(text: object, most: int = MOST) -> Markup:
    """A text as one line of plain words, wherever in a line it stands."""
    return Markup(_escaped(_cut(printable(_first(text, most)), most)))  # noqa: S704 - escaped just here


def code(text: object) -> Markup:
    """A code, path or message as a span of code; as plain words where that could be broken out of."""
    shown = _cut(printable(_first(text, MOST)), MOST)
    if not shown or BREAKS_CODE.search(shown):
        return inline(shown)
    return Markup(f"`{shown}`")  # noqa: S704 - no backtick is in it


def link(text: object, address: str | None) -> Markup:
    """A text that leads to an address; plain words where there is none, or none that can stand there."""
    shown = inline(text)
    if not address or not ADDRESS.fullmatch(address):
        return shown
    return Markup(f"[{shown}]({address})")  # noqa: S704 - nothing in the address ends it


def quote(text: object, most: int = MOST_QUOTED, most_lines: int = MOST_LINES) -> Markup:
    """A text as a quotation that ends with it: its own lines, without empty ones."""
    lines = [line for line in map(printable, _first(text, most).splitlines()) if line]
    shown = _cut("\n".join(lines), most).split("\n")
    if len(shown) > most_lines:
        shown = [*shown[:most_lines], "…"]
    # two lines stay two where a backslash ends the first
    return Markup("\\\n".join(f"> {_escaped(line)}" for line in shown if line) or "> –")  # noqa: S704 - escaped here


def quote_page(text: str, most: int = MOST_QUOTED, most_lines: int = MOST_LINES) -> Markup:
    """A page of Markdown as a quotation: its headings, lists and paragraphs stay, everything else becomes words."""
    shown = [line for line in _cut(text[: 4 * most], most).splitlines() if line.strip()]
    if len(shown) > most_lines:
        shown = [*shown[:most_lines], "…"]
    lines: list[str] = []
    before = ""
    for line in shown:
        kind, words = next((name, found[1]) for name, pattern in PAGE if (found := pattern.fullmatch(line)))
        words = inline(LINKED.sub(r"\1 (\2)", words).translate(UNMARKED), MOST)
        if words:
            # two lists of the same kind would be one, and a paragraph would go on in a list
            lines += [">"] if before and (kind != before or kind in ("text", "heading")) else []
            lines.append(
                {"heading": f"> **{words}**", "bullet": f"> - {words}", "step": f"> 1. {words}"}.get(kind, f"> {words}")
            )
            before = kind
    return Markup("\n".join(lines) or "> –")  # noqa: S704 - escaped by inline


def scalar(value: object) -> Markup:
    """A text as a YAML scalar, or texts as a YAML list, on one line."""
    if isinstance(value, str):
        quoted = json.dumps(printable(value[:MOST]), ensure_ascii=False)
        return Markup(OBEYED.sub(r"\\u007b", quoted))  # noqa: S704 - quoted by JSON
    listed = value if isinstance(value, Iterable) else [value]
    return Markup("[{}]").format(Markup(", ").join(scalar(str(one)) for one in listed))


def _first(text: object, most: int) -> str:
    """So much of a long text as can matter; control characters between may be many."""
    return ("" if text is None else str(text))[: 4 * most]


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most].rsplit(' ', 1)[0].rstrip()} …"


def _escaped(line: str) -> str:
    shown = SPECIAL.sub(r"\\\g<0>", line)
    shown = ENTITY.sub("&amp;", shown).replace("<", "&lt;")
    start = STARTS.match(shown)
    if not start:
        return shown
    at = start.end() if start.group()[0].isdigit() else 0
    return f"{shown[:at]}\\{shown[at:]}"
