"""Whom a desk's tickets may name: its dealers, its people, and what the desk and the starter set tell of words."""

from collections.abc import Iterator

from analysis.examples import starter_examples
from analysis.names import Names
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse

MOST_TEXTS = 20_000  # of the newest tickets, from which is learned how words are written
TEXTS = f"""
    select x.summary, x.description, r.words
    from core.tag_texts x
    left join core.resolution_texts r using (issue_id)
    order by x.issue_id desc
    limit {MOST_TEXTS}
"""
DEALERS = """
    select name_key from core.dealer_names
    union select name from core.dealers
    union select dealer_text from core.ticket_facts where dealer_text is not null
"""
PERSONS = """
    select person_id from core.members
    union select reporter_id from core.tickets union select assignee_id from core.tickets
    union select author_id from core.comments union select author_id from core.changes
"""


def desk_names(warehouse: Warehouse, criteria: Criteria) -> Names:
    """What may be a name in this desk's tickets; providers and what rules look for are none."""
    dealers = sorted(name for (name,) in warehouse.rows(DEALERS))
    persons = sorted(person for (person,) in warehouse.rows(PERSONS) if person)
    return Names.of(_texts(warehouse), dealers, persons, _terms(criteria))


def _texts(warehouse: Warehouse) -> Iterator[str]:
    for example in starter_examples():
        yield f"{example.summary}\n{example.description}"
    for parts in warehouse.rows(TEXTS):
        yield "\n".join(part for part in parts if part)


def _terms(criteria: Criteria) -> Iterator[str]:
    for provider in criteria.providers:
        yield from (provider.name, *provider.aliases)
    for rule in criteria.rules:
        yield from (*rule.words, *rule.codes)
