"""What `doctor` says of targets and permissions: what a delivery or a comment would run into, found out without one."""

import resource
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import fsspec
import pytest
from delivery_desk import certificate, mail_to, object_store, post_office
from jira_standin import JiraStandIn
from served_desk import free_port, listening
from test_first_settings import asked, command

from analysis.taxonomy import read_criteria
from pipelines.deliver import reach
from pipelines.doctor import Finding, check_targets, examine
from pipelines.live import live_source
from pipelines.settings import Settings

# one of apprise's many plug-ins imports a module that Python 3.11 warns of
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
SECRET = "SECRETWORD"  # noqa: S105


def looked(*targets: dict[str, Any]) -> list[tuple[str, str, str]]:
    settings = Settings.model_validate({"home": "nowhere", "targets": targets})
    found = [(one.what, one.state, one.text) for one in check_targets(settings)]
    assert SECRET not in str(found)
    return found


def the(target: dict[str, Any]) -> str:
    ((what, state, text),) = looked(target)
    assert what == f"target {target['name']}"
    return f"{state}: {text}"


# -- folder ----------------------------------------------------------------------------------------------------


def folder(path: Path, name: str = "share") -> dict[str, Any]:
    return {"name": name, "kind": "folder", "path": path}


def test_a_folder_that_can_be_written_stays_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("x")
    assert the(folder(tmp_path)) == f"ok: {tmp_path} can be written"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    where = tmp_path / "unmounted"
    assert the(folder(where)) == f"wrong: {where} is no folder; make it, or mount what should be there"
    assert not where.exists()


def test_a_folder_in_which_nobody_may_write() -> None:
    assert the(folder(Path("/proc"))).startswith("wrong: /proc cannot be written (")


def test_a_folder_without_room(tmp_path: Path) -> None:
    """A limit of this process stands for a full disk: the file is made, and takes no more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (reach.FOLDER_BYTES // 2, before[1]))
    try:
        told = the(folder(tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert told == f"wrong: {tmp_path} cannot be written (File too large); see to space and rights"
    assert list(tmp_path.iterdir()) == []


def test_one_that_fails_does_not_hide_the_others(tmp_path: Path) -> None:
    found = looked(folder(tmp_path / "a", "a"), folder(tmp_path, "b"))
    assert [(what, state) for what, state, _ in found] == [("target a", "wrong"), ("target b", "ok")]


# -- object store ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with object_store() as address:
        yield address


def test_a_store(s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reached = {"endpoint_url": s3, "region_name": "eu-west-1"}
    seen = fsspec.filesystem("s3", key="k", secret=SECRET, client_kwargs=reached, use_listings_cache=False)
    seen.mkdir("there")
    told = {"name": "bucket", "kind": "store", "endpoint": s3, "region": "eu-west-1", "key": "k", "secret": SECRET}
    assert the({**told, "url": "s3://there/desk"}) == (
        "ok: the bucket there answers; whether it may be written to, the first delivery tells"
    )
    assert seen.find("there") == []
    assert the({**told, "url": "s3://not-there"}).startswith("wrong: the bucket not-there was not reached (")
    monkeypatch.setattr(reach, "PATIENCE", 1.0)
    away = the({**told, "url": "s3://there", "endpoint": f"http://127.0.0.1:{free_port()}"})
    assert away.startswith("wrong: the bucket there was not reached (")


# -- mail ------------------------------------------------------------------------------------------------------


def test_a_mail_server_that_answers_is_sent_nothing() -> None:
    with post_office() as post:
        assert the(mail_to(post.port)) == f"ok: 127.0.0.1:{post.port} answers; nothing was sent"
        assert post.raw == []


def test_a_mail_server_that_does_not_answer() -> None:
    port = free_port()
    assert the(mail_to(port)) == (
        f"wrong: 127.0.0.1:{port} could not be reached (ConnectionRefusedError); "
        "see to host, port, security, user, password"
    )


@pytest.mark.parametrize(
    ("password", "words"),
    [
        (SECRET, "ok: 127.0.0.1:{port} answers, and takes user and password; nothing was sent"),
        (f"{SECRET}x", "wrong: 127.0.0.1:{port} said 535 (SMTPAuthenticationError); "),
    ],
)
def test_a_mail_server_with_a_login(password: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cert = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    with post_office(cert) as post:
        target = mail_to(post.port, security="starttls", user="desk", password=password)
        assert the(target).startswith(words.format(port=post.port))
        assert post.raw == []


# -- chat ------------------------------------------------------------------------------------------------------


def test_a_chat_is_looked_at_and_sent_nothing() -> None:
    with listening() as hook:
        well = {"name": "ops", "kind": "chat", "url": hook.url}
        assert the(well) == "ok: its url is well-formed; whether it is right, the first message tells"
        assert hook.messages == []
    ill = {"name": "ops", "kind": "chat", "url": f"nonsense://{SECRET}"}
    assert the(ill) == "wrong: its url is no address that apprise knows; correct it in the settings"


# -- what the account may do -----------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraStandIn]:
    with JiraStandIn(request.param) as standing:
        standing.add_project("SUP")
        standing.add_field("customfield_901", "Support tier")
        standing.create("SUP", summary="a secret summary")
        yield standing


BROWSE, COMMENT, EDIT = "BROWSE_PROJECTS", "ADD_COMMENTS", "EDIT_ISSUES"
MAY = [  # lacking, are first looks written → state of the last finding, and what it says
    ((), False, "ok: SUP: the account may comment and label, where it is told to"),
    ((), True, "ok: SUP: the account may comment and label, where it is told to"),
    ((EDIT,), False, "ok: SUP: `pushback --post` would be refused; grant it Edit Issues where that is wanted"),
    ((EDIT,), True, "look: SUP: `pushback --post` would be refused; grant it Edit Issues where that is wanted"),
    (
        (COMMENT, EDIT),
        False,
        "ok: SUP: `pushback --post` would be refused; grant it Add Comments and Edit Issues where that is wanted",
    ),
    (
        (COMMENT,),
        True,
        "wrong: SUP: triage_comments is on, and the account may not comment; grant it Add Comments, "
        "or set triage_comments to false",
    ),
    ((BROWSE,), True, "wrong: SUP: the account may not browse it; grant it Browse Projects"),
]


@pytest.mark.parametrize(("lacks", "writes", "last"), MAY)
def test_permissions(lacks: tuple[str, ...], writes: bool, last: str, jira: JiraStandIn, tmp_path: Path) -> None:
    jira.faults.lacks = set(lacks)
    n_before = len(jira.writes)
    try:
        found = examine(_settings(jira, tmp_path, triage_comments=writes), print)
    finally:
        jira.faults.lacks = set()
    told = [f"{one.state}: {one.text}" for one in found if one.what == "permissions"]
    assert told[-1] == last
    assert len(told) == 1 + (BROWSE not in lacks)
    assert len(jira.writes) == n_before


def test_nothing_is_asked_for_where_nothing_is_written(jira: JiraStandIn, tmp_path: Path) -> None:
    """Engineering's projects are only read."""
    jira.faults.lacks = {COMMENT, EDIT}
    settings = _settings(jira, tmp_path, triage_comments=True)
    (tmp_path / "criteria").mkdir()
    (tmp_path / "criteria" / "site.toml").write_text('reporting_zone = "UTC"\n[tier3]\nprojects = ["PENG"]\n')
    if "PENG" not in jira.projects:
        jira.add_project("PENG")
    try:
        told = [one for one in examine(settings, print) if one.what == "permissions"]
    finally:
        jira.faults.lacks = set()
    assert Finding("permissions", "ok", "PENG: the account may browse it") == told[-1]
    assert [one.state for one in told] == ["ok", "wrong", "ok"]


def _settings(jira: JiraStandIn, home: Path, **more: Any) -> Settings:
    told = {"home": home, "source": "jira", "jira_url": jira.url, "jira_token": jira.token, "jira_projects": ["SUP"]}
    return Settings.model_validate({**told, "jira_email": jira.email if jira.cloud else None, **more})


# -- a token with scopes ---------------------------------------------------------------------------------------


def test_a_token_with_scopes_counts_at_the_gateway(tmp_path: Path) -> None:
    with JiraStandIn("cloud") as jira:
        jira.add_project("SUP")
        jira.add_field("customfield_901", "Support tier")
        jira.create("SUP", summary="broken")
        jira.faults.token_has_scopes = True
        refused = command(tmp_path, "init", *asked(jira))
        assert refused.returncode == 13
        assert "it is one with scopes, which needs jira_gateway" in refused.stderr
        made = command(tmp_path, "init", *asked(jira), "--jira-gateway", jira.gateway)
        assert made.returncode == 0, made.stderr
        settings = tomllib.loads((tmp_path / "data" / "settings.toml").read_text())
        assert (settings["jira_url"], settings["jira_gateway"]) == (jira.url, jira.gateway)
        ran = command(tmp_path, "extract")
        assert ran.returncode == 0, ran.stderr
        assert f"1 issues of jira:{urlsplit(jira.url).netloc}" in ran.stdout
        ways = [_settings(jira, tmp_path, jira_gateway=way) for way in (jira.gateway, None)]
        assert len({live_source(one, read_criteria(), print).source_id for one in ways}) == 1  # one warehouse for both
