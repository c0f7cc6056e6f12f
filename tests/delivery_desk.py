"""A desk with a published week and few, tiny pages, and stand-ins for the places to which it is brought."""

import json
import ssl
import subprocess
from asyncio import Transport
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from moto.server import ThreadedMotoServer
from served_desk import free_port

from analysis.warehouse import Warehouse
from pipelines.settings import Settings

NOW = datetime(2026, 3, 9, 6, 30)
WEEK = "2026-W10"
EVIL = (
    "<script>alert(1)</script> @here <!channel> [x](https://evil.example/a) www.evil.example\r\nBcc: joe@evil.example"
)
SUMMARY: dict[str, Any] = {
    "week": WEEK,
    "days": "2 Mar 2026 to 8 Mar 2026",
    "zone": "America/Denver",
    "state": "provisional until 23 Mar 2026",
    "share": "76\u00a0%",
    "headline": ["6 escalations.", "Resolved without Tier 3: 76\u00a0% (22 of 29 in 4 weeks)."],
    "decisions": [
        {"title": f"Write a runbook: {EVIL}", "text": f"5 escalations at {EVIL}.", "keys": ["SUP-1", EVIL]},
        {"title": "Chase Tekion", "text": "2 tickets later than normal.", "keys": []},
    ],
    "actions": "1 worked",
    "charts": [{"name": "repeats", "title": "3 of 6 came back", "subtitle": f"Escalations by week {EVIL}"}],
}
PAGE = """<!doctype html><html lang="en" data-charts="drawn"><title>t</title><body>
<figure class="picture"><h3 id="chart-repeats">t</h3><div class="chart" style="width:300px;height:90px;background:#1f4e8c"></div></figure>
"""


def write_week(reports: Path, week: str, text: str = "review") -> None:
    folder = reports / week
    (folder / "tickets").mkdir(parents=True, exist_ok=True)
    (folder / "index.html").write_text(f"{PAGE}{text}")
    (folder / "scorecard.html").write_text(PAGE)
    (folder / "tickets" / "SUP-1.html").write_text("a ticket")
    (folder / "summary.json").write_text(json.dumps(SUMMARY | {"week": week}))
    (reports / "index.html").write_text(f"all weeks, last {week} {text}")


def desk(home: Path, *targets: dict[str, Any], **more: Any) -> Settings:
    """Weeks 9 and 10 published, with pages."""
    settings = Settings.model_validate(
        {"home": home, "targets": targets, "pages_url": "https://pages.example.com/e", **more}
    )
    write_week(settings.reports, "2026-W09")
    write_week(settings.reports, WEEK)
    settings.warehouse_file.write_bytes(_warehouse())
    return settings


@cache
def _warehouse() -> bytes:
    """A warehouse that knows nothing but that two weeks were published."""
    with TemporaryDirectory() as folder:
        with Warehouse.open(Path(folder) / "w.duckdb") as warehouse:
            for week in (date(2026, 2, 23), date(2026, 3, 2)):
                event: dict[str, Any] = {"run_id": "r", "recorded_at": NOW, "effective_at": NOW, "week": week}
                event |= {"measure": "volume", "variant": "escalations", "statistic": "count", "group_key": "all"}
                warehouse.append_event("state.published", event | {"n_weeks_pooled": 1})
        return (Path(folder) / "w.duckdb").read_bytes()


def outbox(settings: Settings) -> list[str]:
    query = "select channel || ' ' || message_key || ' ' || status from state.outbox order by event_id"
    with Warehouse.open(settings.warehouse_file) as warehouse:
        return [line for (line,) in warehouse.rows(query)]


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def object_store() -> Iterator[str]:
    """An S3 on loopback; gives its address."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


class Post:
    """A mail server on loopback that keeps what it took; `answer` to the mail's end, `breaks` breaks off instead."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.answer = "250 OK"
        self.rcpt = "250 OK"
        self.breaks = False
        self.port = 0

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(one, policy=default) for one in self.raw]

    async def handle_RCPT(self, _s: SMTP, _session: Session, envelope: Envelope, address: str, _o: list[str]) -> str:  # noqa: N802
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.original_content, bytes)
        if self.answer.startswith("250"):
            self.raw.append(envelope.original_content)
        if self.breaks and isinstance(server.transport, Transport):
            server.transport.abort()
        return self.answer


def certificate(folder: Path) -> Path:
    """A certificate of 127.0.0.1 and its key, in one file, which is also what to trust."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    told = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=post"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", "req", "-x509", *told, *names, "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    cert.write_bytes(cert.read_bytes() + key.read_bytes())
    return cert


def knows(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
    """One account."""
    is_right = isinstance(data, LoginPassword) and data == LoginPassword(b"desk", b"SECRETWORD")
    return AuthResult(success=is_right, handled=False)


@contextmanager
def post_office(tls: Path | None = None) -> Iterator[Post]:
    """The server; with a certificate it wants STARTTLS and a login."""
    post = Post()
    post.port = free_port()
    more: dict[str, Any] = {}
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(tls)
        more = {"tls_context": context, "require_starttls": True, "auth_required": True, "authenticator": knows}
    controller = Controller(post, hostname="127.0.0.1", port=post.port, **more)
    controller.start()
    try:
        yield post
    finally:
        controller.stop()


def mail_to(port: int, **more: Any) -> dict[str, Any]:
    told = {"name": "team", "kind": "mail", "host": "127.0.0.1", "port": port, "security": "none", "pictures": False}
    return told | {"sender": "desk@example.com", "to": ["ann@example.com", "bob@example.com"], **more}
