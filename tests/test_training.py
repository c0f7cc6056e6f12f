"""Training: answers → fit → kept only if not worse; what a model's version stands for."""

import importlib.metadata
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from few_tickets import cells, few_examples
from stories import derive, warehouse_of, write_criteria

from analysis import fitting
from analysis.examples import Example, starter_examples
from analysis.fitting import Outcome
from analysis.model_files import read_model
from analysis.rules import Rules
from analysis.taxonomy import PACKAGED, Criteria, read_criteria
from analysis.warehouse import Warehouse
from pipelines import models, training
from pipelines.models import SHIPPED, model_in_force
from pipelines.settings import Settings, read_settings
from pipelines.training import (
    ANSWER_WEIGHT,
    KINDS,
    Trained,
    answered_examples,
    fit_model,
    model_version,
    ship,
    train,
)

RULES = """
[[rule]]
id = "tekion"
provider = "tekion"
words = ["Tekion"]
matches = ["Tekion"]
weight = 4
[[rule]]
id = "cdk"
provider = "cdk"
words = ["CDK"]
matches = ["CDK"]
weight = 4
[[rule]]
id = "xtime"
provider = "xtime"
words = ["XTime"]
matches = ["XTime"]
weight = 4
"""
TODAY = date(2026, 3, 20)
# dealer | provider | category | summary: as a desk's people answered
GOOD = """
cedar | tekion | auth       | Tekion rejects the token with 401, it has expired
cedar | cdk    | webhook    | CDK delivers each event twice to the callback
blue  | xtime  | scheduling | XTime booked two cars into one slot
blue  | none   | how_to     | How do I change the setting, please explain
"""
# the same kinds of words, all of them answered wrong, and no two alike
WRONG = """
d1 | cdk    | how_to     | Tekion 401, the token is expired and unauthorized
d2 | xtime  | scheduling | Tekion token expired, every call rejected
d3 | none   | webhook    | unauthorized says CDK, the key expired
d4 | tekion | how_to     | CDK token refused: 401
d5 | cdk    | auth       | slot booked twice in XTime
d6 | tekion | webhook    | XTime slot offered at night, appointment wrong
d1 | none   | auth       | two cars in one slot of Tekion, double booking
d2 | xtime  | auth       | How do I invite a colleague, where is the setting
d3 | cdk    | webhook    | Please explain the report, just a question
d4 | tekion | scheduling | training for a colleague, a question about settings
d5 | none   | scheduling | event of CDK delivered twice, webhook subscribed
d6 | xtime  | how_to     | the webhook of Tekion is silent, no event delivered
d1 | tekion | auth       | callback of XTime never called, events are lost
d2 | none   | how_to     | XTime rejects the key: invalid credentials, 401
d3 | xtime  | webhook    | CDK offers slots on Sunday, appointment booked
d4 | none   | auth       | events of CDK come late to the callback
"""


def answers(table: str) -> list[Example]:
    return [
        Example(f"A{n}", summary, "", {"provider": provider, "failure_category": category}, dealer, ANSWER_WEIGHT)
        for n, (dealer, provider, category, summary) in enumerate(cells(table), 1)
    ]


class Desk:
    """A desk whose starter set is the few tickets; `answered` are its own."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = home
        self.said: list[str] = []
        self.answered: list[Example] = []
        self.starter = few_examples()
        patch.setattr(models, "SHIPPED", home / "no shipped model.npz")
        patch.setattr(training, "starter_examples", lambda: self.starter)
        patch.setattr(training, "answered_examples", lambda _: self.answered)

    @property
    def settings(self) -> Settings:
        return read_settings(home=self.home)

    def train(self, rules: str = RULES) -> Trained:
        criteria = write_criteria(self.home / "criteria", rules__toml=rules)
        return train(self.settings, criteria, TODAY, self.said.append)

    def in_force(self) -> str | None:
        model = model_in_force(self.settings.models, lambda _: None)
        return model.version if model else None


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


# -- kept or not ---------------------------------------------------------------------------------------------


def test_the_first_model_is_kept_and_says_what_it_was_made_of(desk: Desk) -> None:
    assert desk.in_force() is None
    trained = desk.train()
    assert trained.is_kept
    assert trained.path == desk.settings.models / f"{trained.version}.npz"
    assert desk.in_force() == trained.version
    assert trained.qualities.keys() == set(KINDS)
    assert trained.qualities["provider"].accuracy[0] > 0.9
    about = read_model(trained.path).about
    assert (about["made_on"], about["n_examples"], about["answered"]) == ("2026-03-20", 50, [])
    assert about["precision"] == read_criteria(None).precision
    assert about["libraries"].keys() == {"numpy", "scikit-learn", "wordllama"}
    assert about["metrics"]["provider"]["n"] == 40
    assert "train: 50 examples, 0 of them the desk's own answers" in desk.said


def test_the_same_again_is_nothing_to_learn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    first = desk.train()
    monkeypatch.setattr(training, "fit_model", lambda *_: pytest.fail("there is nothing to fit"))
    again = desk.train()
    assert (again.version, again.is_kept, again.path, again.qualities) == (first.version, False, None, {})
    assert again.why.startswith("nothing to learn")
    assert desk.in_force() == first.version


def test_what_the_desk_answered_is_learned(desk: Desk) -> None:
    before = desk.train()
    desk.answered = answers(GOOD)
    after = desk.train()
    assert (after.is_kept, after.why) == (True, "not worse on the same folds than the model in force")
    assert desk.in_force() == after.version != before.version
    assert after.path is not None
    about = read_model(after.path).about
    assert about["answered"] == [one.digest for one in desk.answered]
    assert about["n_examples"] == 54
    assert "train: 54 examples, 4 of them the desk's own answers" in desk.said
    assert any("on the same folds" in line for line in desk.said)


def test_a_worse_model_is_refused_and_the_old_one_stays(desk: Desk) -> None:
    """People who answer everything wrong, each in another way, must not spoil the tags of the others."""
    good = desk.train()
    files = sorted(path.name for path in desk.settings.models.iterdir())
    desk.answered = answers(WRONG)
    bad = desk.train()
    assert (bad.is_kept, bad.path) == (False, None)
    assert bad.why.startswith("worse in "), bad.why
    assert bad.qualities.keys() == set(KINDS), "told all the same"
    assert desk.in_force() == good.version != bad.version
    assert sorted(path.name for path in desk.settings.models.iterdir()) == files


def test_what_is_refused_today_is_judged_anew_with_better_answers(desk: Desk) -> None:
    """The refused one's answers are not taken for known: the model in force had never learned from them."""
    desk.train()
    desk.answered = answers(WRONG)
    assert not desk.train().is_kept
    assert not desk.train().is_kept
    desk.answered = answers(GOOD)
    assert desk.train().is_kept


def test_the_other_side_of_the_comparison_knows_what_the_model_in_force_had_learned(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The starter set and the answers of last time, but not those since."""
    asked: list[list[bool]] = []
    judge = fitting.outcomes_of

    def watched(examples: list[Example], rules: Rules, kinds: tuple[str, ...], known: list[bool]) -> list[Outcome]:
        asked.append(known)
        return judge(examples, rules, kinds, known)

    monkeypatch.setattr(fitting, "outcomes_of", watched)
    desk.train()
    for n_answers in (1, 3, 4):
        desk.answered = answers(GOOD)[:n_answers]
        assert desk.train().is_kept
    assert asked == [[True] * 50 + known for known in ([False], [True] + [False] * 2, [True] * 3 + [False])]


# kind | lost, won | kept: refused where more are lost than won by over 1.64 √(lost + won)
WORSE = """
provider         | 0 0  | yes
provider         | 0 9  | yes
provider         | 2 0  | yes
provider         | 3 0  | no
failure_category | 10 4 | yes
failure_category | 11 4 | no
root_cause       | 20 9 | no
root_cause       | 9 20 | yes
"""


@pytest.mark.parametrize(("kind", "changed", "kept"), cells(WORSE))
def test_what_is_worse_beyond_chance_in_any_kind_is_not_kept(
    kind: str, changed: str, kept: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it counts, without what is counted: outcomes planted in the place of real ones."""
    desk.train()
    desk.answered = answers(GOOD)
    lost, won = map(int, changed.split())
    # of 44, the first ones were right before alone, the next ones are right now alone, and the others both times
    before = {place: not lost <= place < lost + won for place in range(44)}
    now = {place: place >= lost for place in range(44)}
    planted = Planted(kind, before), Planted(kind, now)
    monkeypatch.setattr(fitting, "outcomes_of", lambda *_: [planted[0]])
    fitted = fit_model

    def with_planted(*given: object) -> object:
        model, qualities, _ = fitted(*given)  # type: ignore[arg-type]
        return model, qualities, [planted[1]]

    monkeypatch.setattr(training, "fit_model", with_planted)
    trained = desk.train()
    assert trained.is_kept == (kept == "yes")
    if kept == "no":
        assert trained.why == f"worse in {kind}: {lost} of 44 right before and wrong now, {won} the other way"


class Planted:
    """What `train` looks at of an outcome."""

    def __init__(self, kind: str, right: dict[int, bool]) -> None:
        self.kind, self.right, self.truth = kind, right, ("cdk",) * 44


def test_other_rules_alone_are_no_reason_to_refuse(desk: Desk) -> None:
    """The folds are compared only where there are new answers; rules are people's decision."""
    first = desk.train()
    second = desk.train(RULES + "# another thought\n")
    assert second.is_kept
    assert desk.in_force() == second.version != first.version


def test_the_shipped_model_knows_the_starter_set_alone(desk: Desk) -> None:
    desk.answered = answers(GOOD)
    criteria = write_criteria(desk.home / "criteria", rules__toml=RULES)
    trained = ship(TODAY, criteria, desk.home / "shipped" / "model.npz")
    assert trained.path is not None
    found = read_model(trained.path)
    assert (found.version, found.about["n_examples"]) == (model_version(few_examples(), criteria), 50)
    assert found.about["answered"] == []


def test_the_desk_begins_where_the_shipped_model_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    criteria = write_criteria(desk.home / "criteria", rules__toml=RULES)
    path = desk.home / "shipped.npz"
    shipped = ship(TODAY, criteria, path)
    monkeypatch.setattr(models, "SHIPPED", path)
    trained = desk.train()
    assert (trained.version, trained.is_kept) == (shipped.version, False)
    assert trained.why.startswith("nothing to learn")


# -- versions ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def criteria(tmp_path_factory: pytest.TempPathFactory) -> Criteria:
    return write_criteria(tmp_path_factory.mktemp("criteria"), rules__toml=RULES)


def with_first(change: Callable[[Example], Example]) -> list[Example]:
    first, *rest = few_examples()
    return [change(first), *rest]


CHANGED_EXAMPLES = {
    "one more": [*few_examples(), Example("new", "hello", "", {"provider": "cdk"}, "eve")],
    "one less": few_examples()[1:],
    "one twice": [few_examples()[0], *few_examples()],
    "another summary": with_first(lambda one: replace(one, summary=one.summary + "!")),
    "another description": with_first(lambda one: replace(one, description=one.description + "!")),
    "words moved to the description": with_first(
        lambda one: replace(one, summary="", description=f"{one.summary}\n{one.description}")
    ),
    "another tag": with_first(lambda one: replace(one, tags={**one.tags, "provider": "cdk"})),
    "a tag less": with_first(lambda one: replace(one, tags={"provider": one.tags["provider"]})),
    "another weight": with_first(lambda one: replace(one, weight=ANSWER_WEIGHT)),
    "another hand, so other folds": with_first(lambda one: replace(one, group="eve")),
}


@pytest.mark.parametrize("what", CHANGED_EXAMPLES)
def test_other_examples_make_another_version(what: str, criteria: Criteria) -> None:
    assert model_version(CHANGED_EXAMPLES[what], criteria) != model_version(few_examples(), criteria)


SAME_EXAMPLES = {
    "read again": few_examples(),
    "another name": with_first(lambda one: replace(one, name="renamed")),
    "tags in another order": with_first(lambda one: replace(one, tags=dict(reversed(list(one.tags.items()))))),
}


@pytest.mark.parametrize("what", SAME_EXAMPLES)
def test_what_is_not_learned_from_makes_no_other_version(what: str, criteria: Criteria) -> None:
    assert model_version(SAME_EXAMPLES[what], criteria) == model_version(few_examples(), criteria)


TAXONOMY = (PACKAGED / "taxonomy.toml").read_text()
OTHER_CRITERIA = {
    "rules": {"rules__toml": RULES + "# changed\n"},
    "codes": {"codes__csv": "code,provider,category\nERR-77,xtime,\n"},
    "precision": {"taxonomy__toml": TAXONOMY.replace("precision = 0.95", "precision = 0.9")},
}
SAME_CRITERIA = {
    "read again": {},
    "dealers": {"dealers__csv": "dealer_id,name,aliases,provider,live_from,live_until\ncedar,Cedar,,cdk,,\n"},
    "access": {"access__csv": "access,from,to\nportal,2026-03-03,\n"},
    "delays": {"normal_delays__csv": "provider,step,starts,hours,effective_from\ncdk,x,requested_at,5,2026-01-01\n"},
    "another colour": {"taxonomy__toml": re.sub(r'colour = "#\w+"', 'colour = "#123456"', TAXONOMY, count=1)},
}


@pytest.mark.parametrize("what", OTHER_CRITERIA)
def test_other_rules_codes_and_precision_make_another_version(what: str, criteria: Criteria, tmp_path: Path) -> None:
    changed = write_criteria(tmp_path, **({"rules__toml": RULES} | OTHER_CRITERIA[what]))
    assert model_version(few_examples(), changed) != model_version(few_examples(), criteria)


@pytest.mark.parametrize("what", SAME_CRITERIA)
def test_criteria_that_the_model_does_not_see_make_no_other_version(
    what: str, criteria: Criteria, tmp_path: Path
) -> None:
    changed = write_criteria(tmp_path, **({"rules__toml": RULES} | SAME_CRITERIA[what]))
    assert model_version(few_examples(), changed) == model_version(few_examples(), criteria)


@pytest.mark.parametrize("library", ["numpy", "scikit-learn", "wordllama"])
def test_another_version_of_a_library_makes_another_version(
    library: str, criteria: Criteria, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = model_version(few_examples(), criteria)
    known = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "99.0" if name == library else known(name))
    assert model_version(few_examples(), criteria) != before


def test_another_setting_of_the_fit_makes_another_version(criteria: Criteria, monkeypatch: pytest.MonkeyPatch) -> None:
    before = model_version(few_examples(), criteria)
    monkeypatch.setattr(fitting, "SETTINGS", ("other",))
    assert model_version(few_examples(), criteria) != before


def test_a_version_can_be_a_file_name(criteria: Criteria) -> None:
    version = model_version(few_examples(), criteria)
    assert len(version) == 16
    assert set(version) <= set("0123456789abcdef")


def test_the_shipped_model_was_made_of_what_is_shipped() -> None:
    """Else: `make model`."""
    assert read_model(SHIPPED).version == model_version(starter_examples(), read_criteria(None))


# -- what a desk's people answered ---------------------------------------------------------------------------

STORY = """
SUP-1 created 2026-03-02 09:00 tier=2 dealer=Cedar summary="Tekion 403" description="token expired"
SUP-2 created 2026-03-02 09:00 tier=2 dealer="Cedar Ridge" summary="events twice"
SUP-3 created 2026-03-02 09:00 tier=2 summary="no dealer"
SUP-4 created 2026-03-02 09:00 tier=2 dealer=Cedar summary="disputed"
SUP-5 created 2026-03-02 09:00 tier=2 dealer="Blue Mesa" summary="half disputed"
SUP-6 created 2026-03-02 09:00 tier=2 dealer=Cedar summary="taken back"
SUP-7 created 2026-03-02 09:00 tier=2 dealer=Cedar summary="closed"
  03-04 12:00 comment="We fixed our code." by=int-1
  03-04 12:01 status=Resolved resolution=Done by=int-1
SUP-8 created 2026-03-02 09:00 tier=2 dealer=Cedar summary="not closed"
SUP-9 created 2026-03-02 09:00 tier=2 dealer=Cedar summary="unanswered"
SUP-10 created 2026-03-02 09:00 tier=2 dealer=Nowhere summary="all three"
  03-04 12:00 comment="The dealer corrected a setting." by=int-1
  03-04 12:01 status=Resolved resolution=Done by=int-1
SUP-11 created 2026-03-02 09:00 tier=2 dealer=Cedar summary="agreed at last"
SUP-12 created 2026-03-02 09:00 tier=1 dealer=Cedar summary="before" description="as it was escalated"
  03-02 11:00 tier=2
  03-02 12:00 summary="after, it was CDK"
SUP-13 created 2026-03-02 09:00 tier=2 dealer="Blue Mesa" summary="in Jira" labels="provider:none"
SUP-14 created 2026-03-02 09:00 tier=2 dealer=Cedar summary="closed without a word"
  03-04 12:01 status=Resolved resolution=Done by=int-1
"""
# day and time | ticket | kind | value (- takes back) | person
ANSWERS = """
03-05 10:00 | SUP-1  | provider         | tekion        | ann
03-05 10:00 | SUP-2  | provider         | cdk           | ann
03-05 10:01 | SUP-2  | failure_category | webhook       | ann
03-05 10:00 | SUP-3  | provider         | cdk           | ann
03-06 10:00 | SUP-3  | provider         | xtime         | ann
03-05 10:00 | SUP-4  | provider         | tekion        | ann
03-05 11:00 | SUP-4  | provider         | cdk           | bob
03-05 10:00 | SUP-5  | provider         | tekion        | ann
03-05 11:00 | SUP-5  | provider         | cdk           | bob
03-05 10:00 | SUP-5  | failure_category | auth          | ann
03-05 10:00 | SUP-6  | provider         | tekion        | ann
03-06 10:00 | SUP-6  | provider         | -             | ann
03-05 10:00 | SUP-7  | root_cause       | our_bug       | ann
03-05 10:00 | SUP-8  | root_cause       | our_bug       | ann
03-05 10:00 | SUP-10 | provider         | cdk           | ann
03-05 10:00 | SUP-10 | failure_category | configuration | bob
03-05 10:00 | SUP-10 | root_cause       | configuration | bob
03-05 10:00 | SUP-11 | provider         | tekion        | ann
03-05 11:00 | SUP-11 | provider         | cdk           | bob
03-06 11:00 | SUP-11 | provider         | tekion        | bob
03-05 10:00 | SUP-12 | failure_category | auth          | ann
03-05 10:00 | SUP-14 | root_cause       | our_bug       | ann
"""
# name | group | summary | description | tags
LEARNED = """
1001          | cedar       | Tekion 403     | token expired                   | provider=tekion
1002          | cedar       | events twice   |                                 | failure_category=webhook provider=cdk
1003          | ticket 1003 | no dealer      |                                 | provider=xtime
1005          | blue        | half disputed  |                                 | failure_category=auth
1007 resolved | cedar       |                | We fixed our code.              | root_cause=our_bug
1010          | ticket 1010 | all three      |                                 | failure_category=configuration provider=cdk
1010 resolved | ticket 1010 |                | The dealer corrected a setting. | root_cause=configuration
1011          | cedar       | agreed at last |                                 | provider=tekion
1012          | cedar       | before         | as it was escalated             | failure_category=auth
1013          | blue        | in Jira        |                                 | provider=none
"""


def answer(warehouse: Warehouse, table: str) -> None:
    keys = dict(warehouse.rows("select ticket_key, issue_id from core.tickets"))
    for time, key, kind, value, person in cells(table):
        at = datetime.fromisoformat(f"2026-{time}")
        said = {"issue_id": keys[key], "kind": kind, "value": None if value == "-" else value, "person_id": person}
        warehouse.append_event("state.answers", {"run_id": "review", "recorded_at": at, "effective_at": at} | said)


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a warehouse that holds the story and the answers."""
    folder = tmp_path_factory.mktemp("answered")
    criteria = write_criteria(folder / "criteria", rules__toml=RULES)
    with warehouse_of(STORY, folder, criteria) as warehouse:
        answer(warehouse, ANSWERS)
        derive(warehouse, criteria, datetime(2026, 3, 12))
    return folder / "warehouse.duckdb"


def test_answers_that_stand_are_examples_and_disputed_ones_are_not(answered: Path) -> None:
    found = [
        [one.name, one.group, one.summary, one.description, " ".join(f"{k}={v}" for k, v in sorted(one.tags.items()))]
        for one in answered_examples(answered)
    ]
    assert found == cells(LEARNED)


def test_an_answer_weighs_more_than_a_ticket_of_the_starter_set(answered: Path) -> None:
    weights = {one.weight for one in answered_examples(answered)}
    assert weights == {ANSWER_WEIGHT}
    assert ANSWER_WEIGHT > 1 == few_examples()[0].weight


def test_reading_answers_twice_gives_the_same(answered: Path) -> None:
    assert answered_examples(answered) == answered_examples(answered)


def test_without_a_warehouse_or_answers_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    assert answered_examples(tmp_path / "none.duckdb") == []
    assert not (tmp_path / "none.duckdb").exists(), "asking makes no warehouse"
    with Warehouse.open(tmp_path / "new.duckdb"):
        pass
    assert answered_examples(tmp_path / "new.duckdb") == []


def test_a_training_reads_the_answers_of_its_warehouse(
    answered: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "SHIPPED", tmp_path / "none.npz")
    monkeypatch.setattr(training, "starter_examples", few_examples)
    criteria = write_criteria(tmp_path / "criteria", rules__toml=RULES)
    settings = read_settings(home=tmp_path, warehouse=answered)
    trained = train(settings, criteria, TODAY, lambda _: None)
    assert trained.path is not None
    about = read_model(trained.path).about
    assert about["n_examples"] == 60
    assert about["answered"] == [one.digest for one in answered_examples(answered)]


def test_a_model_is_fitted_for_every_kind_of_tag(criteria: Criteria) -> None:
    model, qualities, outcomes = fit_model(few_examples(), Rules.of(criteria), criteria, TODAY, "v")
    assert model.version == "v"
    assert [one.kind for one in outcomes] == list(KINDS) == list(model.heads)
    told = json.loads(json.dumps(model.about["metrics"]))
    assert told.keys() == qualities.keys() == set(KINDS)
    assert [told[kind]["n"] for kind in KINDS] == [40, 40, 10]
