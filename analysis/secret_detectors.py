"""Where secrets and personal data stand in ticket text, kind by kind. Customers' names: analysis/customers.py."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from analysis import secret_shapes as shapes


@dataclass(frozen=True)
class Detector:
    """One kind of secret: where it may stand and how it must look.

    A text without any of `signs` (small letters; none: any text) or without what it `needs` is passed unread: that is
    most of them. Where the pattern has a group `v` only that goes, so that the words beside it still tell a tagger.
    Quantifiers are bounded and a look-behind keeps a run of characters from being tried again at each of its places,
    so that a megabyte of text costs a megabyte of work.
    """

    kind: str
    signs: frozenset[str]
    pattern: re.Pattern[str]
    is_one: Callable[[str], bool] = shapes.anything
    needs: re.Pattern[str] | None = None

    def masked(self, text: str) -> str:
        """The text without what is found."""
        return self.pattern.sub(self._shown, text)

    def _shown(self, found: re.Match[str]) -> str:
        whole = found.group()
        group = "v" if "v" in self.pattern.groupindex else 0
        if not self.is_one(found.group(group)):
            return whole
        start, end = found.start(group) - found.start(), found.end(group) - found.start()
        return f"{whole[:start]}[{self.kind}]{whole[end:]}"


# The end of a secret's name, as in tekion_client_secret, AWS_SECRET_ACCESS_KEY and dbPassword
BEGINS = r"(?:(?<![A-Za-z:])|(?<=[a-z])(?=[A-Z]))"
KEY_NAME = (
    r"(?i:api[_-]?key|(?:access|refresh|auth|id|session|csrf|bot|api|security)[_-]?token|"
    r"(?:api[_-]?|app[_-]?)?secret(?:[_-]?(?:access[_-]?)?key)?|webkey|client[_-]?secret|j?session[ _-]?id|"
    r"(?:signing|access|account|private|subscription|license|encryption|shared)[_-]?key)"
)
KEY = BEGINS + KEY_NAME
FOREIGN = "contrase[ñn]a|mot de passe|kennwort|senha"
PASSWORD_NAME = rf"(?i:pass(?:word|wd|code|phrase)?|pwd?|passw|psw|{FOREIGN})"
PASSWORD = BEGINS + PASSWORD_NAME
SAID = rf"{BEGINS}(?i:pass(?:word|wd|code|phrase)|pwd?|{FOREIGN})"  # "pass" is a verb, too
QUOTE = r"\\?[\"'`]"
OPENS = rf"(?:{QUOTE})?[ \t]{{0,3}}(?::=|=>|[:=])[ \t]{{0,3}}"
QUOTED = rf"(?P<q>{QUOTE})(?P<v>[^\"'`\n\[\]]{{1,400}})(?P=q)"
OPEN_VALUE = r"[^\s\"'`,;&<>\[\]{}\\]"
IN_TAG = r"(?:[ \t][^<>\n]{0,200})?>(?P<v>[^<>\n\[\]]{3,400})(?=</)"
IN_MARKS = rf"[ \t]{{1,3}}(?P<q>{QUOTE})(?P<v>[^\n\"'`\[\]]{{4,80}})(?P=q)"
AFTER_BLANK = r"[ \t]\\?[\"'`]"
IN_QUOTES = r"[:=][ \t]{0,3}\\?[\"'`]"
ABOUT = r"(?:[ \t]{1,2}[a-zé'’]{1,14}){0,4}?"  # "password of the dealer", "secret for webhook signing"
IS = r"(?:[ \t]{1,2}(?i:is|was|are|will be|es|est|to|a été changé en)|[ \t]{0,2}(?:->|[:=]))"
WORD_SIGNS = "pass|pw|contras|kennwort|senha"
KEY_SIGNS = "key|secret|token|session"


def _detector(
    kind: str, signs: str, pattern: str, is_one: Callable[[str], bool] = shapes.anything, needs: str = ""
) -> Detector:
    found = frozenset(signs.split("|")) if signs else frozenset()
    return Detector(kind, found, re.compile(pattern), is_one, re.compile(needs) if needs else None)


# In this order: a private key before a token, a token before a phone.
DETECTORS: tuple[Detector, ...] = (
    _detector(
        "private_key",
        "private key",
        r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:"
        r"(?:[^-]|-(?!-)){0,20000}-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
        r"|(?:\s{0,3}[A-Za-z0-9+/=\\]{30,4000})*(?:\s{0,3}[A-Za-z0-9+/=]{4,80}(?!\S))?)",  # its end was cut off
    ),
    # before what may stand in them, so that nothing of the line is left
    _detector(
        "cookie",
        "set-cookie",
        r"\b(?i:set-cookie)(?:\\?[\"'])?:[ \t]{0,3}(?:\\?[\"'])?[^\s=;\[\]]{1,80}=(?P<v>[^\s;\[\]\"]{4,2000})",
        shapes.is_cookie,
    ),
    _detector("cookie", "cookie", r"(?<![\w-])(?i:cookie):[ \t]{0,3}(?P<v>[^\s=;\[\]]{1,80}=[^\n\[\]]{4,2000})"),
    _detector("password", "://", r"(?<=://)(?P<v>[^\s:/@]{0,80}:[^\s/@]{1,200})(?=@)"),
    _detector("password", ":thin:", r"(?<=:thin:)[^\s/@]{1,80}/(?P<v>[^\s@]{1,200})(?=@)"),
    _detector("token", "eyj", r"(?<![\w-])eyJ[\w-]{8,4000}\.[\w-]{8,4000}(?:\.[\w-]{0,4000}){0,3}"),
    _detector(
        "token",
        "authorization",
        rf"\b(?i:(?:proxy-)?authorization)(?:{QUOTE})?[ \t]{{0,3}}[:=][ \t]{{0,3}}(?:{QUOTE})?"
        r"(?:(?i:bearer|basic|token|apikey|digest)[ \t]{1,3})?(?P<v>[A-Za-z0-9._~+/=-]{8,4000})",
        shapes.is_token,
    ),
    _detector(
        "token",
        "bearer|basic",
        r"\b(?i:bearer[ \t=]|basic[ \t])[ \t]{0,2}(?P<v>[A-Za-z0-9._~+/=-]{12,4000})",
        shapes.is_token,
    ),
    # DRIVER={…};PWD={a}b}; of ODBC
    _detector("password", "pwd|password", rf"{BEGINS}(?i:pwd|password)[ ]?=[ ]?(?P<v>\{{[^\n\[\]]{{1,200}}?\}})(?=;)"),
    _detector("secret", KEY_SIGNS, f"{KEY}{OPENS}{QUOTED}", shapes.is_secret, IN_QUOTES),
    _detector("password", WORD_SIGNS, f"{PASSWORD}{OPENS}{QUOTED}", shapes.is_secret, IN_QUOTES),
    # <wsse:Password Type="PasswordText">
    _detector("secret", KEY_SIGNS, f"{KEY_NAME}{IN_TAG}", shapes.is_secret, "</"),
    _detector("password", WORD_SIGNS, f"{PASSWORD_NAME}{IN_TAG}", shapes.is_secret, "</"),
    # a line of its own in a file of settings: blanks and semicolons belong to it
    _detector(
        "password",
        WORD_SIGNS,
        rf"(?m)^[ \t]{{0,20}}[\w.-]{{0,60}}{PASSWORD}[ \t]{{0,3}}=[ \t]{{0,3}}"
        r"(?P<v>[^\s\"'`\[\]{}$<%][^\s\[\]=]{2,100}[ ;][^\s\[\]=]{1,100})$",
        shapes.is_secret,
    ),
    _detector("secret", KEY_SIGNS, rf"{KEY}{OPENS}(?:{QUOTE})?(?P<v>{OPEN_VALUE}{{4,400}})", shapes.is_set),
    _detector(
        "password",
        WORD_SIGNS,
        rf"{PASSWORD}(?:{QUOTE})?[ \t]{{0,3}}(?::=|=>|=)[ \t]{{0,3}}(?:{QUOTE})?(?P<v>{OPEN_VALUE}{{3,400}})",
        shapes.is_secret,
    ),
    # password: in a setting or a sentence; a word with another behind it begins a sentence
    _detector(
        "password",
        WORD_SIGNS,
        rf"{PASSWORD}(?:{QUOTE})?[ \t]{{0,3}}:[ \t]{{0,3}}(?:{QUOTE})?"
        r"(?!['’A-Za-z-]{1,20},?[ \t]{1,2}[a-z]|[a-z]{1,20}[.;][ \t])"
        r"(?P<v>[^\s\"'`,;<>\[\]{}\\]{4,400})",
        shapes.is_set,
    ),
    _detector(
        "password",
        WORD_SIGNS,
        rf"{SAID}{ABOUT}{IS}[ \t]{{1,3}}(?:{QUOTE})?(?P<v>[^\s\"'`,;<>\[\]]{{4,80}})",
        shapes.is_said,
    ),
    _detector("secret", KEY_SIGNS, f"(?i:secret|token|key){ABOUT}{IS}{IN_MARKS}", shapes.is_quoted_key, AFTER_BLANK),
    _detector("password", WORD_SIGNS, f"{SAID}{ABOUT}{IS}{IN_MARKS}", shapes.is_quoted, AFTER_BLANK),
    _detector(
        "password",
        "clave",
        rf"\b[Cc]lave(?: de acceso)?{IS}[ \t]{{1,3}}(?:{QUOTE})?(?P<v>[^\s\"'`,;<>\[\]]{{6,80}})",
        shapes.is_unsaid,
    ),
    _detector(
        "password",
        "pass",
        r"\b(?i:pass)(?: for(?: [a-z]{1,12}){1,3})?(?:[ ]?[:=]| is)[ ]{1,2}(?P<v>[^\s\"'`,;<>\[\]]{6,60})",
        shapes.is_unsaid,
    ),
    # New password    hG7%tramway
    _detector(
        "password", WORD_SIGNS, rf"{SAID}(?:[ ]{{1,30}}|\t|\|)(?P<v>[^\s\"'`,;<>\[\]|]{{6,60}})", shapes.is_unsaid
    ),
    _detector(
        "password",
        "is the pass|is the pw|is the pwd|is our pass|is my pass",
        r"(?<![^\s\"'(:])(?P<v>[^\s\"'<>\[\]]{5,60}) is (?:the|our|my) (?:pass|pwd?\b)",
        shapes.is_said,
    ),
    # creds: user / Pass
    _detector(
        "password",
        "cred|login|acceso|user|usr",
        r"(?i:\b(?:creds?|credentials|log-?ins?|acceso|user(?:name)?(?:[ ]?/[ ]?(?:pass(?:word)?|pwd?))?|usr))"
        r"(?:[ ]?(?::|=|is|its|are|-))?[^\n\[\]:/]{0,40}?[ ]{1,3}[\w.@-]{2,60}[ ]{1,2}/[ ]{1,2}"
        r"(?P<v>[^\s,;<>\[\]]{5,60})",
        shapes.is_strong,
    ),
    _detector(
        "password",
        "pin|otp|code",
        r"(?:(?<![\w-])(?:PIN|OTP)|\b[Pp]in code|(?i:\b(?:verification|one[- ]time|2fa|mfa) code))"
        r"[ ]?(?:[:=]|is\b)?[ ]{0,2}(?P<v>\d{4,10})\b",
        shapes.is_pin,
    ),
    _detector(
        "password",
        " -u",
        rf"(?<=[ \t]-u)[ \t]{{1,3}}(?:{QUOTE})?[^\s:,\"'\[\]]{{1,80}}[:,](?!\S{{0,80}}://)"
        r"(?P<v>[^\s\"'\[\]]{3,200})",
        shapes.is_given,
    ),
    _detector(
        "password",
        "login ",
        rf"\blogin[ \t][^\n]{{0,60}}?[ \t]-p[ \t]{{1,3}}(?:{QUOTE})?(?P<v>[^\s\"'\[\]]{{3,200}})",
        shapes.is_secret,
    ),
    _detector(
        "password",
        "mysql|mariadb|sshpass",
        r"\b(?:mysql\w{0,10}|mariadb|sshpass)[ \t][^\n]{0,60}?[ \t]-p[ \t]?(?P<v>[^\s\"'\[\]]{3,200})",
        shapes.is_secret,
    ),
    _detector(
        "password",
        "identified by",
        rf"(?i:identified by)[ \t]{{1,3}}(?:{QUOTE})?(?P<v>[^\s\"';\[\]]{{3,100}})",
        shapes.is_said,
    ),
    _detector(
        "password", "--pass", r"--pass(?:word|wd)?[ \t]{1,3}(?P<v>[^\s\"'\[\]-][^\s\"'\[\]]{3,200})", shapes.is_said
    ),
    # ?sig=, &X-Amz-Signature=, ?token=
    _detector(
        "token",
        "sig=|ture=|token=|code=|key=|hmac=|ticket=",
        r"(?<=[?&])(?:[\w-]{0,30}?)(?i:sig|signature|token|code|key|hmac|ticket)=(?P<v>[A-Za-z0-9%._~+/=-]{16,400})",
        shapes.is_token,
    ),
    _detector(
        "token", "token", rf"(?i:token){OPENS}(?:{QUOTE})?(?P<v>[A-Za-z0-9._~+/=%-]{{8,4000}})", shapes.is_random
    ),
    _detector(
        "secret",
        KEY_SIGNS,
        rf"\b(?i:(?:api|access|client|web|account|subscription|signing|shared|webhook)[ -]?(?:key|secret|token)"
        rf"|secret|token|key){ABOUT}(?:{IS})?[ \t]{{1,3}}(?:{QUOTE})?(?P<v>[\w.~+/%-]{{12,400}}={{0,2}})(?![\w=])",
        shapes.is_random,
    ),
    _detector("cookie", "cookie", r"\b(?i:cookie)[ \t]{0,3}=[ \t]{0,3}(?P<v>[\w%.~+/-]{8,2000})", shapes.is_random),
    _detector("key", "akia|asia", r"\bA(?:KIA|SIA)[A-Z0-9]{16}\b"),
    _detector(
        "key",
        "ghp_|gho_|ghu_|ghs_|ghr_|github_pat_|glpat-|npm_|xox|k_live_|k_test_|whsec_|aiza|sg.|atatt3|shpat_|sk-|pypi-|dop_v1|hvs.",
        r"\b(?:gh[pousr]_[A-Za-z0-9]{30,100}|github_pat_\w{20,100}|glpat-[\w-]{16,60}|npm_[A-Za-z0-9]{30,60}"
        r"|xox[abeprs]-[A-Za-z0-9-]{10,100}|[srp]k_(?:live|test)_[A-Za-z0-9]{16,120}|whsec_[A-Za-z0-9+/=]{16,80}"
        r"|AIza[\w-]{35}|SG\.[\w-]{16,40}\.[\w-]{16,60}|ATATT3[\w=-]{20,400}|shpat_[a-fA-F0-9]{32}"
        r"|sk-(?:[a-z]{2,8}-)?[A-Za-z0-9_-]{32,200}|pypi-[\w-]{40,400}|dop_v1_[a-f0-9]{64}|hvs\.[\w-]{24,200})",
    ),
    _detector("token", "hooks.slack.com", r"(?<=hooks\.slack\.com)/(?:services|workflows)/(?P<v>[\w/]{20,120})"),
    _detector(
        "email",
        "@|%40",
        r"[\w.%+-]{1,100}(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}\b(?!\.\d|:[\w.~-]{1,60}/)",
    ),
    # name (at) dealer (dot) com; with bare words only where "dot" stands on both sides, for else it is a sentence
    _detector(
        "email",
        "(at)|[at]|{at}",
        r"(?i)(?<![\w.+-])[\w.+-]{1,60}[ ]?[(\[{]at[)\]}][ ]?[\w-]{1,60}"
        r"(?:[ ]?(?:[(\[{]dot[)\]}]|\.)[ ]?[\w-]{2,60}){1,4}",
    ),
    _detector(
        "email",
        " dot | punto | point ",
        r"(?<![\w.+-])[\w.+-]{1,60} AT [\w-]{1,60}(?: DOT [\w-]{2,30}){1,3}"
        r"|(?i:(?<![\w.+-])[\w+-]{1,40}(?: (?:dot|punto|point) [\w+-]{1,40}){1,3} at [\w-]{1,60}"
        r"(?: (?:dot|punto|point) [\w-]{2,30}){1,3})",
    ),
    _detector("person", "[~", r"\[~(?:accountid:)?[^\]\s]{1,120}\]"),
    _detector(
        "vin",
        "",
        r"\b(?:[A-HJ-NPR-Z0-9]{17}|[a-hj-npr-z0-9]{17}|[A-HJ-NPR-Z0-9]{3}-[A-HJ-NPR-Z0-9]{6}-?[A-HJ-NPR-Z0-9]{8})\b",
        shapes.is_vin,
        r"\d{4}",
    ),
    _detector(
        "card",
        "",
        r"(?<![\w.\]-])(?:\d{14,19}|3\d{3}[ -]\d{6}[ -]\d{5}"
        r"|\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{4})(?![\w-])",
        shapes.is_card,
        r"\d{14}|\d{4}[ -]\d{4}[ -]|\d{4}[ -]\d{6}[ -]",
    ),
    _detector("card", "cvv|cvc", r"\b(?i:cv[vc]2?)(?:[ ]?(?:[:#=]|is\b))?[ ]?(?P<v>\d{3,4})(?![\w-])"),
    _detector(
        "ssn", "", r"(?<![\w.\]-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\w-])", needs=r"\d{3}-\d{2}-\d{4}"
    ),
    _detector(
        "phone",
        "",
        r"(?:(?:(?:\+1[ .-]?)?\(\d{3}\)[ .-]?|(?<![\w./\]-])(?:\+?1[ .-]?)?\d{3}[ ./-])\d{3}[ .-]\d{4}"
        r"|\(\d{3}\)[ ]?\d{7}"
        r"|(?<![\w.\]])\+[1-9]\d{0,2}[ .-]?(?:\(?\d{1,4}\)?[ .-]?){2,5}\d{2,4}"
        r"|(?<![\w./\]-])555-\d{4})(?!(?!x\d)[\w-]|\.\d)",
        shapes.is_phone,
        r"\d{3}[ .-]\d{4}|\+[1-9]|\)[ ]?\d{7}",
    ),
    _detector(
        "phone",
        "phone|tel|cel|mobile|fax|call|text|number|whatsapp|móvil|movil|ph|t:|p:|m:|c:",
        r"(?<![A-Za-z])(?i:(?:\w{1,20}[_-])?(?:phone|[tpmc](?=:)|tel[eé]fono|telephone|tel|ph|cell?|celular|m[oó]vil|mobile|fax|call|text|whatsapp"
        r"|(?:home|work|cell|mobile|tele)phone|(?:complete|phone|local|my|his|her|our|contact)[ _]?number|telf1))"
        r"(?i:[ ]?(?:no|number|nr|num)\b)?(?:[.:#>=\"' \t\\-]|(?i:is)){1,6}(?:at[ ]|on[ ])?"
        r"(?P<v>\(?1?\d{2,3}\)?[ .-]?(?:\d{3,4}[ .-]?\d{4}|\d{3,8}))(?![\w-])",
        shapes.is_called,
        r"\d[\d ().-]{6,}\d",
    ),
)
