"""Criteria files: each mistake is one line that names file, entry and what is allowed."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from few_tickets import cells

from analysis.errors import CriteriaError
from analysis.rules import Rules
from analysis.taxonomy import PACKAGED, Runbook, criteria_files, read_criteria
from analysis.verdicts import TextMatcher
from pipelines.site_tables import site_tables

RULE = """
[[rule]]
id = "r1"
provider = "tekion"
words = ["Tekion"]
matches = ["Tekion is down"]
"""
RUNBOOK = """---
id: RB-1
title: Slots hidden
provider: xtime
category: configuration
signature: ['web capacity']
audience: ops
published: 2026-06-01
announced: 2026-06-03
---
Open the page.
"""
CODES = "code,provider,category\n"
DEALERS = "dealer_id,name,aliases,provider,live_from,live_until\n"
TIER = '[[tier.source]]\nkind = "field"\nfield = "Support tier"\nvalues = { "1" = 1 }\n'


def site(more: str = "", zone: str = "UTC") -> str:
    return f'reporting_zone = "{zone}"\n{more}'


def check(folder: Path) -> None:
    """All that `escalations check` looks at."""
    criteria = read_criteria(folder)
    Rules.of(criteria)
    TextMatcher.of(criteria)
    site_tables(criteria, {})


def overlay(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


# name of the mistake → file, its text, words that the message must hold
RB, RULES, CSV, SITE = "runbooks/RB-1.md", "rules.toml", "dealers.csv", "site.toml"
MISTAKES: dict[str, tuple[str, str | bytes, list[str]]] = {
    "bad TOML": (SITE, "reporting_zone = ", ["site.toml: not valid TOML"]),
    "not UTF-8": (SITE, b'reporting_zone = "caf\xe9"', ["site.toml: not UTF-8"]),
    "unknown key at the top": (RULES, "[[rules]]\n", ["rules.toml: unknown key 'rules'", "allowed are rule"]),
    "unknown key": (RULES, RULE + "wieght = 2\n", ["rules.toml: rule r1: wieght: unknown key", "weight, words"]),
    "unknown key of the site": (SITE, site("zone = 1\n"), ["site: zone: unknown key", "reporting_zone"]),
    "unknown key of a table": (SITE, site('[fields]\ndeeler = "X"\n'), ["fields.deeler: unknown key", "dealer"]),
    "unknown key of a list": (SITE, site(TIER + "x = 1\n"), ["tier.source.0.x: unknown key", "kind, values"]),
    "unknown key of a member": (SITE, site('[[member]]\nid="a"\ntier=1\nx=1\n'), ["member.0.x", "from, id, ruler"]),
    "no list": (RULES, "[rule]\nid = 'r1'\n", ["rules.toml: write [[rule]]"]),
    "unknown provider": (RULES, RULE.replace('"tekion"', '"tekin"'), ["rule r1: unknown provider 'tekin'", "cdk"]),
    "unknown category": (
        RULES,
        RULE.replace('provider = "tekion"', 'category = "oauth"'),
        ["rule r1: unknown category 'oauth'", "allowed are", "webhook"],
    ),
    "provider and category": (RULES, RULE + 'category = "auth"\n', ["rule r1: give either provider or category"]),
    "rule that says nothing": (RULES, RULE.replace('words = ["Tekion"]', ""), ["rule r1: give words or regex"]),
    "rule without example": (RULES, RULE.replace('["Tekion is down"]', "[]"), ["rule r1", "example in matches"]),
    "rule without matches": (RULES, RULE.replace("matches", "#"), ["rule r1: matches: is missing"]),
    "doubled rule": (RULES, RULE + RULE, ["rules.toml: rule r1: stands twice"]),
    "weight too big": (RULES, RULE + "weight = 1000\n", ["rule r1: weight", "equal to 100"]),
    "weight is a word": (RULES, RULE + 'weight = "much"\n', ["rule r1: weight", "number"]),
    "look-around": (
        RULES,
        RULE + "regex = ['Tek(?=ion)']\n",
        ["rule r1: regex 'Tek(?=ion)' is refused", "look-around"],
    ),
    "look-behind": (RULES, RULE + "regex = ['(?<!x)Tek']\n", ["rule r1", "look-around"]),
    "back-reference": (RULES, RULE + r"regex = ['(\w)\1']" + "\n", ["rule r1", "back-references are"]),
    "open bracket": (RULES, RULE + "regex = ['(Tek']\n", ["rule r1: regex '(Tek' is refused", "missing )"]),
    "example that does not match": (
        RULES,
        RULE.replace("Tekion is down", "Teknion is down"),
        ["rule r1: does not match its own example 'Teknion is down'"],
    ),
    "ignored example that matches": (
        RULES,
        RULE + 'ignores = ["not Tekion"]\n',
        ["rule r1: matches 'not Tekion', which it should ignore"],
    ),
    "bad zone": (SITE, site(zone="Denver"), ["reporting_zone: no time zone 'Denver'", "America/Denver"]),
    "zone outside the folder": (SITE, site(zone="../etc/passwd"), ["reporting_zone: no time zone"]),
    "day backwards": (SITE, site("[working_hours]\nstart = 17:00:00\nend = 08:00:00\n"), ["start must be before end"]),
    "no such day": (SITE, site('[working_hours]\ndays = ["monday"]\n'), ["working_hours.days.0", "'mon', 'tue'"]),
    "tier without field": (SITE, site(TIER.replace('field = "Support tier"', "")), ["kind field needs field"]),
    "tier 4": (SITE, site(TIER.replace("= 1 }", "= 4 }")), ["tier.source.0.values.1", "equal to 3"]),
    "tier by magic": (SITE, site(TIER.replace('"field"', '"magic"')), ["kind", "'field', 'team', 'assignee'"]),
    "doubled provider": (
        "taxonomy.toml",
        '[[provider]]\nid = "cdk"\nname = "CDK"\n[[provider]]\nid = "cdk"\nname = "C"\n',
        ["taxonomy.toml: provider cdk: stands twice"],
    ),
    "doubled root cause": (
        "taxonomy.toml",
        '[[root_cause]]\nid = "x"\ntext = "a"\n[[root_cause]]\nid = "x"\ntext = "b"\n',
        ["taxonomy.toml: root_cause x: stands twice"],
    ),
    "id with blanks": ("taxonomy.toml", '[[category]]\nid = "A b"\ntext = "t"\n', ["category A b: id", "pattern"]),
    "bad colour": (
        "taxonomy.toml",
        '[[provider]]\nid = "cdk"\nname = "CDK"\ncolour = "red"\n',
        ["provider cdk: colour", "#[0-9a-f]{6}"],
    ),
    "doubled criterion": (
        "escalation_criteria.toml",
        '[[criterion]]\nid = "a"\ntitle = "t"\nversion = 1\neffective_from = 2026-01-01\ntest = "runbook"\n' * 2,
        ["escalation_criteria.toml: criterion a version 1: stands twice"],
    ),
    "unknown test": (
        "escalation_criteria.toml",
        '[[criterion]]\nid = "a"\ntitle = "t"\nversion = 1\neffective_from = 2026-01-01\ntest = "mood"\n',
        ["criterion a: test", "'runbook', 'normal_delay'"],
    ),
    "too many cells": (CSV, DEALERS + "a,A,,cdk,,,oops\n", ["dealers.csv: line 2: more cells"]),
    "misspelt column": (CSV, "dealer_id,nmae\na,A\n", ["dealers.csv: line 2: ", "nmae: unknown key", "live_from"]),
    "missing cell": (CSV, DEALERS + "a,,,cdk,,\n", ["dealers.csv: line 2: name: is missing"]),
    "bad date": (CSV, DEALERS + "a,A,,cdk,3/1/2026,\n", ["dealers.csv: line 2: live_from", "date"]),
    "huge cell": (CSV, DEALERS + f"a,{'x' * 200_000},,,,\n", ["dealers.csv: line 2: not valid CSV"]),
    "dealer twice": (CSV, DEALERS + "a,A,,,,\na,B,,,,\n", ["dealers.csv: dealer_id a: stands twice"]),
    "dealer's provider": (CSV, DEALERS + "a,A,,tekin,,\n", ["dealers.csv: dealer a: unknown provider 'tekin'"]),
    "alias owned twice": (
        CSV,
        DEALERS + "a,Cedar Ridge,CRM,,,\nb,Blue,c.r.m|crm,,,\n",
        ["dealers.csv: dealer b: the name 'crm' also means a"],
    ),
    "delay of nobody": (
        "normal_delays.csv",
        "provider,step,starts,hours,effective_from\nnobody,x,requested_at,4,2026-01-01\n",
        ["normal_delays.csv", "unknown provider 'nobody'"],
    ),
    "delay without end": (
        "normal_delays.csv",
        "provider,step,starts,hours,effective_from\ncdk,x,requested_at,inf,2026-01-01\n",
        ["normal_delays.csv: line 2: hours", "finite"],
    ),
    "whole onboarding from elsewhere": (
        "normal_delays.csv",
        "provider,step,starts,ends,hours,effective_from\nxtime,x,accepted_at,live_at,4,2026-01-01\n",
        ["normal_delays.csv: line 2: the step that ends with live_at", "starts is requested_at"],
    ),
    "onboarding that is no ticket": (
        SITE,
        site('[not_tickets]\nlabels = ["Onboarding"]\n[onboardings]\nlabels = ["onboarding"]\n'),
        ["site.toml: site: labels 'onboarding' stands in onboardings and in not_tickets"],
    ),
    "code of an unknown provider": (
        "codes.csv",
        CODES + "OK-1,cdk,\nIDEA LOST,tekin,auth\n",
        ["codes.csv: code IDEA LOST: unknown provider 'tekin'; allowed are ", "cdk"],
    ),
    "code of an unknown category": (
        "codes.csv",
        CODES + "OK-1,cdk,\nIDEA LOST,tekion,oauth\n",
        ["codes.csv: code IDEA LOST: unknown category 'oauth'; allowed are ", "auth"],
    ),
    "code of a provider's name": ("codes.csv", CODES + "OK-1,cdk,\nA-1,CDK,\n", ["codes.csv: line 3: provider: "]),
    "code twice": (
        "codes.csv",
        CODES + "A-1,cdk,\nB,cdk,\nA-1,xtime,\n",
        ["codes.csv: rule code-a-1-provider: stands twice"],
    ),
    "code twice but for its separator": (
        "codes.csv",
        CODES + "A-1,,auth\nA_1,,webhook\n",
        ["codes.csv: rule code-a-1-category: stands twice"],
    ),
    "code of signs": ("codes.csv", CODES + "OK-1,cdk,\n???,cdk,\n", ["codes.csv: line 3: write a code with a letter"]),
    "no code": ("codes.csv", CODES + "OK-1,cdk,\n ,cdk,auth\n", ["codes.csv: line 3: code: is missing"]),
    "code that tells nothing": (
        "codes.csv",
        CODES + "OK-1,cdk,\nA-1,,\n",
        ["codes.csv: line 3: give provider, category or both"],
    ),
    "codes without their column": (
        "codes.csv",
        "provider,category\ncdk,auth\n",
        ["codes.csv: line 2: code: is missing"],
    ),
    "codes with a misspelt column": (
        "codes.csv",
        "code,provder,category\nA-1,cdk,auth\n",
        ["codes.csv: line 2: provder: unknown key; allowed are category, code, provider"],
    ),
    "codes without a head": (
        "codes.csv",
        "A-1,cdk,auth\nB-1,cdk,auth\n",
        ["codes.csv: line 2: ", "unknown key; allowed are category, code, provider"],
    ),
    "code with a cell too many": ("codes.csv", CODES + "A,cdk,auth,x\n", ["codes.csv: line 2: more cells"]),
    "empty word": (RULES, RULE.replace('["Tekion"]', '["Tekion", " "]'), ["rule r1: words.1", "at least 1 char"]),
    "empty unless": (RULES, RULE + 'unless = [""]\n', ["rule r1: unless.0", "at least 1 char"]),
    "hint is a word": (RULES, RULE + 'hint = "maybe"\n', ["rule r1: hint: ", "boolean"]),
    "negative is a word": (RULES, RULE + 'negative = "maybe"\n', ["rule r1: negative: ", "boolean"]),
    "weight of nothing": (RULES, RULE + "weight = 0\n", ["rule r1: weight", "greater than 0"]),
    "precision of a coin": ("taxonomy.toml", "precision = 0.4\n", ["taxonomy.toml: precision: write a number"]),
    "precision that nobody has": (
        "taxonomy.toml",
        "precision = 1\n",
        ["precision: write a number from 0.5 to below 1"],
    ),
    "precision is a word": ("taxonomy.toml", 'precision = "high"\n', ["taxonomy.toml: precision: write a number"]),
    "misspelt file": ("rule.toml", RULE, ["rule.toml: not a criteria file", RULES, "runbooks/"]),
    "misspelt runbook": ("runbooks/RB-1.txt", RUNBOOK, ["RB-1.txt: not a runbook", ".md"]),
    "runbook without date": (
        RB,
        RUNBOOK.replace("published: 2026-06-01\n", ""),
        ["RB-1.md: front matter: published: is missing"],
    ),
    "runbook with bad YAML": (RB, RUNBOOK.replace("title: Slots", "title: [Slots"), ["RB-1.md: line ", "YAML"]),
    "runbook with a date that is none": (RB, RUNBOOK.replace("2026-06-01", "2026-13-45"), ["RB-1.md: front matter"]),
    "runbook without signature": (
        RB,
        RUNBOOK.replace("signature: ['web capacity']\n", ""),
        ["RB-1.md: front matter: give signature or applies_when"],
    ),
    "runbook without front matter": (RB, "# Slots\n", ["RB-1.md: front matter: the file must begin"]),
    "runbook with a list": (RB, "---\n- a\n---\nx\n", ["RB-1.md: front matter: write `key: value`"]),
    "runbook for nobody": (RB, RUNBOOK.replace("ops", "cats"), ["audience", "'ops', 'integration' or 'dealer'"]),
    "runbook with an unknown key": (RB, RUNBOOK.replace("title", "titel"), ["RB-1.md", "titel: unknown key", "title"]),
    "announced before published": (
        RB,
        RUNBOOK.replace("announced: 2026-06-03", "announced: 2026-05-03"),
        ["RB-1.md: front matter: announced is before published"],
    ),
    "runbook's category": (RB, RUNBOOK.replace("configuration", "setting"), ["RB-1", "unknown category 'setting'"]),
    "runbook's signature": (RB, RUNBOOK.replace("web capacity", "(?=x)"), ["RB-1: signature '(?=x)' is refused"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name: str, tmp_path: Path) -> None:
    file, text, words = MISTAKES[name]
    with pytest.raises(CriteriaError) as caught:
        check(overlay(tmp_path / "mine", file, text))
    message = str(caught.value)
    assert [word for word in words if word not in message] == []
    assert len(message.splitlines()) == 1
    assert caught.value.exit_code == 12


def test_the_packaged_criteria_are_valid() -> None:
    check(PACKAGED)
    assert read_criteria().provider_ids >= {"tekion", "cdk", "xtime", "mykaarma", "dealer_fx", "other", "none"}


# code | provider | category
TOLD = """
API-SUB_OFF       | cdk       | auth
DOWN              |           | provider_outage
big host.example  | xtime     |
"""
# rule | says | weight | the code it looks for
RULES_OF_CODES = """
code-api-sub-off-provider      | cdk              | 6 | API-SUB_OFF
code-api-sub-off-category      | auth             | 9 | API-SUB_OFF
code-down-category             | provider_outage  | 9 | DOWN
code-big-host-example-provider | xtime            | 6 | big host.example
"""


def test_each_code_is_a_rule_for_each_thing_it_tells(tmp_path: Path) -> None:
    text = "\n".join([CODES.strip(), *(",".join(row) for row in cells(TOLD)), ",,", ""])
    overlay(tmp_path, "rules.toml", "")
    criteria = read_criteria(overlay(tmp_path, "codes.csv", text))
    found = [[one.id, one.provider or one.category, f"{one.weight:g}", *one.codes] for one in criteria.rules]
    assert found == cells(RULES_OF_CODES)
    assert {one.file for one in criteria.rules} == {"codes.csv"}
    tags = Rules.of(criteria).tag("", "it answers API SUB OFF")
    assert (tags["provider"].value, tags["failure_category"].value) == ("cdk", "auth")
    assert tags["provider"].words == ("API SUB OFF",)


@pytest.mark.parametrize("name", ["codes.csv", "rules.toml"])
def test_own_codes_replace_the_packaged_codes_and_leave_the_rules(name: str, tmp_path: Path) -> None:
    texts = {"codes.csv": CODES + "MY-OWN,cdk,\n", "rules.toml": RULE}
    mine = {one.id for one in read_criteria(overlay(tmp_path, name, texts[name])).rules if one.file == name}
    others = [one for one in read_criteria(tmp_path).rules if one.file != name]
    assert mine == ({"code-my-own-provider"} if name == "codes.csv" else {"r1"})
    assert others == [one for one in read_criteria().rules if one.file != name]
    assert others


def test_two_runbooks_of_one_id(tmp_path: Path) -> None:
    overlay(tmp_path, "runbooks/RB-1.md", RUNBOOK)
    overlay(tmp_path, "runbooks/copy.md", RUNBOOK)
    with pytest.raises(CriteriaError, match="RB-1 version 1: stands twice"):
        read_criteria(tmp_path)


def test_overlay_file_by_file(tmp_path: Path) -> None:
    packaged = criteria_files()
    overlay(tmp_path, "site.toml", site(zone="America/Denver"))
    overlay(tmp_path, "runbooks/RB-1.md", RUNBOOK)
    overlay(tmp_path, "runbooks/README.md", "how to write one")
    overlay(tmp_path, "README.md", "ours")
    overlay(tmp_path, ".DS_Store", b"\x00")
    files = criteria_files(tmp_path)
    assert files == packaged | {
        "site.toml": tmp_path / "site.toml",
        "runbooks/RB-1.md": tmp_path / "runbooks" / "RB-1.md",
    }
    criteria = read_criteria(tmp_path)
    assert criteria.site.reporting_zone == "America/Denver"
    assert criteria.rules == read_criteria().rules
    ((runbook),) = criteria.runbooks
    assert (runbook.id, runbook.signature, runbook.body) == ("RB-1", ("web capacity",), "Open the page.")


def test_an_overlay_of_nothing_is_the_default(tmp_path: Path) -> None:
    assert read_criteria(tmp_path) == read_criteria()


def test_no_such_overlay(tmp_path: Path) -> None:
    with pytest.raises(CriteriaError, match="no such folder"):
        read_criteria(tmp_path / "nowhere")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_files_as_editors_save_them(end: str, mark: str, tmp_path: Path) -> None:
    overlay(
        tmp_path,
        "dealers.csv",
        mark + (DEALERS + '\n"cedar", Cedar Ridge ,CRM| C R ||,cdk,2026-01-01,\n,,,,,\n').replace("\n", end),
    )
    overlay(tmp_path, "runbooks/RB-1.md", mark + RUNBOOK.replace("\n", end).rstrip())
    overlay(tmp_path, "site.toml", mark + site().replace("\n", end))
    criteria = read_criteria(tmp_path)
    (dealer,) = criteria.dealers
    assert (dealer.dealer_id, dealer.name, dealer.aliases, dealer.provider) == (
        "cedar",
        "Cedar Ridge",
        ("CRM", "C R"),
        "cdk",
    )
    assert criteria.runbooks[0].body == "Open the page."


def test_hashes_follow_the_bytes(tmp_path: Path) -> None:
    before = read_criteria(overlay(tmp_path, "rules.toml", RULE)).file_hashes
    after = read_criteria(overlay(tmp_path, "rules.toml", RULE + "# a word\n")).file_hashes
    assert {name for name in before if before[name] != after[name]} == {"rules.toml"}


# section of the runbook → what one sees, point by point
SYMPTOMS = {
    "# T\n\n## When you see\n\n- No slots, `[]` in the **web** search.\n- Or: nothing\n  at all\n\n## Do\n\n- Wait.": (
        "No slots, [] in the web search.",
        "Or: nothing at all",
    ),
    "## Symptoms\n1. 403 on RO_CREATE\n2) a * b\n": ("403 on RO_CREATE", "a * b"),
    "## when you see this\nThe page is white.\n\nIt stays white.\n# Check": ("The page is white.", "It stays white."),
    "## Do\n\n- Wait.": ("portal key",),
    "": ("portal key",),
}


@pytest.mark.parametrize("body", SYMPTOMS)
def test_what_one_sees_when_a_runbook_is_right(body: str) -> None:
    told: dict[str, Any] = {"id": "RB-1", "title": "t", "audience": "ops", "published": date(2026, 1, 1)}
    assert Runbook(**told, applies_when=("portal key",), body=body).symptoms == SYMPTOMS[body]
