"""How well the classifier learns from ten examples a class, on public messages that have nothing to do with this desk.

    python tests/benchmarks/tag_few_examples.py FOLDER [--per-class 10] [--seeds 5]

FOLDER holds banking77 as train.csv.gz and test.csv.gz (text, category). The same code as for tickets, without rules.
"""

import argparse
import csv
import gzip
import random
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from analysis.classifier import Text  # noqa: E402
from analysis.evaluate import quality  # noqa: E402
from analysis.examples import Example  # noqa: E402
from analysis.fitting import fit  # noqa: E402
from analysis.rules import Rules  # noqa: E402

KIND = "failure_category"  # any kind would do


def messages(path: Path) -> list[tuple[str, str]]:
    """(text, class) of every row."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def drawn(rows: list[tuple[str, str]], per_class: int, seed: int) -> list[Example]:
    """So many of each class, by chance."""
    chance = random.Random(seed)  # noqa: S311 - draws, hides nothing
    by_class: dict[str, list[str]] = {}
    for text, name in rows:
        by_class.setdefault(name, []).append(text)
    return [
        Example(f"{name} {number}", text, "", {KIND: name}, f"{name} {number}")
        for name in sorted(by_class)
        for number, text in enumerate(chance.sample(by_class[name], per_class))
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--per-class", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    train, test = messages(args.folder / "train.csv.gz"), messages(args.folder / "test.csv.gz")
    rules = Rules([])
    read = [Text.read(text, "", rules) for text, _ in test]
    found = []
    for seed in range(args.seeds):
        started = time.perf_counter()
        model, _ = fit(drawn(train, args.per_class, seed), rules, (KIND,), 0.95, {"model_version": f"seed {seed}"})
        guesses = [guess[KIND] for guess in model.guess(read, rules, (KIND,))]
        sure = [guess.confidence for guess in guesses]
        told = quality(KIND, [name for _, name in test], [g.value for g in guesses], sure, [g.is_sure for g in guesses])
        found.append(told.macro_f1)
        seconds = time.perf_counter() - started
        print(
            f"seed {seed}: macro-F1 {told.macro_f1:.4f}, accuracy {told.accuracy[0]:.4f}, calibration error "
            f"{told.calibration_error:.3f}, meaning weight {model.about['meaning_weight']}, {seconds:.0f} s"
        )
    print(f"mean of {len(found)} seeds: macro-F1 {sum(found) / len(found):.4f}")


if __name__ == "__main__":
    main()
