"""Paging that ends, and takes everything once."""

from collections.abc import Iterable
from typing import Any

import pytest

from analysis.errors import SourceError
from pipelines.jira.paging import EMPTY_PAGES, by_token, whole_list

Json = dict[str, Any]


def pages_of(*pages: Json) -> tuple[list[Json], list[Any]]:
    """Pages as read, and the tokens that were sent for them."""
    left, sent = list(pages), []

    def ask(body: Json) -> Json:
        sent.append(body.get("nextPageToken"))
        return left.pop(0)

    return list(by_token(ask, {"jql": "project = SUP"})), sent


def test_ends_where_no_token_comes() -> None:
    read, sent = pages_of({"issues": [1], "nextPageToken": "a"}, {"issues": [2], "nextPageToken": "b"}, {"issues": [3]})
    assert [page["issues"] for page in read] == [[1], [2], [3]]
    assert sent == [None, "a", "b"]


@pytest.mark.parametrize("end", [{}, {"nextPageToken": None}, {"nextPageToken": ""}])
def test_no_token_in_any_form(end: Json) -> None:
    assert len(pages_of({"issues": [1], **end})[0]) == 1


def test_is_last_is_not_believed() -> None:
    read, _ = pages_of({"issues": [1], "isLast": True, "nextPageToken": "a"}, {"issues": [2], "isLast": False})
    assert len(read) == 2


def test_empty_pages_are_borne_for_a_while() -> None:
    empty = [{"issues": [], "nextPageToken": f"t{n}"} for n in range(EMPTY_PAGES)]
    assert len(pages_of(*empty, {"issues": [1]})[0]) == EMPTY_PAGES + 1
    more = [{"issues": [], "nextPageToken": f"t{n}"} for n in range(50)]
    with pytest.raises(SourceError, match="empty pages"):
        pages_of(*more)


def test_a_token_that_comes_again_is_an_error() -> None:
    with pytest.raises(SourceError, match="again and again"):
        pages_of(*({"issues": [1], "nextPageToken": token} for token in "abab"))


def listed(total: int, size: int, sent: list[int], numbers: Iterable[int] | None = None) -> list[str]:
    entries = [{"id": str(n)} for n in (numbers if numbers is not None else range(total))]

    def ask(start: int) -> Json:
        sent.append(start)
        return {"values": entries[start : start + size], "total": total}

    first = {"values": entries[:size], "total": total}
    return [one["id"] for one in whole_list(ask, first, "values")]


def test_a_list_in_part_is_read_to_its_total() -> None:
    sent: list[int] = []
    assert listed(250, 100, sent) == [str(n) for n in range(250)]
    assert sent == [100, 200]


def test_a_whole_list_is_not_asked_for_again() -> None:
    sent: list[int] = []
    assert len(listed(20, 100, sent)) == 20
    assert not sent


def test_a_route_without_pages_ends() -> None:
    """It gives one entry less than Jira counts, however often it is asked."""
    sent: list[int] = []

    def ask(start: int) -> Json:
        sent.append(start)
        return {"values": [{"id": str(n)} for n in range(30)], "total": 31}

    assert len(whole_list(ask, {"values": [], "total": 31}, "values")) == 30
    assert sent == [0, 30]


def test_entries_that_come_twice_are_taken_once_and_the_end_is_the_end() -> None:
    sent: list[int] = []
    assert len(listed(30, 10, sent, [*range(20), *range(10, 20)])) == 20
    assert sent == [10, 20, 30]
