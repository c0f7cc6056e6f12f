"""What `state.outbox` tells of messages on their way: begun, done, refused, or nobody knows.

Each step is put down before the next is taken, so that what a dying process left on its way is known.
"""

from dataclasses import dataclass
from datetime import datetime

from analysis.errors import DeliveryError
from analysis.text import printable
from analysis.warehouse import Warehouse

MOST_NOTED = 300  # characters


class DoubtfulError(DeliveryError):
    """Nobody can tell whether something was written or sent."""


@dataclass(frozen=True)
class Step:
    """What was put down of a message last: intended, sent, failed or doubtful; when (naive UTC), and a note."""

    status: str
    at: datetime
    note: str


def put_down(
    warehouse: Warehouse, channel: str, message_key: str, status: str, note: str, run_id: str, now: datetime
) -> None:
    """Put down a step of a message; `channel` is folder, store, mail, chat or jira, `now` naive UTC."""
    event = {"run_id": run_id, "recorded_at": now, "effective_at": now, "channel": channel, "status": status}
    told = {"message_key": message_key, "note": printable(note)[:MOST_NOTED] or None}
    warehouse.append_event("state.outbox", event | told)


def last_step(warehouse: Warehouse, channel: str, message_key: str, status: str | None = None) -> Step | None:
    """What was put down last of a message, or last with that status; None where nothing was."""
    query = """
        select status, recorded_at, coalesce(note, '') from state.outbox
        where channel = ? and message_key = ? and status = coalesce(?, status) order by event_id desc limit 1
    """
    return next((Step(*row) for row in warehouse.rows(query, [channel, message_key, status])), None)
