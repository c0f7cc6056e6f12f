"""Which stored tickets are still there: a census marks what is gone, and says nothing where it can't know."""

from collections.abc import Iterator

import pytest
from jira_reading import connect, some_tickets
from jira_standin import JiraStandIn, Kind

from analysis.errors import SourceError
from pipelines.jira import JiraSource, Known
from pipelines.jira.census import Census, Stored, take_census


class Book:
    """What the warehouse would hold between censuses."""

    def __init__(self, jira: JiraStandIn, n: int = 10) -> None:
        self.jira = jira
        self.ids = [int(i) for i in some_tickets(jira, n)]
        self.stored = {i: Stored("SUP") for i in self.ids}

    def census(self, account: str | None = None, projects: tuple[str, ...] = ("SUP",)) -> Census:
        connection = connect(self.jira)
        plan = JiraSource(connection, projects, Known(), lambda _: None).plan()
        found = take_census(connection, plan, projects, self.stored, account)
        for ident, presence in found.presence.items():
            self.stored[ident] = Stored(self.stored[ident].project, presence, self.stored[ident].has_security)
        return found


@pytest.fixture(params=["cloud", "datacenter"])
def book(request: pytest.FixtureRequest) -> Iterator[Book]:
    kind: Kind = request.param
    with JiraStandIn(kind) as jira:
        yield Book(jira)


def test_nothing_happened(book: Book) -> None:
    assert book.census() == Census()


def test_deleted_only_after_two_censuses(book: Book) -> None:
    book.jira.delete(book.ids[0])
    assert book.census().presence == {book.ids[0]: "missed_once"}
    book.jira.delete(book.ids[1])
    assert book.census().presence == {book.ids[0]: "deleted", book.ids[1]: "missed_once"}
    assert book.census().presence == {book.ids[1]: "deleted"}
    assert book.census() == Census()


def test_missed_once_and_there_again(book: Book) -> None:
    book.jira.hide(book.ids[0])
    book.census()
    book.jira.unhide(book.ids[0])
    found = book.census()
    assert found.presence == {book.ids[0]: "returned"}
    assert found.wanted == {book.ids[0]}
    assert book.census() == Census()


def test_moved_out_of_scope(book: Book) -> None:
    book.jira.add_project("OTHER")
    book.jira.move(book.ids[0], "OTHER")
    assert book.census().presence == {book.ids[0]: "out_of_scope"}
    assert book.census() == Census()
    book.jira.move(book.ids[0], "SUP")
    found = book.census()
    assert (found.presence, found.wanted) == ({book.ids[0]: "returned"}, {book.ids[0]})


def test_moved_within_scope_is_read_again(book: Book) -> None:
    book.jira.add_project("ENG")
    book.jira.move(book.ids[0], "ENG")
    found = book.census(projects=("SUP", "ENG"))
    assert (found.presence, found.wanted) == ({}, {book.ids[0]})


def test_hidden_by_a_security_level(book: Book) -> None:
    book.stored[book.ids[0]] = Stored("SUP", has_security=True)
    book.jira.hide(book.ids[0])
    assert book.census().presence == {book.ids[0]: "hidden"}
    assert book.census() == Census()
    book.jira.unhide(book.ids[0])
    assert book.census().presence == {book.ids[0]: "returned"}


def test_an_edit_that_no_reading_saw(book: Book) -> None:
    """As of a ticket that was hidden, edited, and shown again long afterwards."""
    before = {int(i): one["fields"]["updated"] for i, one in book.jira.snapshot().items()}
    book.stored = {i: Stored("SUP", updated=before[i]) for i in book.ids}
    assert book.census() == Census()
    book.jira.tick(60)
    book.jira.edit(book.ids[2], status="Done")
    assert book.census().wanted == {book.ids[2]}


def test_links_to_outside_are_asked_for_by_turns(book: Book) -> None:
    turn, with_link, lost = book.ids[:3]
    book.jira.remote_link(with_link, "https://example.invalid/1", "a change")
    book.stored[turn] = Stored("SUP", is_links_turn=True)
    assert book.census().wanted == set()
    book.stored[with_link] = Stored("SUP", is_links_turn=True)
    book.stored[lost] = Stored("SUP", has_remote_links=True, is_links_turn=True)
    book.jira.clear_log()
    assert book.census().wanted == {with_link, lost}
    assert book.jira.counts["GET issue/remotelink"] == 3


@pytest.mark.parametrize("how", ["archived", "trashed", "hidden"])
def test_a_whole_project(book: Book, how: str) -> None:
    {
        "archived": book.jira.archive_project,
        "trashed": book.jira.trash_project,
        "hidden": book.jira.hide_project,
    }[how]("SUP")
    found = book.census()
    assert set(found.presence) == set(book.ids)
    assert set(found.presence.values()) == {"archived" if how == "archived" else "hidden"}
    assert "its tickets stay" in found.notes[0]
    book.jira.restore_project("SUP")
    assert set(book.census().presence.values()) == {"returned"}


def test_half_gone_at_once_marks_nothing(book: Book) -> None:
    for ident in book.ids[:5]:
        book.jira.hide(ident)
    found = book.census()
    assert (found.presence, found.wanted) == ({}, set())
    assert "5 of 10 tickets of project SUP are gone at once" in found.notes[0]


def test_those_long_gone_do_not_make_half_look_like_less(book: Book) -> None:
    for ident in book.ids[:6]:
        book.stored[ident] = Stored("SUP", "deleted")
        book.jira.delete(ident)
    for ident in book.ids[6:]:
        book.jira.hide(ident)
    assert book.census().presence == {}


@pytest.mark.parametrize("n_answers", range(5))
def test_an_expired_token_concludes_nothing(book: Book, n_answers: int) -> None:
    book.jira.delete(book.ids[0])
    book.jira.faults.token_expires_after = n_answers
    with pytest.raises(SourceError):
        book.census()
    assert all(one.presence == "seen" for one in book.stored.values())


def test_another_account_concludes_nothing(book: Book) -> None:
    book.census(account="account-1")
    book.jira.faults.other_account = True
    with pytest.raises(SourceError, match="another account"):
        book.census(account="account-1")


def test_an_index_that_lags_deletes_nothing(book: Book) -> None:
    book.jira.faults.never_indexed = {str(book.ids[0])}
    for _ in range(2):
        found = book.census()
        assert (found.presence, found.wanted) == ({}, {book.ids[0]})


def test_an_empty_page_against_its_own_count_concludes_nothing() -> None:
    with JiraStandIn("datacenter") as jira:
        book = Book(jira)
        jira.faults.empty_page_with_token = 1
        with pytest.raises(SourceError, match="gives none"):
            book.census()


def test_more_projects_than_a_page_tells() -> None:
    with JiraStandIn("cloud") as jira:
        for n in range(7):
            jira.add_project(f"A{n}")
        jira.faults.project_page_cap = 3
        assert Book(jira).census() == Census()
