"""Reads the criteria: what people who do not program decide, kept as files they can edit.

`read_criteria` gives one frozen `Criteria`; a mistake is a `CriteriaError` that names file, entry and
what is allowed. The packaged defaults stand in `analysis/criteria/`; a desk overlays them file by file.
"""

from analysis.taxonomy.dates import refuse_future
from analysis.taxonomy.models import Category, Criteria, Dealer, Provider, RuleSpec
from analysis.taxonomy.overlay import PACKAGED, criteria_files
from analysis.taxonomy.read import read_criteria
from analysis.taxonomy.site_models import Member, Site, TierSource, WorkingHours
from analysis.taxonomy.verdict_models import Criterion, NormalDelay, Outage, Requirement, Runbook

__all__ = [
    "PACKAGED",
    "Category",
    "Criteria",
    "Criterion",
    "Dealer",
    "Member",
    "NormalDelay",
    "Outage",
    "Provider",
    "Requirement",
    "RuleSpec",
    "Runbook",
    "Site",
    "TierSource",
    "WorkingHours",
    "criteria_files",
    "read_criteria",
    "refuse_future",
]
