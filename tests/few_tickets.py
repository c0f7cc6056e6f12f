"""Forty tiny tickets by four hands, from which a classifier is fitted in a second or two, and rules for them.

They hold just enough for the machinery to work; how good tags are is no matter of theirs.
"""

from functools import cache
from typing import Any

import numpy as np

from analysis.classifier import COMBINED, Classifier, Head, Text
from analysis.examples import Example
from analysis.features import EMBEDDING_WIDTH, Vocabulary
from analysis.fitting import Outcome, fit
from analysis.rules import Rules
from analysis.taxonomy import RuleSpec

KINDS = ("failure_category", "provider", "root_cause")
PRECISION = 0.8

# hand | provider | category | summary | description
TICKETS = """
anna | tekion | auth       | Tekion refuses us         | Every call ends in 401, the token has expired and no new one is given.
anna | cdk    | auth       | CDK says 401              | The token was renewed and CDK still says unauthorized.
anna | xtime  | auth       | Token trouble at XTime    | Their CDK works fine. XTime rejects the key, credentials were rotated yesterday.
anna | tekion | webhook    | No events from Tekion     | The callback is not delivered, the webhook was never subscribed.
anna | cdk    | webhook    | CDK events come twice     | Each event is delivered twice to our callback.
anna | xtime  | webhook    | XTime events missing      | No event is delivered since Monday, the webhook is silent.
anna | tekion | scheduling | Slots wrong in Tekion     | They replaced XTime with it. The caller was offered a slot at noon that is long booked.
anna | xtime  | scheduling | Double booking            | XTime booked two cars into one slot on Friday.
anna | none   | how_to     | How do I add a colleague  | Where in the settings can I invite a colleague, please explain.
anna | none   | how_to     | A question about reports  | How do I read the report that comes on Monday?
bill | tekion | auth       | 401 since the morning     | Tekion answers unauthorized, our token is not accepted any more.
bill | cdk    | auth       | expired key               | The key for CDK expired, every call is rejected with 401.
bill | cdk    | webhook    | callback never called     | CDK does not deliver the event although we subscribed the webhook.
bill | xtime  | webhook    | late events               | Events of XTime are delivered an hour late, CDK works fine.
bill | cdk    | scheduling | wrong slot                | CDK gave the customer a slot on Sunday, Tekion works fine.
bill | xtime  | scheduling | slot at night             | XTime offers slots at two in the night, customers book them.
bill | tekion | scheduling | two cars one slot         | An appointment in Tekion was booked twice.
bill | none   | how_to     | question                  | Please explain how the settings page works.
bill | none   | how_to     | training wanted           | Our new colleague asks how to listen to calls, is there training?
bill | tekion | webhook    | events lost               | Webhook of Tekion was delivered to the old callback, events are lost.
cora | xtime  | auth       | credentials refused       | XTime refuses us: invalid credentials, 401. Tekion works fine.
cora | tekion | auth       | token expired             | Tekion token expired overnight.
cora | cdk    | auth       | unauthorized              | CDK says unauthorized, credentials are right.
cora | xtime  | webhook    | no callback               | XTime never calls our callback, the event is not subscribed.
cora | cdk    | webhook    | event twice               | The webhook of CDK comes twice for each event.
cora | tekion | scheduling | slots hidden              | Tekion shows free slots, we offer none, the appointment fails.
cora | cdk    | scheduling | appointment moved         | The appointment in CDK moved by a day. They replaced Tekion.
cora | none   | how_to     | where is the setting      | How do I change the greeting, where is the setting?
cora | none   | how_to     | how to export             | Can you explain how I export the calls, just a question.
cora | xtime  | scheduling | wrong time of appointment | The customer came at nine, XTime has the slot at ten.
dora | tekion | auth       | Tekion 401                | Login to Tekion rejected, token expired.
dora | xtime  | auth       | XTime key                 | The key of XTime was rejected as expired.
dora | cdk    | auth       | CDK token                 | CDK refuses: token rejected, unauthorized. XTime works fine.
dora | tekion | webhook    | Tekion webhook            | Events of Tekion not delivered to the callback.
dora | cdk    | webhook    | CDK webhook               | CDK does not send events, subscribed since May.
dora | xtime  | webhook    | XTime webhook             | An event was delivered twice by XTime.
dora | tekion | scheduling | Tekion slots              | Slots in Tekion are booked twice. They replaced CDK.
dora | xtime  | scheduling | XTime slots               | No slot on Monday in XTime though the shop is free.
dora | none   | how_to     | a small question          | How do I reset my settings? Nothing to do with CDK, which works fine.
dora | none   | how_to     | training                  | Is there a training about the report?
"""
# hand | root cause | the words with which a ticket was closed
CLOSED = """
anna | our_bug       | We fixed our code and deployed the change.
anna | configuration | The setting was corrected by the dealer.
anna | our_bug       | Deployed a change of our code that renews it.
bill | configuration | A wrong setting, corrected together.
bill | our_bug       | Our code was wrong, the change is deployed.
bill | configuration | Corrected the setting of the department.
cora | our_bug       | Change deployed, our code sent it twice.
cora | configuration | The dealer corrected a setting.
dora | our_bug       | Fixed in our code, deployed today.
dora | configuration | Setting corrected, nothing else to do.
"""


def rule(name: str, says: str, *words: str, **more: object) -> RuleSpec:
    """`says` is a provider's id, or a category's with a leading dot."""
    kind = {"category": says[1:]} if says.startswith(".") else {"provider": says}
    return RuleSpec.model_validate({"id": name, "words": words, "matches": ["x"], **kind, **more})


def few_rules() -> Rules:
    return Rules([
        rule("tekion", "tekion", "Tekion", weight=4),
        rule("cdk", "cdk", "CDK", weight=4),
        rule("xtime", "xtime", "XTime", weight=4),
        rule("auth", ".auth", "401", "unauthorized", weight=4),
        rule("slot", ".scheduling", "slot", "slots", hint=True),
    ])  # fmt: skip


def cells(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]


def few_examples() -> list[Example]:
    found = [
        Example(f"T{number}", summary, description, {"provider": provider, "failure_category": category}, hand)
        for number, (hand, provider, category, summary, description) in enumerate(cells(TICKETS), 1)
    ]
    closed = enumerate(cells(CLOSED), 1)
    return found + [
        Example(f"C{number}", "", words, {"root_cause": cause}, hand) for number, (hand, cause, words) in closed
    ]


@cache
def fitted() -> tuple[Classifier, list[Outcome]]:
    """The classifier of the few tickets, made once."""
    return fit(few_examples(), few_rules(), KINDS, PRECISION, {"model_version": "few"})


def few_model() -> Classifier:
    return fitted()[0]


def chances(model: Classifier, kind: str, *texts: str, rules: Rules | None = None) -> list[dict[str, float]]:
    """What the model thinks of texts (summary and description parted by /), by value."""
    return [dict(guess.probabilities) for guess in guesses(model, kind, *texts, rules=rules)]


def guesses(model: Classifier, kind: str, *texts: str, rules: Rules | None = None) -> list[Any]:
    known = rules or few_rules()
    read = [
        Text.read(summary, description, known) for summary, _, description in (text.partition("/") for text in texts)
    ]
    return [guess[kind] for guess in model.guess(read, known, (kind,))]


def always(told: dict[str, dict[str, float]], threshold: float = 0.5, version: str = "always") -> Classifier:
    """A classifier that thinks the same of every text: kind of tag → value → how likely."""

    def head(kind: str, likely: dict[str, float]) -> Head:
        values = tuple(sorted(likely))
        heights = {"words": 0, "parts": 0, "meaning": EMBEDDING_WIDTH}
        combination = np.zeros(len(COMBINED[kind]), np.float32)
        combination[0] = 1
        return Head(
            kind=kind,
            classes=values,
            weights={block: np.zeros((height, len(values)), np.float32) for block, height in heights.items()},
            bias=np.log(np.array([likely[value] for value in values], np.float32)),
            combination=combination,
            thresholds=np.full(len(values), threshold, np.float32),
            class_shift=np.zeros(len(values), np.float32),
        )

    words, parts = (Vocabulary(kind, (), np.empty(0, np.float32)) for kind in ("words", "parts"))
    heads = {kind: head(kind, likely) for kind, likely in told.items()}
    return Classifier(words, parts, heads, None, {"model_version": version}, least_known=0)
