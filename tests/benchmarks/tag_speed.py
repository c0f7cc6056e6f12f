"""How quickly tickets are tagged on one core: rules with word features, the whole classifier, and a cold start.

    OMP_NUM_THREADS=1 python tests/benchmarks/tag_speed.py [--tickets 3000]

Texts are those of the starter set, run together and cut to 800 characters, so that no two are the same. Memory is told
after the first and after the last thousand of a stream of 20,000.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT))

from analysis.classifier import Text  # noqa: E402
from analysis.examples import starter_examples  # noqa: E402
from analysis.features import whole_text  # noqa: E402
from analysis.rules import Rules  # noqa: E402
from analysis.tag import Tagger, text_row  # noqa: E402
from analysis.taxonomy import read_criteria  # noqa: E402
from pipelines.models import SHIPPED, model_in_force  # noqa: E402
from pipelines.tag_lines import tag_lines  # noqa: E402

LENGTH = 800


def texts(n: int) -> list[tuple[str, str]]:
    """Summary and description, 800 characters together, made of the starter set's tickets."""
    told = [(one.summary, one.description) for one in starter_examples() if "provider" in one.tags]
    found = []
    for number in range(n):
        summary, description = told[number % len(told)]
        at = number
        while len(summary) + len(description) < LENGTH:
            at += 7 + number // len(told)
            description = f"{description} {told[at % len(told)][1]}"
        found.append((summary, description[: LENGTH - len(summary)]))
    return found


def rate(n: int, started: float) -> str:
    """Tickets a second since."""
    return f"{n / (time.perf_counter() - started):,.0f} tickets/s"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tickets", type=int, default=3000)
    n = parser.parse_args().tickets
    criteria = read_criteria(None)
    rules, model = Rules.of(criteria), model_in_force(Path("/nowhere"), print)
    assert model is not None, f"{SHIPPED} is missing; run `make model`"
    found = texts(n)
    for again in ("first reading", "second reading"):
        started = time.perf_counter()
        for start in range(0, n, 256):
            part = found[start : start + 256]
            for summary, description in part:
                rules.tag(summary, description)
            model.words.rows([whole_text(summary, description) for summary, description in part])
        print(f"rules with word features, {again}: {rate(n, started)}")
    tagger = Tagger.of(criteria, model)
    rows = [text_row(number, summary, description) for number, (summary, description) in enumerate(found)]
    for again in ("first reading", "second reading"):
        started = time.perf_counter()
        for start in range(0, n, 256):
            list(tagger.rows(rows[start : start + 256]))
        print(f"rules, classifier and evidence, {again}: {rate(n, started)}")
    started = time.perf_counter()
    read = [Text.read(summary, description, rules) for summary, description in found]
    print(f"of which rules alone: {rate(n, started)}")
    started = time.perf_counter()
    for start in range(0, n, 256):
        model.guess(read[start : start + 256], rules, ("provider", "failure_category"))
    print(f"of which the classifier alone: {rate(n, started)}")
    cold_start(found[:1000])
    memory(found)


def cold_start(found: list[tuple[str, str]]) -> None:
    """A new process, from its start to its last line."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tickets.jsonl"
        lines = (json.dumps({"id": n, "summary": s, "description": d}) for n, (s, d) in enumerate(found))
        file.write_text("\n".join(lines))
        command = [sys.executable, "-m", "pipelines", "tag", str(file), "--home", folder]
        started = time.perf_counter()
        told = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        seconds = time.perf_counter() - started
    print(f"{len(told.stdout.splitlines())} tickets from a cold start: {seconds:.2f} s")


def memory(found: list[tuple[str, str]]) -> None:
    """Peak memory of this process after one thousand and after 20,000 tickets of a stream."""

    def stream() -> Iterator[bytes]:
        for number in range(20_000):
            summary, description = found[number % len(found)]
            yield json.dumps({"id": number, "summary": summary, "description": description}).encode()

    for number, _ in enumerate(
        tag_lines(stream(), "stream", read_criteria(None), model_in_force(Path("/nowhere"), print))
    ):
        if number in (999, 19_999):
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"peak memory after {number + 1} tickets: {peak:.0f} MB")


if __name__ == "__main__":
    main()
