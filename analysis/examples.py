"""Tickets with their tags, to learn from: the starter set that comes with the program, and a desk's own answers.

The starter set (`starter/*.toml`) was written and tagged by hand, each file by another hand.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STARTER = Path(__file__).parent / "starter"


@dataclass(frozen=True)
class Example:
    """A ticket's words and its tags by kind; examples of one `group` are kept together in every fold."""

    name: str
    summary: str
    description: str
    tags: Mapping[str, str]
    group: str
    resolution: str = ""
    weight: float = 1.0


def starter_examples(folder: Path = STARTER) -> list[Example]:
    """Every ticket of the starter set, by file and place in it. A file is the work of one hand, and a group."""
    return [example for path in sorted(folder.glob("*.toml")) for example in _examples_in(path)]


def _examples_in(path: Path) -> Iterator[Example]:
    for ticket in tomllib.loads(path.read_text(encoding="utf-8"))["ticket"]:
        yield Example(
            name=ticket["id"],
            summary=ticket["summary"].strip(),
            description=ticket["description"].strip(),
            tags=_tags(ticket),
            group=path.stem,
            resolution=ticket.get("resolution", "").strip(),
        )


def _tags(ticket: Mapping[str, Any]) -> dict[str, str]:
    told = {"provider": ticket["provider"], "failure_category": ticket["category"]}
    return told | ({"root_cause": ticket["root_cause"]} if ticket.get("root_cause") else {})
