"""Being told: what is wrong with a run is announced once, and once more when it is over.

What was announced stands in HOME/alerts.json, not in the warehouse, which may be what is wrong. It is written down
before it is sent: a message cut off on its way is told of with the next one, never sent again by itself.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.errors import (
    CriteriaError,
    DiskError,
    EscalationsError,
    SettingsError,
    SourceError,
    WarehouseError,
)
from pipelines.messengers import knows, notify
from pipelines.settings import Settings

Say = Callable[[str], None]
Send = Callable[[str, str], bool]
NOTES = "alerts.json"
ADVICE: dict[type[EscalationsError], str] = {
    SettingsError: "correct the settings; `escalations doctor` shows what is missing",
    CriteriaError: "correct the criteria file that is named; `escalations check` shows whether they are valid",
    SourceError: "see whether Jira is up and `escalations doctor` finds the account in order; the next run tries again",
    DiskError: "make room, or see to rights, on the disk of the desk; the next run tries again",
    WarehouseError: "see by `escalations doctor` who holds the warehouse; the next run tries again",
}


@dataclass(frozen=True)
class Problem:
    """A name that stays the same while it lasts, what happened, and what to do. Never holds ticket text."""

    name: str
    what: str
    advice: str


def failure(error: EscalationsError) -> Problem:
    """A run that ended in an error which a person can put right."""
    advice = next((text for kind, text in ADVICE.items() if isinstance(error, kind)), "put right what is named")
    return Problem("failed", str(error), advice)


def settle(
    settings: Settings, flow: str, problems: Sequence[Problem], now: datetime, say: Say, send: Send | None = None
) -> None:
    """Announce what is new among a flow's problems, and what is over. `now` is naive UTC.

    Each problem is announced once however long it lasts. Nothing is raised where a message cannot be sent: it is tried
    again the next time.
    """
    send = send or sender(settings)
    with _noted(settings.home) as (known, write):
        for problem in problems:
            key = f"{flow}/{problem.name}"
            if known.get(key, {}).get("told") in ("sent", "sending"):
                continue
            since = known.get(key, {}).get("since", f"{now:%Y-%m-%d %H:%M}")
            known[key] = {"since": since, "what": problem.what, "told": "sending"}
            write()
            text = f"{flow}: {problem.what}\nWhat to do: {problem.advice}\nSince {since} UTC.{_doubtful(known, key)}"
            say(f"announced: {flow}: {problem.what}")
            known[key]["told"] = "sent" if send(f"Escalations: {flow} needs a look", text) else "failed"
            write()
        lasting = {f"{flow}/{problem.name}" for problem in problems}
        for key in [key for key in known if key.partition("/")[0] == flow and key not in lasting]:
            over = known.pop(key)
            write()
            say(f"over: {flow}: {over['what']}")
            send(f"Escalations: {flow} is well again", f"{flow}: over since {now:%Y-%m-%d %H:%M} UTC: {over['what']}")


def open_problems(settings: Settings) -> list[str]:
    """What was announced and is not over, in words; for `doctor`."""
    return [
        f"{key.partition('/')[0]}: {one['what']} (since {one['since']} UTC, message {_state(one['told'])})"
        for key, one in sorted(_read(settings.home / NOTES).items())
    ]


def _state(told: str) -> str:
    return {"sent": "sent", "failed": "could not be sent"}.get(told, "perhaps not sent")


def _doubtful(known: dict[str, dict[str, str]], but: str) -> str:
    """What was on its way when a run was cut off; told once, with another message."""
    lost = [one for key, one in known.items() if key != but and one["told"] == "sending"]
    for one in lost:
        one["told"] = "sent"
    return "".join(f"\nAn earlier message may not have arrived: {one['what']}" for one in lost)


def sender(settings: Settings) -> Send:
    """Sends title and text to all of `notify_urls`; gives whether all took it. Without any, nothing is sent."""
    urls = [url.get_secret_value() for url in settings.notify_urls]
    if not urls:
        return lambda *_: True

    def send(title: str, body: str) -> bool:
        taken = [notify(url, title, body) for url in urls]  # all are tried, also after one that failed
        return all(taken)

    return send


def wrong_urls(settings: Settings) -> Iterator[str]:
    """What is wrong with `notify_urls`, by their place in the list: they are secrets."""
    if not settings.notify_urls:
        return
    try:
        for place, url in enumerate(settings.notify_urls, 1):
            if not knows(url.get_secret_value()):
                yield f"notify_urls: number {place} is no address that apprise knows"
    except ImportError:
        yield "notify_urls: the package that sends is not installed; run `pip install 'escalations[serve]'`"


@contextmanager
def _noted(home: Path) -> Iterator[tuple[dict[str, Any], Callable[[], None]]]:
    """What was announced, and how to write it down; one process at a time.

    Where nothing can be written people are told all the same, each time anew: a full disk is what they must hear of.
    """
    path = home / NOTES
    with ExitStack() as stack:
        with suppress(OSError):
            home.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(home / "alerts.lock", os.O_RDWR | os.O_CREAT, 0o644)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        known = _read(path)

        def write() -> None:
            partial = path.with_name(f".{path.name}.partial")
            with suppress(OSError):
                partial.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")
                partial.replace(path)

        yield known, write


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        return {str(key): dict(one) for key, one in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
