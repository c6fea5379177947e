"""PATCH /orders/{id}: C-189 to C-221. Changes merge deeply, items are found by name, and the result must be valid."""

import copy
from typing import Any

import pytest

from tests.support import AN_ADDRESS, Account, errors

ITEMS = "order/order_details/order_items"
NOT_FOUND = (ITEMS, "Could not find specified item.")
A_MEASUREMENT = {
    "dimension": {"length": 10, "width": 20.5, "height": 0, "unit": "cm"},
    "weight": {"value": 1.25, "unit": "kg"},
    "volume": {"value": 5, "unit": "l"},
}
A_COST = {"value": "3.99", "currency": "EUR"}
A_FULL_ORDER = {
    "order_details.status.message": "Wait",
    "order_details.order_updated_at": "2024-05-02T10:00:00.000000+00:00",
    "order_details.notes": "Ring twice",
    "order_details.tags": ["gift", "gift"],
    "order_details.order_items": [
        {
            "item_id": "i-1",
            "product_id": "p-1",
            "variant_id": "v-1",
            "image_url": "https://shop.example/candle.png",
            "name": "Candle",
            "description": "White",
            "quantity": 2,
            "sku": "C-1",
            "hs_code": "3406.00",
            "country_of_origin": "NL",
            "properties": {"size": {"eu": 42}, "colour": "white"},
            "unit_price": {"value": 1.75, "currency": "EUR"},
            "total_price": {"value": 3.5, "currency": "EUR"},
            "measurement": A_MEASUREMENT,
            "ean": "4006381333931",
            "delivery_dates": {
                "handover_at": "2024-05-03T10:00:00.000000+00:00",
                "deliver_at": "2024-05-04T10:00:00.000000+00:00",
            },
            "mid_code": "NLOZR92MEL",
            "material_content": "Wax",
            "intended_use": "Light",
            "dangerous_goods": {"regulation_set": "ADR", "id_number": "UN1325", "weight_type": "Net"},
        }
    ],
    "payment_details.is_cash_on_delivery": True,
    "payment_details.subtotal_price": {"value": 3, "currency": "EUR"},
    "payment_details.estimated_shipping_price": {"value": 0.3, "currency": "EUR"},
    "payment_details.estimated_tax_price": {"value": 0.2, "currency": "EUR"},
    "payment_details.status.message": "Thanks",
    "payment_details.invoice_date": "14/07/2018",
    "payment_details.discount_granted": A_COST,
    "payment_details.insurance_costs": A_COST,
    "payment_details.freight_costs": A_COST,
    "payment_details.other_costs": A_COST,
    "customs_details": {
        "commercial_invoice_number": "INV-1",
        "shipment_type": "gift",
        "export_type": "private",
        "tax_numbers": {
            "sender": [{"name": "VAT", "country_code": "NL", "value": "1"}],
            "receiver": [{"name": "EORI", "country_code": "XI", "value": "2"}],
            "importer_of_record": [{"value": "3"}],
        },
    },
    "customer_details": {"name": "Jane Doe", "phone_number": "+31612345678", "email": "jane@example.com"},
    "billing_address": AN_ADDRESS | {"company_name": "Doe BV", "po_box": "PO 1"},
    "shipping_address": AN_ADDRESS
    | {
        "company_name": "Doe BV",
        "address_line_2": "Back door",
        "po_box": "PO 2",
        "state_province_code": "NB",
        "email": "jane@example.com",
        "phone_number": "+31612345678",
    },
    "shipping_details": {
        "is_local_pickup": False,
        "delivery_indicator": "DHL home delivery",
        "measurement": A_MEASUREMENT,
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": "dhl:standard", "contract_id": 517},
        },
    },
    "service_point_details": {
        "id": "123",
        "carrier_service_point_id": "91233",
        "post_number": "8000",
        "latitude": "51.4",
        "longitude": "5.5",
        "type": "locker",
        "extra_data": {"floor": 2, "door": "left"},
    },
}


def two_items() -> dict[str, Any]:
    """Changes for a Candle and a Vase."""
    price = {"value": 3.5, "currency": "EUR"}
    return {
        "order_details.order_items": [
            {"name": "Candle", "quantity": 1, "sku": "C-1", "total_price": price},
            {"name": "Vase", "quantity": 1, "description": "Blue", "total_price": price},
        ]
    }


def same_named(*items: dict[str, Any]) -> dict[str, Any]:
    """Changes for items that are all called Candle."""
    price = {"value": 3.5, "currency": "EUR"}
    return {"order_details.order_items": [{"name": "Candle", "quantity": 1, "total_price": price} | i for i in items]}


def create(a: Account, changes: dict[str, Any] | None = None, order_id: str = "a") -> int:
    [id_] = a.create(a.order(order_id, changes))
    return id_


def changed(a: Account, id_: int, body: Any) -> dict[str, Any]:
    """PATCH and give the order as it is then."""
    answer = a.patch(id_, body)
    assert answer.status_code == 200, answer.text
    return a.show(id_)


def refuse(a: Account, id_: int, body: Any, *expected: tuple[str | None, str]) -> None:
    """PATCH, and see exactly these faults and no change, not even of modified_at."""
    before = a.show(id_)
    answer = a.patch(id_, body)
    assert (answer.status_code, errors(answer)) == (400, list(expected))
    assert {error["code"] for error in answer.json()["errors"]} == {"invalid"}
    assert a.show(id_) == before


def items(*sent: Any) -> dict[str, Any]:
    return {"order_details": {"order_items": list(sent)}}


def quantities(order: dict[str, Any]) -> list[int]:
    return [item["quantity"] for item in order["order_details"]["order_items"]]


def at(path: str, value: Any) -> dict[str, Any]:
    """The body that holds a value at a dotted path."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return value


def without_times(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name != "modified_at"}


# What merges


def test_c189_a_patch_changes_what_it_names_and_answers_the_three_members(a):
    id_ = create(a)
    before = a.show(id_)
    answer = a.patch(id_, {"order_details": {"status": {"code": "on_hold"}, "tags": ["vip"]}})

    assert answer.status_code == 200
    assert answer.json() == {"data": {"id": id_, "order_id": "a", "order_number": "N-a"}}
    after = a.show(id_)
    assert after["modified_at"] > before["modified_at"]
    before["order_details"] |= {"status": {"code": "on_hold"}, "tags": ["vip"]}
    assert without_times(after) == without_times(before)


def test_c190_a_status_code_alone_keeps_the_message(a):
    id_ = create(a, {"order_details.status.message": "Wait"})
    after = changed(a, id_, {"order_details": {"status": {"code": "x"}}})
    assert after["order_details"]["status"] == {"code": "x", "message": "Wait"}


def test_c191_an_item_is_found_by_its_name_and_the_others_stay(a):
    id_ = create(a, two_items())
    before = a.show(id_)["order_details"]["order_items"]
    after = changed(a, id_, items({"name": "Vase", "quantity": 2}))
    assert after["order_details"]["order_items"] == [before[0], before[1] | {"quantity": 2}]


def test_c202_a_weight_alone_keeps_its_unit_and_all_around_it(a):
    id_ = create(a, A_FULL_ORDER)
    expected = copy.deepcopy(a.show(id_))
    expected["shipping_details"]["measurement"]["weight"]["value"] = 2
    after = changed(a, id_, {"shipping_details": {"measurement": {"weight": {"value": 2}}}})
    assert without_times(after) == without_times(expected)


def test_c203_a_weight_without_unit_is_refused_where_none_is_stored(a):
    for changes in ({}, {"shipping_details": {"delivery_indicator": "DHL"}}):
        refuse(
            a,
            create(a, changes),
            {"shipping_details": {"measurement": {"weight": {"value": 2}}}},
            ("order/shipping_details/measurement/weight/unit", "Field required"),
        )


def test_c204_one_member_of_an_address_merges(a):
    id_ = create(a, {"shipping_address": AN_ADDRESS | {"address_line_2": "Back door"}})
    after = changed(a, id_, {"shipping_address": {"city": "Uden"}})
    assert after["shipping_address"] == AN_ADDRESS | {"address_line_2": "Back door", "city": "Uden"}


def test_c205_null_removes_an_address_line(a):
    id_ = create(a, {"shipping_address": AN_ADDRESS | {"address_line_2": "Back door"}})
    assert changed(a, id_, {"shipping_address": {"address_line_2": None}})["shipping_address"] == AN_ADDRESS


@pytest.mark.parametrize(
    ("city", "detail"),
    [
        pytest.param(None, "Input should be a valid string", id="C-206 null"),
        pytest.param("", "String should have at least 1 character", id="C-206 empty"),
    ],
)
def test_c206_an_address_keeps_a_city(a, city, detail):
    id_ = create(a, {"shipping_address": AN_ADDRESS})
    refuse(a, id_, {"shipping_address": {"city": city}}, ("order/shipping_address/city", detail))


def test_c207_one_member_of_an_address_is_no_address(a):
    required = ("name", "address_line_1", "postal_code", "country_code")
    refuse(
        a,
        create(a),
        {"shipping_address": {"city": "Oss"}},
        *((f"order/shipping_address/{member}", "Field required") for member in required),
    )


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("order_details.notes", id="C-208 notes"),
        pytest.param("order_details.tags", id="C-208 tags"),
        pytest.param("payment_details.invoice_date", id="C-208 invoice_date"),
        pytest.param("customs_details", id="C-208 customs_details"),
        pytest.param("payment_details.discount_granted", id="C-208 discount_granted"),
        pytest.param("customer_details", id="C-209 customer_details"),
        pytest.param("billing_address", id="C-209 billing_address"),
        pytest.param("shipping_details", id="C-209 shipping_details"),
        pytest.param("service_point_details", id="C-209 service_point_details"),
    ],
)
def test_c208_c209_null_clears(a, path):
    id_ = create(a, A_FULL_ORDER)
    expected = copy.deepcopy(a.show(id_))
    *steps, last = path.split(".")
    del (expected[steps[0]] if steps else expected)[last]
    assert without_times(changed(a, id_, at(path, None))) == without_times(expected)


@pytest.mark.parametrize(
    ("path", "value", "detail"),
    [
        pytest.param("order_number", None, "Input should be a valid string", id="C-210 number null"),
        pytest.param("order_number", "", "String should have at least 1 character", id="C-210 number empty"),
        pytest.param("order_details", None, "Input should be an object", id="C-210 details null"),
        pytest.param("payment_details.total_price", None, "Input should be an object", id="C-210 total null"),
        pytest.param("order_details.order_items", None, "Input should be a valid list", id="items null"),
        pytest.param("order_details.order_items", {}, "Input should be a valid list", id="items no list"),
        pytest.param("order_details", [], "Input should be an object", id="details no object"),
    ],
)
def test_c210_what_an_order_needs_cannot_be_cleared(a, path, value, detail):
    refuse(a, create(a), at(path, value), ("order/" + path.replace(".", "/"), detail))


def test_c211_phone_is_another_name_of_phone_number(a):
    id_ = create(a, {"customer_details": {"name": "Jane", "phone_number": "+1"}})
    after = changed(a, id_, {"customer_details": {"phone": "+31612345678"}})
    assert after["customer_details"] == {"name": "Jane", "phone_number": "+31612345678"}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ({"phone": "+2", "phone_number": "+3"}, {"phone_number": "+3"}),
        ({"phone": None, "phone_number": "+3"}, {"phone_number": "+3"}),
        ({"phone": "+2", "phone_number": None}, {"phone_number": "+2"}),
        ({"phone": None}, {}),
        ({"phone_number": None}, {}),
        ({"email": "jane@example.com"}, {"phone_number": "+1", "email": "jane@example.com"}),
    ],
)
def test_of_both_phone_members_the_stored_name_wins_when_it_holds_a_number(a, sent, stored):
    id_ = create(a, {"customer_details": {"name": "Jane", "phone_number": "+1"}})
    assert changed(a, id_, {"customer_details": sent})["customer_details"] == {"name": "Jane"} | stored


def test_a_fault_of_a_phone_names_the_member_that_was_sent(a):
    id_ = create(a, {"customer_details": {"name": "Jane", "phone_number": "+1"}})
    wrong = "Input should be a valid string"
    refuse(a, id_, {"customer_details": {"phone": 31}}, ("order/customer_details/phone", wrong))
    refuse(a, id_, {"customer_details": {"phone_number": 31}}, ("order/customer_details/phone_number", wrong))


def test_c214_lists_are_replaced(a):
    id_ = create(a, A_FULL_ORDER)
    tax = a.show(id_)["customs_details"]["tax_numbers"]
    body = {
        "order_details": {"tags": ["x"]},
        "customs_details": {"tax_numbers": {"sender": [{"value": "9"}], "receiver": []}},
    }
    after = changed(a, id_, body)
    assert after["order_details"]["tags"] == ["x"]
    assert after["customs_details"]["tax_numbers"] == tax | {"sender": [{"value": "9"}], "receiver": []}
    assert after["customs_details"]["shipment_type"] == "gift"


@pytest.mark.parametrize(
    ("member", "value"),
    [
        pytest.param("variant_id", "v-2", id="C-216 variant_id"),
        pytest.param("ean", "123", id="C-216 ean"),
        pytest.param("image_url", "https://shop.example/b.png", id="C-216 image_url"),
        pytest.param("dangerous_goods", {"regulation_set": "IATA"}, id="C-216 dangerous_goods"),
    ],
)
def test_c216_members_of_an_item_beyond_the_documented_subset_change(a, member, value):
    id_ = create(a)
    [item] = changed(a, id_, items({"name": "Candle", member: value}))["order_details"]["order_items"]
    assert item[member] == value


def test_c216_cash_on_delivery_changes(a):
    id_ = create(a)
    assert changed(a, id_, {"payment_details": {"is_cash_on_delivery": True}})["payment_details"] == {
        "total_price": {"value": 3.5, "currency": "EUR"},
        "status": {"code": "paid"},
        "is_cash_on_delivery": True,
    }


def test_properties_merge_inside_and_null_removes_a_key_there(a):
    id_ = create(a, A_FULL_ORDER)
    sent = {"size": {"eu": None, "us": 9}, "colour": None, "new": {"a": None, "b": [None]}}
    [item] = changed(a, id_, items({"name": "Candle", "properties": sent}))["order_details"]["order_items"]
    assert item["properties"] == {"size": {"us": 9}, "new": {"b": [None]}}

    after = changed(a, id_, {"service_point_details": {"extra_data": {"floor": None, "bell": "2"}}})
    assert after["service_point_details"]["extra_data"] == {"door": "left", "bell": "2"}


@pytest.mark.parametrize(("before", "after"), [(1, True), (True, 1), (0, False), ("1", 1), (1, "1")])
def test_a_property_that_changes_its_type_alone_is_a_change(a, before, after):
    id_ = create(a, {"order_details.order_items.0.properties": {"flag": before}})
    [item] = changed(a, id_, items({"name": "Candle", "properties": {"flag": after}}))["order_details"]["order_items"]
    assert item["properties"]["flag"] is after or (item["properties"]["flag"], type(after)) == (after, str)


# Items


def test_c192_an_item_that_is_not_there_is_refused(a):
    id_ = create(a)
    refuse(a, id_, items({"name": "Lamp", "quantity": 2}), NOT_FOUND)
    [error] = a.patch(id_, items({"name": "candle"})).json()["errors"]
    assert error == {
        "status": "400",
        "code": "invalid",
        "title": "Invalid",
        "detail": "Could not find specified item.",
        "source": {"pointer": ITEMS},
        "meta": {"order_id": "a"},
    }


def test_c193_one_item_found_and_one_not_changes_nothing(a):
    id_ = create(a, two_items())
    refuse(a, id_, items({"name": "Vase", "quantity": 2}, {"name": "Lamp", "quantity": 2}), NOT_FOUND)


@pytest.mark.parametrize(
    ("item", "place", "detail"),
    [
        pytest.param({"quantity": 2}, "/name", "Field required", id="C-194"),
        pytest.param({"name": None}, "/name", "Input should be a valid string", id="null"),
        pytest.param({"name": 5}, "/name", "Input should be a valid string", id="number"),
        pytest.param("Candle", "", "Input should be an object", id="text"),
        pytest.param(None, "", "Input should be an object", id="nothing"),
    ],
)
def test_c194_an_item_needs_its_name(a, item, place, detail):
    id_ = create(a, two_items())
    refuse(a, id_, items(item), (f"{ITEMS}/0{place}", detail))
    refuse(a, id_, items({"name": "Vase"}, item), (f"{ITEMS}/1{place}", detail))


def test_c195_one_of_two_equal_names_without_ids_is_refused(a):
    id_ = create(a, same_named({}, {}))
    refuse(a, id_, items({"name": "Candle", "quantity": 2}), NOT_FOUND)
    refuse(a, id_, items(*[{"name": "Candle", "quantity": 2}] * 3), *[NOT_FOUND] * 3)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("item_id", id="C-196 item_id"),
        pytest.param("sku", id="C-196 sku"),
        pytest.param("product_id", id="product_id"),
        pytest.param("variant_id", id="variant_id"),
    ],
)
def test_c196_an_id_tells_equal_names_apart(a, name):
    id_ = create(a, same_named({name: "one"}, {name: "two"}, {}))
    assert quantities(changed(a, id_, items({"name": "Candle", name: "two", "quantity": 7}))) == [1, 7, 1]
    refuse(a, id_, items({"name": "Candle", name: "three", "quantity": 7}), NOT_FOUND)


def test_ids_narrow_one_after_the_other(a):
    id_ = create(a, same_named({"product_id": "p", "sku": "1"}, {"product_id": "p", "sku": "2"}, {"product_id": "q"}))
    body = items({"name": "Candle", "product_id": "p", "sku": "2", "quantity": 7})
    assert quantities(changed(a, id_, body)) == [1, 7, 1]
    refuse(a, id_, items({"name": "Candle", "product_id": "p", "quantity": 9}), NOT_FOUND)


def test_one_stored_item_is_not_changed_twice(a):
    id_ = create(a, two_items())
    refuse(a, id_, items({"name": "Vase", "quantity": 2}, {"name": "Vase", "quantity": 3}), NOT_FOUND)
    id_ = create(a, same_named({"sku": "1"}, {"sku": "2"}), "b")
    refuse(a, id_, items(*[{"name": "Candle", "sku": "1", "quantity": 2}] * 2), NOT_FOUND)


def test_the_id_of_an_item_whose_name_is_alone_changes(a):
    id_ = create(a, two_items())
    after = changed(a, id_, items({"name": "Candle", "sku": "C-2", "item_id": "i-9"}))
    assert [(item.get("sku"), item.get("item_id")) for item in after["order_details"]["order_items"]] == [
        ("C-2", "i-9"),
        (None, None),
    ]


def test_c197_equal_names_that_are_all_sent_go_one_to_one(a):
    id_ = create(a, same_named({}, {}))
    body = items({"name": "Candle", "quantity": 5}, {"name": "Candle", "quantity": 6})
    assert quantities(changed(a, id_, body)) == [5, 6]


def test_a_hundred_equal_names_go_one_to_one(a):
    id_ = create(a, same_named(*[{}] * 100))
    body = items(*({"name": "Candle", "quantity": number} for number in range(1, 101)))
    assert quantities(changed(a, id_, body)) == list(range(1, 101))
    refuse(a, id_, items(*body["order_details"]["order_items"][:99]), *[NOT_FOUND] * 99)


def test_c212_a_quantity_may_be_zero_and_not_below(a):
    id_ = create(a)
    assert quantities(changed(a, id_, items({"name": "Candle", "quantity": 0}))) == [0]
    refuse(
        a,
        id_,
        items({"name": "Candle", "quantity": -1}),
        (f"{ITEMS}/0/quantity", "Input should be greater than or equal to 0"),
    )


def test_a_stored_quantity_of_zero_survives_other_patches_and_its_own_get_body(a):
    id_ = create(a, two_items())
    changed(a, id_, items({"name": "Candle", "quantity": 0}))
    assert quantities(changed(a, id_, items({"name": "Vase", "quantity": 3}))) == [0, 3]
    assert quantities(changed(a, id_, {"order_details": {"notes": "x"}})) == [0, 3]
    order = a.show(id_)
    assert changed(a, id_, order) == order


def test_c215_an_empty_list_of_items_changes_nothing(a):
    id_ = create(a)
    before = a.show(id_)
    assert changed(a, id_, items()) == before


def test_a_fault_in_an_item_names_its_place_in_the_body_not_in_the_order(a):
    id_ = create(a, two_items())
    greater = "Input should be greater than or equal to 0"
    refuse(a, id_, items({"name": "Vase", "quantity": -1}), (f"{ITEMS}/0/quantity", greater))
    refuse(
        a,
        id_,
        items({"name": "Vase", "total_price": {"value": "x"}}, {"name": "Candle", "quantity": -1}),
        (f"{ITEMS}/1/quantity", greater),
        (f"{ITEMS}/0/total_price/value", "Input should be a valid number"),
    )


# What comes back


def test_c198_a_whole_order_as_it_was_answered_changes_nothing(a):
    id_ = create(a, A_FULL_ORDER)
    before = a.show(id_)
    answer = a.patch(id_, before)
    assert answer.status_code == 200
    assert "Orderdock-Ignored-Fields" not in answer.headers
    assert a.show(id_) == before


def test_c198_a_whole_order_with_equal_names_changes_nothing(a):
    id_ = create(a, same_named({"sku": "1"}, {}, {"sku": "1", "item_id": "i"}, {}))
    before = a.show(id_)
    assert changed(a, id_, before) == before


def test_c198_the_same_in_profile_openapi_with_an_id_as_text(generated):
    id_ = create(generated, A_FULL_ORDER)
    before = generated.show(id_)
    assert before["id"] == str(id_)
    answer = generated.patch(id_, before)
    assert (answer.status_code, answer.json()["data"]["id"]) == (200, id_)
    assert generated.show(id_) == before


@pytest.mark.parametrize("body", [{}, {"order_details": {}}, {"payment_details": {"total_price": {}}}, {"id": None}])
def test_c217_a_patch_that_asks_nothing_writes_nothing(a, body):
    id_ = create(a)
    before = a.show(id_)
    assert changed(a, id_, body) == before


def test_an_equal_value_in_another_spelling_writes_nothing(a):
    id_ = create(a, A_FULL_ORDER)
    before = a.show(id_)
    body = {
        "order_details": {"order_created_at": "2024-05-01T12:00:00+02:00"},
        "payment_details": {"total_price": {"value": "3.50", "currency": "eur"}},
        "shipping_address": {"country_code": "nl"},
        "shipping_details": {"measurement": {"weight": {"value": 1.250, "unit": "KG"}}},
    }
    assert changed(a, id_, body) == before


def test_return_representation_answers_the_whole_order(a):
    id_ = create(a, A_FULL_ORDER)
    answer = a.patch(id_, {"order_number": "N-2"}, headers={"Prefer": "return=representation"})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "return=representation")
    assert answer.json() == {"data": a.show(id_)}
    assert answer.json()["data"]["order_number"] == "N-2"


def test_return_representation_has_the_id_as_the_profile_has_it(generated):
    id_ = create(generated)
    answer = generated.patch(id_, {}, headers={"Prefer": "return=representation"})
    assert answer.json() == {"data": generated.show(id_)}
    assert answer.json()["data"]["id"] == str(id_)


# What cannot change


def test_c199_the_order_id_may_be_sent_and_not_changed(a):
    id_ = create(a)
    before = a.show(id_)
    assert changed(a, id_, {"order_id": "a"}) == before
    for other in ("A", " a", "b"):
        refuse(a, id_, {"order_id": other}, ("order/order_id", "Order id a cannot be changed"))


def test_c200_the_id_may_be_sent_and_not_changed(a):
    id_ = create(a)
    before = a.show(id_)
    for same in (id_, str(id_)):
        assert changed(a, id_, {"id": same}) == before
    for other in (id_ + 1, str(id_ + 1), f" {id_}", "abc", True, [id_], {}, ""):
        refuse(a, id_, {"id": other}, ("order/id", f"Id {id_} cannot be changed"))


def test_c201_the_integration_may_be_sent_and_not_changed(a, b):
    id_ = create(a)
    before = a.show(id_)
    for same in (a.i1, str(a.i1)):
        assert changed(a, id_, {"order_details": {"integration": {"id": same}}}) == before
    place = "order/order_details/integration/id"
    for other in (a.i2, b.i1, 10**30):
        refuse(
            a,
            id_,
            {"order_details": {"integration": {"id": other}}},
            (place, f"Integration id {a.i1} cannot be changed"),
        )


def test_times_of_ours_are_ignored_whatever_is_sent(a):
    id_ = create(a)
    before = a.show(id_)
    assert changed(a, id_, {"created_at": "2001-01-01", "modified_at": 5}) == before


# The service point


@pytest.mark.parametrize(
    ("sent", "ids"),
    [
        pytest.param({"id": "9"}, {"id": "9"}, id="C-213"),
        pytest.param({"carrier_service_point_id": "8"}, {"carrier_service_point_id": "8"}, id="the other way"),
        pytest.param({"id": "9", "carrier_service_point_id": None}, {"id": "9"}, id="null said as well"),
        pytest.param(
            {"id": "9", "carrier_service_point_id": "8"}, {"id": "9", "carrier_service_point_id": "8"}, id="both"
        ),
        pytest.param({"id": None}, {"carrier_service_point_id": "91233"}, id="null takes one away"),
        pytest.param({"type": "shop"}, {"id": "123", "carrier_service_point_id": "91233"}, id="neither"),
    ],
)
def test_c213_an_id_sent_alone_drops_the_other_id_of_a_service_point(a, sent, ids):
    id_ = create(a, A_FULL_ORDER)
    kept = {"post_number", "latitude", "longitude", "type", "extra_data"}
    before = a.show(id_)["service_point_details"]
    after = changed(a, id_, {"service_point_details": sent})["service_point_details"]
    rest = {name: value for name, value in sent.items() if name == "type"}
    assert after == {name: before[name] for name in kept} | rest | ids


def test_a_service_point_keeps_an_id(a):
    id_ = create(a, {"service_point_details": {"carrier_service_point_id": "8"}})
    missing = ("order/service_point_details/id", "Field required")
    refuse(a, id_, {"service_point_details": {"carrier_service_point_id": None}}, missing)
    refuse(a, create(a, order_id="b"), {"service_point_details": {"type": "shop"}}, missing)


# What is refused


@pytest.mark.parametrize("body", ["[]", '"x"', "null", "5", "true"])
def test_c218_a_body_that_is_no_object_is_refused(a, body):
    id_ = create(a)
    before = a.show(id_)
    answer = a.client.patch(f"/orders/{id_}", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json() == {
        "errors": [
            {
                "status": "400",
                "code": "non_field_errors",
                "title": "Wrong format",
                "detail": "Wrong request format, expected object",
            }
        ]
    }
    assert a.show(id_) == before


@pytest.mark.parametrize("body", [b"", b'{"order_number":', b'{"order_number": "\xff"}', b'{"x": NaN}', b"{} {}"])
def test_c219_a_body_that_is_no_json_is_refused(a, body):
    id_ = create(a)
    before = a.show(id_)
    answer = a.client.patch(f"/orders/{id_}", content=body, headers={"content-type": "application/json"})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["title"]) == (400, "invalid", "Malformed JSON")
    assert error["source"] == {"pointer": "/data"}
    assert a.show(id_) == before


@pytest.mark.parametrize(
    ("body", "place", "detail"),
    [
        pytest.param(
            {"shipping_address": {"country_code": "XX"}},
            "order/shipping_address/country_code",
            '"XX" is not a valid country code',
            id="C-220 country",
        ),
        pytest.param(
            {"order_details": {"order_created_at": "yesterday"}},
            "order/order_details/order_created_at",
            "Input should be a valid datetime",
            id="C-220 timestamp",
        ),
        pytest.param({"order_number": "a\0b"}, "order/order_number", "Null characters are not allowed", id="C-220 NUL"),
        pytest.param(
            {"order_details": {"notes": "\0"}}, "order/order_details/notes", "Null characters are not allowed", id="NUL"
        ),
        pytest.param(
            items({"name": "Candle", "properties": {"\0": 1}}),
            f"{ITEMS}/0/properties/\0",
            "Null characters are not allowed",
            id="NUL in a name",
        ),
        pytest.param({"a/b~\0": 1}, "order/a~1b~0\0", "Null characters are not allowed", id="NUL in an unknown name"),
    ],
)
def test_c220_a_wrong_value_is_refused_in_its_place(a, body, place, detail):
    refuse(a, create(a, {"shipping_address": AN_ADDRESS}), body, (place, detail))


def test_a_lone_surrogate_is_refused(a):
    id_ = create(a)
    before = a.show(id_)
    answer = a.client.patch(
        f"/orders/{id_}", content=rb'{"order_number": "\ud800"}', headers={"content-type": "application/json"}
    )
    assert (answer.status_code, errors(answer)) == (400, [("order/order_number", "Input should be valid Unicode")])
    assert a.show(id_) == before


def test_all_faults_come_back_at_once(a):
    id_ = create(a, two_items())
    refuse(
        a,
        id_,
        {
            "id": "x",
            "order_id": "b",
            "order_number": 5,
            "order_details": {
                "integration": {"id": a.i2},
                "order_created_at": "never",
                "order_items": [{"name": "Lamp"}, {"name": "Vase", "quantity": -1}, {"quantity": 1}],
            },
            "shipping_address": AN_ADDRESS | {"city": ""},
        },
        ("order/id", f"Id {id_} cannot be changed"),
        NOT_FOUND,
        (f"{ITEMS}/2/name", "Field required"),
        ("order/order_number", "Input should be a valid string"),
        ("order/order_details/order_created_at", "Input should be a valid datetime"),
        (f"{ITEMS}/1/quantity", "Input should be greater than or equal to 0"),
        ("order/shipping_address/city", "String should have at least 1 character"),
        ("order/order_id", "Order id a cannot be changed"),
        ("order/order_details/integration/id", f"Integration id {a.i1} cannot be changed"),
    )


def test_unknown_members_are_ignored_and_named(a):
    id_ = create(a, two_items())
    before = a.show(id_)
    body = {"foo": 1, "order_details": {"bär": 2, "order_items": [{"name": "Vase", "size": 3}]}}
    answer = a.patch(id_, body)
    assert answer.status_code == 200
    assert sorted(answer.headers["Orderdock-Ignored-Fields"].split(", ")) == [
        "foo",
        "order_details.b%C3%A4r",
        "order_details.order_items[0].size",
    ]
    assert a.show(id_) == before


def test_strict_handling_refuses_unknown_members(a):
    id_ = create(a, two_items())
    before = a.show(id_)
    body = {"order_number": "N-2", "foo": 1, "order_details": {"order_items": [{"name": "Vase", "size": 3}]}}
    answer = a.patch(id_, body, headers={"Prefer": "handling=strict"})
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (400, "handling=strict")
    assert sorted(errors(answer)) == [
        ("order/foo", "Extra inputs are not permitted"),
        (f"{ITEMS}/0/size", "Extra inputs are not permitted"),
    ]
    assert {(error["code"], error["title"]) for error in answer.json()["errors"]} == {
        ("unknown_field", "Unknown field")
    }
    assert a.show(id_) == before


def test_strict_handling_lets_known_members_pass(a):
    id_ = create(a, A_FULL_ORDER)
    body = a.show(id_) | {"customer_details": {"phone": "+2"}}
    answer = a.patch(id_, body, headers={"Prefer": "handling=strict, return=representation"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Preference-Applied"].split(", ") == ["return=representation", "handling=strict"]
    assert answer.json()["data"]["customer_details"]["phone_number"] == "+2"


def test_c221_an_order_that_is_not_there_cannot_be_patched(a, b):
    mine, theirs = create(a), create(b)
    before = b.show(theirs)
    assert a.client.delete(f"/orders/{mine}").status_code == 204
    for id_ in (2**62, theirs, mine, 0, "abc", "1.0", 10**30):
        answer = a.patch(id_, {"order_number": "N-2"})
        assert answer.status_code == 404
        assert answer.json() == {
            "errors": [
                {
                    "status": "404",
                    "code": "not_found",
                    "title": "Not found",
                    "detail": "Could not find specified item.",
                }
            ]
        }
    assert b.show(theirs) == before
    assert a.found() == []


# Null, wherever an order can have it

TEXT, OBJECT, NUMBER = "Input should be a valid string", "Input should be an object", "Input should be a valid number"
WHOLE, TIME, LIST = (
    "Input should be a valid integer",
    "Input should be a valid datetime",
    "Input should be a valid list",
)
UNIT = "Input should be 'cm', 'mm', 'm', 'yd', 'ft' or 'in'"
WEIGHT_UNIT, VOLUME_UNIT = "Input should be 'kg', 'g', 'lbs' or 'oz'", "Input should be 'm3', 'cm3', 'l', 'ml' or 'gal'"
NEEDED = {
    "order_id": TEXT,
    "order_number": TEXT,
    "order_details": OBJECT,
    "order_details/integration": OBJECT,
    "order_details/integration/id": WHOLE,
    "order_details/status": OBJECT,
    "order_details/status/code": TEXT,
    "order_details/order_created_at": TIME,
    "order_details/order_items": LIST,
    "order_details/order_items/0/name": TEXT,
    "order_details/order_items/0/quantity": WHOLE,
    "order_details/order_items/0/total_price": OBJECT,
    "order_details/order_items/0/total_price/value": NUMBER,
    "order_details/order_items/0/unit_price/value": NUMBER,
    "payment_details": OBJECT,
    "payment_details/status": OBJECT,
    "payment_details/status/code": TEXT,
    "payment_details/total_price": OBJECT,
    "customer_details/name": TEXT,
    "shipping_details/ship_with/type": "Input should be 'shipping_option_code'",
    "shipping_details/ship_with/properties": OBJECT,
}
for price in ("total_price", "subtotal_price", "estimated_shipping_price", "estimated_tax_price"):
    NEEDED |= {f"payment_details/{price}/value": NUMBER, f"payment_details/{price}/currency": TEXT}
for address in ("billing_address", "shipping_address"):
    for member in ("name", "address_line_1", "postal_code", "city", "country_code"):
        NEEDED[f"{address}/{member}"] = TEXT
for owner in ("shipping_details", "order_details/order_items/0"):
    for member in ("length", "width", "height"):
        NEEDED[f"{owner}/measurement/dimension/{member}"] = NUMBER
    NEEDED |= {
        f"{owner}/measurement/dimension/unit": UNIT,
        f"{owner}/measurement/weight/value": NUMBER,
        f"{owner}/measurement/weight/unit": WEIGHT_UNIT,
        f"{owner}/measurement/volume/value": WHOLE,
        f"{owner}/measurement/volume/unit": VOLUME_UNIT,
    }
STAYS = {
    "shipping_details/ship_with/properties/shipping_option_code": None,
    "customs_details/tax_numbers/sender": [],
    "customs_details/tax_numbers/receiver": [],
    "customs_details/tax_numbers/importer_of_record": [],
}
"""Members that an order without a value for them still has."""


def places(value: Any, *path: str | int) -> list[tuple[str | int, ...]]:
    """The path of every member below a value; of lists, only that of items is looked into."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if path[-1:] == ("order_items",) else ()
    own = [path] if path and isinstance(path[-1], str) else []
    return own + [place for name, each in inner for place in places(each, *path, name)]


def test_null_anywhere_in_a_whole_order_clears_or_is_refused_in_its_place(a):
    whole = a.order("a", A_FULL_ORDER)
    [id_] = a.create(whole)
    stored = without_times(a.show(id_))
    tried = places({name: value for name, value in stored.items() if name not in ("id", "created_at")})
    for path in tried:
        place = "/".join(map(str, path))
        body: Any = None
        for step in reversed(path):
            body = [{"name": "Candle"} | body] if step == 0 else {step: body}
        if place in NEEDED:
            refuse(a, id_, body, (f"order/{place}", NEEDED[place]))
            continue
        expected: Any = copy.deepcopy(stored)
        inner = expected
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        if place in STAYS:
            inner[path[-1]] = STAYS[place]
        assert without_times(changed(a, id_, body)) == expected, place
        assert a.create(whole) == [id_]
    assert set(NEEDED) | set(STAYS) <= {"/".join(map(str, path)) for path in tried}
    assert len(tried) > 120
