"""Rules → tags: words, phrases and RE2 expressions that speak for a provider or a failure category.

All patterns stand in one `re2.Set`, so a text is read once however many rules there are, in linear time. What the
rules say is weighed: the strongest value wins if it is clearly ahead, else the text stays untagged.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from analysis.errors import CriteriaError
from analysis.patterns import Pattern, PatternError, compiled, one_line, pattern_set, phrase_pattern, shortened
from analysis.taxonomy import Criteria, RuleSpec

CLEARLY_AHEAD = 1.25  # the winner's weight over the next one's; below it the text is left to a person
SUMMARY_COUNTS = 2.0  # people put what matters into the summary


@dataclass(frozen=True)
class RuleTag:
    """What the rules say about one kind of tag; `value` is None where none is clearly ahead."""

    value: str | None
    words: tuple[str, ...]
    rule_ids: tuple[str, ...]
    also_mentions: tuple[str, ...]


@dataclass(frozen=True)
class _Pattern:
    rule: RuleSpec
    silences: bool
    compiled: Pattern


class Rules:
    """The compiled rules of a set of criteria."""

    def __init__(self, specs: Sequence[RuleSpec]) -> None:
        self.specs = tuple(specs)
        written = [(rule, pattern, silences) for rule in specs for pattern, silences in _patterns_of(rule)]
        self._patterns = [_Pattern(rule, silences, compiled(pattern)) for rule, pattern, silences in written]
        self._set = pattern_set([pattern for _, pattern, _ in written])

    @classmethod
    def of(cls, criteria: Criteria) -> "Rules":
        """Compile and try every rule. Raises `CriteriaError` naming the rule and what is wrong."""
        return _tried(criteria.rules)

    def try_examples(self) -> None:
        """Hold each rule against its own examples. Raises `CriteriaError` at the first that fails."""
        for rule in self.specs:
            for example in rule.matches:
                if rule.id not in self.speaking("", example):
                    raise CriteriaError(f"rules.toml: rule {rule.id}: does not match its own example {example!r}")
            for example in rule.ignores:
                if rule.id in self.speaking("", example):
                    raise CriteriaError(f"rules.toml: rule {rule.id}: matches {example!r}, which it should ignore")

    def speaking(self, summary: str, description: str | None) -> dict[str, tuple[float, list[str]]]:
        """Rule id → (weight, the words that matched) of every rule that speaks about the text."""
        if not self._patterns:
            return {}
        title = shortened(summary)
        text = f"{title}\n{shortened(description or '')}"
        in_title = set(self._set.Match(title) or ())
        found: dict[str, tuple[float, list[str]]] = {}
        silent: set[str] = set()
        for index in self._set.Match(text) or ():
            pattern = self._patterns[index]
            if pattern.silences:
                silent.add(pattern.rule.id)
                continue
            weight = pattern.rule.weight * (SUMMARY_COUNTS if index in in_title else 1.0)
            before, words = found.get(pattern.rule.id, (0.0, []))
            match = pattern.compiled.search(text)
            found[pattern.rule.id] = (max(before, weight), [*words, *([one_line(match.group())] if match else [])])
        return {rule_id: said for rule_id, said in found.items() if rule_id not in silent}

    def tag(self, summary: str, description: str | None) -> dict[str, RuleTag]:
        """Kind → what the rules say: `provider` and `failure_category`."""
        speaking = self.speaking(summary, description)
        by_id = {rule.id: rule for rule in self.specs}
        provider: dict[str, list[str]] = defaultdict(list)
        category: dict[str, list[str]] = defaultdict(list)
        for rule_id in speaking:
            rule = by_id[rule_id]
            (provider if rule.provider else category)[rule.provider or rule.category or ""].append(rule_id)
        return {"provider": _weigh(provider, speaking), "failure_category": _weigh(category, speaking)}


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
                raise CriteriaError(f"rules.toml: rule {rule.id}: regex {shown!r} matches without a word; ask for one")
    rules = Rules(specs)
    rules.try_examples()
    return rules


def _weigh(votes: dict[str, list[str]], speaking: dict[str, tuple[float, list[str]]]) -> RuleTag:
    weights = {value: sum(speaking[rule_id][0] for rule_id in ids) for value, ids in votes.items()}
    ranked = sorted(weights, key=lambda value: (-weights[value], value))
    if not ranked:
        return RuleTag(None, (), (), ())
    ahead = len(ranked) == 1 or weights[ranked[0]] >= CLEARLY_AHEAD * weights[ranked[1]]
    if not ahead:
        return RuleTag(None, (), (), tuple(ranked))
    rule_ids = tuple(sorted(votes[ranked[0]], key=lambda rule_id: (-speaking[rule_id][0], rule_id)))
    words = tuple(dict.fromkeys(word for rule_id in rule_ids for word in speaking[rule_id][1]))
    return RuleTag(ranked[0], words, rule_ids, tuple(ranked[1:]))


def _patterns_of(rule: RuleSpec) -> Iterable[tuple[str, bool]]:
    for words in rule.words:
        yield phrase_pattern(words), False
    for pattern in rule.regex:
        yield f"(?i){pattern}", False
    for words in rule.unless:
        yield phrase_pattern(words), True


def _why_refused(rule: RuleSpec, pattern: str, error: Exception) -> str:
    shown = pattern.removeprefix("(?i)")
    hint = "look-around and back-references are not allowed" if re.search(r"\(\?[=!<]|\\[1-9]", pattern) else str(error)
    return f"rules.toml: rule {rule.id}: regex {shown!r} is refused: {hint}"
