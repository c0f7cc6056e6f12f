"""How a text speaks of each provider it names: as the one that fails, that works, that was replaced.

"Their DMS is CDK and it runs fine, XTime refuses": what stands around a name tells more than the name. The words
around it are features without the name itself, so that what was learned of one provider holds for all.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise

from analysis.rules import Said
from analysis.taxonomy import RuleSpec

TOKEN = re.compile(r"[\w'’]+")
CLAUSE_END = re.compile(r"[.!?;\n]|,\s+(?:but|and|while|though|so)\b|\bbut\b")
WINDOW = 6  # words to each side
REACH = 90  # characters to each side
MOST = 4  # mentions of one provider that are looked at: the first ones
Features = dict[str, float]
Span = tuple[int, int]


def mentions(
    text: str, summary_length: int, speaking: Mapping[str, Said], rules: Mapping[str, RuleSpec]
) -> dict[str, Features]:
    """Provider → features of how the text (`read_text`) speaks of it, for each provider that some rule found."""
    places: dict[str, list[Span]] = {}
    weights: dict[str, float] = {}
    for rule_id, said in speaking.items():
        provider = rules[rule_id].provider
        if provider and provider != "none":
            places.setdefault(provider, []).extend(said.places)
            weights[provider] = weights.get(provider, 0.0) + said.weight
    merged = {provider: _merged(spans) for provider, spans in places.items()}
    low = "".join(
        c.lower() if len(c.lower()) == 1 else c for c in text
    )  # as long as the text, for places are counted in it
    firsts = sorted(merged, key=lambda provider: merged[provider][0])
    return {
        provider: _features(low, summary_length, provider, merged)
        | {"first named": float(firsts[0] == provider), "last named": float(firsts[-1] == provider)}
        | {"only one named": float(len(merged) == 1), "weight": min(weights[provider], 20.0) / 10}
        | {"heaviest": float(weights[provider] == max(weights.values()))}
        for provider in merged
    }


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans without overlaps, in order."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _features(text: str, summary_length: int, provider: str, merged: Mapping[str, list[Span]]) -> Features:
    mine = merged[provider]
    found: Features = {
        "in summary": float(any(end <= summary_length for _, end in mine)),
        "in description": float(any(start > summary_length for start, _ in mine)),
        "mentions": min(len(mine), 5) / 5,
        "share of mentions": len(mine) / sum(len(spans) for spans in merged.values()),
    }
    others = _merged(span for name, spans in merged.items() if name != provider for span in spans)
    for start, end in mine[:MOST]:
        before = _words(text, max(0, start - REACH), start, mine, others, from_end=True)
        after = _words(text, end, min(len(text), end + REACH), mine, others, from_end=False)
        for side, words in (("before", before), ("after", after)):
            for distance, word in enumerate(words[:WINDOW]):
                found[f"{side} {word}"] = 1.0
                if distance < 2:
                    found[f"{side}{distance} {word}"] = 1.0
            for pair in pairwise(words[:WINDOW]):
                found[f"{side} {' '.join(pair)}"] = 1.0
    return found


def _words(text: str, start: int, end: int, mine: list[Span], others: list[Span], *, from_end: bool) -> list[str]:
    """Words of the clause between two places, nearest first; names of providers are `SELF` and `OTHER`."""
    piece = text[start:end]
    names = [(span, "SELF") for span in mine] + [(span, "OTHER") for span in others]
    for (name_start, name_end), stands_for in sorted(names, reverse=True):
        if name_start < end and name_end > start:
            piece = f"{piece[: max(0, name_start - start)]} {stands_for} {piece[name_end - start :]}"
    ends = list(CLAUSE_END.finditer(piece))
    if ends:
        piece = piece[ends[-1].end() :] if from_end else piece[: ends[0].start()]
    words = ["NUMBER" if word.isdigit() else word for word in TOKEN.findall(piece)]
    return words[::-1] if from_end else words
