"""Where the bundled sample stands, and how it is built for a given day."""

import subprocess
import sys
from datetime import date
from pathlib import Path

from analysis.errors import InputError

HERE = Path(__file__).parent


def sample_folder() -> Path:
    """`pipelines/sample` of an installed wheel, `data/sample` of a checkout."""
    for folder in (HERE / "sample", HERE.parent / "data" / "sample"):
        if (folder / "build.py").is_file():
            return folder
    raise InputError(f"{HERE / 'sample'}: the bundled sample is missing; install the program again")


def build_sample(end: date, out: Path) -> None:
    """Build the invented desk as of `end` into `out` (issues.jsonl.gz and criteria/)."""
    command = [sys.executable, str(sample_folder() / "build.py"), "--end", end.isoformat(), "--out", str(out)]
    subprocess.run(command, check=True)  # noqa: S603 - our own script, no input of anybody's
