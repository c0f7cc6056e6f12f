"""Deploying: the schedules on a Prefect server that somebody else runs, for workers of a work pool."""

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.exceptions import ObjectNotFound

from analysis.errors import SettingsError
from pipelines.flows.due import Say
from pipelines.flows.serving import planned
from pipelines.settings import Settings


def deploy(settings: Settings, pool: str, image: str | None, say: Say) -> None:
    """Register every flow with its schedule; the pool, made where it is missing, runs one at a time.

    With an image, runs are containers of it, in which the program is installed; without one, processes of the worker,
    which must be started where this program and the desk's home are.
    """
    kind = "docker" if image else "process"
    with get_client(sync_client=True) as client:
        _make_pool(client, pool, kind)
    for deployment in planned(settings):
        if image:
            deployment.job_variables = {"image": image, "image_pull_policy": "IfNotPresent"}
        deployment.apply(work_pool_name=pool)
        say(f"scheduled: {deployment.name} in work pool {pool}")
    say(f"start a worker: prefect worker start --pool {pool}")


def _make_pool(client: SyncPrefectClient, pool: str, kind: str) -> None:
    try:
        found = client.read_work_pool(pool)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=pool, type=kind, concurrency_limit=1))
        return
    if found.type != kind:
        raise SettingsError(f"work pool {pool} is of type {found.type}, not {kind}; give another --pool")
