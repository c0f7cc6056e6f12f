"""How well tickets are matched to runbooks by the words in which these tell when they are for.

    python tests/benchmarks/runbook_quality.py [TICKETS.toml RUNBOOKS_FOLDER FAMILIES.csv]

Prints, for log-odds from which a match counts and for how far it must be ahead of the next runbook, how many of the matches are right (precision) and how many tickets
of the runbooks' families are matched (recall), with the signatures alone beside it. Each family's first ticket, which
the writers of the runbooks had read, is left out.
"""

import csv
import shutil
import sys
import tempfile
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from analysis.known_alike import LEAST_LIKE, Books, Known
from analysis.likeness import Words
from analysis.likeness_files import read_likeness
from analysis.taxonomy import Criteria, read_criteria
from analysis.verdicts import TextMatcher

HERE = Path(__file__).parent.parent
HELD_OUT = (
    HERE / "held_out_families" / "georgia_and_carolinas.toml",
    HERE / "held_out_runbooks",
    HERE / "held_out_runbooks" / "families.csv",
)
LEADS = ((LEAST_LIKE, 0.0), (LEAST_LIKE, 2.0), (0.5, 0.0), (0.5, 2.0), (0.75, 0.0), (0.75, 1.0), (1.0, 0.0))


def main(tickets_file: Path, folder: Path, families_file: Path) -> None:
    tickets: list[dict[str, Any]] = tomllib.loads(tickets_file.read_text())["ticket"]
    families = {row["runbook_id"]: row["family"] for row in csv.DictReader(families_file.read_text().splitlines())}
    with tempfile.TemporaryDirectory() as overlay:
        shutil.copytree(folder, Path(overlay) / "runbooks", ignore=shutil.ignore_patterns("*.csv"))
        criteria = read_criteria(Path(overlay))
    likeness = read_likeness()
    known = [
        Known(n, 1, None, date(2026, 12, 1), one["provider"], Words(one["summary"], one["description"]))
        for n, one in enumerate(tickets)
    ]
    texts = [
        {"issue_id": n, "escalation_no": 1, "text": f"{one['summary']}\n{one['description']}"}
        | {"known_at": None, "source_ref": "ticket text"}
        for n, one in enumerate(tickets)
    ]
    rows = list(Books(criteria.runbooks, likeness).rows(known, likeness.read([one.words for one in known])))
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
    print(f"{len(tickets)} tickets, {len(families)} runbooks, {len(wanted)} tickets that a runbook is for")
    _print("signatures alone", {pair for pair in signed if pair[0] not in firsts}, wanted)
    for least, lead in LEADS:
        told = {
            (row["issue_id"], row["ref"])
            for row in rows
            if row["log_odds"] >= least
            and (row["ahead"] is None or row["ahead"] >= lead)
            and row["issue_id"] not in firsts
        }
        name = f"words from {least:.2f}, {lead:.1f} ahead"
        _print(name, told, wanted)
        _print(f"{name}, or signature", told | {one for one in signed if one[0] not in firsts}, wanted)


def _provider(criteria: Criteria, ref: str) -> str | None:
    return next(book.provider for book in criteria.runbooks if f"{book.id} v{book.version}" == ref)


def _print(name: str, told: set[tuple[int, str]], wanted: set[tuple[int, str]]) -> None:
    right = len(told & wanted)
    precision = right / len(told) if told else float("nan")
    print(f"{name:40} precision {precision:.3f} recall {right / len(wanted):.3f} ({right} of {len(told)} matches)")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]) if len(sys.argv) == 4 else HELD_OUT)
