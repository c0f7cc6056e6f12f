"""What looks as if something were wrong: told where it is, and not where it may well be so."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from stories import bare_criteria, open_warehouse, warehouse_of, write_criteria

from analysis.suspicions import suspicions

MONDAY = datetime(2026, 3, 30)  # the week of 03-23 is the last complete one


def tickets(per_week: list[int], **extra: str) -> str:
    """So many tickets in each week, the last number being that of the reported one; all at Tier 2."""
    lines, number = [], 0
    for back, n in enumerate(reversed(per_week), 1):
        for i in range(n):
            number += 1
            at = MONDAY - timedelta(weeks=back) + timedelta(hours=9 + i)
            lines.append(f"SUP-{number} created {at:%Y-%m-%d %H:%M} tier=2 {extra.get(f'week_{back}', '')}")
    return "\n".join(lines)


def names(story: str, folder: Path, as_of: datetime = MONDAY, rules: str | None = None) -> list[str]:
    criteria = bare_criteria(folder / "c") if rules is None else write_criteria(folder / "c", rules__toml=rules)
    with warehouse_of(story, folder, criteria, as_of=as_of.isoformat()) as warehouse:
        return [one.name for one in suspicions(warehouse)]


def test_nothing_in_an_empty_warehouse(tmp_path: Path) -> None:
    with open_warehouse(tmp_path / "w.duckdb") as warehouse:
        assert list(suspicions(warehouse)) == []


@pytest.mark.parametrize(
    ("per_week", "expected"),
    [
        ([5, 5, 5, 5, 5], []),
        ([5, 5, 5, 5, 0], ["empty_week", "silence"]),
        ([5, 5, 5, 5, 1], []),
        ([1, 1, 1, 1, 0], []),  # a quiet desk has weeks without a ticket
        ([20, 0, 0, 0, 0], ["empty_week", "silence"]),
    ],
    ids=str,
)
def test_a_week_without_a_ticket(per_week: list[int], expected: list[str], tmp_path: Path) -> None:
    found = names(tickets(per_week), tmp_path)
    assert [name for name in found if name != "silence"] == [name for name in expected if name != "silence"]


@pytest.mark.parametrize(
    ("untagged_before", "untagged_now", "expected"),
    [(1, 5, True), (1, 4, False), (10, 6, False), (0, 5, True)],
)
def test_untagged_doubled(untagged_before: int, untagged_now: int, expected: bool, tmp_path: Path) -> None:
    """Of 20 escalations in the four weeks before, and of 10 in the reported one."""
    lines = []
    for number in range(30):
        is_now = number >= 20
        at = MONDAY - timedelta(weeks=1 if is_now else 2 + number % 4) + timedelta(hours=9)
        is_untagged = number - 20 < untagged_now if is_now else number < untagged_before
        tag = "" if is_untagged else "category=auth"
        lines.append(f"SUP-{number + 1} created {at:%Y-%m-%d %H:%M} tier=2 {tag}")
    assert ("untagged_doubled" in names("\n".join(lines), tmp_path)) == expected


@pytest.mark.parametrize(
    ("hours", "n", "expected"),
    [(71, 40, False), (73, 40, True), (73, 20, False)],
    ids=["week-end", "longer", "small desk"],
)
def test_silence(hours: int, n: int, expected: bool, tmp_path: Path) -> None:
    last = datetime(2026, 3, 27, 12)
    story = "\n".join(
        f"SUP-{i + 1} created {last - timedelta(hours=(n - 1 - i) * 670 / n):%Y-%m-%d %H:%M} tier=2" for i in range(n)
    )
    assert ("silence" in names(story, tmp_path, last + timedelta(hours=hours))) == expected
