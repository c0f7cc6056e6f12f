"""What the tickets of a family have in common (`core.family_profiles`): its typical ticket, signature and kind.

Profiles are derived: one is made anew whenever the family's first members, or their words, are others.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from analysis.family_index import MOST_MEMBERS
from analysis.features import WORD
from analysis.likeness import Likeness
from analysis.likeness_files import kind_texts
from analysis.patterns import shortened
from analysis.signature import MOST, SIGNS, shared_signs, shared_words
from analysis.text import without_ids
from analysis.warehouse import Warehouse, hash_of

Row = dict[str, Any]
TELLING = 4.0  # rarity (idf) from which a word says something of a failure
MOST_SIGNS = 8

NOW = f"""
    create or replace temp table profiled_now as
    with member as (
        select m.family_id, m.issue_id, m.place, r.made_of, r.provider
        from core.family_members m
        join core.readings r using (issue_id)
        where m.family_id is not null
        qualify row_number() over (partition by m.family_id order by m.place) <= {MOST_MEMBERS}
    )
    select family_id, hash(?::varchar, list((issue_id, made_of, provider) order by place)) as made_of
    from member
    group by family_id
"""
STALE = """
    select n.family_id from profiled_now n
    left join core.family_profiles p using (family_id)
    where p.made_of is distinct from n.made_of
    order by n.family_id
"""
MEMBERS = f"""
    select m.family_id, n.made_of, m.issue_id, x.summary, x.description, r.numbers, r.is_closed, r.provider
    from core.family_members m
    join profiled_now n using (family_id)
    join core.tag_texts x using (issue_id)
    join core.readings r using (issue_id)
    where m.family_id in (select unnest(?::bigint[]))
    qualify row_number() over (partition by m.family_id order by m.place) <= {MOST_MEMBERS}
    order by m.family_id, m.place
"""
BATCH = 1000  # families


def describe(warehouse: Warehouse, likeness: Likeness) -> None:
    """Describe the families that are others than those that were described. All readings are of this likeness."""
    warehouse.execute(NOW, [hash_of(likeness.version, SIGNS, TELLING, MOST_SIGNS, MOST, kind_texts())])
    stale = [family for (family,) in warehouse.rows(STALE)]
    kept = "select family_id from profiled_now where family_id not in (select unnest(?::bigint[]))"
    warehouse.execute(f"delete from core.family_profiles where family_id not in ({kept})", [stale])
    for part in (stale[start : start + BATCH] for start in range(0, len(stale), BATCH)):
        rows = groupby(warehouse.rows(MEMBERS, [part]), key=itemgetter(0, 1))
        told = ((about, [row[2:] for row in members]) for about, members in rows)
        profiles = ({"family_id": id_, "made_of": of} | profile(likeness, members) for (id_, of), members in told)
        warehouse.insert("core.family_profiles", profiles)


def profile(likeness: Likeness, rows: Sequence[tuple[Any, ...]]) -> Row:
    """Typical ticket, signature and kind of a family.

    Rows hold issue id, summary, description, reading (empty where it tells nothing), whether it is closed, provider.
    """
    ids, summaries, descriptions, numbers, is_closed, providers = zip(*rows, strict=True)
    texts = [f"{summary or ''}\n{text or ''}" for summary, text in zip(summaries, descriptions, strict=True)]
    signs = shared_signs(texts)
    words = [frozenset(WORD.findall(without_ids(shortened(text)).lower())) for text in texts]
    shown = [*signs, *shared_words(words, likeness.rarity, TELLING)][:MOST_SIGNS]
    told = [number for number, one in enumerate(numbers) if one]
    typical, kind = ids[0], None
    if told:
        readings = likeness.unpacked([numbers[n] for n in told], [is_closed[n] for n in told])
        of = [providers[n] for n in told]
        odds = [likeness.log_odds(readings.take([n]), readings, of[n], of).sum() for n in range(len(told))]
        typical = ids[told[max(range(len(told)), key=lambda n: (odds[n], -n))]]
        kind = kind_texts().get(likeness.kind_of(readings) or "")
    return {"typical_id": typical, "signature": ", ".join(shown), "kind": kind}
