"""Evidence packs: both sides with dates, what was known then and later apart, and nothing that must not be said."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from stories import SITE, bare_criteria, derive, table, warehouse_of

from analysis.errors import InputError
from analysis.evidence_packs import evidence_pack, find_escalation
from analysis.examples import starter_examples
from analysis.names import Names
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines.pushback import pack_text, why_not

HOME = "https://desk.example"
RUNBOOK = """---
id: RB-KEY
title: Renew the portal key
audience: ops
published: 2026-01-01
announced: 2026-01-05
applies_when: ['portal key']
needs_access: [portal]
version: {}
{}---
{}
"""
RULE = '[[criterion]]\nid = "{}"\ntitle = "{}"\nversion = 1\neffective_from = 2020-01-01\ntest = "{}"\n'
RUNBOOK_RULE = "A runbook for OPS that fits was announced 7 days before, and OPS had the access."
RULES = RULE.format("runbook", RUNBOOK_RULE, "runbook") + RULE.format(
    "information", "The dealer is missing.", "information"
)
RULES += '[[criterion.requires]]\nwhat = "which dealer it is about"\nfield = "dealer"\n'
HOUSE = SITE.replace('reporting_zone = "UTC"', 'reporting_zone = "America/Denver"')
HOUSE += '[[member]]\nid = "lead-1"\ntier = 2\nruler = true\n'
# Escalated on a Tuesday: the page comes on Monday 03-09, and OPS may reply until the end of Friday 03-13.
STORY = """
SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key, asks Harriet" dealer=Cedar provider=Tekion category=auth
  03-03 17:00 tier=2 by=ops-1
SUP-2 created 2026-03-03 16:00 tier=1 summary="portal key" dealer=Cedar
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 tier=3 by=int-1
SUP-3 created 2026-03-03 16:00 tier=1 summary="no idea" dealer=Cedar
  03-03 17:00 tier=2 by=ops-1
SUP-4 created 2026-03-03 16:00 tier=1 summary="portal key" dealer=Cedar
  03-03 16:30 priority=Highest
  03-03 17:00 tier=2 by=ops-1
SUP-5 created 2026-03-03 16:00 tier=1 summary="no idea"
  03-03 17:00 tier=2 by=ops-1
SUP-6 created 2026-03-03 16:00 tier=1 summary="portal key" dealer=Cedar
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-1
SUP-7 created 2026-03-03 16:00 tier=1 summary="portal key" dealer=Cedar
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-contested by=ops-1
  03-05 17:00 labels="verdict-contested verdict-withdrawn" by=lead-1
SUP-8 created 2026-03-03 16:00 tier=1 summary="portal key" dealer=Cedar
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 labels=verdict-accepted by=ops-1
SUP-9 created 2026-02-01 16:00 tier=1 summary="portal key" dealer=Cedar
  02-01 17:00 tier=2 by=ops-1
  02-02 17:00 status=Resolved resolution=Done by=int-1
  03-03 17:00 status=Open tier=1 resolution= by=ops-1
  03-03 18:00 tier=2 by=ops-1
SUP-10 created 2026-03-03 16:00 tier=1 summary="portal key" dealer=Cedar
  03-03 17:00 tier=2 by=ops-1
  03-04 17:00 status=Closed resolution=Duplicate by=int-1
SUP-11 created 2026-03-03 16:00 tier=1 summary="never came up"
SUP-12 created 2026-02-10 16:00 tier=1 summary="portal key" moved_from=OLD-3
  02-10 16:30 moved_from=OLD-3
  02-10 17:00 tier=2 by=ops-1
"""


def criteria_in(folder: Path, **files: str) -> Criteria:
    books = {
        "runbooks/RB-KEY__md": RUNBOOK.format(1, "", "Open the *portal*.\n\n- Renew the key.\n- Send a test call.")
    }
    access = "access,from,to\nportal,2026-02-01,\n"
    given = {"site__toml": HOUSE, "access__csv": access, "escalation_criteria__toml": RULES}
    return bare_criteria(folder, **(given | books | files))


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return criteria_in(tmp_path_factory.mktemp("criteria") / "criteria")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory, criteria: Criteria) -> Iterator[Warehouse]:
    with warehouse_of(STORY, tmp_path_factory.mktemp("packs"), criteria, as_of="2026-03-10T18:00") as opened:
        yield opened


@cache
def names() -> Names:
    """What the starter set tells of names; a desk's own tickets change little of it."""
    texts = (f"{one.summary}\n{one.description}" for one in starter_examples())
    return Names.of(texts, ["Cedar"], ["ops-1", "int-1", "lead-1"], ["Tekion"])


def pack_of(
    warehouse: Warehouse, criteria: Criteria, key: str, number: int | None = None, **more: Any
) -> dict[str, Any]:
    return evidence_pack(warehouse, criteria, *find_escalation(warehouse, key, number), **({"names": names()} | more))


def text_of(warehouse: Warehouse, criteria: Criteria, key: str, **more: Any) -> str:
    return pack_text(pack_of(warehouse, criteria, key, **more), HOME)


def section(text: str, title: str) -> list[str]:
    """The lines under a heading, up to the next of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert found, f"{title} is missing in:\n{text}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return [line for line in rest[: end.start() if end else None].splitlines() if line]


# -- what may be held against OPS --------------------------------------------------------------------------


def test_a_claim_tells_what_is_needed_to_check_it(warehouse: Warehouse, criteria: Criteria) -> None:
    text = text_of(warehouse, criteria, "SUP-1")
    assert text.splitlines()[0] == "# SUP-1: could OPS have handled this?"
    what = section(text, "What was escalated")
    assert what[0].startswith(f"- [SUP-1]({HOME}/browse/SUP-1): portal key, asks")
    assert what[1:] == [
        "- Escalated on 3 Mar 2026, 10:00 (America/Denver)",
        "- Dealer: Cedar",
        "- As known then: provider Tekion, failure category auth",
    ]
    assert section(text, "The criterion") == [
        f"> {RUNBOOK_RULE}",
        "Criterion runbook, version 1, in force since 1 Jan 2020.",
    ]
    then = section(text, "What was known when it was escalated")
    assert (
        '- 5 Jan 2026, 00:00: The runbook "Renew the portal key" was announced on 2026-01-05. (runbook RB-KEY v1)'
        in then
    )
    assert section(text, "What became known later")[0].startswith("Nothing that the records tell.")
    assert section(text, "The runbook as it stood on 3 Mar 2026") == [
        "RB-KEY, version 1: Renew the portal key. Published 1 Jan 2026, announced to OPS 5 Jan 2026.",
        "It needs access to portal (which OPS has had since 1 Feb 2026).",
        *("> Open the portal.", ">", "> - Renew the key.", "> - Send a test call."),
    ]
    assert len(section(text, "What OPS could do next")) == 3
    reply = " ".join(section(text, "If you see it otherwise"))
    assert "until the end of 13 Mar 2026" in reply
    assert "`verdict-contested`" in reply
    assert "`verdict-accepted`" in reply
    assert "`why-knowledge`, `why-access`, `why-information` or `why-process`" in reply
    assert "never as agreed" in reply
    assert section(text, "How it stands")[0] == "- Open: OPS may reply until the end of 13 Mar 2026."


def test_both_sides_stand_alike(warehouse: Warehouse, criteria: Criteria) -> None:
    """The same two headings of the same level, in the same order, whether there is something to say or not."""
    for key in ("SUP-1", "SUP-2", "SUP-4", "SUP-6"):
        headings = re.findall(r"^#+ (?:For|Against)$", text_of(warehouse, criteria, key), re.MULTILINE)
        assert headings in (["### For", "### Against"], ["### For", "### Against"] * 2)
        for side in ("For", "Against"):
            assert section(text_of(warehouse, criteria, key), side)


def test_what_became_known_later_stands_apart(warehouse: Warehouse, criteria: Criteria) -> None:
    pack = pack_of(warehouse, criteria, "SUP-2")
    assert [one["text"] for one in pack["later"]["against"]] == ["It needed Tier 3."]
    assert pack["later"]["for"] == []
    assert not {"It needed Tier 3."} & {one["text"] for side in pack["then"].values() for one in side}
    then = [one["at"] for side in pack["then"].values() for one in side if one["at"]]
    assert max(then) <= pack["escalated_at"]


# -- nothing to push back ----------------------------------------------------------------------------------

NOTHING = {
    "SUP-2": "What became known later speaks for the escalation: It needed Tier 3.",
    "SUP-3": "no written criterion is met",
    "SUP-4": "no written criterion is met. What was looked at stands below.",
    "SUP-5": "Something was missing in the handover",
    "SUP-7": "A ruling withdrew the verdict.",
    "SUP-10": "left out of all numbers (duplicate)",
}


@pytest.mark.parametrize("key", NOTHING)
def test_nothing_to_push_back_says_why(key: str, warehouse: Warehouse, criteria: Criteria) -> None:
    text = text_of(warehouse, criteria, key)
    assert text.splitlines()[0] == f"# {key}: nothing to push back"
    assert NOTHING[key] in text
    assert "What OPS could do next" not in text
    assert "verdict-contested" not in text
    assert section(text, "How it stands")[-2].endswith("Nothing is asked of anybody.")


def test_an_unsure_verdict_holds_nothing_against_anybody(criteria: Criteria, warehouse: Warehouse) -> None:
    pack = pack_of(warehouse, criteria, "SUP-1") | {"verdict": "unclear", "standing": None}
    text = pack_text(pack, HOME)
    assert text.splitlines()[0] == "# SUP-1: nothing to push back"
    assert "not sure enough to be held against anybody" in text


WHY = {
    "SUP-1": None,
    "SUP-2": "its verdict is justified, so there is nothing to push back",
    "SUP-3": "its verdict is justified, so there is nothing to push back",
    "SUP-5": "its verdict is incomplete, so there is nothing to push back",
    "SUP-6": "its verdict is contested already and waits for a ruling",
    "SUP-7": "its verdict was withdrawn by a ruling",
    "SUP-8": "its verdict is agreed already",
    "SUP-10": "it is left out of all numbers (duplicate)",
    "SUP-12": "OPS could reply until 2026-02-20; what it cannot answer is not pushed back",
}


@pytest.mark.parametrize("key", WHY)
def test_what_must_not_be_pushed_back(key: str, warehouse: Warehouse, criteria: Criteria) -> None:
    assert why_not(pack_of(warehouse, criteria, key), datetime(2026, 3, 10, 18)) == WHY[key]


def test_the_window_ends_with_its_last_second(warehouse: Warehouse, criteria: Criteria) -> None:
    pack = pack_of(warehouse, criteria, "SUP-1")
    assert why_not(pack, datetime(2026, 3, 14, 5, 59, 59)) is None  # Denver keeps summer time since the 8th
    assert (
        why_not(pack, datetime(2026, 3, 14, 6))
        == "OPS could reply until 2026-03-13; what it cannot answer is not pushed back"
    )


# -- which escalation --------------------------------------------------------------------------------------


def test_a_past_key_and_a_later_escalation(warehouse: Warehouse, criteria: Criteria) -> None:
    assert pack_of(warehouse, criteria, " old-3 ")["ticket_key"] == "SUP-12"
    numbers = {number: pack_of(warehouse, criteria, "SUP-9", number) for number in (None, 1, 2)}
    assert [one["escalation_no"] for one in numbers.values()] == [2, 1, 2]
    assert numbers[1]["escalated_at"] == datetime(2026, 2, 1, 10)
    assert numbers[2]["escalated_at"] == datetime(2026, 3, 3, 11)
    assert "the escalation number 2 of 2 of this ticket" in text_of(warehouse, criteria, "SUP-9")


@pytest.mark.parametrize(
    ("key", "number", "words"),
    [
        ("SUP-99", None, r"SUP-99: no such ticket in .*; give a key such as SUP-12"),
        ("SUP-11", None, r"SUP-11: never came to Tier 2, so there is nothing to push back"),
        ("SUP-9", 3, r"SUP-9: escalated 2 times, so --no is one of 1, 2"),
    ],
)
def test_no_such_escalation(key: str, number: int | None, words: str, warehouse: Warehouse) -> None:
    with pytest.raises(InputError, match=words):
        find_escalation(warehouse, key, number)


# -- the runbook of that day -------------------------------------------------------------------------------


def told(text: str, version: int = 1) -> str:
    return RUNBOOK.format(version, "", text)


def test_the_text_of_that_day_is_told_though_the_file_says_something_else_now(
    tmp_path: Path, criteria: Criteria
) -> None:
    story = """
    SUP-1 created 2026-03-03 16:00 tier=1 summary="portal key" dealer=Cedar
      03-03 17:00 tier=2 by=ops-1
    SUP-2 created 2026-03-24 16:00 tier=1 summary="portal key" dealer=Cedar
      03-24 17:00 tier=2 by=ops-1
    """
    with warehouse_of(story, tmp_path, criteria, as_of="2026-03-25T00:00") as warehouse:
        kept = [(told("The first words."), datetime(2026, 2, 1)), (told("Other words since."), datetime(2026, 3, 10))]
        warehouse.execute("delete from state.runbook_texts")
        for number, (text, at) in enumerate(kept):
            event = {"run_id": "run", "recorded_at": at, "effective_at": at, "runbook_id": "RB-KEY", "version": 1}
            warehouse.append_event("state.runbook_texts", event | {"text": text, "text_hash": f"hash {number}"})
        found = [pack_of(warehouse, criteria, key)["runbooks"][0] for key in ("SUP-1", "SUP-2")]
        assert [one["text"] for one in found] == ["The first words.", "Other words since."]
        assert [one["is_other_today"] for one in found] == [True, True]
        pack = pack_of(warehouse, criteria, "SUP-2")
        assert "Its file says something else today than it did then." in pack_text(pack, HOME)
        assert why_not(pack, datetime(2026, 3, 25)) == (
            "the runbook's file says something else today; run `escalations report` first, or give it a new version"
        )


def test_a_runbook_that_is_in_no_file_any_more(tmp_path: Path, criteria: Criteria) -> None:
    story = "SUP-1 created 2026-03-03 16:00 tier=1 summary='portal key' dealer=Cedar\n  03-03 17:00 tier=2 by=ops-1"
    with warehouse_of(story, tmp_path, criteria) as warehouse:
        gone = criteria.model_copy(update={"runbooks": ()})
        assert pack_of(warehouse, gone, "SUP-1")["runbooks"][0]["text"] == (
            "Open the *portal*.\n\n- Renew the key.\n- Send a test call."
        )
        warehouse.execute("delete from state.runbook_texts")
        assert "The text of that version was not kept." in text_of(warehouse, gone, "SUP-1")


def test_access_that_ops_did_not_have_on_that_day(tmp_path: Path) -> None:
    """Since 7 p.m. of the day before in UTC it is that day; in Denver it is not yet."""
    access = "access,from,to\nportal,2026-03-03,2026-03-20\n"
    criteria = criteria_in(tmp_path / "criteria", access__csv=access)
    story = "".join(
        f"SUP-{n} created {at} tier=1 summary='portal key' dealer=Cedar\n  {at[5:]}:30 tier=2 by=ops-1\n"
        for n, at in enumerate(("2026-03-03 02:00", "2026-03-03 12:00", "2026-03-20 12:00"), 1)
    )
    with warehouse_of(story, tmp_path, criteria) as warehouse:
        found = [pack_of(warehouse, criteria, f"SUP-{n}")["runbooks"][0]["access"] for n in (1, 2, 3)]
        since = [one[0]["since"] for one in found]
        assert since == [None, date(2026, 3, 3), None]
        assert "portal (which OPS did not have)" in text_of(warehouse, criteria, "SUP-1")


# -- what was loaded after it was judged -------------------------------------------------------------------


def test_what_changed_since_it_was_judged_is_stale(tmp_path: Path, criteria: Criteria) -> None:
    from stories import issues, load_into

    story = "SUP-1 created 2026-03-03 16:00 tier=1 summary='portal key' dealer=Cedar\n  03-03 17:00 tier=2 by=ops-1"
    with warehouse_of(story, tmp_path, criteria, as_of="2026-03-10") as warehouse:
        assert why_not(pack_of(warehouse, criteria, "SUP-1"), datetime(2026, 3, 10)) is None
        load_into(warehouse, tmp_path, issues(story + "\n  03-04 17:00 comment=hello by=int-1"), criteria)
        assert why_not(pack_of(warehouse, criteria, "SUP-1"), datetime(2026, 3, 10)) == (
            "it changed since it was judged; run `escalations report` first"
        )
        derive(warehouse, criteria, datetime(2026, 3, 10))
        assert why_not(pack_of(warehouse, criteria, "SUP-1"), datetime(2026, 3, 10)) is None


# -- nobody is named, and nothing obeys a ticket -----------------------------------------------------------

PEOPLE = ("Harriet", "Ingelheim", "ops-1", "int-1", "lead-1")
HOSTILE = (
    "portal key [~lead-1] @lead-1 {code} <script>alert(1)</script> [click](http://evil.example) ](http://evil.example) "
    "# heading ``` ![x](http://evil.example/x.png) {{ 7*7 }} | a | http://evil.example"
)


def near(
    key: str, tier: int | None, resolved: str | None, summary: str, closing: str | None, **why: Any
) -> Mapping[str, Any]:
    at = datetime.fromisoformat(resolved) if resolved else None
    told = {"ticket_key": key, "resolved_at": at, "resolved_date": at and at.date(), "resolution_tier": tier}
    known = {"chance": 0.8, "same": [], "signs": [], "words": []} | why
    return told | {"outcome": "returned", "summary": summary, "closing": closing, "why": known}


def test_nobody_is_named(warehouse: Warehouse, criteria: Criteria) -> None:
    before = [near("SUP-90", 1, "2026-02-01T09:00", "portal key of Harriet", "Ingelheim renewed it, told ops-1.")]
    for key in ("SUP-1", "SUP-7"):
        text = text_of(warehouse, criteria, key, near=before, names=None)  # as the desk's own tickets tell
        assert [name for name in PEOPLE if name in text] == []
    assert "renewed it" in text


def test_only_what_ops_had_resolved_by_then_is_shown(warehouse: Warehouse, criteria: Criteria) -> None:
    candidates = [
        near("SUP-80", 1, "2026-02-01T09:00", "alike in words only", None, chance=None, same=["dealer", "provider"]),
        near("SUP-81", 2, "2026-02-01T09:00", "by tier 2", None),
        near("SUP-82", None, "2026-02-01T09:00", "by nobody knows", None),
        near("SUP-83", 1, None, "open", None),
        near("SUP-84", 1, "2026-03-03T17:00", "in that very moment", None),
        near("SUP-85", 1, "2026-03-03T16:59", "a minute before", "renewed"),
        near("SUP-86", 0, "2026-02-02T09:00", "by tier 0", None, chance=None, same=["family"]),
        near("SUP-87", 1, "2026-02-03T09:00", "third", None),
        near("SUP-88", 1, "2026-02-04T09:00", "fourth", None),
    ]
    shown = section(text_of(warehouse, criteria, "SUP-1", near=candidates), "Earlier tickets like it that OPS resolved")
    assert shown == [
        f"- [SUP-85]({HOME}/browse/SUP-85), resolved 3 Mar 2026: a minute before; closed with: renewed",
        f"- [SUP-86]({HOME}/browse/SUP-86), resolved 2 Feb 2026: by tier 0",
        f"- [SUP-87]({HOME}/browse/SUP-87), resolved 3 Feb 2026: third",
    ]


def test_ticket_text_obeys_nothing(tmp_path: Path, criteria: Criteria) -> None:
    from markdown_it import MarkdownIt

    quoted = HOSTILE.replace('"', "").replace("'", "")
    story = f'SUP-1 created 2026-03-03 16:00 tier=1 dealer=Cedar summary="{quoted}"\n  03-03 17:00 tier=2 by=ops-1'
    with warehouse_of(story, tmp_path, criteria) as warehouse:
        pack = pack_of(
            warehouse, criteria, "SUP-1", near=[near("SUP-9", 1, "2026-02-01T09:00", HOSTILE, f"{HOSTILE}\n# x")]
        )
    text = pack_text(pack, HOME)
    html = str(MarkdownIt("commonmark", {"html": True}).render(text))
    assert set(re.findall(r"<(\w+)", html)) <= {
        "h1",
        "h2",
        "h3",
        "p",
        "ul",
        "li",
        "a",
        "em",
        "blockquote",
        "code",
        "br",
    }
    assert set(re.findall(r'href="([^"]*)"', html)) == {f"{HOME}/browse/SUP-1", f"{HOME}/browse/SUP-9"}
    plain = pack_text(pack | {"summary": "x", "similar": []}, HOME)
    assert text.count("\n## ") - plain.count("\n## ") == 1  # the earlier tickets


def test_packs_of_every_escalation_render(warehouse: Warehouse, criteria: Criteria) -> None:
    rows = table(
        warehouse, "select t.ticket_key, e.escalation_no from core.escalations e join core.tickets t using (issue_id)"
    )
    for row in rows.splitlines():
        key, number = row.split()
        assert text_of(warehouse, criteria, key)
        assert pack_of(warehouse, criteria, key, int(number))["escalation_no"] == int(number)
