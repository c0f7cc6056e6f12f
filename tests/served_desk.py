"""A desk that runs by itself: a stand-in for Jira with some weeks of escalations, `escalations serve`, Prefect's API over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from jira_standin import JiraStandIn
from stories import FIELDS, write_criteria

from analysis.table_files import table_files
from analysis.warehouse import Warehouse

ROOT = Path(__file__).parent.parent
Json = dict[str, Any]
SECRET = "SECRETWORD"  # noqa: S105 - stands in every ticket, and must get nowhere but into the warehouse and its pages
TIER = FIELDS["tier"]
FLOWS = {"sync", "triage", "census", "weekly-review", "retrain"}


def busy_desk(jira: JiraStandIn, n: int = 24) -> list[str]:
    """A project with n tickets over the last six weeks; of each three one came up to Tier 2, one of nine to Tier 3."""
    jira.add_project("SUP")
    jira.add_field(TIER[0], TIER[1])
    return [busy_ticket(jira, i, jira.now - timedelta(hours=40 * (n - i))) for i in range(n)]


def busy_ticket(jira: JiraStandIn, i: int, created: Any) -> str:
    words = ["Tekion 403 on push", "CDK 429 limit", "XTime slots are missing"][i % 3]
    ident = jira.create("SUP", at=created, summary=f"{SECRET} {words} {i}", **{TIER[0]: "1"})
    if i % 3 == 0:
        jira.edit(ident, at=created + timedelta(hours=3), author="ops-1", **{TIER[0]: "2"})
        jira.comment(ident, "int-1", f"{SECRET} looked at it", at=created + timedelta(hours=5))
        if i % 9 == 0:
            jira.edit(ident, at=created + timedelta(hours=9), author="int-1", **{TIER[0]: "3"})
        done = created + timedelta(hours=30)
        if done < jira.now:
            jira.edit(ident, at=done, author="int-1", status="Done", resolution="Done")
    return ident


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def environment(home: Path, jira: JiraStandIn, **more: str) -> dict[str, str]:
    """What the program needs to read this Jira for a desk in that folder."""
    write_criteria(home / "criteria")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ESCALATIONS_", "PREFECT_"))}
    return kept | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        "ESCALATIONS_HOME": str(home),
        "ESCALATIONS_SOURCE": "jira",
        "ESCALATIONS_JIRA_URL": jira.url,
        "ESCALATIONS_JIRA_TOKEN": jira.token,
        "ESCALATIONS_JIRA_EMAIL": jira.email,
        "ESCALATIONS_JIRA_PROJECTS": "SUP",
        **{f"ESCALATIONS_{name.upper()}": value for name, value in more.items()},
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pipelines", *arguments]


# -- what people are told --------------------------------------------------------------------------------------


@dataclass
class Hook:
    """A web hook on loopback that keeps what it was sent."""

    messages: list[Json] = field(default_factory=list)
    url: str = ""
    status: int = 200

    def titles(self) -> list[str]:
        return [str(one["title"]) for one in self.messages]


@contextmanager
def listening() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hook.messages.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(hook.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    hook.url = f"json://127.0.0.1:{server.server_address[1]}"
    try:
        yield hook
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


# -- serving ---------------------------------------------------------------------------------------------------


@dataclass
class Served:
    """A serving process and the API of its server."""

    environment: dict[str, str]
    home: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with (self.home / "serve.log").open("ab") as log:
            # a shell's job in the background begins with Ctrl-C ignored, and must end all the same when it is told to
            self.process = subprocess.Popen(
                ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command("serve")],
                env=self.environment,
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.until(lambda: {one["name"] for one in self.deployments()} == FLOWS, 120)

    def stop(self, how: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        code = self.process.wait(60)
        self.until(lambda: not self.is_up(), 20)
        return code

    def is_up(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/health", timeout=5).close()
        except OSError:
            return False
        return True

    def until(self, holds: Callable[[], object], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert self.process is not None
            assert time.monotonic() < deadline, self.log()[-4000:]
            time.sleep(0.2)

    def log(self) -> str:
        return (self.home / "serve.log").read_text(errors="replace")

    def ask(self, path: str, body: Json | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}/api{path}", data, headers)
        for _ in range(20):
            try:
                with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - loopback
                    return json.loads(answer.read() or b"null")
            except urllib.error.HTTPError as error:  # its database is busy; Prefect's own client tries again, too
                if error.code != 503:
                    raise
                error.close()
                time.sleep(0.5)
        raise AssertionError(f"{path}: busy all the time")

    def deployments(self) -> list[Json]:
        try:
            return list(self.ask("/deployments/filter", {}))
        except OSError:
            return []

    def trigger(self, flow: str) -> str:
        """Begin a run by hand; gives its id."""
        ident = next(one["id"] for one in self.deployments() if one["name"] == flow)
        return str(self.ask(f"/deployments/{ident}/create_flow_run", {})["id"])

    def runs(self, flow: str, *names: str) -> list[Json]:
        """Runs of a flow, of which the state has one of these names."""
        given = {"deployments": {"name": {"any_": [flow]}}, "sort": "EXPECTED_START_TIME_ASC", "limit": 200}
        return [one for one in self.ask("/flow_runs/filter", given) if not names or one["state"]["name"] in names]

    def run(self, ident: str) -> Json:
        return dict(self.ask(f"/flow_runs/{ident}"))

    def ended(self, ident: str, seconds: float = 90) -> Json:
        self.until(lambda: self.run(ident)["state"]["type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED"), seconds)
        return self.run(ident)

    def artifacts(self, ident: str) -> dict[str, str]:
        given = {"artifacts": {"flow_run_id": {"any_": [ident]}}}
        return {one["key"]: str(one["data"]) for one in self.ask("/artifacts/filter", given) if one["key"]}


# -- holding one warehouse against another ---------------------------------------------------------------------

OWN = {"event_id", "run_id", "recorded_at", "published_id", "replaces", "place"}  # each run has its own


def content(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of core and state but for runs' names, times and numbers; of runs nothing, for one was cut off."""
    with Warehouse.open(path) as warehouse:
        found = {}
        for name, table in table_files().items():
            if table.schema in ("core", "state") and name not in ("state.runs", "core.builds"):
                columns = [column for column in table.columns if column not in OWN]
                if warehouse.has(name) and columns:
                    rows = warehouse.rows(f"select {', '.join(columns)} from {name}")
                    found[name] = sorted(rows, key=str)
        return found
