"""The nearest earlier texts and tickets."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family_stories import STORY, build, desk_of, house
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.errors import InputError
from analysis.features import EMBEDDING_WIDTH
from analysis.similar import Background, Entry, Similar, background, terms_of
from analysis.warehouse import Warehouse
from pipelines.settings import Settings
from pipelines.similar_lines import similar_lines, similar_to_text, similar_to_ticket

# -- texts ---------------------------------------------------------------------------------------------------

# id | summary | description, in the order in which they came
TEXTS = """
 1 | Printer driver crashes on startup   | The application dies with a segmentation fault in PrintQueue as soon as the printer is chosen.
 2 | Cannot log in with an expired token | The service answers 401 and TOKEN_EXPIRED, a new token is not requested.
 3 | Dark theme has unreadable menus     | Menu entries are black on black when the dark theme is chosen in the settings.
 4 | Export to PDF loses the images      | Every picture is missing from the exported document, the text is there.
 5 | Crash when choosing a printer       | Segmentation fault, the stack trace shows PrintQueue and its driver.
 6 | Translation of the menu into French | Some entries of the menu are still in English.
 7 | Login refused after the night       | Error TOKEN_EXPIRED with status 401 every morning, a restart helps.
 8 | Pictures are gone in the PDF        | Exporting a document leaves out all images.
 9 | Installer asks for a licence twice  | The licence dialogue appears again after the reboot.
"""


def entries(table: str = TEXTS) -> list[Entry]:
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [Entry(int(number), int(number), summary, text) for number, summary, text in rows]


@pytest.fixture(scope="module")
def index() -> Similar:
    return Similar(entries())


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("PrintQueue segmentation fault", 5),
        ("printers crash the application", 5),
        ("HTTP 401, TOKEN_EXPIRED", 2),
        ("tokenExpired while logging in", 2),
        ("images missing in exported PDF documents", 4),
        ("menus are black in the dark theme", 3),
        ("the licence is asked for twice", 9),
        ("FRENCH menu", 6),
    ],
)
def test_the_nearest_of_a_table(index: Similar, asked: str, nearest: int) -> None:
    assert next(iter(index.nearest(asked, "", 3))).id == nearest


def test_earlier_ones_only(index: Similar) -> None:
    """Each text of the table that came back, and what came before it."""
    found = {entry.id: index.nearest(entry.summary, entry.description, 1, (entry.at, entry.id)) for entry in entries()}
    assert {number: near[0].id for number, near in found.items() if near} == {5: 1, 7: 2, 8: 4}


def test_a_summary_weighs_as_much_as_a_long_description() -> None:
    log = " ".join(f"DEBUG worker {word} idle" for word in ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"])
    told = [Entry(1, 1, "Webhook not delivered", log), Entry(2, 2, "Disk is full", log.replace("idle", "ready"))]
    assert [near.id for near in Similar(told).nearest("webhook delivery fails", log, 2)] == [1]


@pytest.mark.parametrize(
    ("word", "terms"),
    [
        ("Crashing", ("crashi",)),
        ("TOKEN_EXPIRED", ("token_expired", "token", "expire")),
        ("tokenExpired", ("tokenexpired", "token", "expire")),
        ("HTTPServer", ("httpserver", "http", "server")),
        ("10053", ("10053",)),
        ("4b1c" * 20, (("4b1c" * 20)[:24],)),
        ("_", ("_",)),
        ("預約失敗", ("預約", "約失", "失敗")),
        ("預", ("預",)),
    ],
)
def test_terms(word: str, terms: tuple[str, ...]) -> None:
    assert terms_of(word) == terms


def test_of_equally_near_ones_the_later_comes_first() -> None:
    told = [Entry(number, at, "the very same words", "and more") for number, at in ((4, 1), (3, 1), (9, 0), (1, 2))]
    found = Similar(told).nearest("the very same words", "and more", 9)
    assert [(near.id, near.alike, near.score) for near in found] == [(n, 1, 1) for n in (1, 4, 3, 9)]
    assert [near.id for near in Similar(told).nearest("the very same words", "and more", 2)] == [1, 4]


def test_what_fails_fails_again_soon() -> None:
    """Of two that are nearly as much alike, the older gives way; yet the very same words do not."""
    rest = [Entry(number, number, f"matter {number}", f"nothing to do with it {number}") for number in range(2, 500)]
    older, newer = Entry(1, 1, "login refused, token", "expired"), Entry(500, 500, "token, login refused", "expires")
    index = Similar([older, *rest, newer])
    assert [near.id for near in index.nearest("refused login: token", "expiry", 2)] == [500, 1]
    assert [near.id for near in index.nearest("login refused, token", "expired", 2)] == [1, 500]


def test_other_evidence_brings_nearer(index: Similar) -> None:
    asked = ("Login refused", "Status 401")
    assert [near.id for near in index.nearest(*asked, 2)] == [7, 2]
    assert [near.id for near in index.nearest(*asked, 2, chances={2: 0.95, 77: 1.0})] == [2, 7]
    assert index.nearest("unheard of", "", 2, chances={3: 0.4}) == []
    assert [near.id for near in index.nearest("unheard of", "", 2, chances={3: 0.6})] == [3]
    assert index.nearest("unheard of", "", 2, before=(3, 3), chances={3: 0.6}) == []


def test_a_small_desk_knows_from_the_field_which_words_are_common() -> None:
    told = [Entry(1, 1, "please help, appointment", ""), Entry(2, 2, "please hurry, webhook", "")]
    prior = background({"please": 1.2, "appointment": 1.5, "webhook": 5.0, "please help": 5.0}, nothing(), 1000)
    assert prior.shares == {"please": pytest.approx(0.8187, abs=1e-4), "appoin": pytest.approx(0.6065, abs=1e-4)} | {
        "webhoo": pytest.approx(0.0183, abs=1e-4)
    }
    asked = ("please, the appointment or the webhook?", "")
    assert Similar(told).nearest(*asked, 2) == []
    assert [near.id for near in Similar(told, prior).nearest(*asked, 2)] == [2]


def nothing() -> Any:
    return np.zeros(EMBEDDING_WIDTH, np.float32)


def test_telling_words_that_two_texts_share() -> None:
    index = Similar(entries(), Background(100.0))
    one, other = "Segmentation fault in the PrintQueue, of course", "a fault of PrintQueue: SEGMENTATION"
    assert index.shared_words(one, other, 9) == ["fault", "PrintQueue", "Segmentation"]
    assert index.shared_words(one, other, 1) == ["fault"]
    assert index.shared_words(one, "", 9) == index.shared_words("", other, 9) == []


# -- texts of all kinds ----------------------------------------------------------------------------------------

ODD = {
    "empty": "",
    "blanks": " \n\t ",
    "one character": "a",
    "two characters": "a ?",
    "ids": "10053 8812-77 2026-03-02 5d1f8a52-91c8-4c8e-9d0e-001122334455",
    "signs": "--- !!! ***",
    "1 MB of log": "2026-03-02 INFO heartbeat 10053 beats\n" * 27_000,
    "1 MB without a blank": "x" * 1_000_000,
    "Finnish": "Hei, tämä ei toimi enää lainkaan, voisitteko korjata sen pian? Kiitos etukäteen.",
    "Japanese": "予約が取れません。至急ご確認ください。",
    "Hebrew": "שלום, זה לא עובד מאז הבוקר",
    "emoji": "🙈🙉🙊 🚗",
    "surrogate and NUL": "\ud800 \x00 \x1b[0m",
}


@pytest.mark.parametrize("name", ODD)
def test_nothing_is_near_an_odd_text(index: Similar, name: str) -> None:
    assert index.nearest(ODD[name], "", 5) == []
    assert index.nearest("", ODD[name], 5) == []
    assert index.nearest(None, ODD[name], 5) == []


def test_odd_texts_among_the_earlier_ones_change_little() -> None:
    odd = [Entry(100 + number, 100 + number, text, text) for number, text in enumerate(ODD.values())]
    index = Similar([*entries(), *odd])
    assert [near.id for near in index.nearest("Cannot log in", "401 TOKEN_EXPIRED", 2)] == [2, 7]
    assert index.nearest("", "", 5) == []
    japanese = index.nearest(ODD["Japanese"], "", 5)
    assert [near.id for near in japanese] == [100 + list(ODD).index("Japanese")]


@pytest.mark.parametrize(
    "told", [[], [Entry(1, 1, "", None)], [Entry(1, 1, None, "...")]], ids=["none", "empty", "dots"]
)
def test_an_index_without_words(told: list[Entry]) -> None:
    assert Similar(told).nearest("a text", "with words", 5) == []
    assert Similar(told).nearest("", "", 5) == []
    assert len(Similar(told)) == len(told)


# -- properties ------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        "token",
        "expired",
        "login",
        "printer",
        "crash",
        "queue",
        "menu",
        "dark",
        "theme",
        "export",
        "image",
        "401",
        "é",
        "ü",
        "x",
    ]
)
SOME = st.builds(" ".join, st.lists(WORDS, max_size=8))
MANY = st.lists(st.tuples(st.integers(0, 5), SOME, SOME), min_size=1, max_size=12)


def made(told: Sequence[tuple[int, str, str]]) -> list[Entry]:
    return [Entry(number, at, summary, text) for number, (at, summary, text) in enumerate(told)]


@settings(max_examples=40, deadline=None)
@given(MANY, st.randoms(use_true_random=False))
def test_neither_itself_nor_later_ones_and_in_any_order_the_same(told: list[tuple[int, str, str]], chance: Any) -> None:
    given_so = made(told)
    otherwise = list(given_so)
    chance.shuffle(otherwise)
    one, other = Similar(given_so), Similar(otherwise)
    for entry in given_so:
        near = one.nearest(entry.summary, entry.description, 20, (entry.at, entry.id))
        assert near == other.nearest(entry.summary, entry.description, 20, (entry.at, entry.id))
        places = {found.id: found for found in given_so}
        assert all((places[found.id].at, found.id) < (entry.at, entry.id) for found in near)
        assert [found.score for found in near] == sorted((found.score for found in near), reverse=True)
        fewer = one.nearest(entry.summary, entry.description, 2, (entry.at, entry.id))
        assert fewer == near[:2]


@settings(max_examples=40, deadline=None)
@given(MANY)
def test_a_text_is_nearest_to_itself(told: list[tuple[int, str, str]]) -> None:
    index, by_id = Similar(made(told)), dict(enumerate(told))
    for entry in made(told):
        near = index.nearest(entry.summary, entry.description, 20)
        if any(len(word) > 1 for word in f"{entry.summary} {entry.description}".split()):
            assert near[0].alike == 1
            same = [number for number, one in by_id.items() if one[1:] == (entry.summary, entry.description)]
            assert entry.id in same and set(same) <= {found.id for found in near if found.alike == 1}
        else:
            assert near == []


# -- tickets ---------------------------------------------------------------------------------------------------

MORE = """
SUP-13 created 2026-05-20 09:00 tier=2 dealer="Cedar Ridge" provider=Tekion category=configuration summary="Cedar Ridge test connection fails (Tekion 403)" description="Pressed Test, it says 403 'Missing or invalid context headers.' The record holds dealer id 47."
  05-21 09:00 moved_from=OLD-7
PENG-1 created 2026-05-20 09:00 summary="Engineering looks into context headers"
SUP-14 created 2026-05-21 09:00 tier=2 provider=CDK category=auth summary="\x1b[31mNightly <b>CDK</b> run\u202e aborts" description="The nightly run against Fortellis aborts with TOKEN-EXPIRED at the same customer file."
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("desk")
    return build(folder, STORY + MORE, house(folder / "criteria"))


@pytest.fixture
def desk(built: Path, tmp_path: Path) -> Settings:
    return desk_of(built, tmp_path)


def keys(answer: Any) -> list[str]:
    return [row["ticket_key"] for row in answer.near]


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        ("SUP-1", []),
        ("SUP-2", ["SUP-1"]),
        ("SUP-3", ["SUP-2", "SUP-1"]),
        ("SUP-4", ["SUP-1", "SUP-3", "SUP-2"]),
        ("SUP-6", ["SUP-5"]),
        ("SUP-7", ["SUP-5", "SUP-6"]),
        ("SUP-9", ["SUP-8"]),
        ("SUP-14", ["SUP-10"]),
    ],
)
def test_the_nearest_tickets_of_the_desk(desk: Settings, asked: str, nearest: list[str]) -> None:
    """At their head stand those in which the same thing failed."""
    assert set(keys(similar_to_ticket(desk, asked, len(nearest) or 1))) == set(nearest)


def test_how_it_was_resolved_by_which_tier_and_why_it_is_near(desk: Settings) -> None:
    answer = similar_to_ticket(desk, "SUP-3", 2)
    row = next(row for row in answer.near if row["ticket_key"] == "SUP-2")
    told = ("resolution", "resolution_tier", "provider", "dealer_id", "family_key", "n_family_escalations")
    assert [row[name] for name in told] == ["Done", 2, "tekion", "blue", "SUP-1", 5]
    assert row["closing"].startswith("Replaced 41 by the whole string")
    assert row["why"]["signs"] == ["403", "Missing or invalid context headers"]
    assert row["why"]["same"] == ["provider", "dealer", "family"]
    assert row["why"]["chance"] > 0.9
    assert "description" not in row
    lines = list(similar_lines(answer))
    at = next(number for number, line in enumerate(lines) if line.startswith("SUP-2 "))
    assert lines[0] == "nearest to SUP-3 among 4 earlier tickets: Tekion push rejected in full at Blue Mesa, HTTP 403"
    assert lines[at].endswith(") Blue Mesa chat: no times offered, Tekion returns 403")
    assert lines[at + 1 : at + 3] == [
        "    made 2026-03-16, resolved 2026-03-17 by Tier 2 as Done, which ended in neither",
        "    closed with: Replaced 41 by the whole string bluemesa_41_0 as printed in their hub. Rosa sees times again.",
    ]
    assert lines[at + 3].startswith("    family SUP-1 (ongoing, 5 escalations): ")
    assert lines[at + 4].startswith("    near because: likely the same failure (")
    assert "; both show 403, Missing or invalid context headers; " in lines[at + 4]
    assert lines[at + 4].endswith("; same provider tekion; same dealer blue; same family SUP-1")


def test_an_open_ticket_is_near_as_well(desk: Settings) -> None:
    answer = similar_to_ticket(desk, "SUP-13", 4)
    row = next(row for row in answer.near if row["ticket_key"] == "SUP-4")
    assert (row["resolved_at"], row["resolution_tier"], row["closing"]) == (None, None, None)
    assert "    made 2026-05-18, still open at Tier 2" in list(similar_lines(answer))


def test_the_very_same_words_come_first(desk: Settings) -> None:
    assert keys(similar_to_ticket(desk, "SUP-13", 1)) == ["SUP-1"]


@pytest.mark.parametrize("key", ["SUP-13", "sup-13", " SUP-13 ", "OLD-7", "old-7"])
def test_a_key_present_or_past_in_any_case(desk: Settings, key: str) -> None:
    assert similar_to_ticket(desk, key, 3).ticket_key == "SUP-13"


@pytest.mark.parametrize(
    "key", ["SUP-99", "", "nonsense", "\x1b[31mSUP-1", "'; drop table core.tickets; --", "SUP-1" * 99]
)
def test_an_unknown_key_is_one_plain_line(desk: Settings, key: str) -> None:
    with pytest.raises(
        InputError, match=r"^[^\x1b\n]*: no such ticket in .*give a key such as SUP-12, or - and a text"
    ):
        similar_to_ticket(desk, key, 3)


def test_an_issue_of_engineering_is_no_ticket(desk: Settings) -> None:
    with pytest.raises(InputError, match=r"^PENG-1: an issue, but no ticket of the desk, in .*give a key"):
        similar_to_ticket(desk, "PENG-1", 3)


def test_deleted_tickets_are_not_shown(desk: Settings) -> None:
    before = similar_to_ticket(desk, "SUP-3", 9)
    with Warehouse.open(desk.warehouse_file) as warehouse:
        warehouse.execute("update core.ticket_facts set presence = 'deleted' where issue_id = 1002")
    after = similar_to_ticket(desk, "SUP-3", 9)
    assert "SUP-2" in keys(before) and "SUP-2" not in keys(after)
    assert after.n_earlier == before.n_earlier - 1


def test_a_text_is_held_against_all_tickets(desk: Settings) -> None:
    text = b"\n Advisor not accepted by MyKaarma\nRed triangle: Push to DMS failed, not a valid employee number\n"
    answer = similar_to_text(desk, text, 3)
    assert (answer.ticket_key, answer.summary) == (None, "Advisor not accepted by MyKaarma")
    assert set(keys(answer)) == {"SUP-5", "SUP-6", "SUP-7"}
    assert answer.n_earlier == 14
    assert all(row["why"]["same"] == [] for row in answer.near)
    assert json.loads(json.dumps(asdict(answer), default=str))["near"][0]["ticket_key"] == keys(answer)[0]


@pytest.mark.parametrize("name", ODD)
def test_nothing_is_near_an_odd_text_on_standard_input(desk: Settings, name: str) -> None:
    answer = similar_to_text(desk, ODD[name].encode("utf-8", "surrogatepass"), 3)
    assert list(similar_lines(answer)) == ["nothing is near the text among 14 earlier tickets"]


def test_bytes_that_are_no_text(desk: Settings) -> None:
    assert similar_to_text(desk, bytes(range(256)) * 9, 3).near == []


def test_untrusted_words_do_not_reach_the_terminal_as_they_are(desk: Settings) -> None:
    answer = similar_to_text(desk, b"Nightly \x1b[2J run\nFortellis aborts with TOKEN-EXPIRED\x07, customer file", 2)
    assert keys(answer)[0] == "SUP-14"
    lines = list(similar_lines(answer))
    assert all(line.isprintable() for line in lines)
    assert any("[31mNightly <b>CDK</b> run aborts" in line for line in lines)


def test_nothing_was_reported_yet(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no warehouse yet"):
        similar_to_text(Settings(home=tmp_path), b"a text", 3)
    with Warehouse.open(tmp_path / "warehouse.duckdb"):
        pass
    with pytest.raises(InputError, match="nothing was reported yet; run `escalations report` first"):
        similar_to_text(Settings(home=tmp_path), b"a text", 3)
    with pytest.raises(InputError, match="nothing was reported yet; run `escalations report` first"):
        similar_to_ticket(Settings(home=tmp_path), "SUP-1", 3)
