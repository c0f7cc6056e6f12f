"""How quickly, and how completely, the live source reads a Jira: issues/s, requests per 1,000 issues, peak memory.

    python tests/benchmarks/extract_speed.py [--issues 2000] [--latency 0.15] [--kind cloud] [--remote-links]

The stand-in runs in a process of its own on loopback; what is read is counted, history by history.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from jira_standin import JiraStandIn, Kind  # noqa: E402

from pipelines.extract import extract  # noqa: E402
from pipelines.jira import Account, Connection, JiraSource, Known, Limiter  # noqa: E402
from pipelines.raw_files import Manifest, raw_lines  # noqa: E402

WORKERS = 12


@dataclass(frozen=True)
class Wanted:
    """The Jira that is to be stood in for."""

    issues: int
    latency: float
    kind: Kind = "cloud"
    tls: tuple[Path, Path] | None = None  # certificate and key
    made_by: type[JiraStandIn] = JiraStandIn


@dataclass(frozen=True)
class StandingIn:
    """The stand-in in its own process, as seen from here; it counts what it holds up to 5,000 issues."""

    pipe: Any
    url: str
    email: str
    token: str
    n_histories: int
    n_comments: int

    def requests(self) -> list[float]:
        """When each request came, by the monotonic clock."""
        self.pipe.send("requests")
        return sorted(self.pipe.recv())


def serve(wanted: Wanted, pipe: Any) -> None:
    """Run the stand-in until told to stop; tell its address and what it holds."""
    with wanted.made_by(wanted.kind, latency=wanted.latency, tls=wanted.tls) as jira:
        jira.add_project("SUP")
        jira.bulk_create("SUP", wanted.issues, n_histories=12, n_comments=4, heavy_share=0.02)
        histories = comments = 0
        if wanted.issues <= 5000:
            for issue in jira.snapshot().values():
                histories += len(issue["histories"])
                comments += len(issue["comments"])
        pipe.send((jira.url, jira.email, jira.token, histories, comments))
        while pipe.recv() == "requests":
            pipe.send([request.at for request in jira.requests])


@contextmanager
def standing_in(wanted: Wanted) -> Iterator[StandingIn]:
    """The stand-in in its own process, so that its work and memory are not counted as ours."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(wanted, theirs))
    process.start()
    theirs.close()  # or a stand-in that died would be waited for
    try:
        yield StandingIn(mine, *mine.recv())
    finally:
        with suppress(OSError):  # it may have died
            mine.send("stop")
        process.join()


def read(account: Account, folder: Path, workers: int = WORKERS, remote_links: bool = False) -> tuple[Manifest, int]:
    """Read the whole site into `folder`; gives the manifest and the number of requests."""
    connection = Connection(account, Limiter(time.monotonic, time.sleep), print)
    known = Known(links_of=range(10_000_000) if remote_links else frozenset())
    manifest = extract(JiraSource(connection, ("SUP",), known, print, workers=workers), folder)
    return manifest, connection.n_requests


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--issues", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.15)
    parser.add_argument("--kind", choices=["cloud", "datacenter"], default="cloud")
    parser.add_argument("--remote-links", action="store_true", help="read the remote links of every issue too")
    parser.add_argument("--workers", type=int, default=WORKERS)
    args = parser.parse_args()
    wanted = Wanted(args.issues, args.latency, args.kind)
    with standing_in(wanted) as jira, tempfile.TemporaryDirectory() as folder:
        account = Account(url=jira.url, token=jira.token, email=jira.email if args.kind == "cloud" else None)
        started = time.perf_counter()
        manifest, n_requests = read(account, Path(folder), args.workers, args.remote_links)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{args.kind}, {args.issues} issues, {args.latency * 1000:.0f} ms, {args.workers} workers")
        print(f"{manifest.n_issues / seconds:.0f} issues/s ({seconds:.2f} s)")
        print(f"{1000 * n_requests / manifest.n_issues:.1f} requests per 1,000 issues")
        print(f"{peak:.0f} MB peak memory")
        if jira.n_histories:
            got_histories, got_comments = count(Path(folder), manifest.file)
            print(f"histories {got_histories} of {jira.n_histories}, comments {got_comments} of {jira.n_comments}")


def count(folder: Path, file: str) -> tuple[int, int]:
    """Histories and comments in a raw file, each once."""
    histories, comments = set[str](), set[str]()
    for _, line in raw_lines(folder, file):
        issue = json.loads(line)
        histories.update(history["id"] for history in issue["changelog"]["histories"])
        comments.update(comment["id"] for comment in issue["fields"]["comment"]["comments"])
    return len(histories), len(comments)


if __name__ == "__main__":
    main()
