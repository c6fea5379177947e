"""Cases C-055 to C-124: one member of a new order at a time, what becomes of it, and what is said of it."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import AN_ADDRESS, DROP, an_order, errors

OPENAPI = Path(__file__).parents[2] / "../shared/contract/openapi/sendcloud-v3-orders-openapi.yml"

REQUIRED = "Field required"
STRING = "Input should be a valid string"
OBJECT = "Input should be an object"
LIST = "Input should be a valid list"
NUMBER = "Input should be a valid number"
INTEGER = "Input should be a valid integer"
DATETIME = "Input should be a valid datetime"
NOT_EMPTY = "String should have at least 1 character"
POSITIVE = "Input should be greater than 0"
NOT_NEGATIVE = "Input should be greater than or equal to 0"
URL = "Input should be a valid URL, starting with http:// or https://"

ITEM = "order_details.order_items.0"
TOTAL = "payment_details.total_price"
SHIP_WITH = "shipping_details.ship_with"
WEIGHT = "shipping_details.measurement.weight"
DIMENSION = "shipping_details.measurement.dimension"
VOLUME = "shipping_details.measurement.volume"

A_PRICE = {"value": 3.5, "currency": "EUR"}
AN_ITEM = {"name": "Candle", "quantity": 1, "total_price": A_PRICE}
A_DIMENSION = {"length": 30, "width": 20, "height": 10, "unit": "cm"}
A_TAX_NUMBER = {"name": "VAT", "country_code": "NL", "value": "NL987654321B02"}


def but(known: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An object with some members changed, or left out with DROP."""
    return {name: value for name, value in (known | changes).items() if value is not DROP}


def not_country(code: str) -> str:
    return f'"{code}" is not a valid country code'


def refused(case: str, member: str, *values: Any, says: str, at: str | None = None) -> list[Any]:
    """Rows: with each of these values the answer is one fault, at the member or at another place."""
    return [pytest.param({member: value}, [(at or member, says)], id=case) for value in values]


def kept(case: str, member: str, *values: Any) -> list[Any]:
    """Rows: each of these values is answered as it was sent."""
    return [pytest.param({member: value}, {member: value}, id=case) for value in values]


def shown(case: str, member: str, *values: Any, as_: Any) -> list[Any]:
    """Rows: each of these values is answered as another one; DROP: it is left out of answers."""
    return [pytest.param({member: value}, {} if as_ is DROP else {member: as_}, id=case) for value in values]


REFUSED = [
    *refused("C-055", "order_id", DROP, says=REQUIRED),
    *refused("C-056", "order_id", None, 123, says=STRING),
    *refused("C-057", "order_id", "", "   ", says=NOT_EMPTY),
    *refused("C-059", "order_id", "x" * 256, "🙂" * 256, says="String should have at most 255 characters"),
    *refused("C-061", "order_number", DROP, says=REQUIRED),
    *refused("C-061", "order_number", "", says=NOT_EMPTY),
    *refused("C-061", "order_number", "x" * 256, says="String should have at most 255 characters"),
    *refused("C-061", "order_number", 42, says=STRING),
    *refused("C-063", "order_details", DROP, says=REQUIRED),
    *refused("C-063", "order_details", None, "x", says=OBJECT),
    *refused("C-064", "order_details.status", DROP, says=REQUIRED),
    *refused("C-064", "order_details.status", {}, says=REQUIRED, at="order_details.status.code"),
    *refused("C-064", "order_details.status.code", "", says=NOT_EMPTY),
    *refused("C-064", "payment_details.status", DROP, says=REQUIRED),
    *refused("C-064", "payment_details.status", {}, says=REQUIRED, at="payment_details.status.code"),
    *refused("C-064", "payment_details.status.code", "", says=NOT_EMPTY),
    *refused("C-065", "order_details.status.code", "x" * 4097, says="String should have at most 4096 characters"),
    *refused("C-070", "order_details.order_created_at", "2024-13-01T00:00:00Z", "2024-02-30", says=DATETIME),
    *refused("C-070", "order_details.order_created_at", "yesterday", "", 1714557600, None, says=DATETIME),
    *refused("C-071", "order_details.order_created_at", "9999-12-31T23:59:59-12:00", says=DATETIME),
    *refused("C-071", "order_details.order_created_at", "0001-01-01T00:00:00+12:00", says=DATETIME),
    *refused("C-071", "order_details.order_created_at", "2024-06-30T23:59:60Z", says=DATETIME),
    *refused("C-072", "order_details.order_items", DROP, says=REQUIRED),
    *refused("C-072", "order_details.order_items", None, {}, says=LIST),
    *refused("C-074", f"{ITEM}.name", DROP, says=REQUIRED),
    *refused("C-074", f"{ITEM}.name", None, says=STRING),
    *refused("C-075", f"{ITEM}.quantity", 0, -1, says=POSITIVE),
    *refused("C-076", f"{ITEM}.quantity", 1.5, "x", True, None, says=INTEGER),
    *refused("C-078", f"{ITEM}.quantity", 2147483648, says="Input should be less than or equal to 2147483647"),
    *refused("C-079", f"{ITEM}.total_price", DROP, says=REQUIRED),
    *refused("C-081", f"{ITEM}.total_price.value", "3,50", "", "abc", True, says=NUMBER),
    *refused("C-085", f"{ITEM}.total_price.currency", "EU", says="String should have at least 3 characters"),
    *refused("C-086", f"{ITEM}.total_price.currency", "EURO", says="String should have at most 3 characters"),
    *refused("C-086", f"{ITEM}.total_price.currency", "E1R", says="Input should be a valid currency code"),
    *refused("C-088", f"{TOTAL}.currency", DROP, says=REQUIRED),
    *refused("C-088", f"{TOTAL}.value", DROP, says=REQUIRED),
    *refused("C-089", "payment_details", DROP, says=REQUIRED),
    *refused("C-089", "payment_details", None, says=OBJECT),
    *refused("C-091", "payment_details.discount_granted.value", "abc", says=NUMBER),
    *refused("C-091", "payment_details.discount_granted.value", "-1", says=NOT_NEGATIVE),
    *refused("C-093", "payment_details.is_cash_on_delivery", "yes", says="Input should be a valid boolean"),
    *[
        row
        for code in ("XX", "NLD", "Netherlands", "")
        for row in refused(
            "C-096",
            "shipping_address",
            but(AN_ADDRESS, country_code=code),
            says=not_country(code),
            at="shipping_address.country_code",
        )
    ],
    *[
        row
        for code in ("N", "NLD", "XX")
        for row in refused("C-097", f"{ITEM}.country_of_origin", code, says=not_country(code))
    ],
    *refused("C-099", "shipping_address", but(AN_ADDRESS, city=DROP), says=REQUIRED, at="shipping_address.city"),
    *[
        row
        for name in ("name", "postal_code", "city")
        for row in refused(
            "C-100", "shipping_address", AN_ADDRESS | {name: ""}, says=NOT_EMPTY, at=f"shipping_address.{name}"
        )
    ],
    *refused(
        "C-102", "shipping_address", but(AN_ADDRESS, postal_code=1234), says=STRING, at="shipping_address.postal_code"
    ),
    *refused(
        "C-103",
        "shipping_address",
        but(AN_ADDRESS, email="not-an-email"),
        says="Input should be a valid email address",
        at="shipping_address.email",
    ),
    *refused("C-105", "customer_details", {}, says=REQUIRED, at="customer_details.name"),
    *refused(
        "C-106", WEIGHT, {"value": 0, "unit": "kg"}, {"value": -1, "unit": "kg"}, says=POSITIVE, at=f"{WEIGHT}.value"
    ),
    *refused("C-107", WEIGHT, {"value": 1}, says=REQUIRED, at=f"{WEIGHT}.unit"),
    *refused(
        "C-107",
        WEIGHT,
        {"value": 1, "unit": "stone"},
        says="Input should be 'kg', 'g', 'lbs' or 'oz'",
        at=f"{WEIGHT}.unit",
    ),
    *refused("C-108", DIMENSION, but(A_DIMENSION, height=DROP), says=REQUIRED, at=f"{DIMENSION}.height"),
    *refused("C-109", VOLUME, {"value": 4.5, "unit": "l"}, says=INTEGER, at=f"{VOLUME}.value"),
    *refused("C-109", VOLUME, {"value": -1, "unit": "l"}, says=NOT_NEGATIVE, at=f"{VOLUME}.value"),
    pytest.param({SHIP_WITH: {}}, [(f"{SHIP_WITH}.properties", REQUIRED), (f"{SHIP_WITH}.type", REQUIRED)], id="C-110"),
    *refused(
        "C-111",
        SHIP_WITH,
        {"type": "x", "properties": {"shipping_option_code": "postnl:standard"}},
        says="Input should be 'shipping_option_code'",
        at=f"{SHIP_WITH}.type",
    ),
    *refused(
        "C-111",
        SHIP_WITH,
        {"type": "shipping_option_code", "properties": {}},
        says=REQUIRED,
        at=f"{SHIP_WITH}.properties.shipping_option_code",
    ),
    *refused(
        "C-112",
        SHIP_WITH,
        {"type": "shipping_option_code", "properties": {"shipping_option_code": None, "contract_id": 0}},
        says="Input should be greater than or equal to 1",
        at=f"{SHIP_WITH}.properties.contract_id",
    ),
    *refused("C-114", "service_point_details", {}, says=REQUIRED, at="service_point_details.id"),
    *refused("C-114", "service_point_details", {"id": 123}, says=STRING, at="service_point_details.id"),
    *refused(
        "C-116",
        "customs_details.shipment_type",
        "sale",
        says="Input should be 'gift', 'commercial_goods', 'commercial_sample' or 'returned_goods'",
    ),
    *refused(
        "C-116",
        "customs_details.export_type",
        "b2b",
        says="Input should be 'private', 'commercial_b2c' or 'commercial_b2b'",
    ),
    *refused("C-119", "order_details.tags", "a", says=LIST),
    *refused("C-119", "order_details.tags", [1], says=STRING, at="order_details.tags.0"),
    *refused("C-120", f"{ITEM}.properties", [1], says=OBJECT),
    *refused("C-121", "order_details.notes", "x" * 65536, says="String should have at most 65535 characters"),
    *refused("C-122", f"{ITEM}.image_url", "javascript:alert(1)", says=URL),
]

NO_TIME = "2018-02-27T00:00:00.000000+00:00"
TEN = "2018-02-27T10:00:00.000000+00:00"

STORED = [
    *kept("C-058", "order_id", " a "),
    *kept("C-059", "order_id", "x" * 255, "🙂" * 255),
    *kept("C-060", "order_id", "№-日本-🙂/?&%"),
    *kept("C-065", "order_details.status.code", "x" * 300, " on hold ", "в пути 🚚", "x" * 4096),
    *shown(
        "C-066", "order_details.order_created_at", "2018-02-27T10:00:00.556Z", as_="2018-02-27T10:00:00.556000+00:00"
    ),
    *shown("C-067", "order_details.order_created_at", "2018-02-27T12:00:00+02:00", "2018-02-27T10:00:00", as_=TEN),
    *shown("C-068", "order_details.order_created_at", "2018-02-27", as_=NO_TIME),
    *shown("C-069", "order_details.order_created_at", "2018-02-27 10:00:00", as_=TEN),
    *shown(
        "C-069",
        "order_details.order_created_at",
        "2018-02-27T10:00:00.123456789Z",
        as_="2018-02-27T10:00:00.123456+00:00",
    ),
    *kept("C-073", "order_details.order_items", []),
    *shown("C-077", f"{ITEM}.quantity", 2.0, "2", as_=2),
    *kept("C-078", f"{ITEM}.quantity", 2147483647),
    *shown("C-080", f"{ITEM}.total_price.value", "3.50", as_=3.5),
    *kept("C-082", f"{ITEM}.total_price.value", 0, -5),
    *shown("C-083", f"{ITEM}.total_price.value", 3.3000000000000003, as_=3.3),
    *kept("C-084", f"{ITEM}.total_price.currency", "CHF", "SEK"),
    *shown("C-084", f"{ITEM}.total_price.currency", "eur", as_="EUR"),
    *kept("C-087", f"{ITEM}.total_price", {"value": 3.5}),
    *shown("C-090", "payment_details.discount_granted.value", "3.99", 3.99, as_="3.99"),
    *shown("C-092", "payment_details.discount_granted", None, as_=DROP),
    *shown("C-092", "payment_details.discount_granted", {"value": None, "currency": None}, as_={}),
    *kept("C-094", "payment_details.invoice_date", "14/07/2018"),
    *shown("C-095", "shipping_address", but(AN_ADDRESS, country_code="nl"), as_=AN_ADDRESS),
    *kept("C-095", "shipping_address", but(AN_ADDRESS, country_code="XK")),
    *shown("C-098", "shipping_address", None, as_=DROP),
    *kept("C-101", "shipping_address", but(AN_ADDRESS, house_number="", phone_number="", address_line_2="")),
    *kept("C-103", "shipping_address", but(AN_ADDRESS, email="x@y.nl"), but(AN_ADDRESS, email="")),
    *kept("C-104", "shipping_address", but(AN_ADDRESS, state_province_code="California")),
    *kept("C-106", WEIGHT, {"value": 0.001, "unit": "kg"}),
    *shown("C-107", WEIGHT, {"value": 1, "unit": "KG"}, as_={"value": 1, "unit": "kg"}),
    *kept("C-108", DIMENSION, but(A_DIMENSION, length=0)),
    *shown("C-109", VOLUME, {"value": 4.0, "unit": "l"}, {"value": 4, "unit": "L"}, as_={"value": 4, "unit": "l"}),
    *kept("C-109", VOLUME, {"value": 5, "unit": "ml"}),
    *kept("C-112", SHIP_WITH, {"type": "shipping_option_code", "properties": {"shipping_option_code": None}}),
    *shown(
        "C-112",
        SHIP_WITH,
        {
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": "postnl:standard", "contract_id": None},
        },
        as_={"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard"}},
    ),
    *kept("C-113", "service_point_details", {"id": "123"}, {"carrier_service_point_id": "91233"}),
    *kept("C-113", "service_point_details", {"id": "123", "carrier_service_point_id": "91233"}),
    *shown("C-115", "customs_details", None, {"tax_numbers": None}, as_=DROP),
    *shown("C-115", "customs_details", {"export_type": "private", "tax_numbers": None}, as_={"export_type": "private"}),
    *shown(
        "C-117",
        "customs_details.tax_numbers",
        {"sender": [A_TAX_NUMBER]},
        as_={"sender": [A_TAX_NUMBER], "receiver": [], "importer_of_record": []},
    ),
    *shown(
        "C-118",
        f"{ITEM}.dangerous_goods",
        {"unit_of_measurement": "kg", "weight_type": "net"},
        as_={"unit_of_measurement": "KG", "weight_type": "Net"},
    ),
    *kept("C-119", "order_details.tags", ["a", "a"]),
    *shown("C-119", "order_details.tags", None, as_=DROP),
    *kept("C-120", f"{ITEM}.properties", {"size": {"eu": 42}}),
    *shown("C-120", f"{ITEM}.properties", [], as_={}),
    *kept("C-121", "order_details.notes", "x" * 65535),
    *kept("C-122", f"{ITEM}.image_url", "https://example.com/candle.jpg", ""),
    *[
        row
        for name in (
            "billing_address",
            "customer_details",
            "shipping_details",
            "service_point_details",
            "order_details.notes",
        )
        for row in shown("C-123", name, None, as_=DROP)
    ],
]


def exact(value: Any) -> str:
    """JSON in which 2, 2.0 and true are three different things and the order of members is none."""
    return json.dumps(value, sort_keys=True)


def without_ours(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name not in ("id", "created_at", "modified_at")}


@pytest.mark.parametrize(("changes", "faults"), REFUSED)
def test_a_member_that_breaks_a_rule_is_named_and_nothing_is_stored(a, db, changes, faults):
    answer = a.post([a.order("a", changes)])

    assert answer.status_code == 400
    assert errors(answer) == [(f"/data/attributes/[0]/{at.replace('.', '/')}", says) for at, says in faults]
    assert {error["code"] for error in answer.json()["errors"]} == {"invalid"}
    assert db.count("orders", a.id) == 0


@pytest.mark.parametrize(("sent", "answered"), STORED)
def test_a_member_within_the_rules_is_stored_in_its_one_spelling(a, sent, answered):
    [id_] = a.create(a.order("a", sent))

    created_at = {"order_details.order_created_at": "2024-05-01T10:00:00.000000+00:00"}
    assert exact(without_ours(a.show(id_))) == exact(a.order("a", created_at | answered))


def test_an_order_id_with_blanks_around_it_is_another_key(a):
    """C-058"""
    bare, blank = a.create(a.order("a"), a.order("a", {"order_id": " a "}))

    assert bare != blank
    assert [order["id"] for order in a.found(order_id=" a ")] == [blank]


def test_an_order_id_of_any_characters_is_found_by_the_filter(a):
    """C-060"""
    [id_, _] = a.create(a.order("№-日本-🙂/?&%"), a.order("№-日本-🙂"))

    assert [order["id"] for order in a.found(order_id="№-日本-🙂/?&%")] == [id_]


def test_two_orders_may_have_one_order_number(a):
    """C-062"""
    first, second = a.create(a.order("a", {"order_number": "N"}), a.order("b", {"order_number": "N"}))

    assert first != second
    assert [(order["id"], order["order_id"]) for order in a.found(order_number="N")] == [(second, "b"), (first, "a")]


def test_members_that_are_all_null_are_all_left_out(a):
    """C-123"""
    nothing = ("billing_address", "customer_details", "shipping_details", "service_point_details")
    [id_] = a.create(a.order("a", dict.fromkeys((*nothing, "order_details.notes"))))

    order = a.show(id_)
    assert sorted(order) == [
        "created_at", "id", "modified_at", "order_details", "order_id", "order_number", "payment_details",
    ]  # fmt: skip
    assert sorted(order["order_details"]) == ["integration", "order_created_at", "order_items", "status"]


def test_our_own_members_are_answered_once_whatever_was_sent_of_them(a):
    """C-009, C-049"""
    [id_] = a.create(a.order("a"))
    before = a.get(id_).text

    a.create(a.order("a", {"id": str(id_), "created_at": "2001-01-01T00:00:00Z", "modified_at": {"any": "thing"}}))

    assert a.get(id_).text == before


@pytest.mark.parametrize("number", ["1e99999999999999999999", "1" * 4301, "-" + "1" * 4300])
def test_a_number_that_could_not_be_read_again_is_refused_in_free_form_too(a, db, number):
    """C-120"""
    body = json.dumps([a.order("a", {f"{ITEM}.properties": {"n": ["?"]}})]).replace('"?"', number)

    answer = a.post_raw(body)

    pointer = "/data/attributes/[0]/order_details/order_items/0/properties"
    assert (answer.status_code, errors(answer)) == (400, [(pointer, "Input should be a finite number")])
    assert db.count("orders", a.id) == 0


@pytest.mark.parametrize("number", ["1e400", "1" * 4300, "0.10", "-0.0", "1E-7"])
def test_a_number_in_free_form_is_kept_and_can_be_sent_again(a, number):
    """C-120"""

    def body(*names: str) -> str:
        properties = dict.fromkeys(names, "?")
        return json.dumps([a.order("a", {f"{ITEM}.properties": properties})]).replace('"?"', number)

    [ref] = a.post_raw(body("a", "b")).json()["data"]
    before = a.get(ref["id"]).text
    assert a.post_raw(body("b", "a")).json()["data"] == [ref]
    assert a.patch(ref["id"], {"order_number": "N-a"}).status_code == 200

    assert a.get(ref["id"]).text == before
    digits = str(Decimal(number))
    assert f'{{"a":{digits},"b":{digits}}}' in before


# C-124


def request_examples() -> list[Any]:
    if not OPENAPI.exists():
        return []
    description = yaml.safe_load(OPENAPI.read_text())
    examples = description["paths"]["/orders"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    return [pytest.param(example["value"], id=f"C-124 {name}") for name, example in examples.items()]


@pytest.mark.skipif(not OPENAPI.exists(), reason="the public description is not here")
@pytest.mark.parametrize("batch", request_examples())
def test_every_request_example_of_the_public_description_is_stored_as_it_was_sent(a, batch):
    for order in batch:
        order["order_details"]["integration"]["id"] = a.i1
        if "id" in order:
            [id_] = a.create(an_order(order["order_id"], a.i1))
            order["id"] = str(id_)

    answer = a.post(batch)

    assert answer.status_code == 200, answer.text
    refs = answer.json()["data"]
    assert [(ref["order_id"], ref["order_number"]) for ref in refs] == [
        (order["order_id"], order["order_number"]) for order in batch
    ]
    for order, ref in zip(batch, refs, strict=True):
        assert order.pop("id", str(ref["id"])) == str(ref["id"])
        for name in ("order_created_at", "order_updated_at"):
            if name in order["order_details"]:
                order["order_details"][name] = order["order_details"][name].replace("Z", "000+00:00")
        assert exact(without_ours(a.show(ref["id"]))) == exact(order)
