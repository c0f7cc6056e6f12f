"""The invented desk: built the same every time, complete, and every escalated ticket in its own words."""

import csv
import gzip
import json
import re
import subprocess
import sys
import tomllib
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.sample_desk import build_sample, sample_folder

SAMPLE = sample_folder()
END = "2026-11-23"  # the committed build; see the Makefile


def export(folder: Path) -> list[dict[str, Any]]:
    with gzip.open(folder / "issues.jsonl.gz") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def issues() -> list[dict[str, Any]]:
    return export(SAMPLE)


@pytest.fixture(scope="module")
def truth() -> list[dict[str, str]]:
    return list(csv.DictReader((SAMPLE / "truth" / "escalations.csv").read_text().splitlines()))


@pytest.fixture(scope="module")
def texts() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path in sorted((SAMPLE / "texts").glob("escalated_*.toml")):
        found |= tomllib.loads(path.read_text())
    return found


def test_the_builder_gives_the_committed_bytes(tmp_path: Path) -> None:
    build_sample(date.fromisoformat(END), tmp_path)
    made = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    assert len(made) > 15
    for path in made:
        assert (tmp_path / path).read_bytes() == (SAMPLE / path).read_bytes(), f"{path}: run `make sample`"


@pytest.mark.parametrize("end", ["2027-01-04", "2026-03-30", "2025-12-31"])
def test_any_end_date_works_also_across_new_year_and_summer_time(end: str, tmp_path: Path) -> None:
    script = [sys.executable, str(SAMPLE / "build.py"), "--end", end, "--out", str(tmp_path)]
    subprocess.run(script, check=True)
    found = export(tmp_path)
    assert len(found) > 1100
    latest = max(issue["fields"]["updated"] for issue in found)
    assert latest[:10] == end


def test_it_is_as_large_as_it_says(issues: list[dict[str, Any]], truth: list[dict[str, str]]) -> None:
    tickets = [i for i in issues if i["fields"]["project"]["key"] == "SUP"]
    assert 1050 <= len(tickets) <= 1300
    assert 430 <= len(truth) <= 470
    assert len({row["dealer"] for row in truth}) > 30
    assert {row["provider"] for row in truth} == {"tekion", "cdk", "xtime", "mykaarma", "dealer_fx", "other", "none"}


def test_everything_that_should_happen_happens(truth: list[dict[str, str]], issues: list[dict[str, Any]]) -> None:
    journeys = Counter(row["journey"] for row in truth)
    for journey in (
        "plain",
        "born",
        "skip",
        "bounce",
        "reopen_early",
        "reopen_late",
        "t3",
        "t3link",
        "own",
        "latelink",
        "dup",
        "cancel",
    ):
        assert journeys[journey] >= 3, journey
    assert sum(bool(row["repeat_of"]) for row in truth) > 80
    assert Counter(row["verdict"] for row in truth)["should_have_handled"] > 40
    replies = Counter(row["reply"] for row in truth)
    assert all(replies[r] for r in ("accepted", "contested", "contested_stands", "contested_withdrawn"))
    assert any(row["dealer"] == "unknown" for row in truth)
    assert any("<script>" in issue["fields"]["summary"] for issue in issues)
    statuses = {h["toString"] for i in issues for history in i["changelog"]["histories"] for h in history["items"]}
    assert {"Waiting for provider", "Waiting for dealer", "Waiting for OPS", "Parked (vendor)"} <= statuses
    assert any("escalation-action" in issue["fields"]["labels"] for issue in issues)
    words = " ".join(str(issue["fields"]["description"]) for issue in issues)
    assert re.search(r"\b(?:concessionnaire|rendez-vous)\b", words) and re.search(r"\b(?:gerente|tienda)\b", words), (
        "French and Spanish"
    )


def test_every_escalated_ticket_has_its_own_body(texts: dict[str, dict[str, str]], truth: list[dict[str, str]]) -> None:
    assert set(texts) == {row["slot"] for row in truth}
    said = Counter(sentence for text in texts.values() for sentence in set(_sentences(text["description"])))
    assert {sentence for sentence, n in said.items() if n > 2} == set()
    openings = Counter(" ".join(text["description"].split()[:4]).lower() for text in texts.values())
    assert max(openings.values()) <= 3


def _sentences(text: str) -> list[str]:
    return [s.strip().lower() for s in re.split(r"[.!?\n]+", text) if len(s.split()) >= 6]


def test_no_two_bodies_are_near_duplicates(texts: dict[str, dict[str, str]]) -> None:
    """No two share a third of their five-word runs."""
    runs = {slot: _runs(text["description"]) for slot, text in texts.items()}
    holders: dict[tuple[str, ...], list[str]] = {}
    for slot, mine in runs.items():
        for run in mine:
            holders.setdefault(run, []).append(slot)
    shared = Counter((a, b) for slots in holders.values() for a in slots for b in slots if a < b)
    close = {pair for pair, n in shared.items() if n > min(len(runs[pair[0]]), len(runs[pair[1]])) / 3}
    assert close == set()


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def test_the_program_never_reads_the_truth() -> None:
    root = Path(__file__).parent.parent
    for top in ("analysis", "pipelines", "reports"):
        for path in (root / top).rglob("*.py"):
            text = path.read_text()
            assert "sample/truth" not in text, path
            assert "escalations.csv" not in text, path
