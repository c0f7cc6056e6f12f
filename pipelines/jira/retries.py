"""Which failures are tried again, how often, and after what time."""

import random
from dataclasses import dataclass

import tenacity

from analysis.errors import SourceError

ATTEMPTS = 8
FIRST_ATTEMPTS = 3  # until Jira has spoken once: a wrong address does not get better
LIMITED_ATTEMPTS = 50
SLOWEST_RETRY = 60.0


class AgainError(Exception):
    """A read that may be tried again; `what` is said if it stays so."""

    def __init__(self, what: str, *, counts: bool = True, at_first: bool = False, undone: bool = False) -> None:
        super().__init__(what)
        self.what = what
        self.counts = counts
        self.undone = undone  # Jira says that it did nothing; else a write may have been done
        self.at_first = at_first  # looks like a wrong address as long as Jira has not spoken


class RefusedError(SourceError):
    """Jira refused this request for good (400, 404, 410 …); `status` tells how."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class UnansweredError(SourceError):
    """A read failed as often as is borne; the next run may fare better."""

    may_pass = True


class UnsureError(SourceError):
    """Nobody can tell whether a write was done: the connection broke, or the answer was none."""


@dataclass
class Tries:
    """How often one read failed. Being limited is no failure: it does not use up attempts, though not for ever."""

    most: int = ATTEMPTS
    n: int = 0
    n_limited: int = 0

    def stop(self, state: tenacity.RetryCallState, has_spoken: bool) -> bool:
        """Count the latest failure; whether it was the last that is borne."""
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, AgainError):
            return True
        if not error.counts:
            self.n_limited += 1
            return self.n_limited >= LIMITED_ATTEMPTS
        self.n += 1
        is_first = error.at_first and not has_spoken
        return self.n >= (FIRST_ATTEMPTS if is_first else self.most)

    def wait(self, state: tenacity.RetryCallState) -> float:
        """Seconds before the next attempt; after a refusal the limiter waits, for every caller of the route."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, AgainError) and not error.counts:
            return 0.0
        return min(SLOWEST_RETRY, 2.0**self.n) * random.uniform(0.5, 1.0)  # noqa: S311
