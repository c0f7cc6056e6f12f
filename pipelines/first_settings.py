"""First settings of a desk: asks a Jira for its fields and statuses, and proposes site.toml.

The token goes into `.env` of the working folder, which git ignores; everything else into HOME/settings.toml and
HOME/criteria/. What is there already is never overwritten.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import SettingsError
from analysis.taxonomy import PACKAGED
from pipelines.inputs import templates

# What a field of that role is usually called; the first pattern that some field's name matches wins.
USUAL_NAMES = {
    "dealer": (r"dealer", r"rooftop", r"store", r"customer", r"account", r"client"),
    "provider": (r"provider", r"integration", r"vendor", r"dms", r"partner"),
    "category": (r"failure categor", r"root categor", r"issue categor", r"categor"),
    "requested_at": (r"request(?:ed)? (?:at|date|on)",),
    "accepted_at": (r"accept(?:ed)? (?:at|date|on)",),
    "occurred_at": (r"occur", r"incident start", r"started at"),
    "merged_at": (r"merged",),
    "deployed_at": (r"deployed", r"released"),
    "confirmed_at": (r"fix confirmed", r"confirmed at"),
    "live_at": (r"\blive (?:at|date|on|since)", r"\bgo-?live"),
    "runbook_used": (r"runbook", r"playbook"),
}
TIER_NAMES = (r"support (?:tier|level|line)", r"\btier\b", r"escalation level", r"\blevel\b")
WAITING = {
    "provider": r"(?:wait|pend|hold|block).*(?:provider|vendor|partner|third|3rd|supplier)",
    "dealer": r"(?:wait|pend|hold).*(?:dealer|customer|client|user|reporter|requester)",
    "ops": r"(?:wait|pend|hold).*(?:ops|tier 1|support|first line)",
}


@dataclass(frozen=True)
class Proposal:
    """What was found for site.toml: role → field id and name, the tier's field, statuses by who is waited for."""

    fields: dict[str, tuple[str, str]]
    tier: tuple[str, str] | None
    waiting_on: dict[str, list[str]]


def propose(names: Mapping[str, str], statuses: Iterable[str]) -> Proposal:
    """Guess by name which field plays which role, and whom a status waits for."""
    fields = {role: found for role, patterns in USUAL_NAMES.items() if (found := _first(names, patterns))}
    listed = sorted(set(statuses))
    waiting = {party: [s for s in listed if re.search(pattern, s, re.IGNORECASE)] for party, pattern in WAITING.items()}
    return Proposal(fields, _first(names, TIER_NAMES), waiting)


def _first(names: Mapping[str, str], patterns: Iterable[str]) -> tuple[str, str] | None:
    for pattern in patterns:
        for field_id, name in sorted(names.items()):
            if field_id.startswith("customfield_") and re.search(pattern, name, re.IGNORECASE):
                return field_id, name
    return None


def site_toml(proposal: Proposal, zone: str) -> str:
    """The proposal as a site.toml that a person completes."""
    lines = [
        "# Proposed from this Jira's own fields and statuses: look at each line, and complete what says so.",
        "",
        f"reporting_zone = {_quoted(zone)}",
        "",
        "[fields]",
    ]
    for role, (field_id, name) in proposal.fields.items():
        lines.append(f"{role} = {_quoted(field_id)}    # {_one_line(name)}")
    lines += ["", "[tier]", "[[tier.source]]", 'kind = "field"']
    if proposal.tier:
        lines.append(f"field = {_quoted(proposal.tier[0])}    # {_one_line(proposal.tier[1])}")
    else:
        lines.append(
            'field = "Support tier"    # no field looks like it: name yours, or use kind assignee, status or component'
        )
    lines.append('values = { "Tier 1" = 1, "Tier 2" = 2, "Tier 3" = 3 }    # as this Jira spells them')
    lines += [
        "",
        "[tier3]",
        "projects = []    # keys of the projects in which engineering works",
        'link_types = ["Escalation"]',
    ]
    lines += [
        "",
        "# Tickets that connect a dealer to a provider, for the scorecard; any one of the three tells:",
        "[onboardings]",
        'issue_types = ["Onboarding"]',
        "labels = []",
        "components = []",
        "",
        "[statuses.waiting_on]",
    ]
    for party, found in proposal.waiting_on.items():
        lines.append(f"{party} = [{', '.join(_quoted(name) for name in found)}]")
    lines += ["", "# One for each person of the desk, by account id (Cloud) or user key (Data Center):"]
    lines += ["# [[member]]", '# id = "…"', "# tier = 2", '# team = "integration"', ""]
    return "\n".join(lines)


def write_desk(home: Path, site: str, settings: Mapping[str, object], token: str, env_file: Path) -> list[Path]:
    """Write what is not there yet; give what was written. Raises `SettingsError` where git would track the token."""
    if _is_tracked_by_git(env_file):
        raise SettingsError(
            f"{env_file}: git tracks this file, so no token is written there; add it to .gitignore first"
        )
    written = []
    criteria = home / "criteria"
    criteria.mkdir(parents=True, exist_ok=True)
    wanted = {criteria / "site.toml": site, home / "settings.toml": _toml(settings)}
    for name in ("dealers.csv", "access.csv", "normal_delays.csv", "escalation_criteria.toml", "targets.toml"):
        wanted[criteria / name] = (PACKAGED / name).read_text(encoding="utf-8")
    wanted |= {home / "inputs" / name: head for name, head in templates().items()}
    for path, text in wanted.items():
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            written.append(path)
    known = env_file.read_text(encoding="utf-8") if env_file.exists() else ""
    if token and "ESCALATIONS_JIRA_TOKEN=" not in known:
        env_file.write_text(f"{known}ESCALATIONS_JIRA_TOKEN={token}\n", encoding="utf-8")
        env_file.chmod(0o600)
        written.append(env_file)
    return written


def _is_tracked_by_git(path: Path) -> bool:
    """Whether git would put the file into a commit: inside a work tree, and not ignored."""
    git = shutil.which("git")
    if git is None:
        return False
    here, full = path.absolute().parent, str(path.absolute())

    def says_yes(*words: str) -> bool:
        return subprocess.run([git, *words], cwd=here, capture_output=True, check=False).returncode == 0  # noqa: S603

    return says_yes("rev-parse", "--is-inside-work-tree") and not says_yes("check-ignore", "--quiet", full)


def _toml(settings: Mapping[str, object]) -> str:
    head = "# Settings of this desk; the token stands in .env or the environment.\n"
    return head + "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items() if value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    return " ".join(text.split())
