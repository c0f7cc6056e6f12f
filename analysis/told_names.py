"""Customers' names where a label, a key or a column of a text tells them, never those of staff or of a dealer.

What has the word or the make of a dealership in it is no customer, for many a desk calls its dealers so.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from analysis.name_words import BUSINESSES, NOBODY

WHO_SIGNS = ("cust", "client", "guest", "caller", "consumer", "owner", "buyer", "huésped", "huesped")
SIGNS = (*WHO_SIGNS, "name", "nombre", "nom ", "nom:", "apellido")
LOOKS_BACK = 250  # characters in which it may be seen whose name a `firstName` is
NEAR = 160  # characters behind `Name: …` in which a phone, an address or a VIN tells that it is a person's
MARKS = "|,;\t"  # between the cells of a table
MOST_CELLS = 60  # of a line of a table
LETTERS = r"[^\W\d_]"
PARTICLE = r"(?:de|del|de la|la|van|van der|van den|von|der|da|do|dos|di|el|al|bin|y|e|le)"
WORD = rf"(?:{LETTERS}\.(?:-?{LETTERS}\.)?|{LETTERS}(?:{LETTERS}|['’.-](?={LETTERS})){{0,29}})"
CAPITAL = rf"(?![a-zß-öø-ÿ]){WORD}"
PERSON = rf"{CAPITAL}(?:[ ]{{1,2}}(?:{PARTICLE}[ ])?{CAPITAL}(?![\w-]*[=:])){{0,4}}"
WHO = r"(?:customer|cust|client|guest|caller|consumer|vehicle owner|owner|buyer|cliente|clienta|hu[eé]sped)"
LABEL = re.compile(
    rf"(?<![\w-])(?:(?P<strong>(?i:{WHO}(?:'s|’s)?[ _]?(?:(?:full|first|last)[ _]?)?name|caller|guest|cust|cliente"
    rf"|clienta|nombre (?:del? )?(?:la )?clienta?e?|nom (?:du |de la )?cliente?))"
    r"|(?i:customer|client|vehicle owner|buyer))"
    rf"(?:[*_\"'|]{{0,3}})[ \t]{{0,2}}(?:[:=]|[-–—](?=[ ]))[ \t*_\"']{{0,4}}"
    rf"(?P<v>(?i:(?:mr|mrs|ms|dr|mme|sra?)\.?[ ])?{PERSON}(?:, {CAPITAL}(?: {CAPITAL})?(?=[ \t]*(?:\n|\Z)))?)"
)
SMALL = re.compile(
    rf"(?im)(?<![\w-]){WHO}(?:'s|’s)?[ _]?(?:full[ _]?)?name[ \t]{{0,2}}[:=][ \t]{{0,3}}(?P<v>[^\W\d_]+ [^\W\d_]+)$"
)
PART = re.compile(
    r"(?<![\w-])(?<![A-Za-z\]] )(?i:(?:first|last|given|family|sur)[ _]?name|apellidos?|pr[eé]nom)[ \t]{0,2}"
    r"[:=][ \t]{0,3}"
    rf"(?P<v>{PERSON})"
)
ROLE = re.compile(
    r"[ ]{0,2}[,(–-][ ]{0,2}(?:\w+[ ]){0,2}?(?:owner|manager|mgr|foreman|advis[oe]r|office|svc|service|gm|bdc|mktg"
    r"|marketing|director|dir|admin\w*|sales|parts|reception\w*|clerk|it|lead|tech\w*|controller|cashier|dealer\w*|store)\b",
    re.IGNORECASE,
)
AFTER = re.compile(rf"[ ]?(?:,|at|from|@)[ ]({CAPITAL}(?:[ ]{CAPITAL}){{0,3}})")
NAMED = re.compile(rf"(?<![\w-])(?<![A-Za-z\]] )(?i:full name|name|nombre|nom)[ ]?[:=][ ]{{0,3}}(?P<v>{PERSON})")
OF_PERSON = re.compile(r"\[(?:phone|email|vin)\]|(?i:\b(?:phone|cell|mobile|e-?mail|tel|vin|dob)\b)")
KEYED = re.compile(  # "customerFirstName":"…", <CustomerName>…</…>, name='…'
    r"(?<![\w.:-])(?P<key>[A-Za-z][\w.:-]{2,60})(?:\\?[\"'][ ]{0,3}(?:=>|[:=])[ ]{0,3}\\?[\"']|[ ]?=[ ]?\\?[\"']|>)"
    r"(?P<v>[^\"'<>\n\\\[\]{}]{2,80})(?=\\?[\"']|</)"
)
OF_CUSTOMER = re.compile(rf"{WHO}.{{0,25}}name|{WHO}|.{{0,15}}(?:buyer|consumer)name")
OFTEN_A_PROGRAM = re.compile(r"client|owner|caller|guest|buyer|consumer")
PARTS = frozenset(
    ("firstname", "lastname", "givenname", "familyname", "surname", "middlename", "nombre", "apellido", "apellidos")
)
WHOLE = frozenset(("name", "fullname", "personname"))
CONTEXT = re.compile(
    r"(?<![a-z])(?:(?P<customer>customers?|owner\w{0,8}|consumers?|guests?|callers?|buyers?|clients?|personal?|patients?)"
    r"|(?P<other>advis[oe]rs?|\w{0,10}advis[oe]rs?|employees?|technicians?|techs?|staff|users?|dealers?\w{0,8}"
    r"|stores?|managers?|agents?|assignees?|reporters?|operators?|writers?|vendors?|providers?|products?|service\w{0,8}"
    r"|sender|author|op\w{0,3}|vehicles?|files?|hosts?|departments?|locations?|make|model|jobs?|companys?|organi[sz]ation))"
    r"(?:\\?[\"'][ ]?:|[ \w=\"':-]{0,40}>|[ ]?[:=])",
    re.IGNORECASE,
)


MOST_WORDS = 6
WRITTEN = re.compile(rf"{LETTERS}[\w .,'’-]{{1,60}}")
FIELD = re.compile(rf"(?i){WHO}(?:'s)?(?: (?:first|last|full|sur|given|family))?(?: ?name)?")
SPOKEN = re.compile(r"['’](?:m|ll|d|ve|re|s|t)\b", re.IGNORECASE)  # "I'll drop it off"


def is_customer_field(name: str) -> bool:
    """Whether a field of Jira, by its name, holds a customer's name."""
    return FIELD.fullmatch(name.strip()) is not None


def person_in(value: str) -> str | None:
    """A name that a field of a customer holds; None where it is empty, a number or a dealership."""
    name = " ".join(value.split()).strip(" .,;")
    words = name.split()
    if len(words) > MOST_WORDS or not WRITTEN.fullmatch(name) or any(c.isdigit() for c in name):
        return None
    bare = [word.strip(".,'’").casefold() for word in words]
    if NOBODY.intersection(bare) or max(map(len, re.findall(rf"{LETTERS}+", name))) < 2 or SPOKEN.search(name):
        return None
    return name


def told_in(text: str) -> set[str]:
    """The customers' names that labels, keys and columns of a text tell."""
    low = text.lower()
    if not any(sign in low for sign in SIGNS):
        return set()
    return {name for name in map(person_in, _values(text, low)) if name}


def _values(text: str, low: str) -> Iterator[str]:
    of_customer = any(sign in low for sign in WHO_SIGNS)
    if of_customer:
        for found in LABEL.finditer(text):
            is_told = found["strong"] or " " in found["v"]
            if is_told and not ROLE.match(text, found.end()) and not _is_of_store(text, found.end()):
                yield found["v"]
        yield from (found["v"] for found in SMALL.finditer(text))
        yield from _in_tables(text)
    yield from (found["v"] for found in PART.finditer(text))
    if OF_PERSON.search(text):
        for found in NAMED.finditer(text):
            if OF_PERSON.search(text, found.end(), found.end() + NEAR):
                yield found["v"]
    if '"' in text or "<" in text or "'" in text:
        places = Places(text)
        yield from (found["v"] for found in KEYED.finditer(text) if _is_customers(places, found))


class Places:
    """Which places of a text are about a customer, and which about somebody else: the last key before them tells."""

    def __init__(self, text: str) -> None:
        """Reads the text only when first asked."""
        self.text = text

    @cached_property
    def keys(self) -> list[tuple[int, bool]]:
        """Where a key ends, and whether it is a customer's."""
        return [(found.end(), found["customer"] is not None) for found in CONTEXT.finditer(self.text)]

    def is_customers(self, place: int) -> bool | None:
        """None where no key stands near before the place."""
        n = bisect_right(self.keys, (place, True)) - 1
        return self.keys[n][1] if n >= 0 and self.keys[n][0] >= place - LOOKS_BACK else None


def _is_of_store(text: str, end: int) -> bool:
    """`Caller: Rosa, Brackwater Kia` is the dealer's own."""
    after = AFTER.match(text, end)
    return after is not None and not BUSINESSES.isdisjoint(after[1].casefold().split())


def _is_customers(places: Places, found: re.Match[str]) -> bool:
    key = re.sub(r"[_.-]", "", found["key"].rpartition(":")[2]).casefold()
    value = found["v"].strip()
    if not value[:1].isupper() and " " not in value:
        return False
    if OF_CUSTOMER.fullmatch(key):
        return not OFTEN_A_PROGRAM.match(key) or " " in value or key.endswith(("firstname", "lastname"))
    if key not in PARTS and key not in WHOLE:
        return False
    is_inside = places.is_customers(found.start())
    return key in PARTS if is_inside is None else is_inside


def _in_tables(text: str) -> Iterator[str]:
    """Cells below a heading that tells a customer, in lines of as many cells: CSV, Jira's tables, Markdown."""
    headings: dict[str, tuple[int, list[int]]] = {}
    for line in text.split("\n"):
        for mark in MARKS:
            cells = _cells(line, mark)
            if not MOST_CELLS >= len(cells) > 1:
                continue
            wanted = [n for n, cell in enumerate(cells) if is_customer_field(cell.replace("_", " ").strip("* "))]
            if wanted:
                headings[mark] = len(cells), wanted
            elif mark in headings and headings[mark][0] == len(cells):
                yield from (cells[n] for n in headings[mark][1])


def _cells(line: str, mark: str) -> list[str]:
    if line.count(mark) < 2:
        return []
    line = line.strip()
    line = line.replace("||", "|").strip("|") if mark == "|" else line
    return [cell.strip(" \"'") for cell in line.split(mark)]
