"""What commands share: their options, the settings, and how they answer."""

import json
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.errors import InputError
from analysis.text import parse_moment

if TYPE_CHECKING:
    from pipelines.settings import Settings
    from pipelines.weekly import Publishing, Result

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Shows, from the tickets, whether every escalation ends in a permanent fix or a runbook.",
)

Source = Annotated[str | None, typer.Option(help="Path of a Jira export (file or folder), or `jira`.")]
Home = Annotated[
    Path | None, typer.Option(help="Folder of the desk: criteria, raw, warehouse, reports. Default: data.")
]
CriteriaDir = Annotated[
    Path | None, typer.Option("--criteria", help="Folder whose criteria files replace the defaults.")
]
WarehouseFile = Annotated[
    Path | None, typer.Option("--warehouse", help="The DuckDB file. Default: HOME/warehouse.duckdb.")
]
Out = Annotated[Path | None, typer.Option(help="Folder under which each week gets its own. Default: HOME/reports.")]
Week = Annotated[str | None, typer.Option(help="ISO week such as 2026-W47. Default: the last complete one.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="A moment such as 2026-11-02T08:00; UTC unless it has an offset.")
]
Publish = Annotated[bool, typer.Option("--publish", help="Store what the page says of the week.")]
Restate = Annotated[
    bool,
    typer.Option("--restate", help="Publish, and let final weeks follow the present rules, model and definitions."),
]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def settings_of(**flags: Any) -> "Settings":
    """Settings from flags, environment, files and defaults; a flag that is None says nothing."""
    from pipelines.settings import read_settings

    return read_settings(**flags)


def publishing_of(publish: bool, restate: bool) -> "Publishing":
    """What the flags say of publishing."""
    from pipelines.weekly import Publishing

    return Publishing.RESTATE if restate else Publishing.PUBLISH if publish else Publishing.NO


def say_to(quiet: bool) -> Any:
    """Prints lines of progress; to standard error where standard output is for programs."""

    def say(line: str) -> None:
        print(line, file=sys.stderr if quiet else sys.stdout, flush=True)

    return say


def answer(result: "Result", as_json: bool) -> None:
    """Print what a run did."""
    if as_json:
        told = {
            "run_id": result.run_id,
            "as_of": result.as_of.isoformat() + "Z" if result.as_of else None,
            "n_issues": result.n_issues,
            "n_changed": result.n_changed,
            "week": f"{result.week:%G-W%V}" if result.week else None,
            "page": str(result.page) if result.page else None,
            "notes": list(result.notes),
        }
        print(json.dumps(told))
    elif result.page:
        print(f"\nThe page of week {result.week:%G-W%V}: {result.page.resolve()}")


def week_of(text: str | None) -> date | None:
    """The Monday of an ISO week. Raises `InputError` where it is none."""
    from analysis.measure import parse_week

    return parse_week(text) if text else None


def moment_of(text: str | None) -> datetime | None:
    """A moment as naive UTC. Raises `InputError` where it is none."""
    if not text:
        return None
    moment = parse_moment(text)
    if moment is None:
        raise InputError(f"--as-of {text!r}: write a moment such as 2026-11-02T08:00 (UTC) or with an offset")
    return moment
