"""The README is held against the code: its commands, its paths, its pictures."""

import re
import tomllib
from pathlib import Path

import typer.main

from pipelines.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_every_command_is_documented() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name in commands:
        assert re.search(rf"`escalations {name}\b", README), f"`escalations {name}` is not in the README"


def test_no_command_is_documented_that_is_not_there() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    named = set(re.findall(r"`escalations ([a-z]+)", README))
    assert named <= set(commands)


def test_every_path_it_names_exists() -> None:
    paths = re.findall(r"`((?:pipelines|analysis|reports|tests|data/sample|\.ci)/[\w./-]*)`", README)
    assert len(paths) > 10
    for path in paths:
        assert (ROOT / path).exists(), f"README names {path}"


def test_every_picture_and_link_is_there() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"(?:`|    )make ([a-z]+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_version_is_the_same_everywhere() -> None:
    from pipelines import __version__

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text()


def test_top_level_is_as_agreed() -> None:
    import subprocess

    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    top = {path.split("/")[0] for path in listed}
    folders = {"pipelines", "analysis", "reports", "tests", "data"}
    files = {
        "pyproject.toml",
        "README.md",
        "CHANGELOG.md",
        "Makefile",
        "requirements.lock",
        "requirements-runtime.lock",
    }
    assert {name for name in top if not name.startswith(".")} <= folders | files
