"""How quickly, and how completely, the live source reads a Jira: issues/s, requests per 1,000 issues, peak memory.

    python tests/benchmarks/extract_speed.py [--issues 2000] [--latency 0.15] [--kind cloud] [--remote-links]

The stand-in runs in a process of its own on loopback; what is read is counted, history by history.
"""

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from jira_standin import JiraStandIn  # noqa: E402

from pipelines.extract import extract  # noqa: E402
from pipelines.jira import Account, Connection, JiraSource, Known, Limiter  # noqa: E402
from pipelines.raw_files import raw_lines  # noqa: E402


def serve(args: argparse.Namespace, pipe: Any) -> None:
    """Run the stand-in until told to stop; tell its address and what it holds."""
    with JiraStandIn(args.kind, latency=args.latency) as jira:
        jira.add_project("SUP")
        jira.bulk_create("SUP", args.issues, n_histories=12, n_comments=4, heavy_share=0.02)
        histories = comments = 0
        if args.issues <= 5000:
            for issue in jira.snapshot().values():
                histories += len(issue["histories"])
                comments += len(issue["comments"])
        pipe.send((jira.url, jira.email, jira.token, histories, comments))
        pipe.recv()


@contextmanager
def standing_in(args: argparse.Namespace) -> Iterator[tuple[str, str, str, int, int]]:
    """The stand-in in its own process, so that its work and memory are not counted as ours."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    process = context.Process(target=serve, args=(args, theirs))
    process.start()
    yield mine.recv()
    mine.send("stop")
    process.join()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--issues", type=int, default=2000)
    parser.add_argument("--latency", type=float, default=0.15)
    parser.add_argument("--kind", choices=["cloud", "datacenter"], default="cloud")
    parser.add_argument("--remote-links", action="store_true", help="read the remote links of every issue too")
    parser.add_argument("--workers", type=int, default=12)
    args = parser.parse_args()
    with standing_in(args) as (url, email, token, n_histories, n_comments), tempfile.TemporaryDirectory() as folder:
        account = Account(url=url, token=token, email=email if args.kind == "cloud" else None)
        connection = Connection(account, Limiter(time.monotonic, time.sleep), print)
        known = Known(links_of=range(10_000_000) if args.remote_links else frozenset())
        source = JiraSource(connection, ("SUP",), known, print, workers=args.workers)
        started = time.perf_counter()
        manifest = extract(source, Path(folder))
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{args.kind}, {args.issues} issues, {args.latency * 1000:.0f} ms, {args.workers} workers")
        print(f"{manifest.n_issues / seconds:.0f} issues/s ({seconds:.2f} s)")
        print(f"{1000 * connection.n_requests / manifest.n_issues:.1f} requests per 1,000 issues")
        print(f"{peak:.0f} MB peak memory")
        if n_histories:
            got_histories, got_comments = count(Path(folder), manifest.file)
            print(f"histories {got_histories} of {n_histories}, comments {got_comments} of {n_comments}")


def count(folder: Path, file: str) -> tuple[int, int]:
    """Histories and comments in a raw file."""
    import json

    histories = comments = 0
    for _, line in raw_lines(folder, file):
        issue = json.loads(line)
        histories += len(issue["changelog"]["histories"])
        comments += len(issue["fields"]["comment"]["comments"])
    return histories, comments


if __name__ == "__main__":
    main()
