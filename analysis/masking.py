"""Secrets and personal data in ticket text → `[kind]`, so that what was there stays visible without being told.

Error codes, ids and host names survive: tagging rests on them. Card numbers are recognised by their check digit
and VINs by theirs, so that order numbers and part numbers stay.
"""

from functools import lru_cache

from analysis.customers import without_told
from analysis.secret_detectors import DETECTORS

SHORT = 60  # characters; longer texts are seldom the same
SIGNS = sorted(frozenset().union(*(detector.signs for detector in DETECTORS)))


def mask(text: str) -> str:
    """Replace each secret or personal datum, and each customer's name that the text tells, by its kind in brackets.

    Masking twice changes nothing.
    """
    masked = mask_secrets(text)
    nameless = without_told(masked)
    return masked if nameless == masked else mask(nameless)


def mask_secrets(text: str) -> str:
    """The same without names, for a text whose customers other texts may tell as well."""
    return _mask_short(text) if len(text) <= SHORT else _masked(text)


@lru_cache(maxsize=10_000)
def _mask_short(text: str) -> str:
    """A changelog says the same few words a hundred thousand times."""
    return _masked(text)


def _masked(text: str) -> str:
    """Until nothing is left to replace: what stood glued to one secret may be another, once that one is gone."""
    low = text.lower()
    present = {sign for sign in SIGNS if sign in low}
    masked = text
    for detector in DETECTORS:
        if detector.signs and present.isdisjoint(detector.signs):
            continue
        if detector.needs is None or detector.needs.search(masked):
            masked = detector.masked(masked)
    return text if masked == text else _masked(masked)
