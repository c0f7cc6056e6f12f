"""How well tickets are matched to runbooks by the words in which these tell when they are for.

    python tests/benchmarks/runbook_quality.py [TICKETS.toml RUNBOOKS_FOLDER FAMILIES.csv]

First the pairs by which the weights were fitted, each by weights of which its family was left out (once with all
runbooks of its hand, once without the ticket's own); then a desk that nothing was fitted on. For chances from which a
match counts: how many of the matches are right, and how many tickets of the runbooks' families are matched, with the
signatures alone beside it. Each family's first ticket, which the writers of the runbooks had read, is left out.
"""

import csv
import math
import shutil
import sys
import tempfile
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from analysis.likeness import Likeness, Words
from analysis.likeness_files import read_likeness
from analysis.model_files import read_model
from analysis.runbook_fitting import cases, categories, unseen_matches
from analysis.runbook_likeness import Books, Told
from analysis.tag import Tagger
from analysis.taxonomy import Criteria, read_criteria
from analysis.verdicts import TextMatcher
from pipelines.models import SHIPPED

HERE = Path(__file__).parent.parent
HELD_OUT = (
    HERE / "held_out_families" / "georgia_and_carolinas.toml",
    HERE / "held_out_runbooks",
    HERE / "held_out_runbooks" / "families.csv",
)
CHANCES = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)


def main(tickets_file: Path, folder: Path, families_file: Path) -> None:
    likeness, tagger = read_likeness(), Tagger.of(read_criteria(None), read_model(SHIPPED))
    known = cases(likeness, tagger)
    found = unseen_matches(known)
    n_own = sum(one.own is not None for one in known)
    print(f"pairs of starter/runbooks: {n_own} tickets with a runbook")
    for chance in CHANCES:
        told = [one for one in found if one.log_odds >= _log_odds(chance)]
        right, n_told = sum(one.is_right for one in told if not one.is_without), sum(not one.is_without for one in told)
        wrong = len(told) - n_told
        print(
            f"chance from {chance:.2f}: precision {right / n_told:.3f} recall {right / n_own:.3f} "
            f"({right} of {n_told} matches); without their own runbook {wrong} matched"
        )
    _held_out(tickets_file, folder, families_file, likeness, tagger)


def _held_out(tickets_file: Path, folder: Path, families_file: Path, likeness: Likeness, tagger: Tagger) -> None:
    tickets: list[dict[str, Any]] = tomllib.loads(tickets_file.read_text())["ticket"]
    families = {row["runbook_id"]: row["family"] for row in csv.DictReader(families_file.read_text().splitlines())}
    with tempfile.TemporaryDirectory() as overlay:
        shutil.copytree(folder, Path(overlay) / "runbooks", ignore=shutil.ignore_patterns("*.csv"))
        criteria = read_criteria(Path(overlay))
    words = [Words(one["summary"], one["description"]) for one in tickets]
    told = [
        Told(date(2026, 12, 1), one["provider"], category, said)
        for one, category, said in zip(tickets, categories(words, tagger), words, strict=True)
    ]
    texts = [
        {"issue_id": n, "escalation_no": 1, "text": f"{one['summary']}\n{one['description']}"}
        | {"known_at": None, "source_ref": "ticket text"}
        for n, one in enumerate(tickets)
    ]
    matches = list(Books(criteria.runbooks, likeness).matches(told, likeness.read(words)))
    signed = {
        (row["issue_id"], row["ref"])
        for row in TextMatcher.of(criteria).rows(texts)
        if row["kind"] == "runbook" and _provider(criteria, row["ref"]) == tickets[row["issue_id"]]["provider"]
    }
    first_of: dict[str, int] = {}
    for n, one in enumerate(tickets):
        first_of.setdefault(one["family"], n)
    firsts = {n for family, n in first_of.items() if family}
    wanted = {
        (n, f"{book} v1")
        for n, one in enumerate(tickets)
        for book, family in families.items()
        if family and family == one["family"] and n not in firsts
    }
    print(f"\n{len(tickets)} tickets never seen, {len(families)} runbooks, {len(wanted)} tickets that a runbook is for")
    signed = {pair for pair in signed if pair[0] not in firsts}
    _print("signatures alone", signed, wanted)
    for chance in CHANCES:
        by_words = {
            (one.ticket, one.ref) for one in matches if one.log_odds >= _log_odds(chance) and one.ticket not in firsts
        }
        _print(f"chance from {chance:.2f}", by_words, wanted)
        _print(f"chance from {chance:.2f}, or signature", by_words | signed, wanted)


def _log_odds(chance: float) -> float:
    return math.log(chance / (1 - chance))


def _provider(criteria: Criteria, ref: str) -> str | None:
    return next(book.provider for book in criteria.runbooks if f"{book.id} v{book.version}" == ref)


def _print(name: str, told: set[tuple[int, str]], wanted: set[tuple[int, str]]) -> None:
    right = len(told & wanted)
    precision = right / len(told) if told else float("nan")
    print(f"{name:32} precision {precision:.3f} recall {right / len(wanted):.3f} ({right} of {len(told)} matches)")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]) if len(sys.argv) == 4 else HELD_OUT)
