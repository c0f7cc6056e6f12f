"""One account on one Jira: authentication, time-outs, retries, limits; raw JSON in and out.

The `jira` package gives session and authentication; its own retries are off, for they resend writes, give up on long
waits and crash on some forms of Retry-After. Reads are retried here; what a person must put right is a `SourceError`.
No message holds a secret or what Jira answered in words.
"""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import tenacity
from jira import JIRA

from analysis.errors import SourceError
from pipelines.jira.limits import LONGEST, Limiter, seconds_to_wait

Json = Any
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
TIMEOUT = (5.0, 60.0)  # seconds to connect, and between two bytes
ATTEMPTS = 8
FIRST_ATTEMPTS = 3  # until Jira has spoken once: a wrong address does not get better
LIMITED_ATTEMPTS = 50
TRANSIENT = frozenset((408, 500, 502, 503, 504))
SLOWEST_RETRY = 60.0


class _AgainError(Exception):
    """A read that may be tried again; `what` is said if it stays so."""

    def __init__(self, what: str, *, counts: bool = True, at_first: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.counts = counts
        self.at_first = at_first  # looks like a wrong address as long as Jira has not spoken


class RefusedError(SourceError):
    """Jira refused this request for good (400, 404, 410 …); `status` tells how."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Account:
    """How to reach a Jira and as whom; `email` is None for a personal access token (Data Center)."""

    url: str
    token: str
    email: str | None = None
    ca: str | None = None
    proxy: str | None = None

    def __repr__(self) -> str:
        """Never show the token."""
        return f"Account({self.url})"


@dataclass
class Connection:
    """Calls routes of one Jira. `say` is told about waits of more than a few seconds."""

    account: Account
    limiter: Limiter
    say: Callable[[str], None]

    def __post_init__(self) -> None:
        """Make the session; nothing is sent yet."""
        account = self.account
        self._host = _host(account.url)
        token, email = _for_header("jira_token", account.token), _for_header("jira_email", account.email or "")
        options: dict[str, Any] = {"verify": account.ca or True, "check_update": False}
        auth: dict[str, Any] = {"basic_auth": (email, token)} if email else {"token_auth": token}
        proxies = {"http": account.proxy, "https": account.proxy} if account.proxy else None
        client = JIRA(
            server=account.url.rstrip("/"),
            options=options,
            get_server_info=False,
            max_retries=0,
            timeout=TIMEOUT,
            proxies=proxies,
            logging=False,
            **auth,
        )
        self._session: requests.Session = client._session
        self._session.headers.update({"Accept-Language": "en", "X-Force-Accept-Language": "true"})
        self._base = account.url.rstrip("/")
        self._now = NEVER
        self._has_spoken = False
        self._lock = threading.Lock()
        self.n_requests = 0

    @property
    def server_now(self) -> datetime:
        """The server's clock at its latest answer, naive UTC. Raises `SourceError` where it never told."""
        if self._now is NEVER:
            raise SourceError(f"{self._host} does not tell its time; is a proxy taking its Date header away?")
        return self._now.astimezone(UTC).replace(tzinfo=None)

    def get(self, path: str, **query: Any) -> Json:
        """Read a route. Raises `RefusedError` or `SourceError`."""
        return self._read("GET", path, params=query)

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """Read a route that wants its question in a body. Raises `RefusedError` or `SourceError`."""
        return self._read("POST", path, json=body)

    def _read(self, method: str, path: str, **how: Any) -> Json:
        route = f"{method} {_route(path)}"
        tries = _Tries(self)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AgainError),
            stop=tries.stop,
            wait=tries.wait,
            sleep=self.limiter.sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, route, how)
        except _AgainError as error:
            raise SourceError(f"{self._where(path)}: {error.what}, {tries.n} times; try again later") from error

    def _once(self, method: str, path: str, route: str, how: Mapping[str, Any]) -> Json:
        self.limiter.wait(route)
        with self._lock:
            self.n_requests += 1
        try:
            # the package's own request() would retry and raise in its own way
            answer = requests.Session.request(
                self._session, method, f"{self._base}{path}", timeout=TIMEOUT, allow_redirects=False, **how
            )
            content = answer.content
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise _AgainError("broke the encrypted connection", at_first=True) from error
            raise SourceError(
                f"{self._where(path)}: its certificate is not trusted; set jira_ca to your CA file"
            ) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise SourceError(f"{self._where(path)}: not an address; check jira_url") from error
        except requests.exceptions.ProxyError as error:
            raise _AgainError("the proxy did not answer (check jira_proxy)", at_first=True) from error
        except requests.exceptions.ConnectionError as error:
            raise _AgainError("cannot be reached, or dropped the connection (check jira_url)", at_first=True) from error
        except requests.exceptions.RequestException as error:
            raise _AgainError("did not answer in time, or its answer was cut short") from error
        except OSError as error:  # so the package tells of a CA file that is not there or holds no certificate
            raise SourceError(f"{self._where(path)}: jira_ca cannot be read; give a file with certificates") from error
        self._note_clock(answer)
        self._check(answer, path, route)
        return self._json(answer, content)

    def _note_clock(self, answer: requests.Response) -> None:
        try:
            moment = parsedate_to_datetime(answer.headers.get("Date", ""))
        except (ValueError, TypeError):
            return
        self._now = moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _check(self, answer: requests.Response, path: str, route: str) -> None:
        """Sort answers into good, to be tried again, and refused for good."""
        status, headers = answer.status_code, answer.headers
        reason = headers.get("X-Seraph-LoginReason", "")
        if headers.get("X-Authentication-Denied-Reason") or "DENIED" in reason:
            raise SourceError(
                f"{self._where(path)}: Jira wants a captcha from this account; log in once by hand, then try again"
            )
        if status == 401 or "FAILED" in reason:
            raise SourceError(
                f"{self._where(path)}: the account is refused; check jira_email and jira_token, "
                "the token may have expired"
            )
        if status == 429 or (status == 503 and headers.get("Retry-After")):
            self._obey(headers, route)
        if status in TRANSIENT:
            raise _AgainError(f"answered with error {status}")
        self.limiter.learn(route, headers)
        if 300 <= status < 400:
            where = _netloc(headers.get("Location", "")) or "another page"
            raise SourceError(
                f"{self._where(path)}: leads to {where}, a login page perhaps; give jira_url as Jira's own address"
            )
        if status >= 400:
            raise RefusedError(f"{self._where(path)}: {_WHY.get(status, f'refused with {status}')}", status)

    def _obey(self, headers: Mapping[str, str], route: str) -> None:
        server_now = datetime.now(UTC) if self._now is NEVER else self._now
        seconds = seconds_to_wait(headers, server_now) * random.uniform(1.0, 1.05)  # noqa: S311 - spreads, hides nothing
        reason = headers.get("RateLimit-Reason") or "no reason given"
        if seconds > LONGEST:
            raise SourceError(f"Jira asks to wait {seconds / 60:.0f} minutes ({reason}); run again after that")
        self.limiter.close(route, seconds, reason)
        if seconds > 5:
            self.say(f"waiting {seconds:.0f} s: Jira limits {route} ({reason})")
        raise _AgainError("kept limiting the rate", counts=False)

    def _json(self, answer: requests.Response, content: bytes) -> Json:
        expected = answer.headers.get("Content-Length")
        if (
            expected
            and expected.isdigit()
            and not answer.headers.get("Content-Encoding")
            and int(expected) != len(content)
        ):
            raise _AgainError("its answer was cut short")
        if "json" not in answer.headers.get("Content-Type", "json"):
            what = "answers with a page instead of data (a login page, maintenance, or jira_url is another site's)"
            raise _AgainError(what, at_first=True)
        try:
            data = answer.json()
        except ValueError as error:
            raise _AgainError("its answer was not whole") from error
        self._has_spoken = True
        return data

    def _where(self, path: str) -> str:
        return f"Jira at {self._host}, {_route(path)}"


_WHY = {
    400: "does not understand the question; does the project exist, and may the account see it?",
    403: "the account may not do this; check its permissions",
    404: "there is no such thing, or the account may not see it; check jira_url and permissions",
    410: "Jira has removed this route; upgrade this program",
}


def _route(path: str) -> str:
    """The path with ids as `{id}`: limits are counted by route."""
    parts = path.split("/")
    return "/".join("{id}" if part.rpartition("-")[2].isdigit() else part for part in parts)


def _netloc(url: str) -> str:
    """The host of an address, without a password that may stand in it; empty where it is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def _host(url: str) -> str:
    host = _netloc(url)
    if not host or not url.startswith(("https://", "http://")):
        raise SourceError("jira_url is not an address; write it as https://your-site.atlassian.net")
    if "@" in url:
        raise SourceError("jira_url holds a name or password; give them as jira_email and jira_token")
    return host


def _for_header(name: str, value: str) -> str:
    """What may stand in a header; a line end at the end, as files have it, is taken away."""
    value = value.strip()
    if not (value.isascii() and (value.isprintable() or not value)):
        raise SourceError(f"{name} holds a character that cannot be sent; copy it again")
    return value


@dataclass
class _Tries:
    """How often one read failed. Being limited is no failure: it does not use up attempts, though not for ever."""

    connection: Connection
    n: int = 0
    n_limited: int = 0

    def stop(self, state: tenacity.RetryCallState) -> bool:
        """Count the latest failure; whether it was the last that is borne."""
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, _AgainError):
            return True
        if not error.counts:
            self.n_limited += 1
            return self.n_limited >= LIMITED_ATTEMPTS
        self.n += 1
        is_first = error.at_first and not self.connection._has_spoken
        return self.n >= (FIRST_ATTEMPTS if is_first else ATTEMPTS)

    def wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds before the next attempt; after a refusal the limiter waits, for every caller of the route."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _AgainError) and not error.counts:
            return 0.0
        return min(SLOWEST_RETRY, 2.0**self.n) * random.uniform(0.5, 1.0)  # noqa: S311
