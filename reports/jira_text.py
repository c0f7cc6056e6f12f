"""Our own Markdown as Jira takes it in comments: an Atlassian document (Cloud) or wiki markup (Data Center).

The Markdown comes from our templates, where ticket text can be nothing but text. It stays so: a document's text nodes
are obeyed by nothing, and in wiki markup every character that Jira might obey becomes an entity, which its renderer
shows and never reads. A link leads to this Jira or is none.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

Node = dict[str, Any]
BLOCKS = {
    "bullet_list": "bulletList",
    "ordered_list": "orderedList",
    "list_item": "listItem",
    "blockquote": "blockquote",
}
LOWER = 1  # levels by which headings stand below those of a page of its own
MARKS = {"strong": "strong", "em": "em"}
WIKI_MARKS = {"strong": "*", "em": "_"}
BULLETS = {"bullet_list": "*", "ordered_list": "#"}
# What can mean something to Jira's renderer, links to tickets and addresses and smileys among it
OBEYED = re.compile(
    r"[!#%&()*+<>?@\[\\\]^_`{|}~]|:(?=\S)|(?<![a-z])-|-(?![a-z])|(?<=^h[1-6])\.|(?<=^bq)\.", re.ASCII | re.IGNORECASE
)


def document(markdown: str, address: str, first: str = "", last: str = "") -> Node:
    """An Atlassian document; `first` and `last` are lines of plain text before and after it.

    `address` is where this Jira is: links that lead elsewhere are left out, their words stay.
    """
    content = [*_blocks(_parsed(markdown).children, address)]
    ends = [[_paragraph([{"type": "text", "text": line}])] if line else [] for line in (first, last)]
    return {"type": "doc", "version": 1, "content": [*ends[0], *content, *ends[1]]}


def wiki(markdown: str, address: str, first: str = "", last: str = "") -> str:
    """Wiki markup; `first` and `last` stand in lines of their own, as they are."""
    blocks = [first, *_wiki_blocks(_parsed(markdown).children, address), last]
    return "\n\n".join(block for block in blocks if block)


def plain_wiki(text: str) -> str:
    """A text that wiki markup shows as it is, wherever in a line it stands."""
    return OBEYED.sub(lambda found: f"&#{ord(found.group())};", text)


def _parsed(markdown: str) -> SyntaxTreeNode:
    return SyntaxTreeNode(MarkdownIt("commonmark", {"html": False}).parse(markdown))


def _paragraph(content: list[Node]) -> Node:
    return {"type": "paragraph", "content": content}


# -- Atlassian document ------------------------------------------------------------------------------------


def _blocks(nodes: Sequence[SyntaxTreeNode], address: str) -> Iterator[Node]:
    for node in nodes:
        if node.type == "heading":
            content = [*_inline(node.children, address, ())]
            yield {"type": "heading", "attrs": {"level": int(node.tag[1:]) + LOWER}, "content": content}
        elif node.type == "paragraph":
            yield _paragraph([*_inline(node.children, address, ())])
        elif node.type == "hr":
            yield {"type": "rule"}
        elif node.type in BLOCKS:
            yield {"type": BLOCKS[node.type], "content": [*_blocks(node.children, address)]}
        else:
            raise ValueError(f"our templates make no {node.type}")


def _inline(nodes: Sequence[SyntaxTreeNode], address: str, marks: tuple[Node, ...]) -> Iterator[Node]:
    for node in nodes:
        if node.type == "inline":
            yield from _inline(node.children, address, marks)
        elif node.type in ("text", "softbreak", "code_inline"):
            text = " " if node.type == "softbreak" else node.content.replace("\n", " ")
            mine = (*marks, {"type": "code"}) if node.type == "code_inline" and not marks else marks
            if text:
                yield {"type": "text", "text": text} | ({"marks": [*mine]} if mine else {})
        elif node.type == "hardbreak":
            yield {"type": "hardBreak"}
        elif node.type in MARKS:
            yield from _inline(node.children, address, (*marks, {"type": MARKS[node.type]}))
        elif node.type == "link":
            link: tuple[Node, ...] = ({"type": "link", "attrs": {"href": node.attrs["href"]}},)
            yield from _inline(node.children, address, (*marks, *(link if _leads_home(node, address) else ())))
        else:
            raise ValueError(f"our templates make no {node.type}")


def _leads_home(link: SyntaxTreeNode, address: str) -> bool:
    return bool(address) and str(link.attrs["href"]).startswith(f"{address.rstrip('/')}/")


# -- wiki markup -------------------------------------------------------------------------------------------


def _wiki_blocks(nodes: Sequence[SyntaxTreeNode], address: str) -> Iterator[str]:
    for node in nodes:
        if node.type == "heading":
            yield f"h{int(node.tag[1:]) + LOWER}. {_wiki_inline(node.children, address)}"
        elif node.type == "paragraph":
            yield _wiki_inline(node.children, address)
        elif node.type == "hr":
            yield "----"
        elif node.type == "blockquote":
            yield "{quote}\n" + "\n\n".join(_wiki_blocks(node.children, address)) + "\n{quote}"
        elif node.type in BULLETS:
            yield "\n".join(_wiki_items(node, address, BULLETS[node.type]))
        else:
            raise ValueError(f"our templates make no {node.type}")


def _wiki_items(listed: SyntaxTreeNode, address: str, bullet: str) -> Iterator[str]:
    for item in listed.children:
        text = [one for one in item.children if one.type == "paragraph"]
        yield f"{bullet} " + "\\\\ ".join(_wiki_inline(one.children, address) for one in text)
        for one in item.children:
            if one.type in BULLETS:
                yield from _wiki_items(one, address, bullet + BULLETS[one.type])


def _wiki_inline(nodes: Sequence[SyntaxTreeNode], address: str) -> str:
    return "".join(_wiki_parts(nodes, address))


def _wiki_parts(nodes: Sequence[SyntaxTreeNode], address: str) -> Iterator[str]:
    for node in nodes:
        if node.type == "inline":
            yield from _wiki_parts(node.children, address)
        elif node.type == "text":
            yield plain_wiki(node.content)
        elif node.type == "softbreak":
            yield " "
        elif node.type == "code_inline":
            yield "{{" + plain_wiki(node.content) + "}}"
        elif node.type == "hardbreak":
            yield "\n"
        elif node.type in WIKI_MARKS:
            mark = WIKI_MARKS[node.type]
            yield f"{mark}{_wiki_inline(node.children, address)}{mark}"
        elif node.type == "link":
            words = _wiki_inline(node.children, address)
            yield f"[{words}|{node.attrs['href']}]" if _leads_home(node, address) else words
        else:
            raise ValueError(f"our templates make no {node.type}")
