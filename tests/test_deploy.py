"""Deploying to a Prefect server with a worker, and the files for Docker and systemd."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from jira_standin import JiraStandIn
from served_desk import FLOWS, ROOT, Served, busy_desk, command, environment, free_port
from test_cli import escalations

FILES = ROOT / "pipelines" / "deploy"


@pytest.mark.slow
def test_a_worker_carries_out_what_was_deployed(tmp_path: Path) -> None:
    port = free_port()
    with JiraStandIn("cloud") as jira:
        busy_desk(jira)
        given = environment(tmp_path / "desk", jira)
        given |= {"PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"}
        given |= {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "PREFECT_WORKER_QUERY_SECONDS": "1"}
        served = Served(given, tmp_path, port)
        prefect = [sys.executable, "-m", "pipelines.parent_watch", "prefect"]
        with (tmp_path / "serve.log").open("wb") as log:
            server = [*prefect, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
            served.process = subprocess.Popen(server, env=given, stdout=log, stderr=log)
            try:
                served.until(served.is_up, 120)
                told = subprocess.run(
                    command("deploy", "--pool", "desk"), env=given, cwd=tmp_path, capture_output=True, check=True
                )
                assert told.stdout.decode().splitlines()[-1] == "start a worker there: prefect worker start --pool desk"
                assert {one["name"] for one in served.deployments()} == FLOWS
                pool = served.ask("/work_pools/desk")
                assert (pool["type"], pool["concurrency_limit"]) == ("process", None)
                assert {one["global_concurrency_limit"]["limit"] for one in served.deployments()} == {1}
                assert given["ESCALATIONS_JIRA_TOKEN"] not in str(served.deployments())
                served.until(lambda: all(served.runs(flow, "Scheduled") for flow in FLOWS), 90)
                worker = subprocess.Popen(
                    [*prefect, "worker", "start", "--pool", "desk"], env=given, stdout=log, stderr=log
                )
                run = served.ended(served.trigger("sync"))
                assert run["state"]["type"] == "COMPLETED", run["state"]
                assert set(served.artifacts(run["id"])) == {"sync-counts", "sync-tag-sources"}
                worker.send_signal(signal.SIGTERM)
                worker.wait(30)
                again = subprocess.run(
                    command("deploy", "--pool", "desk", "--image", "escalations"),
                    env=given,
                    cwd=tmp_path,
                    capture_output=True,
                    check=False,
                )
                assert again.returncode == 11
                assert b"work pool desk is of type process, not docker" in again.stderr
            finally:
                served.process.kill()
                served.process.wait()


def test_deploy_wants_a_server(tmp_path: Path) -> None:
    ended = escalations(tmp_path, "deploy")
    assert (ended.returncode, ended.stderr) == (
        11,
        "escalations: deploy: set PREFECT_API_URL to the address of your Prefect server's API\n",
    )


def test_serve_names_all_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.toml").write_text(
        'source = "jira"\njira_ca = "nowhere.pem"\njira_url = "jira.example"\n'
    )
    ended = escalations(tmp_path, "serve")
    assert ended.returncode == 11
    for words in (
        "ESCALATIONS_JIRA_TOKEN, ESCALATIONS_JIRA_PROJECTS",
        "jira_url is not an address",
        "nowhere.pem is not a file",
    ):
        assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 3
    assert not (tmp_path / "data" / "prefect").exists()


@pytest.mark.parametrize("arguments", [["serve"], ["deploy"]], ids=lambda a: a[0])
def test_without_the_extra_it_says_what_to_install(arguments: list[str], tmp_path: Path) -> None:
    code = "import sys; sys.modules['prefect'] = None; from pipelines.cli import main; main()"
    given = {key: value for key, value in os.environ.items() if not key.startswith(("ESCALATIONS_", "PREFECT_"))}
    given |= {"PYTHONPATH": str(ROOT), "ESCALATIONS_SOURCE": "export.json", "PREFECT_API_URL": "http://127.0.0.1:9/api"}
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, env=given, capture_output=True, check=False
    )
    assert ended.returncode == 11
    assert b"its packages are not installed; run `pip install 'escalations[serve]'`" in ended.stderr


def test_other_commands_do_not_pay_for_prefect() -> None:
    code = "import sys, pipelines.cli; print(sorted({'prefect', 'apprise', 'duckdb', 'pandas'} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT)}, capture_output=True, check=True)
    assert ended.stdout == b"[]\n"


# -- files -----------------------------------------------------------------------------------------------------


def test_the_image_is_built_of_what_is_there() -> None:
    lines = (FILES / "Dockerfile").read_text().splitlines()
    for line in lines:
        if line.startswith("COPY"):
            for path in line.split()[1:-1]:
                assert (ROOT / path).exists(), path
    assert lines.index("USER desk") < lines.index('ENTRYPOINT ["escalations"]')
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    python = next(line for line in lines if line.startswith("FROM"))
    assert re.match(r"FROM python:3\.(1[1-9])-slim", python)
    assert project["requires-python"] == ">=3.11"


def test_the_image_has_what_serving_needs_and_no_tools_of_developers() -> None:
    """Each package as in the lock of everything: what was tested is what runs."""
    names = {
        path: set(re.findall(r"^[\w.-]+==\S+", path.read_text(), re.MULTILINE))
        for path in (FILES / "requirements.lock", ROOT / "requirements.lock")
    }
    mine, everything = names.values()
    assert mine < everything
    found = {name.partition("==")[0] for name in mine}
    assert {"prefect", "apprise", "jira", "duckdb", "hatchling"} <= found
    assert not {"pytest", "mypy", "ruff", "hypothesis"} & found


def test_compose_gives_the_desk_a_volume_and_no_secret() -> None:
    told = yaml.safe_load((FILES / "compose.yaml").read_text())
    service = told["services"]["escalations"]
    assert (FILES / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert service["volumes"] == ["desk:/desk"]
    assert set(service["environment"]) == {"ESCALATIONS_SOURCE"}
    assert set(told["volumes"]) == {"desk"}


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "escalations.service"
    text = (FILES / "escalations.service").read_text()
    assert "ExecStart=/opt/escalations/.venv/bin/escalations serve\n" in text
    unit.write_text(text.replace("/opt/escalations/.venv/bin/escalations", "/bin/true"))
    ended = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
