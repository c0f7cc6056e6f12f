"""Tickets with their tags, to learn from: the starter set that comes with the program, and a desk's own answers.

The starter set (`starter/*.toml`) was written and tagged by hand, each file by another hand.
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

STARTER = Path(__file__).parent / "starter"


@dataclass(frozen=True)
class Example:
    """A ticket's words and its tags by kind; examples of one `group` are kept together in every fold.

    `weight` is how much it counts beside one of the starter set.
    """

    name: str
    summary: str
    description: str
    tags: Mapping[str, str]
    group: str
    weight: float = 1.0

    @property
    def digest(self) -> str:
        """A short hash of words, tags and weight."""
        told = (self.summary, self.description, sorted(self.tags.items()), self.weight)
        return hashlib.sha256(repr(told).encode("utf-8", "replace")).hexdigest()[:12]


def starter_examples(folder: Path = STARTER) -> list[Example]:
    """Every ticket of the starter set, by file and place in it. A file is the work of one hand, and a group.

    The words with which a ticket was closed are an example of their own, for its root cause.
    """
    return [example for path in sorted(folder.glob("*.toml")) for example in examples_in(path)]


def examples_in(path: Path) -> Iterator[Example]:
    """The tickets of one file of that form."""
    for ticket in tomllib.loads(path.read_text(encoding="utf-8"))["ticket"]:
        told = {"provider": ticket["provider"], "failure_category": ticket["category"]}
        yield Example(ticket["id"], ticket["summary"].strip(), ticket["description"].strip(), told, path.stem)
        closing = ticket.get("resolution", "").strip()
        if closing and ticket.get("root_cause"):
            yield Example(f"{ticket['id']} resolved", "", closing, {"root_cause": ticket["root_cause"]}, path.stem)
