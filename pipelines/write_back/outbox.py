"""What `state.outbox` tells of messages to Jira: begun, done, refused, or nobody knows."""

from datetime import datetime

from analysis.markers import Marker
from analysis.text import printable
from analysis.warehouse import Warehouse

CHANNEL = "jira"
MOST_NOTED = 300  # characters


def message_key(marker: Marker) -> str:
    """What makes it the same message: `pushback 10012/1`."""
    return f"{marker.kind} {marker.issue_id}/{marker.escalation_no}"


def note(warehouse: Warehouse, marker: Marker, status: str, text: str, run_id: str, now: datetime) -> None:
    """Put down a step of a message on its way: intended, sent, failed or doubtful; `now` is naive UTC."""
    event = {"run_id": run_id, "recorded_at": now, "effective_at": now, "channel": CHANNEL, "status": status}
    told = {"message_key": message_key(marker), "note": printable(text)[:MOST_NOTED] or None}
    warehouse.append_event("state.outbox", event | told)


def written_before(warehouse: Warehouse, marker: Marker) -> tuple[int | None, datetime] | None:
    """The comment's id (None where it is not told) and when it was done, naive UTC; None where it was not."""
    query = """
        select note, effective_at from state.outbox
        where channel = ? and message_key = ? and status = 'sent' order by event_id limit 1
    """
    for text, at in warehouse.rows(query, [CHANNEL, message_key(marker)]):
        number = str(text or "").rpartition(" ")[2]
        return int(number) if number.isdigit() else None, at
    return None
