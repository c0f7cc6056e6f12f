"""Serving: Prefect's server on this machine and the schedules, as one process that may be killed at any moment."""

import asyncio
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from prefect.client.orchestration import get_client
from prefect.deployments.runner import RunnerDeployment
from prefect.runner import Runner
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from analysis.errors import SettingsError
from analysis.taxonomy import read_criteria
from pipelines import flows
from pipelines.flows.due import TAG, Say, look_late, take_up_again
from pipelines.prefect_environment import local_api
from pipelines.settings import Settings

START_WITHIN = 180.0  # seconds for the server; it makes its database the first time
LOOK_EVERY = 60.0  # seconds between two looks at what is late
PLANS = {
    flows.sync: "*/15 * * * *",
    flows.triage: "5-59/15 * * * *",
    flows.census: "30 4 * * *",
    flows.weekly_review: "30 6 * * 1",
    flows.retrain: "0 3 * * 6",
}


def planned(settings: Settings, at_once: int | None = None) -> list[RunnerDeployment]:
    """Every flow with its schedule in the reporting zone; `at_once` limits how many runs of a flow there are at a time.

    Not while serving, where the runner does one run at a time: the server holds such limits by leases, which are lost
    with it, and would keep back the runs that a new one takes up again.
    """
    zone = read_criteria(settings.criteria_folder).site.reporting_zone
    return [
        RunnerDeployment.from_flow(
            flow,
            flow.name,
            schedules=[Cron(cron, timezone=zone)],
            concurrency_limit=at_once,
            tags=[TAG],
            description=flow.description,
            entrypoint_type=EntrypointType.MODULE_PATH,
        )
        for flow, cron in PLANS.items()
    ]


def serve(settings: Settings, say: Say) -> None:
    """Run server and schedules until told to stop. Raises `SettingsError` where the server does not come up."""
    with _server(settings, say):
        take_up_again(datetime.now(UTC), say, is_start=True)
        _watch(settings, say)
        with suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(_run(settings, say))
        say("stopping")


async def _run(settings: Settings, say: Say) -> None:
    runner = _Served(name="escalations", pause_on_shutdown=False, limit=1)
    runner.serving = asyncio.current_task()
    for deployment in planned(settings):
        ident = await runner.aadd_deployment(deployment)
        say(f"scheduled: {deployment.name}")
        if deployment.name == "sync" and not settings.warehouse_file.exists():
            async with get_client() as client:
                await client.create_flow_run_from_deployment(ident)
    say(f"serving at {local_api(settings).removesuffix('/api')}; stop with Ctrl-C")
    await runner.start()


class _Served(Runner):
    serving: "asyncio.Task[None] | None" = None

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """End in good order; the runner's own way leaves a coroutine behind, and a shell's job may not hear Ctrl-C."""
        if self.serving:
            self.serving.get_loop().call_soon_threadsafe(self.serving.cancel)


def _watch(settings: Settings, say: Say) -> None:
    """Look from time to time for what crashed or is late, beside the runs."""

    def look() -> None:
        while True:
            time.sleep(LOOK_EVERY)
            try:
                take_up_again(datetime.now(UTC), say)
                look_late(settings, datetime.now(UTC), say)
            except Exception as error:  # noqa: BLE001 - the server may be busy; the next look tries again
                say(f"could not look for late runs: {type(error).__name__}")

    threading.Thread(target=look, daemon=True, name="late-runs").start()


@contextmanager
def _server(settings: Settings, say: Say) -> Iterator[None]:
    """The server as a child that ends with this process, however it ends."""
    settings.prefect.mkdir(parents=True, exist_ok=True)
    port = str(settings.prefect_port)
    _wait_for_port(settings)
    command = ["-m", "pipelines.parent_watch", "prefect", "server", "start", "--host", "127.0.0.1", "--port", port]
    log = settings.prefect / "server.log"
    with log.open("wb") as out, _child([sys.executable, *command], out.fileno()) as server:
        say(f"starting the server; its log is {log}")
        deadline = time.monotonic() + START_WITHIN
        while not is_up(settings):
            if server.poll() is not None or time.monotonic() > deadline:
                raise SettingsError(
                    f"the server of Prefect did not start at port {port}; see {log}, or set prefect_port"
                )
            time.sleep(0.2)
        yield


@contextmanager
def _child(command: list[str], out: int) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL) as child:  # noqa: S603 - ours
        try:
            yield child
        finally:
            child.terminate()
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()


def _wait_for_port(settings: Settings) -> None:
    """The server of a serving process that was killed a moment ago may still be ending."""
    deadline = time.monotonic() + 10
    while is_up(settings):
        if time.monotonic() > deadline:
            port = settings.prefect_port
            raise SettingsError(f"port {port} is in use by another server; stop it, or set prefect_port")
        time.sleep(0.2)


def is_up(settings: Settings) -> bool:
    """Whether a server answers."""
    try:
        with urllib.request.urlopen(f"{local_api(settings)}/health", timeout=2) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except OSError:
        return False
