"""What commands share: their options, the settings, and how they answer."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.errors import InputError
from analysis.text import parse_moment

if TYPE_CHECKING:
    from pipelines.csv_files import Imported
    from pipelines.settings import Settings
    from pipelines.weekly import Publishing, Result


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"escalations {metadata.version('escalations')}")
        raise typer.Exit


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def _program(
    *,
    version: Annotated[
        bool | None,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = None,
) -> None:
    """Shows, from the tickets, whether every escalation ends in a permanent fix or a runbook."""


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


@contextmanager
def writer(settings: "Settings", command: str, *, needs_warehouse: bool = False) -> Iterator[str]:
    """Be the desk's only writer while a command works; gives the run's id. Raises `BusyError` naming who writes."""
    from pipelines.desk_lock import writing
    from pipelines.weekly import new_run_id

    run_id = new_run_id()
    if needs_warehouse and not settings.warehouse_file.exists():
        yield run_id  # the command will say so; a mistyped home is not made a folder
        return
    now = utc_now()
    with writing(settings.warehouse_file, f"escalations {command}", run_id, now, settings.lock_wait_seconds):
        yield run_id


def leave_copy(settings: "Settings", as_json: bool, *, at_once: bool = False) -> None:
    """Bring the copy for BI tools up to date, at most hourly unless at once. Raises `DeliveryError`."""
    from pipelines.published_copy import publish_copy

    publish_copy(settings, utc_now(), say_to(as_json), at_once=at_once)


def check(settings: "Settings") -> None:
    """Refuse settings that lack or contradict something, all mistakes at once. Raises `SettingsError`."""
    from pipelines.settings import check as check_all

    check_all(settings)


def day_of(option: str, text: str) -> date:
    """A day such as 2026-01-31. Raises `InputError` where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{option} {text!r}: write a day such as 2026-01-31") from error


def publishing_of(publish: bool, restate: bool) -> "Publishing":
    """What the flags say of publishing."""
    from pipelines.weekly import Publishing

    return Publishing.RESTATE if restate else Publishing.PUBLISH if publish else Publishing.NO


def say_to(quiet: bool) -> Any:
    """Prints lines of progress; to standard error where standard output is for programs."""

    def say(line: str) -> None:
        print(line, file=sys.stderr if quiet else sys.stdout, flush=True)

    return say


def utc_now() -> datetime:
    """This moment as naive UTC, as the warehouse keeps times."""
    return datetime.now(UTC).replace(tzinfo=None)


def tell(told: object, lines: Iterable[str], as_json: bool) -> None:
    """Print an answer as JSON, or its lines for people."""
    for line in [json.dumps(told, default=str)] if as_json else lines:
        print(line)


def tell_import(done: "Imported", what: str, as_json: bool) -> None:
    """Print what became of a file that was taken over."""
    tell(asdict(done), [f"{done.told(what)}; `escalations report` takes them into account"], as_json)


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
