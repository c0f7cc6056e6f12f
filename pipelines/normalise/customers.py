"""The names of a ticket's customers out of all its texts, wherever they were told."""

from collections.abc import Iterator, Mapping
from typing import Any

from analysis.customers import Customers
from analysis.told_names import is_customer_field, person_in, told_in
from pipelines.field_catalogue import FieldCatalogue
from pipelines.normalise.values import field_values

Row = dict[str, Any]
TEXTS = {
    "tickets": ("summary", "description"),
    "comments": ("body",),
    "own_comments": ("body",),
    "links": ("title",),
    "changes": ("from_text", "to_text"),
}
TEXT_FIELDS = frozenset(("summary", "description", "environment", "comment"))  # whose changes hold people's words


def hide_customers(rows: dict[str, list[Row]], fields: Mapping[str, Any], catalogue: FieldCatalogue) -> None:
    """Put `[name]` for each customer's name in the texts of one issue's rows; `fields` are what Jira sent.

    Names told by a text of the ticket, by one of Jira's fields for them, or by a change of such a field.
    """
    places = list(_places(rows))
    texts = [row[column] for row, column in places]
    names = {name for text in texts for name in told_in(text)}
    names |= {name for name in map(person_in, _told(rows, fields, catalogue)) if name}
    names -= set(_dealers(fields, catalogue))
    customers = Customers(names, texts)
    if not customers.ways:
        return
    for (row, column), text in zip(places, texts, strict=True):
        row[column] = customers.hidden(text)
    for row in rows["changes"]:
        if is_customer_field(row["field_name"]):
            row.update({side: "[name]" for side in ("from_text", "to_text") if person_in(row[side] or "") in names})


def _places(rows: dict[str, list[Row]]) -> Iterator[tuple[Row, str]]:
    for table, columns in TEXTS.items():
        for row in rows[table]:
            if table != "changes" or row["field_name"].casefold() in TEXT_FIELDS:
                yield from ((row, column) for column in columns if row[column])


def _told(rows: dict[str, list[Row]], fields: Mapping[str, Any], catalogue: FieldCatalogue) -> Iterator[str]:
    for field_id in catalogue.customers & fields.keys():
        yield from (text for value_id, text in field_values(fields[field_id]) if text != value_id)
    for row in rows["changes"]:
        if is_customer_field(row["field_name"]):
            sides = (("from_id", "from_text"), ("to_id", "to_text"))
            yield from (row[text] for value_id, text in sides if row[text] and row[text] != row[value_id])


def _dealers(fields: Mapping[str, Any], catalogue: FieldCatalogue) -> Iterator[str]:
    """What a desk that calls its dealers customers has in both fields."""
    field_id = catalogue.roles.get("dealer", (None, ""))[0]
    for _, text in field_values(fields.get(field_id)) if field_id else ():
        yield from filter(None, (person_in(text), text))
