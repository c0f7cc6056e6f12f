"""Where a Jira is and as whom it is read, checked before anything is sent. No message shows what was given."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from analysis.errors import SourceError


@dataclass(frozen=True)
class Account:
    """How to reach a Jira and as whom; `email` is None for a personal access token (Data Center).

    `gateway` is where questions are sent instead of to the site itself: Cloud takes tokens with scopes only there.
    """

    url: str
    token: str
    email: str | None = None
    ca: str | None = None
    proxy: str | None = None
    gateway: str | None = None

    def __repr__(self) -> str:
        """Never show the token."""
        return f"Account({self.url})"


def host_in(url: str) -> str:
    """The host of an address, without a password that may stand in it; empty where it is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def address_host(url: str, name: str = "jira_url", such: str = "https://your-site.atlassian.net") -> str:
    """The host of an address that was set. Raises `SourceError` where it is none, or holds a secret."""
    host = host_in(url)
    if not host or not url.startswith(("https://", "http://")):
        raise SourceError(f"{name} is not an address; write it as {such}")
    if "@" in url:
        raise SourceError(f"{name} holds a name or password; give them as jira_email and jira_token")
    return host


def for_header(name: str, value: str) -> str:
    """What may stand in a header, without the line end that files have. Raises `SourceError` where it may not."""
    value = value.strip()
    if not (value.isascii() and (value.isprintable() or not value)):
        raise SourceError(f"{name} holds a character that cannot be sent; copy it again")
    return value


def check_certificates(ca: str | None) -> None:
    """Raise `SourceError` where jira_ca holds no certificate, which would look like a broken connection."""
    if ca is None:
        return
    try:
        if Path(ca).is_dir():
            ssl.create_default_context(capath=ca)
        else:
            ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise SourceError("jira_ca cannot be read; give a file with certificates (PEM)") from error
