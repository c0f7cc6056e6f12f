"""Rules → tags: words, phrases, RE2 expressions and error codes that speak for a provider or a failure category.

All patterns stand in one `re2.Set`, so a text is read once however many rules there are, in linear time. What the
rules say is weighed: the strongest value wins if it is clearly ahead, else the text stays untagged. A rule marked as a
hint only tells the classifier; it never tags alone.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from analysis.errors import CriteriaError
from analysis.patterns import (
    PatternError,
    PatternSet,
    code_pattern,
    compiled,
    one_line,
    phrase_pattern,
    shortened,
)
from analysis.taxonomy import Criteria, RuleSpec

CLEARLY_AHEAD = 1.25  # the winner's weight over the next one's; below it the text is left to a person
SUMMARY_COUNTS = 2.0  # people put what matters into the summary
MOST_DENIALS = 5  # of one expression that are looked at
LOOK_BACK = 60  # characters before a match in which it may be denied
DENIED = re.compile(
    r"(?i)\b(?:not|isn.?t|wasn.?t|aren.?t|no|never|without|rul(?:ed?|ing) out|ruled? that out|rather than|instead of"
    r"|nothing to do with|neither|nor)(?:[ \t]+(?:a|an|the|any|our|their|your|an?other|by|due|because|of|about|to|been"
    r"|related|question|matter|case|issue|problem))*[ \t]+[\"'“(]?$"
)


def read_text(summary: str, description: str | None) -> str:
    """Summary and description as the rules read them; places are counted in it."""
    return f"{shortened(summary)}\n{shortened(description or '')}"


@dataclass(frozen=True)
class Said:
    """What a rule found: its weight, doubled where it stands in the summary, the words, and where they stand."""

    weight: float
    words: tuple[str, ...] = ()
    places: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class RuleTag:
    """What the rules say about one kind of tag; `value` is None where none is clearly ahead.

    `weights` are the added weights by value, hints included.
    """

    value: str | None
    words: tuple[str, ...]
    rule_ids: tuple[str, ...]
    also_mentions: tuple[str, ...]
    weights: Mapping[str, float]


class Rules:
    """The compiled rules of a set of criteria."""

    def __init__(self, specs: Sequence[RuleSpec]) -> None:
        self.specs = tuple(specs)
        self.by_id = {rule.id: rule for rule in specs}
        written = [(rule, pattern, silences) for rule in specs for pattern, silences in _patterns_of(rule)]
        self._rules = [(rule, silences) for rule, _, silences in written]
        self._set = PatternSet([pattern for _, pattern, _ in written])

    @classmethod
    def of(cls, criteria: Criteria) -> "Rules":
        """Compile and try every rule. Raises `CriteriaError` naming the rule and what is wrong."""
        return _tried(criteria.rules)

    def try_examples(self) -> None:
        """Hold each rule against its own examples. Raises `CriteriaError` at the first that fails."""
        for rule in self.specs:
            for example in rule.matches:
                if rule.id not in self.speaking("", example):
                    raise CriteriaError(f"{rule.file}: rule {rule.id}: does not match its own example {example!r}")
            for example in rule.ignores:
                if rule.id in self.speaking("", example):
                    raise CriteriaError(f"{rule.file}: rule {rule.id}: matches {example!r}, which it should ignore")

    def speaking(self, summary: str, description: str | None, *, n_places: int = 1) -> dict[str, Said]:
        """Rule id → what it found, of every rule that speaks about the text (`read_text`).

        Of an expression for a provider the first `n_places` places are told.
        """
        title = shortened(summary)
        text = read_text(summary, description)
        found: dict[str, Said] = {}
        silent: set[str] = set()
        for index, match in self._set.found(text).items():
            rule, silences = self._rules[index]
            if silences:
                silent.add(rule.id)
                continue
            if rule.category and not rule.negative and _denied_at(text, match.start):
                meant = [
                    one for one in self._set.first_matches(index, text, MOST_DENIALS) if not _denied_at(text, one.start)
                ]
                if not meant:
                    continue
                match = meant[0]
            weight = rule.weight * (SUMMARY_COUNTS if match.end <= len(title) else 1.0)
            places = [(match.start, match.end)]
            if rule.provider and n_places > 1:
                places = [(one.start, one.end) for one in self._set.first_matches(index, text, n_places)]
            before = found.get(rule.id, Said(0.0))
            words = (*before.words, one_line(match.words))
            found[rule.id] = Said(max(before.weight, weight), words, (*before.places, *places))
        return {rule_id: said for rule_id, said in found.items() if rule_id not in silent}

    def tag(self, summary: str, description: str | None) -> dict[str, RuleTag]:
        """Kind → what the rules say: `provider` and `failure_category`."""
        return self.weigh(self.speaking(summary, description))

    def weigh(self, speaking: Mapping[str, Said]) -> dict[str, RuleTag]:
        """What speaking rules say together."""
        provider: dict[str, list[RuleSpec]] = defaultdict(list)
        category: dict[str, list[RuleSpec]] = defaultdict(list)
        for rule_id in speaking:
            rule = self.by_id[rule_id]
            (provider if rule.provider else category)[rule.provider or rule.category or ""].append(rule)
        return {"provider": _weigh(provider, speaking), "failure_category": _weigh(category, speaking)}


def _denied_at(text: str, start: int) -> bool:
    return DENIED.search(text[max(0, start - LOOK_BACK) : start]) is not None


@lru_cache(maxsize=4)
def _tried(specs: tuple[RuleSpec, ...]) -> Rules:
    """Compiled and tried once for each set of rules; a rule set of a hundred takes a quarter of a second."""
    for rule in specs:
        for pattern, _ in _patterns_of(rule):
            try:
                known = compiled(pattern)
            except PatternError as error:
                raise CriteriaError(_why_refused(rule, pattern, error)) from error
            if any(match is not None and not match.group() for match in map(known.search, ("", " a "))):
                shown = pattern.removeprefix("(?i)")
                raise CriteriaError(f"{rule.file}: rule {rule.id}: regex {shown!r} matches without a word; ask for one")
    rules = Rules(specs)
    rules.try_examples()
    return rules


def _weigh(votes: dict[str, list[RuleSpec]], speaking: Mapping[str, Said]) -> RuleTag:
    weights = {value: sum(speaking[rule.id].weight for rule in rules) for value, rules in votes.items()}
    ranked = sorted(weights, key=lambda value: (-weights[value], value))
    if not ranked:
        return RuleTag(None, (), (), (), {})
    first = votes[ranked[0]]
    ahead = len(ranked) == 1 or weights[ranked[0]] >= CLEARLY_AHEAD * weights[ranked[1]]
    if not ahead or all(rule.hint for rule in first):
        return RuleTag(None, (), (), tuple(ranked), weights)
    rule_ids = tuple(sorted((rule.id for rule in first), key=lambda rule_id: (-speaking[rule_id].weight, rule_id)))
    words = tuple(dict.fromkeys(word for rule_id in rule_ids for word in speaking[rule_id].words))
    return RuleTag(ranked[0], words, rule_ids, tuple(ranked[1:]), weights)


def _patterns_of(rule: RuleSpec) -> Iterable[tuple[str, bool]]:
    for code in rule.codes:
        yield code_pattern(code), False
    for words in rule.words:
        yield phrase_pattern(words), False
    for pattern in rule.regex:
        yield f"(?i){pattern}", False
    for words in rule.unless:
        yield phrase_pattern(words), True


def _why_refused(rule: RuleSpec, pattern: str, error: Exception) -> str:
    shown = pattern.removeprefix("(?i)")
    hint = "look-around and back-references are not allowed" if re.search(r"\(\?[=!<]|\\[1-9]", pattern) else str(error)
    return f"{rule.file}: rule {rule.id}: regex {shown!r} is refused: {hint}"
