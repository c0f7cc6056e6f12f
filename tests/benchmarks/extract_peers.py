"""Our extractor beside its peers on one stand-in Jira: speed, requests, peak memory, and how much they really read.

    python tests/benchmarks/extract_peers.py [--issues 500] [--latency 0.15] [--dlt FOLDER] [--meltano FOLDER]

The folders are checkouts of dlt-hub/verified-sources and of MeltanoLabs/tap-jira, which no package index has. Needs
openssl, and a package index for the peers; a peer that cannot be installed or fails is one line. All run as processes
of their own, over TLS on loopback, because peers force it, and each against a stand-in started anew with the same
content. The time runs from the first request to the end of the process; how long it took to start is told beside it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from benchmarks.extract_speed import WORKERS, StandingIn, Wanted, count, standing_in  # noqa: E402
from jira_standin import JiraStandIn  # noqa: E402

from pipelines.raw_files import manifests  # noqa: E402

SINGER = "tap-jira==2.6.0"
SINGER_SDK = "singer-sdk==0.54.9"
DLT = "dlt[duckdb]==1.31.0"
LONGEST = 3600  # seconds for one process
PAGE = 100  # issues asked for at once, where a peer can be told
NOT_FOR_PEERS = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PYTHONPATH")  # the first two win over certifi's file

# A small process in between: a child's peak counts from the memory of the process that it was forked from.
METER = """
import json, resource, subprocess, sys, time
out, log, longest, *command = sys.argv[1:]
started = time.monotonic()
with open(out, "wb") as records, open(log, "wb") as said:
    try:
        code = subprocess.run(command, stdout=records, stderr=said, timeout=float(longest)).returncode
    except subprocess.TimeoutExpired:
        code = None
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([code, started, time.monotonic(), peak]))
"""
READ_OURS = """
import sys
from pathlib import Path
from benchmarks.extract_speed import Account, read
url, email, token, certificate, folder = sys.argv[1:]
read(Account(url, token, email, certificate), Path(folder))
"""
# Its address is fixed but for a name within it, so what it asks is sent to the stand-in at the last moment.
READ_DLT = """
import sys
sources, url, email, token, folder = sys.argv[1:]
sys.path.insert(0, sources)
import dlt, jira
get = jira.requests.get
jira.requests.get = lambda address, **how: get(url + "/" + address.split("/", 3)[3], **how)
source = jira.jira(subdomain="stand-in", email=email, api_token=token, page_size=PAGE).with_resources("issues")
database = dlt.destinations.duckdb(folder + "/tickets.duckdb")
pipeline = dlt.pipeline("peer", pipelines_dir=folder, destination=database, dataset_name="jira")
pipeline.run(source)
""".replace("PAGE", str(PAGE))
COUNT_DLT = """
import sys, duckdb
comments = "SELECT unnest(CAST(fields__comment__comments AS JSON[])) ->> 'id' AS id FROM jira.issues"
database = duckdb.connect(sys.argv[1] + "/tickets.duckdb", read_only=True)
for rows in ("jira.issues", "jira.issues__changelog__histories", f"({comments})"):
    print(*database.execute(f"SELECT count(DISTINCT id) FROM {rows}").fetchone())
"""


class NotMeasuredError(Exception):
    """Why there are no figures for an extractor."""


class JiraWithTransitions(JiraStandIn):
    """Gives the transitions that a search was asked to expand, as Jira does: singer-io's tap stops without them."""

    def _issue(self, *given: Any) -> bytes:
        body, expand = super()._issue(*given), given[3] if len(given) > 3 else ()
        return body[:-1] + b',"transitions":[]}' if "transitions" in expand else body


class Cost(NamedTuple):
    """What a run took."""

    n_requests: int
    start: float  # seconds before the first request
    seconds: float  # from the first request to the end of the process
    peak: float  # MB


class Held(NamedTuple):
    """How much there is, each thing once."""

    issues: int
    histories: int
    comments: int


@dataclass(frozen=True)
class Desk:
    """Where one extractor works: a folder, the stand-in's certificate, and the checkout if it needs one."""

    folder: Path
    certificate: Path
    checkout: Path | None

    def python(self, requirement: str) -> str:
        """The interpreter of a new environment that holds the requirement and trusts the certificate."""
        home = self.folder / "environment"
        run([sys.executable, "-m", "venv", str(home)])
        python = str(home / "bin" / "python")
        run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement])
        trusted = run([python, "-c", "import certifi; print(certifi.where())"]).strip()
        with Path(trusted).open("a") as file:
            file.write("\n" + self.certificate.read_text())
        return python

    def variables(self, **more: str) -> dict[str, str]:
        """The environment variables of a run, with nothing of this user's settings."""
        kept = {name: value for name, value in os.environ.items() if name not in NOT_FOR_PEERS}
        return {**kept, "HOME": str(self.folder), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1", **more}

    def measured(self, jira: StandingIn, command: Sequence[str], variables: dict[str, str]) -> Cost:
        """Run an extractor; what it prints is in the file `records`."""
        before, log = len(jira.requests()), self.folder / "log"
        paths = [str(self.folder / "records"), str(log), str(LONGEST)]
        told = run([sys.executable, "-S", "-c", METER, *paths, *command], variables, self.folder)
        code, started, ended, peak = json.loads(told)
        if code is None:
            raise NotMeasuredError(f"it took longer than {LONGEST} s")
        if code:
            raise NotMeasuredError(last_line(log.read_text(errors="replace")) or f"it ended with code {code}")
        asked = jira.requests()[before:]
        if not asked:
            raise NotMeasuredError("it asked for nothing")
        return Cost(len(asked), asked[0] - started, ended - asked[0], peak / 1024)


Reading = Callable[[StandingIn], tuple[Cost, Held]]


@dataclass(frozen=True)
class Extractor:
    """One line of what is printed. `prepare` installs it, and gives what reads a stand-in with it."""

    name: str
    how: str
    prepare: Callable[[Desk], Reading]
    option: str = ""  # that gives its checkout
    repository: str = ""
    needs: str = ""  # a folder that the checkout must hold


def run(command: Sequence[str], variables: dict[str, str] | None = None, folder: Path | None = None) -> str:
    """What a command prints. Raises `NotMeasuredError` with the last line of its complaint."""
    try:
        done = subprocess.run(
            command, env=variables, cwd=folder, capture_output=True, text=True, timeout=LONGEST + 60, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotMeasuredError(f"{command[0]}: {type(error).__name__}") from error
    if done.returncode:
        raise NotMeasuredError(last_line(done.stderr) or f"{command[0]} ended with code {done.returncode}")
    return done.stdout


def last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def ours(desk: Desk) -> Reading:
    def reading(jira: StandingIn) -> tuple[Cost, Held]:
        given = [jira.url, jira.email, jira.token, str(desk.certificate), str(desk.folder)]
        variables = desk.variables(PYTHONPATH=str(ROOT / "tests"))
        cost = desk.measured(jira, [sys.executable, "-c", READ_OURS, *given], variables)
        manifest = manifests(desk.folder)[-1]
        return cost, Held(manifest.n_issues, *count(desk.folder, manifest.file))

    return reading


def singer(desk: Desk) -> Reading:
    python = desk.python(SINGER)

    def reading(jira: StandingIn) -> tuple[Cost, Held]:
        account = {"base_url": jira.url, "username": jira.email, "password": jira.token}
        config = {**account, "start_date": "2000-01-01T00:00:00Z", "user_agent": "extract_peers"}
        command = [python, "-c", "from tap_jira import main; main()"]
        streams = ("issues", "changelogs", "issue_comments")
        return tap(desk, jira, command, config, "--properties", streams, desk.variables())

    return reading


def meltano(desk: Desk) -> Reading:
    python = desk.python(SINGER_SDK)

    def reading(jira: StandingIn) -> tuple[Cost, Held]:
        config = {
            "domain": jira.url.removeprefix("https://"),
            "email": jira.email,
            "api_token": jira.token,
            "page_size": {"issues": PAGE},
            "stream_options": {"issues": {"jql": "project = SUP"}},
        }
        streams = ("issues", "issue_changelog", "issue_comments")
        variables = desk.variables(PYTHONPATH=str(desk.checkout))
        return tap(desk, jira, [python, "-m", "tap_jira"], config, "--catalog", streams, variables)

    return reading


def tap(
    desk: Desk,
    jira: StandingIn,
    command: Sequence[str],
    config: dict[str, Any],
    option: str,
    streams: Sequence[str],
    variables: dict[str, str],
) -> tuple[Cost, Held]:
    """Run a Singer tap with the streams of issues, histories and comments, and all their fields."""
    settings, chosen = desk.folder / "config.json", desk.folder / "catalog.json"
    settings.write_text(json.dumps(config))
    command = [*command, "--config", str(settings)]
    catalog = json.loads(run([*command, "--discover"], variables, desk.folder))
    for stream in catalog["streams"]:
        wanted = stream["tap_stream_id"] in streams
        for part in stream["metadata"]:
            part["metadata"]["selected"] = wanted
    chosen.write_text(json.dumps(catalog))
    cost = desk.measured(jira, [*command, option, str(chosen)], variables)
    with (desk.folder / "records").open() as records:
        return cost, held(records, streams)


def held(messages: Iterable[str], streams: Sequence[str]) -> Held:
    """What a tap's messages hold."""
    found = defaultdict[str, set[str]](set)
    for line in messages:
        message = json.loads(line)
        if message["type"] == "RECORD":
            found[message["stream"]].add(message["record"]["id"])
    return Held(*(len(found[stream]) for stream in streams))


def dlt(desk: Desk) -> Reading:
    python = desk.python(DLT)

    def reading(jira: StandingIn) -> tuple[Cost, Held]:
        given = [f"{desk.checkout}/sources", jira.url, jira.email, jira.token, str(desk.folder)]
        quiet = desk.variables(RUNTIME__DLTHUB_TELEMETRY="false")  # nothing may leave this machine
        cost = desk.measured(jira, [python, "-c", READ_DLT, *given], quiet)
        issues, histories, comments = run([python, "-c", COUNT_DLT, str(desk.folder)], quiet, desk.folder).split()
        return cost, Held(int(issues), int(histories), int(comments))

    return reading


EXTRACTORS = (
    Extractor("escalations", f"as extract_speed.py does, {WORKERS} workers, to a gzipped raw file", ours),
    Extractor(
        "singer-io tap-jira",
        f"{SINGER}, --properties with issues, changelogs and issue_comments, its own page size of 50, to a file",
        singer,
    ),
    Extractor(
        "dlt's verified source",
        f"the checkout on {DLT}, resource issues, page size {PAGE}, its requests.get led to the stand-in, to DuckDB",
        dlt,
        "--dlt",
        "dlt-hub/verified-sources",
        "sources/jira",
    ),
    Extractor(
        "MeltanoLabs tap-jira",
        f"the checkout on {SINGER_SDK}, --catalog with issues, issue_changelog and issue_comments, page size {PAGE}, to a file",
        meltano,
        "--meltano",
        "MeltanoLabs/tap-jira",
        "tap_jira",
    ),
)


def line(extractor: Extractor, wanted: Wanted, folder: Path, checkout: Path | None) -> str:
    """Install, run and count one extractor."""
    try:
        if extractor.option and not checkout:
            raise NotMeasuredError(f"give {extractor.option} with a checkout of {extractor.repository}")
        if checkout and not (checkout / extractor.needs).is_dir():
            raise NotMeasuredError(f"{checkout} holds no {extractor.needs}")
        if not wanted.tls:
            raise NotMeasuredError("there is no certificate")
        reading = extractor.prepare(Desk(folder, wanted.tls[0], checkout))
        with standing_in(wanted) as jira:
            cost, got = reading(jira)
            there = Held(wanted.issues, jira.n_histories, jira.n_comments)
        if not got.issues:
            raise NotMeasuredError("it read no issue")
    except (NotMeasuredError, OSError, ValueError, LookupError) as error:
        return f"{extractor.name}: not measured, {error}"
    parts = (f"{name} {n} of {of}" for name, n, of in zip(Held._fields, got, there, strict=True))
    return (
        f"{extractor.name}: {got.issues} issues read, "
        f"{got.issues / cost.seconds:.1f} issues/s ({cost.seconds:.2f} s, and {cost.start:.2f} s to start), "
        f"{1000 * cost.n_requests / got.issues:.1f} requests per 1,000 issues, {cost.peak:.0f} MB peak memory; "
        f"completeness: {', '.join(parts)}; run: {extractor.how}"
    )


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback, and its key."""
    made, key = folder / "certificate.pem", folder / "key.pem"
    form = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    run(["openssl", "req", *form, *name, "-keyout", str(key), "-out", str(made)])
    return made, key


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--issues", type=int, default=500, help="1 to 5000")
    parser.add_argument("--latency", type=float, default=0.15)
    for extractor in EXTRACTORS:
        if extractor.option:
            told = f"a checkout of {extractor.repository}"
            parser.add_argument(extractor.option, type=Path, metavar="FOLDER", help=told)
    args = parser.parse_args()
    if not 1 <= args.issues <= 5000:
        parser.error("--issues must be 1 to 5000; the stand-in does not count what it holds beyond that")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            tls = certificate(folder)
        except NotMeasuredError as error:
            raise SystemExit(f"no certificate could be made: {error}") from error
        wanted = Wanted(args.issues, args.latency, tls=tls, made_by=JiraWithTransitions)
        print(f"cloud, {args.issues} issues, {args.latency * 1000:.0f} ms, TLS on loopback", flush=True)
        for extractor in EXTRACTORS:
            place = folder / extractor.prepare.__name__
            place.mkdir()
            checkout = getattr(args, extractor.option.lstrip("-")) if extractor.option else None
            print(line(extractor, wanted, place, checkout and checkout.resolve()), flush=True)


if __name__ == "__main__":
    main()
