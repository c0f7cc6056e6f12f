"""How fast families are found: so many tickets from nothing, then one more among them.

    python tests/benchmarks/family_speed.py [--tickets 100000]

The texts are made of sentences of the starter set's tickets, two tickets each, so that they are as long and as varied as a
desk's; what families come out of such texts means nothing. Prints seconds, tickets a second, milliseconds for one more ticket
(median, 95th and 99th percentile of 300) and peak memory.
"""

import argparse
import random
import resource
import time
from itertools import islice

import numpy as np

from analysis.families import Families
from analysis.family_index import Ticket
from analysis.likeness import Words
from analysis.likeness_files import read_likeness
from analysis.likeness_fitting import known_kinds

BATCH, MORE, DEALERS = 2000, 300, 400
PROVIDERS = ("tekion", "cdk", "xtime", "mykaarma", "dealer_fx", None)


def texts(n: int) -> list[tuple[Words, str | None]]:
    dice = random.Random(0)  # noqa: S311 - not for secrets
    known = [one.words for one in known_kinds()]
    found = []
    for _ in range(n):
        one, other = dice.choice(known), dice.choice(known)
        lines = [*(one.description or "").split("\n"), *dice.sample((other.description or "").split("\n"), 1)]
        closing = one.closing if dice.random() < 0.8 else None
        found.append((Words(one.summary, "\n".join(lines), closing), dice.choice(PROVIDERS)))
    return found


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--tickets", type=int, default=100_000)
    n = asked.parse_args().tickets
    made = texts(n + MORE)
    likeness = read_likeness()
    started = time.perf_counter()
    families, of, reading, placing = Families(likeness), [], 0.0, 0.0
    for start in range(0, n, BATCH):
        part = made[start : start + BATCH][: n - start]
        begun = time.perf_counter()
        readings = likeness.read([words for words, _ in part])
        reading += time.perf_counter() - begun
        begun = time.perf_counter()
        for number, (_, provider) in enumerate(part):
            dealer = str(hash((start, number)) % DEALERS)
            ticket = Ticket(start + number, readings.take([number]), provider, dealer)
            list(families.place(ticket))
            of.append(ticket.issue_id)
        placing += time.perf_counter() - begun
    total = time.perf_counter() - started
    print(
        f"{n} tickets from nothing: {total:.1f} s ({n / total:.0f} a second): read {reading:.1f} s, placed {placing:.1f} s"
    )
    print(f"families: {len({families.family_of(one) for one in of})}")
    times = []
    for number, (words, provider) in enumerate(islice(made, n, None), n):
        begun = time.perf_counter()
        list(families.place(Ticket(number, likeness.read([words]), provider, str(number % DEALERS))))
        times.append(1000 * (time.perf_counter() - begun))
    print("one more: {:.1f} ms, 95th {:.1f} ms, 99th {:.1f} ms".format(*np.percentile(times, [50, 95, 99])))
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
