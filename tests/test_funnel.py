"""Whether a provider differs from the others by more than chance."""

from collections.abc import Iterator

import pytest
from few_tickets import cells
from stories import bare_criteria, warehouse_of

from analysis.warehouse import Warehouse

NAMES = {"tekion": "Tekion", "cdk": "CDK", "xtime": "XTime", "mykaarma": "MyKaarma", "dealer_fx": "Dealer-FX"}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("funnel")
    story = "SUP-1 created 2026-03-02 08:00 tier=2"
    with warehouse_of(story, folder, bare_criteria(folder / "criteria"), as_of="2026-03-09 00:00") as opened:
        yield opened


def funnel(warehouse: Warehouse, shares: str) -> dict[str, tuple[float, float, bool | None]]:
    """Provider → limits and whether it is outside, of shares written as `tekion 3/4`."""
    told = [one.split() for one in shares.split(", ")]
    counts = {name: tuple(map(int, share.split("/"))) for name, share in told}
    whole = tuple(map(sum, zip(*counts.values(), strict=True)))
    names = "week, measure, variant, statistic, group_key, numerator, denominator, n_weeks_pooled"
    row = f"insert into mart.measures ({names}) values (date '2026-03-02', 'repeats', ?, 'share', ?, ?, ?, 4)"
    warehouse.execute("begin")
    warehouse.execute("delete from mart.measures")
    warehouse.execute(row, ["same_kind", "all", *whole])
    for name, count in counts.items():
        warehouse.execute(row, ["same_kind_week", f"provider:{name}", *count])
    query = "select substr(group_key, 10), round(lower_limit, 3), round(upper_limit, 3), is_outside from mart.funnel"
    found = {name: tuple(rest) for name, *rest in warehouse.rows(query)}
    warehouse.execute("rollback")
    return found


# shares | provider | limits | outside. By hand, the second: the others' share is 25 of 50, and their spread
# (1 - 0.5)² / (0.25 / 25) = 25 for two of three, so 0.5 ± 3.09 · √(50 / 3) · √(0.25 · (1 / 25 + 1 / 75)): beyond 0 and 1.
CASES = """
tekion 13/25, cdk 12/25, xtime 13/25, mykaarma 12/25 | cdk    | 0.150 | 0.863 | False
tekion 13/25, cdk 12/25, xtime 25/25, mykaarma 0/25  | tekion | 0     | 1     | False
tekion 90/100, cdk 60/100, xtime 60/100              | tekion | 0.415 | 0.785 | True
tekion 90/100, cdk 60/100, xtime 60/100              | cdk    | 0.181 | 1     | False
tekion 90/100, cdk 60/100, xtime 3/4                 | xtime  | 0     | 1     | None
tekion 10/10, cdk 10/10                              | cdk    | 1     | 1     | False
"""


@pytest.mark.parametrize(("shares", "provider", "low", "high", "outside"), cells(CASES))
def test_limits(shares: str, provider: str, low: str, high: str, outside: str, warehouse: Warehouse) -> None:
    found = funnel(warehouse, shares)[provider]
    assert found[2] is {"True": True, "False": False, "None": None}[outside]
    assert found[:2] == pytest.approx((float(low), float(high)), abs=0.02) or outside == "None"
