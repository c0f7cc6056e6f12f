"""The command `escalations`. Each function only reads its arguments and calls; heavy imports wait until then.

A file holds the commands of one room; the order here is the order of the help.
"""

# ruff: noqa: I001
import sys
from typing import NoReturn

from analysis.errors import DiskError, EscalationsError
from pipelines.cli import runs, tags, families, verdicts, desk, service, keeping  # noqa: F401 - each brings its own
from pipelines.cli.options import app

__all__ = ["app", "main"]


def main() -> NoReturn:
    """Run the command; what a person can put right ends in one line and its exit code."""
    try:
        app(standalone_mode=True)
    except EscalationsError as error:
        _end(error)
    except OSError as error:
        known = DiskError.of(error)
        if known is None:
            raise
        _end(known)
    except SystemExit as end:
        # typer ends with 1 and says nothing where the reader of a pipe went away; that is no failure of ours
        sys.exit(0 if isinstance(end.__context__, BrokenPipeError) else end.code)
    sys.exit(0)


def _end(error: EscalationsError) -> NoReturn:
    for line in error.lines:
        print(f"escalations: {' '.join(line.split())}", file=sys.stderr)
    sys.exit(error.exit_code)
