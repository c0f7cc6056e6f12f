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
from typing import Any, NoReturn

import requests
import tenacity
from jira import JIRA

from analysis.errors import SourceError, WaitError
from pipelines.jira.account import Account, address_host, check_certificates, for_header, host_in
from pipelines.jira.limits import LONGEST, Limiter, seconds_to_wait
from pipelines.jira.retries import (
    ATTEMPTS,
    LIMITED_ATTEMPTS,
    AgainError,
    RefusedError,
    Tries,
    UnansweredError,
    UnsureError,
)

Json = Any
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
TIMEOUT = (5.0, 60.0)  # seconds to connect, and between two bytes
TRANSIENT = frozenset((408, 500, 502, 503, 504))


@dataclass
class Connection:
    """Calls routes of one Jira. `say` is told about waits of more than a few seconds."""

    account: Account
    limiter: Limiter
    say: Callable[[str], None]
    longest: float = LONGEST  # seconds that are waited where Jira asks for a wait

    def __post_init__(self) -> None:
        """Make the session; nothing is sent yet."""
        account = self.account
        self._host = address_host(account.url)
        if account.gateway:
            address_host(account.gateway, "jira_gateway", "https://api.atlassian.com/ex/jira/CLOUD-ID")
        self._base = (account.gateway or account.url).rstrip("/")
        token, email = for_header("jira_token", account.token), for_header("jira_email", account.email or "")
        options: dict[str, Any] = {"verify": account.ca or True, "check_update": False}
        auth: dict[str, Any] = {"basic_auth": (email, token)} if email else {"token_auth": token}
        check_certificates(account.ca)
        self._proxies = {"http": account.proxy, "https": account.proxy} if account.proxy else None
        client = JIRA(
            server=self._base,
            options=options,
            get_server_info=False,
            max_retries=0,
            timeout=TIMEOUT,
            proxies=self._proxies,
            logging=False,
            **auth,
        )
        self._session: requests.Session = client._session
        self._session.headers.update({"Accept-Language": "en", "X-Force-Accept-Language": "true"})
        self._now = NEVER
        self.has_spoken = False
        self._refusal = ""  # why the account may not ask any more
        self._lock = threading.Lock()
        self.n_requests = 0

    @property
    def server_now(self) -> datetime:
        """The server's clock at its latest answer, naive UTC. Raises `SourceError` where it never told."""
        if self._now is NEVER:
            raise SourceError(f"{self._host} does not tell its time; is a proxy taking its Date header away?")
        return self._now.astimezone(UTC).replace(tzinfo=None)

    def close(self) -> None:
        """Let go of open connections; the next question opens new ones."""
        self._session.close()

    def get(self, path: str, *, attempts: int = ATTEMPTS, **query: Any) -> Json:
        """Read a route. Raises `RefusedError`, `UnansweredError` after so many attempts, or `SourceError`."""
        return self._read("GET", path, attempts, params=query)

    def post(self, path: str, body: Mapping[str, Any]) -> Json:
        """Read a route that wants its question in a body. Raises `RefusedError`, `UnansweredError` or `SourceError`."""
        return self._read("POST", path, ATTEMPTS, json=body)

    def send(self, method: str, path: str, body: Mapping[str, Any]) -> Json:
        """Write, once: sent again only where Jira says that it did nothing, for it limits the rate.

        Raises `RefusedError`, `UnsureError` where nobody can tell whether it was done, or `SourceError`.
        """
        route = f"{method} {_route(path)}"
        for _ in range(LIMITED_ATTEMPTS):
            try:
                return self._once(method, path, route, {"json": body})
            except AgainError as error:
                if not error.undone:
                    raise UnsureError(f"{self._where(path)}: {error.what}") from error
        raise UnansweredError(f"{self._where(path)}: kept limiting the rate; try again later")

    def _read(self, method: str, path: str, attempts: int, **how: Any) -> Json:
        route = f"{method} {_route(path)}"
        tries = Tries(attempts)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(AgainError),
            stop=lambda state: tries.stop(state, self.has_spoken),
            wait=tries.wait,
            sleep=self.limiter.sleep,
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, route, how)
        except AgainError as error:
            what = f"{self._where(path)}: {error.what}, {tries.n} times; try again later"
            raise UnansweredError(what) from error

    def _once(self, method: str, path: str, route: str, how: Mapping[str, Any]) -> Json:
        self.limiter.wait(route)
        if self._refusal:  # another worker was told so; going on might lock the account
            raise SourceError(self._refusal)
        with self._lock:
            self.n_requests += 1
        try:
            # the package's own request() would retry and raise in its own way
            answer = requests.Session.request(
                self._session,
                method,
                f"{self._base}{path}",
                timeout=TIMEOUT,
                allow_redirects=False,
                # said anew, for the environment would win over the session's
                verify=self.account.ca,
                proxies=self._proxies,
                **how,
            )
            content = answer.content
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                raise AgainError("broke the encrypted connection", at_first=True) from error
            raise SourceError(
                f"{self._where(path)}: its certificate is not trusted; set jira_ca to your CA file"
            ) from error
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise SourceError(f"{self._where(path)}: not an address; check jira_url") from error
        except requests.exceptions.ProxyError as error:
            raise AgainError("the proxy did not answer (check jira_proxy)", at_first=True) from error
        except requests.exceptions.ConnectionError as error:
            raise AgainError("cannot be reached, or dropped the connection (check jira_url)", at_first=True) from error
        except requests.exceptions.RequestException as error:
            raise AgainError("did not answer in time, or its answer was cut short") from error
        except OSError as error:  # so the package tells of a CA file that is not there
            raise SourceError(
                f"{self._where(path)}: a CA file is not there; check jira_ca and REQUESTS_CA_BUNDLE"
            ) from error
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
            self._refuse(path, "Jira wants a captcha from this account; log in once by hand, then try again")
        if status == 401 or "FAILED" in reason:
            self._refuse(path, _REFUSED if self.account.gateway or not self.account.email else f"{_REFUSED}{_SCOPES}")
        if status == 429 or (status == 503 and headers.get("Retry-After")):
            self._obey(headers, route, undone=status == 429)
        if status in TRANSIENT:
            raise AgainError(f"answered with error {status}")
        self.limiter.learn(route, headers)
        if 300 <= status < 400:
            where = host_in(headers.get("Location", "")) or "another page"
            raise SourceError(
                f"{self._where(path)}: leads to {where}, a login page perhaps; give jira_url as Jira's own address"
            )
        if status >= 400:
            raise RefusedError(f"{self._where(path)}: {_WHY.get(status, f'refused with {status}')}", status)

    def _refuse(self, path: str, why: str) -> NoReturn:
        self._refusal = f"{self._where(path)}: {why}"
        raise SourceError(self._refusal)

    def _obey(self, headers: Mapping[str, str], route: str, *, undone: bool) -> None:
        # our own clock is better than none; it is used for nothing but this wait
        server_now = datetime.now(UTC) if self._now is NEVER else self._now
        seconds = seconds_to_wait(headers, server_now) * random.uniform(1.0, 1.05)  # noqa: S311 - spreads, hides nothing
        reason = headers.get("RateLimit-Reason") or "no reason given"
        if seconds > self.longest:
            told = f"Jira asks to wait {max(1.0, seconds / 60):.0f} minutes ({reason}); run again after that"
            raise WaitError(told, seconds)
        self.limiter.close(route, seconds, reason)
        if seconds > 5:
            self.say(f"waiting {seconds:.0f} s: Jira limits {route} ({reason})")
        raise AgainError("kept limiting the rate", counts=False, undone=undone)

    def _json(self, answer: requests.Response, content: bytes) -> Json:
        if answer.status_code == 204:  # done, and nothing to tell
            self.has_spoken = True
            return None
        expected = answer.headers.get("Content-Length")
        if (
            expected
            and expected.isdigit()
            and not answer.headers.get("Content-Encoding")
            and int(expected) != len(content)
        ):
            raise AgainError("its answer was cut short")
        if "json" not in answer.headers.get("Content-Type", "json"):
            what = "answers with a page instead of data (a login page, maintenance, or jira_url is another site's)"
            raise AgainError(what, at_first=True)
        try:
            data = answer.json()
        except ValueError as error:
            raise AgainError("its answer was not whole") from error
        self.has_spoken = True
        return data

    def _where(self, path: str) -> str:
        return f"Jira at {self._host}, {_route(path)}"


_REFUSED = "the account is refused; check jira_email and jira_token, the token may have expired"
_SCOPES = ", or it is one with scopes, which needs jira_gateway"
_WHY = {
    400: "does not understand the question; does the project exist, and may the account see it?",
    403: "the account may not do this; check its permissions",
    404: "there is no such thing, or the account may not see it; check jira_url and permissions",
    410: "Jira has removed this route; upgrade this program",
}


def _route(path: str) -> str:
    """The path behind the API's version, with ids as `{id}`: Jira counts limits by route, versions together."""
    parts = path.removeprefix("/rest/api/").split("/")[1:]
    return "/".join("{id}" if part.isdigit() else part for part in parts)
