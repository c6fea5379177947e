"""POST /orders on orders that exist: what is replaced, kept and removed (contract 3.3 and 2.2)."""

from typing import Any

import pytest

from tests.orders.refusals import FIRST, assert_refused, error, stored
from tests.support import AN_ADDRESS, Account, Db

CANDLE, VASE = (
    {"name": name, "quantity": 1, "total_price": {"value": 3.5, "currency": "EUR"}} for name in ("Candle", "Vase")
)
SHIP_WITH = {
    "type": "shipping_option_code",
    "properties": {"shipping_option_code": "postnl:standard", "contract_id": 517},
}
MEASUREMENT = {
    "dimension": {"length": 10, "width": 20, "height": 30.5, "unit": "cm"},
    "weight": {"value": 1.25, "unit": "kg"},
    "volume": {"value": 6, "unit": "l"},
}
CUSTOMS = {
    "commercial_invoice_number": "CI-1",
    "shipment_type": "commercial_goods",
    "tax_numbers": {
        "sender": [{"name": "VAT", "country_code": "NL", "value": "1"}],
        "receiver": [],
        "importer_of_record": [],
    },
}
SERVICE_POINT = {"id": "9", "carrier_service_point_id": "NL-9", "extra_data": {"shop": "kiosk"}}


def a_full_order(account: Account) -> dict[str, Any]:
    """An order that has a value in every part that an update can touch."""
    changes = {
        "order_details.order_items": [CANDLE, VASE],
        "order_details.order_updated_at": "2024-05-02T10:00:00Z",
        "order_details.notes": "Ring twice",
        "order_details.tags": ["gift", "red", "gift"],
        "payment_details.subtotal_price": {"value": 3, "currency": "EUR"},
        "payment_details.invoice_date": "2024-05-01",
        "payment_details.is_cash_on_delivery": True,
        "payment_details.discount_granted": {"value": "0.50", "currency": "EUR"},
        "customs_details": CUSTOMS,
        "customer_details": {"name": "Jane Doe", "phone_number": "+31", "email": "jane@example.com"},
        "billing_address": AN_ADDRESS,
        "shipping_address": AN_ADDRESS | {"address_line_2": "Second floor"},
        "shipping_details.is_local_pickup": False,
        "shipping_details.delivery_indicator": "Express",
        "shipping_details.ship_with": SHIP_WITH,
        "shipping_details.measurement": MEASUREMENT,
        "service_point_details": SERVICE_POINT,
    }
    return account.order("a", changes)


@pytest.fixture
def full(a: Account) -> dict[str, Any]:
    """Order a with all its parts, stored before the test and as it is shown."""
    return a.show(a.create(a_full_order(a))[0])


def update(account: Account, **changes: Any):
    """POST the key of order a and these members; members of order_details stand beside its integration."""
    details = {"integration": {"id": account.i1}, **changes.pop("order_details", {})}
    return account.post([{"order_id": "a", "order_details": details, **changes}])


def assert_stored(account: Account, answer: Any, before: dict[str, Any], **changes: Any) -> None:
    """The answer is a success, and the order is as before but for these changes."""
    after = account.show(before["id"])
    number = changes.get("order_number", before["order_number"])
    reply = {"data": [{"id": before["id"], "order_id": "a", "order_number": number}]}
    assert (answer.status_code, answer.json()) == (200, reply)
    assert after == before | changes | {"modified_at": after["modified_at"]}
    assert after["modified_at"] > before["modified_at"]


def without(part: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name not in names}


def test_c125_a_new_address_does_not_keep_the_second_line_of_the_old(a, full):
    address = AN_ADDRESS | {"name": "John Doe"}

    answer = update(a, shipping_address=address)

    assert_stored(a, answer, full, shipping_address=address)
    assert "address_line_2" not in a.show(full["id"])["shipping_address"]


def test_c135_a_new_address_reaches_an_order_that_is_stored_and_nothing_else_of_it(a, full):
    address = AN_ADDRESS | {"city": "Breda", "address_line_2": "2nd floor"}

    answer = update(a, shipping_address=address)

    assert_stored(a, answer, full, shipping_address=address)


def test_c126_a_part_that_is_not_sent_is_kept(a, full):
    sent = a.order("a", {"order_details.status.code": "shipped"})

    answer = a.post([sent])

    details = full["order_details"] | {"status": {"code": "shipped"}, "order_items": [CANDLE]}
    assert_stored(a, answer, full, order_details=details)
    assert a.show(full["id"])["service_point_details"] == SERVICE_POINT


@pytest.mark.parametrize(
    "part",
    [
        pytest.param("service_point_details", id="C-127 service_point_details"),
        "shipping_address",
        "billing_address",
        "customer_details",
        "customs_details",
        "shipping_details",
    ],
)
def test_null_removes_a_part(a, full, part):
    answer = update(a, **{part: None})

    after = a.show(full["id"])
    assert answer.status_code == 200
    assert after == without(full, part) | {"modified_at": after["modified_at"]}
    assert after["modified_at"] > full["modified_at"]


@pytest.mark.parametrize(
    ("part", "member"),
    [
        ("order_details", "notes"),
        ("order_details", "tags"),
        ("order_details", "order_updated_at"),
        ("payment_details", "invoice_date"),
        ("payment_details", "subtotal_price"),
        ("payment_details", "is_cash_on_delivery"),
        ("payment_details", "discount_granted"),
        ("customs_details", "tax_numbers"),
        ("customs_details", "shipment_type"),
        ("shipping_details", "measurement"),
        ("shipping_details", "ship_with"),
        ("shipping_details", "is_local_pickup"),
    ],
)
def test_null_removes_a_member_and_keeps_its_neighbours(a, full, part, member):
    answer = update(a, **{part: {member: None}})

    assert_stored(a, answer, full, **{part: without(full[part], member)})


@pytest.mark.parametrize(
    ("changes", "place", "detail"),
    [
        ({"order_number": None}, "order_number", "Input should be a valid string"),
        ({"payment_details": None}, "payment_details", "Input should be an object"),
        ({"payment_details": {"total_price": None}}, "payment_details/total_price", "Input should be an object"),
        ({"payment_details": {"status": None}}, "payment_details/status", "Input should be an object"),
        ({"order_details": {"status": None}}, "order_details/status", "Input should be an object"),
        ({"order_details": {"order_items": None}}, "order_details/order_items", "Input should be a valid list"),
        (
            {"order_details": {"order_created_at": None}},
            "order_details/order_created_at",
            "Input should be a valid datetime",
        ),
    ],
)
def test_null_does_not_remove_what_an_order_must_have(a, db, full, changes, place, detail):
    before = stored(db, a)

    answer = update(a, **changes)

    assert_refused(answer, error(f"{FIRST}/{place}", detail))
    assert stored(db, a) == before


@pytest.mark.parametrize("items", [[VASE | {"name": "Bowl"}], [CANDLE], []], ids=["C-128 another", "one less", "none"])
def test_the_list_of_items_is_replaced_as_a_whole(a, full, items):
    answer = update(a, order_details={"order_items": items})

    assert_stored(a, answer, full, order_details=full["order_details"] | {"order_items": items})


def test_tags_are_replaced_as_a_whole(a, full):
    answer = update(a, order_details={"tags": ["blue"]})

    assert_stored(a, answer, full, order_details=full["order_details"] | {"tags": ["blue"]})


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        pytest.param(
            {"shipping_address": {"city": "Oss"}},
            [f"shipping_address/{name}" for name in ("name", "address_line_1", "postal_code", "country_code")],
            id="C-129 shipping_address",
        ),
        ({"customer_details": {"email": "j@example.com"}}, ["customer_details/name"]),
        ({"service_point_details": {"post_number": "1"}}, ["service_point_details/id"]),
        ({"payment_details": {"total_price": {"value": 1}}}, ["payment_details/total_price/currency"]),
        ({"payment_details": {"status": {"message": "Paid"}}}, ["payment_details/status/code"]),
        (
            {"shipping_details": {"measurement": {"weight": {"value": 1}}}},
            ["shipping_details/measurement/weight/unit"],
        ),
        (
            {"shipping_details": {"ship_with": {"properties": {}}}},
            ["shipping_details/ship_with/properties/shipping_option_code", "shipping_details/ship_with/type"],
        ),
        (
            {"order_details": {"order_items": [{"name": "Candle"}]}},
            ["order_details/order_items/0/quantity", "order_details/order_items/0/total_price"],
        ),
    ],
)
def test_what_is_replaced_must_be_complete(a, db, full, changes, missing):
    before = stored(db, a)

    answer = update(a, **changes)

    assert_refused(answer, *(error(f"{FIRST}/{place}", "Field required") for place in missing))
    assert stored(db, a) == before


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        pytest.param("payment_details", {"status": {"code": "refunded"}}, id="C-130 payment status"),
        pytest.param("payment_details", {"total_price": {"value": 4, "currency": "GBP"}}, id="payment total"),
        pytest.param("shipping_details", {"delivery_indicator": "Evening"}, id="C-131 delivery_indicator"),
        pytest.param("shipping_details", {"measurement": {"weight": {"value": 2, "unit": "g"}}}, id="measurement"),
        pytest.param("customs_details", {"export_type": "private"}, id="customs"),
        pytest.param("order_details", {"notes": "Leave it"}, id="notes"),
        pytest.param("order_details", {"status": {"code": "hold", "message": "On hold"}}, id="status"),
    ],
)
def test_members_of_a_part_change_one_by_one_and_each_as_a_whole(a, full, part, sent):
    answer = update(a, **{part: sent})

    assert_stored(a, answer, full, **{part: full[part] | sent})


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ("customer_details", {"name": "John Doe"}),
        ("billing_address", AN_ADDRESS | {"city": "Uden"}),
        ("service_point_details", {"carrier_service_point_id": "NL-10"}),
        ("service_point_details", {"id": "10"}),
    ],
)
def test_other_parts_are_replaced_as_a_whole(a, full, part, sent):
    answer = update(a, **{part: sent})

    assert_stored(a, answer, full, **{part: sent})


def test_c132_the_order_number_can_change(a, full):
    answer = update(a, order_number="N-2")

    assert_stored(a, answer, full, order_number="N-2")
    assert [order["id"] for order in a.found(order_number="N-2")] == [full["id"]]
    assert a.found(order_number="N-a") == []


@pytest.mark.parametrize("part", ["customs_details", "shipping_details"])
def test_a_part_that_was_not_there_is_added(a, part):
    [id_] = a.create(a.order("a"))
    sent = {"customs_details": CUSTOMS, "shipping_details": {"measurement": MEASUREMENT}}[part]

    answer = update(a, **{part: sent})

    assert answer.status_code == 200
    assert a.show(id_)[part] == sent


@pytest.mark.parametrize("part", ["payment_details", "customs_details", "shipping_details", "order_details"])
def test_an_empty_part_changes_nothing(a, db, full, part):
    before = stored(db, a)

    answer = update(a, **{part: {}})

    assert answer.status_code == 200
    assert stored(db, a) == before


def test_null_for_what_is_not_there_changes_nothing(a, db):
    a.create(a.order("a"))
    before = stored(db, a)

    answer = update(a, service_point_details=None, customs_details=None, order_details={"notes": None, "tags": None})

    assert answer.status_code == 200
    assert stored(db, a) == before


def test_the_same_values_in_other_words_change_nothing(a, db, full):
    before = stored(db, a)

    answer = update(
        a,
        order_details={"order_created_at": "2024-05-01 12:00:00+02:00", "tags": ["gift", "red", "gift"]},
        payment_details={"total_price": {"currency": "eur", "value": "3.50"}, "is_cash_on_delivery": "true"},
        shipping_address={**dict(reversed(full["shipping_address"].items())), "country_code": "nl", "po_box": None},
        service_point_details=SERVICE_POINT | {"post_number": None},
    )

    assert answer.status_code == 200
    assert stored(db, a) == before


def test_c133_a_key_that_was_deleted_gives_a_new_order(a, db: Db, full):
    assert a.client.delete(f"/orders/{full['id']}").status_code == 204

    [new_id] = a.create(a.order("a"))

    assert new_id > full["id"]
    assert a.get(full["id"]).status_code == 404
    assert "notes" not in a.show(new_id)["order_details"]
    assert "service_point_details" not in a.show(new_id)
    assert db.count("orders", a.id) == 1


def test_c134_the_id_of_a_deleted_order_does_not_exist(a, db, full):
    assert a.client.delete(f"/orders/{full['id']}").status_code == 204

    answer = a.post([a.order("a", {"id": str(full["id"])})])

    assert_refused(answer, error(f"{FIRST}/id", f"Order with id {full['id']} does not exist"))
    assert stored(db, a) == [([], 0)]


def test_a_deleted_order_needs_to_be_sent_whole_again(a, db, full):
    assert a.client.delete(f"/orders/{full['id']}").status_code == 204

    answer = update(a, shipping_address=AN_ADDRESS)

    assert [each["detail"] for each in answer.json()["errors"]] == ["Field required"] * 5
    assert stored(db, a) == [([], 0)]
