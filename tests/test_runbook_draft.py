"""The draft of a runbook: what it tells, that the reader of runbooks takes it once a person has, and hostile tickets."""

import re
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from family_stories import AS_OF, FORBIDDEN, HOSTILE, STORY, build, desk_of, house, make_hostile, run
from markdown_it import MarkdownIt
from stories import lines, open_warehouse

from analysis.errors import CriteriaError, InputError
from analysis.names import Names
from analysis.proposals import Proposal, proposals, sign_pattern
from analysis.taxonomy import Criteria, Runbook, read_criteria
from analysis.verdicts import TextMatcher
from analysis.warehouse import Warehouse
from pipelines.family_lines import import_families
from pipelines.runbook_files import PLACEHOLDER, runbook_draft, write_draft
from pipelines.settings import Settings

HEADINGS = [
    "What you see",
    "When it applies, and when not",
    "What second line did",
    "Root cause",
    "What to check",
    "What access it needs",
    "When to hand over, and what with it",
    "Open questions",
]


def matched_text(key: str, text: str) -> dict[str, Any]:
    """As `TextMatcher` takes it."""
    return {"issue_id": key, "escalation_no": 1, "text": text, "known_at": None, "source_ref": "ticket text"}


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return house(tmp_path_factory.mktemp("criteria") / "criteria")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Settings:
    folder = tmp_path_factory.mktemp("desk")
    story = STORY.replace("  05-11 10:00 tier=2", "  05-11 09:30 moved_from=OLD-7\n  05-11 10:00 tier=2", 1)
    story = story.replace(
        "SUP-6 created 2026-03-25 09:00 tier=1",
        'SUP-6 created 2026-03-25 09:00 tier=1 ops_blocked_by="No access to MyKaarma users"',
    )
    story = story.replace(
        "  03-25 10:00 tier=2 by=ops-1",
        '  03-25 10:00 tier=2 by=ops-1\n  03-25 11:00 status="Waiting for dealer"\n  03-25 15:00 tier=3',
    )
    build(folder, story, criteria)
    with open_warehouse(folder / "warehouse.duckdb") as warehouse:  # whichever the likeness takes for the most typical
        warehouse.execute("update core.family_profiles set typical_id = family_id")
        founder = "select summary from core.tickets t where t.issue_id = family_id"
        warehouse.execute(f"update mart.families set title = ({founder})")
    return Settings(home=folder)


@pytest.fixture(scope="module")
def text(desk: Settings, criteria: Criteria) -> str:
    return runbook_draft(desk, criteria, "SUP-5")


def front_matter(text: str) -> dict[str, Any]:
    found = re.match(r"\A---\n(.*?)\n---\n", text, re.DOTALL)
    assert found
    head = yaml.safe_load(found.group(1))
    assert isinstance(head, dict)
    return head


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].partition("\n## ")[0].strip()


def finished(text: str, folder: Path, day: str = "2026-06-01") -> Criteria:
    """The criteria with the draft among the runbooks, once a person has set its day."""
    house(folder, **{"runbooks/draft__md": text.replace(f'"{PLACEHOLDER}"', day)})
    return read_criteria(folder)


# -- what it tells -------------------------------------------------------------------------------------------


def test_front_matter(text: str) -> None:
    assert front_matter(text) == {
        "id": "RB-DRAFT-SUP-5",
        "title": "[dealer] red triangle on everything for the new advisor [name]",
        "provider": "mykaarma",
        "category": "configuration",
        "audience": "ops",
        "signature": [],
        "applies_when": ["valid employee number"],
        "needs_access": [],
        "because_of": ["SUP-5", "SUP-6", "SUP-7"],
        "version": 1,
        "published": PLACEHOLDER,
    }


def test_codes_that_the_tickets_share_become_its_signature(desk: Settings, criteria: Criteria) -> None:
    found = front_matter(runbook_draft(desk, criteria, "SUP-1"))
    assert (found["signature"], found["applies_when"]) == ([r"\bMissing or invalid context headers\b"], [])


def test_its_parts_in_their_order(text: str) -> None:
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert re.findall(r"^# (.*)$", text, re.MULTILINE) == [
        r"\[dealer\] red triangle on everything for the new advisor \[name\]"
    ]


def test_what_you_see(text: str) -> None:
    found = section(text, "What you see")
    assert "Phrase `valid employee number`: finds 3 of 3 tickets, and no other." in found
    assert "> Her bookings" not in found
    assert "> \\[dealer\\] red triangle on everything for the new advisor \\[name\\]\\\n> Every appointment" in found
    assert "SUP-5, 4 Mar 2026:" in found and "SUP-7, 11 May 2026:" in found


def test_when_it_applies_and_when_not(text: str) -> None:
    found = section(text, "When it applies, and when not")
    assert "It is tagged configuration: a setting or mapping is wrong" in found
    assert "\n- SUP-1 (tekion), 4 escalations: " in found and "`headers`" in found


def test_what_second_line_did_newest_first(text: str) -> None:
    found = section(text, "What second line did")
    told = re.findall(r"^(SUP-\d+, .*):$", found, re.MULTILINE)
    assert told == [
        "SUP-7, 12 May 2026, resolved at tier 2, outcome neither",
        "SUP-6, 26 Mar 2026, resolved at tier 3, outcome neither",
        "SUP-5, 5 Mar 2026, resolved at tier 2, outcome neither",
    ]
    assert r"> \[name\]'s MyKaarma profile had her locker number typed in the DMS employee field." in found


def test_the_rest_by_eye(text: str) -> None:
    assert section(text, "Root cause") == "- configuration: 2 tickets\n- user error: 1 ticket"
    found = section(text, "What access it needs")
    assert "- No access to MyKaarma users: OPS lacked it in 1 ticket" in found
    assert "- 1 ticket waited for the dealer" in found
    assert section(text, "When to hand over, and what with it").startswith(
        "Engineering was called upon in 1 of 3 tickets: SUP-6."
    )
    assert "- The root causes differ: is it one failure?" in section(text, "Open questions")


def test_what_is_open_and_what_is_there_already(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    other = desk_of(desk.warehouse_file, tmp_path)
    with Warehouse.open(other.warehouse_file) as warehouse:
        warehouse.execute("delete from core.resolution_texts where issue_id = 1003")
        warehouse.execute("drop view if exists mart.remedies")
        warehouse.execute("drop table if exists mart.remedies")
        there = (
            "select 1001 as family_id, 'runbook' as kind, 'RB-1' as ref, timestamp '2026-05-01 06:00' as effective_at"
        )
        warehouse.execute(f"create view mart.remedies as {there}, cast(null as timestamp) as ended_at")
    found = section(runbook_draft(other, criteria, "SUP-1"), "Open questions")
    expected = """
        - A runbook is there: RB-1, in effect since 1 May 2026. Is this one needed beside it?
        - Still open: SUP-4.
        - Resolved without a word: SUP-3.
        - *May OPS do this, and who says so?*
    """
    assert found == lines(expected)


def test_neither_people_nor_dealers_are_named(desk: Settings, criteria: Criteria) -> None:
    for key in ("SUP-1", "SUP-5", "SUP-8", "SUP-10"):
        text = runbook_draft(desk, criteria, key)
        assert not re.search(
            r"Tanya|Rosa|Cedar|Blue Mesa|bluemesa|Valley|Orchard|North Fork|N\. Fork|int-1|ops-1", text
        ), key


# -- the reader of runbooks ----------------------------------------------------------------------------------


def test_the_reader_refuses_it_until_a_person_sets_the_day(text: str, tmp_path: Path) -> None:
    with pytest.raises(CriteriaError, match=r"draft\.md: front matter: published: "):
        house(tmp_path, **{"runbooks/draft__md": text})


@pytest.mark.parametrize(
    ("key", "finds"), [("SUP-1", "SUP-1 SUP-2 SUP-3 SUP-4"), ("SUP-5", "SUP-5 SUP-6 SUP-7"), ("SUP-10", "SUP-10")]
)
def test_then_it_takes_it_and_it_finds_the_tickets(
    key: str, finds: str, desk: Settings, criteria: Criteria, tmp_path: Path
) -> None:
    known = finished(runbook_draft(desk, criteria, key), tmp_path)
    (runbook,) = known.runbooks
    assert (runbook.published, runbook.announced, runbook.audience) == (date(2026, 6, 1), None, "ops")
    with Warehouse.open(desk.warehouse_file) as warehouse:
        query = "select t.ticket_key, x.summary, x.description from core.tag_texts x join core.tickets t using (issue_id) order by t.issue_id"
        rows = warehouse.rows(query)
    texts = [matched_text(key, f"{summary}\n{text}") for key, summary, text in rows]
    found = [row["issue_id"] for row in TextMatcher.of(known).rows(texts) if row["kind"] == "runbook"]
    assert found == finds.split()


# -- whom it is for ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["SUP-5", "sup-6", " SUP-7 ", "OLD-7", "1005"])
def test_any_ticket_of_the_family_will_do(wanted: str, text: str, desk: Settings, criteria: Criteria) -> None:
    assert runbook_draft(desk, criteria, wanted) == text


REFUSED = {
    "SUP-99": "SUP-99: no such ticket or family in the warehouse",
    "1002": "1002: no such family",
    "999999999999999999999999": "999999999999999999999999: no such ticket or family",
    "-1": "-1: no such ticket or family",
    "": ": no such ticket or family",
    "SUP-11": "SUP-11: was never placed in a family",
    "SUP-12": "SUP-12: was never placed in a family",
    "x\n\x1b[31m'; drop table": "x [31m'; drop table: no such ticket or family",
}


@pytest.mark.parametrize("wanted", REFUSED)
def test_what_is_no_family_is_refused(wanted: str, desk: Settings, criteria: Criteria) -> None:
    with pytest.raises(InputError) as error:
        runbook_draft(desk, criteria, wanted)
    assert str(error.value).startswith(REFUSED[wanted]) and str(error.value).isprintable()


def test_families_of_which_persons_spoke(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    """A family that ended in another is found by its id; a ticket that was set alone has none."""
    other = desk_of(desk.warehouse_file, tmp_path)
    file = tmp_path / "said.csv"
    file.write_text("ticket,said,other,person\nSUP-1,alone,,ann\nSUP-8,merge,SUP-5,ann\n")
    import_families(other, criteria, file, "run", AS_OF)
    with Warehouse.open(other.warehouse_file) as warehouse:
        run(warehouse, criteria)
    assert front_matter(runbook_draft(other, criteria, "1008"))["id"] == "RB-DRAFT-SUP-5"
    with pytest.raises(InputError, match="SUP-1: was set alone, it has no family"):
        runbook_draft(other, criteria, "SUP-1")
    assert front_matter(runbook_draft(other, criteria, "SUP-2"))["id"] == "RB-DRAFT-SUP-1"


def test_nothing_was_reported_yet(criteria: Criteria, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no warehouse yet"):
        runbook_draft(Settings(home=tmp_path), criteria, "SUP-1")
    with Warehouse.open(tmp_path / "warehouse.duckdb"):
        pass
    with pytest.raises(InputError, match="nothing was reported yet"):
        runbook_draft(Settings(home=tmp_path), criteria, "SUP-1")


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "draft.md"
    write_draft("ä\n", file)
    assert file.read_bytes() == "ä\n".encode()
    with pytest.raises(InputError, match="is there already"):
        write_draft("b", file)
    with pytest.raises(InputError, match="cannot be written"):
        write_draft("b", tmp_path / "nowhere" / "draft.md")
    assert file.read_text() == "ä\n"


# -- hostile tickets -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Settings:
    folder = tmp_path_factory.mktemp("hostile")
    build(folder, STORY, criteria, make_hostile)
    return Settings(home=folder)


def test_hostile_tickets_are_quoted_and_nothing_else(hostile: Settings, criteria: Criteria, text: str) -> None:
    found = runbook_draft(hostile, criteria, "SUP-1")
    head = front_matter(found)
    assert list(head) == list(front_matter(text))
    assert (head["id"], head["published"], head["audience"]) == ("RB-DRAFT-SUP-1", PLACEHOLDER, "ops")
    assert set(head["because_of"]) == {"SUP-1", "SUP-2", "SUP-3", "SUP-4"}
    body = found.split("\n---\n", 1)[1]
    for parser in (MarkdownIt("commonmark"), MarkdownIt("gfm-like", {"html": True, "linkify": False})):
        tokens = parser.parse(body)
        kinds = {token.type for token in tokens}
        assert not kinds & {"html_block", "fence", "code_block", "table_open", "hr"}
        inside = {child.type for token in tokens for child in token.children or ()}
        assert not inside & {"html_inline", "link_open", "image", "s_open", "strong_open"}
        headings = [b.content for a, b in pairwise(tokens) if a.type == "heading_open"]
        assert headings[1:] == HEADINGS
        assert not FORBIDDEN & set(re.findall(r"</?([a-z]\w*)", parser.render(body)))
    assert found.replace("\n", "").isprintable()
    assert "7 \\* 7" in found and "{{" not in found and "{%" not in found
    assert len(found) < 20_000


def test_a_hostile_draft_is_taken_by_the_reader(hostile: Settings, criteria: Criteria, tmp_path: Path) -> None:
    (runbook,) = finished(runbook_draft(hostile, criteria, "SUP-1"), tmp_path).runbooks
    assert (runbook.id, runbook.audience, runbook.announced) == ("RB-DRAFT-SUP-1", "ops", None)


def test_a_founder_whose_key_is_no_slug(desk: Settings, criteria: Criteria, tmp_path: Path) -> None:
    other = desk_of(desk.warehouse_file, tmp_path)
    with Warehouse.open(other.warehouse_file) as warehouse:
        warehouse.execute("update core.tickets set ticket_key = 'É \"x\"\n---/1' where issue_id = 1005")
    assert front_matter(runbook_draft(other, criteria, "1005"))["id"] == "RB-DRAFT--x-----1"


def test_tickets_without_tags_and_without_words(criteria: Criteria, tmp_path: Path) -> None:
    story = 'SUP-1 created 2026-03-02 09:00 tier=2 summary=""\n'
    build(tmp_path, story, criteria)
    text = runbook_draft(Settings(home=tmp_path), criteria, "SUP-1")
    head = front_matter(text)
    assert "provider" not in head and "category" not in head and head["applies_when"] == []
    assert "*The tickets share neither a code nor a phrase" in text
    assert "No ticket of the family tells how it was resolved." in text


# -- proposals -----------------------------------------------------------------------------------------------

NOBODY = Names.of([], [], [])
SIGNS = {
    "TOKEN-EXPIRED": r"\bTOKEN-EXPIRED\b",
    "/public/tokens": r"/public/tokens\b",
    "/appointments/…/lock": r"/appointments/[^\n]{0,40}/lock\b",
    "Push failed (a.b) [x] {y} c|d $1 ^ *?+": r"\bPush failed \(a\.b\) \[x\] \{y\} c\|d \$1 \^ \*\?\+",
    "…start": r"[^\n]{0,40}start\b",
    "préféré": r"\bpréféré",
}


@pytest.mark.parametrize("sign", SIGNS)
def test_patterns_of_signs(sign: str) -> None:
    pattern = sign_pattern(sign)
    assert pattern == SIGNS[sign]
    runbook = Runbook.model_validate(
        {"id": "RB", "title": "x", "audience": "ops", "published": "2026-01-01", "signature": [pattern]}
    )
    texts = [matched_text("1", f"it says {sign.replace('…', '88213')} today")]
    assert [row["ref"] for row in TextMatcher([runbook]).rows(texts) if row["kind"] == "runbook"] == ["RB v1"]


def proposed(ours: list[str], others: list[str], names: Names = NOBODY) -> list[str]:
    rarity = dict.fromkeys(["the", "a", "of", "is", "to", "we", "and", "it", "says", "said"], 1.0) | {"rarest": 8.0}
    found = proposals(
        {f"A-{n}": one for n, one in enumerate(ours)}, {f"B-{n}": one for n, one in enumerate(others)}, rarity, names
    )
    return [f"{one.words}: {len(one.ours)}, {len(one.others)}" for one in found]


def test_codes_before_phrases() -> None:
    ours = ["red triangle, gives RECORD-NOT-FOUND", "red triangle and RECORD-NOT-FOUND", "a red triangle"]
    assert proposed(ours, ["all is well"]) == [r"\bRECORD-NOT-FOUND\b: 2, 0"]


def test_phrases_where_codes_find_less_than_half() -> None:
    ours = ["we see the red triangle", "the red triangle again", "a red triangle of RECORD-NOT-FOUND", "nothing told"]
    assert proposed(ours, ["the red car", "a triangle"]) == ["red triangle: 3, 0"]


def test_what_finds_more_others_is_not_proposed() -> None:
    ours = ["the red triangle here", "a red triangle"]
    assert proposed(ours, ["red triangle one", "red triangle two", "red triangle three"]) == []


def test_a_status_a_name_or_what_one_ticket_says_alone_is_none() -> None:
    assert proposed(["it says 403 today", "status 403 again"], []) == []
    assert proposed(["we said slow slots"], []) == []
    names = Names.of(["the red triangle"], ["Red Triangle"], [])
    assert proposed(["the red triangle here", "a red triangle"], [], names) == []


def test_one_ticket_alone_has_its_codes() -> None:
    assert proposed(["nightly run ends in TOKEN-EXPIRED"], ["all is well"]) == [r"\bTOKEN-EXPIRED\b: 1, 0"]


def test_a_proposal_names_the_others_it_finds() -> None:
    ours = {"A-1": "RECORD-NOT-FOUND", "A-2": "RECORD-NOT-FOUND here"}
    (found,) = proposals(ours, {"B-1": "record-not-found", "B-2": "x"}, {}, NOBODY)
    assert found == Proposal(r"\bRECORD-NOT-FOUND\b", True, ("A-1", "A-2"), ("B-1",))


def test_long_and_empty_texts() -> None:
    assert proposed(["", ""], [""]) == []
    assert proposed([HOSTILE + "GET /x 403\n" * 90_000, HOSTILE], [HOSTILE]) is not None
