"""Deploying: the schedules on a Prefect server that somebody else runs, for workers of a work pool."""

import asyncio
from pathlib import Path
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectNotFound
from prefect.workers.utilities import get_default_base_job_template_for_infrastructure_type

from analysis.errors import SettingsError
from pipelines.flows.due import Say
from pipelines.flows.serving import planned
from pipelines.settings import Settings

DESK = "/desk"  # where the image has the desk's folder


def deploy(settings: Settings, pool: str, image: str | None, say: Say) -> None:
    """Register every flow with its schedule, one run of it at a time; the pool is made where it is missing.

    The pool itself has no limit: a run whose worker was killed would fill it for ever, while a flow's own limit is a
    lease that runs out. Runs of different flows find the lock held, and come again a minute later.

    With an image, runs are containers of it with the desk's folder as their volume; without one, processes of a worker
    on this machine, in this folder. Secrets are never registered: they stand in the worker's environment, or in `.env`.
    Raises `SettingsError` where the pool is of another type.
    """
    with get_client(sync_client=True) as client:
        _make_pool(client, pool, "docker" if image else "process")
    home = settings.home.resolve()
    variables: dict[str, Any] = {"working_dir": str(Path.cwd()), "env": {"ESCALATIONS_HOME": str(home)}}
    if image:
        variables = {"image": image, "image_pull_policy": "IfNotPresent", "volumes": [f"{home}:{DESK}"]}
    for deployment in planned(settings, at_once=1):
        deployment.job_variables = variables
        deployment.apply(work_pool_name=pool)
        say(f"scheduled: {deployment.name} in work pool {pool}")
    say(f"start a worker there: prefect worker start --pool {pool}")


def _make_pool(client: SyncPrefectClient, pool: str, kind: str) -> None:
    try:
        found = client.read_work_pool(pool)
    except ObjectNotFound:
        template = asyncio.run(get_default_base_job_template_for_infrastructure_type(kind))
        if template is None:
            told = f"work pool {pool}: the server does not know the type {kind}; make the pool there by hand"
            raise SettingsError(told) from None
        made = WorkPoolCreate(name=pool, type=kind, base_job_template=template)
        client.create_work_pool(made)
        return
    if found.type != kind:
        raise SettingsError(f"work pool {pool} is of type {found.type}, not {kind}; give another --pool")
