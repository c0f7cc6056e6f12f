"""Prism between the live source and the stand-in: every question and answer of a whole reading fits Atlassian's document.

Prism reads the document and adds the header `sl-violations` to each exchange that departs from it.
"""

import gzip
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from conftest import ROOT
from jira_reading import connect, some_tickets
from jira_standin import JiraStandIn

from pipelines.jira import JiraSource, Known

pytestmark = [pytest.mark.npm, pytest.mark.slow]
DOCUMENT = ROOT.parent / "shared" / "data" / "atlassian-jira-cloud-openapi-v3.json.gz"
PRISM = "@stoplight/prism-cli@5.14.2"
# What the document does not say as Jira does it
KNOWN = (
    "GET /rest/api/2/serverInfo",  # asked before it is known which Jira this is; the document tells of version 3 only
    "/remotelink",  # Jira answers a list, of which the document shows one
)
STARTS_WITHIN = 90  # seconds


@pytest.fixture(scope="session")
def prism() -> Path:
    """Prism's program, installed once for a checkout."""
    if shutil.which("npm") is None:
        pytest.skip("npm is absent: the stand-in is not held against Atlassian's document by Prism")
    if not DOCUMENT.exists():
        pytest.skip(f"{DOCUMENT.name} is absent: there is nothing to hold the stand-in against")
    folder = ROOT / ".make" / "prism"
    program = folder / "node_modules" / ".bin" / "prism"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        told = subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), PRISM],
            capture_output=True,
            text=True,
        )
        if told.returncode:
            pytest.skip("npm could not install Prism")
    return program


@contextmanager
def proxied(prism: Path, jira: JiraStandIn, folder: Path) -> Iterator[str]:
    """Prism in front of the stand-in; gives its address."""
    document = folder / "document.json"
    document.write_bytes(gzip.decompress(DOCUMENT.read_bytes()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = folder / "prism.log"
    with told.open("wb") as log:
        process = subprocess.Popen(
            [str(prism), "proxy", "--errors=false", "-p", str(port), str(document), jira.url],
            stdout=log,
            stderr=log,
            env=os.environ | {"NO_UPDATE_NOTIFIER": "1"},
        )
        try:
            give_up = time.monotonic() + STARTS_WITHIN
            while b"listening" not in told.read_bytes():
                assert process.poll() is None and time.monotonic() < give_up, told.read_text()[-500:]
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def storied(jira: JiraStandIn) -> None:
    """Tickets with something of everything that the live source asks for."""
    ids = some_tickets(jira, 12)
    jira.add_project("ENG")
    other = jira.create("ENG", summary="behind it")
    jira.edit(ids[0], status="Resolved", resolution="Done", labels=["a", "b"])
    for n in range(130):
        jira.comment(ids[0], "ann" if n % 2 else None, f"comment {n}\nof many")
        jira.log_work(ids[0], "ann" if n % 2 else None, 0.5, words=f"worklog {n}")
    for n in range(60):
        jira.edit(ids[1], priority="High" if n % 2 else "Low")
    jira.link(ids[0], other, "Blocks")
    jira.remote_link(ids[0], "https://example.invalid/1", "elsewhere", logged=True)
    jira.faults.nulls_left_out = True  # the document knows none, real sites send them
    jira.faults.changelog_created_as = "string"  # the document's schema; its own example carries a number


def violations(answer: requests.Response, found: list[tuple[str, str]]) -> None:
    """Note what Prism says of one exchange."""
    if told := answer.headers.get("sl-violations"):
        found.append((f"{answer.request.method} {answer.request.path_url}", told))


def test_a_whole_reading_fits_the_document(prism: Path, tmp_path: Path) -> None:
    with JiraStandIn("cloud") as jira:
        storied(jira)
        with proxied(prism, jira, tmp_path) as url:
            connection = connect(jira, url=url)
            found: list[tuple[str, str]] = []
            asked: set[str] = set()

            def look(answer: requests.Response, **_: Any) -> None:
                asked.add(answer.url.removeprefix(url).partition("?")[0])
                violations(answer, found)

            connection._session.hooks["response"].append(look)
            source = JiraSource(connection, ("SUP", "ENG"), Known(), lambda _: None)
            issues = [issue for issue, _ in source.issues()]
    assert len(issues) == 13
    assert {path.rpartition("/")[2] for path in asked} >= {
        "jql",
        "bulkfetch",
        "comment",
        "worklog",
        "remotelink",
        "myself",
        "field",
    }
    assert [one for one in found if not any(known in one[0] for known in KNOWN)] == []


def test_prism_tells_of_a_departure(prism: Path, tmp_path: Path) -> None:
    with JiraStandIn("cloud") as jira:
        storied(jira)
        jira.faults.changelog_created_as = "int"
        with proxied(prism, jira, tmp_path) as url:
            found: list[tuple[str, str]] = []
            connection = connect(jira, url=url)
            connection._session.hooks["response"].append(lambda answer, **_: violations(answer, found))
            connection.post("/rest/api/3/changelog/bulkfetch", {"issueIdsOrKeys": ["SUP-1"]})
            connection.close()
    assert [place for place, _ in found] == ["POST /rest/api/3/changelog/bulkfetch"]
