"""`kill -9` of the serving process at random moments of syncs and weekly reviews, and what is left of it.

    python tests/benchmarks/serve_kills.py [KILLS]

After each kill it is started again and the run is waited for; a twin's runs see the same Jira and are left alone. Prints
how many runs were cut off, how long it took until they had ended well, and whether warehouse and pages equal the twin's.
"""

import random
import signal
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent.parent)]

from jira_standin import JiraStandIn  # noqa: E402
from served_desk import Served, busy_desk, busy_ticket, command, content, environment, free_port  # noqa: E402

LONGEST = 12.0  # seconds between a run's being triggered and the kill


def _has_ended(served: Served, ident: str) -> bool:
    return served.run(ident)["state"]["type"] in ("COMPLETED", "CANCELLED")


def main(kills: int, folder: Path) -> None:
    seed = random.randrange(1 << 30)  # noqa: S311 - no secret
    chance, port, waits, n_cut_off = random.Random(seed), free_port(), [], 0  # noqa: S311
    with JiraStandIn("cloud") as jira:
        ids = busy_desk(jira)
        served = Served(environment(folder / "desk", jira, prefect_port=str(port)), folder / "desk", port)
        twin = environment(folder / "twin", jira)
        served.start()
        served.until(lambda: served.runs("sync", "Completed"))
        _run(twin, "run")
        for number in range(kills):
            jira.tick(2 * 86_400)
            ids.append(busy_ticket(jira, 3 * number, jira.now - timedelta(hours=50)))
            jira.edit(ids[number], priority="High")
            flow = "weekly-review" if number % 2 else "sync"
            ident = served.trigger(flow)
            time.sleep(chance.uniform(0.0, LONGEST))
            n_cut_off += served.run(ident)["state"]["type"] in ("RUNNING", "PENDING")
            served.stop(signal.SIGKILL)
            began = time.monotonic()
            served.start()
            # one that crashed again is taken up again within a minute
            served.until(partial(_has_ended, served, ident), 300)
            served.until(lambda: not served.runs("sync", "Running", "Pending"), 120)
            waits.append(time.monotonic() - began)
            _run(twin, "run", *(["--publish"] if number % 2 else []))
            print(f"{number + 1}: {flow}, well again after {waits[-1]:.0f} s", flush=True)
        served.trigger("sync")
        served.until(lambda: not served.runs("sync", "Running", "Pending"), 120)
        assert served.stop() == 0
        _run(twin, "run")
        mine, other = (content(folder / name / "warehouse.duckdb") for name in ("desk", "twin"))
    differ = [name for name, rows in other.items() if mine[name] != rows]
    pages = [
        sorted(one.parent.name for one in (folder / name / "reports").glob("*-W*/index.html"))
        for name in ("desk", "twin")
    ]
    left = [str(path) for path in (folder / "desk").rglob("*.partial")]
    print(
        f"seed {seed}: {kills} kills, {n_cut_off} in the middle of a run; longest until well again {max(waits):.0f} s"
    )
    print(
        f"{len(other)} tables compared, differing: {differ or 'none'}; pages {'equal' if pages[0] == pages[1] else pages}"
    )
    print(f"left behind: {left or 'nothing'}")


def _run(given: dict[str, str], *arguments: str) -> None:
    subprocess.run(command(*arguments), env=given, check=True, capture_output=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 20, Path(made))
