"""The calls themselves, and what is done when one breaks off."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.errors import DeliveryError, InputError
from analysis.warehouse import Warehouse
from pipelines.jira import Connection, JiraSource, Known
from pipelines.jira.retries import RefusedError, UnsureError
from pipelines.jira.source import account_of, api_of
from pipelines.outbox import DoubtfulError
from pipelines.write_back.comment import OwnComment, Request, requests
from pipelines.write_back.outbox import Written, note, written_before
from pipelines.write_back.ticket import look

LONGEST_WAIT = 300.0  # seconds that a limit may ask for: the warehouse is held open meanwhile
LOOKS = (1.0, 4.0, 15.0)  # seconds before each look for what may have been written; a proxy may hand it on late
ATTEMPTS = 3
CONFLICT = 409  # two edits at once: Jira wants it sent again
PERMISSIONS = {"ADD_COMMENTS": "Add Comments", "EDIT_ISSUES": "Edit Issues"}


@dataclass(frozen=True)
class WriteBack:
    """Writes with the account of one connection. `api` is where its routes begin, `me` the account."""

    connection: Connection
    api: str
    me: str

    @classmethod
    def of(cls, connection: Connection) -> "WriteBack":
        """Ask the Jira what it is and who we are. Raises `SourceError`."""
        plan = JiraSource(connection, (), Known(), connection.say).plan()
        return cls(connection, api_of(plan), account_of(connection, plan))

    def left(self, own: OwnComment) -> tuple[int | None, list[Request]]:
        """The id of the comment where it is there already, and the calls that are still to be made.

        Raises `InputError` where the ticket changed since it was judged, `DeliveryError` where we may not write.
        """
        ticket = look(self.connection, self.api, self.me, own.marker.issue_id)
        found = ticket.comment(own.marker)
        if found is None and ticket.changed_by_others(own.judged_at, own.label):
            raise InputError(
                f"{own.ticket_key}: changed in Jira since it was judged; run `escalations run`, then look at it again"
            )
        comment, *label = requests(own, self.api)
        if own.label in ticket.labels or (own.label and found and ticket.was_labelled(found, own.label)):
            label = []
        calls = [*([] if found else [comment]), *label]
        if calls:
            self._check_permissions(own)
        return found, calls

    def write(self, own: OwnComment, warehouse: Warehouse, run_id: str) -> Written:
        """Write what is not there yet. Raises as `left` does, and `DeliveryError` where Jira does not take it."""
        before = written_before(warehouse, own.marker)
        if before:
            return before
        found, calls = self.left(own)
        self._note(own, warehouse, run_id, "intended")
        try:
            written = self._make(own, found, calls)
        except DeliveryError as error:
            status = "doubtful" if isinstance(error, DoubtfulError) else "failed"
            self._note(own, warehouse, run_id, status, str(error))
            raise
        self._note(own, warehouse, run_id, "sent", f"comment {written.comment_id}")
        return written

    def _note(self, own: OwnComment, warehouse: Warehouse, run_id: str, status: str, text: str = "") -> None:
        note(warehouse, own.marker, status, text, run_id, self.connection.server_now)

    def _make(self, own: OwnComment, found: int | None, calls: Sequence[Request]) -> Written:
        made = []
        for request in calls:
            if request.method == "POST":
                found = self._post(own, request)
                made.append("comment")
            else:
                self._put(own, request)
                made.append("label")
        return Written(found, tuple(made))

    def _post(self, own: OwnComment, request: Request) -> int:
        for _ in range(ATTEMPTS):
            try:
                return int(self.connection.send(request.method, request.path, request.body)["id"])
            except RefusedError as error:
                raise self._refused(own, error, "nothing was written") from error
            except UnsureError:
                for seconds in LOOKS:
                    self.connection.limiter.sleep(seconds)
                    found = look(self.connection, self.api, self.me, own.marker.issue_id).comment(own.marker)
                    if found is not None:
                        return found
        raise DoubtfulError(
            f"{own.ticket_key}: Jira broke off each time, and the comment is not there; run it again, it is looked for"
        )

    def _put(self, own: OwnComment, request: Request) -> None:
        for seconds in LOOKS:
            try:
                self.connection.send(request.method, request.path, request.body)
                return
            except RefusedError as error:
                if error.status != CONFLICT:
                    raise self._refused(own, error, "the comment is written, the label is not") from error
            except UnsureError:
                if own.label in look(self.connection, self.api, self.me, own.marker.issue_id).labels:
                    return
            self.connection.limiter.sleep(seconds)
        raise DoubtfulError(
            f"{own.ticket_key}: the comment is written, the label is not; run it again, and only the label is added"
        )

    def _check_permissions(self, own: OwnComment) -> None:
        wanted = ["ADD_COMMENTS", *(["EDIT_ISSUES"] if own.label else [])]
        path = f"{self.api}/mypermissions"
        answer = self.connection.get(path, issueId=str(own.marker.issue_id), permissions=",".join(wanted))
        told = answer.get("permissions") or {}
        missing = [PERMISSIONS[name] for name in wanted if not (told.get(name) or {}).get("havePermission")]
        if missing:
            asked, project = " and ".join(missing), own.ticket_key.rpartition("-")[0]
            raise DeliveryError(
                f"{own.ticket_key}: the account may not write on it; ask for {asked} in project {project}"
            )
        if own.label:
            meta = self.connection.get(f"{self.api}/issue/{own.marker.issue_id}/editmeta")
            if "add" not in ((meta.get("fields") or {}).get("labels") or {}).get("operations", ()):
                raise DeliveryError(
                    f"{own.ticket_key}: its labels cannot be edited as it stands; ask for Labels on its edit screen, "
                    "and for a status in which it can be edited"
                )

    def _refused(self, own: OwnComment, error: Exception, state: str) -> DeliveryError:
        """Why Jira refused, in words: most often a permission that went meanwhile."""
        try:
            self._check_permissions(own)
        except DeliveryError as missing:
            return DeliveryError(f"{missing}; {state}")
        return DeliveryError(f"{own.ticket_key}: {error}; {state}")
