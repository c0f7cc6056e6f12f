"""The data dictionary and the manual of operating say what the program does."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from analysis.dictionary import dictionary
from analysis.errors import EscalationsError
from analysis.table_files import table_files
from pipelines.cli import app
from pipelines.settings import Retention

ROOM = Path(__file__).parent.parent / "pipelines"
MANUAL = (ROOM / "OPERATING.md").read_text()


def test_the_dictionary_is_up_to_date() -> None:
    assert (ROOM / "DATA_DICTIONARY.md").read_text() == dictionary(), "run `make dictionary`"


@pytest.mark.parametrize("name", sorted(table_files()))
def test_every_column_is_in_it(name: str) -> None:
    part = dictionary().split(f"### {name}\n")[1].split("\n###")[0]
    assert re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) == list(table_files()[name].columns)


def codes(error: type[EscalationsError]) -> set[int]:
    return {error.exit_code}.union(*(codes(one) for one in error.__subclasses__()))


def test_the_manual_tells_what_to_do_for_each_exit_code() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", MANUAL, re.MULTILINE)}
    assert told == {0, 1} | codes(EscalationsError)


def test_commands_and_options_of_the_manual_are_there() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    named = re.findall(r"(?:^    |`)escalations (\w+)([^`#\n]*)", MANUAL, re.MULTILINE)
    assert len(named) > 10
    for command, rest in named:
        known = {option for one in commands[command].params for option in one.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known | {"--help"}, f"{command}{rest}"


def test_the_retention_of_the_manual_is_valid() -> None:
    (days,) = re.findall(r"^    days = (\d+) ", MANUAL, re.MULTILINE)
    (least,) = re.findall(r"at least (\d+)", MANUAL)
    assert Retention(days=int(days)).days == 730
    with pytest.raises(ValueError, match="greater than or equal"):
        Retention(days=int(least) - 1)
