"""Does a value look like the secret that may stand in its place? Check digits, and words that only speak of one."""

import re
from itertools import pairwise

VIN_VALUES = dict(
    zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)
)
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
CARDS = re.compile(
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[068]\d{12}|35\d{14}|6(?:011|4|5)\d{12,14}"
)
WORDS = re.compile(r"[A-Za-z]?[a-z]*(?:[._/-][A-Za-z]?[a-z]*)*")
# a variable, a call, a template or a mark in the place of the secret
STANDS_FOR = re.compile(
    r"\$[a-z_]+|\$[A-Z_][A-Z0-9_]+|\$[{(].*|\$(?i:env):.*|\{\{.*|%\(.*|<.*|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+[(\[].*"
    r"|(?:get|getenv|env|input)[(\[].*|(?:self|this|settings|config|conf|env|os|process|vault|secrets|var|props|ctx)\.[\w.]+"
    r"|[A-Z]{2,}(?:_[A-Z]+)+|your[-_]?\w+|\w{0,20}(?:example|changeme|redacted|placeholder)\w{0,20}|.?[x*•.#…-]+.?",
    re.DOTALL,
)
CODES = re.compile(  # an error code, a version, a date or the name of a method, rather than a password
    r"[A-Z]{2,12}[-_ ]?\d{1,7}|v?\d+(?:[.:/-]\d+)*[a-z]{0,4}|\d+-[a-z]+|0x[0-9a-fA-F]+|[A-Z][A-Za-z]+\.[a-z]{2,5}:\d+"
    r"|(?i:oauth|saml|base|sha|md|utf|oidc|ntlm|http|ipv|aes|rsa|tls|sftp|win|os|office|sso|mfa)-?v?\d[\d.]*"
)
STATES = (
    "absent bad blank fine changed empty error expired failed false incorrect invalid mismatch missing no none "
    "not null off ok on optional present prompt redacted rejected required reset revoked rotated true undefined "
    "unchanged unknown unset valid wrong yes n/a hidden masked removed same string text password secret token"
)
TOLD_OF = frozenset(STATES.split())
LONG_PIN = 6  # digits
SENTENCE_STARTS = "the this that they them then there these please when what which with your from have must need"
ORDINARY = frozenset(SENTENCE_STARTS.split())


def anything(_: str) -> bool:
    """Where the place alone tells."""
    return True


def is_token(value: str) -> bool:
    """Rather than the words after "basic" or "bearer" in a sentence, or a variable."""
    return (len(value) > 40 or not WORDS.fullmatch(value)) and not STANDS_FOR.fullmatch(value)


def is_random(value: str) -> bool:
    """Letters and digits mixed as nobody writes a word, a code or an identifier."""
    n_digits = sum(c.isdigit() for c in value)
    n_letters = sum(c.isalpha() for c in value)
    if n_digits < 2 or n_letters < 3 or len(value) < 8 or CODES.fullmatch(value) or STANDS_FOR.fullmatch(value):
        return False
    parts = re.split(r"[-_./:]", value)  # pam-prod-04: words and a number, each by itself
    return any(len(p) >= 6 and any(c.isdigit() for c in p) and any(c.isalpha() for c in p) for p in parts)


def is_secret(value: str) -> bool:
    """Rather than a word about the secret, as in `password: expired`, or what stands for it: `password: ${PW}`."""
    bare = value.strip(" .!)").casefold()
    stands_for = STANDS_FOR.fullmatch(value) or STANDS_FOR.fullmatch(value.rstrip(").,"))
    return bare not in TOLD_OF and not stands_for and any(c.isalnum() for c in value)


def is_set(value: str) -> bool:
    """A value after `password:` in a sentence or a setting: not an ordinary word with which a sentence begins."""
    return is_secret(value) and value.rstrip(".!?,:)").casefold() not in ORDINARY


def is_said(value: str) -> bool:
    """A password in a sentence, after "is": no plain word, however it is hyphened, and no code or date."""
    bare = value.rstrip(".!?):,")
    if CODES.fullmatch(bare) and sum(c.isdigit() for c in bare) < LONG_PIN:
        return False
    return is_set(value) and (any(not c.isalpha() and c not in "'’-" for c in bare) or _is_mixed(bare))


def is_unsaid(value: str) -> bool:
    """A password right behind the word "password", with nothing between them: letters with digits or signs."""
    bare = value.rstrip(".?):,;")
    n_letters = sum(c.isalpha() for c in bare)
    has_signs = any(c.isdigit() or c in "!@#$%^&*+_=~" for c in bare)
    return len(bare) >= 6 and n_letters >= 2 and has_signs and is_set(bare) and not CODES.fullmatch(bare)


def is_strong(value: str) -> bool:
    """A password behind a user's name and a slash: a capital with a digit, or a sign that names and paths lack."""
    has_digit, has_capital = any(c.isdigit() for c in value), any(c.isupper() for c in value)
    return ((has_digit and has_capital) or any(c in "!@#$%^&*+=~" for c in value)) and is_unsaid(value)


def is_given(value: str) -> bool:
    """A password on a command line, where `1000:1000` are a user's and a group's numbers."""
    return is_secret(value) and not value.isdigit()


def is_quoted(value: str) -> bool:
    """A password in quotation marks in a sentence; a message may stand there, too."""
    if " " in value:
        return value.count(" ") < 4 and any(c.isdigit() for c in value) and not any(c in ",;:" for c in value)
    return is_said(value)


def is_quoted_key(value: str) -> bool:
    """The same for a key, which may also be that of a table: with a digit."""
    return any(c.isdigit() for c in value) and is_quoted(value)


def is_pin(value: str) -> bool:
    """Digits enough for a code that opens something."""
    return sum(c.isdigit() for c in value) >= 4


def is_cookie(value: str) -> bool:
    """A session rather than a language or a switch."""
    return len(value) >= 6 and any(c.isdigit() for c in value)


def is_card(text: str) -> bool:
    """A card number of a known brand whose last digit checks it (Luhn)."""
    digits = "".join(c for c in text if c.isdigit())
    if not CARDS.fullmatch(digits):
        return False
    doubled = [int(c) if i % 2 == 0 else sum(divmod(int(c) * 2, 10)) for i, c in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def is_vin(text: str) -> bool:
    """A vehicle's number whose ninth sign checks it (ISO 3779 as used in North America)."""
    vin = text.upper().replace("-", "")
    if len(vin) != 17 or vin.isdigit() or vin.isalpha():
        return False
    total = sum(VIN_VALUES[c] * w for c, w in zip(vin, VIN_WEIGHTS, strict=True))
    return vin[8] == "0123456789X"[total % 11]


def is_phone(text: str) -> bool:
    """Digits enough where a country is given."""
    return not text.startswith("+") or sum(c.isdigit() for c in text) >= 9


def is_called(text: str) -> bool:
    """A number of ten digits, or eleven to thirteen with the country, behind a word such as "cell"."""
    return 10 <= sum(c.isdigit() for c in text) <= 13


def _is_mixed(word: str) -> bool:
    return any(not a.isupper() and b.isupper() for a, b in pairwise(word))
