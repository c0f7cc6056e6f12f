"""What is forgotten goes from the files of a desk's home: raw lines, criteria and inputs, pages, its own models."""

import gzip
import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from analysis.measure import parse_week
from pipelines.erased_words import ERASED_PERSON, key_pattern, names_of, renamed_keys, renamed_persons
from pipelines.erasing import Erasures, dumped, erased_key
from pipelines.models import IN_FORCE
from pipelines.raw_files import raw_lines
from pipelines.settings import Settings

TEXTS = frozenset((".toml", ".csv", ".md", ".json", ".jsonl", ".txt"))
HASHED = "escalation_criteria.toml"  # a version that says something else than it did would be refused
UNFINISHED = ".forgetting.json"
WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")


@dataclass(frozen=True)
class Wanted:
    """Who or what goes: ids and present keys of tickets, or an account and its pseudonym."""

    tickets: dict[int, frozenset[str]]
    account: str | None = None
    pseudonym: str | None = None
    cause: str = "asked"

    def is_told_by(self, what: str) -> bool:
        """Whether somebody who says that means this."""
        keys = {key.casefold() for found in self.tickets.values() for key in found}
        return what.casefold() in keys | set(map(str, self.tickets)) or what == self.account


# -- what was begun and not ended ------------------------------------------------------------------------------


def begin(settings: Settings, wanted: Wanted, words: dict[str, str]) -> None:
    """Write down what is to go, for once some of it is gone nothing else tells of the rest; `end` removes it."""
    told = asdict(wanted) | {"tickets": {one: sorted(keys) for one, keys in wanted.tickets.items()}, "words": words}
    partial = settings.home / f"{UNFINISHED}.partial"
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(told), encoding="utf-8")
    partial.replace(settings.home / UNFINISHED)


def begun(settings: Settings) -> tuple[Wanted, dict[str, str]] | None:
    """What an erasing that was cut off was to erase, with the words that stand for a person."""
    try:
        told = json.loads((settings.home / UNFINISHED).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    words = told.pop("words")
    tickets = {int(one): frozenset(keys) for one, keys in told.pop("tickets").items()}
    return Wanted(tickets, **told), words


def end(settings: Settings) -> None:
    """Nothing is left to be erased."""
    (settings.home / UNFINISHED).unlink(missing_ok=True)


# -- raw lines, texts, pages, models ---------------------------------------------------------------------------


def words_of(settings: Settings, wanted: Wanted) -> dict[str, str]:
    """What is written of a person, as it stands anywhere in the raw lines → what stands there instead."""
    if wanted.account is None or wanted.pseudonym is None:
        return {}
    names: set[str] = set()
    for path in sorted(settings.raw.glob("*.jsonl.gz")):
        for _, line in raw_lines(settings.raw, path.name):
            if wanted.account.encode() in line:
                names |= names_of(json.loads(line), wanted.account)
    return dict.fromkeys(names, ERASED_PERSON) | {wanted.account: wanted.pseudonym}


def patterns_of(wanted: Wanted, words: dict[str, str]) -> list[tuple[str, str]]:
    """Regular expressions of what must not be written anywhere, with what stands there instead."""
    if wanted.cause == "retention":
        return []
    keys = [(key_pattern(key), erased_key(one)) for one, found in wanted.tickets.items() for key in sorted(found)]
    longest_first = sorted(words.items(), key=lambda pair: -len(pair[0]))
    return keys + [(rf"\b{re.escape(old)}\b", new) for old, new in longest_first]


def erase_raw(settings: Settings, wanted: Wanted, erasures: Erasures, words: dict[str, str]) -> int:
    """Rewrite every raw file that speaks of it; names stay, for the warehouse knows the files by them."""
    keys = {key: erased_key(one) for one, found in wanted.tickets.items() for key in found}
    renamed = {} if wanted.cause == "retention" else keys
    marks = re.compile("|".join(map(re.escape, (*map(str, wanted.tickets), *renamed, *words))).encode(), re.IGNORECASE)
    n_changed = 0
    for path in sorted(settings.raw.glob("*.jsonl.gz")):
        partial = path.with_name(f".{path.name}.partial")
        n_here = 0
        with partial.open("wb") as file, gzip.GzipFile("", "wb", 1, file, mtime=0) as packed:
            for _, line in raw_lines(settings.raw, path.name):
                new = _new_line(line, erasures, renamed, words) if marks.search(line) else line + b"\n"
                n_here += new != line + b"\n"
                packed.write(new)
        if n_here:
            partial.replace(path)
        partial.unlink(missing_ok=True)
        n_changed += n_here
    for leftover in settings.raw.glob(".*.partial"):  # of an extraction that was cut off
        leftover.unlink()
    return n_changed


def _new_line(line: bytes, erasures: Erasures, renamed: dict[str, str], words: dict[str, str]) -> bytes:
    issue = erasures.apply(json.loads(line))
    return dumped(renamed_persons(renamed_keys(issue, renamed), words))


def erase_texts(folder: Path | None, patterns: Iterable[tuple[str, str]]) -> None:
    """Replace key or account in what people wrote for the desk, such as members in site.toml."""
    if folder is None or not folder.is_dir():
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix in TEXTS and path.name != HASHED and path.is_file():
            text = told = path.read_text(encoding="utf-8")
            for pattern, new in patterns:
                told = re.sub(pattern, new, told, flags=re.IGNORECASE)
            if told != text:
                partial = path.with_name(f".{path.name}.partial")
                partial.write_text(told, encoding="utf-8")
                partial.replace(path)


def drop_pages(settings: Settings, wanted: Wanted, words: dict[str, str]) -> set[date]:
    """Remove the pages of weeks that speak of it, whole; gives those weeks, which are to be made anew.

    Their folders stay, empty, so that who is cut off before they are made anew finds them again.
    """
    keys = {key for found in wanted.tickets.values() for key in found}
    either = "|".join(re.escape(one) for one in (*keys, *words))
    mark = re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)
    weeks = set()
    for folder in sorted(settings.reports.glob("*")) if settings.reports.is_dir() else ():
        is_week = WEEK.fullmatch(folder.name) is not None
        if not folder.is_dir() or not (_speaks_of(folder, mark) or (is_week and _is_without_pages(folder))):
            continue
        if is_week:
            weeks.add(parse_week(folder.name))
            _empty(folder)
        else:
            shutil.rmtree(folder)
    return weeks


def _empty(folder: Path) -> None:
    (folder / "index.html").unlink(missing_ok=True)  # first of all: without it the week is known to lack its pages
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _is_without_pages(folder: Path) -> bool:
    return not (folder / "index.html").exists()


def _speaks_of(folder: Path, mark: re.Pattern[str]) -> bool:
    files = (path for path in folder.rglob("*") if path.is_file())
    return any(mark.search(path.read_text(encoding="utf-8", errors="replace")) for path in files)


def drop_models(settings: Settings, was_learned: bool) -> tuple[str, ...]:
    """Remove the classifier of the desk where it may have learned from it; gives what a person should know."""
    if not was_learned or not (settings.models / IN_FORCE).exists():
        return ()
    shutil.rmtree(settings.models)
    return ("the desk's own classifier had learned from it and is gone; `escalations train` makes a new one",)
