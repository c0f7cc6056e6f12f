"""The blind audit of verdicts: who is drawn and how likely, what is shown, and what the answers tell of all."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from stories import bare_criteria, issues, lines, load_into, open_warehouse, table
from stories import derive as derive_story
from test_verdicts import runbook

from analysis.audit import AuditAnswer, draw, estimates, store, waiting
from analysis.errors import InputError
from analysis.warehouse import Warehouse
from pipelines.audit_lines import COLUMNS, audit_lines, audit_queue, import_audit, write_audit
from pipelines.settings import Settings

NOW = datetime(2026, 3, 16, 12)
WEEK = date(2026, 3, 9)  # the reported one
# Of the reported week: five that OPS should have handled, two others of OPS, one born at Tier 2, one a duplicate.
STORY = """
SUP-1 created 2026-03-09 09:00 tier=1 summary="portal key" description="Cedar, 403"
  03-09 09:30 comment="I tried it twice." by=ops-1
  03-09 10:00 tier=2
  03-09 11:00 comment="RB-KEY says how." by=int-1
SUP-2 created 2026-03-09 09:00 tier=1 summary="portal key of two"
  03-09 10:00 tier=2
  03-09 11:00 summary="the key was renewed"
SUP-3 created 2026-03-10 09:00 tier=1 summary="portal key of three"
  03-10 10:00 tier=2
SUP-4 created 2026-03-10 09:00 tier=1 summary="portal key of four"
  03-10 10:00 tier=2
SUP-5 created 2026-03-10 09:00 tier=1 summary="portal key of five"
  03-10 10:00 tier=2
SUP-6 created 2026-03-11 09:00 tier=1 summary="it is slow"
  03-11 10:00 tier=2
SUP-7 created 2026-03-11 09:00 tier=1 summary="it is red"
  03-11 10:00 tier=2
SUP-8 created 2026-03-11 09:00 tier=2 summary="portal key of eight"
SUP-9 created 2026-03-11 09:00 tier=1 summary="portal key of nine"
  03-11 10:00 tier=2
  03-11 11:00 status=Resolved resolution=Duplicate
SUP-10 created 2026-03-02 09:00 tier=1 summary="portal key of the week before"
  03-02 10:00 tier=2
"""
DRAWS = """
    select week, stratum, count(*), min(inclusion_probability), max(inclusion_probability)
    from state.audit_draws group by all order by 1, 2
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    book = {"runbooks/RB-KEY__md": runbook("RB-KEY", "signature: ['portal key']", announced="2026-02-01")}
    criteria = bare_criteria(folder / "criteria", **book)
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        load_into(warehouse, folder, issues(STORY), criteria)
        derive_story(warehouse, criteria, NOW)
    return folder / "warehouse.duckdb"


@pytest.fixture
def desk(built: Path, tmp_path: Path) -> Settings:
    """A copy of the desk."""
    (tmp_path / "warehouse.duckdb").write_bytes(built.read_bytes())
    return Settings(home=tmp_path)


@pytest.fixture
def warehouse(desk: Settings) -> Iterator[Warehouse]:
    with Warehouse.open(desk.warehouse_file) as opened:
        yield opened


# -- the draw ---------------------------------------------------------------------------------------------------------


def test_three_of_each_stratum_are_drawn_once_a_week(warehouse: Warehouse) -> None:
    assert draw(warehouse, WEEK, "run", NOW) == 5
    assert table(warehouse, DRAWS) == lines(
        """
        2026-03-09 flagged 3 0.6 0.6
        2026-03-09 unflagged 2 1 1
        """
    )
    of_ops = {1001, 1002, 1003, 1004, 1005, 1006, 1007}
    assert {issue for (issue,) in warehouse.rows("select issue_id from state.audit_draws")} < of_ops
    assert draw(warehouse, WEEK, "run", NOW + timedelta(days=1)) == 0
    assert draw(warehouse, WEEK - timedelta(days=7), "run", NOW) == 1, "another week is drawn from by itself"


def test_the_draw_is_by_the_verdict_at_the_escalation(warehouse: Warehouse) -> None:
    make_table(warehouse, "verdicts", "select * replace ('justified' as verdict) from mart.verdicts")
    assert draw(warehouse, WEEK, "run", NOW) == 5
    assert table(warehouse, "select stratum, count(*) from state.audit_draws group by 1 order by 1") == lines(
        """
        flagged 3
        unflagged 2
        """
    )


def make_table(warehouse: Warehouse, name: str, query: str) -> None:
    """Put a table in place of a view of mart, so that a test may say what it holds."""
    warehouse.execute(f"create or replace temp table told as {query}")
    kind = warehouse.value(
        f"select table_type from information_schema.tables where table_schema = 'mart' and table_name = '{name}'"
    )
    warehouse.execute(f"drop {'view' if kind == 'VIEW' else 'table'} mart.{name}")
    warehouse.execute(f"create table mart.{name} as from told")


# -- what is shown ----------------------------------------------------------------------------------------------------


def shown(settings: Settings, folder: Path) -> str:
    """All that the command prints and writes."""
    rows, told = audit_queue(settings, "run", NOW)
    write_audit(rows, folder / "audit.csv")
    text = (folder / "audit.csv").read_text("utf-8-sig")
    (folder / "audit.csv").unlink()
    return "\n".join([*audit_lines(rows, told), text, json.dumps({"waiting": rows, "estimates": told}, default=str)])


def test_our_verdict_is_not_shown(built: Path, tmp_path: Path) -> None:
    """Of tickets all of which are drawn, what is shown and in which order is the same whatever our verdict is."""
    seen = []
    for n, verdict in enumerate(("should_have_handled", "justified", "unclear")):
        folder = tmp_path / str(n)
        folder.mkdir()
        (folder / "warehouse.duckdb").write_bytes(built.read_bytes())
        with open_warehouse(folder / "warehouse.duckdb") as warehouse:
            make_table(
                warehouse,
                "verdicts",
                f"select * replace ('{verdict}' as verdict_at_escalation) from mart.verdicts where issue_id in (1001, 1002, 1007)",
            )
        seen.append(shown(Settings(home=folder), folder))
    assert seen[0] == seen[1] == seen[2]
    assert "SUP-1" in seen[0] and "SUP-7" in seen[0]


def test_what_is_shown_is_what_was_known_at_the_escalation(desk: Settings, tmp_path: Path) -> None:
    with Warehouse.open(desk.warehouse_file) as warehouse:
        make_table(warehouse, "verdicts", "from mart.verdicts where issue_id in (1001, 1002)")
    text = shown(desk, tmp_path)
    assert "Cedar, 403" in text and "I tried it twice." in text and "portal key of two" in text
    for later in ("RB-KEY says how.", "the key was renewed", "flagged", "criterion", "runbook", "int-1", "ops-1"):
        assert later not in text
    answers = text.replace("should_have_handled, incomplete, justified", "").replace(
        "should_have_handled: OPS could", ""
    )
    assert "should_have_handled" not in answers, "but among the choices"


# -- answers ----------------------------------------------------------------------------------------------------------

# What persons said, one after the other → the answer that counts, of how many persons, and whether they agree.
SAID = """
ann should_have_handled                                  | should_have_handled 1 yes
ann should_have_handled, ann justified                   | justified 1 yes
ann should_have_handled, bob justified                   | justified 2 no
ann incomplete, bob should_have_handled                  | incomplete 2 no
ann should_have_handled, bob justified, cid should_have_handled | should_have_handled 3 no
ann ?                                                    | - 0 -
ann should_have_handled, ann ?                           | - 0 -
ann ?, bob justified                                     | justified 1 yes
"""


@pytest.mark.parametrize(("said", "counts"), [line.split("|") for line in SAID.strip().splitlines()])
def test_which_answer_counts(said: str, counts: str, warehouse: Warehouse) -> None:
    draw(warehouse, WEEK, "run", NOW)
    ((issue_id,),) = warehouse.rows("select min(issue_id) from state.audit_draws")
    before = len(waiting(warehouse))
    for one in said.split(","):
        person, value = one.split()
        answer = AuditAnswer(issue_id, 1, None if value == "?" else value, person, "csv")
        assert store(warehouse, [answer], "run", NOW) == 1
        assert store(warehouse, [answer], "run", NOW) == 0
    query = f"select answer, n_answers, is_agreed from mart.audit_results where issue_id = {issue_id}"
    assert table(warehouse, query) == counts.strip()
    assert len(waiting(warehouse)) == before - 1


# cells of a line → what the message says
FAULTS = {
    "SUP-99,justified,1": "no such ticket in the warehouse",
    "SUP-8,justified,1": "was not drawn",
    "{drawn},justified,2": "was not drawn",
    "{drawn},justified,first": "escalation_no is no number",
    "{drawn},nobody knows,1": "answer is none of should_have_handled, incomplete, justified",
    "{drawn},incomplete,1": "answers what an earlier line answers otherwise",
}


@pytest.mark.parametrize("line", FAULTS)
def test_a_fault_names_its_line_and_nothing_is_stored(line: str, desk: Settings, tmp_path: Path) -> None:
    rows, _ = audit_queue(desk, "run", NOW)
    file, key = tmp_path / "answers.csv", rows[0]["ticket_key"]
    good = f"{key},justified,1"
    file.write_text(f"ticket,answer,escalation_no\n{good}\n\n{line.format(drawn=key)}\n")
    with pytest.raises(InputError) as refusal:
        import_audit(desk, file, "ann", "run", NOW)
    assert str(refusal.value).startswith(f"{file}: line 4: ")
    assert FAULTS[line] in str(refusal.value) and "\n" not in str(refusal.value)
    assert refusal.value.exit_code == 2
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert warehouse.value("select count(*) from state.audit_answers") == 0


def test_the_csv_comes_back(desk: Settings, tmp_path: Path) -> None:
    rows, _ = audit_queue(desk, "run", NOW)
    file = tmp_path / "audit.csv"
    write_audit(rows, file)
    with pytest.raises(InputError, match="is there already"):
        write_audit(rows, file)
    text = file.read_text("utf-8-sig")
    assert text.splitlines()[0] == ",".join(COLUMNS)
    filled, n_filled = re.subn(r"^(SUP-\d+,1,),", r"\1Should have handled,", text, count=2, flags=re.MULTILINE)
    assert n_filled == 2
    file.write_text(filled)
    done = import_audit(desk, file, "ann", "run", NOW)
    assert (done.n_stored, done.n_known, done.n_empty) == (2, 0, 3)
    done = import_audit(desk, file, "ann", "run", NOW)
    assert (done.n_stored, done.n_known, done.n_empty) == (0, 2, 3)
    assert len(audit_queue(desk, "run", NOW)[0]) == 3


# -- what the answers tell --------------------------------------------------------------------------------------------


def tell(
    warehouse: Warehouse, week: date, stratum: str, chance: float, answers: Sequence[bool | None], first: int
) -> None:
    """Draws of a week and stratum with their answers; None: nobody answered yet."""
    for place, answer in enumerate(answers):
        told = {"run_id": "run", "recorded_at": NOW, "effective_at": NOW, "issue_id": first + place, "escalation_no": 1}
        chosen = {"week": week, "stratum": stratum, "inclusion_probability": chance}
        warehouse.append_event("state.audit_draws", told | chosen)
        if answer is not None:
            said = {"value": "should_have_handled" if answer else "justified", "person_id": "ann", "source_ref": "csv"}
            warehouse.append_event("state.audit_answers", told | said)


def test_the_estimates_are_those_reckoned_by_hand(warehouse: Warehouse) -> None:
    """Six flagged of which three are drawn, and two of two: (2 x 2 + 1) of (3 x 2 + 2) are right, as if from 64/14 answers."""
    tell(warehouse, WEEK, "flagged", 0.5, [True, True, False], 1)
    tell(warehouse, WEEK - timedelta(days=7), "flagged", 1, [True, False, None], 11)
    tell(warehouse, WEEK, "unflagged", 0.25, [False, False, True], 21)
    tell(warehouse, WEEK - timedelta(days=7), "unflagged", 0.75, [False, False, False], 31)
    precision, miss_rate = estimates(warehouse)
    told = ("estimate", "n_weeks_pooled", "n_answered", "n_yes", "is_too_few")
    assert [precision[name] for name in told] == ["precision", 26, 5, 3, True]
    assert [miss_rate[name] for name in told] == ["miss_rate", 26, 6, 1, True]
    assert precision["value"] == pytest.approx(5 / 8)
    assert (precision["low"], precision["high"]) == pytest.approx((0.2358, 0.9000), abs=1e-4)
    assert miss_rate["value"] == pytest.approx(4 / 16)
    assert (miss_rate["low"], miss_rate["high"]) == pytest.approx((0.0518, 0.6705), abs=1e-4)


# answers a week, for 30 weeks up to the reported one → weeks pooled, answered, too few
POOLED = {5: (4, 20, False), 4: (13, 52, False), 2: (13, 26, False), 1: (26, 26, False)}


@pytest.mark.parametrize("n_a_week", POOLED)
def test_weeks_are_pooled_until_twenty_are_answered(n_a_week: int, warehouse: Warehouse) -> None:
    for back in range(30):
        tell(warehouse, WEEK - timedelta(days=7 * back), "flagged", 1, [True] * n_a_week, 100 * back + 1)
    tell(warehouse, WEEK + timedelta(days=7), "flagged", 1, [False] * 9, 9001)
    precision, miss_rate = estimates(warehouse)
    assert (precision["n_weeks_pooled"], precision["n_answered"], precision["is_too_few"]) == POOLED[n_a_week]
    assert precision["value"] == 1, "nothing of the week after the reported one"
    assert (miss_rate["value"], miss_rate["low"], miss_rate["n_answered"], miss_rate["is_too_few"]) == (
        None,
        None,
        0,
        True,
    )


N_DESKS = 40


def test_the_estimates_are_right_on_average(warehouse: Warehouse) -> None:
    """On desks whose crowded weeks are the worse ones, which a plain share of the answers would not notice."""
    chance, ids = Random(11), iter(range(10_000, 1_000_000))  # noqa: S311
    weeks = [WEEK - timedelta(days=7 * back) for back in range(13)]
    sizes = {week: (9, 16) if n % 3 == 0 else (2, 5) for n, week in enumerate(weeks)}
    off: dict[str, list[float]] = {"precision": [], "miss_rate": []}
    plain: list[float] = []
    for _ in range(N_DESKS):
        rows = [
            (week, next(ids), verdict, chance.random() < right)
            for week, (n_flagged, n_others) in sizes.items()
            for verdict, n, right in (
                ("should_have_handled", n_flagged, 0.6 if n_flagged > 3 else 1.0),
                ("justified", n_others, 0.3 if n_others > 5 else 0.0),
            )
            for _ in range(n)
        ]
        simulate(warehouse, rows)
        answers = {issue: is_yes for _, issue, _, is_yes in rows}
        drawn = [issue for (issue,) in warehouse.rows("select issue_id from state.audit_draws order by 1")]
        said = [("should_have_handled" if answers[issue] else "justified", issue) for issue in drawn]
        store(warehouse, [AuditAnswer(issue, 1, value, "ann", "csv") for value, issue in said], "run", NOW)
        for one in estimates(warehouse):
            flagged = one["estimate"] == "precision"
            mine = [is_yes for _, _, verdict, is_yes in rows if (verdict == "should_have_handled") == flagged]
            assert one["n_weeks_pooled"] == 13
            off[one["estimate"]].append(one["value"] - sum(mine) / len(mine))
            if flagged:
                plain.append(one["n_yes"] / one["n_answered"] - sum(mine) / len(mine))
    for estimate, errors in off.items():
        mean = sum(errors) / N_DESKS
        spread = (sum((error - mean) ** 2 for error in errors) / (N_DESKS - 1) / N_DESKS) ** 0.5
        assert abs(mean) < 3 * spread + 0.005, (estimate, mean, spread)
    assert sum(plain) / N_DESKS > 0.05, "the plain share flatters"


def simulate(warehouse: Warehouse, rows: Sequence[tuple[date, int, str, bool]]) -> None:
    """A desk of these escalations (week, ticket, verdict), drawn from week by week."""
    warehouse.execute("delete from state.audit_draws")
    warehouse.execute("delete from state.audit_answers")
    listed = ", ".join(f"(date '{week}', {issue}, '{verdict}')" for week, issue, verdict, _ in rows)
    told = f"(values {listed}) as s(escalated_week, issue_id, verdict)"
    make_table(
        warehouse,
        "tagged_escalations",
        f"select escalated_week, cast(issue_id as bigint) as issue_id, 1 as escalation_no, false as is_excluded, 'from_ops' as entered from {told}",
    )
    make_table(
        warehouse,
        "verdicts",
        f"select cast(issue_id as bigint) as issue_id, 1 as escalation_no, verdict as verdict_at_escalation from {told}",
    )
    for week in sorted({week for week, *_ in rows}):
        draw(warehouse, week, "run", NOW)
