"""What `state.outbox` tells of messages to Jira: begun, done, refused, or nobody knows."""

from dataclasses import dataclass
from datetime import datetime

from analysis.markers import Marker
from analysis.text import printable
from analysis.warehouse import Warehouse

CHANNEL = "jira"
MOST_NOTED = 300  # characters


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
    event = {"run_id": run_id, "recorded_at": now, "effective_at": now, "channel": CHANNEL, "status": status}
    told = {"message_key": message_key(marker), "note": printable(text)[:MOST_NOTED] or None}
    warehouse.append_event("state.outbox", event | told)


def written_before(warehouse: Warehouse, marker: Marker) -> Written | None:
    """What was written, where the message is done."""
    query = "select note from state.outbox where channel = ? and message_key = ? and status = 'sent' order by event_id"
    for (text,) in warehouse.rows(query, [CHANNEL, message_key(marker)]):
        number = str(text or "").rpartition(" ")[2]
        return Written(int(number) if number.isdigit() else None)
    return None
