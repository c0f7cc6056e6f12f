"""One comment and one label of ours on a ticket in Jira: exactly once, whatever breaks on the way.

Jira knows no such thing as writing a comment at most once, so each comment bears a marker and is looked for before it
is written. `state.outbox` tells what was begun and what is done; the warehouse is held open meanwhile, so that no other
process writes the same. A label is added, never set with the others, and a ticket that somebody changed since it was
judged is left alone.
"""

from pipelines.write_back.comment import OwnComment, Request
from pipelines.write_back.outbox import Written, message_key, written_before

# the calls themselves stand in `writing`, which needs the packages of the live Jira
__all__ = ["OwnComment", "Request", "Written", "message_key", "written_before"]
