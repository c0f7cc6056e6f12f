"""What people say of families: what it becomes, what holds it from then on, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from family_stories import AS_OF, STORY, build, desk_of, house, run
from stories import issues, lines, load_into, table

from analysis.errors import InputError
from analysis.likeness_files import read_likeness
from analysis.placing import place
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines.csv_files import Imported
from pipelines.family_lines import family_lines, import_families, known_families
from pipelines.settings import Settings

NOW = datetime(2026, 6, 2, 15)
MEMBERS = """
    select t.ticket_key, f.ticket_key, m.is_settled from core.family_members m join core.tickets t using (issue_id)
    left join core.tickets f on f.issue_id = m.family_id order by m.issue_id
"""
PERSONS = """
    select event, family_id, issue_id, other_family_id, person_id, effective_at, source_ref from state.family_events
    where person_id is not null order by event_id
"""
HEAD = "ticket,said,other,person,said_on\n"


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return house(tmp_path_factory.mktemp("criteria") / "criteria")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Path:
    return build(tmp_path_factory.mktemp("built"), STORY, criteria)


@pytest.fixture
def desk(built: Path, tmp_path: Path) -> Settings:
    return desk_of(built, tmp_path)


@pytest.fixture
def warehouse(desk: Settings) -> Iterator[Warehouse]:
    with Warehouse.open(desk.warehouse_file) as opened:
        yield opened


def say(desk: Settings, criteria: Criteria, rows: str, name: str = "said.csv", now: datetime = NOW) -> Imported:
    """Import lines of ticket, said, other, person and day, parted by blanks; - is an empty cell."""
    cells = [[cell.strip("-") if cell == "-" else cell for cell in row.split()] for row in lines(rows).splitlines()]
    file = desk.home / name
    file.write_text(HEAD + "".join(f"{','.join(row)}\n" for row in cells))
    return import_families(desk, criteria, file, "run", now)


def members(desk: Settings) -> dict[str, str]:
    """Ticket → key of its family's founder, with a star where a person said so."""
    with Warehouse.open(desk.warehouse_file) as warehouse:
        return placed_in(warehouse)


def placed_in(warehouse: Warehouse) -> dict[str, str]:
    rows = [line.split() for line in table(warehouse, MEMBERS).splitlines()]
    return {ticket: family + "*" * (settled == "yes") for ticket, family, settled in rows}


def reported(desk: Settings, criteria: Criteria) -> dict[str, str]:
    """The same after a report."""
    with Warehouse.open(desk.warehouse_file) as warehouse:
        run(warehouse, criteria)
        return placed_in(warehouse)


AS_PLACED = {
    **dict.fromkeys(["SUP-1", "SUP-2", "SUP-3", "SUP-4"], "SUP-1"),
    **dict.fromkeys(["SUP-5", "SUP-6", "SUP-7"], "SUP-5"),
    **dict.fromkeys(["SUP-8", "SUP-9"], "SUP-8"),
    "SUP-10": "SUP-10",
}
# what was said | where those stand then that do not stand as they were placed
TOLD = {
    "a ticket belongs to another's family": ("SUP-7 same_as SUP-8 ann -", {"SUP-7": "SUP-8*"}),
    "a person confirms what was found": ("SUP-2 same_as SUP-1 ann -", {"SUP-2": "SUP-1*"}),
    "a founder belongs elsewhere, its family goes on": ("SUP-1 same_as SUP-5 ann -", {"SUP-1": "SUP-5*"}),
    "one is alone": ("SUP-3 alone - ann -", {"SUP-3": "SUP-3*"}),
    "a founder is alone, its family goes on": ("SUP-1 alone - ann -", {"SUP-1": "-*"}),
    "one was alone already": ("SUP-10 alone - ann -", {"SUP-10": "SUP-10*"}),
    "of two families the older one stays": (
        "SUP-9 merge SUP-7 ann -",
        {"SUP-5": "SUP-5", "SUP-8": "SUP-5", "SUP-9": "SUP-5*", "SUP-7": "SUP-5*"},
    ),
    "two of one family are one": ("SUP-1 merge SUP-4 ann -", {"SUP-1": "SUP-1*", "SUP-4": "SUP-1*"}),
    "two leave for a family of their own": ("SUP-3 split SUP-2 ann -", {"SUP-2": "SUP-2*", "SUP-3": "SUP-2*"}),
    "with the founder": ("SUP-3 split SUP-1 ann -", {"SUP-1": "SUP-3*", "SUP-3": "SUP-3*"}),
    "a third follows": (
        "SUP-3 split SUP-2 ann -\nSUP-4 split SUP-2 ann -",
        {"SUP-2": "SUP-2*", "SUP-3": "SUP-2*", "SUP-4": "SUP-2*"},
    ),
    "to a family that is there": ("SUP-7 split SUP-9 ann -", {"SUP-7": "SUP-8*"}),
    "a whole family has nothing to part from": ("SUP-8 split SUP-9 ann -", {"SUP-8": "SUP-8*", "SUP-9": "SUP-8*"}),
    "one after the other": (
        "SUP-7 alone - ann -\nSUP-10 same_as SUP-7 bob -",
        {"SUP-7": "SUP-7*", "SUP-10": "SUP-7*"},
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_where_tickets_stand_then(name: str, desk: Settings, criteria: Criteria) -> None:
    """At once, after a report, and when the same file comes again, or the same words in another one."""
    rows, moved = TOLD[name]
    n = len(rows.splitlines())
    assert say(desk, criteria, rows) == Imported(n, 0)
    assert members(desk) == AS_PLACED | moved
    assert say(desk, criteria, rows) == Imported(0, n)
    assert reported(desk, criteria) == AS_PLACED | moved
    assert say(desk, criteria, rows, now=datetime(2026, 6, 9)) == Imported(0, n)
    assert say(desk, criteria, rows, name="other.csv") == Imported(0, n)
    assert members(desk) == AS_PLACED | moved


def test_what_is_stored(desk: Settings, criteria: Criteria) -> None:
    rows = """
        SUP-7  same_as SUP-8  ann 2026-05-29
        SUP-10 alone   -      bob -
        SUP-1  alone   -      ann -
        SUP-6  merge   SUP-9  ann -
        SUP-4  split   SUP-2  ann 2026-05-30
        SUP-5  alone   -      bob -
    """
    assert say(desk, criteria, rows) == Imported(6, 0)
    expected = """
        joined 1008 1007 1005 ann 05-29T12:00 csv said.csv: line 2: SUP-7 same_as SUP-8
        left   1010 1010 -    bob 06-02T15:00 csv said.csv: line 3: SUP-10 alone
        left   -    1001 1001 ann 06-02T15:00 csv said.csv: line 4: SUP-1 alone
        merged 1005 -    1008 ann 06-02T15:00 csv said.csv: line 5: SUP-6 merge SUP-9
        joined 1005 1009 -    ann 06-02T15:00 csv said.csv: line 5: SUP-6 merge SUP-9
        joined 1005 1006 -    ann 06-02T15:00 csv said.csv: line 5: SUP-6 merge SUP-9
        split  1002 1002 1001 ann 05-30T12:00 csv said.csv: line 6: SUP-4 split SUP-2
        split  1002 1004 1001 ann 05-30T12:00 csv said.csv: line 6: SUP-4 split SUP-2
        left   -    1005 1005 bob 06-02T15:00 csv said.csv: line 7: SUP-5 alone
    """
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert table(warehouse, PERSONS) == lines(expected)
    assert members(desk) == {
        "SUP-1": "-*",
        "SUP-2": "SUP-2*",
        "SUP-3": "SUP-1",
        "SUP-4": "SUP-2*",
        "SUP-5": "-*",
        "SUP-6": "SUP-5*",
        "SUP-7": "SUP-5*",
        "SUP-8": "SUP-5",
        "SUP-9": "SUP-5*",
        "SUP-10": "SUP-10*",
    }


def test_lines_hold_one_after_the_other_and_the_same_file_undoes_nothing(desk: Settings, criteria: Criteria) -> None:
    """What ann said is not said again when her old file comes back, though others have spoken since."""
    say(desk, criteria, "SUP-7 same_as SUP-8 ann -", name="ann.csv")
    say(desk, criteria, "SUP-7 same_as SUP-5 bob -", name="bob.csv")
    assert say(desk, criteria, "SUP-7 same_as SUP-8 ann -", name="ann.csv") == Imported(0, 1)
    assert members(desk)["SUP-7"] == "SUP-5*"
    # but on another day, or in another file, it is said anew
    assert say(desk, criteria, "SUP-7 same_as SUP-8 ann 2026-06-01", name="ann.csv") == Imported(1, 0)
    assert members(desk)["SUP-7"] == "SUP-8*"
    say(desk, criteria, "SUP-7 same_as SUP-5 bob -", name="bob2.csv")
    assert say(desk, criteria, "SUP-7 same_as SUP-8 ann -", name="ann2.csv") == Imported(1, 0)
    assert members(desk)["SUP-7"] == "SUP-8*"


def test_two_that_are_parted_once_are_not_parted_again_by_the_same_file(desk: Settings, criteria: Criteria) -> None:
    rows = "SUP-3 split SUP-2 ann -\nSUP-4 split SUP-2 ann -\nSUP-2 split SUP-4 ann -"
    assert say(desk, criteria, rows) == Imported(2, 1)
    assert members(desk) == AS_PLACED | dict.fromkeys(["SUP-2", "SUP-3", "SUP-4"], "SUP-2*")
    assert say(desk, criteria, rows) == Imported(0, 3)


def test_a_file_that_grew_adds_its_new_lines(desk: Settings, criteria: Criteria) -> None:
    say(desk, criteria, "SUP-7 same_as SUP-8 ann -")
    assert say(desk, criteria, "SUP-2 same_as SUP-1 ann -\nSUP-7 same_as SUP-8 ann -") == Imported(1, 1)


def test_what_was_said_before_the_next_report_counts(desk: Settings, criteria: Criteria) -> None:
    say(desk, criteria, "SUP-3 split SUP-2 ann -")
    say(desk, criteria, "SUP-10 same_as SUP-3 ann -", name="later.csv")
    assert members(desk)["SUP-10"] == "SUP-2*"


def test_a_merged_family_can_be_parted_and_merged_again(desk: Settings, criteria: Criteria) -> None:
    say(desk, criteria, "SUP-9 merge SUP-7 ann -", name="1.csv")
    say(desk, criteria, "SUP-9 split SUP-8 ann -", name="2.csv")
    assert members(desk) == AS_PLACED | {"SUP-8": "SUP-8*", "SUP-9": "SUP-8*", "SUP-7": "SUP-5*"}
    say(desk, criteria, "SUP-8 merge SUP-7 ann -", name="3.csv")
    assert members(desk)["SUP-8"] == members(desk)["SUP-9"] == "SUP-5*"


# -- what follows --------------------------------------------------------------------------------------------

MORE = """
SUP-13 created 2026-05-25 09:00 tier=1 dealer="Blue Mesa" provider=Tekion category=configuration summary="Blue Mesa: Tekion test connection fails again, 403" description="The test answers 403 'Missing or invalid context headers.' The dealer id in the record reads 14 after the store was moved, the access token is valid."
  05-25 10:00 tier=2 by=ops-1
  05-26 12:00 comment="Tekion wants the long form of the dealer id, stored bluemesa_14_0 in the record and the test went green." by=int-1
  05-26 12:01 status=Resolved resolution=Done by=int-1
"""


def later(desk: Settings, criteria: Criteria, story: str) -> None:
    with Warehouse.open(desk.warehouse_file) as warehouse:
        load_into(warehouse, desk.home, issues(story), criteria)


def test_families_that_a_person_parted_stay_apart(desk: Settings, criteria: Criteria) -> None:
    """A new ticket that is like both would merge them."""
    say(desk, criteria, "SUP-3 split SUP-2 ann -")
    later(desk, criteria, STORY + MORE)
    found = reported(desk, criteria)
    assert found.pop("SUP-13") in ("SUP-1", "SUP-2")
    assert found == AS_PLACED | {"SUP-2": "SUP-2*", "SUP-3": "SUP-2*"}
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert warehouse.rows("select * from state.family_events where event = 'merged'") == []


def test_without_the_word_of_a_person_they_would_have_been_merged(desk: Settings, criteria: Criteria) -> None:
    say(desk, criteria, "SUP-3 split SUP-2 ann -")
    with Warehouse.open(desk.warehouse_file) as warehouse:
        warehouse.execute("update state.family_events set person_id = null where person_id is not null")
    later(desk, criteria, STORY + MORE)
    assert {found for key, found in reported(desk, criteria).items() if key in ("SUP-1", "SUP-2", "SUP-13")} == {
        "SUP-1"
    }


def test_a_ticket_stays_where_a_person_put_it_when_it_is_closed(desk: Settings, criteria: Criteria) -> None:
    """Its closing words say that it is of the family it left."""
    say(desk, criteria, "SUP-4 same_as SUP-8 ann 2026-05-20")
    closed = STORY.replace(
        "  05-18 11:00 assignee=int-1 status=Doing\n",
        '  05-18 11:00 assignee=int-1 status=Doing\n  05-22 12:00 comment="Tekion wants the long dealer id, stored cedar_12_0." '
        "by=int-1\n  05-22 12:01 status=Resolved resolution=Done by=int-1\n",
    )
    later(desk, criteria, closed)
    assert reported(desk, criteria) == AS_PLACED | {"SUP-4": "SUP-8*"}
    with Warehouse.open(desk.warehouse_file) as warehouse:
        kept = "select event, family_id from state.family_events where issue_id = 1004 order by event_id desc limit 1"
        assert warehouse.rows(kept) == [("kept", 1008)]


def test_later_tickets_join_what_a_person_began(desk: Settings, criteria: Criteria) -> None:
    say(desk, criteria, "SUP-1 same_as SUP-2 ann -\nSUP-3 alone - ann -")
    later(desk, criteria, STORY + MORE)
    assert reported(desk, criteria)["SUP-13"] in ("SUP-1", "SUP-3")


def test_nobody_joins_a_founder_who_is_alone(desk: Settings, criteria: Criteria) -> None:
    say(desk, criteria, "SUP-1 alone - ann -")
    later(desk, criteria, STORY + MORE)
    found = reported(desk, criteria)
    assert (found["SUP-1"], found["SUP-13"]) == ("-*", "SUP-1")
    with Warehouse.open(desk.warehouse_file) as warehouse:
        hit = "select family_id, n_escalations from mart.families where family_id = 1001"
        assert warehouse.rows(hit) == [(1001, 4)]
        assert warehouse.rows("select family_id from mart.family_escalations where issue_id = 1001") == []


def test_as_of_an_earlier_day_it_was_not_said_yet(desk: Settings, criteria: Criteria) -> None:
    say(desk, criteria, "SUP-7 same_as SUP-8 ann 2026-05-29\nSUP-3 alone - ann 2026-05-31")
    with Warehouse.open(desk.warehouse_file) as warehouse:
        told = [event for event in warehouse.events("state.family_events", datetime(2026, 5, 30)) if event["person_id"]]
    assert [(event["event"], event["issue_id"]) for event in told] == [("joined", 1007)]


def test_what_families_have_in_common_is_told_anew(desk: Settings, criteria: Criteria) -> None:
    """The family that SUP-7 joins shows its words, too; the one that SUP-2 and SUP-3 begin has a signature."""
    say(desk, criteria, "SUP-3 split SUP-2 ann -\nSUP-10 same_as SUP-7 ann -")
    with Warehouse.open(desk.warehouse_file) as warehouse:
        run(warehouse, criteria)
        found = dict(warehouse.rows("select family_id, signature from mart.families"))
        assert set(found) == {1001, 1002, 1005, 1008}
        assert "403" in found[1002] and "headers" in found[1002]
        assert dict(warehouse.rows("select family_id, n_escalations from mart.families"))[1005] == 4
        split_off = "select family_id, ref, person_id from mart.family_life where what = 'split_off'"
        assert warehouse.rows(split_off) == [(1002, "SUP-1", "ann")] * 2


def test_repeats_follow(desk: Settings, criteria: Criteria) -> None:
    """SUP-7 came back at its dealer after SUP-5; once it is another family's, only that the two are alike tells so."""
    query = (
        "select r.repeat_of, r.told_by from core.repeats r where r.issue_id = 1007 and r.repeat_kind = 'same_failure'"
    )
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert warehouse.rows(query) == [(1005, "family")]
    say(desk, criteria, "SUP-7 same_as SUP-8 ann -")
    reported(desk, criteria)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert warehouse.rows(query) == [(1005, "alike")]


# -- what is refused -----------------------------------------------------------------------------------------

OTHER_OR = "name the other ticket"
WRONG = {
    "an unknown ticket": ("SUP-99,same_as,SUP-1,ann,", "line 3: ticket: no such ticket in the warehouse"),
    "an unknown other": ("SUP-1,same_as,SUP-99,ann,", "line 3: other: no such ticket in the warehouse"),
    "no ticket": (",same_as,SUP-1,ann,", "line 3: ticket is empty"),
    "nobody": ("SUP-1,same_as,SUP-2,,", "line 3: person is empty"),
    "nothing said": ("SUP-1,,SUP-2,ann,", "line 3: said is empty"),
    "something else": ("SUP-1,=HYPERLINK(1),SUP-2,ann,", "line 3: said is none of same_as, alone, merge, split"),
    "never placed": ("SUP-12,same_as,SUP-2,ann,", "line 3: ticket was never placed"),
    "other never placed": ("SUP-2,same_as,SUP-11,ann,", "line 3: other was never placed"),
    "no other": ("SUP-1,same_as,,ann,", f"line 3: other is empty; {OTHER_OR}"),
    "no other to merge": ("SUP-1,merge,,ann,", f"line 3: other is empty; {OTHER_OR}"),
    "no other to part with": ("SUP-1,split,,ann,", f"line 3: other is empty; {OTHER_OR}"),
    "alone with another": ("SUP-1,alone,SUP-2,ann,", "line 3: other is filled, but it is alone; empty it"),
    "the ticket itself": ("SUP-1,merge,sup-1,ann,", "line 3: other is the ticket itself"),
    "a day to come": ("SUP-1,same_as,SUP-2,ann,2026-06-03", "line 3: said_on is still to come"),
    "no day": ("SUP-1,same_as,SUP-2,ann,June", "line 3: said_on is no date"),
    "said otherwise before": ("SUP-7,alone,,bob,", "line 3: says otherwise of the ticket than line 2"),
    "undone by a later line": ("SUP-8,same_as,SUP-1,ann,", "line 2: does not hold once the lines after it do"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_refused_changes_nothing(name: str, desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    row, expected = WRONG[name]
    file = tmp_path / "said.csv"
    file.write_text(f"{HEAD}SUP-7,same_as,SUP-8,ann,\n{row}\n")
    with pytest.raises(InputError) as error:
        import_families(desk, criteria, file, "run", NOW)
    assert str(error.value).startswith(f"{file}: {expected}")
    assert "HYPERLINK" not in str(error.value)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        assert table(warehouse, PERSONS) == ""
    assert members(desk) == AS_PLACED


@pytest.mark.parametrize("what", ["same_as", "merge", "split"])
def test_a_founder_who_is_alone_has_no_family_to_share(what: str, desk: Settings, criteria: Criteria) -> None:
    say(desk, criteria, "SUP-1 alone - ann -", name="first.csv")
    with pytest.raises(InputError, match="line 2: other was set alone and has no family"):
        say(desk, criteria, f"SUP-10 {what} SUP-1 ann -")
    say(desk, criteria, "SUP-1 same_as SUP-10 ann -")
    assert members(desk)["SUP-1"] == "SUP-10*"


def test_a_family_whose_numbers_are_all_taken(desk: Settings, criteria: Criteria) -> None:
    """SUP-1 and SUP-5 founded families that go on without them; put together, neither can begin one."""
    rows = "SUP-1 same_as SUP-8 ann -\nSUP-5 same_as SUP-8 ann -"
    say(desk, criteria, rows, name="first.csv")
    with pytest.raises(InputError, match="line 2: neither ticket can begin a family"):
        say(desk, criteria, "SUP-1 split SUP-5 ann -")


def test_columns(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    """In any order and case, `other` and `said_on` may be left out, keys in small letters or of the past."""
    file = tmp_path / "semicolons.csv"
    file.write_text("﻿Person;Said;Ticket\nann;Alone;sup-3\n", encoding="utf-8")
    assert import_families(desk, criteria, file, "run", NOW) == Imported(1, 0)
    file.write_text("said,ticket\nalone,SUP-3\n")
    with pytest.raises(InputError, match="line 1: no column person"):
        import_families(desk, criteria, file, "run", NOW)


def test_a_key_of_the_past(tmp_path: Path, criteria: Criteria) -> None:
    moved = STORY.replace("  05-11 10:00 tier=2", "  05-11 09:30 moved_from=OLD-7\n  05-11 10:00 tier=2", 1)
    desk = desk_of(build(tmp_path / "built", moved, criteria), tmp_path)
    say(desk, criteria, "OLD-7 same_as SUP-8 ann -")
    assert members(desk)["SUP-7"] == "SUP-8*"


def test_nothing_was_reported_yet(tmp_path: Path, criteria: Criteria) -> None:
    desk = Settings(home=tmp_path)
    (tmp_path / "said.csv").write_text(HEAD)
    for ask in (lambda: known_families(desk), lambda: import_families(desk, criteria, tmp_path / "said.csv", "", NOW)):
        with pytest.raises(InputError, match="no warehouse yet"):
            ask()
    with Warehouse.open(desk.warehouse_file):
        pass
    for ask in (lambda: known_families(desk), lambda: import_families(desk, criteria, tmp_path / "said.csv", "", NOW)):
        with pytest.raises(InputError, match="nothing was reported yet"):
            ask()


# -- as a person reads them ----------------------------------------------------------------------------------


def test_the_families_that_matter_first(desk: Settings) -> None:
    """Only the four of SUP-1's family were worked by an assignee, and SUP-4 still is."""
    rows = known_families(desk)
    assert [row["family_key"] for row in rows] == ["SUP-1", "SUP-5", "SUP-8", "SUP-10"]
    hours = rows[0]["effort_hours"]
    assert hours > 40 and [row["effort_hours"] for row in rows[1:]] == [0, 0, 0]
    told = [f"4 escalations at 2 dealers, {hours:.0f} h", "3 escalations at 2 dealers, 0 h", "2 escalations, 0 h"]
    seen = ["2026-05-18", "2026-05-11", "2026-05-04"]
    assert list(family_lines(rows)) == [
        *(
            f"{row['family_key']} ongoing: {words} in 13 weeks, last seen {day}: {row['title']}"
            for row, words, day in zip(rows, told, seen, strict=False)
        ),
        "1 failure was escalated once so far; --json tells of every one",
    ]
    with Warehouse.open(desk.warehouse_file) as warehouse:
        steps = dict(warehouse.rows("select family_id, effort_hours from mart.next_steps where subject = 'family'"))
    assert steps and {row["family_id"]: row["effort_hours"] for row in rows if row["n_escalations"] > 1} == steps


def test_titles_obey_no_terminal(desk: Settings, warehouse: Warehouse) -> None:
    warehouse.execute("update mart.families set title = 'x' || chr(27) || '[31m' || chr(10) || 'y'")
    warehouse.connection.close()
    assert all(line.isprintable() for line in family_lines(known_families(desk)))


def test_a_new_version_of_the_likeness_leaves_what_persons_said(desk: Settings, criteria: Criteria) -> None:
    say(desk, criteria, "SUP-7 same_as SUP-8 ann -\nSUP-1 alone - ann -\nSUP-3 split SUP-2 ann -")
    said = {ticket: family for ticket, family in reported(desk, criteria).items() if family.endswith("*")}
    assert len(said) == 4
    for version in ("next", "one more"):
        with Warehouse.open(desk.warehouse_file) as warehouse:
            place(warehouse, replace(read_likeness(), version=version), "run", AS_OF)
            assert {ticket: family for ticket, family in placed_in(warehouse).items() if family.endswith("*")} == said
