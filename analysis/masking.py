"""Secrets and personal data in ticket text → `[kind]`, so that what was there stays visible without being told.

Error codes, ids and host names survive: tagging rests on them. Card numbers are recognised by their check digit
and VINs by theirs, so that order numbers and part numbers stay.
"""

import re
from collections.abc import Callable
from functools import lru_cache

# One pattern, one alternative for each kind, tried in order at each place: a private key before a token,
# a token before a phone. Quantifiers are bounded, and a look-behind keeps a run of characters from being tried
# again at each of its places, so that a megabyte of text costs a megabyte of work.
KEY = (  # the end of a name, as in tekion_client_secret, AWS_SECRET_ACCESS_KEY and dbPassword
    r"(?:(?<![A-Za-z])|(?<=[a-z])(?=[A-Z]))(?i:api[_-]?key|(?:access|refresh|auth|id|session|csrf)[_-]?token|"
    r"secret(?:[_-]?(?:access[_-]?)?key)?|pass(?:word|wd|code|phrase)|pwd|webkey|client[_-]?secret|j?session[_-]?id|"
    r"(?:signing|access|account|private|subscription)[_-]?key)"
)
OPENS = r"(?:\\?[\"'])?[ \t]{0,3}[:=][ \t]{0,3}"
KINDS: tuple[tuple[str, str], ...] = (
    (
        "private_key",
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:"
        r"(?:[^-]|-(?!-)){0,20000}-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"|(?:\s{0,3}[A-Za-z0-9+/=\\]{30,4000})*(?:\s{0,3}[A-Za-z0-9+/=]{4,80}(?!\S))?)",  # its end was cut off
    ),
    ("url_password", r"(?<=://)[^\s:/@]{0,80}:[^\s:/@]{1,200}(?=@)"),
    ("token", r"(?<![\w-])eyJ[\w-]{8,4000}\.[\w-]{8,4000}(?:\.[\w-]{0,4000}){0,3}"),
    (
        "header",
        r"\b(?i:(?:proxy-)?authorization)(?:\\?[\"'])?[ \t]{0,3}[:=][ \t]{0,3}(?:\\?[\"'])?"
        r"(?:(?i:bearer|basic|token|apikey|digest)[ \t]{1,3})?(?P<header_value>[A-Za-z0-9._~+/=-]{8,4000})",
    ),
    ("bearer", r"\b(?i:bearer|basic)[ \t]{1,3}(?P<bearer_value>[A-Za-z0-9._~+/=-]{12,4000})"),
    (
        "secret",
        rf"{KEY}{OPENS}(?:(?P<quote>\\?[\"'])(?P<quoted_value>[^\"'\n\[\]]{{1,400}})(?P=quote)|"
        r"(?:\\?[\"'])?(?P<secret_value>[^\s\"',;&<>\[\]{}\\]{4,400}))",
    ),
    (
        "said",
        r"\b(?i:password|passwd|pwd|passcode)[ \t]{1,3}(?i:is|was)[ \t]{1,3}(?P<said_value>[^\s\"',;<>\[\]]{4,80})",
    ),
    ("signature", r"(?<=[?&])(?i:sig|signature|token|code|key)=(?P<signature_value>[A-Za-z0-9%._~+/=-]{16,400})"),
    ("cookie", r"\b(?i:set-cookie|cookie):[ \t]{0,3}(?P<cookie_value>[^\s=;\[\]]{1,80}=[^\n\[\]]{4,2000})"),
    ("aws_key", r"\bA(?:KIA|SIA)[A-Z0-9]{16}\b"),
    (
        "vendor_key",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{30,100}|github_pat_\w{20,100}|glpat-[\w-]{16,60}|npm_[A-Za-z0-9]{30,60}"
        r"|xox[abeprs]-[A-Za-z0-9-]{10,100}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,120}|whsec_[A-Za-z0-9+/=]{16,80}"
        r"|AIza[\w-]{35}|SG\.[\w-]{16,40}\.[\w-]{16,60}|ATATT3[\w=-]{20,400})",
    ),
    ("email", r"[\w.%+-]{1,100}(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}\b(?!\.\d)"),
    ("person", r"\[~(?:accountid:)?[^\]\s]{1,120}\]"),
    ("vin", r"\b(?:[A-HJ-NPR-Z0-9]{17}|[a-hj-npr-z0-9]{17})\b"),
    (
        "card",
        r"(?<![\w.\]-])(?:\d{14,19}|3\d{3}[ -]\d{6}[ -]\d{5}"
        r"|\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{4})(?![\w-])",
    ),
    ("ssn", r"(?<![\w.\]-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])"),
    (
        "phone",
        r"(?:(?:\+1[ .-]?)?\(\d{3}\)[ .-]?|(?<![\w./\]-])(?:\+?1[ .-]?)?\d{3}[ .-])"
        r"\d{3}[ .-]\d{4}(?![\w-]|\.\d)"
        r"|(?<![\w.\]])\+[1-9]\d{0,2}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}(?!\w)"
        r"|(?<![\w./\]-])555-\d{4}(?![\w-])",
    ),
    (
        "called",
        r"\b(?i:phone|tel|telephone|cell|mobile|fax|call|text)(?i:[ ]?(?:no|number|nr)\b)?[.:# \t]{1,4}"
        r"(?:at[ ]|on[ ])?(?P<called_value>1?[2-9]\d{9})(?!\w)",
    ),
)
NOWHERE = r"(?!\s|(?<=[a-z])[a-z])"  # nothing begins inside a word or with white space: most places are passed quickly
PATTERN = re.compile(f"{NOWHERE}(?:{'|'.join(f'(?P<{kind}>{pattern})' for kind, pattern in KINDS)})")
SHOWN = {
    "header": "token", "bearer": "token", "aws_key": "key", "vendor_key": "key", "url_password": "password",
    "said": "password", "signature": "secret", "called": "phone",
}  # fmt: skip
VALUES: tuple[str, ...] = (
    "header_value",
    "bearer_value",
    "quoted_value",
    "secret_value",
    "said_value",
    "signature_value",
)
VALUES += ("cookie_value", "called_value")  # of these kinds only the value goes, so that its name still tells a tagger
WORDS = re.compile(r"[A-Za-z]?[a-z]*(?:[._/-][A-Za-z]?[a-z]*)*")
TOLD_OF = frozenset(
    [
        "absent",
        "bad",
        "blank",
        "changed",
        "empty",
        "error",
        "expired",
        "failed",
        "false",
        "incorrect",
        "invalid",
        "mismatch",
        "missing",
        "none",
        "null",
        "ok",
        "present",
        "redacted",
        "rejected",
        "required",
        "reset",
        "revoked",
        "rotated",
        "true",
        "undefined",
        "unknown",
        "unset",
        "unchanged",
        "valid",
        "wrong",
    ]
)
SHORT = 60  # characters; longer texts are seldom the same
VIN_VALUES = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)
)
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
CARDS = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12}|35\d{14}|6(?:011|4|5)\d{12,14}"
)


def mask(text: str) -> str:
    """Replace each secret or personal datum by its kind in brackets; masking twice changes nothing."""
    return _mask_short(text) if len(text) <= SHORT else _masked(text)


@lru_cache(maxsize=10_000)
def _mask_short(text: str) -> str:
    """A changelog says the same few words a hundred thousand times."""
    return _masked(text)


def _masked(text: str) -> str:
    """Until nothing is left to replace: what stood glued to one secret may be another, once that one is gone."""
    masked = PATTERN.sub(_replace, text)
    return text if masked == text else _masked(masked)


def _replace(found: re.Match[str]) -> str:
    whole = found.group()
    kind = next(name for name, _ in KINDS if found.group(name) is not None)
    name = next((name for name in VALUES if found.group(name) is not None), None)
    value = found.group(name) if name else whole
    if not CHECKS.get(kind, _anything)(value):
        return whole
    shown = f"[{SHOWN.get(kind, kind)}]"
    if name is None:
        return shown
    start, end = found.start(name) - found.start(), found.end(name) - found.start()
    return f"{whole[:start]}{shown}{whole[end:]}"


def _anything(_: str) -> bool:
    return True


def _is_token(value: str) -> bool:
    """Rather than the words after "basic" or "bearer" in a sentence."""
    return len(value) > 40 or not WORDS.fullmatch(value)


def _is_secret(value: str) -> bool:
    """Rather than a word about the secret: `password: expired`."""
    return value.strip(" .!)").casefold() not in TOLD_OF


def _is_said(value: str) -> bool:
    return any(c.isdigit() for c in value) or any(not c.isalnum() for c in value.rstrip(".!?):"))


def _is_card(text: str) -> bool:
    digits = "".join(c for c in text if c.isdigit())
    if not CARDS.fullmatch(digits):
        return False
    doubled = [int(c) if i % 2 == 0 else sum(divmod(int(c) * 2, 10)) for i, c in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _is_vin(text: str) -> bool:
    vin = text.upper()
    if vin.isdigit() or vin.isalpha():
        return False
    total = sum(VIN_VALUES[c] * w for c, w in zip(vin, VIN_WEIGHTS, strict=True))
    return vin[8] == "0123456789X"[total % 11]


def _is_phone(text: str) -> bool:
    return not text.startswith("+") or sum(c.isdigit() for c in text) >= 9


CHECKS: dict[str, Callable[[str], bool]] = {
    "header": _is_token, "bearer": _is_token, "secret": _is_secret, "said": _is_said,
    "vin": _is_vin, "card": _is_card, "phone": _is_phone,
}  # fmt: skip
