"""Atlassian Document Format → plain text.

Source: the Atlassian Document Format's node list. Unknown nodes give their children's text, so that a new kind
of node never loses words.
"""

from collections.abc import Mapping
from typing import Any

BLOCKS = frozenset(
    ("paragraph", "heading", "blockquote", "codeBlock", "rule", "panel", "listItem", "tableRow", "mediaSingle", "expand")
    + ("nestedExpand", "bulletList", "orderedList", "table", "taskItem", "decisionItem", "blockCard", "embedCard")
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
    attrs = node.get("attrs") if isinstance(node.get("attrs"), Mapping) else {}
    if kind == "codeBlock":
        lines.extend(("```", ""))
    if kind == "listItem":
        lines[-1] += "- "
    _leaf(str(kind), node, attrs or {}, lines)
    content = node.get("content")
    for child in content if isinstance(content, list) else ():
        _walk(child, lines, depth + 1)
    if kind == "codeBlock":
        lines.extend(("```", ""))
    elif kind in ("tableCell", "tableHeader"):
        lines[-1] += " | "
    elif kind in BLOCKS and lines[-1].strip():
        lines.append("")
        if kind in ("paragraph", "heading") and depth == 1:
            lines.append("")


def _leaf(kind: str, node: Mapping[str, Any], attrs: Mapping[str, Any], lines: list[str]) -> None:
    if kind == "text":
        first, *rest = str(node.get("text", "")).split("\n")
        lines[-1] += first
        lines.extend(rest)
        for mark in node.get("marks") or ():
            href = mark.get("attrs", {}).get("href") if isinstance(mark, Mapping) and mark.get("type") == "link" else None
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
        lines[-1] += str(attrs.get("timestamp") or "")
