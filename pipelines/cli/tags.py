"""Tags: given, learned, judged and reviewed."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.errors import InputError
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

if TYPE_CHECKING:
    from pipelines.settings import Settings


@app.command()
def tag(
    file: Annotated[
        str, typer.Argument(help="JSON Lines with id, summary, description; - reads standard input.")
    ] = "-",
    criteria: CriteriaDir = None,
    home: Home = None,
) -> None:
    """Tag tickets given as JSON Lines; needs no warehouse."""
    from analysis.taxonomy import read_criteria
    from pipelines.models import model_in_force
    from pipelines.tag_lines import tag_lines

    settings = settings_of(criteria=criteria, home=home)
    known = read_criteria(settings.criteria_folder)
    model = model_in_force(settings.models, lambda note: print(note, file=sys.stderr))
    if file == "-":
        lines = sys.stdin.buffer
        for answer in tag_lines(lines, "standard input", known, model):
            print(answer)
        return
    path = Path(file)
    if not path.is_file():
        raise InputError(f"{path}: no such file; give JSON Lines with id, summary and description, or -")
    with path.open("rb") as lines:
        for answer in tag_lines(lines, str(path), known, model):
            print(answer)


@app.command()
def train(
    criteria: CriteriaDir = None, home: Home = None, warehouse: WarehouseFile = None, as_json: Json = False
) -> None:
    """Fit the classifier on the starter set and the desk's answers; keep it only if it is not worse."""
    from analysis.taxonomy import read_criteria
    from pipelines.tag_quality import quality_lines
    from pipelines.training import train as fit_and_keep

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    known = read_criteria(settings.criteria_folder)
    trained = fit_and_keep(settings, known, datetime.now(UTC).date(), say_to(as_json))
    if as_json:
        print(json.dumps(asdict(trained), default=str))
        return
    print(f"model {trained.version}: {'kept' if trained.is_kept else 'not kept'}: {trained.why}")
    for line in quality_lines(trained.qualities):
        print(line)


@app.command()
def evaluate(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Tickets with their tags, in the form of the starter set (TOML).")
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="How each rule does on the starter set.")] = False,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """Judge the classifier in force: on folds unseen in training, on the desk's answers, or on a file."""
    from pipelines.tag_quality import judged, rule_lines

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    if rules:
        for line in rule_lines(settings, as_json):
            print(line)
        return
    for line in judged(settings, files or [], as_json, say_to(as_json)):
        print(line)


@app.command()
def review(
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many tags wait for an answer at most.")] = 10,
    out: Annotated[Path | None, typer.Option(help="Write them as CSV with an empty column `answer`.")] = None,
    answers: Annotated[Path | None, typer.Option("--import", help="Take a CSV's answers over.")] = None,
    person: Annotated[str, typer.Option(help="Whose answers they are, where no column `person` says.")] = "reviewer",
    verdicts: Annotated[
        bool, typer.Option("--verdicts", help="Not tags: the blind audit of verdicts, drawn by chance each week.")
    ] = False,
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """The tags, or verdicts, that a person should look at: print them, or take the answers back."""
    if verdicts:
        _audit(settings_of(criteria=criteria, home=home, warehouse=warehouse), out, answers, person, as_json)
        return
    from analysis.taxonomy import read_criteria
    from pipelines.review import import_answers, queue_lines, review_queue, write_queue

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    known = read_criteria(settings.criteria_folder)
    now = utc_now()
    if answers:
        with writer(settings, "review --import", needs_warehouse=True) as run_id:
            done = import_answers(settings, known, answers, person, run_id, now)
        tell_import(done, "answers", as_json)
        return
    with writer(settings, "review", needs_warehouse=True) as run_id:
        rows = review_queue(settings, n, run_id, now)
    if out:
        write_queue(rows, known, out)
    tell(rows, [f"written: {out}: {len(rows)} tags to answer"] if out else queue_lines(rows, known), as_json)


def _audit(settings: "Settings", out: Path | None, answers: Path | None, person: str, as_json: bool) -> None:
    from pipelines.audit_lines import audit_lines, audit_queue, import_audit, write_audit

    now = utc_now()
    if answers:
        with writer(settings, "review --verdicts --import", needs_warehouse=True) as run_id:
            done = import_audit(settings, answers, person, run_id, now)
        tell_import(done, "answers", as_json)
        return
    with writer(settings, "review --verdicts", needs_warehouse=True) as run_id:
        rows, estimates = audit_queue(settings, run_id, now)
    if out:
        write_audit(rows, out)
    tell(
        {"waiting": rows, "estimates": estimates},
        [f"written: {out}: {len(rows)} verdicts to answer"] if out else audit_lines(rows, estimates),
        as_json,
    )
