"""How well `similar` finds the earlier original of a duplicate, beside a plain TF-IDF; and how quickly.

    OMP_NUM_THREADS=1 python tests/benchmarks/similar_recall.py FILE.csv [--limit 500]
    OMP_NUM_THREADS=1 python tests/benchmarks/similar_recall.py FILE.csv --made 100000

FILE has the columns id, created, text (the first line is the summary) and duplicate_of. Each text with a `duplicate_of`
is asked for among ALL earlier ones, by (created, id); `--limit` asks for so many, evenly spread. Recall@1, @5 and @10 and
mean reciprocal rank are of the text that `duplicate_of` names, then of any earlier member of its cluster (whatever names
the same original, and that itself). Three rankings stand side by side, all with rarities from the whole file:

- TF-IDF: scikit-learn's TfidfVectorizer as it comes, cosine;
- alike: `similar` without the age of texts, and without the bounds from which something is near;
- similar: what the command shows.

Of equal ones the later counts as the nearer. `--made` only tells the speed, on so many texts of 800 characters that are
made of the file's.
"""

import argparse
import csv
import os
import resource
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent.parent))

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from analysis.similar import Entry, Similar, first

FIELD_SIZE = 1 << 30
DEPTH = 1000  # a rank beyond it counts as never
RANKS = (1, 5, 10)
MADE_LENGTH, MADE_QUERIES = 800, 200
Question = tuple[int, int, frozenset[int]]  # places of the duplicate, its original, and all earlier of the cluster


def entries_of(path: Path) -> tuple[list[Entry], list[Question]]:
    """The file's texts in order, and its duplicates."""
    csv.field_size_limit(FIELD_SIZE)
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    order = {name: as_numbers([row[name] for row in rows]) for name in ("created", "id")}
    rows = [rows[n] for n in sorted(range(len(rows)), key=lambda n: (order["created"][n], order["id"][n]))]
    place = {row["id"]: n for n, row in enumerate(rows)}
    cluster: dict[int, set[int]] = defaultdict(set)
    for n, row in enumerate(rows):
        if row["duplicate_of"] in place:
            cluster[place[row["duplicate_of"]]] |= {n, place[row["duplicate_of"]]}
    questions = [
        (n, original, frozenset(m for m in members if m < n))
        for original, members in cluster.items()
        for n in members
        if original < n
    ]
    entries = [Entry(n, n, *summary_and_rest(row["text"])) for n, row in enumerate(rows)]
    return entries, sorted(questions, key=lambda question: question[0])


def as_numbers(values: list[str]) -> list[Any]:
    """Numbers where all are, so that 99 comes before 100."""
    return [int(value) for value in values] if all(value.isdigit() for value in values) else list(values)


def summary_and_rest(text: str) -> tuple[str, str]:
    summary, _, rest = text.partition("\n")
    return summary, rest


class Ranks:
    """Ranks of the original and of the first of its cluster, one of each a question."""

    def __init__(self, name: str) -> None:
        self.name, self.original, self.any = name, [], []  # type: ignore[var-annotated]

    def take(self, question: Question, found: list[int]) -> None:
        rank = {row: number for number, row in enumerate(found, 1)}
        self.original.append(rank.get(question[1], np.inf))
        self.any.append(min(rank.get(row, np.inf) for row in question[2]))

    def told(self) -> str:
        return f"{self.name:10} {figures(self.original)}   any of the cluster: {figures(self.any)}"


def figures(ranks: list[float]) -> str:
    found = np.array(ranks)
    recalls = " ".join(f"{(found <= most).mean():.3f}" for most in RANKS)
    return f"recall@{'/'.join(map(str, RANKS))} {recalls}, MRR {(1 / found).mean():.3f}"


def seconds(work: Any) -> tuple[float, Any]:
    started = time.perf_counter()
    found = work()
    return time.perf_counter() - started, found


def all_of(scores: Any, n: int) -> list[int]:
    return first(scores[:n], np.ones(n, bool), DEPTH)


def by_tfidf(entries: list[Entry], questions: list[Question]) -> Ranks:
    ranks = Ranks("TF-IDF")
    vectors = TfidfVectorizer().fit_transform(f"{entry.summary}\n{entry.description}" for entry in entries)
    columns = vectors.T.tocsr()
    for question in questions:
        ranks.take(question, all_of((vectors[question[0]] @ columns).toarray()[0].astype(np.float32), question[0]))
    return ranks


def by_us(entries: list[Entry], questions: list[Question]) -> tuple[Ranks, Ranks]:
    alike, ours = Ranks("alike"), Ranks("similar")
    taken, index = seconds(lambda: Similar(entries))
    times = []
    for question in questions:
        summary, description = entries[question[0]][2:]
        before = index.moments[question[0]]
        spent, near = seconds(lambda: index.nearest(summary, description, DEPTH, before))  # noqa: B023 - called at once
        times.append(spent)
        ours.take(question, [one.id for one in near])
        alike.take(question, all_of(index.scores(summary, description, before)[0], question[0]))
    tell_times(len(entries), taken, times)
    return alike, ours


def tell_times(n: int, taken: float, times: list[float]) -> None:
    half, most = np.quantile(np.array(times) * 1000, [0.5, 0.95])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{n:,} texts indexed in {taken:.1f} s; a query takes {half:.1f} ms (95 %: {most:.1f}); peak {peak:.1f} GB")


def made(entries: list[Entry], n: int) -> list[Entry]:
    """Texts of 800 characters, no two the same, that hold the words of the file's."""
    draw, found = np.random.default_rng(0), []
    for number in range(n):
        summary, description = entries[number % len(entries)][2:]
        summary = (summary or "")[:200]
        while len(summary) + len(description or "") < MADE_LENGTH:
            description = f"{description} {(entries[draw.integers(len(entries))].description or 'none')[:400]}"
        found.append(Entry(number, number, summary, (description or "")[: MADE_LENGTH - len(summary)]))
    return found


def speed(entries: list[Entry]) -> None:
    taken, index = seconds(lambda: Similar(entries))
    asked = np.random.default_rng(1).integers(0, len(entries), MADE_QUERIES)
    times = [seconds(lambda: index.nearest(*entries[n][2:], 10))[0] for n in asked]  # noqa: B023 - called at once
    tell_times(len(entries), taken, times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--limit", type=int, help="how many duplicates to ask for")
    parser.add_argument("--made", type=int, help="only tell the speed, on so many made texts")
    given = parser.parse_args()
    entries, questions = entries_of(given.file)
    if given.made:
        speed(made(entries, given.made))
        return
    print(f"{given.file.stem}: {len(entries):,} texts, {len(questions):,} with an earlier original")
    if given.limit and given.limit < len(questions):
        questions = [questions[n] for n in np.linspace(0, len(questions) - 1, given.limit).astype(int)]
        print(f"{len(questions)} of them are asked for")
    for ranks in (by_tfidf(entries, questions), *by_us(entries, questions)):
        print(ranks.told())


if __name__ == "__main__":
    main()
