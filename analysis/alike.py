"""Two tickets of one dealer that are likely the same failure (`core.alike`), whatever families they are in."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np

from analysis.likeness import Likeness, Readings
from analysis.warehouse import Warehouse

# Log-odds from which two tickets of one dealer count as alike: two to one, of which 0.64 is what being of one dealer is
# worth (of the pairs in starter/families 39 in 1,188 of one dealer are the same failure, and 412 in 23,472 of all).
ALIKE = 0.1
BATCH = 5000  # tickets, of whole dealers, that are in memory at once

DEALERS = """
    select dealer_id, count(*) from core.readings
    where dealer_id in (select dealer_id from core.readings where issue_id in (select unnest(?::bigint[])))
    group by dealer_id order by dealer_id
"""
OF_DEALERS = """
    select dealer_id, issue_id, numbers, is_closed, provider, kinds from core.readings
    where dealer_id in (select unnest(?::varchar[])) and len(kinds) > 0
    order by dealer_id, issue_id
"""
FORGET = """
    delete from core.alike
    where issue_id in (select unnest(?::bigint[])) or other_id in (select unnest(?::bigint[]))
"""


class Pair(NamedTuple):
    """Two tickets by their places, and the log-odds that they are the same failure."""

    one: int
    other: int
    log_odds: float


def alike(
    likeness: Likeness,
    readings: Readings,
    providers: Sequence[str | None],
    kinds: Sequence[Collection[int]],
    wanted: Sequence[int],
) -> Iterator[Pair]:
    """Pairs of tickets of one dealer that share a likely kind and are alike, one of which at least is wanted."""
    has_kind = np.zeros((len(readings), len(likeness.kind_names)), np.float32)
    for row, some in enumerate(kinds):
        has_kind[row, list(some)] = 1
    done: set[int] = set()
    for one in wanted:
        done.add(one)
        others = [other for other in np.flatnonzero(has_kind @ has_kind[one]).tolist() if other not in done]
        if others:
            rest = [providers[other] for other in others]
            odds = likeness.log_odds(readings.take([one]), readings.take(others), providers[one], rest).tolist()
            yield from (Pair(one, other, worth) for other, worth in zip(others, odds, strict=True) if worth >= ALIKE)


def bring_up(warehouse: Warehouse, likeness: Likeness, changed: Collection[int]) -> None:
    """Hold tickets whose reading, provider or dealer changed against the others of their dealer."""
    ids = sorted(changed)
    warehouse.execute(FORGET, [ids, ids])
    for dealers in _batches(warehouse.rows(DEALERS, [ids])):
        for _, rows in groupby(warehouse.rows(OF_DEALERS, [dealers]), key=itemgetter(0)):
            warehouse.insert("core.alike", _both_ways(likeness, list(rows), changed))


def _batches(dealers: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    batch: list[str] = []
    n = 0
    for dealer_id, n_tickets in dealers:
        batch.append(dealer_id)
        n += n_tickets
        if n >= BATCH:
            yield batch
            batch, n = [], 0
    if batch:
        yield batch


def _both_ways(
    likeness: Likeness, rows: Sequence[tuple[Any, ...]], changed: Collection[int]
) -> Iterator[dict[str, Any]]:
    """Rows of `core.alike` from the tickets of one dealer, as `OF_DEALERS` gives them."""
    _, ids, numbers, is_closed, providers, kinds = zip(*rows, strict=True)
    wanted = [row for row, issue_id in enumerate(ids) if issue_id in changed]
    for pair in alike(likeness, likeness.unpacked(numbers, is_closed), providers, kinds, wanted):
        for one, other in ((pair.one, pair.other), (pair.other, pair.one)):
            yield {"issue_id": ids[one], "other_id": ids[other], "log_odds": pair.log_odds}
