"""`tag` without a warehouse: JSON Lines in, JSON Lines out."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from few_tickets import always, few_model
from stories import NAMED_RULES, write_criteria

from analysis.classifier import Classifier
from analysis.errors import InputError
from analysis.taxonomy import Criteria
from pipelines.tag_lines import AT_ONCE, tag_lines


@pytest.fixture
def criteria(tmp_path: Path) -> Criteria:
    return write_criteria(tmp_path / "criteria", rules__toml=NAMED_RULES)


def tagged(criteria: Criteria, *lines: bytes | dict[str, Any], model: Classifier | None = None) -> list[dict[str, Any]]:
    raw = [line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines]
    return [json.loads(answer) for answer in tag_lines(raw, "input", criteria, model)]


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
    assert all(answer.isascii() and "\n" not in answer for answer in tag_lines(lines, "input", criteria, None))


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


def test_answers_come_before_the_input_ends(criteria: Criteria) -> None:
    """A stream without end is answered some hundreds of lines at a time, so that memory stays flat."""
    n_read = 0

    def endless() -> Iterator[bytes]:
        nonlocal n_read
        while True:
            n_read += 1
            yield b'{"id": %d}' % n_read

    answers = tag_lines(endless(), "input", criteria, None)
    assert [json.loads(next(answers))["id"] for _ in range(AT_ONCE + 1)] == list(range(1, AT_ONCE + 2))
    assert n_read == 2 * AT_ONCE


@pytest.mark.parametrize("n", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 2 * AT_ONCE])
def test_every_line_has_its_own_answer(n: int, criteria: Criteria) -> None:
    names = ("Tekion", "CDK", "nobody")
    tickets = [{"id": number, "summary": names[number % 3]} for number in range(n)]
    found = [(answer["id"], answer["provider"]) for answer in tagged(criteria, *tickets)]
    assert found == [(number, ("tekion", "cdk", None)[number % 3]) for number in range(n)]


def test_the_same_id_twice(criteria: Criteria) -> None:
    found = tagged(criteria, {"id": 1, "summary": "CDK"}, {"id": 1, "summary": "Tekion"})
    assert [(answer["id"], answer["provider"]) for answer in found] == [(1, "cdk"), (1, "tekion")]


def test_lines_before_a_broken_one_are_answered(criteria: Criteria) -> None:
    answers = tag_lines([b'{"id": 1, "summary": "CDK"}', b'{"id": 2}', b"{"], "input", criteria, None)
    assert [json.loads(next(answers))["id"] for _ in range(2)] == [1, 2]
    with pytest.raises(InputError, match="input: line 3: not valid JSON"):
        next(answers)


def test_an_answer_of_the_classifier(criteria: Criteria) -> None:
    model = always({"provider": {"cdk": 0.9, "tekion": 0.1}, "failure_category": {"auth": 0.6, "other": 0.4}}, 0.7)
    (answer,) = tagged(criteria, {"id": 1, "summary": "hello", "description": "Tekion"}, model=model)
    assert answer == {
        "id": 1,
        "provider": "cdk",
        "provider_confidence": pytest.approx(0.9, abs=1e-6),
        "provider_source": "classifier",
        "category": None,
        "category_confidence": None,
        "category_source": "none",
        "also_mentions": ["tekion"],
        "evidence": [],
    }


def test_the_words_that_weighed_are_evidence(criteria: Criteria) -> None:
    (answer,) = tagged(criteria, {"id": 1, "description": "The token has expired again"}, model=few_model())
    assert (answer["category"], answer["category_source"]) == ("auth", "classifier")
    assert {"token", "expired"} <= set(answer["evidence"])


def test_a_batch_is_answered_as_each_line_alone(criteria: Criteria) -> None:
    texts = (
        "The token has expired",
        "",
        "Slots are booked twice in Tekion",
        "é 😀 \ud800",
        "CDK refuses",
        "x" * 30_000,
    )
    tickets = [{"id": number, "description": text} for number, text in enumerate(texts)]
    together = tagged(criteria, *tickets, model=few_model())
    alone = [tagged(criteria, ticket, model=few_model())[0] for ticket in tickets]
    for one, other in zip(together, alone, strict=True):
        for name in ("provider_confidence", "category_confidence"):  # sums of a batch differ in their last digits
            assert one.pop(name) == pytest.approx(other.pop(name), abs=1e-6)
        assert one == other
