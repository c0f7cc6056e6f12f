"""The review queue: what is asked about and why, and what becomes of the answers."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from few_tickets import cells
from hypothesis import given, settings
from hypothesis import strategies as st
from stories import NAMED_RULES, derive, issues, lines, load_into, open_warehouse, table, write_criteria
from typer.testing import CliRunner

from analysis.errors import InputError
from analysis.review import Answer, fill_queue, queue, store_answers
from analysis.taxonomy import Criteria
from analysis.text import printable, spreadsheet_cell
from analysis.warehouse import Warehouse
from pipelines.cli import app
from pipelines.csv_files import Answered
from pipelines.review import import_answers, queue_lines, review_queue, write_queue
from pipelines.settings import Settings

# Twelve tags by rules (SUP-1 to 4 and 6 to 9), two of them answered in Jira, ten untagged; SUP-5 is older than a quarter,
# SUP-10 never escalated, of SUP-9 a field told the provider, and persons disagree on SUP-4.
STORY = """
SUP-1 created 2026-03-02 09:00 tier=2 summary="Tekion 403"
SUP-2 created 2026-03-03 09:00 tier=2 summary="CDK 403"
  03-04 09:00 labels=provider:tekion by=int-1
SUP-3 created 2026-03-04 09:00 tier=2 summary="=HYPERLINK(1) CDK" description="first line, with a comma\\nsecond"
SUP-4 created 2026-03-04 10:00 tier=2 summary="Tekion"
  03-05 09:00 provider=CDK by=int-1
  03-06 09:00 provider=XTime by=eng-1
SUP-5 created 2025-10-01 09:00 tier=2 summary="Tekion 403"
SUP-6 created 2026-03-05 09:00 tier=2 summary="no idea"
SUP-7 created 2026-03-06 09:00 tier=2 summary="Tekion is slow"
SUP-8 created 2026-03-06 10:00 tier=2 summary="403"
SUP-9 created 2026-03-06 11:00 tier=2 summary="CDK" provider=CDK
SUP-10 created 2026-03-06 12:00 tier=1 summary="Tekion 403"
"""
AS_OF = datetime(2026, 3, 9, 8)
REVIEWED = datetime(2026, 3, 9, 9)
POOL = "select t.ticket_key, p.kind, p.value, p.source from mart.review_pool p join core.tickets t using (issue_id)"


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return write_criteria(tmp_path_factory.mktemp("criteria") / "criteria", rules__toml=NAMED_RULES)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Path:
    """A warehouse whose tickets came untold, and what people said in Jira a run later."""
    folder = tmp_path_factory.mktemp("built")
    told = issues(STORY)
    untold = issues("\n".join(line for line in STORY.splitlines() if "by=" not in line))
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:
        for found in (untold, told):
            load_into(warehouse, folder, found, criteria)
            derive(warehouse, criteria, AS_OF)
    return folder / "warehouse.duckdb"


@pytest.fixture
def desk(built: Path, tmp_path: Path) -> Settings:
    shutil.copy(built, tmp_path / "warehouse.duckdb")
    return Settings(home=tmp_path)


@pytest.fixture
def warehouse(desk: Settings) -> Iterator[Warehouse]:
    with Warehouse.open(desk.warehouse_file) as opened:
        yield opened


# -- what is asked about -------------------------------------------------------------------------------------

# As rules said it before anybody answered; SUP-9's field is nobody's guess.
BLIND = """
SUP-1 failure_category auth rule
SUP-1 provider tekion rule
SUP-2 failure_category auth rule
SUP-2 provider cdk rule
SUP-3 provider cdk rule
SUP-4 provider tekion rule
SUP-7 provider tekion rule
SUP-8 failure_category auth rule
"""


def test_blind_ones_come_from_all_that_was_tagged_by_rules_and_classifier(warehouse: Warehouse) -> None:
    assert table(warehouse, f"{POOL} where reason = 'blind' order by ticket_key, kind") == lines(BLIND)
    assert warehouse.rows("select distinct n_like from mart.review_pool where reason = 'blind'") == [(8,)]


def test_persons_who_disagree_are_asked_again(warehouse: Warehouse) -> None:
    assert table(warehouse, f"{POOL} where reason = 'disputed'") == "SUP-4 provider xtime answer"


def test_the_untagged_are_asked_about_the_newest_first_where_nothing_is_guessed(warehouse: Warehouse) -> None:
    expected = """
        SUP-9 failure_category - none
        SUP-8 provider - none
        SUP-7 failure_category - none
        SUP-6 failure_category - none
        SUP-6 provider - none
        SUP-4 failure_category - none
        SUP-3 failure_category - none
    """
    assert table(warehouse, f"{POOL} where reason = 'unsure' order by place") == lines(expected)


def test_one_stands_for_all_between_the_same_two_values(warehouse: Warehouse) -> None:
    guesses = {"SUP-1": ("cdk", "tekion", 0.5), "SUP-3": ("cdk", "tekion", 0.6), "SUP-6": ("xtime", "cdk", 0.4)}
    warehouse.execute("update core.tags set source = 'none', value = null where kind = 'provider' and source = 'rule'")
    for key, told in guesses.items():
        which = "issue_id = (select issue_id from core.tickets where ticket_key = ?) and kind = 'provider'"
        change = "update core.tags set guess = ?, second_guess = ?, guess_confidence = ?"
        warehouse.execute(f"{change} where {which}", [*told, key])
    query = "select t.ticket_key, p.n_like from mart.review_pool p join core.tickets t using (issue_id)"
    assert table(warehouse, f"{query} where reason = 'informative' order by place") == "SUP-3 2\nSUP-6 1"
    least_sure = f"{query} where reason = 'unsure' and kind = 'provider' order by place limit 3"
    assert [line.split()[0] for line in table(warehouse, least_sure).splitlines()] == ["SUP-6", "SUP-1", "SUP-3"]


def test_a_list_of_ten(warehouse: Warehouse) -> None:
    """Three blind ones and the dispute; nothing is informative without guesses, so the unsure take those places."""
    fill_queue(warehouse, 10, "run", REVIEWED)
    waiting = queue(warehouse)
    counts = Counter(row["reason"] for row in waiting)
    # of the three drawn blind one may be answered already, and then all seven untagged ones have a place
    assert counts in (Counter(blind=3, disputed=1, unsure=6), Counter(blind=2, disputed=1, unsure=7))
    assert counts.total() == len({(row["issue_id"], row["kind"]) for row in waiting}) == 10


def test_there_are_no_more_than_there_are(warehouse: Warehouse) -> None:
    """Six blind ones without an answer, one dispute, seven untagged."""
    fill_queue(warehouse, 50, "run", REVIEWED)
    assert Counter(row["reason"] for row in queue(warehouse)) == {"blind": 6, "disputed": 1, "unsure": 7}


def test_who_was_drawn_blind_and_is_disputed_later_is_asked_again(warehouse: Warehouse) -> None:
    fill_queue(warehouse, 50, "run", REVIEWED)
    assert [row["ticket_key"] for row in queue(warehouse) if row["reason"] == "disputed"] == ["SUP-4"]
    blind = warehouse.rows("select count(*) from state.review_draws where issue_id = 1004 and reason = 'blind'")
    assert blind == [(1,)]


def test_what_waits_stays_and_nothing_is_drawn_beside_it(warehouse: Warehouse) -> None:
    fill_queue(warehouse, 5, "run", REVIEWED)
    first = queue(warehouse)
    fill_queue(warehouse, 5, "later", REVIEWED + timedelta(days=1))
    assert [queue(warehouse), len(first)] == [first, 5]
    assert warehouse.value("select count(*) from state.review_draws where run_id = 'later'") == 0


def test_an_answered_one_makes_room_for_another(warehouse: Warehouse) -> None:
    fill_queue(warehouse, 4, "run", REVIEWED)
    before = queue(warehouse)
    gone = before[-1]
    told = Answer(gone["issue_id"], gone["kind"], "other", "ann", "csv")
    store_answers(warehouse, [told], "run", REVIEWED + timedelta(hours=1))
    fill_queue(warehouse, 4, "later", REVIEWED + timedelta(hours=2))
    after = queue(warehouse)
    assert len(after) == 4
    assert [row for row in before if row not in after] == [gone]


def test_a_blind_one_comes_with_its_chance_and_without_our_tag(warehouse: Warehouse) -> None:
    fill_queue(warehouse, 10, "run", REVIEWED)
    chances = "select distinct round(inclusion_probability, 3) from state.review_draws where reason = 'blind'"
    assert warehouse.rows(chances)[0] == (0.375,)
    blind = [row for row in queue(warehouse) if row["reason"] == "blind"]
    assert blind
    for row in blind:
        assert {row[name] for name in ("guess", "guess_confidence", "second_guess", "rule_value", "said")} == {None}


def test_every_tag_is_drawn_blind_equally_often(warehouse: Warehouse) -> None:
    """Over many mornings; 8 tags, 3 places: each is among the first three 37.5 times in 100, and no fewer than 20."""
    seen: dict[tuple[int, str], int] = {}
    for day in range(100):
        warehouse.execute("update core.clock set as_of = ?", [AS_OF + timedelta(hours=day)])
        first = "select issue_id, kind from mart.review_pool where reason = 'blind' and place <= 3"
        for tag in warehouse.rows(first):
            seen[tag] = seen.get(tag, 0) + 1
    assert len(seen) == 8
    assert min(seen.values()) >= 20
    assert max(seen.values()) <= 55


def test_the_words_are_those_that_the_tag_is_made_of(criteria: Criteria, tmp_path: Path) -> None:
    story = """
SUP-1 created 2026-03-02 09:00 tier=2 summary="something with bookings" description="they are gone"
  03-03 09:00 summary="Tekion 403" description="it was the token"
"""
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_into(warehouse, tmp_path, issues(story), criteria)
        derive(warehouse, criteria, AS_OF)
        fill_queue(warehouse, 10, "run", REVIEWED)
        told = {(row["summary"], row["words"]) for row in queue(warehouse)}
    assert told == {("something with bookings", "they are gone")}


# -- the list on its way out ---------------------------------------------------------------------------------


def filled(path: Path, answers: dict[tuple[str, str], str], **more: str) -> Path:
    """The CSV at `path` with answers filled in by ticket and kind."""
    rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
    for row in rows:
        row["answer"] = answers.get((row["ticket_key"], row["kind"]), "")
        row |= more
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_csv_goes_out_and_comes_back(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    rows = review_queue(desk, 10, "run", REVIEWED)
    file = tmp_path / "review.csv"
    write_queue(rows, criteria, file)
    told = {(row["ticket_key"], row["kind"]): "none" if row["kind"] == "provider" else "How to" for row in rows[:4]}
    done = import_answers(desk, criteria, filled(file, told), "ann", "run", REVIEWED + timedelta(hours=1))
    assert done == Answered(4, 0, len(rows) - 4)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        derive(warehouse, criteria, AS_OF + timedelta(days=1))
        for key, kind in told:
            which = "select value, source from core.tags join core.tickets using (issue_id) where ticket_key = ? and kind = ?"
            value = "none" if kind == "provider" else "how_to"
            assert warehouse.rows(which, [key, kind]) == [(value, "answer")]
    left = review_queue(desk, 10, "run", REVIEWED + timedelta(hours=2))
    assert not {(row["ticket_key"], row["kind"]) for row in left} & set(told)


def test_cells_are_no_formulas_and_hold_whole_texts(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    write_queue(review_queue(desk, 30, "run", REVIEWED), criteria, tmp_path / "review.csv")
    rows = list(csv.DictReader((tmp_path / "review.csv").read_text(encoding="utf-8-sig").splitlines(keepends=True)))
    of_three = next(row for row in rows if row["ticket_key"] == "SUP-3")
    assert of_three["summary"] == "'=HYPERLINK(1) CDK"
    assert of_three["words"].startswith("first line, with a comma")
    assert {row["answer"] for row in rows} == {""}


def test_a_file_that_is_there_is_left_alone(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    file = tmp_path / "review.csv"
    file.write_text("filled in by hand")
    with pytest.raises(InputError, match="is there already"):
        write_queue(review_queue(desk, 10, "run", REVIEWED), criteria, file)
    assert file.read_text() == "filled in by hand"


def test_the_list_as_a_person_reads_it(desk: Settings, criteria: Criteria) -> None:
    text = "\n".join(queue_lines(review_queue(desk, 30, "run", REVIEWED), criteria))
    assert "SUP-4: provider? persons disagree: a person on 2026-03-06: xtime; a person on 2026-03-05: cdk" in text
    assert "SUP-6: provider? untagged\n   no idea\n" in text
    assert "provider: tekion, cdk, xtime, mykaarma, dealer_fx, other, none\n" in text
    assert list(queue_lines([], criteria)) != []


CELLS = """
=1+1          | '=1+1
+49 30 1234   | '+49 30 1234
-x            | '-x
@SUM(A1)      | '@SUM(A1)
a=1           | a=1
403           | 403
"""


@pytest.mark.parametrize(("text", "cell"), cells(CELLS))
def test_spreadsheet_cells(text: str, cell: str) -> None:
    assert spreadsheet_cell(text) == cell


@given(st.text())
@settings(deadline=None, max_examples=60)
def test_nothing_printed_steers_a_terminal(text: str) -> None:
    assert printable(text).isprintable()
    assert printable("\x1b[31mred\x07\r\nnext\u202e") == "[31mred next"


# -- answers on their way back -------------------------------------------------------------------------------

HEADER = "ticket_key,kind,answer\n"
GOOD = {
    "comma": f"{HEADER}SUP-1,provider,CDK\n",
    "semicolon": "ticket_key;kind;answer\nSUP-1;provider;CDK Global\n",
    "tab": "Ticket\tKind\tAnswer\nSUP-1\tprovider\tcdk\n",
    "other columns and their order": "note,answer,ticket,kind\n=1+1,cdk,SUP-1,provider\n",
    "a mark at the start, Windows ends": "\ufeffticket_key,kind,answer\r\nSUP-1,provider,cdk\r\n",
    "empty lines": f"{HEADER}\nSUP-1,provider,cdk\n,,\n\n",
    "said twice": f"{HEADER}SUP-1,provider,cdk\nSUP-1,Provider,CDK\n",
}


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_what_is_taken(text: str, desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text, newline="")
    assert import_answers(desk, criteria, tmp_path / "a.csv", "ann", "run", REVIEWED).n_stored == 1
    with Warehouse.open(desk.warehouse_file) as warehouse:
        said = "select issue_id, kind, value, person_id from state.answers where person_id = 'ann'"
        assert warehouse.rows(said) == [(1001, "provider", "cdk", "ann")]


# what the file holds | the line that is named, and how
BAD = {
    f"{HEADER}SUP-1,provider,cdk\nSUP-99,provider,cdk\n": "line 3: no such ticket",
    f"{HEADER}SUP-1,provider,tesla\n": "line 2: no such provider",
    f"{HEADER}SUP-1,category,cdk\n": "line 2: no such failure category",
    f"{HEADER}SUP-1,colour,red\n": "line 2: no such kind of tag",
    f"{HEADER}SUP-1,provider,cdk\nSUP-1,provider,xtime\n": "line 3: answers what an earlier line answers otherwise",
    "ticket_key,kind\nSUP-1,provider\n": "line 1: no column answer",
    "": "line 1: no column ticket_key",
    f'{HEADER}SUP-1,provider,"cdk\n': "line 2: not CSV",
    f'{HEADER}"SUP-1\n",provider,cdk\nSUP-1,provider,tesla\n': "line 4: no such provider",
}


@pytest.mark.parametrize(("text", "said"), BAD.items())
def test_one_wrong_line_and_nothing_is_stored(
    text: str, said: str, desk: Settings, criteria: Criteria, tmp_path: Path
) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError) as error:
        import_answers(desk, criteria, tmp_path / "a.csv", "ann", "import", REVIEWED)
    assert str(error.value).startswith(f"{tmp_path / 'a.csv'}: {said}")
    assert "\n" not in str(error.value)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert warehouse.value("select count(*) from state.answers where run_id = 'import'") == 0


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", None])
def test_a_file_that_cannot_be_read(content: bytes | None, desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    if content:
        (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.csv: (not UTF-8|cannot be read)"):
        import_answers(desk, criteria, tmp_path / "a.csv", "ann", "run", REVIEWED)


def test_the_same_file_again_says_nothing_new(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    steps = [("cdk", 1), ("cdk", 0), ("xtime", 1), ("cdk", 1), ("?", 1), ("?", 0)]
    for hour, (value, n_stored) in enumerate(steps):
        file.write_text(f"{HEADER}SUP-1,provider,{value}\n")
        at = REVIEWED + timedelta(hours=hour)
        assert import_answers(desk, criteria, file, "ann", "run", at) == Answered(n_stored, 1 - n_stored, 0), value


def test_two_persons_in_one_file_may_disagree(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ticket,kind,answer,person\nSUP-1,provider,cdk,bob\nSUP-1,provider,xtime,\n")
    assert import_answers(desk, criteria, tmp_path / "a.csv", "ann", "run", REVIEWED).n_stored == 2
    with Warehouse.open(desk.warehouse_file) as warehouse:
        derive(warehouse, criteria, AS_OF)
        told = "select value, source, is_disputed from mart.tags where issue_id = 1001 and kind = 'provider'"
        assert warehouse.rows(told) == [("xtime", "answer", True)]


def test_who_cannot_tell_takes_the_answer_back(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    for hour, value in enumerate(("xtime", "?")):
        (tmp_path / "a.csv").write_text(f"{HEADER}SUP-1,provider,{value}\n")
        import_answers(desk, criteria, tmp_path / "a.csv", "ann", "run", REVIEWED + timedelta(hours=hour))
        with Warehouse.open(desk.warehouse_file) as warehouse:
            derive(warehouse, criteria, AS_OF)
            told = "select value, source from mart.tags where issue_id = 1001 and kind = 'provider'"
            assert warehouse.rows(told) == [("xtime", "answer") if value == "xtime" else ("tekion", "rule")]


def test_a_ticket_that_moved_is_found_by_its_old_key(criteria: Criteria, tmp_path: Path) -> None:
    story = 'SUP-2 created 2026-03-02 09:00 tier=2 summary="Tekion"\n  03-03 09:00 moved_from=OLD-7\n'
    with open_warehouse(tmp_path / "warehouse.duckdb") as warehouse:
        load_into(warehouse, tmp_path, issues(story), criteria)
        derive(warehouse, criteria, AS_OF)
    (tmp_path / "a.csv").write_text(f"{HEADER}OLD-7,provider,cdk\n")
    desk = Settings(home=tmp_path)
    assert import_answers(desk, criteria, tmp_path / "a.csv", "ann", "run", REVIEWED).n_stored == 1


# -- the command ---------------------------------------------------------------------------------------------


def test_the_command(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    del criteria

    def run(*words: str) -> str:
        result = CliRunner().invoke(app, ["review", "--home", str(desk.home), *words])
        assert result.exception is None, result.output
        return result.output

    assert "1. SUP-" in run()
    assert len(json.loads(run("--json", "--n", "3"))) >= 3
    assert "tags to answer" in run("--out", str(tmp_path / "a.csv"))
    (tmp_path / "b.csv").write_text(f"{HEADER}SUP-1,provider,cdk\nSUP-2,provider,\n")
    assert run("--import", str(tmp_path / "b.csv")).startswith("1 answers stored, 0 were known, 1 lines without")
    assert json.loads(run("--import", str(tmp_path / "b.csv"), "--json")) == {"n_stored": 0, "n_known": 1, "n_empty": 1}


def test_without_a_warehouse_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no warehouse yet"):
        review_queue(Settings(home=tmp_path), 10, "run", REVIEWED)
