"""STEP normalise: a raw Jira issue → our rows: ticket, field values, changes, comments, worklogs, links.

Pure. Text is masked here, once: only `raw` holds it as sent. Times become UTC without zone, people become ids,
field values become plain text, and what Jira leaves out becomes NULL.
"""

from pipelines.normalise.asof import as_of
from pipelines.normalise.issue import NORMALISE_VERSION, normalise

__all__ = ["NORMALISE_VERSION", "as_of", "normalise"]
