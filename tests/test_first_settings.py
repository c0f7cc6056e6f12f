"""`init` and `doctor` against the stand-in: what they propose, where the token goes, what they find."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from jira_standin import JiraStandIn

from analysis.errors import SettingsError
from analysis.taxonomy import read_criteria
from pipelines.doctor import check_token, examine
from pipelines.first_settings import propose, site_toml, write_desk
from pipelines.settings import Settings

ROOT = Path(__file__).parent.parent
NAMES = {
    "summary": "Summary",
    "customfield_1": "Story points",
    "customfield_2": "Rooftop / Dealer",
    "customfield_3": "Support Tier",
    "customfield_4": "Integration partner",
}


@pytest.fixture(scope="module", params=["cloud", "datacenter"])
def jira(request: pytest.FixtureRequest) -> Iterator[JiraStandIn]:
    with JiraStandIn(request.param) as standing:
        standing.add_project("SUP")
        standing.add_field("customfield_901", "Support tier")
        standing.add_field("customfield_902", "Dealer")
        standing.create("SUP", summary="a secret summary")
        yield standing


def command(folder: Path, *words: str, answers: str = "") -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ESCALATIONS_")} | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "pipelines", *words],
        cwd=folder,
        env=environment,
        input=answers,
        capture_output=True,
        text=True,
        check=False,
    )


def asked(jira: JiraStandIn) -> list[str]:
    email = jira.email if jira.kind == "cloud" else ""
    return ["--jira-url", jira.url, "--jira-token", jira.token, "--projects", "SUP", "--jira-email", email]


def test_what_fields_and_statuses_look_like() -> None:
    found = propose(NAMES, ["Open", "Waiting for customer", "Pending vendor", "On hold - Tier 1"])
    assert found.tier == ("customfield_3", "Support Tier")
    assert found.fields["dealer"] == ("customfield_2", "Rooftop / Dealer")
    assert found.fields["provider"] == ("customfield_4", "Integration partner")
    assert found.waiting_on == {
        "provider": ["Pending vendor"],
        "dealer": ["Waiting for customer"],
        "ops": ["On hold - Tier 1"],
    }


def test_the_proposal_is_a_valid_site(tmp_path: Path) -> None:
    odd = NAMES | {"customfield_5": 'Merged "on"\nsomewhere', "customfield_6": "Go-live date"}
    (tmp_path / "site.toml").write_text(site_toml(propose(odd, ['Waiting for "vendor"']), "America/Denver"))
    site = read_criteria(tmp_path).site
    assert site.reporting_zone == "America/Denver"
    assert site.tier.source[0].field == "customfield_3"
    assert site.statuses.waiting_on["provider"] == ('Waiting for "vendor"',)
    assert (site.fields.live_at, site.onboardings.issue_types) == ("customfield_6", ("Onboarding",))


def test_init_then_doctor_then_run(jira: JiraStandIn, tmp_path: Path) -> None:
    made = command(tmp_path, "init", *asked(jira))
    assert made.returncode == 0, made.stderr
    assert jira.token not in made.stdout + made.stderr
    assert (tmp_path / ".env").read_text() == f"ESCALATIONS_JIRA_TOKEN={jira.token}\n"
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    settings = tomllib.loads((tmp_path / "data" / "settings.toml").read_text())
    assert settings["jira_projects"] == ["SUP"] and "jira_token" not in settings
    site = tomllib.loads((tmp_path / "data" / "criteria" / "site.toml").read_text())
    assert site["fields"]["dealer"] == "customfield_902" and site["tier"]["source"][0]["field"] == "customfield_901"
    looked = command(tmp_path, "doctor")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "SUP: the account may browse it" in looked.stdout and "secret" not in looked.stdout
    ran = command(tmp_path, "run")
    assert ran.returncode == 0, ran.stderr
    again = command(tmp_path, "doctor")
    assert "SUP-1: status" in again.stdout and "secret" not in again.stdout


@pytest.mark.parametrize(("projects", "words"), [("SUP NOPE", "--projects: NOPE: "), (" , ", "at least one key")])
def test_init_with_a_project_that_is_not_there(projects: str, words: str, jira: JiraStandIn, tmp_path: Path) -> None:
    made = command(tmp_path, "init", *asked(jira), "--projects", projects)
    assert (made.returncode, made.stdout) == (2, "")
    assert words in made.stderr and len(made.stderr.splitlines()) == 1
    assert not (tmp_path / "data" / "settings.toml").exists()


def test_init_never_overwrites(tmp_path: Path) -> None:
    home, env = tmp_path / "data", tmp_path / ".env"
    (home / "criteria").mkdir(parents=True)
    (home / "criteria" / "site.toml").write_text("mine")
    env.write_text("ESCALATIONS_JIRA_TOKEN=mine\n")
    written = write_desk(home, "theirs", {"source": "jira"}, "theirs", env)
    assert (
        home / "criteria" / "site.toml"
    ).read_text() == "mine" and env.read_text() == "ESCALATIONS_JIRA_TOKEN=mine\n"
    assert home / "settings.toml" in written and env not in written


@pytest.mark.parametrize(("ignored", "is_written"), [(".env\n", True), ("", False)])
def test_a_token_is_written_only_where_git_does_not_look(tmp_path: Path, ignored: str, is_written: bool) -> None:
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_text(ignored)
    if is_written:
        assert tmp_path / ".env" in write_desk(tmp_path / "data", "", {}, "t0ken", tmp_path / ".env")
    else:
        with pytest.raises(SettingsError, match=r"git tracks this file.*\.gitignore"):
            write_desk(tmp_path / "data", "", {}, "t0ken", tmp_path / ".env")
        assert not (tmp_path / "data").exists()


def test_doctor_names_what_is_missing(jira: JiraStandIn, tmp_path: Path) -> None:
    told = {"jira_email": jira.email if jira.kind == "cloud" else None, "jira_token": jira.token}
    settings = Settings(home=tmp_path, source="jira", jira_url=jira.url, jira_projects=("SUP", "NOPE"), **told)  # type: ignore[arg-type]
    found = {(one.what, one.state): one.text for one in examine(settings, print)}
    assert found["permissions", "wrong"].startswith("NOPE: ")
    assert any("Failure category" in one.text for one in examine(settings, print) if one.what == "fields")
    assert ("token", "look") in found


def test_doctor_with_a_wrong_token_says_so_and_ends_with_11(jira: JiraStandIn, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.toml").write_text(
        f'jira_url = "{jira.url}"\njira_email = "a@example.com"\njira_token = "no"\n'
    )
    looked = command(tmp_path, "doctor")
    assert looked.returncode == 11
    assert "wrong jira: " in looked.stdout and "jira_token" in looked.stdout


@pytest.mark.parametrize(("expires", "state"), [("2026-01-01", "wrong"), ("2026-03-10", "look"), ("2026-09-01", "ok")])
def test_token_expiry(expires: str, state: str) -> None:
    from datetime import date

    assert check_token(date.fromisoformat(expires), date(2026, 3, 2)).state == state
