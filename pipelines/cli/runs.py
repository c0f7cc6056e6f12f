"""Runs of the pipeline, whole or from one stop to the next."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.errors import InputError
from pipelines.cli.options import (
    AsOf,
    CriteriaDir,
    Home,
    Json,
    Out,
    Publish,
    Restate,
    Source,
    WarehouseFile,
    Week,
    answer,
    app,
    check,
    day_of,
    leave_copy,
    moment_of,
    publishing_of,
    say_to,
    settings_of,
    week_of,
    writer,
)

if TYPE_CHECKING:
    from pipelines.order import Publishing, Result
    from pipelines.settings import Settings


@app.command()
def demo(home: Home = None, as_json: Json = False) -> None:
    """Run the whole pipeline on the bundled sample, offline, and print where the page is."""
    from pipelines.sample_desk import build_sample

    base = settings_of(home=home).home / "demo"
    today = datetime.now().astimezone().date()
    _forget_other_day(base, today)
    build_sample(today, base / "inputs")
    settings = settings_of(home=base, source=str(base / "inputs"), criteria=base / "inputs" / "criteria")
    _run("demo", settings, None, None, as_json)


@app.command()
def run(
    source: Source = None,
    week: Week = None,
    as_of: AsOf = None,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    out: Out = None,
    publish: Publish = False,
    restate: Restate = False,
    since: Annotated[
        str | None,
        typer.Option(help="With --weekly: publish every week from this day on that was not published yet."),
    ] = None,
    weekly: Annotated[bool, typer.Option("--weekly", help="With --since: a page for each week.")] = False,
    as_json: Json = False,
) -> None:
    """All seven steps: from the source to the week's page."""
    settings = settings_of(source=source, criteria=criteria, home=home, warehouse=warehouse, out=out)
    if since or weekly:
        if not (since and weekly) or week or as_of:
            raise InputError(
                "--since goes with --weekly, such as --since 2026-01-01 --weekly, without --week or --as-of"
            )
        _backfill(settings, since, as_json)
    else:
        _run("run", settings, week, as_of, as_json, publish=publish, restate=restate)


@app.command()
def extract(source: Source = None, home: Home = None, as_json: Json = False) -> None:
    """From the source to raw issues on disk."""
    from pipelines import weekly

    settings = settings_of(source=source, home=home)
    check(settings)
    with writer(settings, "extract") as run_id:
        answer(weekly.run_extract(settings, say_to(as_json), run_id=run_id), as_json)


@app.command()
def load(
    criteria: CriteriaDir = None, home: Home = None, warehouse: WarehouseFile = None, as_json: Json = False
) -> None:
    """From the newest raw issues to the warehouse."""
    from pipelines import weekly

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    with writer(settings, "load") as run_id:
        answer(weekly.run_load(settings, say_to(as_json), run_id=run_id), as_json)


@app.command()
def report(
    week: Week = None,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    out: Out = None,
    publish: Publish = False,
    restate: Restate = False,
    as_json: Json = False,
) -> None:
    """Tag, judge and measure what changed, then render the week's page."""
    from pipelines import weekly

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse, out=out)
    told = publishing_of(publish, restate)
    with writer(settings, "report", needs_warehouse=True) as run_id:
        result = weekly.run_report(settings, say_to(as_json), week=week_of(week), publishing=told, run_id=run_id)
    answer(result, as_json)
    leave_copy(settings, as_json, at_once=publish or restate)
    _deliver(settings, result, told, as_json)


@app.command()
def deliver(
    week: Annotated[str | None, typer.Option(help="ISO week such as 2026-W47. Default: the latest published.")] = None,
    to: Annotated[str | None, typer.Option(help="Name of one target. Default: all of them.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Send anew what may not have arrived.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be sent.")] = False,
    home: Home = None,
    warehouse: WarehouseFile = None,
    out: Out = None,
) -> None:
    """Bring a published week's pages to the targets of the settings: folders, object stores, mail, chats."""
    from pipelines.deliver import deliver as bring
    from pipelines.deliver import preview

    settings, wanted = settings_of(home=home, warehouse=warehouse, out=out), week_of(week)
    if dry_run:
        for line in preview(settings, week=wanted, only=to):
            print(line)
        return
    with writer(settings, "deliver", needs_warehouse=True) as run_id:
        bring(settings, say_to(False), run_id, week=wanted, only=to, again=again)


@app.command()
def pdf(
    week: Annotated[str, typer.Argument(help="ISO week such as 2026-W47, whose pages are there.")],
    home: Home = None,
    out: Out = None,
) -> None:
    """Print a week's review and scorecard into PDFs beside its pages."""
    from pipelines.printing import print_week

    monday = week_of(week)
    for path in print_week(settings_of(home=home, out=out).reports / f"{monday:%G-W%V}"):
        print(path)


@app.command()
def census(
    criteria: CriteriaDir = None, home: Home = None, warehouse: WarehouseFile = None, as_json: Json = False
) -> None:
    """Compare the live Jira with the warehouse: what was deleted, moved, hidden, archived or came back."""
    from pipelines import weekly

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    check(settings)
    with writer(settings, "census", needs_warehouse=True) as run_id:
        result = weekly.run_census(settings, say_to(as_json), run_id=run_id)
    answer(result, as_json)


def _run(
    command: str,
    settings: "Settings",
    week: str | None,
    as_of: str | None,
    as_json: bool,
    *,
    publish: bool = False,
    restate: bool = False,
) -> None:
    from pipelines import weekly

    check(settings)
    told = publishing_of(publish, restate)
    chosen, until = week_of(week), moment_of(as_of)
    with writer(settings, command) as run_id:
        result = weekly.run(settings, say_to(as_json), week=chosen, until=until, publishing=told, run_id=run_id)
    answer(result, as_json)
    if command != "demo" and until is None:
        leave_copy(settings, as_json, at_once=publish or restate)
    _deliver(settings, result, told, as_json)


def _deliver(settings: "Settings", result: "Result", publishing: "Publishing", as_json: bool) -> None:
    """After all else, for a target that fails must hold up nothing."""
    if settings.targets and publishing.value != "no":
        from pipelines.deliver import deliver_published

        with writer(settings, "deliver") as run_id:
            deliver_published(settings, say_to(as_json), run_id, result, publishing)


def _backfill(settings: "Settings", since: str, as_json: bool) -> None:
    from pipelines.backfill import backfill

    check(settings)
    first = day_of("--since", since)
    with writer(settings, "run --weekly") as run_id:
        result = backfill(settings, say_to(as_json), first, run_id=run_id)
    answer(result, as_json)
    leave_copy(settings, as_json, at_once=True)
    _deliver(settings, result, publishing_of(True, False), as_json)


def _forget_other_day(base: Path, today: date) -> None:
    """The demo's desk moves with the calendar; one built for another day is thrown away, being only a demo."""
    import shutil

    built_for = base / "built-for"
    if built_for.is_file() and built_for.read_text().strip() == today.isoformat():
        return
    for name in ("inputs", "raw", "reports"):
        shutil.rmtree(base / name, ignore_errors=True)
    for path in base.glob("warehouse.duckdb*"):
        if path.suffix != ".lock":
            path.unlink()
    base.mkdir(parents=True, exist_ok=True)
    built_for.write_text(today.isoformat() + "\n")
