"""`kill -9` of the serving process at random moments of syncs, weekly reviews and triage, and what is left of it.

    python tests/benchmarks/serve_kills.py [KILLS]

The week is delivered into a folder, a store, a mail and a chat, and triage comments in Jira: all stand-ins on loopback. After
each kill it is started again and the run is waited for; a twin's runs see the same Jira and are left alone. A kill that came
too late, when its run had ended, is not counted. Prints how long it took until the runs had ended well, whether warehouse and
pages equal the twin's, and how often each page, comment, mail and message of a chat arrived, with those of which it was announced
that nobody knows.
"""

import json
import logging
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent.parent)]

import fsspec  # noqa: E402
from delivery_desk import Post, mail_to, object_store, post_office, tree  # noqa: E402
from jira_standin import JiraStandIn  # noqa: E402
from served_desk import TIER, Hook, Served, busy_desk, busy_ticket, command, content, environment, free_port, listening  # noqa: E402

from analysis.markers import OPENING  # noqa: E402
from analysis.warehouse import Warehouse  # noqa: E402

FLOWS = ("sync", "weekly-review", "triage", "weekly-review")
RUNNING = ("RUNNING", "CANCELLING")


@dataclass
class Outside:
    """What stands around a desk: places to which weeks are delivered."""

    folder: Path
    store: Any
    post: Post
    chat: Hook
    announced: Hook
    targets: list[dict[str, Any]]


def outside(stack: ExitStack, folder: Path) -> Outside:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # each request of the store
    endpoint = stack.enter_context(object_store())
    given: dict[str, Any] = {"key": "k", "secret": "s"}
    store = fsspec.filesystem("s3", **given, client_kwargs={"endpoint_url": endpoint}, use_listings_cache=False)
    store.mkdir("weeks")
    post, chat, announced = stack.enter_context(post_office()), *(stack.enter_context(listening()) for _ in range(2))
    (folder / "share").mkdir()
    bucket = {
        "name": "bucket",
        "kind": "store",
        "url": "s3://weeks/desk/",
        "endpoint": endpoint,
        **given,
    }
    targets = [
        {"name": "share", "kind": "folder", "path": str(folder / "share")},
        bucket,
        mail_to(post.port),
        {"name": "ops", "kind": "chat", "url": chat.url},
    ]
    return Outside(folder / "share", store, post, chat, announced, targets)


def _has_ended(served: Served, ident: str) -> bool:
    return served.run(ident)["state"]["type"] in ("COMPLETED", "CANCELLED")


def _has_begun(served: Served, ident: str) -> bool:
    return served.run(ident)["state"]["type"] not in ("SCHEDULED", "PENDING")


def _lasted(served: Served, flow: str) -> float:
    """Begin a run and leave it alone; the seconds from its beginning to its end."""
    ident = served.trigger(flow)
    served.until(partial(_has_ended, served, ident), 300)
    return float(served.run(ident)["total_run_time"])


def main(kills: int, folder: Path) -> None:
    seed = random.randrange(1 << 30)  # noqa: S311 - no secret
    chance, port, waits, number, n_cut_off = random.Random(seed), free_port(), [], 0, 0  # noqa: S311
    with ExitStack() as stack:
        jira = stack.enter_context(JiraStandIn("cloud"))
        around = outside(stack, folder)
        ids = busy_desk(jira)
        more = {"prefect_port": str(port), "notify_urls": around.announced.url, "triage_comments": "true"}
        more |= {"targets": json.dumps(around.targets), "step_retry_seconds": "0"}
        served = Served(environment(folder / "desk", jira, **more), folder / "desk", port)
        twin = environment(folder / "twin", jira)
        served.start()
        served.until(lambda: served.runs("sync", "Completed"))
        lengths = {flow: _lasted(served, flow) for flow in dict.fromkeys(FLOWS)}
        _run(twin, "run", "--publish")
        print("seconds undisturbed:", {flow: round(length, 1) for flow, length in lengths.items()}, flush=True)
        open_ones: list[str] = []
        while n_cut_off < kills:
            jira.tick(2 * 86_400)
            ids.append(busy_ticket(jira, 3 * number, jira.now - timedelta(hours=50)))
            jira.edit(ids[number], priority="High")
            open_ones.append(_open_ticket(jira, number))
            flow = FLOWS[number % len(FLOWS)]
            if flow == "triage":
                served.until(partial(_has_ended, served, served.trigger("sync")), 120)
            ident = served.trigger(flow)
            served.until(partial(_has_begun, served, ident))
            time.sleep(after := chance.uniform(0.0, lengths[flow]))
            is_cut_off = served.run(ident)["state"]["type"] in RUNNING
            served.stop(signal.SIGKILL)
            began = time.monotonic()
            served.start()
            # one that crashed again is taken up again within a minute
            served.until(partial(_has_ended, served, ident), 300)
            served.until(lambda: not served.runs("sync", "Running", "Pending"), 120)
            waits.append(time.monotonic() - began)
            _run(twin, "run", *(["--publish"] if flow == "weekly-review" else []))
            number, n_cut_off = number + 1, n_cut_off + is_cut_off
            when = f"killed after {after:.1f} s" if is_cut_off else "had ended"
            print(f"{n_cut_off} of {number}: {flow} {when}, well again after {waits[-1]:.0f} s", flush=True)
        for flow in ("sync", "triage", "sync"):  # the last one reads what triage has written
            served.until(partial(_has_ended, served, served.trigger(flow)), 120)
        assert served.stop() == 0
        _run(twin, "run")
        mine, other = (content(folder / name / "warehouse.duckdb") for name in ("desk", "twin"))
        print(
            f"seed {seed}: {n_cut_off} kills in the middle of a run of {number}; longest until well again {max(waits):.0f} s"
        )
        _tell_inside(folder, mine, other)
        _tell_outside(folder / "desk", around, jira, open_ones)


def _open_ticket(jira: JiraStandIn, number: int) -> str:
    """A ticket that has come up to Tier 2 a few hours ago and is still there."""
    at = jira.now - timedelta(hours=6)
    ident = jira.create("SUP", at=at, summary=f"CDK rejects appointment {number}", **{TIER[0]: "1"})
    jira.edit(ident, at=at + timedelta(hours=1), author="ops-1", **{TIER[0]: "2"})
    return ident


def _tell_inside(folder: Path, mine: dict[str, Any], other: dict[str, Any]) -> None:
    differ = [name for name, rows in other.items() if mine[name] != rows and not name.startswith("state.")]
    pages = [
        sorted(one.parent.name for one in (folder / name / "reports").glob("*-W*/index.html"))
        for name in ("desk", "twin")
    ]
    left = [str(path) for path in (folder / "desk").rglob("*.partial")]
    print(
        f"{len(other)} tables compared, differing: {differ or 'none'}; pages {'equal' if pages[0] == pages[1] else pages}"
    )
    print(f"left behind: {left or 'nothing'}")


def _tell_outside(home: Path, around: Outside, jira: JiraStandIn, open_ones: list[str]) -> None:
    with Warehouse.open(home / "warehouse.duckdb") as warehouse:
        doubtful = warehouse.rows(
            "select channel, message_key from state.outbox where status = 'doubtful' order by 1, 2"
        )
    here = {path: data for path, data in tree(home / "reports").items() if not path.startswith("as-of")}
    there = {path.removeprefix("weeks/desk/"): around.store.cat_file(path) for path in around.store.find("weeks/desk")}
    there = {path: data for path, data in there.items() if not path.endswith("/delivered.json")}
    print(f"folder: {_differences(here, tree(around.folder))}; store: {_differences(here, there)}")
    weeks = sorted({path.split("/")[0] for path in here if "/" in path})
    mails = Counter(str(one["Subject"]).split()[1].rstrip(":") for one in around.post.mails)
    chats = Counter(str(one["title"]).split()[1].rstrip(":") for one in around.chat.messages)
    print(f"weeks {weeks}; mails {dict(mails)}; chat {dict(chats)}; doubtful {doubtful or 'none'}")
    print(f"announced: {dict(Counter(around.announced.titles()))}")
    tickets = jira.snapshot()
    n_said = [sum(one["body"].startswith(OPENING) for one in tickets[ident]["comments"]) for ident in open_ones]
    # none where no run of triage came within its three days
    print(f"comments of triage on each of {len(open_ones)} open escalations: {dict(Counter(n_said))}")


def _differences(here: dict[str, bytes], there: dict[str, bytes]) -> str:
    differ = sorted(path for path in here.keys() | there.keys() if here.get(path) != there.get(path))
    return f"{len(there)} files, {differ[:5] or 'equal to the pages'}"


def _run(given: dict[str, str], *arguments: str) -> None:
    subprocess.run(command(*arguments), env=given, check=True, capture_output=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, Path(made))
