"""The SQL against a second reckoning on real tickets: the Volvo log, replayed in plain Python from its raw lines.

`replay` lives each ticket's life event by event, after DESIGN 6.1 and the headers of analysis/sql/core. It shares no
code with the program: it reads the JSON of the export, `volvo_statuses.json` and the tiers and waits of
volvo_criteria/site.toml. Skipped where the shared folder of real exports is absent.
"""

import gzip
import json
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analysis.table_files import table_files
from analysis.warehouse import Warehouse
from pipelines import weekly
from pipelines.settings import Settings

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "data"
VOLVO = DATA / "volvo_incidents.jsonl.gz"
CRITERIA = ROOT / "tests" / "volvo_criteria"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.skipif(
        not VOLVO.exists(), reason="../shared/data is absent: the real exports are not part of the project"
    ),
]

Json = dict[str, Any]
Row = tuple[Any, ...]
FOURTEEN_DAYS = timedelta(days=14)
STOCKHOLM, OPENS, CLOSES = ZoneInfo("Europe/Stockholm"), time(8), time(17)  # Monday to Friday, as packaged
# When 62 tickets were there, 844, and 3,258; the last is the very second of a tier change
MOMENTS = [datetime(2011, 12, 31, 12), datetime(2012, 4, 20, 12), datetime(2012, 5, 2, 8, 25, 6)]


# -- the second reckoning ----------------------------------------------------------------------------------


@dataclass
class Resolution:
    """A time at which a ticket went from not done to done."""

    at: datetime
    tier: int | None
    is_withdrawn: bool = False


@dataclass
class Escalation:
    """An entry to Tier 2 or above and what became of it until the next one."""

    at: datetime
    entered: str
    first_tier: int
    highest_tier: int
    n_bounces: int = 0
    n_reopens: int = 0
    fell: bool = False
    tier3_at: list[datetime] = field(default_factory=list)
    resolutions: list[Resolution] = field(default_factory=list)

    @property
    def counted(self) -> Resolution | None:
        """The first resolution that no reopening within 14 days withdrew."""
        return next((one for one in self.resolutions if not one.is_withdrawn), None)


@dataclass
class Life:
    """A ticket's life so far. Spans are (what, since, until); the last tier lasts."""

    created: datetime
    tier: int | None
    party: str | None
    is_done: bool
    stays: list[Row] = field(default_factory=list)
    waits: list[Row] = field(default_factory=list)
    escalations: list[Escalation] = field(default_factory=list)
    tier_since: datetime = datetime.min
    party_since: datetime = datetime.min
    resolution: Resolution | None = None

    def __post_init__(self) -> None:
        self.tier_since = self.party_since = self.created
        if self.tier is not None and self.tier >= 2:
            self._enter(self.created, None, self.tier)
        if self.is_done:
            self._resolve(self.created)

    def step(self, at: datetime, tier: int | None, party: str | None, is_done: bool) -> None:
        """One edit: what it leaves behind. What happens together counts once."""
        if party != self.party:
            self._end_party(at)
            self.party, self.party_since = party, at
        before, was_done, self.is_done = self.tier, self.is_done, is_done
        if tier != before:
            self.stays.append((before, self.tier_since, at))
            self.tier, self.tier_since = tier, at
        is_reopened = was_done and not is_done
        comes_back = is_reopened and self._reopen(at)
        is_high = tier is not None and tier >= 2
        rises = is_high and (before is None or before < 2)
        n_before = len(self.escalations)
        if is_high and tier is not None and (rises or comes_back) and self._is_new(at):
            self._enter(at, before if rises else None, tier)
        elif self.escalations and tier is not None:
            self._move(at, before, tier)
        if is_reopened and self.escalations and len(self.escalations) == n_before:
            self.escalations[-1].n_reopens += 1
        if is_done and not was_done:
            self._resolve(at)

    def end(self) -> None:
        """The log ends; what lasts has no end."""
        self._end_party(None)
        self.stays.append((self.tier, self.tier_since, None))

    def _end_party(self, at: datetime | None) -> None:
        if self.party is not None:
            self.waits.append((self.party, self.party_since, at))

    def _is_new(self, at: datetime) -> bool:
        """Whether an entry begins another escalation: the first does, then one over 14 days after a resolution."""
        if not self.escalations:
            return True
        counted = self.escalations[-1].counted
        return counted is not None and at > counted.at + FOURTEEN_DAYS

    def _enter(self, at: datetime, before: int | None, tier: int) -> None:
        entered = "born" if before is None else "skipped_tier2" if tier >= 3 else "from_ops"
        self.escalations.append(Escalation(at, entered, tier, tier, tier3_at=[at] if tier == 3 else []))

    def _move(self, at: datetime, before: int | None, tier: int) -> None:
        now = self.escalations[-1]
        now.highest_tier = max(now.highest_tier, tier)
        if tier == 3 and before != 3:
            now.tier3_at.append(at)
        if before is not None and tier < before:
            now.fell = True
        elif before is not None and tier > before and now.fell:
            now.n_bounces, now.fell = now.n_bounces + 1, False

    def _resolve(self, at: datetime) -> None:
        self.resolution = Resolution(at, self.tier)
        if self.escalations:
            self.escalations[-1].resolutions.append(self.resolution)

    def _reopen(self, at: datetime) -> bool:
        """Withdraw a resolution that did not stand for 14 days. Gives whether it stood."""
        assert self.resolution is not None
        self.resolution.is_withdrawn = at <= self.resolution.at + FOURTEEN_DAYS
        return not self.resolution.is_withdrawn


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


@cache
def site() -> tuple[dict[str, int], dict[str, str], frozenset[str]]:
    """Tier of a value, party of a status, done statuses."""
    told = tomllib.loads((CRITERIA / "site.toml").read_text())
    waiting = told["statuses"]["waiting_on"]
    statuses = json.loads((DATA / "volvo_statuses.json").read_text())
    done = frozenset(status["name"] for status in statuses if status["statusCategory"]["key"] == "done")
    return told["tier"]["source"][0]["values"], {name: party for party in waiting for name in waiting[party]}, done


def replay(issue: Json, until: datetime) -> Life | None:
    """The life of an issue up to a moment; None where it was not there yet."""
    tiers, parties, done = site()
    fields = issue["fields"]
    created = moment(fields["created"])
    if created > until:
        return None
    edits = []
    for history in issue["changelog"]["histories"]:
        values = {item["fieldId"]: (item["fromString"], item["toString"]) for item in history["items"]}
        edits.append((moment(history["created"]), values.get("customfield_10101"), values.get("status")))
    edits.sort(key=lambda edit: edit[0])
    # what it was made with is what the first edit left, else what it is now
    tier = next((tier[0] for _, tier, _ in edits if tier), fields["customfield_10101"]["value"])
    status = next((status[0] for _, _, status in edits if status), fields["status"]["name"])
    life = Life(created, tiers.get(tier), parties.get(status), status in done)
    for at, new_tier, new_status in edits:
        if at > until:
            break
        tier = new_tier[1] if new_tier else tier
        status = new_status[1] if new_status else status
        life.step(at, tiers.get(tier), parties.get(status), status in done)
    life.end()
    return life


def lives(issues: Iterable[Json], until: datetime) -> dict[int, Life]:
    found = ((int(issue["id"]), replay(issue, until)) for issue in issues)
    return {issue_id: life for issue_id, life in found if life is not None}


def escalation_rows(life: Life) -> list[Row]:
    rows = []
    for number, one in enumerate(life.escalations, 1):
        counted = one.counted
        in_time = [at for at in one.tier3_at if counted is None or at <= counted.at + FOURTEEN_DAYS]
        resolution = (counted.at, counted.tier) if counted else (None, None)
        tier3 = (bool(in_time), bool(one.tier3_at))
        head = (number, one.at, one.entered, one.first_tier, one.highest_tier)
        rows.append((*head, *tier3, one.n_bounces, one.n_reopens, *resolution))
    return rows


def hours(since: datetime, until: datetime) -> float:
    return (until - since) / timedelta(hours=1)


@cache
def workday(days: int) -> tuple[datetime, datetime] | None:
    """Opening and closing of the day so many days after 2010 began, UTC; None at a weekend."""
    day = datetime(2010, 1, 1) + timedelta(days=days)
    if day.weekday() >= 5:
        return None
    opens, closes = (datetime.combine(day, at, STOCKHOLM).astimezone(UTC) for at in (OPENS, CLOSES))
    return opens.replace(tzinfo=None), closes.replace(tzinfo=None)


def working_hours(since: datetime, until: datetime) -> float:
    first, last = ((at - datetime(2010, 1, 1)).days for at in (since, until))
    days = [day for day in map(workday, range(first - 1, last + 2)) if day]
    return sum(max(0.0, hours(max(since, opens), min(until, closes))) for opens, closes in days)


def timed(spans: Iterable[Row], now: datetime) -> list[Row]:
    """Spans with their hours and working hours, to the second."""
    lengths = [(since, until or now) for _, since, until in spans]
    return [
        (*span, round(hours(*length) * 3600), round(working_hours(*length) * 3600))
        for span, length in zip(spans, lengths, strict=True)
    ]


# -- both sides --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sides:
    """What a run stored, and what the replay of the same log gives."""

    warehouse: Path
    now: datetime
    lives: dict[int, Life]

    def stored(self, query: str) -> dict[int, list[Row]]:
        """Issue id → the rest of its rows, in the order of the query."""
        found: dict[int, list[Row]] = defaultdict(list)
        with Warehouse.open(self.warehouse) as warehouse:
            for issue_id, *rest in warehouse.rows(query):
                found[issue_id].append(tuple(rest))
        return found


def quiet(line: str) -> None:
    del line


def everything(path: Path) -> dict[str, int]:
    """Table → hash of all its rows; state.runs is apart, as each run is recorded there."""
    found = {}
    with Warehouse.open(path) as warehouse:
        for name in table_files():
            if name not in ("state.runs", "mart.runs"):
                found[name] = warehouse.value(f"select coalesce(bit_xor(hash(t)), 0) + count(*) from {name} t")
    return found


@pytest.fixture(scope="module")
def issues() -> list[Json]:
    with gzip.open(VOLVO, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def volvo(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("volvo"), source=str(VOLVO), criteria=CRITERIA)
    weekly.run(settings, quiet, is_rendered=False)
    return settings


@pytest.fixture(scope="module")
def now(volvo: Settings, issues: list[Json]) -> Sides:
    """As the whole log tells; an export's now is its latest time."""
    times = [issue["fields"][name] for issue in issues for name in ("created", "updated")]
    times += [history["created"] for issue in issues for history in issue["changelog"]["histories"]]
    latest = max(map(moment, times))
    return Sides(volvo.warehouse_file, latest, lives(issues, latest))


@pytest.fixture(scope="module", params=MOMENTS, ids=lambda at: f"{at:%Y-%m-%d}")
def then(
    request: pytest.FixtureRequest,
    volvo: Settings,
    issues: list[Json],
    tmp_path_factory: pytest.TempPathFactory,
) -> Sides:
    """As a run as of that moment tells; its scratch warehouse is kept."""
    scratch = tmp_path_factory.mktemp("scratch")

    @contextmanager
    def kept(prefix: str) -> Iterator[str]:
        del prefix
        yield str(scratch)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "TemporaryDirectory", kept)
        weekly.run(volvo, quiet, is_rendered=False, until=request.param)
    return Sides(scratch / "warehouse.duckdb", request.param, lives(issues, request.param))


def differences(found: Mapping[int, object], expected: Mapping[int, object]) -> dict[int, tuple[object, object]]:
    """Issue id → (SQL, replay) of the tickets about which they differ."""
    wrong = (issue_id for issue_id in sorted({*found, *expected}) if found.get(issue_id) != expected.get(issue_id))
    return {issue_id: (found.get(issue_id), expected.get(issue_id)) for issue_id in wrong}


def assert_same(found: Mapping[int, object], expected: Mapping[int, object]) -> None:
    """Fail with the number of differing tickets and the first few of them."""
    wrong = differences(found, expected)
    assert not wrong, f"{len(wrong)} of {len(expected)} tickets, such as {list(wrong.items())[:3]}"


STAYS = """
    select issue_id, tier, entered_at, left_at, cast(round(hours * 3600) as bigint), cast(round(working_hours * 3600) as bigint)
    from mart.tier_stays order by issue_id, stay_no
"""
WAITS = """
    select issue_id, waiting_on, started_at, ended_at, cast(round(hours * 3600) as bigint),
        cast(round(working_hours * 3600) as bigint)
    from mart.waits order by issue_id, wait_no
"""
ESCALATIONS = """
    select issue_id, escalation_no, escalated_at, entered, first_tier, highest_tier, touched_tier3, ever_touched_tier3,
        n_bounces, n_reopens, resolved_at, resolution_tier
    from mart.escalations order by issue_id, escalation_no
"""


TICKETS = "select issue_id, created_at, tier, resolved_at from mart.tickets"


def assert_tickets_agree(sides: Sides) -> None:
    expected = {
        issue_id: [(life.created, life.tier, life.resolution.at if life.is_done and life.resolution else None)]
        for issue_id, life in sides.lives.items()
    }
    assert_same(sides.stored(TICKETS), expected)


def assert_stays_agree(sides: Sides) -> None:
    expected = {issue_id: timed(life.stays, sides.now) for issue_id, life in sides.lives.items()}
    assert_same(sides.stored(STAYS), expected)


def assert_waits_agree(sides: Sides) -> None:
    expected = {issue_id: timed(life.waits, sides.now) for issue_id, life in sides.lives.items() if life.waits}
    assert_same(sides.stored(WAITS), expected)


def assert_escalations_agree(sides: Sides) -> None:
    expected = {issue_id: escalation_rows(life) for issue_id, life in sides.lives.items() if life.escalations}
    assert_same(sides.stored(ESCALATIONS), expected)


# -- as the whole log tells --------------------------------------------------------------------------------


def test_the_known_totals(volvo: Settings) -> None:
    with Warehouse.open(volvo.warehouse_file) as warehouse:
        assert warehouse.value("select count(*) from mart.tickets") == 7554
        query = "select count(distinct issue_id), count(distinct issue_id) filter (ever_touched_tier3) from mart.escalations"
        assert warehouse.rows(query) == [(3008, 544)]


def test_the_replay_knows_the_totals_too(now: Sides) -> None:
    escalated = [life for life in now.lives.values() if life.escalations]
    assert (len(now.lives), len(escalated)) == (7554, 3008)
    assert sum(any(one.tier3_at for one in life.escalations) for life in escalated) == 544


def test_every_tier_stay(now: Sides) -> None:
    assert_stays_agree(now)


def test_stays_tile_each_life_without_gap_or_overlap(now: Sides) -> None:
    for issue_id, stays in now.stored(STAYS).items():
        tiers, since, until = ([stay[n] for stay in stays] for n in range(3))
        assert [*since, None] == [now.lives[issue_id].created, *until], issue_id
        assert all(at < end for at, end in zip(since, until[:-1], strict=False)), issue_id
        assert all(one != other for one, other in pairwise(tiers)), issue_id


def test_hours_per_tier(now: Sides) -> None:
    expected: Counter[int | None] = Counter()
    for life in now.lives.values():
        for tier, since, until in life.stays:
            expected[tier] += round(hours(since, until or now.now) * 3600)
    with Warehouse.open(now.warehouse) as warehouse:
        found = dict(warehouse.rows("select tier, round(sum(hours) * 3600) from mart.tier_stays group by tier"))
    assert found == expected


def test_every_wait(now: Sides) -> None:
    assert_waits_agree(now)


def test_hours_per_party(now: Sides) -> None:
    expected: Counter[str] = Counter()
    for life in now.lives.values():
        for party, since, until in life.waits:
            expected[party] += round(hours(since, until or now.now) * 3600)
    with Warehouse.open(now.warehouse) as warehouse:
        found = dict(warehouse.rows("select waiting_on, round(sum(hours) * 3600) from mart.waits group by 1"))
    assert found == expected


def test_every_escalation(now: Sides) -> None:
    assert_escalations_agree(now)


def test_tier_of_every_ticket_and_since_when_it_is_done(now: Sides) -> None:
    assert_tickets_agree(now)


# -- as of an earlier moment -------------------------------------------------------------------------------


def test_every_tier_stay_as_of_then(then: Sides) -> None:
    assert_stays_agree(then)


def test_every_wait_as_of_then(then: Sides) -> None:
    assert_waits_agree(then)


def test_every_escalation_as_of_then(then: Sides) -> None:
    assert_escalations_agree(then)


def test_tier_and_done_as_of_then_though_no_ticket_lies_in_that_status_any_more(then: Sides) -> None:
    # what a status means is no event: the export tells it of In Call, wherever a ticket lies in it today
    assert_tickets_agree(then)


# -- once more; last, for it runs in the same warehouse ----------------------------------------------------


def test_the_same_export_again_changes_no_row(volvo: Settings) -> None:
    before = everything(volvo.warehouse_file)
    weekly.run(volvo, quiet, is_rendered=False)
    assert everything(volvo.warehouse_file) == before
