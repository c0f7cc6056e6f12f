"""The live source from end to end: what each run takes over, and what a person is told when it can't run."""

import logging
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import ROOT
from jira_reading import Desk, WarehouseDesk, connect, some_tickets, source_of
from jira_standin import JiraStandIn, Kind

from analysis.errors import SourceError
from pipelines.jira import Account, Known

SECRET = "SECRET-token-5577"  # noqa: S105 - planted, to be looked for
EMAIL = "sync@example.invalid"


@pytest.mark.parametrize(
    ("kind", "zone"),
    [("cloud", "UTC"), ("cloud", "Asia/Tokyo"), ("cloud", "America/New_York"), ("datacenter", "America/New_York")],
)
def test_run_after_run_the_warehouse_is_what_jira_shows(kind: Kind, zone: str, tmp_path: Path) -> None:
    with JiraStandIn(kind, account_zone=zone) as jira:
        jira.add_project("ENG")
        ids = some_tickets(jira, 150)
        said = jira.comment(ids[0], "ann", "first")
        desk = WarehouseDesk(jira, tmp_path, ("SUP", "ENG"))
        assert desk.read().n_tickets == 150
        desk.check()
        jira.tick(30)
        jira.edit(ids[1], status="Done")
        jira.comment(ids[2], "ann", "a comment")
        jira.delete_comment(ids[0], said)
        jira.move(ids[3], "ENG")
        jira.link(ids[4], ids[5], "Blocks")
        assert desk.read().n_changed == 6
        desk.check()
        jira.tick(30)
        for one in ids:  # a bulk edit: more than a page in one minute
            jira.edit(one, labels=["seen"])
        assert desk.read().n_changed == 150
        desk.check()
        jira.tick(120)
        assert desk.read().n_changed == 0  # once more: an edit might have followed in the very moment of the last one
        jira.clear_log()
        assert desk.read().n_changed == 0
        assert jira.counts["POST issue/bulkfetch"] == 0  # what is stored is not read again


def test_links_to_outside_are_read_with_the_tickets_known_to_have_them() -> None:
    """Jira neither gives them with the ticket nor needs to tell of a new one in its history."""
    with JiraStandIn("cloud") as jira:
        ids = some_tickets(jira, 3)
        jira.remote_link(ids[0], "https://example.invalid/1", "a page")
        jira.clear_log()
        known = Known(links_of=frozenset([int(ids[0])]))
        found = {issue["id"]: issue.get("remotelinks") for issue, _ in source_of(jira, known, ("SUP",)).issues()}
        assert {ident: len(links or []) for ident, links in found.items()} == {ids[0]: 1, ids[1]: 0, ids[2]: 0}
        assert jira.counts["GET issue/remotelink"] == 1


@pytest.mark.parametrize("kind", ["cloud", "datacenter"])
def test_another_account_is_refused(kind: Kind) -> None:
    with JiraStandIn(kind) as jira:
        some_tickets(jira)
        desk = Desk(jira)
        desk.read()
        before = dict(desk.cursors)
        jira.faults.other_account = True
        with pytest.raises(SourceError, match="another account may see other tickets"):
            desk.read()
        assert desk.cursors == before


def test_wanted_tickets_that_are_gone_are_left_out() -> None:
    for kind in ("cloud", "datacenter"):
        with JiraStandIn(kind) as jira:
            ids = some_tickets(jira, 3)
            desk = Desk(jira)
            desk.read()
            jira.delete(ids[0])
            assert desk.read(wanted=[int(ids[0]), int(ids[1])]) == 1  # though it is found by the search too
            assert not desk.notes


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"url": "your-site.atlassian.net"}, "jira_url is not an address"),
        ({"url": "ftp://site.example"}, "jira_url is not an address"),
        ({"url": "https://[half"}, "jira_url is not an address"),
        ({"url": f"https://me:{SECRET}@site.example"}, "jira_url holds a name or password"),
        ({"token": f"{SECRET}…"}, "jira_token holds a character"),
        ({"token": f"{SECRET}\nX-Other: 1"}, "jira_token holds a character"),
        ({"email": "mé@example.invalid"}, "jira_email holds a character"),
    ],
)
def test_what_cannot_be_sent_is_told_before_anything_is(given: dict[str, Any], told: str) -> None:
    with JiraStandIn("cloud") as jira:
        with pytest.raises(SourceError, match=told) as error:
            connect(jira, **given)
        assert SECRET not in str(error.value)
        assert not jira.requests


def test_the_line_end_of_a_token_file_does_no_harm() -> None:
    with JiraStandIn("cloud") as jira:
        assert connect(jira, token=f"{jira.token}\n").get("/rest/api/3/myself")["accountId"]


def test_no_certificates_where_they_should_be(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate\n")
    with JiraStandIn("cloud", tls=certificate) as jira:
        for path in (tmp_path / "nowhere.pem", empty):
            with pytest.raises(SourceError, match="jira_ca cannot be read"):
                connect(jira, ca=str(path)).get("/rest/api/2/serverInfo")
        assert connect(jira, ca=str(certificate[0])).get("/rest/api/2/serverInfo")["deploymentType"] == "Cloud"


def test_the_environment_does_not_win_over_the_settings(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with JiraStandIn("cloud", tls=certificate) as jira:
        monkeypatch.delenv("HTTPS_PROXY", raising=False)
        monkeypatch.delenv("https_proxy", raising=False)
        assert connect(jira, ca=str(certificate[0])).get("/rest/api/2/serverInfo")
        with pytest.raises(SourceError, match="REQUESTS_CA_BUNDLE"):
            connect(jira).get("/rest/api/2/serverInfo")
    with JiraStandIn("cloud") as plain:  # which stands for the proxy too: it is asked for a whole address
        connection = connect(plain, url="http://jira.example.invalid", proxy=plain.url)
        assert connection.get("/rest/api/2/serverInfo")["deploymentType"] == "Cloud"
        assert [one.path for one in plain.requests] == ["/rest/api/2/serverInfo"]


def test_nothing_shows_the_token(caplog: pytest.LogCaptureFixture) -> None:
    with JiraStandIn("cloud") as jira:
        jira.token = SECRET
        some_tickets(jira)
        with caplog.at_level(logging.DEBUG):
            Desk(jira).read()
    assert SECRET not in repr(Account(jira.url, SECRET, EMAIL))
    assert caplog.records
    assert SECRET not in caplog.text


# -- the command -------------------------------------------------------------------------------------------


class Ended(NamedTuple):
    code: int
    out: str
    err: str
    left: list[str]  # files that it left behind


COMMAND = """
import logging, sys
logging.basicConfig(level=logging.DEBUG, format="LOG %(message)s")
from pipelines.cli import main
main()
"""
CASES = {
    "good": "",
    "wrong url": "cannot be reached",
    "wrong token": "token may have expired",
    "wrong project": "does the project exist",
    "certificate": "set jira_ca",
    "captcha": "captcha",
    "login page": "login page",
    "redirect": "leads to",
    "no jira": "check jira_url",
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> dict[str, Ended]:
    """All cases at once, for most of their time is spent waiting."""
    homes = {case: tmp_path_factory.mktemp("desk") for case in CASES}
    with ThreadPoolExecutor(3) as pool:
        return dict(zip(CASES, pool.map(lambda case: _run(case, homes[case], certificate), CASES), strict=True))


def _run(case: str, home: Path, certificate: tuple[Path, Path]) -> Ended:
    kind: Kind = "datacenter" if case == "captcha" else "cloud"
    with JiraStandIn(kind, tls=certificate if case == "certificate" else None) as jira:
        jira.token = SECRET
        some_tickets(jira, 20)
        jira.faults.captcha = case == "captcha"
        if case == "login page":
            jira.faults.html_next("*", times=999)
        if case == "redirect":
            jira.faults.redirect_next("*", times=999)
        url = f"http://127.0.0.1:{_closed_port()}" if case == "wrong url" else jira.url
        given = {
            "URL": f"{url}/nothing/here" if case == "no jira" else url,
            "TOKEN": f"{SECRET}-wrong" if case == "wrong token" else SECRET,
            "PROJECTS": "NOPE" if case == "wrong project" else "SUP",
        } | ({"EMAIL": EMAIL} if kind == "cloud" else {})
        env = {name: value for name, value in os.environ.items() if not name.startswith("ESCALATIONS_")}
        env |= {f"ESCALATIONS_JIRA_{name}": value for name, value in given.items()} | {"PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", COMMAND, "run", "--source", "jira", "--home", str(home)]
        done = subprocess.run(command, cwd=home, env=env, capture_output=True, check=False, text=True, timeout=60)
    left = [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return Ended(done.returncode, done.stdout, done.stderr, left)


def _closed_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture(params=[case for case in CASES if case != "good"])
def failed(request: pytest.FixtureRequest, ended: dict[str, Ended]) -> Iterator[tuple[str, Ended]]:
    yield CASES[request.param], ended[request.param]


def test_a_failure_is_one_plain_line_and_leaves_nothing(failed: tuple[str, Ended]) -> None:
    told, one = failed
    lines = [line for line in one.err.splitlines() if not line.startswith("LOG ")]
    assert one.code == 13, one.err
    assert len(lines) == 1, one.err
    assert lines[0].startswith("escalations: ")
    assert told in lines[0]
    assert not one.left


def test_no_output_or_log_holds_a_secret(ended: dict[str, Ended]) -> None:
    for one in ended.values():
        for secret in (SECRET, EMAIL):
            assert secret not in one.out + one.err
    assert "LOG " in ended["good"].err


def test_a_good_run_ends_with_the_page(ended: dict[str, Ended]) -> None:
    assert ended["good"].code == 0, ended["good"].err
    assert "extract: 20 issues" in ended["good"].out
    assert "warehouse.duckdb" in ended["good"].left
