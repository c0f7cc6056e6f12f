"""How fast each route may be called, and how long to wait when Jira says so.

A token bucket for each method and route starts gently and follows what Jira's headers allow. A refusal (429) is obeyed
in full: nobody sends on that route, or on any route where the whole quota is spent, before the time has come.
"""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

START_RATE = 10.0  # requests a second on a route before Jira has said what it allows
UNTOLD_RATE = 50.0  # at most, where Jira never says what it allows and never refuses
CAUTION = 0.8  # of what it allows
SLOWEST = 0.5
FLOOR = 1.0  # seconds to wait after a refusal that names no time
LONGEST = 3600.0  # a longer wait than an hour is not sat out but told
POLICY = re.compile(r"q=(\d+)\s*;\s*w=(\d+)")
WHOLE_APP = ("jira-quota-global-based", "jira-quota-tenant-based", "jira-quota-based", "jira-cost-based")


@dataclass
class Bucket:
    """Tokens of one route: `rate` a second, at most a second's worth at once."""

    rate: float = START_RATE
    tokens: float = START_RATE
    at: float = 0.0
    closed_until: float = 0.0

    def delay(self, now: float) -> float:
        """Take a token and give the seconds to wait before using it."""
        self.tokens = min(self.rate, self.tokens + (now - self.at) * self.rate) - 1
        self.at = now
        return max(self.closed_until - now, -self.tokens / self.rate, 0.0)


@dataclass
class Limiter:
    """All routes together. `now` is a monotonic clock in seconds, `sleep` waits."""

    now: Callable[[], float]
    sleep: Callable[[float], None]
    buckets: dict[str, Bucket] = field(default_factory=dict)
    closed_until: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, route: str) -> None:
        """Wait until the route may be called; looks again afterwards, for it may have been closed meanwhile."""
        with self.lock:
            bucket = self.buckets.setdefault(route, Bucket(at=self.now()))
            delay = max(bucket.delay(self.now()), self.closed_until - self.now())
        while delay > 0:
            self.sleep(delay)
            with self.lock:
                delay = max(bucket.closed_until, self.closed_until) - self.now()

    def learn(self, route: str, headers: Mapping[str, str]) -> None:
        """Follow what an answer says of the route's limit; where it says nothing, go a little faster."""
        allowed = _allowed_rate(headers)
        with self.lock:
            bucket = self.buckets[route]
            if allowed:
                bucket.rate = max(SLOWEST, CAUTION * allowed)
            elif not _tells_limits(headers):
                bucket.rate = max(bucket.rate, min(UNTOLD_RATE, bucket.rate + 1))

    def close(self, route: str, seconds: float, reason: str) -> None:
        """Let nobody call the route (or anything, where the whole quota is spent) for so long, then go slower."""
        with self.lock:
            until = self.now() + seconds
            if reason in WHOLE_APP:
                self.closed_until = max(self.closed_until, until)
            bucket = self.buckets[route]
            bucket.closed_until = max(bucket.closed_until, until)
            bucket.rate = max(SLOWEST, bucket.rate / 2)
            bucket.tokens = min(bucket.tokens, 0.0)


def _tells_limits(headers: Mapping[str, str]) -> bool:
    return any(name.lower().startswith(("ratelimit", "x-ratelimit")) for name in headers)


def _allowed_rate(headers: Mapping[str, str]) -> float | None:
    """Requests a second: Cloud's burst policy (`"jira-burst-based";q=100;w=1`), Data Center's fill rate."""
    policy = headers.get("ratelimit-policy") or ""
    found = POLICY.search(policy) if "burst" in policy else None
    if found and int(found[2]):
        return int(found[1]) / int(found[2])
    interval, fill = headers.get("X-RateLimit-Interval-Seconds"), headers.get("X-RateLimit-FillRate")
    try:
        return float(fill) / float(interval) if fill and interval and float(interval) > 0 else None
    except ValueError:
        return None


def seconds_to_wait(headers: Mapping[str, str], server_now: datetime) -> float:
    """Seconds that a refusal asks for, from Retry-After in any form or X-RateLimit-Reset; at least one.

    `server_now` (aware) is the server's own clock, so that a wrong clock here does not shorten the wait.
    """
    for name in ("Retry-After", "X-RateLimit-Reset"):
        seconds = _seconds(headers.get(name), server_now)
        if seconds is not None and seconds > 0:
            return max(FLOOR, seconds)
    return FLOOR


def _seconds(value: str | None, server_now: datetime) -> float | None:
    if not value:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = parse(value.strip())
        except (ValueError, TypeError):
            continue
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        # a time given to the minute is reached at the end of that minute at the latest
        late = 60.0 if parse is datetime.fromisoformat and moment.second == 0 else 0.0
        return (moment - server_now).total_seconds() + late
    return None
