"""`tag` without a warehouse: JSON Lines in, JSON Lines out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stories import write_criteria
from test_tag import RULES

from analysis.errors import InputError
from analysis.taxonomy import Criteria
from pipelines.tag_lines import tag_lines


@pytest.fixture
def criteria(tmp_path: Path) -> Criteria:
    return write_criteria(tmp_path / "criteria", rules__toml=RULES)


def tagged(criteria: Criteria, *lines: bytes | dict[str, Any]) -> list[dict[str, Any]]:
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines]
    return [json.loads(answer) for answer in tag_lines(raw, "input", criteria)]


def test_an_answer(criteria: Criteria) -> None:
    ticket = {"id": "SUP-1", "summary": "Tekion says 403", "description": "CDK is fine", "more": [1]}
    assert tagged(criteria, ticket) == [
        {
            "id": "SUP-1",
            "provider": "tekion",
            "provider_confidence": None,
            "provider_source": "rule",
            "category": "auth",
            "category_confidence": None,
            "category_source": "rule",
            "also_mentions": ["cdk"],
            "evidence": ["Tekion", "403"],
        }
    ]


def test_fields_count_and_untagged_is_null(criteria: Criteria) -> None:
    first, second = tagged(criteria, {"id": 1, "provider": "Fortellis", "category": "Webhook"}, {"id": None})
    assert (first["provider"], first["provider_source"], first["category"]) == ("cdk", "field", "webhook")
    assert (second["id"], second["provider"], second["provider_source"], second["evidence"]) == (None, None, "none", [])


ODD: list[tuple[bytes, object]] = [
    (b'\xef\xbb\xbf{"id": 1, "summary": "CDK"}\r\n', 1),
    (b'{"id": 1, "summary": "CDK \\u0000 \\ud800"}', 1),
    (b'{"id": 1, "summary": null, "description": "CDK"}', 1),
    (b'{"id": "\\ud800", "summary": "CDK"}', "\ud800"),
    (b'{"id": 1, "summary": 7, "description": ["CDK"]}', 1),
    ('{"id": "é", "summary": "CDK é"}'.encode(), "é"),
    (json.dumps({"id": 1, "summary": "CDK", "description": "x" * 3_000_000}).encode(), 1),
]


@pytest.mark.parametrize(("line", "ticket_id"), ODD, ids=range(len(ODD)))
def test_odd_lines(line: bytes, ticket_id: object, criteria: Criteria) -> None:
    (answer,) = tagged(criteria, line)
    assert (answer["id"], answer["provider"]) == (ticket_id, "cdk")


def test_every_answer_can_be_written_anywhere(criteria: Criteria) -> None:
    lines = [b'{"id": "\\ud800", "summary": "CDK"}', '{"id": "é"}'.encode()]
    assert all(answer.isascii() and "\n" not in answer for answer in tag_lines(lines, "input", criteria))


BROKEN = [
    b"{",
    b"[]",
    b"7",
    b'"x"',
    b'{"summary": "SECRETWORD"}',
    b'{"id": 1, "summary": "SECRETWORD',
    b"\xff\xfe{",
    b"[" * 100_000,
]


@pytest.mark.parametrize("line", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_line_is_named_and_not_shown(line: bytes, criteria: Criteria) -> None:
    with pytest.raises(InputError) as caught:
        tagged(criteria, {"id": 1}, b"\n", line)
    assert "input: line 3: " in str(caught.value)
    assert "SECRETWORD" not in str(caught.value)


def test_answers_come_before_the_next_line_is_read(criteria: Criteria) -> None:
    def endless() -> Iterator[bytes]:
        number = 0
        while True:
            number += 1
            yield b'{"id": %d}' % number

    answers = tag_lines(endless(), "input", criteria)
    assert [json.loads(next(answers))["id"] for _ in range(3)] == [1, 2, 3]
