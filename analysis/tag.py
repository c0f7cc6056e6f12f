"""STEP tag: answer > field > rule > classifier > untagged, for what is new or changed.

The words are those of `core.tag_texts`, as they stood at the escalation; later words serve the root cause alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from analysis.classifier import SURE, Classifier, Guess, Text
from analysis.field_names import FieldNames
from analysis.rules import Rules, RuleTag
from analysis.table_files import files_of
from analysis.taxonomy import Criteria
from analysis.warehouse import Warehouse, hash_of

Row = dict[str, Any]
FAILURE_CATEGORY = "failure_category"
TEXT_KINDS = ("provider", FAILURE_CATEGORY)
ROOT_CAUSE = "root_cause"
OUR_BUG = "our_bug"
BATCH = 2000
DIGITS = 6  # of a confidence; further ones depend on how many texts are read at once
COLUMNS = (
    *("issue_id", "summary", "description", "provider_field", "category_field"),
    *("is_resolved", "closing_words", "resolution", "root_cause_field", "has_fix"),
)


@dataclass(frozen=True)
class Tagger:
    """What tags are made from: rules, spellings of fields, the values that exist, the classifier if there is one."""

    rules: Rules
    names: FieldNames
    values: Mapping[str, frozenset[str]]
    no_failures: frozenset[str]  # categories that cannot come back
    taxonomy_version: str
    classifier: Classifier | None

    @classmethod
    def of(cls, criteria: Criteria, classifier: Classifier | None) -> "Tagger":
        """Compile and try the rules. Raises `CriteriaError` where one is wrong."""
        values = {"provider": criteria.provider_ids, "failure_category": criteria.category_ids}
        values |= {ROOT_CAUSE: frozenset(cause.id for cause in criteria.root_causes)}
        no_failures = frozenset(one.id for one in criteria.categories if not one.can_repeat)
        names = FieldNames.of(criteria)
        return cls(Rules.of(criteria), names, values, no_failures, criteria.taxonomy_version, classifier)

    @property
    def model_version(self) -> str | None:
        """Version of the classifier."""
        return self.classifier.version if self.classifier else None

    def rows(self, texts: Sequence[Row]) -> Iterator[Row]:
        """Rows of core.tags for texts (`COLUMNS`; `answers`: kind → a row of core.standing_answers)."""
        read = [Text.read(text["summary"] or "", text["description"], self.rules) for text in texts]
        guesses = self._guesses(read, TEXT_KINDS)
        for text, words, guess in zip(texts, read, guesses, strict=True):
            fields = {"provider": text.get("provider_field"), "failure_category": text.get("category_field")}
            for kind in TEXT_KINDS:
                yield self._row(text, kind, fields[kind], words, guess.get(kind))
        yield from self._root_causes([text for text in texts if text.get("is_resolved")])

    def _guesses(self, texts: Sequence[Text], kinds: Sequence[str]) -> list[dict[str, Guess]]:
        if self.classifier is None:
            return [{} for _ in texts]
        return self.classifier.guess(texts, self.rules, kinds)

    def _root_causes(self, texts: Sequence[Row]) -> Iterator[Row]:
        read = [Text("", text["closing_words"] or "", {}, {}) for text in texts]
        for text, words, guess in zip(texts, read, self._guesses(read, (ROOT_CAUSE,)), strict=True):
            told = next(
                (v for v in (text["root_cause_field"], text["resolution"]) if self.names.tag(ROOT_CAUSE, v)), None
            )
            mine = guess.get(ROOT_CAUSE) if words.description else None
            says_fix = text["has_fix"] and (mine is None or not mine.is_sure)
            rule = RuleTag(OUR_BUG, ("a linked change was worked or merged",), (), (), {}) if says_fix else None
            if says_fix and mine:
                mine = replace(mine, probabilities={})  # it knows of no links, and does not weigh this one
            yield self._row(
                text, ROOT_CAUSE, told, Text("", words.description, {}, {ROOT_CAUSE: rule} if rule else {}), mine
            )

    def _row(self, text: Row, kind: str, field: str | None, words: Text, guess: Guess | None) -> Row:
        by_rule = words.rule_tags.get(kind) or RuleTag(None, (), (), (), {})
        guess = guess if guess and guess.value in self.values[kind] else None
        by_text = _by_text(by_rule, guess)
        by_field = self.names.tag(kind, field)
        answer = text.get("answers", {}).get(kind)
        row: Row = {**by_text, "value": by_text["text_value"], "source": by_text["text_source"], "answered_at": None}
        if by_field:
            row |= {"value": by_field, "source": "field", "evidence": [f"field: {field}"], "confidence": None}
            row |= {"rule_ids": [], "is_disputed": False}
        if answer:
            row |= {"value": answer["value"], "source": "answer", "evidence": list(answer["said"]), "confidence": None}
            row |= {"rule_ids": [], "is_disputed": answer["is_disputed"], "answered_at": answer["answered_at"]}
        named = (by_rule.value, *by_rule.also_mentions, by_text["text_value"])
        also = list(dict.fromkeys(value for value in named if value and value != row["value"] and kind != ROOT_CAUSE))
        return {
            **{"issue_id": text["issue_id"], "kind": kind, "also_mentions": also, "rule_value": by_rule.value},
            **{"taxonomy_version": self.taxonomy_version, "model_version": self.model_version},
            **row,
            "can_repeat": self._can_repeat(row, guess) if kind == FAILURE_CATEGORY else None,
        }

    def _can_repeat(self, row: Row, guess: Guess | None) -> bool:
        """Whether what a ticket tells can come back; a guess that it is a question or a wish must be a sure one."""
        if row["source"] in ("classifier", "none"):
            return not guess or sum(guess.probabilities.get(one, 0) for one in self.no_failures) < SURE
        return row["value"] not in self.no_failures


def _by_text(by_rule: RuleTag, guess: Guess | None) -> Row:
    """What the words say: a rule that what else is known does not contradict, else a guess that is sure enough."""
    row: Row = {"guess": None, "guess_confidence": None, "second_guess": None, "is_disputed": False}
    row |= {"text_value": None, "text_source": "none", "confidence": None, "evidence": [], "rule_ids": []}
    sure = round(guess.confidence, DIGITS) if guess else None
    if guess:
        row |= {"guess": guess.value, "guess_confidence": sure, "second_guess": guess.second}
    if by_rule.value and (guess is None or by_rule.value not in guess.probabilities):
        return row | _rule_speaks(by_rule, None)
    if guess is None:
        return row
    row["is_disputed"] = by_rule.value is not None and by_rule.value != guess.value
    if not guess.is_sure:
        return row
    if by_rule.value == guess.value:
        return row | _rule_speaks(by_rule, sure)
    told = {"text_value": guess.value, "text_source": "classifier", "confidence": sure}
    return row | told | {"evidence": list(guess.words)}


def _rule_speaks(by_rule: RuleTag, confidence: float | None) -> Row:
    told: Row = {"text_value": by_rule.value, "text_source": "rule", "confidence": confidence}
    return told | {"evidence": list(by_rule.words), "rule_ids": list(by_rule.rule_ids)}


def tag(warehouse: Warehouse, criteria: Criteria, classifier: Classifier | None, run_id: str, now: datetime) -> int:
    """Tag tickets that are new, changed or answered, or all when rules, taxonomy or model changed. Gives how many.

    Answers given in Jira are taken over into `state.answers`, and every change of a tag into `state.tag_events`.
    """
    tagger = Tagger.of(criteria, classifier)
    hashes = criteria.file_hashes
    parts = (hashes["rules.toml"], hashes["codes.csv"], hashes["taxonomy.toml"], tagger.model_version)
    build_hash = hash_of(*parts, *(t.body for kind in ("derived", "stored") for t in files_of("tag", kind)))
    seen = warehouse.rows("select batch_no, base_hash from core.builds where step = 'tag' and hash = ?", [build_hash])
    full = not seen or not warehouse.has("core.tag_texts")
    with warehouse.transaction():
        dirty = warehouse.set_dirty(None if full else _changed_since(*seen[0]))
        if full:
            warehouse.remake("tag")
            warehouse.replace("core.categories", _categories(criteria))
            warehouse.replace("core.providers", _providers(criteria))
            warehouse.replace("core.tag_names", tagger.names.rows())
        if dirty or full:
            warehouse.build("tag", full=full)
            if _take_over_answers(warehouse, run_id, now):
                warehouse.build("tag", full=full)  # what stands now rests on them
            warehouse.execute("delete from core.tags where issue_id in (select issue_id from dirty)")
            for texts in _texts(warehouse):
                warehouse.insert("core.tags", tagger.rows(texts))
            warehouse.execute(ERASED)
            warehouse.execute(EVENTS, [run_id, now, now])
        newest = "select coalesce(max(batch_no), 0) from raw.issues"
        answered = "select cast(coalesce(max(event_id), 0) as varchar) from state.answers"
        warehouse.execute("delete from core.builds where step = 'tag'")
        warehouse.execute(f"insert into core.builds values ('tag', ({newest}), ({answered}), ?)", [build_hash])
    return dirty


# A ticket whose words were erased keeps the tags that it had, unless somebody answers later.
ERASED = f"""
    with latest as (
        select issue_id, kind, max_by({{'value': value, 'source': source, 'confidence': confidence}}, event_id) as told
        from state.tag_events
        semi join dirty using (issue_id)
        semi join state.erasures using (issue_id)
        group by all
    )
    update core.tags set value = told.value, source = told.source, confidence = told.confidence,
        text_value = told.value, text_source = if(told.source in ('rule', 'classifier'), told.source, 'none'),
        evidence = [], rule_ids = [], also_mentions = [], is_disputed = false, rule_value = null, guess = null,
        guess_confidence = null, second_guess = null, can_repeat = l.can_repeat
    from (
        select issue_id, l.kind, told, case when l.kind = '{FAILURE_CATEGORY}' then
            coalesce(k.can_repeat or (told.source = 'classifier' and told.confidence < {SURE}), true) end as can_repeat
        from latest l
        left join core.categories k on k.failure_category = told.value
    ) l
    where tags.issue_id = l.issue_id and tags.kind = l.kind and tags.source <> 'answer'
"""
# A tag that is what the latest event says needs no new one.
EVENTS = """
    insert into state.tag_events (run_id, recorded_at, effective_at, issue_id, kind, value, source, confidence)
    with latest as (
        select issue_id, kind, max_by({'value': value, 'source': source}, event_id) as told
        from state.tag_events
        semi join dirty using (issue_id)
        group by all
    )
    select ?, ?, ?, t.issue_id, t.kind, t.value, t.source, t.confidence
    from core.tags t
    semi join dirty using (issue_id)
    left join latest l using (issue_id, kind)
    where l.issue_id is null or l.told.value is distinct from t.value or l.told.source is distinct from t.source
    order by t.issue_id, t.kind
"""


def _changed_since(batch_no: int, event_id: str) -> str:
    answered = f"select issue_id from state.answers where event_id > {int(event_id or 0)}"
    return f"select issue_id from raw.issues where batch_no > {int(batch_no)} union {answered}"


def _take_over_answers(warehouse: Warehouse, run_id: str, now: datetime) -> bool:
    """Copy answers given in Jira that are not yet in `state.answers`; whether there were any."""
    new = "from core.jira_answers j semi join dirty using (issue_id) anti join state.answers using (source_ref)"
    if not warehouse.value(f"select count(*) {new}"):
        return False
    query = f"""
        insert into state.answers (run_id, recorded_at, effective_at, issue_id, kind, value, person_id, source_ref)
        select ?, ?, j.answered_at, j.issue_id, j.kind, j.value, j.person_id, j.source_ref {new}
        order by j.answered_at, j.source_ref
    """
    warehouse.execute(query, [run_id, now])
    return True


def _texts(warehouse: Warehouse) -> Iterator[list[Row]]:
    """The dirty tickets' words, fields and answers, in batches."""
    warehouse.execute(
        "create or replace temp table to_tag as select issue_id from core.tag_texts semi join dirty using (issue_id)"
    )
    last = -1
    query = f"""
        select x.issue_id, x.summary, x.description, x.provider_field, x.category_field,
            r.issue_id is not null, r.words, r.resolution, r.root_cause_field, coalesce(r.has_fix, false)
        from core.tag_texts x
        semi join to_tag using (issue_id)
        left join core.resolution_texts r using (issue_id)
        where x.issue_id > ? order by x.issue_id limit {BATCH}
    """
    while rows := warehouse.rows(query, [last]):
        answers = _answers(warehouse, last, rows[-1][0])
        last = rows[-1][0]
        yield [dict(zip(COLUMNS, row, strict=True)) | {"answers": answers.get(row[0], {})} for row in rows]


def _answers(warehouse: Warehouse, after: int, until: int) -> dict[int, dict[str, Row]]:
    """Issue id → kind → the answer that stands, of a span of tickets."""
    query = """
        select issue_id, kind, value, said, is_disputed, answered_at from core.standing_answers
        where issue_id > ? and issue_id <= ?
    """
    found: dict[int, dict[str, Row]] = {}
    for issue_id, kind, *rest in warehouse.rows(query, [after, until]):
        told = dict(zip(("value", "said", "is_disputed", "answered_at"), rest, strict=True))
        found.setdefault(issue_id, {})[kind] = told
    return found


def text_row(issue_id: int, summary: str, description: str | None, **fields: str | None) -> Row:
    """A text as `Tagger.rows` takes it, of a ticket that nobody has resolved or answered."""
    rest: Row = {
        "is_resolved": False,
        "closing_words": None,
        "resolution": None,
        "root_cause_field": None,
        "has_fix": False,
    }
    told = {"issue_id": issue_id, "summary": summary, "description": description, "answers": {}}
    return rest | told | {"provider_field": None, "category_field": None} | fields


def _categories(criteria: Criteria) -> Iterable[Row]:
    return [{"failure_category": c.id, "description": c.text, "can_repeat": c.can_repeat} for c in criteria.categories]


def _providers(criteria: Criteria) -> Iterable[Row]:
    return [{"provider": p.id, "name": p.name, "colour": p.colour} for p in criteria.providers]
