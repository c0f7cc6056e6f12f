"""A stand-in for Jira, Cloud or Data Center, on this machine: state, clock, request log and a switch for every fault.

    with JiraStandIn("cloud", account_zone="Asia/Tokyo") as jira:
        jira.add_project("SUP")
        ticket = jira.create("SUP", summary="broken")
        jira.faults.fail_next("search/jql", 503)
        ... read from jira.url as jira.email with jira.token ...
        assert jira.counts["POST search/jql"] == 2

What it knows of Jira comes from Atlassian's documents, answers seen on a real site, and users' reports. Where those are
silent it takes the reading that is harder on the client. Numbers of faults are places in `FAULTS`, from 1.
"""

import base64
import json
import re
import socket
import ssl
import threading
import time
import zlib
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import ceil
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from jira_standin_shapes import (
    SYSTEM,
    Comment,
    Content,
    FieldKind,
    History,
    Issue,
    Json,
    Link,
    Names,
    Project,
    Version,
    View,
    Worklog,
    bulk_content,
    chosen,
    comment_json,
    dumps,
    fields_json,
    history_json,
    is_document,
    link_words,
    millis,
    moment,
    person,
    project_json,
    rich,
    server_info,
    stamp,
    utc,
    worklog_json,
)
from jql import JqlError, Query, Rank, parse

Kind = Literal["cloud", "datacenter"]
RetryAfter = Literal["seconds", "float", "http_date", "zero", "reset_only", "none"]
NOTHING_THERE = "Issue does not exist or you do not have permission to see it."
LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Log in</title></head><body><form>Log in</form></body></html>"
MAINTENANCE_PAGE = "<!DOCTYPE html><html><body>Jira is down for maintenance. We will be back soon.</body></html>"
SEARCH_MEMBERS = {
    "jql",
    "maxResults",
    "nextPageToken",
    "fields",
    "fieldsByKeys",
    "expand",
    "properties",
    "reconcileIssues",
}
OLD_SEARCH_MEMBERS = {"jql", "startAt", "maxResults", "validateQuery", "fields", "expand", "properties", "fieldsByKeys"}
BULK_MEMBERS = {"issueIdsOrKeys", "fields", "fieldsByKeys", "expand", "properties"}
LOG_MEMBERS = {"issueIdsOrKeys", "fieldIds", "maxResults", "nextPageToken"}
MOST_IDS = 5000  # a page of search/jql when only ids and keys are asked for
MOST_KEPT = 96 << 20  # bytes of ready-made JSON
QUOTAS = {"POST search/jql": (200, 100), "GET issue": (400, 150)}  # bucket, a second; seen on a real site
WRITES = ("POST issue/comment", "PUT issue", "PUT issue/properties")
GATEWAY = "/ex/jira/0a1b2c3d"
PERMISSIONS = ("BROWSE_PROJECTS", "ADD_COMMENTS", "EDIT_ISSUES", "CREATE_ISSUES", "ADMINISTER")

FAULTS = (
    "expired_token_answers_as_nobody",
    "account_zone_shifts_queries",
    "clocks_change_between_runs",
    "updates_within_one_minute",
    "index_lags_behind",
    "hot_ticket_beyond_an_upper_bound",
    "touched_while_paging",
    "bulk_edit_larger_than_a_page",
    "token_repeats",
    "token_dies_while_paging",
    "empty_or_short_pages",
    "page_smaller_than_asked",
    "fields_left_out",
    "route_removed",
    "query_refused",
    "one_project_refused",
    "long_wait_after_refusal",
    "retry_after_in_any_form",
    "broken_answers",
    "changelog_cut_short",
    "changelog_split_or_missing",
    "change_times_as_numbers",
    "histories_in_one_second",
    "comments_beyond_a_page",
    "ticket_moved",
    "ticket_deleted",
    "ticket_hidden_or_archived",
    "permission_regained",
    "field_renamed",
    "values_of_every_kind",
    "people_without_id",
    "offset_window",
    "no_changelog_route_on_data_center",
    "crash_between_steps",
    "two_runs_at_once",
    "older_copy_after_newer",
    "one_ticket_fails_in_bulk",
    "comment_posted_twice",
    "own_writes_bump_updated",
    "labels_overwritten",
    "odd_characters",
    "clock_skew",
    "localised_errors",
    "login_redirect_or_captcha",
    "parent_and_links_from_both_ends",
)


@dataclass
class Strike:
    """A fault that waits for the next requests of a route: its name, `METHOD name`, or * for all."""

    kind: str
    route: str
    left: int
    status: int = 200
    text: str | None = None
    seconds: float = 0.0


@dataclass
class Faults:
    """A switch for each fault; all off at the start. Sets hold ids as texts.

    Without a switch: 2, 3 are `account_zone`, which may be set between requests; 4, 8, 23, 30, 31, 41, 45 are in what a
    test puts into its tickets; 25 to 29 in move, delete, hide, archive_project and rename_field; 12, 13, 15, 33 and
    39 always hold; 34, 35 and 40 happen in the client.
    """

    token_expires_after: int | None = None  # 1: so many more requests are answered in the account's name
    other_account: bool = False  # 1: the token is valid, but someone else's
    index_lag: float = 0.0  # 5, 36: seconds until search sees an edit; until then it gives the older copy
    never_indexed: set[str] = field(default_factory=set)  # 5: search finds them only through reconcileIssues
    touch_while_paging: Callable[[], object] | None = None  # 6, 7: called before each page but the first
    repeat_token: bool = False  # 9: the second page comes again and again
    token_400_after: int | None = None  # 10: after so many pages by token all tokens die, once
    token_lifetime: float = 7 * 86_400  # 10: seconds of the stand-in's clock
    empty_page_with_token: int = 0  # 11: so many empty pages before the next full one
    short_pages: int | None = None  # 11, 12: most issues on a page of search
    is_last_lies: Literal["true", "false", "absent"] | None = None  # 11
    last_token_null: bool = False  # 11: null instead of no member
    page_cap: int = 100  # 12: Cloud, when more than ids are asked for
    project_page_cap: int = 50  # 12
    gone_410: set[str] = field(default_factory=lambda: {"search"})  # 14: Cloud's removed routes
    forbidden_projects: set[str] = field(default_factory=set)  # 16
    strict_ids: bool = True  # 15, 16: an id or key that does not exist makes the query a 400
    rate_limit: float | None = None  # 17: requests a second, for each method and route
    rate_burst: int | None = None  # 17: size of the bucket; as the limit where None
    rate_limit_reason: str = "jira-burst-based"  # 17
    early_retry_lengthens: bool = False  # 17: who comes back too early waits anew
    retry_after: RetryAfter = "seconds"  # 18
    retry_after_seconds: float | None = None  # 17, 18: the wait of a 429; that of one token where None
    inline_changelog_cap: int = 40  # 20: Cloud; 100 some years ago
    changelog_page_size: int | None = None  # 21: most histories on a page of changelog/bulkfetch
    changelog_missing: set[str] = field(default_factory=set)  # 21: left out of changelog/bulkfetch
    changelog_created_as: Literal["int", "int_seconds", "string"] = "int"  # 22
    inline_comment_cap: int = 20  # 24: in fields.comment on Cloud; not documented
    comment_page_cap: int = 100  # 24
    inline_worklog_cap: int = 20  # 24: in fields.worklog, of both kinds
    worklog_page_cap: int = 5000  # 24: Cloud; Data Center knows no pages of worklogs
    nulls_left_out: bool = False  # Atlassian's document knows no null, real answers do
    missing_author_as: Literal["null", "absent", "former_user"] = "null"  # 31
    window: int = 10_000  # 32: Data Center serves no offset beyond it
    window_10000_behaviour: Literal["error", "empty"] = "error"  # 32
    dc_page_cap: int = 1000  # 12, 32
    serve_stale: set[str] = field(default_factory=set)  # 36: bulkfetch gives the version before the newest
    bulkfetch_errors: set[str] = field(default_factory=set)  # 37: in issueErrors; singly they can be read
    bulkfetch_missing: set[str] = field(default_factory=set)  # 37: in neither list
    drop_after_post: int = 0  # 38: so many comments are stored, and then the connection drops
    token_has_scopes: bool = False  # it counts only at `gateway`; at the site's own address it is nobody's
    lacks: set[str] = field(default_factory=set)  # permissions that the account does not have
    not_on_screen: set[str] = field(default_factory=set)  # fields that cannot be edited here
    on_request: Callable[[str, str], object] | None = None  # told `before` and `after` what, and METHOD route
    clock_skew: float = 0.0  # 42: seconds by which the header Date is ahead of the clock
    localised_errors: bool = False  # 43: German, unless English is forced
    captcha: bool = False  # 44: Data Center
    captcha_after_failures: int | None = None  # 44: Data Center; so many wrong logins until the captcha
    strikes: list[Strike] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def fail_next(self, route: str, status: int = 500, times: int = 1, retry_after: str | None = None) -> None:
        """17 to 19: an error; `retry_after` is sent as it stands."""
        self.strikes.append(Strike("fail", route, times, status, retry_after))

    def drop_next(self, route: str, times: int = 1) -> None:
        """19: the connection closes without an answer, and nothing was done."""
        self.strikes.append(Strike("drop", route, times))

    def drop_after_next(self, route: str, times: int = 1) -> None:
        """38: what was asked is done, and then the connection closes without an answer."""
        self.strikes.append(Strike("drop_after", route, times))

    def late_next(self, route: str, n_requests: int) -> None:
        """38: the connection closes without an answer; what was asked is done so many requests later."""
        self.strikes.append(Strike("late", route, 1, n_requests))

    def truncate_next(self, route: str, times: int = 1) -> None:
        """19: half of the body, then the connection closes."""
        self.strikes.append(Strike("truncate", route, times))

    def html_next(
        self, route: str, times: int = 1, page: Literal["login", "maintenance"] = "login", status: int = 200
    ) -> None:
        """19: a page for people."""
        text = LOGIN_PAGE if page == "login" else MAINTENANCE_PAGE
        self.strikes.append(Strike("html", route, times, status, text))

    def wrong_type_next(self, route: str, times: int = 1, content_type: str = "text/plain") -> None:
        """19: the right body under a wrong content type."""
        self.strikes.append(Strike("type", route, times, text=content_type))

    def redirect_next(self, route: str, times: int = 1) -> None:
        """44: to the login page of a single sign-on, which is on this server too."""
        self.strikes.append(Strike("redirect", route, times, 302))

    def slow_next(self, seconds: float, route: str = "*", times: int = 1) -> None:
        """19: real seconds until the answer."""
        self.strikes.append(Strike("slow", route, times, seconds=seconds))

    def forbid_project(self, key: str) -> None:
        """16: the account may no longer browse it, and queries that name it fail whole."""
        self.forbidden_projects.add(key)

    def take(self, kinds: Sequence[str], method: str, route: str) -> Strike | None:
        """The first waiting strike of these kinds, used up by one."""
        if not self.strikes:
            return None
        with self.lock:
            for strike in self.strikes:
                if strike.kind in kinds and strike.route in ("*", route, f"{method} {route}"):
                    strike.left -= 1
                    if strike.left <= 0:
                        self.strikes.remove(strike)
                    return strike
        return None


class Site:
    """The state of one Jira. Its methods act at `at`, a naive UTC time, or else at the clock's `now`."""

    def __init__(self, kind: Kind, account_zone: str) -> None:
        self.kind: Kind = kind
        self.cloud = kind == "cloud"
        self.now = datetime(2026, 9, 1, 12, 0, 0)
        self.account = "account-1"
        self.lock = threading.RLock()
        self.faults = Faults()
        self.names = Names(self.cloud)
        self.projects: dict[str, Project] = {}
        self.issues: dict[int, Issue] = {}
        self.keys: dict[str, int] = {}  # old keys of moved tickets too
        self.children: dict[int, set[int]] = {}
        self.changes = 0  # grows with every change; found sets are remembered under it
        self.seen = 0  # grows when other tickets' ready-made JSON is no longer true
        self._zone = ZoneInfo(account_zone)
        self._last_id = {"project": 10_000, "issue": 10_000, "history": 50_000, "comment": 20_000}
        self._last_id |= {"link": 30_000, "worklog": 40_000}

    @property
    def account_zone(self) -> str:
        return self._zone.key

    @account_zone.setter
    def account_zone(self, name: str) -> None:
        self._zone = ZoneInfo(name)

    def tick(self, seconds: float) -> datetime:
        """Let time pass; the clock does not run by itself."""
        with self.lock:
            self.now += timedelta(seconds=seconds)
            return self.now

    # Projects and fields

    def add_project(self, key: str, archived: bool = False) -> str:
        with self.lock:
            self.projects[key] = Project(
                self._new("project"), key, f"Project {key}", "archived" if archived else "live"
            )
            self._seen_differently()
            return str(self.projects[key].id)

    def archive_project(self, key: str) -> None:
        self._project(key, state="archived")

    def trash_project(self, key: str) -> None:
        self._project(key, state="deleted")

    def hide_project(self, key: str) -> None:
        self._project(key, hidden=True)

    def restore_project(self, key: str) -> None:
        self._project(key, state="live", hidden=False)

    def add_field(
        self, field_id: str, name: str, kind: str = "string", items: str | None = None, custom: str = ""
    ) -> None:
        """Declare a custom field; kind `textarea` holds text that v3 shows as a document."""
        with self.lock:
            schema = f"com.atlassian.jira.plugin:{custom or kind}"
            self.names.fields[field_id] = FieldKind(
                field_id, name, "string" if kind == "textarea" else kind, items, schema
            )
            self._seen_differently()

    def rename_field(self, field_id: str, name: str) -> None:
        with self.lock:
            self.names.field(field_id).name = name
            self._seen_differently()

    def trash_field(self, field_id: str) -> None:
        with self.lock:
            self.names.field(field_id).trashed = True
            self._seen_differently()

    def add_status(self, name: str, category: Literal["new", "indeterminate", "done"]) -> None:
        with self.lock:
            self.names.categories[name] = category
            self.names.ident("status", name)
            self._seen_differently()

    # Tickets

    def create(self, project: str, at: datetime | None = None, **fields: Any) -> str:
        with self.lock:
            when, home = self._at(at), self.projects[project]
            start: Json = {"summary": "A ticket", "issuetype": "Task", "status": "Open", "priority": "Medium"}
            start |= {"labels": [], "components": [], "reporter": self.account, "creator": self.account}
            home.issues += 1
            issue = Issue(self._new("issue"))
            content = Content({**start, **self._known(fields)})
            issue.versions.append(Version(issue, issue.id, home, home.issues, when, when, when, content))
            self.issues[issue.id], self.keys[issue.latest.key.upper()] = issue, issue.id
            self._adopt(issue.id, fields)
            self.changes += 1
            return str(issue.id)

    def bulk_create(
        self,
        project: str,
        n: int,
        n_histories: int = 6,
        n_comments: int = 2,
        heavy_share: float = 0.02,
        at: datetime | None = None,
        span: timedelta = timedelta(days=30),
        heavy: tuple[int, int] = (250, 130),
    ) -> list[str]:
        """Make n tickets, last updated evenly over the `span` before `at`; a span of zero is a bulk edit.

        Heavy ones have `heavy` (histories, comments), the others n_histories and n_comments.
        """
        with self.lock:
            self.names.field("customfield_10001", "")
            home, end, made = self.projects[project], self._at(at), []
            width = span // timedelta(milliseconds=1)
            every = round(1 / heavy_share) if heavy_share > 0 else 0
            for i in range(n):
                histories, comments = heavy if every and i % every == every - 1 else (n_histories, n_comments)
                updated = end - width * (n - 1 - i) // n
                created = updated - 3 * 86_400_000 if histories or comments else updated
                home.issues += 1
                issue = Issue(self._new("issue"))
                # Ranges of ids are taken now, so that what is made later is always the same.
                ids = self._take("history", histories), self._take("comment", comments)
                content = partial(bulk_content, self.names, home.issues, created, updated, *ids)
                issue.versions.append(Version(issue, issue.id, home, home.issues, created, updated, updated, content))
                self.issues[issue.id], self.keys[f"{project.upper()}-{home.issues}"] = issue, issue.id
                made.append(str(issue.id))
            self._seen_differently()
            return made

    def edit(
        self, issue_id: str | int, at: datetime | None = None, author: str | None = None, **fields: Any
    ) -> str | None:
        """Change fields; gives the id of the history, if anything changed. No author is how automation looks."""
        with self.lock:
            issue, when = self.issues[int(issue_id)], self._at(at)
            content = issue.latest.whole()
            changed = {k: v for k, v in self._known(fields).items() if content.fields.get(k) != v}
            items = [item for k, v in changed.items() for item in self.names.changed(k, content.fields.get(k), v)]
            if "resolution" in changed:
                changed["resolutiondate"] = when if changed["resolution"] is not None else None
            self._adopt(issue.id, changed)
            logged = [History(self._new("history"), when, author, tuple(items))] if items else []
            self._push(issue, when, fields={**content.fields, **changed}, histories=logged)
            return str(logged[0].id) if logged else None

    def comment(self, issue_id: str | int, author: str | None, body: str | Json, at: datetime | None = None) -> str:
        return self._comment(issue_id, author, body, at, ())

    def edit_comment(
        self, issue_id: str | int, comment_id: str | int, body: str | Json, at: datetime | None = None
    ) -> None:
        self._comments(
            issue_id, at, lambda one, when: one._replace(body=body, updated=when) if one.id == int(comment_id) else one
        )

    def delete_comment(self, issue_id: str | int, comment_id: str | int, at: datetime | None = None) -> None:
        self._comments(issue_id, at, lambda one, _: None if one.id == int(comment_id) else one)

    def log_work(
        self,
        issue_id: str | int,
        author: str | None,
        hours: float,
        at: datetime | None = None,
        started: datetime | None = None,
        words: str | None = None,
    ) -> str:
        """Log hours that began at `started` or else now. Bumps `updated`; no history tells of it."""
        with self.lock:
            issue, when = self.issues[int(issue_id)], self._at(at)
            seconds = round(hours * 3600)
            new = Worklog(self._new("worklog"), when, millis(started) if started else when, author, seconds, words)
            self._push(issue, when, worklogs=(*issue.latest.whole().worklogs, new))
            return str(new.id)

    def delete_worklog(self, issue_id: str | int, worklog_id: str | int, at: datetime | None = None) -> None:
        with self.lock:
            issue, when = self.issues[int(issue_id)], self._at(at)
            kept = tuple(one for one in issue.latest.whole().worklogs if one.id != int(worklog_id))
            self._push(issue, when, worklogs=kept)

    def link(
        self,
        issue_id: str | int,
        other: str | int,
        type_name: str,
        at: datetime | None = None,
        author: str | None = None,
    ) -> str:
        """Link outward from the first to the other; shows, is logged and bumps `updated` at both ends."""
        with self.lock:
            ident, when = self._new("link"), self._at(at)
            for here, there, outward in ((int(issue_id), int(other), True), (int(other), int(issue_id), False)):
                key = self.issues[there].latest.key
                words = f"This issue {link_words(type_name, outward)} {key}"
                item = {
                    "field": "Link",
                    "fieldtype": "jira",
                    "from": None,
                    "fromString": None,
                    "to": key,
                    "toString": words,
                }
                logged = History(self._new("history"), when, author, ({**item, "fieldId": "issuelinks"},))
                content = self.issues[here].latest.whole()
                links = (*content.links, Link(ident, type_name, outward, there))
                self._push(self.issues[here], when, histories=[logged], links=links)
            return str(ident)

    def remote_link(
        self, issue_id: str | int, url: str, title: str, at: datetime | None = None, logged: bool = False
    ) -> str:
        """A link to elsewhere; `updated` stays."""
        with self.lock:
            issue, ident = self.issues[int(issue_id)], self._new("link")
            issue.remote_links.append(
                {"id": ident, "globalId": url, "object": {"url": url, "title": title, "icon": {}, "status": {}}}
            )
            if logged:
                item = {
                    "field": "RemoteIssueLink",
                    "fieldtype": "jira",
                    "fieldId": "remotelinks",
                    "from": None,
                    "fromString": None,
                }
                item |= {"to": str(ident), "toString": f'This issue links to "{title}"'}
                when = self._at(at)
                self._push(issue, when, histories=[History(self._new("history"), when, None, (item,))], bump=False)
            return str(ident)

    def move(self, issue_id: str | int, new_project: str, at: datetime | None = None, author: str | None = None) -> str:
        """A new key for the same id. The old key still leads to the ticket."""
        with self.lock:
            issue, when, home = self.issues[int(issue_id)], self._at(at), self.projects[new_project]
            old = issue.latest
            home.issues += 1
            key = f"{home.key}-{home.issues}"
            of = {
                "from": str(old.project.id),
                "fromString": old.project.name,
                "to": str(home.id),
                "toString": home.name,
            }
            items = (
                {"field": "project", "fieldtype": "jira", "fieldId": "project", **of},
                {
                    "field": "Key",
                    "fieldtype": "jira",
                    "fieldId": "Key",
                    "from": None,
                    "fromString": old.key,
                    "to": None,
                    "toString": key,
                },
            )
            self._push(
                issue, when, histories=[History(self._new("history"), when, author, items)], home=(home, home.issues)
            )
            self.keys[key.upper()] = issue.id
            return key

    def delete(self, issue_id: str | int) -> None:
        """Gone with its history; links to it vanish without a trace."""
        with self.lock:
            gone = self.issues.pop(int(issue_id))
            for key in {version.key.upper() for version in gone.versions}:
                del self.keys[key]
            self._seen_differently()

    def hide(self, issue_id: str | int) -> None:
        self._hide(issue_id, True)

    def unhide(self, issue_id: str | int) -> None:
        self._hide(issue_id, False)

    def snapshot(self) -> dict[str, Json]:
        """What the account may see: id → key, fields (as v2, without lists), histories, comments, worklogs, links.

        Times are naive UTC; histories stand from old to new.
        """
        view = View(self.cloud, False, "", ZoneInfo("UTC"), "null", 1 << 30, 0, 0, 0)
        with self.lock:
            found = {}
            for issue in self.issues.values():
                if not self.sees(issue):
                    continue
                now, content = issue.latest, issue.latest.whole()
                fields = fields_json(now, self.names, view, self.find)
                del fields["comment"], fields["worklog"], fields["issuelinks"]
                done = content.fields.get("resolutiondate")
                fields |= {"created": moment(now.created), "updated": moment(now.updated)}
                fields["resolutiondate"] = moment(done) if done is not None else None
                found[str(issue.id)] = {
                    "key": now.key,
                    "fields": fields,
                    "histories": [
                        {"id": str(h.id), "created": moment(h.created), "author": h.author, "items": list(h.items)}
                        for h in content.histories
                    ],
                    "comments": [
                        {
                            "id": str(c.id),
                            "author": c.author,
                            "body": rich(c.body, False),
                            "created": moment(c.created),
                            "updated": moment(c.updated),
                        }
                        for c in content.comments
                    ],
                    "worklogs": [
                        {
                            "id": str(w.id),
                            "author": w.author,
                            "created": moment(w.created),
                            "started": moment(w.started),
                            "seconds": w.seconds,
                        }
                        for w in content.worklogs
                    ],
                    "links": [
                        {
                            "id": str(x.id),
                            "type": x.type_name,
                            "direction": "outward" if x.outward else "inward",
                            "other": str(x.other),
                        }
                        for x in content.links
                        if self.find(x.other)
                    ],
                }
            return found

    # What may be seen, and by which name

    def sees_project(self, project: Project) -> bool:
        return project.state == "live" and not project.hidden and project.key not in self.faults.forbidden_projects

    def sees(self, issue: Issue) -> bool:
        return not issue.hidden and self.sees_project(issue.latest.project)

    def find(self, issue_id: int) -> Version | None:
        issue = self.issues.get(issue_id)
        return issue.latest if issue and self.sees(issue) else None

    def project_named(self, text: str) -> Project | None:
        found = [p for p in self.projects.values() if text.upper() == p.key.upper() or text in (str(p.id), p.name)]
        return found[0] if found and self.sees_project(found[0]) else None

    def row_named(self, text: str) -> Version | None:
        """By id, key, or a key of the time before a move."""
        return self.find(int(text) if text.isdecimal() else self.keys.get(text.upper(), -1))

    # The inside

    def _new(self, kind: str) -> int:
        self._last_id[kind] += 1
        return self._last_id[kind]

    def _take(self, kind: str, n: int) -> range:
        self._last_id[kind] += n
        return range(self._last_id[kind] - n + 1, self._last_id[kind] + 1)

    def _at(self, at: datetime | None) -> int:
        return millis(at or self.now)

    def _known(self, fields: Json) -> Json:
        before = len(self.names.fields)
        for name, value in fields.items():
            self.names.field(name, value)
            if name == "status":
                self.names.ident("status", value)
        if len(self.names.fields) != before:  # every ticket shows the new field
            self._seen_differently()
        return fields

    def _seen_differently(self) -> None:
        self.seen += 1
        self.changes += 1

    def _project(self, key: str, **changes: Any) -> None:
        with self.lock:
            for name, value in changes.items():
                setattr(self.projects[key], name, value)
            self._seen_differently()

    def _hide(self, issue_id: str | int, hidden: bool) -> None:
        with self.lock:
            self.issues[int(issue_id)].hidden = hidden
            self._seen_differently()

    def _adopt(self, issue_id: int, fields: Json) -> None:
        if fields.get("parent") is not None:
            self.children.setdefault(int(fields["parent"]), set()).add(issue_id)

    def _comment(
        self,
        issue_id: str | int,
        author: str | None,
        body: str | Json,
        at: datetime | None,
        properties: tuple[Json, ...],
    ) -> str:
        with self.lock:
            issue, when = self.issues[int(issue_id)], self._at(at)
            new = Comment(self._new("comment"), when, when, author, body, properties)
            self._push(issue, when, comments=(*issue.latest.whole().comments, new))
            return str(new.id)

    def _comments(
        self, issue_id: str | int, at: datetime | None, change: Callable[[Comment, int], Comment | None]
    ) -> None:
        with self.lock:
            issue, when = self.issues[int(issue_id)], self._at(at)
            kept = [change(one, when) for one in issue.latest.whole().comments]
            self._push(issue, when, comments=tuple(one for one in kept if one))

    def _push(
        self,
        issue: Issue,
        when: int,
        fields: Json | None = None,
        histories: Iterable[History] = (),
        comments: tuple[Comment, ...] | None = None,
        links: tuple[Link, ...] | None = None,
        worklogs: tuple[Worklog, ...] | None = None,
        home: tuple[Project, int] | None = None,
        bump: bool = True,
    ) -> None:
        old = issue.latest
        content = old.whole()
        log = tuple(sorted((*content.histories, *histories), key=lambda one: (one.created, one.id)))
        whole = Content(
            content.fields if fields is None else fields,
            log,
            content.comments if comments is None else comments,
            content.links if links is None else links,
            content.worklogs if worklogs is None else worklogs,
        )
        project, number = home or (old.project, old.number)
        updated = max(when, old.updated) if bump else old.updated
        issue.versions.append(Version(issue, issue.id, project, number, old.created, updated, when, whole))
        old.ready.clear()
        for near in (*(link.other for link in whole.links), *self.children.get(issue.id, ())):
            if near in self.issues:  # they show this ticket's key, summary and status
                self.issues[near].latest.ready.clear()
        self.changes += 1


class Request(NamedTuple):
    """A line of the request log. Status 0: the connection was closed without an answer."""

    method: str
    path: str
    route: str
    query: dict[str, list[str]]
    body: Any
    at: float  # time.monotonic
    status: int


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: dict[str, str]
    cut: bool = False


@dataclass
class Call:
    """A request on its way."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    raw: bytes
    route: str = ""
    ident: str = ""  # of the issue
    name: str = ""  # of the property
    v3: bool = False
    by_gateway: bool = False
    known: bool = False  # asks in the account's name
    body: Any = None

    def text(self, name: str) -> str | None:
        return self.query[name][-1] if name in self.query else None

    def words(self, name: str) -> list[str] | None:
        """A list in a query: repeated, or with commas."""
        return [word.strip() for part in self.query[name] for word in part.split(",")] if name in self.query else None

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.text(name) or default)
        except ValueError:
            raise Refused(400, f"{name} must be a number") from None


class Refused(Exception):  # noqa: N818 - an answer, not a defect
    """An error that Jira answers."""

    def __init__(self, status: int, message: str = "", errors: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.errors = status, message, errors or {}


class _Drop(Exception):  # noqa: N818 - closes the connection without an answer
    pass


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # the end waits for them, so that no socket outlives its test
    request_queue_size = 256
    standin: "JiraStandIn"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients hang up when they like; what is wrong with the stand-in itself is kept in `errors`."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.standin._open.add(self.connection)

    def finish(self) -> None:
        self.server.standin._open.discard(self.connection)
        super().finish()

    def handle_one_request(self) -> None:
        """Lean on purpose: the base class's header parser alone takes longer than most answers here."""
        self.close_connection = True
        try:
            line = self.rfile.readline(65_537).decode("latin-1").split()
            if len(line) != 3:
                return
            headers = {}
            while (raw := self.rfile.readline(65_537)) not in (b"\r\n", b"\n", b""):
                name, _, value = raw.decode("latin-1").partition(":")
                headers[name.strip().lower()] = value.strip()
            if headers.get("expect"):
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = self.rfile.read(int(headers.get("content-length") or 0))
            answer = self.server.standin._serve(line[0], line[1], headers, body)
            if answer is None:
                return
            keep = headers.get("connection", "").lower() != "close" and not answer.cut
            told = {**answer.headers, "Connection": "keep-alive" if keep else "close"}
            if answer.status != 204:  # which may not tell a length
                told["Content-Length"] = str(len(answer.body))
            head = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in told.items())
            sent = answer.body[: len(answer.body) // 2] if answer.cut else answer.body
            self.wfile.write(head.encode("latin-1") + b"\r\n" + sent)
            self.close_connection = not keep
        except OSError:
            return


class JiraStandIn(Site):
    """The server. A client that signs in with `email` and `token` (Data Center: the token alone) is the account."""

    def __init__(
        self,
        kind: Kind = "cloud",
        account_zone: str = "UTC",
        latency: float = 0.0,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        super().__init__(kind, account_zone)
        self.latency = latency  # real seconds before each answer
        self.email, self.token = "sync@example.invalid", "token-1"
        self.requests: list[Request] = []
        self.counts: Counter[str] = Counter()  # METHOD route → requests
        self.errors: list[BaseException] = []  # the stand-in's own defects; raised at the end
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._stopping = threading.Event()
        self._remembered: OrderedDict[Any, Any] = OrderedDict()
        self._kept = 0  # bytes of ready-made JSON
        self._buckets: dict[str, list[float]] = {}  # tokens, filled at, blocked until
        self._served = self._epoch = self._failures = 0
        self._date: tuple[datetime | None, float, str] = (None, 0.0, "")
        self._routes = CLOUD_ROUTES if self.cloud else DATACENTER_ROUTES
        self._late: list[tuple[int, Call]] = []  # after how many requests, what is done then

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.standin = self
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
            # The handshake is left to the connection's own thread: one slow client must not stop all others.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.url = f"http{'s' if self._tls else ''}://127.0.0.1:{self._server.server_address[1]}"
        self.gateway = f"{self.url}{GATEWAY}"  # where Cloud takes tokens with scopes
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._thread.join()
        for one in list(self._open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # closed by the client meanwhile
        self._server.server_close()
        if self.errors and value is None:
            raise self.errors[0]

    def clear_log(self) -> None:
        self.requests.clear()
        self.counts.clear()

    @property
    def writes(self) -> list[Request]:
        """Requests that ask for a change, whatever became of them."""
        return [one for one in self.requests if f"{one.method} {one.route}" in WRITES]

    # From a request to its answer

    def _serve(self, method: str, target: str, headers: dict[str, str], raw: bytes) -> Answer | None:
        parts = urlsplit(target)
        call = Call(method, unquote(parts.path), parse_qs(parts.query, keep_blank_values=True), headers, raw)
        at = time.monotonic()
        self._route(call)
        answer: Answer | None = None
        tell = self.faults.on_request
        try:
            self._do_late()
            if tell:
                tell("before", f"{method} {call.route}")
            answer = self._answer(call)
            if tell:
                tell("after", f"{method} {call.route}")
        except _Drop:
            answer = None
        except Exception as error:  # noqa: BLE001 - a defect of the stand-in must not pass for a fault of Jira
            self.errors.append(error)
            answer = Answer(500, dumps({"errorMessages": [f"defect of the stand-in: {error!r}"]}), {})
        with self.faults.lock:
            self.requests.append(
                Request(method, call.path, call.route, call.query, call.body, at, answer.status if answer else 0)
            )
            self.counts[f"{method} {call.route}"] += 1
        return answer

    def _route(self, call: Call) -> None:
        call.by_gateway = self.cloud and call.path.startswith(f"{GATEWAY}/")
        call.path = call.path.removeprefix(GATEWAY) if call.by_gateway else call.path
        found = re.fullmatch(r"/rest/api/(2|3|latest)/(.+?)/?", call.path)
        if not found:
            call.route = call.path
            return
        call.v3 = self.cloud and found[1] != "2"
        parts = found[2].split("/")
        if parts[0] == "issue" and len(parts) > 1 and parts[1] != "bulkfetch":
            call.ident, call.name = parts[1], "/".join(parts[3:])
            call.route = "/".join(("issue", *parts[2:3]))
        else:
            call.route = found[2]
        if found[1] == "3" and not self.cloud:
            call.route = call.path  # Data Center has no v3

    def _answer(self, call: Call) -> Answer:
        faults, route = self.faults, (call.method, call.route)
        slow = faults.take(("slow",), *route)
        wait = self.latency + (slow.seconds if slow else 0.0)
        if wait > 0:
            self._stopping.wait(wait)
        strike = faults.take(("drop", "late", "fail", "html", "redirect"), *route)
        if strike and strike.kind == "late":
            call.known = True
            self._late.append((strike.status, call))
        if strike and strike.kind in ("drop", "late"):
            raise _Drop
        headers = {"Date": self._http_date(), "Content-Type": "application/json;charset=UTF-8"}
        if strike and strike.kind == "fail":
            headers |= {"Retry-After": strike.text} if strike.text is not None else {}
            return Answer(strike.status, self._error(call, Refused(strike.status, "Something went wrong.")), headers)
        if (strike and strike.kind == "html") or call.path.startswith("/login"):
            page = strike.text if strike and strike.text else LOGIN_PAGE
            return Answer(
                strike.status if strike else 200, page.encode(), {**headers, "Content-Type": "text/html;charset=UTF-8"}
            )
        if strike:
            return Answer(302, b"", {**headers, "Location": f"{self.url}/login?dest={call.path}"})
        refusal = self._sign_in(call, headers) or self._limit(call, headers)
        if refusal:
            return refusal
        if faults.touch_while_paging and self._goes_on(call):
            faults.touch_while_paging()
        try:
            status, body = self._dispatch(call)
        except Refused as error:
            status, body = error.status, self._error(call, error)
        if faults.nulls_left_out and body:
            body = dumps(_without_nulls(json.loads(body)))
        if faults.take(("drop_after",), *route):
            raise _Drop
        kind = faults.take(("type",), *route)
        if kind and kind.text:
            headers["Content-Type"] = kind.text
        return Answer(status, body, headers, cut=faults.take(("truncate",), *route) is not None)

    def _do_late(self) -> None:
        """What a dropped request asked for, once enough others have come."""
        with self.lock:
            due = [call for left, call in self._late if left <= 1]
            self._late = [(left - 1, call) for left, call in self._late if left > 1]
            for call in due:
                self._dispatch(call)

    def _dispatch(self, call: Call) -> tuple[int, bytes]:
        if self.cloud and call.route in self.faults.gone_410:
            raise Refused(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")
        run = self._routes.get((call.method, call.route))
        if not run:
            known = {method for method, route in self._routes if route == call.route}
            raise Refused(405 if known else 404, f"null for uri: {self.url}{call.path}")
        if call.method != "GET":
            if "json" not in call.headers.get("content-type", ""):
                raise Refused(415, "Unsupported Media Type")
            try:
                call.body = json.loads(call.raw)
            except ValueError:
                raise Refused(
                    400, "Invalid request payload. Refer to the REST API documentation and try again."
                ) from None
        with self.lock:
            return run(self, call)

    def _error(self, call: Call, error: Refused) -> bytes:
        english = call.headers.get("x-force-accept-language") == "true" and call.headers.get(
            "accept-language", ""
        ).startswith("en")
        messages, errors = [error.message] if error.message else [], error.errors
        if self.faults.localised_errors and not english:
            messages = ["Die Anforderung konnte nicht verarbeitet werden." for _ in messages]
            errors = dict.fromkeys(errors, "Der Wert ist ungültig.")
        return dumps({"errorMessages": messages, "errors": errors})

    def _http_date(self, ahead: float = 0.0) -> str:
        now, skew = self.now, self.faults.clock_skew
        if ahead or self._date[:2] != (now, skew):
            text = format_datetime(utc(now + timedelta(seconds=skew + ahead)), usegmt=True)
            if ahead:
                return text
            self._date = (now, skew, text)
        return self._date[2]

    def _goes_on(self, call: Call) -> bool:
        inside = json.loads(call.raw) if call.method == "POST" and call.raw[:1] == b"{" else {}
        given = {name: call.text(name) or inside.get(name) for name in ("nextPageToken", "startAt")}
        return bool(given["nextPageToken"]) or str(given["startAt"] or 0) != "0"

    def _sign_in(self, call: Call, headers: dict[str, str]) -> Answer | None:
        told = call.headers.get("authorization")
        pair = base64.b64encode(f"{self.email}:{self.token}".encode()).decode()
        call.known = told == (f"Basic {pair}" if self.cloud else f"Bearer {self.token}")
        call.known = call.known and (call.by_gateway or not self.faults.token_has_scopes)
        if call.known and self.faults.token_expires_after is not None:
            with self.faults.lock:
                call.known = self.faults.token_expires_after > 0
                self.faults.token_expires_after -= call.known
        if self.cloud:
            if told and not call.known:
                headers["X-Seraph-LoginReason"] = "AUTHENTICATED_FAILED"
            return None
        most = self.faults.captcha_after_failures
        if self.faults.captcha or (most is not None and self._failures >= most):
            headers["X-Seraph-LoginReason"] = "AUTHENTICATION_DENIED"
            headers["X-Authentication-Denied-Reason"] = f"CAPTCHA_CHALLENGE; login-url={self.url}/login.jsp"
            return Answer(403, LOGIN_PAGE.encode(), {**headers, "Content-Type": "text/html;charset=UTF-8"})
        headers["X-Seraph-LoginReason"] = "OK" if call.known else "AUTHENTICATED_FAILED"
        if call.known or call.route == "serverInfo":
            return None
        self._failures += 1
        headers["WWW-Authenticate"] = 'OAuth realm="jira"'
        return Answer(401, self._error(call, Refused(401, "You are not authenticated.")), headers)

    def _limit(self, call: Call, headers: dict[str, str]) -> Answer | None:
        """Token bucket in real time; v2 and v3 share it. Strangers are neither counted nor told."""
        if not call.known:
            return None
        faults, name = self.faults, f"{call.method} {call.route}"
        if faults.rate_limit is None:
            bucket, quota = QUOTAS.get(name, (350, 100))
            self._told(headers, bucket, bucket - 1, quota)
            return None
        bucket, rate, now = faults.rate_burst or max(1, int(faults.rate_limit)), faults.rate_limit, time.monotonic()
        with faults.lock:
            state = self._buckets.setdefault(name, [float(bucket), now, 0.0])
            state[0], state[1] = min(bucket, state[0] + (now - state[1]) * rate), now
            blocked = state[2] > now
            if state[0] >= 1 and not blocked:
                state[0] -= 1
                self._told(headers, bucket, int(state[0]), rate)
                return None
            wait = state[2] - now if blocked else (1 - state[0]) / rate
            if faults.retry_after_seconds is not None and (not blocked or faults.early_retry_lengthens):
                wait = faults.retry_after_seconds
                state[2] = now + wait
        self._told(headers, bucket, 0, rate)
        headers.pop("retry-after", None)
        forms = {
            "seconds": str(max(1, ceil(wait))),
            "float": f"{wait:.3f}",
            "zero": "0",
            "http_date": self._http_date(max(1, ceil(wait))),
        }
        if faults.retry_after in forms:
            headers["Retry-After"] = forms[faults.retry_after]
        if faults.retry_after != "none" and self.cloud:
            end = self.now + timedelta(seconds=faults.clock_skew + wait)
            minute = end.replace(second=0, microsecond=0) + timedelta(
                minutes=1
            )  # rounded up: earlier would be refused again
            headers["X-RateLimit-Reset"] = minute.strftime("%Y-%m-%dT%H:%MZ")
            headers |= {"RateLimit-Reason": faults.rate_limit_reason, "X-RateLimit-NearLimit": "true"}
        return Answer(429, self._error(call, Refused(429, "Rate limit exceeded.")), headers)

    def _told(self, headers: dict[str, str], bucket: int, left: int, rate: float) -> None:
        if self.cloud:
            headers |= {"x-ratelimit-limit": str(bucket), "x-ratelimit-remaining": str(left)}
            headers["ratelimit"] = f'"jira-burst-based";r={left};t=1'
            headers["ratelimit-policy"] = f'"jira-burst-based";q={rate:g};w=1'
        else:
            headers |= {
                "X-RateLimit-Limit": str(bucket),
                "X-RateLimit-Remaining": str(left),
                "X-RateLimit-Interval-Seconds": "1",
            }
            headers |= {"X-RateLimit-FillRate": f"{rate:g}", "retry-after": "0"}

    # Search

    def _view(self, call: Call) -> View:
        faults, many = self.faults, 1 << 30
        histories, comments = (faults.inline_changelog_cap, faults.inline_comment_cap) if self.cloud else (many, many)
        caps = (histories, comments, faults.inline_worklog_cap)
        return View(self.cloud, call.v3, self.url, self._zone, faults.missing_author_as, *caps, self.seen)

    def _remember(self, key: Any, make: Callable[[], Any]) -> Any:
        if key in self._remembered:
            self._remembered.move_to_end(key)
            return self._remembered[key]
        self._remembered[key] = made = make()
        if len(self._remembered) > 16:
            self._remembered.popitem(last=False)
        return made

    def _query(self, jql: object, strict: bool = True) -> Query:
        if not isinstance(jql, str):
            jql = ""
        try:
            query = parse(jql, self, self._zone, millis(self.now), strict)
        except JqlError as error:
            raise Refused(400, str(error)) from None
        if self.cloud and not query.where:
            raise Refused(
                400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
            )
        return query

    def _found(
        self, jql: object, query: Query, reconcile: frozenset[int] = frozenset()
    ) -> tuple[list[Rank], list[Version]]:
        """All that the index holds for a query, in order."""
        faults = self.faults
        timed = self.now if query.moves or faults.index_lag else None
        hidden = (frozenset(faults.forbidden_projects), frozenset(faults.never_indexed), faults.index_lag)
        key = ("search", jql, self.changes, self._zone, timed, hidden, reconcile)

        def make() -> tuple[list[Rank], list[Version]]:
            seen = {one for one in self.projects.values() if self.sees_project(one)}
            limit = millis(self.now) - int(faults.index_lag * 1000)
            where, found = query.where, list[tuple[Rank, Version]]()
            for issue in self.issues.values():
                row: Version | None = issue.versions[-1]
                if issue.hidden or issue.versions[-1].project not in seen:
                    continue
                if issue.id not in reconcile:
                    if faults.index_lag:
                        row = next((one for one in reversed(issue.versions) if one.applied <= limit), None)
                    if faults.never_indexed and str(issue.id) in faults.never_indexed:
                        row = None
                if row and (where is None or where(row)):
                    found.append((query.rank(row), row))
            found.sort(key=lambda pair: pair[0])
            return [rank for rank, _ in found], [row for _, row in found]

        return cast("tuple[list[Rank], list[Version]]", self._remember(key, make))

    def _issue(
        self,
        row: Version,
        view: View,
        fields: frozenset[str],
        expand: Iterable[str] = (),
        properties: Sequence[str] = (),
    ) -> bytes:
        """A ticket as JSON, ready-made where it was asked for before."""
        log = "changelog" in expand
        key = (view, fields, log)
        body = row.ready.get(key)
        if body is None:
            api = 3 if view.documents else 2
            whole: Json = {
                "expand": "changelog",
                "id": str(row.id),
                "self": f"{view.url}/rest/api/{api}/issue/{row.id}",
                "key": row.key,
            }
            if not fields <= {"id", "key"}:
                shown = fields_json(row, self.names, view, self.find)
                whole["fields"] = {name: value for name, value in shown.items() if name in fields}
            body = dumps(whole)
            if log:
                body = body[:-1] + b',"changelog":' + self._changelog(row, view) + b"}"
            self._keep(row, key, body, len(body))
        if properties:
            held = {name: row.issue.properties[name] for name in properties if name in row.issue.properties}
            return cast("bytes", body)[:-1] + b',"properties":' + dumps(held) + b"}"
        return cast("bytes", body)

    def _keep(self, row: Version, key: Any, made: Any, size: int) -> None:
        if self._kept < MOST_KEPT:
            self._kept += size
            row.ready[key] = made

    def _changelog(self, row: Version, view: View) -> bytes:
        histories = row.whole().histories
        shown = histories[::-1][: view.most_histories] if view.cloud else histories  # Cloud: newest first
        parts = [history_json(one, view, stamp(one.created, view.zone)) for one in shown]
        head = f'{{"startAt":0,"maxResults":{len(parts)},"total":{len(histories)},"histories":['
        return head.encode() + b",".join(parts) + b"]}"

    def _members(self, call: Call, allowed: set[str]) -> Json:
        if not isinstance(call.body, dict) or not set(call.body) <= allowed:
            raise Refused(400, "Invalid request payload. Refer to the REST API documentation and try again.")
        for name, kind in (
            ("jql", str),
            ("fields", list),
            ("properties", list),
            ("nextPageToken", str),
            ("issueIdsOrKeys", list),
        ):
            if call.body.get(name) is not None and not isinstance(call.body[name], kind):
                raise Refused(400, f"Invalid request payload: {name}")
        return call.body

    def _search_jql(self, call: Call) -> tuple[int, bytes]:
        if call.method == "POST":
            given = dict(self._members(call, SEARCH_MEMBERS))
            if not isinstance(given.get("expand", ""), str):
                raise Refused(400, "expand must be a text here")
        else:
            given = {name: call.text(name) for name in ("jql", "nextPageToken", "expand") if name in call.query}
            given |= {name: call.words(name) for name in ("fields", "properties") if name in call.query}
            if "maxResults" in call.query:
                given["maxResults"] = call.number("maxResults", 0)
            if "reconcileIssues" in call.query:
                given["reconcileIssues"] = [int(one) for one in call.words("reconcileIssues") or () if one.isdecimal()]
        most, reconcile = given.get("maxResults", 50), given.get("reconcileIssues", [])
        if type(most) is not int or not 1 <= most <= MOST_IDS:
            raise Refused(400, f"The maxResults must be between 1 and {MOST_IDS}")
        if not isinstance(reconcile, list) or len(reconcile) > 50 or any(type(one) is not int for one in reconcile):
            raise Refused(400, "reconcileIssues takes at most 50 ids")
        jql, token = given.get("jql"), given.get("nextPageToken")
        query = self._query(jql, strict=call.known and self.faults.strict_ids)
        if not self.faults.strict_ids and call.known:
            self._projects_exist(query)
        if not call.known:
            return 200, b'{"issues":[],"isLast":true}'
        after, held = self._after(token, jql) if token else (None, None)
        fields, expand = (
            chosen(given.get("fields") or ["id"], "id", self.names.fields),
            (given.get("expand") or "").split(","),
        )
        size = min(most, self.faults.page_cap) if not fields <= {"id", "key"} or "changelog" in expand else most
        ranks, rows = self._found(jql, query, frozenset(reconcile))
        start = bisect_right(ranks, after) if after else 0
        end = start + min(size, self.faults.short_pages or size)
        if self.faults.empty_page_with_token > 0 and start < len(rows):
            self.faults.empty_page_with_token -= 1
            end = start
        more = end < len(rows)
        following = self._token(jql, ranks[end - 1] if end else None) if more else None
        if held and self.faults.repeat_token:
            following = held
        view = self._view(call)
        parts = [self._issue(row, view, fields, expand, given.get("properties") or ()) for row in rows[start:end]]
        tail: Json = {"isLast": {"true": True, "false": False}.get(self.faults.is_last_lies or "", following is None)}
        if self.faults.is_last_lies == "absent":
            del tail["isLast"]
        if following or self.faults.last_token_null:
            tail["nextPageToken"] = following
        if "names" in expand:
            tail["names"] = {name: kind.name for name, kind in self.names.fields.items() if name in fields}
        return 200, _page("issues", parts, tail)

    def _projects_exist(self, query: Query) -> None:
        """Unknown projects fail the query also where unknown ids do not."""
        lost = [text for text in query.warnings if "'project'" in text]
        if lost:
            raise Refused(400, lost[0])

    def _token(self, jql: object, after: Sequence[object] | None) -> str:
        self._served += 1  # so that no two tokens are the same
        held = [zlib.crc32(str(jql).encode()), after, millis(self.now), self._epoch, self._served]
        return base64.urlsafe_b64encode(dumps(held)).decode()

    def _after(self, token: str, asked: object) -> tuple[tuple[int, ...] | None, str]:
        """The place that a token stands for. It leads to what comes behind that place now, not to what came then."""
        if self.faults.token_400_after is not None:
            self.faults.token_400_after -= 1
            if self.faults.token_400_after < 0:
                self.faults.token_400_after, self._epoch = None, self._epoch + 1
        try:
            mark, after, born, epoch, _ = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            raise Refused(400, "The provided next page token is invalid.") from None
        age = millis(self.now) - born
        if mark != zlib.crc32(str(asked).encode()) or epoch != self._epoch or age > self.faults.token_lifetime * 1000:
            raise Refused(400, "The provided next page token is invalid or expired.")
        return (tuple(after) if after is not None else None), token

    def _count(self, call: Call) -> tuple[int, bytes]:
        jql = self._members(call, {"jql"}).get("jql")
        query = self._query(jql, strict=call.known)
        return 200, dumps({"count": len(self._found(jql, query)[0]) if call.known else 0})

    def _old_search(self, call: Call) -> tuple[int, bytes]:
        if call.method == "POST":
            given = dict(self._members(call, OLD_SEARCH_MEMBERS))
        else:
            given = {name: call.text(name) for name in ("jql", "validateQuery") if name in call.query}
            given |= {name: call.words(name) for name in ("fields", "expand", "properties") if name in call.query}
            given |= {name: call.number(name, 0) for name in ("startAt", "maxResults") if name in call.query}
        start, most = given.get("startAt", 0), given.get("maxResults", 50)
        if type(start) is not int or type(most) is not int or start < 0:
            raise Refused(400, "startAt and maxResults must be numbers")
        strict = str(given.get("validateQuery", True)).lower() not in ("false", "none", "warn")
        query = self._query(given.get("jql"), strict=strict and self.faults.strict_ids)
        if strict and not self.faults.strict_ids:
            self._projects_exist(query)
        size = min(most, self.faults.dc_page_cap) if most >= 0 else self.faults.dc_page_cap
        window, end = self.faults.window, start + min(size, self.faults.short_pages or size)
        if end > window and self.faults.window_10000_behaviour == "error":
            text = f"Search limit exceeded. The search asks for {end} results, which is over the limit of {window}."
            raise Refused(500, text)
        rows = self._found(given.get("jql"), query)[1]
        if self.faults.empty_page_with_token > 0 and start < len(rows):
            self.faults.empty_page_with_token -= 1
            end = start
        view, expand = self._view(call), given.get("expand") or ()
        fields = chosen(given.get("fields") or ["*navigable"], "*navigable", self.names.fields)
        parts = [
            self._issue(row, view, fields, expand, given.get("properties") or ())
            for row in rows[start : min(end, window)]
        ]
        tail: Json = {"expand": "schema,names", "startAt": start, "maxResults": size, "total": len(rows)}
        if "names" in expand:
            tail["names"] = {name: kind.name for name, kind in self.names.fields.items() if name in fields}
        return 200, _page("issues", parts, tail | ({"warningMessages": query.warnings} if query.warnings else {}))

    # Many tickets at once

    def _asked(self, given: Json, most: int) -> list[Version]:
        names = given.get("issueIdsOrKeys")
        if not names or len(names) > most or any(not isinstance(one, str) for one in names):
            raise Refused(400, f"Between 1 and {most} issue ids or keys are needed")
        found = {row.id: row for one in names if (row := self.row_named(one))}
        return [found[ident] for ident in sorted(found)]

    def _bulk_fetch(self, call: Call) -> tuple[int, bytes]:
        given, faults = self._members(call, BULK_MEMBERS), self.faults
        if not isinstance(given.get("expand") or [], list):
            raise Refused(400, "expand must be a list here")
        rows = self._asked(given, 100) if call.known else []
        view, fields = self._view(call), chosen(given.get("fields") or ["*navigable"], "*navigable", self.names.fields)
        parts, broken = [], []
        for row in rows:
            ident = str(row.id)
            if ident in faults.bulkfetch_errors:
                broken.append({"id": ident, "errorMessage": "The issue could not be fetched."})
            elif ident not in faults.bulkfetch_missing:
                shown = row.issue.versions[-2] if ident in faults.serve_stale and len(row.issue.versions) > 1 else row
                parts.append(self._issue(shown, view, fields, given.get("expand") or (), given.get("properties") or ()))
        return 200, _page("issues", parts, {"issueErrors": broken})

    def _bulk_changelog(self, call: Call) -> tuple[int, bytes]:
        given, faults = self._members(call, LOG_MEMBERS), self.faults
        rows = self._asked(given, 1000) if call.known else []
        most, wanted = given.get("maxResults", 1000), given.get("fieldIds") or []
        if type(most) is not int or not 1 <= most <= 10_000 or not isinstance(wanted, list) or len(wanted) > 10:
            raise Refused(400, "maxResults must be between 1 and 10000, and fieldIds at most 10")
        rows = [row for row in rows if str(row.id) not in faults.changelog_missing]
        asked = [sorted(str(one) for one in given["issueIdsOrKeys"]), sorted(wanted)]
        after, _ = self._after(given["nextPageToken"], asked) if given.get("nextPageToken") else (None, None)
        view, form = self._view(call), faults.changelog_created_as

        def make() -> list[tuple[tuple[int, int, int], bytes]]:
            return sorted(part for row in rows for part in self._log_parts(row, view, form, tuple(wanted)))

        key = ("changelog", tuple(row.id for row in rows), self.changes, view, form, tuple(wanted))
        parts = cast("list[tuple[tuple[int, int, int], bytes]]", self._remember(key, make))
        start = bisect_right(parts, tuple(after), key=lambda part: part[0]) if after else 0
        page = parts[start : start + min(most, faults.changelog_page_size or most)]
        groups: dict[int, list[bytes]] = {}
        for (_, ident, _), body in page:
            groups.setdefault(ident, []).append(body)
        shown = [
            f'{{"issueId":"{ident}","changeHistories":['.encode() + b",".join(some) + b"]}"
            for ident, some in groups.items()
        ]
        more = start + len(page) < len(parts)
        tail: Json = {"nextPageToken": self._token(asked, page[-1][0])} if more else {}
        return 200, _page("issueChangeLogs", shown, tail)

    def _log_parts(
        self, row: Version, view: View, form: str, wanted: tuple[str, ...]
    ) -> list[tuple[tuple[int, int, int], bytes]]:
        key = ("log", view, form, wanted)
        if key in row.ready:
            return cast("list[tuple[tuple[int, int, int], bytes]]", row.ready[key])
        made = []
        for one in row.whole().histories:
            items = tuple(item for item in one.items if item.get("fieldId") in wanted) if wanted else one.items
            if items:
                created = {"int": one.created, "int_seconds": one.created // 1000}.get(
                    form, stamp(one.created, view.zone)
                )
                made.append(((one.created, row.id, one.id), history_json(one._replace(items=items), view, created)))
        self._keep(row, key, made, sum(len(body) + 200 for _, body in made))
        return made

    # One ticket

    def _row(self, call: Call) -> Version:
        row = self.row_named(call.ident) if call.known else None
        if not row:
            raise Refused(404, NOTHING_THERE)
        return row

    def _get_issue(self, call: Call) -> tuple[int, bytes]:
        row, fields = self._row(call), chosen(call.words("fields") or ["*all"], "*all", self.names.fields)
        return 200, self._issue(
            row, self._view(call), fields, call.words("expand") or (), call.words("properties") or ()
        )

    def _get_changelog(self, call: Call) -> tuple[int, bytes]:
        histories, view = self._row(call).whole().histories, self._view(call)
        start, size = max(0, call.number("startAt", 0)), min(100, max(1, call.number("maxResults", 100)))
        page = [history_json(one, view, stamp(one.created, view.zone)) for one in histories[start : start + size]]
        tail: Json = {
            "startAt": start,
            "maxResults": size,
            "total": len(histories),
            "isLast": start + size >= len(histories),
        }
        return 200, _page("values", page, {"self": f"{self.url}{call.path}", **tail})

    def _get_comments(self, call: Call) -> tuple[int, bytes]:
        order = call.text("orderBy")
        if order not in (None, "created", "+created", "-created"):  # before anything else: 400 even for a missing issue
            raise Refused(400, f"The orderBy value '{order}' is not supported.")
        row, view = self._row(call), self._view(call)
        said = row.whole().comments[:: -1 if order == "-created" else 1]
        start, most = max(0, call.number("startAt", 0)), call.number("maxResults", 100 if self.cloud else 1 << 20)
        size = min(max(1, most), self.faults.comment_page_cap) if self.cloud else most
        more = "properties" in (call.words("expand") or ())
        page = [dumps(comment_json(one, row.id, view, more)) for one in said[start : start + size]]
        return 200, _page("comments", page, {"startAt": start, "maxResults": size, "total": len(said)})

    def _get_worklogs(self, call: Call) -> tuple[int, bytes]:
        row, view = self._row(call), self._view(call)
        logged = sorted(row.whole().worklogs, key=lambda one: (one.created, one.id))
        start, size = 0, len(logged)
        if self.cloud:
            start = max(0, call.number("startAt", 0))
            size = min(max(1, call.number("maxResults", 5000)), self.faults.worklog_page_cap)
        page = [dumps(worklog_json(one, row.id, view)) for one in logged[start : start + size]]
        return 200, _page("worklogs", page, {"startAt": start, "maxResults": size, "total": len(logged)})

    def _post_comment(self, call: Call) -> tuple[int, bytes]:
        row, given = self._row(call), call.body
        if "ADD_COMMENTS" in self.faults.lacks:  # the document knows no 403 here
            text = "you do not have the permission to comment on this issue."
            raise Refused(400 if self.cloud else 403, errors={"comment": text})
        body = given.get("body") if isinstance(given, dict) else None
        if not (is_document(body) if call.v3 else isinstance(body, str) and body.strip()):
            raise Refused(400, errors={"comment": "Comment body is not valid!"})
        self._comment(row.id, self.account, cast("str | Json", body), None, tuple(given.get("properties") or ()))
        if self.faults.drop_after_post > 0:
            self.faults.drop_after_post -= 1
            raise _Drop
        new = self.issues[row.id].latest.whole().comments[-1]
        return 201, dumps(comment_json(new, row.id, self._view(call)))

    def _get_remote_links(self, call: Call) -> tuple[int, bytes]:
        row = self._row(call)
        start = f"{self.url}/rest/api/{3 if call.v3 else 2}/issue/{row.key}/remotelink/"
        return 200, dumps([{**one, "self": f"{start}{one['id']}", "application": {}} for one in row.issue.remote_links])

    def _put_issue(self, call: Call) -> tuple[int, bytes]:
        row, given = self._row(call), call.body if isinstance(call.body, dict) else {}
        changes, update = dict(given.get("fields") or {}), given.get("update") or {}
        if not self.cloud and "EDIT_ISSUES" in self.faults.lacks:
            raise Refused(403, "You do not have permission to edit issues in this project.")
        if hidden := [name for name in (*changes, *update) if name not in self._editable()]:
            text = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."
            raise Refused(400, errors={name: text.format(name) for name in hidden})
        if (odd := [name for name in (*changes, *update) if name not in ("labels", "summary")]) or set(changes) & set(
            update
        ):
            raise Refused(400, errors={name: f"Field '{name}' cannot be set." for name in odd or update})
        labels = list(row.whole().fields.get("labels") or ())
        for step in update.get("labels") or ():
            for verb, value in step.items():
                if verb == "set":
                    labels = list(value)
                elif verb == "add" and value not in labels:
                    labels.append(value)
                elif verb == "remove":
                    labels = [one for one in labels if one != value]
        if "labels" in update:
            changes["labels"] = labels
        if any(not isinstance(one, str) or " " in one for one in changes.get("labels") or ()):
            raise Refused(400, errors={"labels": "The label contains spaces which is invalid."})
        self.edit(row.id, author=self.account, **changes)
        return 204, b""

    def _editable(self) -> set[str]:
        return set() if "EDIT_ISSUES" in self.faults.lacks else {"labels", "summary"} - self.faults.not_on_screen

    def _edit_meta(self, call: Call) -> tuple[int, bytes]:
        self._row(call)
        ways = {"labels": ["add", "set", "remove"], "summary": ["set"]}
        told = {
            name: {"required": name == "summary", "name": SYSTEM[name][0], "key": name, "operations": ways[name]}
            | {"schema": {"type": SYSTEM[name][1], "system": name} | ({"items": "string"} if name == "labels" else {})}
            for name in sorted(self._editable())
        }
        return 200, dumps({"fields": told})

    def _property(self, call: Call) -> tuple[int, bytes]:
        held = self._row(call).issue.properties
        if call.method == "GET":
            if call.name not in held:
                raise Refused(404, f"The property with key '{call.name}' does not exist.")
            return 200, dumps({"key": call.name, "value": held[call.name]})
        if len(call.name) > 255 or len(call.raw) > 32_768:
            raise Refused(400, "The property's key or value is too long.")
        new = call.name not in held
        held[call.name] = call.body  # `updated` stays
        return 201 if new else 200, b"{}"

    # The site

    def _server_info(self, call: Call) -> tuple[int, bytes]:
        now = stamp(millis(self.now), self._zone) if call.known else None
        return 200, dumps(server_info(self._view(call), "Stand-in", now))

    def _myself(self, call: Call) -> tuple[int, bytes]:
        if not call.known:
            raise Refused(401, "Client must be authenticated to access this resource.")
        name = "someone-else" if self.faults.other_account else self.account
        return 200, dumps(
            person(name, self._view(call))
            | {"timeZone": self.account_zone, "emailAddress": self.email, "locale": "en_US"}
        )

    def _fields(self, call: Call) -> tuple[int, bytes]:
        kinds = (one for one in self.names.fields.values() if not one.trashed and (call.known or one.id in SYSTEM))
        return 200, dumps([kind.json(self.cloud) for kind in kinds])

    def _statuses(self, call: Call) -> tuple[int, bytes]:
        view = self._view(call)
        return 200, dumps([self.names.status(name, view) for name in self.names.categories] if call.known else [])

    def _visible_projects(self, call: Call, states: Iterable[str]) -> list[Project]:
        forbidden = self.faults.forbidden_projects
        found = (p for p in self.projects.values() if p.state in states and not p.hidden and p.key not in forbidden)
        return sorted(found, key=lambda one: one.key) if call.known else []

    def _project_search(self, call: Call) -> tuple[int, bytes]:
        states = call.words("status") or ["live"]
        if not set(states) <= {"live", "archived", "deleted"}:
            raise Refused(400, "status must be live, archived or deleted")
        found, view = self._visible_projects(call, states), self._view(call)
        found = [
            p
            for p in found
            if p.key in (call.words("keys") or [p.key]) and str(p.id) in (call.words("id") or [str(p.id)])
        ]
        start, size = (
            max(0, call.number("startAt", 0)),
            min(max(1, call.number("maxResults", 50)), self.faults.project_page_cap),
        )
        tail: Json = {"self": f"{self.url}{call.path}", "startAt": start, "maxResults": size, "total": len(found)}
        last = start + size >= len(found)
        if not last:
            tail["nextPage"] = (
                f"{self.url}{call.path}?startAt={start + size}&maxResults={size}&status={','.join(states)}"
            )
        parts = [dumps(project_json(one, view)) for one in found[start : start + size]]
        return 200, _page("values", parts, {**tail, "isLast": last})

    def _project_list(self, call: Call) -> tuple[int, bytes]:
        states = ("live", "archived") if call.text("includeArchived") == "true" else ("live",)
        return 200, dumps([project_json(one, self._view(call)) for one in self._visible_projects(call, states)])

    def _permissions(self, call: Call) -> tuple[int, bytes]:
        asked = call.words("permissions") or ([] if self.cloud else list(PERMISSIONS))
        if not asked or not set(asked) <= set(PERMISSIONS):
            raise Refused(400, "The 'permissions' query parameter is required and must name permissions.")
        ticket = call.text("issueId") or call.text("issueKey")
        if ticket and not (call.known and self.row_named(ticket)):
            raise Refused(404, NOTHING_THERE)
        here = call.text("projectKey") or call.text("projectId")
        if here and not self.project_named(here):
            raise Refused(404, f"No project could be found with key '{here}'.")
        told = {
            name: {
                "id": str(n),
                "key": name,
                "name": name.replace("_", " ").title(),
                "type": "GLOBAL" if name == "ADMINISTER" else "PROJECT",
                "description": "",
                "havePermission": call.known and name != "ADMINISTER" and name not in self.faults.lacks,
            }
            for n, name in enumerate(PERMISSIONS, 10)
            if name in asked
        }
        return 200, dumps({"permissions": told})


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(part) for name, part in value.items() if part is not None}
    return [_without_nulls(part) for part in value] if isinstance(value, list) else value


def _page(name: str, parts: Iterable[bytes], tail: Json) -> bytes:
    """An object with a list of ready-made JSON."""
    rest = dumps(tail)[1:-1]
    return f'{{"{name}":['.encode() + b",".join(parts) + b"]" + (b"," + rest if rest else b"") + b"}"


Run = Callable[[JiraStandIn, Call], tuple[int, bytes]]
BOTH: dict[tuple[str, str], Run] = {
    ("GET", "serverInfo"): JiraStandIn._server_info,
    ("GET", "myself"): JiraStandIn._myself,
    ("GET", "field"): JiraStandIn._fields,
    ("GET", "status"): JiraStandIn._statuses,
    ("GET", "project"): JiraStandIn._project_list,
    ("GET", "mypermissions"): JiraStandIn._permissions,
    ("GET", "issue"): JiraStandIn._get_issue,
    ("PUT", "issue"): JiraStandIn._put_issue,
    ("GET", "issue/editmeta"): JiraStandIn._edit_meta,
    ("GET", "issue/comment"): JiraStandIn._get_comments,
    ("POST", "issue/comment"): JiraStandIn._post_comment,
    ("GET", "issue/worklog"): JiraStandIn._get_worklogs,
    ("GET", "issue/remotelink"): JiraStandIn._get_remote_links,
    ("GET", "issue/properties"): JiraStandIn._property,
    ("PUT", "issue/properties"): JiraStandIn._property,
}
CLOUD_ROUTES: dict[tuple[str, str], Run] = {
    **BOTH,
    ("GET", "project/search"): JiraStandIn._project_search,
    ("GET", "search/jql"): JiraStandIn._search_jql,
    ("POST", "search/jql"): JiraStandIn._search_jql,
    ("POST", "search/approximate-count"): JiraStandIn._count,
    ("POST", "issue/bulkfetch"): JiraStandIn._bulk_fetch,
    ("POST", "changelog/bulkfetch"): JiraStandIn._bulk_changelog,
    ("GET", "issue/changelog"): JiraStandIn._get_changelog,
}
DATACENTER_ROUTES: dict[tuple[str, str], Run] = {
    **BOTH,
    ("GET", "search"): JiraStandIn._old_search,
    ("POST", "search"): JiraStandIn._old_search,
}
