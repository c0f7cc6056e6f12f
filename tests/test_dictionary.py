"""The data dictionary says what the tables hold."""

import re
from pathlib import Path

import pytest

from analysis.dictionary import dictionary
from analysis.table_files import table_files

ROOM = Path(__file__).parent.parent / "pipelines"


def test_the_dictionary_is_up_to_date() -> None:
    assert (ROOM / "DATA_DICTIONARY.md").read_text() == dictionary(), "run `make dictionary`"


@pytest.mark.parametrize("name", sorted(table_files()))
def test_every_column_is_in_it(name: str) -> None:
    part = dictionary().split(f"### {name}\n")[1].split("\n###")[0]
    assert re.findall(r"^\| `(\w+)` \|", part, re.MULTILINE) == list(table_files()[name].columns)
