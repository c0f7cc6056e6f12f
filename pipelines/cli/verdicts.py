"""What OPS should have handled, and what the meeting decided."""

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
    say_to,
    settings_of,
    tell,
    tell_import,
    utc_now,
    writer,
)


@app.command()
def queue(home: Home = None, warehouse: WarehouseFile = None, as_json: Json = False) -> None:
    """Every open escalation, what to do first on top."""
    from pipelines.queue_lines import open_queue, queue_lines

    rows = open_queue(settings_of(home=home, warehouse=warehouse))
    tell(rows, queue_lines(rows), as_json)


@app.command()
def rulings(
    file: Annotated[Path | None, typer.Option("--import", help="Take a CSV's replies and rulings over.")] = None,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """How verdicts stand, and what waits for a reply or a ruling: print it, or take a CSV over."""
    from analysis.taxonomy import read_criteria
    from pipelines.ruling_lines import import_rulings, known_rulings, ruling_lines

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    if file:
        now = utc_now()
        known = read_criteria(settings.criteria_folder)
        with writer(settings, "rulings --import", needs_warehouse=True) as run_id:
            done = import_rulings(settings, known, file, run_id, now)
        tell_import(done, "replies and rulings", as_json)
        return
    verdicts, left_out = known_rulings(settings)
    tell({"verdicts": verdicts, "not_counted": left_out}, ruling_lines(verdicts, left_out), as_json)


@app.command()
def actions(
    file: Annotated[Path | None, typer.Option("--import", help="Take a CSV's actions over.")] = None,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """What the meeting decided and whether it worked: print it, or take a CSV over."""
    from analysis.taxonomy import read_criteria
    from pipelines.action_lines import action_lines, import_actions, known_actions

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    if file:
        now = utc_now()
        known = read_criteria(settings.criteria_folder)
        with writer(settings, "actions --import", needs_warehouse=True) as run_id:
            done = import_actions(settings, known, file, run_id, now)
        tell_import(done, "actions", as_json)
        return
    rows, found = known_actions(settings)
    tell({"actions": rows, "effects": found}, action_lines(rows, found), as_json)


@app.command()
def pushback(
    ticket: Annotated[str, typer.Argument(help="Key of the ticket, present or past.")],
    number: Annotated[
        int | None, typer.Option("--no", min=1, help="Which of its escalations. Default: the last.")
    ] = None,
    post: Annotated[bool, typer.Option("--post", help="Write it to Jira: one comment and one label, once.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the pack into this new file, as Markdown, or as PDF if it ends in .pdf.")
    ] = None,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """The evidence of a verdict, for and against, for OPS to check; without --post nothing is written to Jira."""
    from analysis.taxonomy import read_criteria
    from pipelines.printing import print_text
    from pipelines.pushback import post as push_back
    from pipelines.pushback import push_back_lines, show
    from pipelines.runbook_files import write_draft
    from reports.paper import paper

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    known, say = read_criteria(settings.criteria_folder), say_to(True)
    if post:
        with writer(settings, "pushback --post", needs_warehouse=True) as run_id:
            found = push_back(settings, known, ticket, number, say, run_id)
    else:
        found = show(settings, known, ticket, number, say)
    if out and out.suffix.lower() == ".pdf":
        print_text(paper(found.markdown, f"Evidence for {found.pack['ticket_key']}"), out)
    elif out:
        write_draft(found.markdown, out)
    tell(asdict(found), push_back_lines(found, out), as_json)


@app.command()
def triage(
    post: Annotated[
        bool, typer.Option("--post", help="Write each as a comment, once; triage_comments allows it.")
    ] = False,
    hours: Annotated[float, typer.Option(min=0, help="How long before the last report they may have escalated.")] = 72,
    home: Home = None,
    criteria: CriteriaDir = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """A first look at tickets that have just escalated: tags, verdict, runbook, the nearest resolved tickets."""
    from pipelines.triage import triage as look
    from pipelines.triage import triage_lines

    settings, say = settings_of(criteria=criteria, home=home, warehouse=warehouse), say_to(True)
    if post:
        with writer(settings, "triage --post", needs_warehouse=True) as run_id:
            found = look(settings, say, post=True, hours=hours, run_id=run_id)
    else:
        found = look(settings, say, hours=hours)
    tell(asdict(found), triage_lines(found), as_json)
