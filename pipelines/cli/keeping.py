"""Keeping what a desk holds, bringing it back, and erasing it."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from analysis.errors import InputError
from pipelines.cli.options import (
    CriteriaDir,
    Home,
    Json,
    WarehouseFile,
    app,
    leave_copy,
    say_to,
    settings_of,
    utc_now,
    writer,
)

Where = Annotated[
    str | None, typer.Option(help="A folder, or an address such as s3://bucket/desk. Default: HOME/backups.")
]


@app.command()
def backup(
    to: Where = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Remove older backups there but for so many.")] = None,
    as_list: Annotated[bool, typer.Option("--list", help="Only tell which backups are there.")] = False,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """Keep raw lines, what cannot be derived, criteria, inputs, models and pages; also while a run is going on."""
    from pipelines.backup import Store, make_backup, told_of

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    where = to or str(settings.home / "backups")
    if as_list:
        names = Store(where).names()
        print(json.dumps(names) if as_json else "\n".join(names) or f"{where}: no backup yet")
        return
    done = make_backup(settings, where, utc_now(), say_to(as_json), keep=keep)
    if as_json:
        print(json.dumps(told_of(done)))


@app.command()
def forget(
    what: Annotated[
        str | None, typer.Argument(help="Key of a ticket, present or past, or account id of a person.")
    ] = None,
    expired: Annotated[
        bool, typer.Option("--expired", help="Instead: the words of all tickets older than [retention] says.")
    ] = False,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """Erase a ticket or a person from raw lines, warehouse, copies, pages, models, own backups; counts stay."""
    from pipelines.forget import expire
    from pipelines.forget import forget as erase

    if bool(what) == expired:
        raise InputError("forget takes the key of a ticket, an account id, or --expired alone")
    settings, say, now = (
        settings_of(criteria=criteria, home=home, warehouse=warehouse),
        say_to(as_json),
        datetime.now(UTC),
    )
    with writer(settings, "forget", needs_warehouse=True) as run_id:
        moment = now.replace(tzinfo=None)
        done = erase(settings, what, run_id, moment, say) if what else expire(settings, run_id, moment, say)
    if done is None:
        if as_json:
            print(json.dumps(None))
        return
    leave_copy(settings, as_json, at_once=True)
    if as_json:
        print(json.dumps(asdict(done)))
        return
    print(f"erased: {f'{done.n_tickets} tickets' if done.n_tickets else 'a person'}; {done.n_lines} raw lines changed")
    for note in done.notes:
        print(f"note: {note}")


@app.command()
def dictionary(
    out: Annotated[Path | None, typer.Option(help="Write it into this file instead of printing it.")] = None,
) -> None:
    """What every table and column of the warehouse and of the published copy holds, in Markdown."""
    from analysis.dictionary import dictionary as described

    if out is None:
        print(described(), end="")
        return
    try:
        out.write_text(described(), encoding="utf-8")
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written ({error.strerror}); give another file") from error
    print(f"written: {out}")


@app.command()
def restore(
    source: Annotated[
        str | None, typer.Option("--from", help="Folder or address of the backups. Default: HOME/backups.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Which one; see `backup --list`. Default: the newest.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """Bring a backup back into an empty home; with --force in the place of what is there."""
    from pipelines.backup import told_of
    from pipelines.restore import restore as bring_back

    settings = settings_of(home=home, warehouse=warehouse)
    with writer(settings, "restore") as run_id:
        where = source or str(settings.home / "backups")
        done = bring_back(settings, where, name, run_id, say_to(as_json), force=force)
    leave_copy(settings, as_json, at_once=True)
    if as_json:
        print(json.dumps(told_of(done)))
