"""Being told: once each, and once more when it is over; what is lost on the way is told of, not sent again."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr
from served_desk import listening

from analysis.errors import BusyError, CriteriaError, EscalationsError, SourceError
from pipelines.alerts import Problem, failure, open_problems, sender, settle, wrong_urls
from pipelines.settings import Settings

# one of apprise's many plug-ins imports a module that Python 3.11 warns of
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
NOW, LATER = datetime(2026, 3, 2, 6, 30), datetime(2026, 3, 2, 8, 0)
FAILED = Problem("failed", "Jira does not answer", "see whether it is up")
LATE = Problem("late", "the run due at 06:30 has not begun", "look at the worker")


class Sent:
    def __init__(self, *, works: bool = True) -> None:
        self.told: list[tuple[str, str]] = []
        self.works = works

    def __call__(self, title: str, body: str) -> bool:
        self.told.append((title, body))
        return self.works

    def titles(self) -> list[str]:
        return [title for title, _ in self.told]


def quiet(_: str) -> None:
    pass


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_once_each_and_once_when_it_is_over(settings: Settings) -> None:
    sent = Sent()
    for problems in ([FAILED], [FAILED], [FAILED, LATE], [LATE], [LATE], [], []):
        settle(settings, "sync", problems, NOW, quiet, sent)
    assert [body.splitlines()[0] for _, body in sent.told] == [
        "sync: Jira does not answer",
        "sync: the run due at 06:30 has not begun",
        "sync: over since 2026-03-02 06:30 UTC: Jira does not answer",
        "sync: over since 2026-03-02 06:30 UTC: the run due at 06:30 has not begun",
    ]
    needs, well = "Escalations: sync needs a look", "Escalations: sync is well again"
    assert sent.titles() == [needs, needs, well, well]
    settle(settings, "sync", [FAILED], NOW, quiet, sent)
    assert len(sent.told) == 5  # a new failure is news


def test_a_message_says_what_happened_what_to_do_and_since_when(settings: Settings) -> None:
    sent = Sent()
    settle(settings, "sync", [FAILED], NOW, quiet, sent)
    assert sent.told[0][1] == (
        "sync: Jira does not answer\nWhat to do: see whether it is up\nSince 2026-03-02 06:30 UTC."
    )


def test_each_flow_has_its_own(settings: Settings) -> None:
    sent = Sent()
    settle(settings, "sync", [FAILED], NOW, quiet, sent)
    settle(settings, "census", [FAILED], NOW, quiet, sent)
    settle(settings, "census", [], NOW, quiet, sent)
    assert open_problems(settings) == ["sync: Jira does not answer (since 2026-03-02 06:30 UTC, message sent)"]


def test_what_could_not_be_sent_is_tried_again(settings: Settings) -> None:
    settle(settings, "sync", [FAILED], NOW, quiet, Sent(works=False))
    assert open_problems(settings) == [
        "sync: Jira does not answer (since 2026-03-02 06:30 UTC, message could not be sent)"
    ]
    sent = Sent()
    settle(settings, "sync", [FAILED], LATER, quiet, sent)
    settle(settings, "sync", [FAILED], LATER, quiet, sent)
    assert len(sent.told) == 1
    assert "Since 2026-03-02 06:30 UTC" in sent.told[0][1]


def test_what_was_cut_off_on_its_way_is_told_of_and_not_sent_again(settings: Settings) -> None:
    def cut_off(*_: str) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        settle(settings, "sync", [FAILED], NOW, quiet, cut_off)
    assert open_problems(settings) == [
        "sync: Jira does not answer (since 2026-03-02 06:30 UTC, message perhaps not sent)"
    ]
    sent = Sent()
    settle(settings, "sync", [FAILED], LATER, quiet, sent)
    assert sent.told == []
    settle(settings, "sync", [FAILED, LATE], LATER, quiet, sent)
    settle(settings, "census", [LATE], LATER, quiet, sent)
    assert [body.splitlines()[-1] for _, body in sent.told] == [
        "An earlier message may not have arrived: Jira does not answer",
        "Since 2026-03-02 08:00 UTC.",
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"sync/failed": 3}'])
def test_a_damaged_note_is_begun_anew(text: str, settings: Settings) -> None:
    (settings.home / "alerts.json").write_text(text)
    sent = Sent()
    settle(settings, "sync", [FAILED], NOW, quiet, sent)
    assert len(sent.told) == 1
    assert set(json.loads((settings.home / "alerts.json").read_text())) == {"sync/failed"}


def test_through_apprise_to_a_web_hook(tmp_path: Path) -> None:
    with listening() as hook:
        settings = Settings(home=tmp_path, notify_urls=(SecretStr(hook.url),))
        settle(settings, "sync", [FAILED], NOW, quiet)
        assert [(one["title"], one["message"].splitlines()[0]) for one in hook.messages] == [
            ("Escalations: sync needs a look", "sync: Jira does not answer")
        ]
        hook.status = 500
        assert sender(settings)("title", "body") is False
    both = Settings(home=tmp_path, notify_urls=(SecretStr("nonsense://x"),))
    assert sender(both)("title", "body") is False


def test_addresses_are_secret_and_named_by_their_place(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, notify_urls="json://127.0.0.1/SECRETWORD nonsense://SECRETWORD")  # type: ignore[arg-type]
    assert list(wrong_urls(settings)) == ["notify_urls: number 2 is no address that apprise knows"]
    assert "SECRETWORD" not in repr(settings)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SourceError("x"), "whether Jira is up"),
        (CriteriaError("x"), "escalations check"),
        (BusyError("x"), "who holds the warehouse"),
        (EscalationsError("x"), "put right what is named"),
    ],
)
def test_what_to_do_follows_from_the_kind_of_error(error: EscalationsError, words: str) -> None:
    assert words in failure(error).advice
