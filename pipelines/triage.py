"""A first look at tickets that have just escalated: tags, verdict, runbook, the nearest resolved tickets.

Said before Tier 2 spends an hour; written on the ticket only where the desk wants it, and then once.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.desk_names import desk_names
from analysis.errors import DeliveryError, InputError, SettingsError
from analysis.evidence_packs import evidence_pack, near_ticket, people_only
from analysis.markers import Marker
from analysis.names import Names
from analysis.taxonomy import Criteria, read_criteria
from analysis.warehouse import Warehouse
from pipelines.desk_lock import warehouse_to_read
from pipelines.known import existing_warehouse
from pipelines.live import Say
from pipelines.pushback import jira_address, ready_to_write
from pipelines.settings import Settings
from pipelines.similar_lines import similar_in
from pipelines.write_back import OwnComment, Written, message_key
from reports.render import render

if TYPE_CHECKING:
    from pipelines.write_back.writing import WriteBack

Row = dict[str, Any]
HOURS = 72.0  # a long weekend
N_NEAR, MOST_NEAR = 15, 3
NEW = """
    select o.issue_id, o.escalation_no, o.ticket_key
    from mart.open_escalations o
    cross join core.clock k
    where o.escalated_at > k.as_of - to_seconds(?)
    order by o.escalated_at, o.issue_id
"""
TAGS = "select kind, value, source, confidence from mart.tags where issue_id = ? and kind <> 'root_cause'"
SAID = "select message_key from state.outbox where channel = 'jira' and status = 'sent' and message_key like 'triage %'"


@dataclass(frozen=True)
class Look:
    """What is said of one escalation; what was written, or why not."""

    ticket_key: str
    markdown: str
    written: Written | None = None
    why_not: str | None = None


@dataclass(frozen=True)
class Triage:
    """All looks, those that escalated first before the others."""

    looks: list[Look] = field(default_factory=list)

    @property
    def n_written(self) -> int:
        """How many comments were written now."""
        return sum(bool(look.written and look.written.made) for look in self.looks)


def triage(settings: Settings, say: Say, post: bool = False, *, hours: float = HOURS, run_id: str = "triage") -> Triage:
    """Look at open escalations of so many hours before the last report of which nothing was said yet.

    With `post`, to be called by the desk's only writer, each gets its comment. Raises `SettingsError` where the desk
    does not want that, `DeliveryError` where some could not be written, after the others were.
    """
    if post and not settings.triage_comments:
        raise SettingsError("triage_comments is off; set it to true in settings.toml to have comments written")
    criteria = read_criteria(settings.criteria_folder)
    with _opened(settings, post) as warehouse:
        if not warehouse.has("mart.open_escalations"):
            raise InputError(f"{warehouse.path}: nothing was reported yet; run `escalations report` first")
        said = {key for (key,) in warehouse.rows(SAID)}
        new = [row for row in warehouse.rows(NEW, [hours * 3600]) if _key(row) not in said]
        looks = list(_looks(warehouse, settings, criteria, new, say, run_id if post else None)) if new else []
    found = Triage(looks)
    say(f"triage: {len(found.looks)} new escalations, {found.n_written} comments written")
    failed = [look.why_not for look in looks if look.why_not and not isinstance(look.why_not, LeftAlone)]
    if failed:
        raise DeliveryError(f"{len(failed)} of {len(looks)} comments could not be written; the first: {failed[0]}")
    return found


class LeftAlone(str):
    """Why nothing was written, where that is as it should be."""

    __slots__ = ()


def triage_lines(found: Triage) -> Iterator[str]:
    """What is said of each, and what became of it."""
    for look in found.looks:
        yield look.markdown
        if look.written:
            yield f"{look.ticket_key}: comment {look.written.comment_id}\n"
        elif look.why_not:
            yield f"{look.ticket_key}: nothing was written: {look.why_not}\n"


def _opened(settings: Settings, post: bool) -> AbstractContextManager[Warehouse]:
    return existing_warehouse(settings.warehouse_file) if post else warehouse_to_read(settings.warehouse_file)


def _key(row: Sequence[Any]) -> str:
    return message_key(Marker("triage", row[0], row[1]))


def _looks(
    warehouse: Warehouse,
    settings: Settings,
    criteria: Criteria,
    new: Sequence[Sequence[Any]],
    say: Say,
    run_id: str | None,
) -> Iterator[Look]:
    """A look at each; written as well where there is a run to write it."""
    names = desk_names(warehouse, criteria)
    back = ready_to_write(warehouse, settings, say) if run_id else None
    address = jira_address(warehouse, settings)
    for issue_id, number, ticket_key in new:
        pack = evidence_pack(warehouse, criteria, issue_id, number, names=names)
        text = _text(warehouse, criteria, pack, names, address)
        own = OwnComment(Marker("triage", issue_id, number), ticket_key, [text], pack["updated_at"], address)
        if back and run_id:
            yield _written(back, warehouse, own, run_id, is_stale=pack["is_stale"])
        else:
            yield Look(ticket_key, text)


def _written(back: "WriteBack", warehouse: Warehouse, own: OwnComment, run_id: str, *, is_stale: bool) -> Look:
    if is_stale:
        return Look(own.ticket_key, own.markdowns[0], why_not=LeftAlone("it changed since it was judged"))
    try:
        return Look(own.ticket_key, own.markdowns[0], back.write(own, warehouse, run_id))
    except InputError as error:
        return Look(own.ticket_key, own.markdowns[0], why_not=LeftAlone(error))
    except DeliveryError as error:
        return Look(own.ticket_key, own.markdowns[0], why_not=str(error))


def _text(warehouse: Warehouse, criteria: Criteria, pack: Row, names: Names, address: str) -> str:
    tags = {kind: (value, source, sure) for kind, value, source, sure in warehouse.rows(TAGS, [pack["issue_id"]])}
    near = similar_in(warehouse, pack["ticket_key"], N_NEAR).near
    ended = [near_ticket(one, people_only(names)) for one in near if one["resolved_at"]]
    providers = {one.id: one.name for one in criteria.providers}
    values = {"p": pack, "tags": tags, "near": ended[:MOST_NEAR], "providers": providers, "address": address}
    return render("triage.md.j2", **values).strip() + "\n"
