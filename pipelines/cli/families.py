"""What is known of failures: similar tickets, families, runbooks."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import (
    CriteriaDir,
    Home,
    Json,
    WarehouseFile,
    app,
    settings_of,
    tell,
    tell_import,
    utc_now,
    writer,
)


@app.command()
def similar(
    ticket: Annotated[
        str, typer.Argument(help="Key of a ticket, present or past; - reads a text whose first line is the summary.")
    ] = "-",
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many tickets at most.")] = 10,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """The nearest earlier tickets to a ticket or a text: how each was resolved, by which tier, why it is near."""
    from pipelines.similar_lines import similar_lines, similar_to_text, similar_to_ticket

    settings = settings_of(home=home, warehouse=warehouse)
    if ticket == "-":
        found = similar_to_text(settings, sys.stdin.buffer.read(), n)
    else:
        found = similar_to_ticket(settings, ticket, n)
    tell(asdict(found), similar_lines(found), as_json)


@app.command()
def families(
    file: Annotated[Path | None, typer.Option("--import", help="Take over what a CSV says of families.")] = None,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """The families of the same failure, the ones that matter first; or take over what people say of them."""
    from analysis.taxonomy import read_criteria
    from pipelines.family_lines import family_lines, import_families, known_families

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    if file:
        now = utc_now()
        known = read_criteria(settings.criteria_folder)
        with writer(settings, "families --import", needs_warehouse=True) as run_id:
            done = import_families(settings, known, file, run_id, now)
        tell_import(done, "lines", as_json)
        return
    rows = known_families(settings)
    tell(rows, family_lines(rows), as_json)


@app.command()
def runbook(
    family: Annotated[
        str, typer.Argument(help="Key of any ticket of the family, present or past, or the id of the family.")
    ],
    out: Annotated[Path | None, typer.Option(help="Write the draft into this new file.")] = None,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
) -> None:
    """Draft a runbook from a family of tickets, for a person to finish."""
    from analysis.taxonomy import read_criteria
    from pipelines.runbook_files import runbook_draft, write_draft

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    text = runbook_draft(settings, read_criteria(settings.criteria_folder), family)
    if not out:
        print(text, end="")
        return
    write_draft(text, out)
    folder = (settings.criteria_folder or settings.home / "criteria") / "runbooks"
    print(f"written: {out}: finish it, set `published`, then put it into {folder}")


@app.command()
def knowledge(
    out: Annotated[Path, typer.Option(help="Folder of the pattern book; replaced whole where we wrote it.")],
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """Export patterns and runbooks as masked Markdown and JSON, for OPS and an assistant of Tier 0."""
    from analysis.taxonomy import read_criteria
    from pipelines.knowledge import write_knowledge

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    done = write_knowledge(settings, read_criteria(settings.criteria_folder), out)
    told = f"written: {done.folder}: {done.n_families} families, {done.n_runbooks} runbooks, {done.n_files} files"
    print(json.dumps(asdict(done), default=str) if as_json else told)
