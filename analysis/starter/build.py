"""Fit the classifier that comes with the program: `make model`, after a change of starter set, rules or libraries."""

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from analysis.taxonomy import read_criteria
from pipelines.tag_quality import quality_lines
from pipelines.training import ship

if __name__ == "__main__":
    trained = ship(datetime.now(UTC).date(), read_criteria(None))
    print(f"model {trained.version}: {trained.path}", *quality_lines(trained.qualities), sep="\n")  # noqa: T201
