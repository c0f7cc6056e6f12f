"""Keeping what a desk holds, bringing it back, and erasing it."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from pipelines.cli.options import CriteriaDir, Home, Json, WarehouseFile, app, leave_copy, say_to, settings_of, writer

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
    done = make_backup(settings, where, datetime.now(UTC).replace(tzinfo=None), say_to(as_json), keep=keep)
    if as_json:
        print(json.dumps(told_of(done)))


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
