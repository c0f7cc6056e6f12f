"""Customers' names go once a field, a label or a column tells them; staff and dealers stay. Every name is invented."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.customers import Customers, without_told
from analysis.masking import mask
from analysis.taxonomy import read_criteria
from analysis.told_names import is_customer_field
from pipelines.field_catalogue import FieldCatalogue
from pipelines.normalise import normalise

# text | without the names that it tells
TOLD = [
    ("Customer: Jane Roe\nJane is upset, Mrs. Roe called.", "Customer: [name]\n[name] is upset, [name] called."),
    ("customer name - Jane Roe, vin missing", "customer name - [name], vin missing"),
    ("Customer name: O'Brien, Mary Kate", "Customer name: [name]"),
    ("Customer Name = mary obrien", "Customer Name = [name]"),
    ("Caller: Jane\nstore: Roe Ford", "Caller: [name]\nstore: Roe Ford"),
    ("Cliente: José Núñez", "Cliente: [name]"),
    ("Nom du client : Luc de la Tour", "Nom du client : [name]"),
    ("First name: Jane\nLast name: Roe", "First name: [name]\nLast name: [name]"),
    ("<CustomerName>Jane van Roe</CustomerName>", "<CustomerName>[name]</CustomerName>"),
    ('{"customer": {"firstName": "Jane"}, "advisor": {"firstName": "Ann"}}',
     '{"customer": {"firstName": "[name]"}, "advisor": {"firstName": "Ann"}}'),
    ("<Customer><Name>Jane Roe</Name></Customer><Advisor><Name>Ann Lee</Name></Advisor>",
     "<Customer><Name>[name]</Name></Customer><Advisor><Name>Ann Lee</Name></Advisor>"),
    ("customer_name=Jane Roe dealer_name=X", "customer_name=[name] dealer_name=X"),
    ("id,customer,op\n1,Jane Roe,LOF\n2,Bo Dahl,BRK\nend", "id,customer,op\n1,[name],LOF\n2,[name],BRK\nend"),
    ("|| Customer || Op || Day ||\n| Jane Roe | LOF | Mon |", "|| Customer || Op || Day ||\n| [name] | LOF | Mon |"),
    ("Name: Jane Roe, phone: [phone]", "Name: [name], phone: [phone]"),
    ("Customer: Jane Roe. JANE ROE waits", "Customer: [name]. [name] waits"),
    ("Customer: Jane Albright\nAlbright Motors", "Customer: [name]\nAlbright Motors"),
    ("Customer: Will Summers\nThe summers are long. Will it do?", "Customer: [name]\nThe summers are long. Will it do?"),
    ("Customer: Greg Roe\nAdvisor: Greg Dahl\nGreg says no", "Customer: [name]\nAdvisor: Greg Dahl\nGreg says no"),
]  # fmt: skip

NOBODYS = [
    "Customer: Fairview Ford", "Customer: Toyota of Dallas", "Customer: unknown", "Customer: see INT-4471",
    "Customer: Pam", "customer name is blank", "Customer name: Required", "customers: 12", "Customer Pay RO",
    "Customer Service: closed", "Client: Postman", "client: pam-sync-7", "Guest WiFi: PineGuest", "Caller ID: blocked",
    "Caller: I'll drop it off", "Caller: Rosa, Brackwater Kia", "Caller: Wes, shop foreman", "cust = Leon, svc mgr",
    '"clientName":"Fortellis Gateway"', '"name":"Appointment Service"', "Name: Appointment Gateway",
    '{"dealer":{"name":"Jane Roe"}}', '{"firstName":"WALK","lastName":"IN"}', '"lastName": null',
    "<AdvisorName>Ann Lee</AdvisorName>", "Advisor: Ann Lee", "Assignee: Ann Lee", "Dealer Name: Roe Ford",
    "field lastName: too long", "File name: Daily Export", "Nom: Service Avancé", "| Customer | 7:30 |",
    '"owner":"platform-team"', '"caller":"sync/worker.go:31"',
]  # fmt: skip


@pytest.mark.parametrize(("text", "masked"), TOLD)
def test_told(text: str, masked: str) -> None:
    assert without_told(text) == masked
    assert without_told(masked) == masked


@pytest.mark.parametrize("text", NOBODYS)
def test_nobodys(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *(
            ("Customer", True),
            ("customer name", True),
            ("Customer First Name", True),
            ("Guest", True),
            ("Cliente", True),
        ),
        *(("Customer Request Type", False), ("Customer Phone", False), ("Dealer", False), ("Name", False)),
    ],
)
def test_fields_that_hold_a_name(name: str, told: bool) -> None:
    assert is_customer_field(name) is told


PIECES = st.sampled_from(
    [text for text, _ in TOLD]
    + NOBODYS
    + ["Jane", "Roe", "[name]", "[phone]", " ", "\n", ",", ":", '"', "Mr. ", "|", "."]
)


@given(st.lists(PIECES | st.text(max_size=6), max_size=6))
def test_masking_twice_changes_nothing(pieces: list[str]) -> None:
    once = mask("".join(pieces))
    assert mask(once) == once


@given(st.sets(st.sampled_from(["Jane Roe", "Bo Dahl", "Ximena Ros", "Will Long"])), st.lists(PIECES, max_size=6))
def test_no_whole_name_is_left(names: set[str], pieces: list[str]) -> None:
    hidden = Customers(names).hidden("\n".join([*pieces, *names]))
    assert not [name for name in names if name in hidden.split("\n")]


def test_many_names_of_one_beginning_come_to_an_end() -> None:
    """No time is measured: comparing every name with every place would take hours here."""
    rows = "\n".join(f"{n},Jane {'abcdefghij'[n % 10]}{'klmnopqrst'[n // 10 % 10]}ane,x" for n in range(40_000))
    assert "Jane" not in without_told(f"id,customer name,op\n{rows}").partition("\n")[2]


NAMES = {"customfield_1": "Customer Name", "customfield_2": "Dealer", "customfield_3": "Customer"}


def rows_of(fields: dict[str, Any], items: tuple[dict[str, Any], ...] = ()) -> dict[str, list[dict[str, Any]]]:
    issue = {
        "id": "1",
        "key": "SUP-1",
        "fields": {"created": "2026-11-02T09:00:00.000+0000", "summary": "Jane Roe booked twice"} | fields,
        "changelog": {"histories": [{"id": "9", "created": "2026-11-02T10:00:00.000+0000", "items": list(items)}]},
    }
    return normalise(issue, FieldCatalogue.of(read_criteria().site, NAMES))


def test_a_name_told_by_a_field_goes_from_all_texts_of_the_ticket() -> None:
    was = {"field": "description", "fromString": "Jane is angry", "toString": "Mrs Roe is angry"}
    comments = [{"id": "5", "body": "Called Jane back"}]
    rows = rows_of(
        {"customfield_1": "Jane Roe", "description": "Jane is angry", "comment": {"comments": comments}}, (was,)
    )
    assert rows["tickets"][0]["summary"] == "[name] booked twice"
    assert rows["tickets"][0]["description"] == "[name] is angry"
    assert rows["comments"][0]["body"] == "Called [name] back"
    assert (rows["changes"][0]["from_text"], rows["changes"][0]["to_text"]) == ("[name] is angry", "[name] is angry")


def test_a_name_told_by_a_comment_goes_from_the_summary() -> None:
    rows = rows_of({"comment": {"comments": [{"id": "5", "body": "Customer: Jane Roe, RO 4417"}]}})
    assert rows["tickets"][0]["summary"] == "[name] booked twice"


def test_a_name_that_a_field_once_held_goes_too() -> None:
    change = {"field": "Customer Name", "fieldId": "customfield_1", "fromString": "Jane Roe", "toString": "Roe Ford"}
    rows = rows_of({}, (change,))
    assert rows["tickets"][0]["summary"] == "[name] booked twice"
    assert (rows["changes"][0]["from_text"], rows["changes"][0]["to_text"]) == ("[name]", "Roe Ford")


def test_a_desk_that_calls_its_dealers_customers_keeps_them() -> None:
    rows = rows_of({"customfield_2": {"id": "7", "value": "Jane Roe"}, "customfield_3": "Jane Roe"})
    assert rows["tickets"][0]["summary"] == "Jane Roe booked twice"


def test_a_user_in_a_field_for_customers_is_no_name() -> None:
    rows = rows_of({"customfield_3": {"accountId": "jane", "displayName": "Jane Roe"}})
    assert rows["tickets"][0]["summary"] == "Jane Roe booked twice"
