"""What masking finds and spares, on texts with planted secrets and look-alikes.

    python tests/benchmarks/masking_quality.py [--faults] FILE.toml…

Each file is marked as those in tests/masking. Prints precision and recall, by kind, and what was got wrong.
"""

import sys
from pathlib import Path

from masking_set import measure


def main() -> None:
    """Print the figures of each file given."""
    for name in sys.argv[1:]:
        if name.startswith("--"):
            continue
        outcome = measure([Path(name)])
        print(f"{name}:", *outcome.lines(), sep="\n")
        if "--faults" in sys.argv:
            print(*outcome.faults, sep="\n")


if __name__ == "__main__":
    main()
