"""What OPS should have handled, and what the meeting decided."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import CriteriaDir, Home, Json, WarehouseFile, app, say_to, settings_of, writer


@app.command()
def queue(home: Home = None, warehouse: WarehouseFile = None, as_json: Json = False) -> None:
    """Every open escalation, what to do first on top."""
    from pipelines.queue_lines import open_queue, queue_lines

    rows = open_queue(settings_of(home=home, warehouse=warehouse))
    if as_json:
        print(json.dumps(rows, default=str))
        return
    for line in queue_lines(rows):
        print(line)


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
        now = datetime.now(UTC).replace(tzinfo=None)
        known = read_criteria(settings.criteria_folder)
        with writer(settings, "rulings --import", needs_warehouse=True) as run_id:
            done = import_rulings(settings, known, file, run_id, now)
        told = f"{done.n_stored} replies and rulings stored, {done.n_known} were known"
        print(json.dumps(asdict(done)) if as_json else f"{told}; `escalations report` takes them into account")
        return
    verdicts, left_out = known_rulings(settings)
    if as_json:
        print(json.dumps({"verdicts": verdicts, "not_counted": left_out}, default=str))
        return
    for line in ruling_lines(verdicts, left_out):
        print(line)


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
        now = datetime.now(UTC).replace(tzinfo=None)
        known = read_criteria(settings.criteria_folder)
        with writer(settings, "actions --import", needs_warehouse=True) as run_id:
            done = import_actions(settings, known, file, run_id, now)
        print(json.dumps(asdict(done)) if as_json else f"{done.n_stored} actions stored, {done.n_known} were known")
        return
    rows, found = known_actions(settings)
    if as_json:
        print(json.dumps({"actions": rows, "effects": found}, default=str))
        return
    for line in action_lines(rows, found):
        print(line)


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
    if as_json:
        print(json.dumps(asdict(found), default=str))
        return
    for line in push_back_lines(found, out):
        print(line)


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
    if as_json:
        print(json.dumps(asdict(found), default=str))
        return
    for line in triage_lines(found):
        print(line)
