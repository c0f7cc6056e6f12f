"""How the schedules are, for `doctor`: does the server answer, is every flow planned, when did it last go well."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse

from pipelines.doctor import Finding
from pipelines.flows.due import deployments, late, only, runs_of
from pipelines.flows.serving import PLANS

SOON = timedelta(days=8)


def look_at_schedules() -> Iterator[Finding]:
    """Findings about the server at PREFECT_API_URL and the schedules on it."""
    address = os.environ["PREFECT_API_URL"].removesuffix("/api")
    with get_client(sync_client=True) as client:
        try:
            client.hello().raise_for_status()
            planned = deployments(client)
        except httpx.HTTPError:
            yield Finding("server", "wrong", f"{address} does not answer; start `escalations serve`, or your server")
            return
        yield Finding("server", "ok", f"{address} answers")
        yield _plans(planned)
        for one in planned:
            yield _last_run(client, one)
            for problem in late(client, one, datetime.now(UTC)):
                yield Finding(f"schedule {one.name}", "wrong", f"{problem.what}; {problem.advice}")


def _plans(planned: list[DeploymentResponse]) -> Finding:
    missing = {flow.name for flow in PLANS} - {one.name for one in planned if not one.paused}
    told = f"{len(PLANS) - len(missing)} of {len(PLANS)} are planned"
    if missing:
        names = ", ".join(sorted(missing))
        return Finding("schedules", "wrong", f"{told}; not {names}: run `escalations serve` or `escalations deploy`")
    return Finding("schedules", "ok", told)


def _last_run(client: SyncPrefectClient, one: DeploymentResponse) -> Finding:
    good = runs_of(client, only(one.id), StateType.COMPLETED)[:1]
    next_ones = runs_of(client, only(one.id), StateType.SCHEDULED, until=datetime.now(UTC) + SOON)
    last = f"last good run {good[0].end_time:%Y-%m-%d %H:%M} UTC" if good and good[0].end_time else "no good run yet"
    due = next_ones[0].next_scheduled_start_time if next_ones else None
    coming = f"next {due:%Y-%m-%d %H:%M} UTC" if due else "none planned"
    return Finding(f"schedule {one.name}", "ok" if due else "wrong", f"{last}, {coming}")
