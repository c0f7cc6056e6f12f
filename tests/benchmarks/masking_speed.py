"""How fast texts are masked: those of the sample, the marked ones of tests/masking, and hostile megabytes.

    python tests/benchmarks/masking_speed.py

Prints million characters a second (median of five passes) and what a megabyte of one piece, again and again, takes at worst, all in seconds of the processor.
"""

import gzip
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from masking_set import FOLDER, read
from test_masking import HOSTILE

from analysis.masking import mask

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "issues.jsonl.gz"
MEGABYTE = 1_000_000


def strings(value: object) -> Iterator[str]:
    """Every text in what Jira sent."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def speed(texts: list[str]) -> float:
    """Characters a second, the median of five passes."""
    n = sum(map(len, texts))
    return statistics.median(n / seconds(texts) for _ in range(5))


def seconds(texts: list[str]) -> float:
    """How long it takes to mask some texts."""
    begun = time.process_time()
    for text in texts:
        mask(text)
    return time.process_time() - begun


def main() -> None:
    """Print the figures."""
    with gzip.open(SAMPLE, "rt") as lines:
        sample = [text for line in lines for text in strings(json.loads(line)) if " " in text and len(text) > 60]
    marked = [part.text for path in sorted(FOLDER.glob("*.toml")) for ticket in read(path) for part in ticket.values()]
    worst = max((seconds([piece * (MEGABYTE // len(piece))]), piece) for piece in HOSTILE)
    for name, texts in (("sample", sample), ("tests/masking", marked)):
        n = sum(map(len, texts))
        sys.stdout.write(
            f"{name}: {speed(texts) / 1e6:.2f} million characters/s ({len(texts)} texts, {n} characters)\n"
        )
    sys.stdout.write(f"hostile megabyte: {worst[0]:.2f} s at worst, of {worst[1][:40]!r}\n")


if __name__ == "__main__":
    main()
