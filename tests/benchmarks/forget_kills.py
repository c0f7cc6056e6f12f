"""`kill -9` of `backup` and `forget` at random moments, and what the same command leaves when it is given again.

    python tests/benchmarks/forget_kills.py [KILLS]

Each kill hits a fresh copy of one desk. Prints how many hit the command in its middle and what was wrong afterwards: words of
the erased ticket in any file, a page that is missing, a file that was left behind, rows that differ from those of a desk
whose command was left alone, or a backup that cannot be restored.
"""

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent.parent)]

from served_desk import command, content  # noqa: E402
from stories import issues, write_criteria, write_export  # noqa: E402
from test_cli import BASE_ENV  # noqa: E402
from test_forget import where  # noqa: E402

STORY = """
SUP-1 created 2026-03-02 09:00 tier=1 dealer=Cedar provider=CDK summary="zebra token expired" description="quokka 401"
  03-02 10:00 tier=2 by=ops-1
  03-03 10:00 comment="axolotl" by=int-1
  03-03 12:00 status=Resolved resolution=Done by=int-1
SUP-2 created 2026-03-03 09:00 tier=2 dealer=Cedar provider=CDK summary="come twice"
  03-03 11:00 link=Relates>SUP-1 by=int-1
  03-04 12:00 status=Resolved resolution=Done by=int-1
SUP-3 created 2026-03-16 09:00 tier=2 dealer=Cedar provider=CDK summary="token expired again" description="401 from CDK"
"""
WORDS = ("zebra", "quokka", "axolotl")


GONE = b"known no more"  # it was killed when all was done


def told(home: Path, *arguments: str) -> None:
    """Give a command and let it end."""
    ended = subprocess.run(command(*arguments, "--home", str(home)), env=BASE_ENV, capture_output=True, check=False)
    assert ended.returncode == 0 or GONE in ended.stderr, ended.stderr.decode()


def killed(home: Path, after: float, *arguments: str) -> bool:
    """Whether the command was in its middle when it was killed."""
    given = command(*arguments, "--home", str(home))
    with subprocess.Popen(given, env=BASE_ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(after)
        except subprocess.TimeoutExpired:
            process.kill()
            return True
        return False


def faults(home: Path, other: Path) -> list[str]:
    """What is not as in the desk whose command was left alone."""
    mine, twin = content(home / "warehouse.duckdb"), content(other / "warehouse.duckdb")
    found = [f"{name} differs" for name, rows in twin.items() if mine[name] != rows and name != "state.erasures"]
    pages = [sorted(path.parent.name for path in one.glob("reports/*/index.html")) for one in (home, other)]
    found += [f"pages {pages[0]}, not {pages[1]}"] if pages[0] != pages[1] else []
    found += [f"{word} in {place}" for place, word in sorted(where(home, *WORDS))]
    # what a copy left that was cut off goes with the next copy, and holds nothing that was erased
    names = [
        {
            path.relative_to(one).as_posix()
            for path in one.rglob("*")
            if ".partial" in path.name or ".restore" in path.name
        }
        - {path.relative_to(one).as_posix() for path in one.glob("published/.*")}
        for one in (home, other)
    ]
    return found + [f"left behind: {name}" for name in sorted(names[0] - names[1])]


def main(kills: int, folder: Path) -> None:
    seed = random.randrange(1 << 30)  # noqa: S311 - no secret
    chance = random.Random(seed)  # noqa: S311
    first = folder / "first"
    write_criteria(first / "criteria")
    write_export(folder / "export.json", issues(STORY))
    told(first, "run", "--publish", "--source", str(folder / "export.json"))
    told(first, "backup", "--to", str(first / "backups"))
    twin = folder / "twin"
    shutil.copytree(first, twin)
    began = time.monotonic()
    told(twin, "forget", "SUP-1")
    lasted, n_hit, wrong = time.monotonic() - began, {"forget": 0, "backup": 0}, 0
    began = time.monotonic()
    told(first, "backup", "--to", str(folder / "elsewhere"))
    backup_lasted = time.monotonic() - began
    for number in range(kills):
        home, store = folder / f"desk-{number}", folder / f"backups-{number}"
        shutil.copytree(first, home)
        n_hit["forget"] += killed(home, chance.uniform(0.1, 0.95) * lasted, "forget", "SUP-1")
        told(home, "forget", "SUP-1")
        n_hit["backup"] += killed(home, chance.uniform(0.1, 0.95) * backup_lasted, "backup", "--to", str(store))
        told(home, "backup", "--to", str(store))
        back = folder / f"back-{number}"
        told(back, "restore", "--from", str(store))
        found = faults(home, twin) + [f"restored: {one}" for one in faults(back, twin) if one.endswith("differs")]
        wrong += bool(found)
        print(f"{number + 1}: {'; '.join(found) or 'as it should be'}", flush=True)
        for one in (home, store, back):
            shutil.rmtree(one)
    print(f"seed {seed}: {kills} times; hit in the middle: {n_hit}; wrong: {wrong}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, Path(made))
