"""The command `escalations`. Each function only reads its arguments and calls; heavy imports wait until then."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from analysis.errors import EscalationsError, InputError, SettingsError
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


@app.command()
def demo(home: Home = None, as_json: Json = False) -> None:
    """Run the whole pipeline on the bundled sample, offline, and print where the page is."""
    from pipelines.sample_desk import build_sample

    base = _settings(home=home).home / "demo"
    today = datetime.now().astimezone().date()
    _forget_other_day(base, today)
    build_sample(today, base / "inputs")
    settings = _settings(home=base, source=str(base / "inputs"), criteria=base / "inputs" / "criteria")
    _run(settings, None, None, as_json)


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
    as_json: Json = False,
) -> None:
    """All seven steps: from the source to the week's page."""
    settings = _settings(source=source, criteria=criteria, home=home, warehouse=warehouse, out=out)
    _run(settings, week, as_of, as_json, publish=publish, restate=restate)


@app.command()
def extract(source: Source = None, home: Home = None, as_json: Json = False) -> None:
    """From the source to raw issues on disk."""
    from pipelines import weekly

    _answer(weekly.run_extract(_settings(source=source, home=home), _say(as_json)), as_json)


@app.command()
def load(
    criteria: CriteriaDir = None, home: Home = None, warehouse: WarehouseFile = None, as_json: Json = False
) -> None:
    """From the newest raw issues to the warehouse."""
    from pipelines import weekly

    _answer(weekly.run_load(_settings(criteria=criteria, home=home, warehouse=warehouse), _say(as_json)), as_json)


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

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse, out=out)
    told = _publishing(publish, restate)
    _answer(weekly.run_report(settings, _say(as_json), week=_week(week), publishing=told), as_json)


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

    settings = _settings(criteria=criteria, home=home)
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

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse)
    known = read_criteria(settings.criteria_folder)
    trained = fit_and_keep(settings, known, datetime.now(UTC).date(), _say(as_json))
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

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse)
    if rules:
        for line in rule_lines(settings, as_json):
            print(line)
        return
    for line in judged(settings, files or [], as_json, _say(as_json)):
        print(line)


@app.command()
def review(
    n: Annotated[int, typer.Option("--n", "-n", min=1, help="How many tags wait for an answer at most.")] = 10,
    out: Annotated[Path | None, typer.Option(help="Write them as CSV with an empty column `answer`.")] = None,
    answers: Annotated[Path | None, typer.Option("--import", help="Take a CSV's answers over.")] = None,
    person: Annotated[str, typer.Option(help="Whose answers they are, where no column `person` says.")] = "reviewer",
    criteria: CriteriaDir = None,
    home: Home = None,
    warehouse: WarehouseFile = None,
    as_json: Json = False,
) -> None:
    """The tags that a person should look at: print them, or take the answers back."""
    from analysis.taxonomy import read_criteria
    from pipelines.review import import_answers, queue_lines, review_queue, write_queue
    from pipelines.weekly import new_run_id

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse)
    known = read_criteria(settings.criteria_folder)
    now = datetime.now(UTC).replace(tzinfo=None)
    if answers:
        done = import_answers(settings, known, answers, person, new_run_id(), now)
        told = f"{done.n_stored} answers stored, {done.n_known} were known, {done.n_empty} lines without an answer"
        print(json.dumps(asdict(done)) if as_json else f"{told}; `escalations report` takes them into account")
        return
    rows = review_queue(settings, n, new_run_id(), now)
    if out:
        write_queue(rows, known, out)
    if as_json:
        print(json.dumps(rows, default=str))
        return
    for line in [f"written: {out}: {len(rows)} tags to answer"] if out else queue_lines(rows, known):
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
    from pipelines.weekly import new_run_id

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse)
    if file:
        now = datetime.now(UTC).replace(tzinfo=None)
        done = import_actions(settings, read_criteria(settings.criteria_folder), file, new_run_id(), now)
        print(json.dumps(asdict(done)) if as_json else f"{done.n_stored} actions stored, {done.n_known} were known")
        return
    rows, found = known_actions(settings)
    if as_json:
        print(json.dumps({"actions": rows, "effects": found}, default=str))
        return
    for line in action_lines(rows, found):
        print(line)


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

    settings = _settings(home=home, warehouse=warehouse)
    if ticket == "-":
        found = similar_to_text(settings, sys.stdin.buffer.read(), n)
    else:
        found = similar_to_ticket(settings, ticket, n)
    if as_json:
        print(json.dumps(asdict(found), default=str))
        return
    for line in similar_lines(found):
        print(line)


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
    from pipelines.weekly import new_run_id

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse)
    if file:
        now = datetime.now(UTC).replace(tzinfo=None)
        done = import_families(settings, read_criteria(settings.criteria_folder), file, new_run_id(), now)
        told = f"{done.n_stored} lines stored, {done.n_known} were known; `escalations report` takes them into account"
        print(json.dumps(asdict(done)) if as_json else told)
        return
    rows = known_families(settings)
    if as_json:
        print(json.dumps(rows, default=str))
        return
    for line in family_lines(rows):
        print(line)


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

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse)
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

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse)
    done = write_knowledge(settings, read_criteria(settings.criteria_folder), out)
    told = f"written: {done.folder}: {done.n_families} families, {done.n_runbooks} runbooks, {done.n_files} files"
    print(json.dumps(asdict(done), default=str) if as_json else told)


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
    from pipelines.weekly import new_run_id

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse)
    if file:
        now = datetime.now(UTC).replace(tzinfo=None)
        done = import_rulings(settings, read_criteria(settings.criteria_folder), file, new_run_id(), now)
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
def census(
    criteria: CriteriaDir = None, home: Home = None, warehouse: WarehouseFile = None, as_json: Json = False
) -> None:
    """Compare the live Jira with the warehouse: what was deleted, moved, hidden, archived or came back."""
    from pipelines import weekly

    settings = _settings(criteria=criteria, home=home, warehouse=warehouse)
    _answer(weekly.run_census(settings, _say(as_json)), as_json)


@app.command()
def init(
    jira_url: Annotated[
        str, typer.Option(prompt="Address of the Jira", help="Such as https://your-site.atlassian.net.")
    ],
    jira_token: Annotated[
        str, typer.Option(prompt="API token", hide_input=True, envvar="ESCALATIONS_JIRA_TOKEN", help="Goes into .env.")
    ],
    projects: Annotated[str, typer.Option(prompt="Keys of the desk's projects, such as SUP,ONB")],
    jira_email: Annotated[str, typer.Option(prompt="E-mail of the account (empty on Data Center)")] = "",
    home: Home = None,
) -> None:
    """First settings: asks, looks at this Jira's fields and statuses, and proposes site.toml."""
    from analysis.taxonomy import read_criteria
    from pipelines.first_settings import propose, site_toml, write_desk
    from pipelines.live import live_source

    base = _settings(home=home, jira_url=jira_url, jira_token=jira_token, jira_email=jira_email or None)
    source = live_source(base, read_criteria(), _say(True))
    from pipelines.jira import probe  # after live_source has said what is missing where its packages are not installed

    connection, plan = source.connection, source.plan()
    _, zone = probe.account_and_zone(connection, plan)
    statuses = [name for name, _ in probe.status_names(connection, plan)]
    site = site_toml(propose(probe.field_names(connection, plan), statuses), zone or "UTC")
    keys = [key.strip() for key in projects.split(",") if key.strip()]
    told = {"source": "jira", "jira_url": jira_url, "jira_email": jira_email, "jira_projects": keys}
    for path in write_desk(base.home, site, told, jira_token, Path(".env")):
        print(f"written: {path}")
    print(f"Look at {base.home / 'criteria' / 'site.toml'}, then run `escalations doctor` and `escalations run`.")


@app.command()
def doctor(
    criteria: CriteriaDir = None, home: Home = None, warehouse: WarehouseFile = None, as_json: Json = False
) -> None:
    """Is everything healthy: criteria, warehouse, and the live Jira if one is set."""
    from pipelines.doctor import examine

    found = examine(_settings(criteria=criteria, home=home, warehouse=warehouse), _say(as_json))
    if as_json:
        print(json.dumps([{"what": one.what, "state": one.state, "text": one.text} for one in found]))
    else:
        for one in found:
            print(f"{one.state:5} {one.what}: {one.text}")
    if any(one.state == "wrong" for one in found):
        raise SettingsError("something is wrong; see the lines that begin so")


@app.command()
def check(criteria: CriteriaDir = None, home: Home = None, as_json: Json = False) -> None:
    """Are the criteria valid, and where does each file come from."""
    from analysis.rules import Rules
    from analysis.taxonomy import criteria_files, read_criteria
    from analysis.verdicts import TextMatcher
    from pipelines.site_tables import site_tables

    folder = _settings(criteria=criteria, home=home).criteria_folder
    known = read_criteria(folder)
    Rules.of(known)
    TextMatcher.of(known)
    site_tables(known, {})
    files = {name: str(path) for name, path in criteria_files(folder).items()}
    counts = {"rules": len(known.rules), "runbooks": len(known.runbooks), "dealers": len(known.dealers)}
    if as_json:
        print(json.dumps({"valid": True, "files": files, **counts}))
        return
    for name, path in files.items():
        print(f"{name}: {path}")
    print(f"valid: {counts['rules']} rules, {counts['runbooks']} runbooks, {counts['dealers']} dealers")


def main() -> NoReturn:
    """Run the command; what a person can put right ends in one line and its exit code."""
    try:
        app(standalone_mode=True)
    except EscalationsError as error:
        print(f"escalations: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(error.exit_code)
    except SystemExit as end:
        # typer ends with 1 and says nothing where the reader of a pipe went away; that is no failure of ours
        sys.exit(0 if isinstance(end.__context__, BrokenPipeError) else end.code)
    sys.exit(0)


def _settings(**flags: Any) -> "Settings":
    from pipelines.settings import read_settings

    return read_settings(**flags)


def _run(
    settings: "Settings",
    week: str | None,
    as_of: str | None,
    as_json: bool,
    *,
    publish: bool = False,
    restate: bool = False,
) -> None:
    from pipelines import weekly

    told = _publishing(publish, restate)
    result = weekly.run(settings, _say(as_json), week=_week(week), until=_moment(as_of), publishing=told)
    _answer(result, as_json)


def _publishing(publish: bool, restate: bool) -> "Publishing":
    from pipelines.weekly import Publishing

    return Publishing.RESTATE if restate else Publishing.PUBLISH if publish else Publishing.NO


def _say(quiet: bool) -> Any:
    def say(line: str) -> None:
        print(line, file=sys.stderr if quiet else sys.stdout, flush=True)

    return say


def _answer(result: "Result", as_json: bool) -> None:
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


def _week(text: str | None) -> date | None:
    from analysis.measure import parse_week

    return parse_week(text) if text else None


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    moment = parse_moment(text)
    if moment is None:
        raise InputError(f"--as-of {text!r}: write a moment such as 2026-11-02T08:00 (UTC) or with an offset")
    return moment


def _forget_other_day(base: Path, today: date) -> None:
    """The demo's desk moves with the calendar; one built for another day is thrown away, being only a demo."""
    import shutil

    built_for = base / "built-for"
    if built_for.is_file() and built_for.read_text().strip() == today.isoformat():
        return
    for name in ("inputs", "raw", "reports"):
        shutil.rmtree(base / name, ignore_errors=True)
    for path in base.glob("warehouse.duckdb*"):
        path.unlink()
    base.mkdir(parents=True, exist_ok=True)
    built_for.write_text(today.isoformat() + "\n")
