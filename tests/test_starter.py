"""The starter set: enough of everything, by many hands, no copies, nothing real or secret.

Of the held-out tickets, which must stay unseen, only ids are ever told.
"""

import gzip
import json
import re
import tomllib
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from few_tickets import cells
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import CountVectorizer

from analysis.examples import STARTER, Example, examples_in, starter_examples
from analysis.rules import Rules
from analysis.taxonomy import Criteria, read_criteria
from pipelines.sample_desk import sample_folder

HELD_OUT = Path(__file__).parent / "held_out"
RUN = 3  # words
ENOUGH_TO_COMPARE = 20  # runs of words; two short questions may well be asked in nearly the same words
WORDS = re.compile(r"[^\W\d_]+")
Named = tuple[str, str]  # id and text


def is_ticket(one: Example) -> bool:
    return "provider" in one.tags


def named(examples: Sequence[Example]) -> list[Named]:
    return [(one.name, f"{one.summary}\n{one.description}") for one in examples if is_ticket(one)]


@cache
def starter() -> tuple[Example, ...]:
    return tuple(starter_examples())


@cache
def held_out() -> tuple[Example, ...]:
    return tuple(one for path in sorted(HELD_OUT.glob("*.toml")) for one in examples_in(path))


@pytest.fixture(scope="module")
def criteria() -> Criteria:
    return read_criteria(None)


def raw() -> list[dict[str, Any]]:
    """The tickets as the files have them."""
    return [one for path in sorted(STARTER.glob("*.toml")) for one in tomllib.loads(path.read_text("utf-8"))["ticket"]]


def sample() -> list[Named]:
    """Every ticket of the sample desk."""
    with gzip.open(sample_folder() / "issues.jsonl.gz") as lines:
        fields = [(issue["key"], issue["fields"]) for issue in map(json.loads, lines)]
    return [(key, f"{told['summary']}\n{' '.join(words_of(told['description']))}") for key, told in fields]


def words_of(node: Any) -> list[str]:
    """The text of a Jira document."""
    if isinstance(node, dict):
        own = [node["text"]] if "text" in node else []
        return own + [text for child in node.get("content", []) for text in words_of(child)]
    return [node] if isinstance(node, str) else []


# -- how like two texts are ----------------------------------------------------------------------------------


def runs_of(*sets: Sequence[Named]) -> list[csr_matrix]:
    """For each set the runs of three words in each text, numbers left out: texts × runs."""
    reader = CountVectorizer(ngram_range=(RUN, RUN), binary=True, tokenizer=WORDS.findall, token_pattern=None)
    reader.fit(text for texts in sets for _, text in texts)
    return [reader.transform(text for _, text in texts) for texts in sets]


def alike(first: Sequence[Named], second: Sequence[Named], at_least: float, shortest: int = 1) -> list[str]:
    """Pairs of ids whose texts share that part of their runs (of all that either has), and have `shortest` runs."""
    one, other = runs_of(first, second)
    shared = (one @ other.T).tocoo()
    n_one, n_other = np.diff(one.indptr)[shared.row], np.diff(other.indptr)[shared.col]
    is_near = (shared.data >= at_least * (n_one + n_other - shared.data)) & (np.minimum(n_one, n_other) >= shortest)
    pairs = zip(shared.row[is_near], shared.col[is_near], strict=True)
    return sorted(f"{first[a][0]} ~ {second[b][0]}" for a, b in pairs if first is not second or a < b)


# first | second | part of all runs of three words that both have
LIKENESS = """
the token of Tekion has expired    | the token of Tekion has expired        | 4/4
the token of Tekion has expired    | The token of Tekion has expired, 401!  | 4/4
the token of Tekion has expired    | the token of CDK has expired           | 1/7
ticket 14 is lost in the mail      | ticket 88 is lost in the mail          | 4/4
one two three four                 | two three four five                    | 1/3
one two three                      | three two one                          | 0/2
"""


@pytest.mark.parametrize(("first", "second", "part"), cells(LIKENESS))
def test_likeness_is_counted_as_meant(first: str, second: str, part: str) -> None:
    shared, of_all = map(int, part.split("/"))
    assert bool(alike([("A", first)], [("B", second)], shared / of_all)) == (shared > 0)
    assert alike([("A", first)], [("B", second)], (shared + 0.5) / of_all) == []


def test_a_copy_with_another_number_or_name_is_found_wherever_it_stands() -> None:
    """Among the whole starter set, so that the tests below are known to be able to fail."""
    texts = named(starter())
    long = next(text for _, text in texts if 60 < len(text.split()) < 90)
    words = long.split()
    planted = [*texts, ("PLANTED", " ".join([*words[:30], "otherdealer", *words[31:], "4711"]))]
    found = alike(planted, planted, 0.6, ENOUGH_TO_COMPARE)
    assert [pair for pair in found if "PLANTED" in pair] != []


# -- how many ------------------------------------------------------------------------------------------------


def test_it_is_large_and_by_many_hands() -> None:
    hands = Counter(one.group for one in starter() if is_ticket(one))
    assert sum(hands.values()) >= 800
    assert len(hands) >= 10
    assert max(hands.values()) <= sum(hands.values()) / 8, "no hand fills a fold of eight alone"


def test_every_provider_and_category_has_a_decent_number(criteria: Criteria) -> None:
    tickets = [one for one in starter() if is_ticket(one)]
    for kind, ids, least in (("provider", criteria.provider_ids, 100), ("failure_category", criteria.category_ids, 60)):
        counted = Counter(one.tags[kind] for one in tickets)
        assert {one: counted[one] for one in ids if counted[one] < least} == {}, kind
        assert counted.keys() == ids, "a tag that the taxonomy does not have"


def test_every_root_cause_has_a_decent_number(criteria: Criteria) -> None:
    counted = Counter(one.tags["root_cause"] for one in starter() if not is_ticket(one))
    assert counted.keys() == {one.id for one in criteria.root_causes}
    assert min(counted.values()) >= 60, counted


def test_no_tag_belongs_to_one_hand(criteria: Criteria) -> None:
    """Else a fold would test what no other hand had taught."""
    for kind in ("provider", "failure_category", "root_cause"):
        hands: dict[str, set[str]] = {}
        for one in starter():
            if kind in one.tags:
                hands.setdefault(one.tags[kind], set()).add(one.group)
        assert {value: len(some) for value, some in hands.items() if len(some) < 8} == {}
    assert len(criteria.categories) == len({one.tags["failure_category"] for one in starter() if is_ticket(one)})


def test_most_categories_are_met_at_most_providers(criteria: Criteria) -> None:
    """Else a category could be told by the provider's name."""
    known = [one for one in criteria.providers if one.id not in ("other", "none")]
    pairs = Counter((one.tags["provider"], one.tags["failure_category"]) for one in starter() if is_ticket(one))
    shared = {"auth", "webhook", "data_sync", "data_format", "configuration", "rate_limit", "scheduling", "limitation"}
    assert shared <= criteria.category_ids
    missing = [(one.id, category) for one in known for category in sorted(shared) if pairs[one.id, category] < 5]
    assert missing == []


# -- well written --------------------------------------------------------------------------------------------


def test_ids_and_texts_are_each_there_once() -> None:
    ids = Counter(one.name for one in starter())
    assert [name for name, n in ids.items() if n > 1] == []
    texts = Counter(" ".join(text.lower().split()) for _, text in named(starter()))
    assert [text for text, n in texts.items() if n > 1] == []


def test_every_tag_is_one_of_the_taxonomy(criteria: Criteria) -> None:
    causes = {one.id for one in criteria.root_causes}
    wrong = [
        one["id"]
        for one in raw()
        if one["provider"] not in criteria.provider_ids
        or one["category"] not in criteria.category_ids
        or not set(one["also_mentions"]) <= criteria.provider_ids
        or one["root_cause"] not in causes | {""}
        or (one["root_cause"] and not one["resolution"].strip())
    ]
    assert wrong == []


def test_what_is_mentioned_beside_is_another_provider() -> None:
    wrong = [one["id"] for one in raw() if {one["provider"], "none"} & set(one["also_mentions"])]
    assert wrong == []


def test_no_ticket_is_empty_and_all_say_what_they_are_about() -> None:
    assert [one["id"] for one in raw() if not one["summary"].strip()] == []
    lengths = np.array([len(text.split()) for _, text in named(starter())])
    assert lengths.min() >= 2
    assert (lengths < 25).mean() > 0.05, "people also write one line"
    assert (lengths > 60).mean() > 0.1, "and whole letters"


def test_rules_have_something_to_learn_and_not_everything(criteria: Criteria) -> None:
    """Were all tickets told by name, the classifier would learn nothing but names."""
    rules = Rules.of(criteria)
    tickets = [one for one in starter() if is_ticket(one)][::10]
    told = [rules.tag(one.summary, one.description)["provider"].value == one.tags["provider"] for one in tickets]
    assert 0.4 < np.mean(told) < 0.95


# -- no copies -----------------------------------------------------------------------------------------------


def test_no_ticket_is_near_one_of_the_sample_desk() -> None:
    texts = sample()
    assert len(texts) > 1000
    assert alike(named(starter()), texts, 0.5) == []


def test_no_two_tickets_are_one_with_filled_slots() -> None:
    texts = named(starter())
    assert alike(texts, texts, 0.6, ENOUGH_TO_COMPARE) == []


def test_short_tickets_are_no_copies_either() -> None:
    texts = named(starter())
    assert alike(texts, texts, 0.8) == []


def test_no_closing_words_of_some_length_are_said_twice() -> None:
    texts = [(one.name, one.description) for one in starter() if not is_ticket(one)]
    assert alike(texts, texts, 0.8, 10) == []


def test_no_held_out_ticket_is_near_the_starter_set_or_another_or_the_sample() -> None:
    """Pairs of ids, if any, and never a text."""
    texts = named(held_out())
    assert len(texts) >= 300
    assert alike(texts, named(starter()), 0.3) == []
    assert alike(texts, texts, 0.5) == []
    assert alike(texts, sample(), 0.3) == []


def test_held_out_tickets_are_by_other_hands_and_tagged_by_the_taxonomy(criteria: Criteria) -> None:
    assert {one.group for one in held_out()}.isdisjoint({one.group for one in starter()})
    strange = [
        one.name
        for one in held_out()
        if is_ticket(one)
        and not (
            one.tags["provider"] in criteria.provider_ids and one.tags["failure_category"] in criteria.category_ids
        )
    ]
    assert strange == []


# -- nothing real, nothing secret ----------------------------------------------------------------------------

MAIL = re.compile(r"[\w.+-]+@([\w-]+(?:\.[\w-]+)+)")
RESERVED = re.compile(r"(?:^|\.)(?:example|invalid|test|localhost|example\.(?:com|net|org))\.?$", re.IGNORECASE)
PHONE = re.compile(r"(?<![\w-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)")
FICTION = re.compile(r"^\(?555\b|555[ .-]01\d\d$")  # an area that there is not, or the hundred kept for fiction
SECRETS = {
    "a key of AWS": r"\bA(?:KIA|SIA)[0-9A-Z]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "a token of GitHub": r"\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}",
    "a token of Slack": r"\bxox[abeoprs]-[\w-]{10,}",
    "a key of Stripe": r"\b[rs]k_(?:live|test)_\w{10,}",
    "a key of Google": r"\bAIza[\w-]{35}",
    "a JSON web token": r"\beyJ[\w-]{10,}\.[\w-]{10,}",
    "a bearer token": r"(?i)\bbearer\s+(?=\S*\d)[\w.~+/-]{20,}",
    "basic credentials": r"(?i)\bbasic\s+(?=\S*[\d=])[A-Za-z0-9+/]{16,}=*",
    "credentials in an address": r"(?i)\bhttps?://[^\s/:@]+:[^\s/@]+@",
    "a key or password": r"(?i)\b(?:password|passwd|secret|api[_-]?key|token)\"?\s*[:=]\s*\"?(?=\S*\d)[\w!$%+/-]{12,}",
    "a long key": r"\b(?=[\w+/-]*\d)(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])[A-Za-z0-9+/_]{32,}\b",
    "a hash": r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{40,}\b",
    "a social security number": r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])",
}
# what a text might hold | found as
PLANTED = """
AKIAIOSFODNN7EXAMPLE                                    | a key of AWS
-----BEGIN RSA PRIVATE KEY-----                         | a private key
ghp_abcdefghijklmnopqrstuvwxyz0123456789                | a token of GitHub
xoxb-12345678901-abcdefg                                | a token of Slack
sk_live_4242424242424242                                | a key of Stripe
AIzaSyA1234567890abcdefghijklmnopqrstuv                 | a key of Google
eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x                  | a JSON web token
Authorization: Bearer 8f3a77c0e1b24d5f9a6b              | a bearer token
Authorization: Basic dXNlcjpwYXNzd29yZDE=               | basic credentials
https://pam:hunter2@example.com/                        | credentials in an address
password: tr0ub4dor&3xyz-77                             | -
password: tr0ub4dor3xyz-77                              | a key or password
Zm9vYmFyMTIzNDU2Nzg5MGFiY2RlZmdoaWprbG1ub3A             | a long key
da39a3ee5e6b4b0d3255bfef95601890afd80709                | a hash
078-05-1120                                             | a social security number
the password is wrong and the token has expired         | -
SUBSCRIBER-CONFIGURATION-PENDING                        | -
"""


def all_texts() -> list[Named]:
    return [*((one.name, f"{one.summary}\n{one.description}") for one in starter())]


def holding(pattern: str, texts: Sequence[Named]) -> list[str]:
    return [name for name, text in texts if re.search(pattern, text)]


@pytest.mark.parametrize(("text", "what"), cells(PLANTED))
def test_a_planted_secret_is_found(text: str, what: str) -> None:
    found = [name for name, pattern in SECRETS.items() if re.search(pattern, f"It says {text} since Monday")]
    assert (what in found) if what != "-" else found == []


@pytest.mark.parametrize("what", SECRETS)
def test_no_text_holds_a_secret(what: str) -> None:
    assert holding(SECRETS[what], all_texts()) == []


@pytest.mark.parametrize(
    ("domain", "is_reserved"),
    cells("""
        example.com          | yes
        desk.example.net     | yes
        cedar.invalid        | yes
        service.cedar.test   | yes
        myexample.com        | no
        gmail.com            | no
        example.com.evil.org | no
        """),
)
def test_which_domains_are_nobodys(domain: str, is_reserved: str) -> None:
    assert bool(RESERVED.search(domain)) == (is_reserved == "yes")


def test_mail_goes_to_nobody() -> None:
    domains = {domain.lower() for _, text in all_texts() for domain in MAIL.findall(text)}
    assert domains, "some texts hold addresses, as real ones do"
    assert [domain for domain in sorted(domains) if not RESERVED.search(domain)] == []


def test_telephone_numbers_are_nobodys() -> None:
    numbers = {number for _, text in all_texts() for number in PHONE.findall(text)}
    assert numbers, "some texts hold numbers, as real ones do"
    assert [number for number in sorted(numbers) if not FICTION.search(number)] == []
