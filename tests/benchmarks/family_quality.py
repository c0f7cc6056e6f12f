"""How well families are found, on tickets whose families somebody knows.

    python tests/benchmarks/family_quality.py FILE.toml…

Each file holds tickets with `family`, `created`, `dealer` and `resolution`, as those in tests/held_out_families. They are
tagged and placed as a desk's would be: a ticket when it is made, and again three days later, with the words that closed it.
Prints precision and recall over pairs of tickets, B-cubed beside them, and the same for pairs of one dealer.
"""

import sys
import tomllib
from collections import defaultdict
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

from analysis.alike import alike
from analysis.families import Families
from analysis.family_index import N_KINDS, Ticket
from analysis.likeness import Words
from analysis.likeness_files import read_likeness
from analysis.tag import Tagger, text_row
from analysis.taxonomy import read_criteria
from pipelines.models import model_in_force

Pairs = set[frozenset[int]]
CLOSED_AFTER = timedelta(days=3)


def tickets_of(paths: list[Path]) -> list[dict[str, Any]]:
    found = [one for path in paths for one in tomllib.loads(path.read_text())["ticket"]]
    return sorted(found, key=lambda one: (one["created"], one["id"]))


def tags_of(tickets: list[dict[str, Any]]) -> dict[int, dict[str, str | None]]:
    """Place → kind → tag, by words alone."""
    tagger = Tagger.of(read_criteria(), model_in_force(Path("none"), print))
    rows = tagger.rows([text_row(n, one["summary"], one["description"]) for n, one in enumerate(tickets)])
    found: dict[int, dict[str, str | None]] = defaultdict(dict)
    for row in rows:
        found[row["issue_id"]][row["kind"]] = row["value"]
    return found


def placed(tickets: list[dict[str, Any]]) -> tuple[list[int], Pairs]:
    """The family of each ticket, and pairs of one dealer that are alike."""
    likeness, tags, criteria = read_likeness(), tags_of(tickets), read_criteria()
    never = {c.id for c in criteria.categories if not c.can_repeat}
    failed = [n for n in range(len(tickets)) if tags[n]["failure_category"] not in never]
    words = [Words(t["summary"], t["description"], t["resolution"]) for t in tickets]
    first = likeness.read([one._replace(closing=None) for one in words])
    later = likeness.read(words)
    turns = [(tickets[n]["created"], 0, n) for n in failed]
    turns += [(tickets[n]["created"] + CLOSED_AFTER, 1, n) for n in failed]
    families = Families(likeness)
    last = {}
    for _, turn, n in sorted(turns):
        reading = (later if turn else first).take([n])
        last[n] = Ticket(n, reading, tags[n]["provider"], tickets[n]["dealer"])
        list(families.read_again(last[n]) if turn else families.place(last[n]))
    found = [families.family_of(n) if n in last else None for n in range(len(tickets))]
    kinds = [likeness.likely_kinds(later.take([n]), N_KINDS).tolist() if later.is_told[n] else [] for n in failed]
    providers = [tags[n]["provider"] for n in failed]
    alike_ones = {
        frozenset((failed[one], failed[other]))
        for one, other, _ in alike(likeness, later.take(failed), providers, kinds, range(len(failed)))
        if tickets[failed[one]]["dealer"] == tickets[failed[other]]["dealer"] != ""
    }
    return [-1 - n if family is None else family for n, family in enumerate(found)], alike_ones


def pairs(labels: list[Any]) -> Pairs:
    groups: dict[Any, list[int]] = defaultdict(list)
    for n, label in enumerate(labels):
        groups[label].append(n)
    return {frozenset(pair) for group in groups.values() for pair in combinations(group, 2)}


def b_cubed(found: list[Any], known: list[Any]) -> tuple[float, float]:
    scores = []
    for n in range(len(found)):
        mine = {m for m, label in enumerate(found) if label == found[n]}
        true = {m for m, label in enumerate(known) if label == known[n]}
        scores.append((len(mine & true) / len(mine), len(mine & true) / len(true)))
    return sum(p for p, _ in scores) / len(scores), sum(r for _, r in scores) / len(scores)


def told(name: str, found: Pairs, known: Pairs) -> None:
    right = len(found & known)
    print(
        f"{name}: precision {right / max(1, len(found)):.3f} of {len(found)}, recall {right / max(1, len(known)):.3f} of {len(known)}"
    )


def main() -> None:
    tickets = tickets_of([Path(name) for name in sys.argv[1:]])
    if not tickets:
        sys.exit(__doc__)
    found, alike = placed(tickets)
    known = [one["family"] or f"single {one['id']}" for one in tickets]
    print(f"{len(tickets)} tickets, {len(set(known))} failures, {len(set(found))} families found")
    told("families, pairs", pairs(found), pairs(known))
    print("families, B-cubed: precision {:.3f}, recall {:.3f}".format(*b_cubed(found, known)))
    of_dealer = pairs([one["dealer"] for one in tickets])
    told("one dealer, pairs", (pairs(found) | alike) & of_dealer, pairs(known) & of_dealer)


if __name__ == "__main__":
    main()
