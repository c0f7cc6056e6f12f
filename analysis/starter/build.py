"""Fit what comes with the program: `make model`, after a change of starter set, rules or libraries.

The classifier (four minutes), and the likeness by which families are found (half a minute).
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from analysis.likeness_files import SHIPPED, write_likeness
from analysis.likeness_fitting import fit_likeness, known_families, known_kinds, plain_words, says_nothing
from analysis.taxonomy import read_criteria
from pipelines.tag_quality import quality_lines
from pipelines.training import ship

if __name__ == "__main__":
    likeness = fit_likeness(known_kinds(), known_families(), says_nothing(), plain_words())
    write_likeness(likeness, SHIPPED)
    print(f"likeness {likeness.version}: {SHIPPED}")  # noqa: T201
    if "--likeness" not in sys.argv:
        trained = ship(datetime.now(UTC).date(), read_criteria(None))
        print(f"model {trained.version}: {trained.path}", *quality_lines(trained.qualities), sep="\n")  # noqa: T201
