"""The desk itself: first settings, health, criteria."""

import json
import os
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.errors import InputError, SettingsError
from pipelines.cli.options import CriteriaDir, Home, Json, WarehouseFile, app, say_to, settings_of

if TYPE_CHECKING:
    from pipelines.doctor import Finding
    from pipelines.settings import Settings


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
    jira_gateway: Annotated[
        str | None,
        typer.Option(help="Only for a token with scopes: https://api.atlassian.com/ex/jira/CLOUD-ID."),
    ] = None,
    home: Home = None,
) -> None:
    """First settings: asks, looks at this Jira's fields and statuses, and proposes site.toml."""
    from analysis.taxonomy import read_criteria
    from pipelines.doctor import check_permissions
    from pipelines.first_settings import propose, site_toml, write_desk
    from pipelines.live import live_source

    base = settings_of(
        home=home, jira_url=jira_url, jira_token=jira_token, jira_email=jira_email or None, jira_gateway=jira_gateway
    )
    source = live_source(base, read_criteria(), say_to(True))
    from pipelines.jira import probe  # after live_source has said what is missing where its packages are not installed

    connection, plan = source.connection, source.plan()
    _, zone = probe.account_and_zone(connection, plan)
    keys = _projects(projects)
    for key in keys:
        for finding in check_permissions(partial(probe.permissions, connection, plan, key), key, None):
            if finding.state == "wrong":
                raise InputError(f"--projects: {finding.text}")
    statuses = [name for name, _ in probe.status_names(connection, plan)]
    site = site_toml(propose(probe.field_names(connection, plan), statuses), zone or "UTC")
    told: dict[str, object] = {
        "source": "jira",
        "jira_url": jira_url,
        "jira_gateway": base.jira_gateway,
        "jira_email": jira_email,
    }
    told |= {"jira_projects": keys}
    for path in write_desk(base.home, site, told, jira_token, Path(".env")):
        print(f"written: {path}")
    print(f"Look at {base.home / 'criteria' / 'site.toml'}, then run `escalations doctor` and `escalations run`.")


def _projects(text: str) -> list[str]:
    """The keys, with commas or blanks between them. Raises `InputError` where there is none."""
    keys = text.replace(",", " ").split()
    if not keys:
        raise InputError("--projects: give at least one key, such as SUP")
    return keys


@app.command()
def doctor(
    criteria: CriteriaDir = None, home: Home = None, warehouse: WarehouseFile = None, as_json: Json = False
) -> None:
    """Is everything healthy: criteria, warehouse, targets, schedules, and the live Jira if one is set."""
    from pipelines.doctor import examine

    settings = settings_of(criteria=criteria, home=home, warehouse=warehouse)
    found = [*examine(settings, say_to(as_json)), *_schedules(settings)]
    if as_json:
        print(json.dumps([{"what": one.what, "state": one.state, "text": one.text} for one in found]))
    else:
        for one in found:
            print(f"{one.state:5} {one.what}: {one.text}")
    if any(one.state == "wrong" for one in found):
        raise SettingsError("something is wrong; see the lines that begin so")


def _schedules(settings: "Settings") -> "list[Finding]":
    """Findings about the schedules, where there are any."""
    from pipelines.doctor import Finding
    from pipelines.prefect_environment import enter, prefect_environment

    if "PREFECT_API_URL" not in os.environ:
        if not settings.prefect.exists():
            return [Finding("schedules", "look", "nothing runs by itself; `escalations serve` would")]
        enter(prefect_environment(settings), {})
    try:
        from pipelines.flows.health import look_at_schedules
    except ImportError:
        return [Finding("schedules", "wrong", "run `pip install 'escalations[serve]'` to look at them")]
    return list(look_at_schedules())


@app.command()
def check(criteria: CriteriaDir = None, home: Home = None, as_json: Json = False) -> None:
    """Are the criteria valid, and where does each file come from."""
    from analysis.rules import Rules
    from analysis.taxonomy import criteria_files, read_criteria, refuse_future
    from analysis.verdicts import TextMatcher
    from pipelines.site_tables import site_tables

    folder = settings_of(criteria=criteria, home=home).criteria_folder
    known = read_criteria(folder)
    refuse_future(known, datetime.now(UTC).date() + timedelta(days=1))  # by a day some zone is ahead
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
