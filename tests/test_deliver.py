"""A published week brought to folder, store, mail and chat: each as promised, whatever breaks on the way."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import fsspec
import pytest
from delivery_desk import (
    EVIL,
    SUMMARY,
    WEEK,
    certificate,
    desk,
    mail_to,
    object_store,
    outbox,
    post_office,
    tree,
    write_week,
)
from served_desk import listening
from site_reading import needs_chromium

from analysis.errors import DeliveryError, EscalationsError, InputError, SettingsError
from pipelines import cli
from pipelines.deliver import deliver, deliver_published, places, preview
from pipelines.order import Publishing, Result
from pipelines.settings import Settings, read_settings

# one of apprise's many plug-ins imports a module that Python 3.11 warns of
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
SECRET = "SECRETWORD"  # noqa: S105


def said(settings: Settings, **more: Any) -> list[str]:
    """The lines of a delivery, then those of what failed."""
    lines: list[str] = []
    try:
        deliver(settings, lines.append, "run", **more)
    except DeliveryError as error:
        assert error.exit_code == 15
        lines += error.lines
    return lines


def share(path: Path, name: str = "share") -> dict[str, Any]:
    path.mkdir(exist_ok=True)
    return {"name": name, "kind": "folder", "path": path}


# -- folder ------------------------------------------------------------------------------------------------


def test_a_folder_holds_each_week_once(tmp_path: Path) -> None:
    settings = desk(tmp_path / "home", share(tmp_path / "to"))
    assert said(settings) == [f"deliver: share: 9 files of {WEEK} are new there"]
    assert tree(tmp_path / "to") == tree(settings.reports)
    inodes = {path: path.stat().st_ino for path in (tmp_path / "to").rglob("*")}
    assert said(settings) == [f"deliver: share: {WEEK} is there already"]
    assert {path: path.stat().st_ino for path in (tmp_path / "to").rglob("*")} == inodes
    assert outbox(settings) == [f"folder share {WEEK} {status}" for status in ("intended", "sent") * 2]


def test_a_newer_page_takes_the_place_of_the_older(tmp_path: Path) -> None:
    settings = desk(tmp_path / "home", share(tmp_path / "to"))
    said(settings)
    (settings.reports / WEEK / "tickets" / "SUP-1.html").unlink()
    write_week(settings.reports, "2026-W09", "another week, changed since")
    write_week(settings.reports, WEEK, "final")
    (settings.reports / WEEK / "tickets" / "SUP-1.html").unlink()
    said(settings)
    assert tree(tmp_path / "to" / WEEK) == tree(settings.reports / WEEK)
    assert b"changed since" not in (tmp_path / "to" / "2026-W09" / "index.html").read_bytes()


@pytest.mark.parametrize("cut", ["copying", "swapping"])
def test_cut_off_there_is_the_old_week_or_the_new_one(
    cut: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = desk(tmp_path / "home", share(tmp_path / "to"))
    said(settings)
    before = tree(tmp_path / "to" / WEEK)
    write_week(settings.reports, WEEK, "final")

    def killed(*_: object, **__: object) -> None:
        if cut == "swapping":  # between the two renamings
            (tmp_path / "to" / WEEK).rename(tmp_path / "to" / f".{WEEK}.old")
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        if cut == "copying":
            patched.setattr(shutil, "copytree", killed)
        else:
            patched.setattr(places, "swap", killed)
        with pytest.raises(KeyboardInterrupt):
            deliver(settings, lambda _: None, "run")
    if cut == "copying":
        assert tree(tmp_path / "to" / WEEK) == before
    assert said(settings) == [f"deliver: share: 5 files of {WEEK} are new there"]
    assert tree(tmp_path / "to") == tree(settings.reports)


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    settings = desk(tmp_path / "home", {"name": "nas", "kind": "folder", "path": tmp_path / "unmounted"})
    (line,) = said(settings)
    assert line.startswith(
        f"nas: {tmp_path / 'unmounted'} is no folder; make it, or mount what should be there; then run"
    )
    assert not (tmp_path / "unmounted").exists()


# -- object store ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with object_store() as address:
        yield address


def bucket(s3: str, name: str) -> tuple[dict[str, Any], Any]:
    """A target, and the bucket as others see it."""
    seen = fsspec.filesystem(
        "s3",
        key="k",
        secret=SECRET,
        client_kwargs={"endpoint_url": s3, "region_name": "eu-west-1"},
        use_listings_cache=False,
    )
    seen.mkdir(name)
    told = {"name": "bucket", "kind": "store", "url": f"s3://{name}/desk/", "endpoint": s3, "region": "eu-west-1"}
    return told | {"key": "k", "secret": SECRET}, seen


def objects(seen: Any, name: str) -> dict[str, bytes]:
    found = {path.removeprefix(f"{name}/desk/"): seen.cat_file(path) for path in seen.find(f"{name}/desk")}
    return {path: data for path, data in found.items() if not path.endswith("/delivered.json")}


def test_a_store_holds_each_week_once(s3: str, tmp_path: Path) -> None:
    target, seen = bucket(s3, "once")
    settings = desk(tmp_path, target)
    assert said(settings) == [f"deliver: bucket: 8 files of {WEEK} are new there"]
    assert objects(seen, "once") == tree(settings.reports)
    kinds = {name: seen.info(f"once/desk/{WEEK}/{name}")["ContentType"] for name in ("index.html", "summary.json")}
    assert kinds == {"index.html": "text/html", "summary.json": "application/json"}
    assert said(settings) == [f"deliver: bucket: {WEEK} is there already"]
    (settings.reports / WEEK / "tickets" / "SUP-1.html").unlink()
    (settings.reports / WEEK / "index.html").write_text("final")
    assert said(settings) == [f"deliver: bucket: 1 files of {WEEK} are new there"]
    assert objects(seen, "once") == tree(settings.reports)


@pytest.mark.parametrize("n_before", range(4))
def test_cut_off_a_store_is_brought_up_the_next_time(
    n_before: int, s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the week: files, its index, what was brought; then the list of all weeks."""
    target, seen = bucket(s3, f"cut{n_before}")
    settings = desk(tmp_path, target)
    said(settings)
    write_week(settings.reports, WEEK, "final")
    (settings.reports / WEEK / "tickets" / "SUP-1.html").write_text("changed")
    put, calls = places._pipe, []

    def broken(store: Any, files: dict[str, bytes]) -> None:
        calls.append(files)
        if len(calls) > n_before:
            raise PermissionError(SECRET)
        put(store, files)

    with monkeypatch.context() as patched:
        patched.setattr(places, "_pipe", broken)
        (line,) = said(settings)
    assert line.startswith("bucket: the store could not be written (PermissionError)")
    assert SECRET not in line
    said(settings)
    assert objects(seen, f"cut{n_before}") == tree(settings.reports)


def test_no_bucket_and_no_server_are_told_of(s3: str, tmp_path: Path) -> None:
    target, _ = bucket(s3, "here")
    settings = desk(
        tmp_path, target | {"url": "s3://elsewhere"}, target | {"name": "off", "endpoint": "http://127.0.0.1:9"}
    )
    lines = said(settings)
    assert [line.partition(" (")[0] for line in lines] == [
        f"{name}: the store could not be written" for name in ("bucket", "off")
    ]
    assert SECRET not in "".join([*lines, repr(settings)])


# -- mail --------------------------------------------------------------------------------------------------


def test_a_mail_as_it_is_received(tmp_path: Path) -> None:
    with post_office() as post:
        settings = desk(tmp_path, mail_to(post.port))
        assert said(settings) == ["deliver: team: sent to 2"]
        assert said(settings)[0].startswith(f"deliver: team: {WEEK} was sent on 2")
    (mail,) = post.mails
    told = {name: str(mail[name]) for name in ("Subject", "From", "To", "Message-ID", "Auto-Submitted", "Bcc", "Cc")}
    assert told == {
        "Subject": "Escalations 2026-W10: 76 % without Tier 3",
        "From": "desk@example.com",
        "To": "ann@example.com, bob@example.com",
        "Message-ID": f"<escalations.{WEEK}.team@example.com>",
        "Auto-Submitted": "auto-generated",
        "Bcc": "None",
        "Cc": "None",
    }
    text, html = mail.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part in (text, html):
        said_there = part.get_content()
        assert "https://pages.example.com/e/2026-W10/index.html" in said_there
        assert said_there.count("://") == 1
        assert "<script" not in said_there
        assert "@" not in said_there
    assert outbox(settings) == [f"mail team {WEEK} intended", f"mail team {WEEK} sent"]


def test_what_tickets_say_gets_into_no_header(tmp_path: Path) -> None:
    with post_office() as post:
        settings = desk(tmp_path, mail_to(post.port))
        told = dict.fromkeys(("days", "zone", "state", "share", "actions"), EVIL)
        (settings.reports / WEEK / "summary.json").write_text(json.dumps(SUMMARY | told))
        said(settings)
    (mail,) = post.mails
    names = {"Subject", "From", "To", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert set(mail.keys()) <= names | {"X-Peer", "X-MailFrom", "X-RcptTo"}
    assert "\n" not in str(mail["Subject"])


@needs_chromium
@pytest.mark.browser
@pytest.mark.slow
def test_a_mail_with_pictures_and_pdfs(tmp_path: Path) -> None:
    with post_office() as post:
        settings = desk(tmp_path, mail_to(post.port, pictures=True, pdf=True))
        assert said(settings) == ["deliver: team: sent to 2"]
    (mail,) = post.mails
    kinds = [(part.get_content_type(), part.get_filename()) for part in mail.walk() if not part.is_multipart()]
    assert kinds == [
        ("text/plain", None),
        ("text/html", None),
        ("image/png", "repeats.png"),
        ("application/pdf", "review.pdf"),
        ("application/pdf", "scorecard.pdf"),
    ]
    parts = {part.get_filename(): part for part in mail.walk() if part.get_filename()}
    assert str(parts["repeats.png"]["Content-ID"]) == "<repeats>"
    assert parts["repeats.png"].get_content().startswith(b"\x89PNG")
    assert parts["review.pdf"].get_content().startswith(b"%PDF-")


def test_without_chromium_a_mail_goes_without_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with post_office() as post:
        settings = desk(tmp_path, mail_to(post.port, pictures=True, pdf=True))
        lines = said(settings)
    assert [line.partition(": no Chromium")[0] for line in lines] == [
        "deliver: without PDF",
        "deliver: without pictures",
        "deliver: team: sent to 2",
    ]
    assert [part.get_content_type() for part in post.mails[0].walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


REFUSED = {
    "refused at the end": ({"answer": "554 no"}, "not sent, 127.0.0.1 said 554 (SMTPDataError)"),
    "refused for now": ({"answer": "451 later"}, "not sent, 127.0.0.1 said 451 (SMTPDataError)"),
    "no such recipient": ({"rcpt": f"550 no such user {SECRET}"}, "not sent, 127.0.0.1 refused every recipient (550)"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_what_was_surely_not_sent_is_sent_the_next_time(how: str, tmp_path: Path) -> None:
    faults, words = REFUSED[how]
    with post_office() as post:
        settings = desk(tmp_path, mail_to(post.port))
        for name, value in faults.items():
            setattr(post, name, value)
        (line,) = said(settings)
        assert line.startswith(f"team: {words}")
        assert SECRET not in line
        for name in faults:
            setattr(post, name, "250 OK")
        assert said(settings) == ["deliver: team: sent to 2"]
    assert len(post.raw) == 1
    assert [line.rpartition(" ")[2] for line in outbox(settings)] == ["intended", "failed", "intended", "sent"]


# the password | whether the certificate is trusted | what is said
LOGINS = [
    (SECRET, True, "deliver: team: sent to 2"),
    ("OTHERWORD", True, "team: not sent, 127.0.0.1:{} said 535 (SMTPAuthenticationError)"),
    (SECRET, False, "team: not sent, 127.0.0.1:{} could not be reached (SSLCertVerificationError)"),
]


@pytest.mark.parametrize(("password", "is_trusted", "told"), LOGINS, ids=["right", "wrong password", "not trusted"])
def test_a_server_with_starttls_and_a_login(
    password: str, is_trusted: bool, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cert = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(cert if is_trusted else tmp_path / "none.pem"))
    with post_office(cert) as post:
        login = {"security": "starttls", "user": "desk", "password": password}
        (line,) = said(desk(tmp_path / "home", mail_to(post.port, **login)))
        assert line.startswith(told.format(post.port))
        assert password not in line
        assert len(post.raw) == ("sent" in told and "not sent" not in told)


def test_no_server_is_told_of(tmp_path: Path) -> None:
    (line,) = said(desk(tmp_path, mail_to(9)))
    assert line.startswith("team: not sent, 127.0.0.1:9 could not be reached (ConnectionRefusedError)")


def test_broken_off_at_the_end_it_is_doubtful_and_only_a_person_sends_it_anew(tmp_path: Path) -> None:
    with post_office() as post:
        settings = desk(tmp_path, mail_to(post.port))
        post.breaks = True
        (line,) = said(settings)
        assert line.startswith(f"team: nobody knows whether {WEEK} was sent (127.0.0.1 broke off while it was sent)")
        assert line.endswith(f"run `escalations deliver --week {WEEK} --to team --again`")
        post.breaks = False
        (line,) = said(settings)
        assert line.startswith(f"team: nobody knows whether {WEEK} was sent")
        assert len(post.raw) == 1
        assert preview(settings) == ["team: nothing, nobody knows whether it was sent; --again sends it anew"]
        assert said(settings, again=True) == ["deliver: team: sent to 2"]
    assert len(post.raw) == 2
    assert [line.rpartition(" ")[2] for line in outbox(settings)] == ["intended", "doubtful", "intended", "sent"]


KILLED = """
import os, signal, sys
from pipelines.deliver import deliver, mail, sending
from pipelines.settings import Settings

real = mail.smtplib.SMTP.send_message
def kill(server, message, *rest):
    if sys.argv[2] == "after":
        real(server, message, *rest)
    os.kill(os.getpid(), signal.SIGKILL)
mail.smtplib.SMTP.send_message = kill
deliver(Settings.model_validate_json(sys.argv[1]), print, "killed")
"""


@pytest.mark.parametrize(("when", "n"), [("before", 0), ("after", 1)])
def test_killed_between_intent_and_done_it_is_announced_and_not_sent_again(when: str, n: int, tmp_path: Path) -> None:
    with post_office() as post:
        settings = desk(tmp_path, mail_to(post.port), share(tmp_path / "to"))
        told = settings.model_dump_json()
        child = subprocess.run([sys.executable, "-c", KILLED, told, when], cwd=Path(__file__).parent.parent)
        assert child.returncode == -signal.SIGKILL
        for _ in range(2):
            lines = said(settings)
            assert [line for line in lines if line.startswith(f"team: nobody knows whether {WEEK} was sent")]
        assert len(post.raw) == n
    assert (tmp_path / "to" / WEEK).exists()
    assert [line.rpartition(" ")[2] for line in outbox(settings) if " team " in line] == ["intended", "doubtful"]


# -- chat --------------------------------------------------------------------------------------------------


def test_a_chat_through_apprise(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with listening() as hook:
        settings = desk(tmp_path, {"name": "ops", "kind": "chat", "url": f"{hook.url}/{SECRET}"})
        assert said(settings) == ["deliver: ops: sent"]
        assert said(settings)[0].startswith(f"deliver: ops: {WEEK} was sent on 2")
        (told,) = hook.messages
        assert told["title"] == "Escalations 2026-W10: 76 % without Tier 3"
        assert told["message"].splitlines()[-1] == "Review: https://pages.example.com/e/2026-W10/index.html"
        assert told["message"].count("://") == 1
        assert "@" not in told["message"]
        hook.status = 500
        other = settings.model_copy(update={"targets": (settings.targets[0].model_copy(update={"name": "other"}),)})
        for _ in range(2):
            (line,) = said(other)
            assert line.startswith(f"other: nobody knows whether {WEEK} was sent")
        assert len(hook.messages) == 2
        assert SECRET not in line + repr(settings) + "".join(capfd.readouterr())


def test_an_address_that_apprise_does_not_know(tmp_path: Path) -> None:
    settings = desk(tmp_path, {"name": "ops", "kind": "chat", "url": f"nonsense://{SECRET}"})
    (line,) = said(settings)
    assert line.startswith("ops: not sent, its url is no address that apprise knows; correct it in the settings")
    assert SECRET not in line


# -- all of them -------------------------------------------------------------------------------------------


def test_a_target_that_fails_does_not_hold_up_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = {"name": "gone", "kind": "folder", "path": tmp_path / "gone"}
    settings = desk(tmp_path / "home", gone, mail_to(9), share(tmp_path / "to"))
    told = "".join(
        f'[[targets]]\nname = "{one.name}"\nkind = "folder"\npath = "{one.path}"\n'
        for one in settings.targets
        if one.kind == "folder"
    )
    (tmp_path / "home" / "settings.toml").write_text(told)
    monkeypatch.setattr(sys, "argv", ["escalations", "deliver", "--home", str(tmp_path / "home")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 15
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [f"deliver: share: 9 files of {WEEK} are new there"]
    (line,) = shown.err.splitlines()
    assert line.startswith(f"escalations: gone: {tmp_path / 'gone'} is no folder")
    assert len(said(settings)) == 3
    assert (tmp_path / "to" / WEEK / "index.html").exists()


def test_dry_it_only_tells(tmp_path: Path) -> None:
    settings = desk(
        tmp_path / "home",
        share(tmp_path / "to"),
        mail_to(9),
        {"name": "ops", "kind": "chat", "url": "json://127.0.0.1:9"},
    )
    assert preview(settings) == [
        f"share: 4 files of {WEEK} would stand in {tmp_path / 'to'}",
        "team: “Escalations 2026-W10: 76 % without Tier 3” would be sent to 2 recipients",
        "ops: “Escalations 2026-W10: 76 % without Tier 3” would be sent to its chat",
    ]
    assert preview(settings, only="ops")[0].startswith("ops: ")
    assert tree(tmp_path / "to") == {}
    assert outbox(settings) == []


def test_an_earlier_week_and_one_target(tmp_path: Path) -> None:
    with post_office() as post:
        settings = desk(tmp_path / "home", share(tmp_path / "to"), mail_to(post.port))
        assert said(settings, week=date(2026, 2, 23), only="team") == ["deliver: team: sent to 2"]
        assert said(settings, only="team") == ["deliver: team: sent to 2"]
    assert [str(mail["Subject"])[:20] for mail in post.mails] == ["Escalations 2026-W09", "Escalations 2026-W10"]
    assert tree(tmp_path / "to") == {}


def test_what_cannot_be_delivered(tmp_path: Path) -> None:
    settings = desk(tmp_path / "home", share(tmp_path / "to"))
    refused: list[tuple[type[EscalationsError], str, dict[str, Any]]] = [
        (InputError, "week 2026-W08 was never published; run", {"week": date(2026, 2, 16)}),
        (SettingsError, "no target is called 'x'; there are share;", {"only": "x"}),
    ]
    for kind, words, more in refused:
        with pytest.raises(kind, match=words):
            deliver(settings, lambda _: None, "run", **more)
    (settings.reports / WEEK / "summary.json").unlink()
    with pytest.raises(InputError, match="no pages of that week"):
        deliver(settings, lambda _: None, "run")
    assert tree(tmp_path / "to") == {}
    with pytest.raises(SettingsError, match="there are no targets"):
        deliver(desk(tmp_path / "other"), lambda _: None, "run")


@pytest.mark.parametrize(("how", "n"), [(Publishing.NO, 0), (Publishing.PUBLISH, 9), (Publishing.RESTATE, 9)])
def test_only_a_run_that_publishes_delivers(how: Publishing, n: int, tmp_path: Path) -> None:
    settings = desk(tmp_path / "home", share(tmp_path / "to"))
    result = Result("run", week=date(2026, 3, 2), page=settings.reports / WEEK / "index.html")
    deliver_published(settings, lambda _: None, "run", result, how)
    assert len(tree(tmp_path / "to")) == n


# -- settings ----------------------------------------------------------------------------------------------

WRONG = {
    "no kind": ({"name": "a"}, "kind"),
    "unknown kind": ({"name": "a", "kind": "fax"}, "fax"),
    "unknown key": ({"name": "a", "kind": "folder", "path": "x", "pth": "y"}, "pth"),
    "a name with a blank": ({"name": "A b", "kind": "folder", "path": "x"}, "name"),
    "a header in an address": (mail_to(1, sender="a@example.com\nBcc: x@evil.example"), "sender"),
    "two addresses in one": (mail_to(1, to=["a@example.com, b@example.com"]), "to"),
    "nobody": (mail_to(1, to=[]), "to"),
    "a password in the clear": (mail_to(1, host="mail.example.com", user="u", password=SECRET), "in the clear"),
    "half a login": (mail_to(1, password=SECRET), "user and password belong together"),
    "half a key": ({"name": "a", "kind": "store", "url": "s3://b", "secret": SECRET}, "key and secret belong together"),
    "a key in an address": ({"name": "a", "kind": "store", "url": f"s3://k:{SECRET}@b"}, "url"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_target_is_refused_without_its_secret(name: str, tmp_path: Path) -> None:
    target, words = WRONG[name]
    with pytest.raises(SettingsError) as caught:
        read_settings(home=tmp_path, targets=[target])
    assert words in str(caught.value)
    assert SECRET not in str(caught.value)


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    one = {"name": "a", "kind": "folder", "path": "x"}
    with pytest.raises(SettingsError, match="two have the same name"):
        read_settings(home=tmp_path, targets=[one, one])


def test_targets_from_settings_toml_and_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "settings.toml").write_text('[[targets]]\nname = "a"\nkind = "folder"\npath = "x"\n')
    assert [one.name for one in read_settings(home=tmp_path).targets] == ["a"]
    monkeypatch.setenv("ESCALATIONS_TARGETS", '[{"name": "b", "kind": "chat", "url": "json://SECRETWORD"}]')
    settings = read_settings(home=tmp_path)
    assert [one.name for one in settings.targets] == ["b"]
    assert SECRET not in repr(settings)
