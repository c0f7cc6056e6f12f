"""The manual of operating is held against the program: what it names is there, and its examples do what it says."""

import gzip
import json
import re
import shutil
import tomllib
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from jira_standin import CLOUD_ROUTES
from served_desk import ROOT
from test_cli import done, refused
from test_jira_prism import DOCUMENT
from typer.main import get_command

from analysis.errors import EscalationsError
from analysis.taxonomy import PACKAGED
from analysis.warehouse import kept_state
from pipelines.cli import app
from pipelines.doctor import TO_PUSH_BACK
from pipelines.settings import Retention, Settings

MANUAL = (ROOT / "pipelines" / "OPERATING.md").read_text()
SAMPLE = ROOT / "data" / "sample"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", MANUAL, re.MULTILINE | re.DOTALL)
SETTINGS = re.findall(r"^\| `(\w+)` \| (?:`?([^|`]*?)`? )?\| ", MANUAL, re.MULTILINE)


def section(words: str) -> str:
    return re.split(r"^## ", MANUAL.split(f" {words}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def codes(error: type[EscalationsError]) -> set[int]:
    return {error.exit_code}.union(*(codes(one) for one in error.__subclasses__()))


def test_each_exit_code_has_a_line() -> None:
    told = [int(code) for code in re.findall(r"^\| (\d+) \|", MANUAL, re.MULTILINE)]
    assert told == sorted({0, 1} | codes(EscalationsError))


def test_commands_and_options_are_there() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = re.findall(r"(?:^    (?:\$ )?|`|/)escalations (\w+)([^`#\n]*)", MANUAL, re.MULTILINE)
    assert len(named) > 25
    for command, rest in named:
        known = {option for one in commands[command].params for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known | {"--help"}, f"{command}{rest}"


def test_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"\bmake ([a-z]+)$", MANUAL, re.MULTILINE)) | set(re.findall(r"&& make (\w+)", MANUAL))
    assert targets == {"desk"}
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_each_setting_has_a_line_with_its_default() -> None:
    assert [name for name, _ in SETTINGS] != []
    assert sorted(name for name, _ in SETTINGS) == sorted(Settings.model_fields)
    for name, told in SETTINGS:
        default = Settings.model_fields[name].default
        if isinstance(default, int | float | Path):
            assert str(default).removesuffix(".0").lower() == told.lower(), name
        else:
            assert told == "", name


def test_secrets_are_marked() -> None:
    marked = set(re.findall(r"^\| `(\w+)` \|.*\*\*secret\*\*", MANUAL, re.MULTILINE))
    secret = {name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)}
    assert secret <= marked
    assert marked - secret == {"jira_proxy", "targets"}  # an address or a list that may hold one


def test_variables_of_the_environment_are_settings() -> None:
    named = set(re.findall(r"ESCALATIONS_([A-Z_]+)\b", MANUAL))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_permissions_are_those_that_are_asked_for() -> None:
    told = section("1 An account for the program")
    assert all(words in told for words in ("Browse Projects", *TO_PUSH_BACK.values()))


@pytest.mark.real_data
@pytest.mark.skipif(
    not DOCUMENT.exists(), reason=f"{DOCUMENT} is absent: Atlassian's document is not part of the project"
)
def test_scopes_are_those_of_the_routes_that_are_used() -> None:
    """Of the routes that the stand-in serves, which are all that the program asks, by Atlassian's own document."""
    paths = json.loads(gzip.decompress(DOCUMENT.read_bytes()))["paths"]
    needed = set()
    for method, route in CLOUD_ROUTES:
        path = (
            re.sub(r"^issue(?!/bulk|$)", "issue/{issueIdOrKey}", route) if route != "issue" else "issue/{issueIdOrKey}"
        )
        path += "/{propertyKey}" if path.endswith("properties") else ""
        entry = paths.get(f"/rest/api/3/{path}", {}).get(method.lower())
        if entry:  # a route that was removed is not in it
            kinds = {one["state"]: one["scopes"] for one in entry.get("x-atlassian-oauth2-scopes", [])}
            needed |= set(kinds.get("Current", []))
    assert needed == set(re.findall(r"`((?:read|write|manage)[:\w-]+)`", section("1 An account for the program")))


def test_the_retention_is_valid() -> None:
    (days,) = re.findall(r"^    days = (\d+) ", MANUAL, re.MULTILINE)
    (least,) = re.findall(r"at least (\d+)$", MANUAL, re.MULTILINE)
    assert Retention(days=int(days)).days == 730
    with pytest.raises(ValueError, match="greater than or equal"):
        Retention(days=int(least) - 1)


def test_files_and_places_in_it_are_there() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", MANUAL):
        assert (ROOT / "pipelines" / target).exists(), target
    for name in ("deploy/", "CHANGELOG.md", "Dockerfile"):
        assert f"`{name}`" in MANUAL
    assert kept_state(Path("HOME/warehouse.duckdb"), 0).as_posix().replace("0", "N") in MANUAL
    headers = {
        re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^## (.*)$", MANUAL, re.M)
    }
    anchors = re.findall(r"OPERATING\.md#([\w-]+)", (ROOT / "README.md").read_text())
    assert anchors and set(anchors) <= headers


# -- the examples, really run ----------------------------------------------------------------------------------


def example(kind: str) -> list[str]:
    return [text for name, text in BLOCKS if name == kind]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's desk, judged by the criterion of the manual, and by its second version after that."""
    folder = tmp_path_factory.mktemp("desk")
    criteria = folder / "data" / "criteria"
    shutil.copytree(SAMPLE / "criteria", criteria)
    file, shipped = criteria / "escalation_criteria.toml", (PACKAGED / "escalation_criteria.toml").read_text()
    first, second = example("toml")
    file.write_text(f"{shipped}\n{first}")
    done(folder, "run", "--source", str(SAMPLE / "issues.jsonl.gz"))
    added = second[second.index('[[criterion.requires]]\nwhat = "since') :]
    file.write_text(f"{shipped}\n{first}{added}")
    (told,) = re.findall(r"^    (escalations: .*)$", section("4 Changing a criterion"), re.MULTILINE)
    assert refused(folder, 12, "report") == told
    file.write_text(f"{shipped}\n{first}\n{second}")
    assert f"    {done(folder, 'check').splitlines()[-1]}\n" in MANUAL
    shutil.rmtree(folder / "data" / "published")  # which is made anew at most hourly
    done(folder, "report")
    return folder


@pytest.mark.slow
def test_a_new_version_judges_from_its_day_on(changed: Path) -> None:
    begins = [tomllib.loads(text)["criterion"][0]["effective_from"] for text in example("toml")]
    with duckdb.connect(str(changed / "data" / "published" / "escalations.duckdb"), read_only=True) as desk:
        (query,) = example("sql")
        sql, _, told = query.partition("-- ")
        assert [" ".join(map(str, row)) for row in desk.execute(sql).fetchall()] == [told.strip()]
        rows = desk.execute(
            "select distinct criterion_version, min(escalated_at)::date from mart.verdicts "
            "join mart.escalations using (issue_id, escalation_no) where criterion_id = 'information' group by 1"
        ).fetchall()
    assert rows != [] and all(since >= begins[version - 1] for version, since in rows)
    (page,) = (changed / "data" / "reports").glob("*/ops.html")
    assert 'or since when. <span class="few">version 2, since 2 Nov 2026' in page.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(example("python"))))
def test_a_bi_tool_reads_as_the_manual_says(number: int, changed: Path) -> None:
    said = StringIO()
    with chdir(changed), redirect_stdout(said):
        exec(compile(example("python")[number], "the manual", "exec"), {})  # noqa: S102 - our own words
    assert len(said.getvalue().splitlines()) > 3


@pytest.mark.slow
def test_what_it_names_in_the_home_is_there(changed: Path) -> None:
    named = set(re.findall(r"`HOME/([\w./-]+?)/?`", MANUAL))
    # of init, backup, an upgrade, an erasing that was cut off
    later = {"settings.toml", "inputs", "backups", "warehouse.duckdb.state-vN.duckdb", ".forgetting.json"}
    by_hand = {"criteria/site.toml", "criteria/dealers.csv", "criteria/escalation_criteria.toml"}
    assert later | by_hand <= named
    assert {name for name in named - later if not (changed / "data" / name).exists()} == set()
