"""Secrets and personal data in ticket text → `[kind]`, so that what was there stays visible without being told.

Error codes, ids and host names survive: tagging rests on them. Card numbers are recognised by their check digit
and VINs by theirs, so that order numbers and part numbers stay.
"""

import re
from collections.abc import Callable

# One pattern, one alternative for each kind, tried in order at each place: a private key before a token,
# a token before a phone. Quantifiers are bounded so that a megabyte of text costs a megabyte of work.
KINDS: tuple[tuple[str, str], ...] = (
    ("private_key", r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,8000}?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)"),
    ("url_password", r"(?<=://)[^\s:/@]{1,80}:[^\s:/@]{1,200}(?=@)"),
    ("token", r"\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{8,4000}(?:\.[A-Za-z0-9_-]{0,2000})?"),
    ("bearer", r"(?i:\b(?:bearer|basic)[ \t]+)(?P<bearer_value>[A-Za-z0-9._~+/=-]{12,4000})"),
    (
        "secret",
        r"(?i:\b(?:api[_-]?key|apikey|access[_-]?token|refresh[_-]?token|client[_-]?secret|app[_-]?secret|secret|password|"
        r"passwd|pwd|webkey|signing[_-]?key|sessionid|jsessionid)[\"']?[ \t]{0,3}[:=][ \t]{0,3}[\"']?)"
        r"(?P<secret_value>[^\s\"',;&<>\[\]{}]{4,400})",
    ),
    ("aws_key", r"\bA(?:KIA|SIA)[A-Z0-9]{16}\b"),
    ("github_key", r"\bgh[pousr]_[A-Za-z0-9]{30,100}\b|\bxox[abpr]-[A-Za-z0-9-]{10,80}|\bsk_(?:live|test)_[A-Za-z0-9]{16,80}"),
    ("email", r"\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}\b"),
    ("person", r"\[~(?:accountid:)?[^\]\s]{1,120}\]"),
    ("vin", r"\b(?=[A-HJ-NPR-Z0-9]*\d)(?=[A-HJ-NPR-Z0-9]*[A-Z])[A-HJ-NPR-Z0-9]{17}\b"),
    ("card", r"\b(?:\d[ -]?){12,18}\d\b"),
    (
        "phone",
        r"(?<![\w./-])(?:\+?1[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4}(?![\w-])"
        r"|(?<![\w.])\+\d{1,3}[ .-]?(?:\d{2,4}[ .-]?){2,4}\d{2,4}(?!\w)|(?<![\w./-])555-\d{4}(?![\w-])",
    ),
)
PATTERN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in KINDS))
SHOWN = {"bearer": "token", "aws_key": "key", "github_key": "key", "secret": "secret", "url_password": "password"}
VIN_VALUES = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True))
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def mask(text: str) -> str:
    """Replace each secret or personal datum by its kind in brackets; masking twice changes nothing."""
    return PATTERN.sub(_replace, text)


def _replace(found: re.Match[str]) -> str:
    kind = found.lastgroup or ""
    whole = found.group()
    for name in ("bearer", "secret"):
        value = found.group(f"{name}_value")
        if value is not None:
            return whole[: -len(value)] + f"[{SHOWN[name]}]"
    check = CHECKS.get(kind)
    if check and not check(whole):
        return whole
    return f"[{SHOWN.get(kind, kind)}]"


def _is_card(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    if len(digits) < 13 or digits[0] not in (2, 3, 4, 5, 6):
        return False
    doubled = [d if i % 2 == 0 else sum(divmod(d * 2, 10)) for i, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _is_vin(text: str) -> bool:
    total = sum(VIN_VALUES[c] * w for c, w in zip(text, VIN_WEIGHTS, strict=True))
    return text[8] == "0123456789X"[total % 11]


CHECKS: dict[str, Callable[[str], bool]] = {"card": _is_card, "vin": _is_vin}
