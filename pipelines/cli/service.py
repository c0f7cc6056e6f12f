"""What runs by itself: schedules on this machine, or on a Prefect server."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.errors import SettingsError
from pipelines.cli.options import CriteriaDir, Home, Source, WarehouseFile, app, check, say_to, settings_of, utc_now

if TYPE_CHECKING:
    from pipelines.settings import Settings

NOT_INSTALLED = "its packages are not installed; run `pip install 'escalations[serve]'`"


@app.command()
def serve(
    source: Source = None, criteria: CriteriaDir = None, home: Home = None, warehouse: WarehouseFile = None
) -> None:
    """Run the schedules on this machine: sync, triage, census, weekly review, retrain. Stops with Ctrl-C."""
    from pipelines.desk_lock import serving
    from pipelines.prefect_environment import SERVED_BY, enter, prefect_environment

    settings = settings_of(source=source, criteria=criteria, home=home, warehouse=warehouse)
    _check(settings)
    enter(
        prefect_environment(settings) | {SERVED_BY: str(os.getpid())},
        {"source": source, "criteria": criteria, "warehouse": warehouse},
    )
    with serving(settings.prefect, utc_now()):
        try:
            from pipelines.flows.serving import serve as run_schedules
        except ImportError as error:
            raise SettingsError(f"serve: {NOT_INSTALLED}") from error
        run_schedules(settings, say_to(False))


@app.command()
def deploy(
    pool: Annotated[str, typer.Option(help="Name of the work pool; it is made where it is missing.")] = "escalations",
    image: Annotated[
        str | None, typer.Option(help="Docker image that holds this program; makes the pool a Docker one.")
    ] = None,
    criteria: CriteriaDir = None,
    home: Home = None,
) -> None:
    """Put the schedules on the Prefect server at PREFECT_API_URL, for workers of a work pool."""
    settings = settings_of(criteria=criteria, home=home)
    if not os.environ.get("PREFECT_API_URL"):
        raise SettingsError("deploy: set PREFECT_API_URL to the address of your Prefect server's API")
    _check(settings)
    try:
        from pipelines.flows.deploying import deploy as put_there
    except ImportError as error:
        raise SettingsError(f"deploy: {NOT_INSTALLED}") from error
    put_there(settings, pool, image, say_to(False))


def _check(settings: "Settings") -> None:
    """All that is wrong before schedules begin, at once."""
    from analysis.taxonomy import read_criteria
    from pipelines.alerts import wrong_urls

    if settings.source is None:
        raise SettingsError(
            "no source; run `escalations init`, or set ESCALATIONS_SOURCE to jira or to the path of a Jira export"
        )
    check(settings)
    wrong = list(wrong_urls(settings))
    if wrong:
        raise SettingsError(f"settings: {'; '.join(wrong)}")
    read_criteria(settings.criteria_folder)
