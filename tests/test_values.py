"""Jira's documents and values → clean, masked text, ids and moments."""

import json
from datetime import datetime
from typing import Any

import pytest

from analysis.text import clean, parse_moment
from pipelines.normalise.adf import text_of
from pipelines.normalise.values import body_text, field_values, name_of, person_id

Json = dict[str, Any]

# -- documents -------------------------------------------------------------------------------------------------


def doc(*content: Any) -> Json:
    return {"type": "doc", "version": 1, "content": list(content)}


def p(*content: Any) -> Json:
    return {"type": "paragraph", "content": [t(c) if isinstance(c, str) else c for c in content]}


def t(text: str | None, *marks: Any) -> Json:
    return {"type": "text", "text": text, "marks": list(marks)}


def node(kind: str, *content: Any, **attrs: Any) -> Json:
    return {"type": kind, "attrs": attrs, "content": list(content)}


def item(*content: Any) -> Json:
    return node("listItem", *content)


def row(*cells: Any) -> Json:
    return node(
        "tableRow",
        *(node("tableCell", *cell) if isinstance(cell, tuple) else node("tableCell", cell) for cell in cells),
    )


def bomb(depth: int) -> Json:
    inner = p("deep")
    for _ in range(depth):
        inner = node("panel", inner)
    return doc(p("top"), inner)


LINK = {"type": "link", "attrs": {"href": "https://x.example/a"}}
DOCUMENTS: dict[str, tuple[Json, str]] = {
    "paragraphs": (doc(p("one"), p("two")), "one\n\ntwo"),
    "heading": (doc(node("heading", t("Steps"), level=2), p("go")), "Steps\n\ngo"),
    "hard break": (doc(p("a", {"type": "hardBreak"}, "b")), "a\nb"),
    "newline in a text": (doc(p("a\nb")), "a\nb"),
    "marks": (doc(p(t("bold", {"type": "strong"}), t("!", {"type": "link", "attrs": None}))), "bold!"),
    "link": (doc(p(t("docs", LINK))), "docs <https://x.example/a>"),
    "link that is its own text": (doc(p(t("https://x.example/a", LINK))), "https://x.example/a"),
    "mention": (doc(p("ask ", node("mention", id="5b10", text="@Jane Doe"), " now")), "ask [person] now"),
    "emoji, status, date": (
        doc(
            p(
                node("emoji", shortName=":fire:"),
                node("status", text="BLOCKED"),
                " ",
                node("date", timestamp="1772442000000"),
            )
        ),
        ":fire:BLOCKED 2026-03-02",
    ),
    "cards": (
        doc(node("blockCard", url="https://x.example/b"), p(node("inlineCard", url="u:1"))),
        "https://x.example/b\nu:1",
    ),
    "code": (
        doc(p("log:"), node("codeBlock", t('{"a": 1}\n{"b": 2}'), language="json")),
        'log:\n\n```\n{"a": 1}\n{"b": 2}\n```',
    ),
    "nested lists": (
        doc(node("bulletList", item(p("a"), node("orderedList", item(p("a1")), item(p("a2")))), item(p("b")))),
        "- a\n- a1\n- a2\n- b",
    ),
    "table": (
        doc(node("table", row(p("code"), p("count")), row(p("401"), (p("7"), p("or 8"))))),
        "code | count\n401 | 7 or 8",
    ),
    "panel, quote, rule": (
        doc(node("panel", p("careful")), node("blockquote", p("said")), {"type": "rule"}, p("end")),
        "careful\nsaid\nend",
    ),
    "expand": (doc(node("expand", p("inside"), title="Log of Monday")), "Log of Monday\ninside"),
    "tasks and decisions": (
        doc(node("taskList", node("taskItem", t("do"))), node("decisionList", node("decisionItem", t("so")))),
        "do\nso",
    ),
    "media": (doc(node("mediaSingle", node("media", alt="screenshot.png", id="1"))), "screenshot.png"),
    "layout": (doc(node("layoutSection", node("layoutColumn", p("l")), node("layoutColumn", p("r")))), "l\nr"),
    "extension": (doc(node("extension", text="fallback", extensionKey="toc")), "fallback"),
    "an unknown node": (doc(node("hologram", p("still here"))), "still here"),
    "rubbish inside": (doc(None, 7, "x", {"type": "paragraph", "content": "no list"}, p(t(None)), p("ok")), "ok"),
    "a depth bomb": (bomb(500), "top"),
    "empty": (doc(), ""),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents(name: str) -> None:
    document, expected = DOCUMENTS[name]
    text = text_of(document)
    assert text == expected
    assert "Jane" not in text


def test_a_document_and_a_string_say_the_same() -> None:
    assert body_text(doc(p("403 from Tekion"))) == body_text("403 from Tekion\r\n".strip()) == "403 from Tekion"
    assert body_text("ask [~jdoe], mail a@b.example") == "ask [person], mail [email]"
    none: list[Any] = [None, "", "  \n", 7, [], {"type": "doc"}, doc()]
    assert [body_text(value) for value in none] == [None] * 7


# -- values ----------------------------------------------------------------------------------------------------

USER = {"accountId": "5b10", "displayName": "Jane Doe", "emailAddress": "j@d.example"}
VALUES: list[tuple[Any, list[tuple[str | None, str]]]] = [
    (None, []),
    ("", []),
    ("  ", []),
    ("Cedar", [(None, "Cedar")]),
    (3, [(None, "3")]),
    (3.0, [(None, "3")]),
    (2.5, [(None, "2.5")]),
    (0, [(None, "0")]),
    ({"id": "10", "value": "Tekion"}, [("10", "Tekion")]),
    ({"id": 10, "name": "Tekion"}, [("10", "Tekion")]),
    ({"id": "1", "value": "Tekion", "child": {"id": "2", "value": "ARC"}}, [("1", "Tekion / ARC")]),
    ({"id": "1", "value": "Tekion", "child": None}, [("1", "Tekion")]),
    ([{"id": "1", "value": "a"}, {"id": "2", "value": "b"}], [("1", "a"), ("2", "b")]),
    (["x", None, "y"], [(None, "x"), (None, "y")]),
    ([], []),
    (USER, [("5b10", "5b10")]),
    (
        [USER, {"name": "jdoe", "key": "JIRAUSER1", "displayName": "Jane Doe"}],
        [("5b10", "5b10"), ("JIRAUSER1", "JIRAUSER1")],
    ),
    ({"displayName": "Former user"}, []),
    (doc(p("free text")), [(None, "free text")]),
    ({"id": "7", "strange": 1}, []),
    ("mail a@b.example", [(None, "mail [email]")]),
    ("a\x00\ud800", [(None, "a\ufffd\ufffd")]),
    (json.loads("[" * 300 + '"x"' + "]" * 300), []),
]


@pytest.mark.parametrize(("value", "expected"), VALUES, ids=range(len(VALUES)))
def test_field_values(value: Any, expected: list[tuple[str | None, str]]) -> None:
    assert field_values(value) == expected


@pytest.mark.parametrize(
    ("user", "expected"),
    [(USER, "5b10"), ({"key": "k", "name": "n"}, "k"), ({"name": "n"}, "n"), ({}, None), (None, None), ("jdoe", None)],
)
def test_person_id(user: object, expected: str | None) -> None:
    assert person_id(user) == expected


def test_name_of() -> None:
    assert [name_of(v) for v in ({"name": "A"}, {"value": "B"}, {"key": "C"}, "D", None, {}, " ")] == [
        "A",
        "B",
        "C",
        "D",
    ] + [None] * 3


NINE = datetime(2026, 3, 2, 9)
NO_MOMENTS: list[Any] = [None, "", "yesterday", "2026-13-01", True, [], {}, 0, -5, 10**30, float("nan"), "0001-01-01"]
NO_MOMENTS += ["9999-12-31T23:59:59-0700", "0001-01-01T00:00:00+0500", "2026-03-02T25:00:00Z"]
MOMENTS: list[tuple[Any, datetime | None]] = [
    ("2026-03-02T09:00:00.000+0000", NINE),
    ("2026-03-02T14:30:00.000+0530", NINE),
    ("2026-03-02T02:00:00.000-0700", NINE),
    ("2026-03-02T09:00:00Z", NINE),
    (" 2026-03-02T09:00:00+00:00 ", NINE),
    ("2026-03-02T09:00", NINE),
    ("2026-03-02", datetime(2026, 3, 2)),
    ("2026-03-02T09:00:00.123+0000", datetime(2026, 3, 2, 9, 0, 0, 123000)),
    (1772442000, NINE),
    (1772442000000, NINE),
    (1772442000123, datetime(2026, 3, 2, 9, 0, 0, 123000)),
    *((odd, None) for odd in NO_MOMENTS),
]


@pytest.mark.parametrize(("value", "expected"), MOMENTS, ids=[str(value) for value, _ in MOMENTS])
def test_moments(value: Any, expected: datetime | None) -> None:
    assert parse_moment(value) == expected


def test_clean() -> None:
    assert clean("a\r\nb\x00c\ud83d\ude00\ud800") == "a\nb\ufffdc\U0001f600\ufffd"
