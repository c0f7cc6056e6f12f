"""What the weekly meeting decided: taken over from Jira, or given by a person, into `state.actions`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from analysis.warehouse import Warehouse

Row = dict[str, Any]


@dataclass(frozen=True)
class Action:
    """An action as a person tells it; times are naive UTC."""

    action_id: str
    summary: str
    target: str | None
    status: str
    decided_at: datetime
    done_at: datetime | None


# What turned after the newest event is told in order; what was true already and is told otherwise now (its key, its
# summary, what site.toml makes of its status), once.
NEW_TURNS = """
    insert into state.actions
        (run_id, recorded_at, effective_at, action_id, summary, target, status, source, issue_id, decided_at, done_at)
    with last as (
        select * from state.actions where source = 'jira'
        qualify row_number() over (partition by issue_id order by event_id desc) = 1
    )
    select ?, ?, j.changed_at, j.action_id, j.summary, j.target, j.status, 'jira', j.issue_id, j.decided_at, j.done_at
    from core.jira_actions j
    left join last l using (issue_id)
    where l.issue_id is null or j.changed_at > l.effective_at
        or j.is_latest and (j.action_id, j.summary, j.target, j.status, j.decided_at, j.done_at)
            is distinct from (l.action_id, l.summary, l.target, l.status, l.decided_at, l.done_at)
    order by j.changed_at, j.issue_id, j.turn_no
"""
# An issue that lost its label, was deleted, or whose label site.toml no longer names.
NO_LONGER = """
    insert into state.actions
        (run_id, recorded_at, effective_at, action_id, summary, target, status, source, issue_id, decided_at)
    with last as (
        select * from state.actions where source = 'jira'
        qualify row_number() over (partition by issue_id order by event_id desc) = 1
    ),
    rule as (
        select list(value) as words from core.word_rules where kind = 'not_ticket_label'
    ),
    unlabelled as (
        select c.issue_id, max(c.changed_at) as changed_at
        from core.changes c
        cross join rule r
        where lower(coalesce(c.field_id, c.field_name)) = 'labels'
            and list_has_any(r.words, string_split(lower(coalesce(c.from_text, '')), ' '))
            and not list_has_any(r.words, string_split(lower(coalesce(c.to_text, '')), ' '))
        group by c.issue_id
    )
    select ?, ?,
        coalesce(case when f.presence in ('deleted', 'out_of_scope') then f.presence_since end, u.changed_at, ?),
        l.action_id, l.summary, l.target, 'dropped', 'jira', l.issue_id, l.decided_at
    from last l
    anti join core.jira_actions using (issue_id)
    left join core.ticket_facts f using (issue_id)
    left join unlabelled u using (issue_id)
    where l.status <> 'dropped'
    order by l.issue_id
"""
# One that comes as done was open until then.
OPENED = """
    insert into state.actions
        (run_id, recorded_at, effective_at, action_id, summary, target, status, source, decided_at)
    select ?, ?, a.decided_at, a.action_id, a.summary, a.target, 'open', 'csv', a.decided_at
    from (select unnest(?::struct(action_id varchar, summary varchar, target varchar, status varchar,
        decided_at timestamp, done_at timestamp)[]) as a)
    where a.status = 'done' and a.action_id not in (select action_id from state.actions where source = 'csv')
    order by a.decided_at, a.action_id
"""
TOLD = """
    insert into state.actions
        (run_id, recorded_at, effective_at, action_id, summary, target, status, source, decided_at, done_at)
    with last as (
        select * from state.actions where source = 'csv'
        qualify row_number() over (partition by action_id order by event_id desc) = 1
    )
    select ?, ?, coalesce(a.done_at, case when l.action_id is null then a.decided_at else ? end),
        a.action_id, a.summary, a.target, a.status, 'csv', a.decided_at, a.done_at
    from (select unnest(?::struct(action_id varchar, summary varchar, target varchar, status varchar,
        decided_at timestamp, done_at timestamp)[]) as a)
    left join last l on l.action_id = a.action_id
    where (a.summary, a.target, a.status, a.decided_at, a.done_at)
        is distinct from (l.summary, l.target, l.status, l.decided_at, l.done_at)
    order by a.decided_at, a.action_id
"""
ACTIONS = (
    *("action_id", "summary", "target", "is_target_known", "status", "source", "decided_at", "decided_date"),
    *("done_at", "done_date", "recorded_at"),
)
EFFECTS = (
    *("action_id", "done_week", "n_weeks_before", "n_weeks_since", "n_before", "n_since", "rate_before", "rate_since"),
    *("rate_ratio", "low", "high", "verdict"),
)


def take_over(warehouse: Warehouse, run_id: str, now: datetime) -> int:
    """Copy what is new or changed in Jira's actions into `state.actions`; gives how many events that made."""
    if not warehouse.has("core.jira_actions"):
        return 0  # loaded by an older program; the next load makes it
    before = _n_events(warehouse)
    with warehouse.transaction():
        warehouse.execute(NEW_TURNS, [run_id, now])
        warehouse.execute(NO_LONGER, [run_id, now, now])
    return _n_events(warehouse) - before


def store(warehouse: Warehouse, rows: Sequence[Action], run_id: str, now: datetime) -> int:
    """Add the actions that say something else than what was told of them last; gives how many."""
    told = [vars(one) for one in rows]
    with warehouse.transaction():
        warehouse.execute(OPENED, [run_id, now, told])
        before = _n_events(warehouse)
        warehouse.execute(TOLD, [run_id, now, now, told])
        return _n_events(warehouse) - before


def _n_events(warehouse: Warehouse) -> int:
    return int(warehouse.value("select count(*) from state.actions"))


def kept_in_jira(warehouse: Warehouse, action_ids: Sequence[str]) -> set[str]:
    """Those that are a key, present or past, of an action in Jira."""
    query = """
        with last as (
            select * from state.actions where source = 'jira'
            qualify row_number() over (partition by issue_id order by event_id desc) = 1
        )
        select distinct a.action_id
        from (select unnest(?::varchar[]) as action_id) a
        join core.ticket_keys k on k.ticket_key = upper(a.action_id)
        join last l on l.issue_id = k.issue_id and l.status <> 'dropped'
    """
    return {action_id for (action_id,) in warehouse.rows(query, [list(action_ids)])}


def actions(warehouse: Warehouse) -> list[Row]:
    """Rows of mart.actions, the newest decision first."""
    order = "order by decided_at desc, action_id"
    return _dicts(ACTIONS, warehouse.rows(f"select {', '.join(ACTIONS)} from mart.actions {order}"))


def effects(warehouse: Warehouse) -> list[Row]:
    """Rows of mart.action_effects."""
    return _dicts(EFFECTS, warehouse.rows(f"select {', '.join(EFFECTS)} from mart.action_effects order by action_id"))


def _dicts(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> list[Row]:
    return [dict(zip(names, row, strict=True)) for row in rows]
