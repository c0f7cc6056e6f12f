"""Atlassian Document Format → plain text.

Source: the Atlassian Document Format's node list. Unknown nodes give their children's text, so that a new kind
of node never loses words.
"""

from collections.abc import Mapping
from typing import Any

from analysis.text import parse_moment

BLOCKS = frozenset(
    [
        "paragraph",
        "heading",
        "blockquote",
        "codeBlock",
        "rule",
        "panel",
        "listItem",
        "tableRow",
        "mediaSingle",
        "expand",
        "nestedExpand",
        "bulletList",
        "orderedList",
        "table",
        "taskItem",
        "decisionItem",
        "blockCard",
        "embedCard",
        "mediaGroup",
        "caption",
        "extension",
        "bodiedExtension",
        "layoutColumn",
    ]
)
MAX_DEPTH = 60  # a document nested deeper is no document; its remaining words are dropped rather than the run


def is_document(value: object) -> bool:
    """Whether the value is an Atlassian document rather than a string or another object."""
    return isinstance(value, Mapping) and value.get("type") == "doc" and "content" in value


def text_of(document: Mapping[str, Any]) -> str:
    """The words of a document, a line for each block, code between ``` fences."""
    lines: list[str] = [""]
    _walk(document, lines, 0)
    text = "\n".join(line.rstrip() for line in lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text.strip("\n")


def _walk(node: object, lines: list[str], depth: int) -> None:
    if not isinstance(node, Mapping) or depth > MAX_DEPTH:
        return
    kind = node.get("type")
    if kind == "codeBlock":
        lines.extend(("```", ""))
    if kind == "listItem":
        lines[-1] += "- "
    _leaf(str(kind), node, _attrs(node), lines)
    content = node.get("content")
    children = content if isinstance(content, list) else []
    if kind == "tableRow":
        lines[-1] += " | ".join(_one_line(child, depth + 1) for child in children)
    else:
        for child in children:
            _walk(child, lines, depth + 1)
    if kind == "codeBlock":
        lines.extend(("```", ""))
    elif kind in BLOCKS and lines[-1].strip():
        lines.append("")
        if kind in ("paragraph", "heading") and depth == 1:
            lines.append("")


def _one_line(cell: object, depth: int) -> str:
    lines: list[str] = [""]
    _walk(cell, lines, depth)
    return " ".join(line.strip() for line in lines if line.strip())


def _attrs(node: Mapping[str, Any]) -> Mapping[str, Any]:
    attrs = node.get("attrs")
    return attrs if isinstance(attrs, Mapping) else {}


def _leaf(kind: str, node: Mapping[str, Any], attrs: Mapping[str, Any], lines: list[str]) -> None:
    if kind == "text":
        first, *rest = str(node.get("text") or "").split("\n")
        lines[-1] += first
        lines.extend(rest)
        for mark in node.get("marks") or ():
            href = _attrs(mark).get("href") if isinstance(mark, Mapping) and mark.get("type") == "link" else None
            if href and href != node.get("text"):
                lines[-1] += f" <{href}>"
    elif kind == "hardBreak":
        lines.append("")
    elif kind == "mention":
        lines[-1] += "[person]"
    elif kind in ("emoji", "status", "placeholder"):
        lines[-1] += str(attrs.get("text") or attrs.get("shortName") or "")
    elif kind in ("inlineCard", "blockCard", "embedCard"):
        lines[-1] += str(attrs.get("url") or "")
    elif kind == "date":
        lines[-1] += _date(attrs.get("timestamp"))
    elif kind in ("expand", "nestedExpand"):
        lines[-1] += str(attrs.get("title") or "")
        lines.append("")
    elif kind in ("media", "mediaInline"):
        lines[-1] += str(attrs.get("alt") or "")
    elif kind in ("extension", "inlineExtension"):
        lines[-1] += str(attrs.get("text") or "")


def _date(timestamp: object) -> str:
    """The day of a date node, which holds milliseconds as text."""
    told = str(timestamp or "")
    moment = parse_moment(int(told)) if told.isascii() and told.isdigit() else None
    return f"{moment:%Y-%m-%d}" if moment else told
