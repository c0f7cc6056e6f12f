"""What `state.outbox` tells of messages to Jira: begun, done, refused, or nobody knows."""

from dataclasses import dataclass
from datetime import datetime

from analysis.markers import Marker
from analysis.warehouse import Warehouse
from pipelines.outbox import last_step, put_down

CHANNEL = "jira"


@dataclass(frozen=True)
class Written:
    """The comment's id, and which of `comment` and `label` were written now; none where all was there before."""

    comment_id: int | None
    made: tuple[str, ...] = ()


def message_key(marker: Marker) -> str:
    """What makes it the same message: `pushback 10012/1`."""
    return f"{marker.kind} {marker.issue_id}/{marker.escalation_no}"


def note(warehouse: Warehouse, marker: Marker, status: str, text: str, run_id: str, now: datetime) -> None:
    """Put down a step of a message on its way: intended, sent, failed or doubtful; `now` is naive UTC."""
    put_down(warehouse, CHANNEL, message_key(marker), status, text, run_id, now)


def written_before(warehouse: Warehouse, marker: Marker) -> Written | None:
    """What was written, where the message is done."""
    done = last_step(warehouse, CHANNEL, message_key(marker), "sent")
    if done is None:
        return None
    number = done.note.rpartition(" ")[2]
    return Written(int(number) if number.isdigit() else None)
