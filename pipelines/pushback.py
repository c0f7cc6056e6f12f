"""The evidence pack of an escalation, and pushing it back: what is written to Jira, and when nothing must be.

A pack is made for every verdict. Pushed back is only what a verdict holds against OPS, while OPS may still reply, and
only on the ticket as it was judged.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from analysis.errors import EscalationsError, InputError
from analysis.evidence_packs import evidence_pack, find_escalation
from analysis.markers import Marker
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse
from pipelines.desk_lock import warehouse_to_read
from pipelines.known import existing_warehouse
from pipelines.live import Say, connection_of
from pipelines.settings import Settings
from pipelines.similar_lines import similar_in
from pipelines.write_back import OwnComment, Request, Written, written_before
from reports.render import render

if TYPE_CHECKING:
    from pipelines.write_back.writing import WriteBack

Row = dict[str, Any]
N_NEAR = 25  # earlier tickets that are looked at for some that OPS resolved
MOST_QUOTED = (6000, 1500, 0)  # characters of a runbook; the first that Jira takes is written
SETTLED = {
    "agreed": "is agreed already",
    "contested": "is contested already and waits for a ruling",
    "withdrawn": "was withdrawn by a ruling",
}


@dataclass(frozen=True)
class PushBack:
    """A pack and its text; what would be written, or why nothing; what was written."""

    pack: Row
    markdown: str
    requests: Sequence[Request] = ()
    why_not: str | None = None
    written: Written | None = None


def show(settings: Settings, criteria: Criteria, wanted: str, number: int | None, say: Say) -> PushBack:
    """The pack of a ticket's escalation (by default its latest), and exactly what `post` would write.

    Only reads. Raises `InputError` where there is no such escalation.
    """
    with warehouse_to_read(settings.warehouse_file) as warehouse:
        pack = _pack(warehouse, criteria, wanted, number)
        own = _comment(warehouse, settings, criteria, pack)
        try:
            back = _ready(warehouse, settings, pack, say)
            _, requests = back.left(own)
            done = None if requests else "all of it is there already"
        except EscalationsError as error:
            return PushBack(pack, own.markdowns[0], why_not=str(error))
    return PushBack(pack, own.markdowns[0], requests, done)


def post(settings: Settings, criteria: Criteria, wanted: str, number: int | None, say: Say, run_id: str) -> PushBack:
    """Push it back: one comment and one label, once. To be called by the desk's only writer.

    Raises `InputError` where it must not be pushed back, `DeliveryError` where Jira does not take it.
    """
    with existing_warehouse(settings.warehouse_file) as warehouse:
        pack = _pack(warehouse, criteria, wanted, number)
        own = _comment(warehouse, settings, criteria, pack)
        before = written_before(warehouse, own.marker)
        if before:
            return PushBack(pack, own.markdowns[0], written=before)
        back = _ready(warehouse, settings, pack, say)
        return PushBack(pack, own.markdowns[0], written=back.write(own, warehouse, run_id))


def jira_address(warehouse: Warehouse, settings: Settings) -> str:
    """Where tickets are shown; empty where the source has no address."""
    host = str(warehouse.value("select source_id from state.meta") or "").removeprefix("jira:")
    given = (settings.jira_url or "").rstrip("/")
    if host and urlsplit(given).netloc.rpartition("@")[2].lower() == host:
        return given
    return f"https://{host}" if host and " " not in host else ""


def ready_to_write(warehouse: Warehouse, settings: Settings, say: Say) -> "WriteBack":
    """The Jira from which the tickets are. Raises `InputError` where they are from a file, or `WarehouseError`."""
    if settings.source not in (None, "jira"):
        raise InputError("the source is a file, in which nothing can be written; set source to jira")
    connection = connection_of(settings, say)
    from pipelines.jira.account import host_in
    from pipelines.write_back.writing import LONGEST_WAIT, WriteBack

    warehouse.check_source(f"jira:{host_in(connection.account.url)}")
    connection.longest = min(connection.longest, LONGEST_WAIT)
    return WriteBack.of(connection)


def why_not(pack: Row, now: datetime) -> str | None:
    """Why an escalation must not be pushed back now (naive UTC); None where it may."""
    if pack["verdict"] != "should_have_handled":
        return f"its verdict is {pack['verdict'].replace('_', ' ')}, so there is nothing to push back"
    if pack["is_excluded"]:
        return f"it is left out of all numbers ({pack['exclusion_reason'].replace('_', ' ')})"
    if pack["standing"] in SETTLED:
        return f"its verdict {SETTLED[pack['standing']]}"
    if pack["standing"] == "unanswered" or (pack["window_closes_at"] and now >= pack["window_closes_at"]):
        return f"OPS could reply until {pack['closes_on']:%Y-%m-%d}; what it cannot answer is not pushed back"
    if pack["is_stale"]:
        return "it changed since it was judged; run `escalations report` first"
    if any(one["is_other_today"] for one in pack["runbooks"]):
        return "the runbook's file says something else today; run `escalations report` first, or give it a new version"
    return None


def push_back_lines(found: PushBack, out: Path | None) -> Iterator[str]:
    """What a person sees: the pack (unless it went into a file), and what is, was or would be written."""
    key = found.pack["ticket_key"]
    if found.written:
        number = f" (comment {found.written.comment_id})" if found.written.comment_id else ""
        if found.written.made:
            yield f"{key}: written to Jira: {' and '.join(found.written.made)}{number}"
        else:
            yield f"{key}: was pushed back before{number}; nothing was written"
        return
    if out:
        yield f"written: {out}"
    else:
        yield found.markdown
    if found.why_not:
        yield f"With --post nothing would be written: {found.why_not}"
        return
    yield "With --post this would be written to Jira, once, and nothing else:"
    for request in found.requests:
        yield f"\n{request.text()}"


def pack_text(pack: Row, address: str, most_quoted: int = MOST_QUOTED[0]) -> str:
    """A pack in Markdown."""
    is_open = pack["standing"] in (None, "claimed")
    values = {"p": pack, "address": address, "most_quoted": most_quoted, "is_open": is_open}
    return render("pushback.md.j2", **values).strip() + "\n"


def _pack(warehouse: Warehouse, criteria: Criteria, wanted: str, number: int | None) -> Row:
    if not warehouse.has("mart.pushbacks"):
        raise InputError(f"{warehouse.path}: nothing was reported yet; run `escalations report` first")
    issue_id, number = find_escalation(warehouse, wanted, number)
    near = similar_in(warehouse, wanted, N_NEAR).near
    return evidence_pack(warehouse, criteria, issue_id, number, near)


def _comment(warehouse: Warehouse, settings: Settings, criteria: Criteria, pack: Row) -> OwnComment:
    address = jira_address(warehouse, settings)
    return OwnComment(
        Marker("pushback", pack["issue_id"], pack["escalation_no"]),
        pack["ticket_key"],
        [pack_text(pack, address, most) for most in MOST_QUOTED],
        pack["updated_at"],
        address,
        criteria.site.pushed_back_label,
    )


def _ready(warehouse: Warehouse, settings: Settings, pack: Row, say: Say) -> "WriteBack":
    # what needs no question to Jira is said first
    refusal = why_not(pack, datetime.min)
    if refusal:
        raise InputError(f"{pack['ticket_key']}: {refusal}")
    back = ready_to_write(warehouse, settings, say)
    refusal = why_not(pack, back.connection.server_now)
    if refusal:
        raise InputError(f"{pack['ticket_key']}: {refusal}")
    return back
