"""Single issues that Jira fails to give, set aside so that they do not hold up the others; asked for again."""

import threading
from dataclasses import dataclass, field

from analysis.errors import SourceError
from pipelines.jira.retries import RefusedError, UnansweredError

SET_ASIDE = "set_aside"  # the cursor that remembers them
MOST = 5  # of one reading: where more fail, it is not the issues, and the reading fails
NOT_ITS_OWN = (400, 410)  # a question that Jira doesn't understand, a route that is gone
ATTEMPTS = 3  # for one issue alone: what the bulk route already failed to give


@dataclass
class Aside:
    """Issue id → why it could not be read."""

    why: dict[int, str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, issue_id: int, error: SourceError) -> None:
        """Set an issue aside. Raises the error itself where it is not the issue's alone, or too many failed."""
        is_its_own = isinstance(error, UnansweredError) or (
            isinstance(error, RefusedError) and error.status not in NOT_ITS_OWN
        )
        with self.lock:
            if not is_its_own or len(self.why) >= MOST:
                raise error
            self.why[issue_id] = str(error)


def ids_in(position: str | None) -> frozenset[int]:
    """The issues that a stored cursor says were set aside."""
    return frozenset(int(one) for one in (position or "").split())
