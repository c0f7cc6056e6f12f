"""Texts with planted secrets and look-alikes (tests/masking/*.toml), and what normalise makes of them.

⟦kind|value⟧ must be masked, ⟦=class|value⟧ must survive; a broken bar ¦ is left out (see the files' heads).
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from analysis.taxonomy import read_criteria
from pipelines.field_catalogue import FieldCatalogue
from pipelines.normalise import normalise

FOLDER = Path(__file__).parent / "masking"
MARK = re.compile(r"⟦(=?)(\w+)\|([^⟧]+)⟧")
SHOWN = re.compile(r"\[(?:card|cookie|email|key|name|password|person|phone|private_key|secret|ssn|token|vin)\]")


@dataclass(frozen=True)
class Plant:
    """A planted secret of a kind, or a look-alike of a class, and where in its text it stands."""

    kind: str
    is_secret: bool
    start: int
    end: int


@dataclass(frozen=True)
class Planted:
    """One text of a ticket without its marks."""

    name: str
    text: str
    plants: tuple[Plant, ...]


@dataclass
class Outcome:
    """What became of the plants; `extra` are masks where nothing was planted."""

    n: Counter[str] = field(default_factory=Counter)
    masked: Counter[str] = field(default_factory=Counter)
    n_alike: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    extra: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float:
        """The share of planted secrets that are gone whole."""
        return self.masked.total() / self.n.total()

    @property
    def precision(self) -> float:
        """Secrets that are gone, of all that was masked."""
        wrong = self.n_alike.total() - self.survived.total() + self.extra
        return self.masked.total() / (self.masked.total() + wrong)

    def lines(self) -> Iterable[str]:
        """The figures for people."""
        yield f"recall {self.recall:.3f} ({self.masked.total()} of {self.n.total()} secrets)"
        wrong = self.n_alike.total() - self.survived.total()
        yield f"precision {self.precision:.3f} ({wrong} look-alikes masked, {self.extra} masks of other words)"
        for kind, n in sorted(self.n.items()):
            yield f"  {kind:12} {self.masked[kind]:3} of {n:3} masked"
        for kind, n in sorted(self.n_alike.items()):
            yield f"  {kind:12} {self.survived[kind]:3} of {n:3} survive"


def read(path: Path) -> list[dict[str, Planted]]:
    """Each ticket of a file: `text`, `comment` and the fields told, by name."""
    tickets = []
    for one in tomllib.loads(path.read_text())["text"]:
        told = {"text": one["text"], "comment": one.get("comment", "")} | one.get("told", {})
        tickets.append({name: _planted(f"{one['id']} {name}", text) for name, text in told.items() if text})
    return tickets


def measure(paths: Iterable[Path]) -> Outcome:
    """Mask the tickets of some files and count."""
    outcome = Outcome()
    for path in paths:
        for ticket in read(path):
            masked = masked_ticket({name: planted.text for name, planted in ticket.items()})
            for name in {"text", "comment"} & ticket.keys():
                _count(outcome, ticket[name], masked[name])
    return outcome


def masked_ticket(texts: dict[str, str]) -> dict[str, str]:
    """The texts of one ticket after normalise: its description, a comment and, by name, what Jira's fields hold."""
    names = {f"customfield_{n}": name for n, name in enumerate(sorted(texts.keys() - {"text", "comment"}), 10_001)}
    fields = {field_id: texts[name] for field_id, name in names.items()} | {
        "created": "2026-11-02T09:00:00.000+0000",
        "summary": "",
        "description": texts["text"],
        "comment": {"comments": [{"id": "1", "body": texts["comment"]}] if "comment" in texts else []},
    }
    catalogue = FieldCatalogue.of(read_criteria().site, names)
    rows = normalise({"id": "1", "key": "SUP-1", "fields": fields}, catalogue)
    said = {"comment": rows["comments"][0]["body"]} if rows["comments"] else {}
    return {"text": rows["tickets"][0]["description"], **said}


def _planted(name: str, marked: str) -> Planted:
    marked = marked.replace("¦", "").strip()
    plants, text, last = [], "", 0
    for found in MARK.finditer(marked):
        text += marked[last : found.start()]
        plants.append(Plant(found[2], not found[1], len(text), len(text) + len(found[3])))
        text, last = text + found[3], found.end()
    return Planted(name, text + marked[last:], tuple(plants))


def gaps(text: str, masked: str) -> list[tuple[int, int]]:
    """Where in a text the masks of its masked form stand."""
    kept = SHOWN.split(masked)
    found = re.fullmatch("(.+?)".join(map(re.escape, kept)), text, re.DOTALL)
    if found is None:
        raise ValueError(f"masking did more than replace: {masked!r}")
    return [found.span(n) for n in range(1, len(kept))]


def _count(outcome: Outcome, planted: Planted, masked: str) -> None:
    spans = gaps(planted.text, masked)
    gone = {place for start, end in spans for place in range(start, end)}
    told: set[int] = set()
    for plant in planted.plants:
        places = range(plant.start, plant.end)
        told.update(places)
        value = planted.text[plant.start : plant.end]
        if plant.is_secret:
            is_gone = all(place in gone for place in places if planted.text[place].isalnum())
            outcome.n[plant.kind] += 1
            outcome.masked[plant.kind] += is_gone
        else:
            is_gone = any(place in gone for place in places)
            outcome.n_alike[plant.kind] += 1
            outcome.survived[plant.kind] += not is_gone
        if is_gone != plant.is_secret:
            outcome.faults.append(f"{planted.name}: {plant.kind} {value!r} {'masked' if is_gone else 'stays'}")
    for start, end in spans:
        if told.isdisjoint(range(start, end)):
            outcome.extra += 1
            outcome.faults.append(f"{planted.name}: extra {planted.text[start:end]!r} masked")
