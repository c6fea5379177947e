"""POST /orders: envelope, identity, batch (contract 3.1, with 1.1, 1.3, 1.6 and 2.2)."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.orders.refusals import FIRST, SECOND, THIRD, assert_refused, error, stored
from tests.support import AN_ADDRESS, DROP, Account

UNKNOWN_ID = 999_999_999
MIB = 2**20

STATUS = "order_details.status.code"
SHOP = "order_details.integration"
SHOP_ID = "order_details.integration.id"
TOTAL = "payment_details.total_price.value"
PROPERTIES = "order_details.order_items.0.properties"


def ref(id_: int, order_id: str = "a", order_number: str | None = None) -> dict[str, Any]:
    """What POST answers for one order."""
    return {"id": id_, "order_id": order_id, "order_number": order_number or f"N-{order_id}"}


def shown(order: dict[str, Any]) -> dict[str, Any]:
    """A minimal order as it is answered, without our id and times."""
    details = order["order_details"] | {"order_created_at": "2024-05-01T10:00:00.000000+00:00"}
    return order | {"order_details": details}


def key_of(order: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The least that names a stored order, and what is to change."""
    integration = order["order_details"]["integration"]
    return {"order_id": order["order_id"], "order_details": {"integration": integration}} | changes


def as_json(batch: Any, **literals: str) -> str:
    """JSON text of a batch, with every text "<name>" replaced by a literal as it is."""
    text = json.dumps(batch)
    for name, literal in literals.items():
        text = text.replace(f'"<{name}>"', literal)
    return text


def nested(depth: int) -> dict[str, Any]:
    """An object of so many levels."""
    tree: dict[str, Any] = {}
    for _ in range(depth - 1):
        tree = {"x": tree}
    return tree


@pytest.fixture
def id_a(a: Account) -> int:
    """Order a, stored before the test."""
    return a.create(a.order("a"))[0]


# Creating and matching


@pytest.mark.parametrize("path", ["/orders", "/orders/"])
def test_c001_a_new_order_answers_its_id_and_the_shop_s_names(a, path):
    answer = a.client.post(path, json=[a.order("a")])

    [order] = a.found()
    assert (answer.status_code, answer.json()) == (200, {"data": [ref(order["id"])]})
    assert type(order["id"]) is int
    assert order["id"] >= 1
    assert {name: order[name] for name in a.order("a")} == shown(a.order("a"))
    assert set(order) == {"id", "created_at", "modified_at", *a.order("a")}


def test_c002_the_same_order_again_keeps_its_id_and_is_not_written(a, db, id_a):
    before = stored(db, a)

    answer = a.post([a.order("a")])

    assert (answer.status_code, answer.json()) == (200, {"data": [ref(id_a)]})
    assert stored(db, a) == before


def test_c003_a_new_status_is_stored_under_the_same_id(a, db, id_a):
    before = a.show(id_a)

    answer = a.post([a.order("a", {STATUS: "shipped"})])

    after = a.show(id_a)
    assert (answer.status_code, answer.json()) == (200, {"data": [ref(id_a)]})
    assert after["order_details"]["status"] == {"code": "shipped"}
    assert after["created_at"] == before["created_at"]
    assert after["modified_at"] > before["modified_at"]
    assert db.count("orders", a.id) == 1


def test_c004_an_update_may_hold_only_the_key_and_what_changed(a, id_a):
    before = a.show(id_a)

    answer = a.post([key_of(a.order("a"), shipping_address=AN_ADDRESS)])

    after = a.show(id_a)
    assert (answer.status_code, answer.json()) == (200, {"data": [ref(id_a)]})
    assert after == before | {"shipping_address": AN_ADDRESS, "modified_at": after["modified_at"]}
    assert after["modified_at"] > before["modified_at"]


def test_c005_an_update_of_an_unknown_order_lacks_what_a_new_one_needs(a, db):
    answer = a.post([key_of(a.order("a"), shipping_address=AN_ADDRESS)])

    assert_refused(
        answer,
        error(f"{FIRST}/order_number", "Field required"),
        error(f"{FIRST}/order_details/status", "Field required"),
        error(f"{FIRST}/order_details/order_created_at", "Field required"),
        error(f"{FIRST}/order_details/order_items", "Field required"),
        error(f"{FIRST}/payment_details", "Field required"),
    )
    assert stored(db, a) == [([], 0)]


def test_a_new_order_needs_the_required_parts_of_its_payment(a, db):
    answer = a.post([a.order("a", {"payment_details": {}})])

    assert_refused(
        answer,
        error(f"{FIRST}/payment_details/total_price", "Field required"),
        error(f"{FIRST}/payment_details/status", "Field required"),
    )
    assert stored(db, a) == [([], 0)]


def test_c006_one_order_id_in_two_integrations_is_two_orders(a):
    first, second = (a.create(a.order("a", {SHOP_ID: shop}))[0] for shop in (a.i1, a.i2))

    assert first != second
    assert a.show(first)["order_details"]["integration"] == {"id": a.i1}
    assert a.show(second)["order_details"]["integration"] == {"id": a.i2}


def test_c007_order_ids_that_differ_in_case_are_two_orders(a):
    lower, upper = a.create(a.order("a"), a.order("A"))

    assert lower != upper
    assert [a.show(id_)["order_id"] for id_ in (lower, upper)] == ["a", "A"]


def test_c008_a_batch_may_hold_several_integrations(a):
    answer = a.post([a.order("a", {SHOP_ID: a.i2}), a.order("b"), a.order("c", {SHOP_ID: a.i2})])

    assert answer.status_code == 200
    assert [entry["order_id"] for entry in answer.json()["data"]] == ["a", "b", "c"]
    ids = [entry["id"] for entry in answer.json()["data"]]
    assert [a.show(id_)["order_details"]["integration"]["id"] for id_ in ids] == [a.i2, a.i1, a.i2]


# Matching by our own id


def test_c009_an_order_may_be_named_by_its_id_too(a, id_a):
    answer = a.post([a.order("a", {"id": str(id_a), STATUS: "shipped"})])

    after = a.show(id_a)
    assert (answer.status_code, answer.json()) == (200, {"data": [ref(id_a)]})
    assert after["id"] == id_a
    assert after["order_details"]["status"]["code"] == "shipped"
    assert '"id":"' not in a.get(id_a).text


def test_an_order_named_by_its_id_needs_only_its_key_besides(a, db, id_a):
    before = stored(db, a)

    answer = a.post([key_of(a.order("a"), id=str(id_a))])

    assert (answer.status_code, answer.json()) == (200, {"data": [ref(id_a)]})
    assert stored(db, a) == before


@pytest.mark.parametrize("missing", ["order_id", "order_details", SHOP])
def test_an_order_named_by_its_id_still_needs_its_key(a, db, id_a, missing):
    before = stored(db, a)

    answer = a.post([a.order("a", {"id": str(id_a), "order_number": DROP, "payment_details": DROP, missing: DROP})])

    order_id = None if missing == "order_id" else "a"
    assert_refused(answer, error(f"{FIRST}/{missing.replace('.', '/')}", "Field required", order_id))
    assert stored(db, a) == before


def test_c010_an_id_that_is_a_number_is_refused(a, db, id_a):
    before = stored(db, a)

    answer = a.post([a.order("a", {"id": id_a, STATUS: "shipped"})])

    assert_refused(answer, error(f"{FIRST}/id", "Input should be a valid string"))
    assert stored(db, a) == before


@pytest.mark.parametrize("order_id", [pytest.param("zz", id="C-011 unused"), pytest.param("b", id="C-012 in use")])
def test_the_order_id_of_an_order_named_by_its_id_cannot_change(a, db, id_a, order_id):
    a.create(a.order("b"))
    before = stored(db, a)

    answer = a.post([a.order(order_id, {"id": str(id_a), STATUS: "shipped"})])

    assert_refused(answer, error(f"{FIRST}/order_id", "Order id a cannot be changed", order_id))
    assert stored(db, a) == before


def test_c013_the_integration_of_an_order_named_by_its_id_cannot_change(a, db, id_a):
    before = stored(db, a)

    answer = a.post([a.order("a", {"id": str(id_a), SHOP_ID: a.i2})])

    detail = f"Integration id {a.i1} cannot be changed"
    assert_refused(answer, error(f"{FIRST}/order_details/integration/id", detail))
    assert stored(db, a) == before


def test_both_halves_of_a_changed_key_are_reported(a, db, id_a):
    before = stored(db, a)

    answer = a.post([a.order("zz", {"id": str(id_a), SHOP_ID: a.i2})])

    assert_refused(
        answer,
        error(f"{FIRST}/order_id", "Order id a cannot be changed", "zz"),
        error(f"{FIRST}/order_details/integration/id", f"Integration id {a.i1} cannot be changed", "zz"),
    )
    assert stored(db, a) == before


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param(str(UNKNOWN_ID), id="C-014 nowhere"),
        pytest.param("123456789012345678901234567890", id="C-016 30 digits"),
        pytest.param(str(2**63), id="C-016 one past bigint"),
        pytest.param("0", id="zero"),
    ],
)
def test_an_id_that_does_not_exist_is_refused(a, db, id_a, id_):
    before = stored(db, a)

    answer = a.post([a.order("a", {"id": id_, STATUS: "shipped"}), a.order("new", {"id": id_})])

    detail = f"Order with id {id_} does not exist"
    assert_refused(answer, error(f"{FIRST}/id", detail), error(f"{SECOND}/id", detail, "new"))
    assert stored(db, a) == before


def test_c015_an_id_of_another_account_does_not_exist(a, b, db):
    [theirs] = b.create(b.order("a"))
    before = stored(db, a, b)

    answer = a.post([a.order("a", {"id": str(theirs)})])

    assert_refused(answer, error(f"{FIRST}/id", f"Order with id {theirs} does not exist"))
    assert stored(db, a, b) == before


@pytest.mark.parametrize("id_", ["", "abc", "1e3", "-5", " 669", "669 ", "٣", "6.0"])
def test_c016_an_id_that_is_not_all_digits_is_refused(a, db, id_):
    answer = a.post([a.order("a", {"id": id_})])

    assert_refused(answer, error(f"{FIRST}/id", "Input should be a valid string of digits"))
    assert stored(db, a) == [([], 0)]


def test_c017_an_id_of_null_is_no_id(a, id_a):
    answer = a.post([a.order("a", {"id": None}), a.order("new", {"id": None})])

    assert answer.status_code == 200
    assert answer.json()["data"][0] == ref(id_a)
    assert [order["order_id"] for order in a.found()] == ["new", "a"]


# Integrations


def test_c018_an_integration_of_another_account_does_not_exist(a, b, db):
    answer = a.post([a.order("a", {SHOP_ID: b.i1})])

    detail = f"Integration with id {b.i1} does not exist"
    assert_refused(answer, error(f"{FIRST}/order_details/integration/id", detail))
    assert stored(db, a, b) == [([], 0), ([], 0)]


@pytest.mark.parametrize(
    ("literal", "named"),
    [
        pytest.param("99999999", "99999999", id="C-019 nowhere"),
        pytest.param("0", "0", id="C-019 zero"),
        pytest.param("-1", "-1", id="C-019 negative"),
        pytest.param(str(10**30), str(10**30), id="C-025 10^30"),
        pytest.param(f'"{10**30}"', str(10**30), id="C-025 10^30 as text"),
        pytest.param("1e30", str(10**30), id="C-025 1e30"),
        pytest.param(str(2**63), str(2**63), id="C-025 one past bigint"),
        pytest.param(str(-(2**63) - 1), str(-(2**63) - 1), id="C-025 one below bigint"),
    ],
)
def test_an_integration_that_is_nowhere_does_not_exist(a, db, literal, named):
    answer = a.post_raw(as_json([a.order("a", {SHOP_ID: "<id>"})], id=literal))

    assert_refused(
        answer, error(f"{FIRST}/order_details/integration/id", f"Integration with id {named} does not exist")
    )
    assert stored(db, a) == [([], 0)]


def test_c020_a_deleted_integration_does_not_exist(a, db, id_a):
    assert a.client.delete(f"/integrations/{a.i1}").status_code == 204

    answer = a.post([a.order("a"), a.order("b")])

    detail = f"Integration with id {a.i1} does not exist"
    assert_refused(
        answer,
        error(f"{FIRST}/order_details/integration/id", detail),
        error(f"{SECOND}/order_details/integration/id", detail, "b"),
    )
    assert stored(db, a) == [([], 0)]


@pytest.mark.parametrize("form", ['"{}"', "{}.0", '"{}.0"'])
def test_c021_an_integration_id_may_be_written_in_any_way_that_is_whole(a, id_a, form):
    answer = a.post_raw(as_json([a.order("a", {SHOP_ID: "<id>"})], id=form.format(a.i1)))

    assert (answer.status_code, answer.json()) == (200, {"data": [ref(id_a)]})
    assert a.show(id_a)["order_details"]["integration"] == {"id": a.i1}


@pytest.mark.parametrize("literal", ["7.5", "true", '"x"', "null", '""', "[]", "{}", "1e400", '"1e3"', "9" * 5000])
def test_c022_an_integration_id_that_is_not_whole_is_refused(a, db, literal):
    answer = a.post_raw(as_json([a.order("a", {SHOP_ID: "<id>"})], id=literal))

    assert_refused(answer, error(f"{FIRST}/order_details/integration/id", "Input should be a valid integer"))
    assert stored(db, a) == [([], 0)]


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        pytest.param({SHOP: DROP}, "integration", id="C-023 no integration"),
        pytest.param({SHOP: {}}, "integration/id", id="C-024 no id"),
    ],
)
def test_an_order_without_its_integration_is_refused(a, db, changes, place):
    answer = a.post([a.order("a"), a.order("b", changes)])

    assert_refused(answer, error(f"{SECOND}/order_details/{place}", "Field required", "b"))
    assert stored(db, a) == [([], 0)]


# All or none, and every fault at once


def test_c026_one_bad_order_refuses_the_whole_batch(a, db, id_a):
    before = stored(db, a)

    answer = a.post([a.order("a", {STATUS: "shipped"}), a.order("b", {"order_number": 5}), a.order("c")])

    assert_refused(answer, error(f"{SECOND}/order_number", "Input should be a valid string", "b"))
    assert stored(db, a) == before


def test_c027_faults_of_several_orders_come_back_together(a, db):
    answer = a.post(
        [
            a.order("a", {"order_details.order_items.0.quantity": 0}),
            a.order("b"),
            a.order("c", {"order_number": DROP, "payment_details.status": "paid"}),
        ]
    )

    assert_refused(
        answer,
        error(f"{FIRST}/order_details/order_items/0/quantity", "Input should be greater than 0"),
        error(f"{THIRD}/payment_details/status", "Input should be an object", "c"),
        error(f"{THIRD}/order_number", "Field required", "c"),
    )
    assert stored(db, a) == [([], 0)]


def test_c028_a_changed_key_in_one_order_refuses_the_update_of_another(a, db, id_a):
    [id_b] = a.create(a.order("b"))
    before = stored(db, a)

    answer = a.post([a.order("a", {STATUS: "shipped"}), a.order("zz", {"id": str(id_b)})])

    assert_refused(answer, error(f"{SECOND}/order_id", "Order id b cannot be changed", "zz"))
    assert stored(db, a) == before


def test_c029_faults_of_shape_and_of_what_is_stored_come_back_together(a, b, db):
    answer = a.post([a.order("a", {"order_number": ""}), a.order("b", {SHOP_ID: b.i1})])

    assert_refused(
        answer,
        error(f"{FIRST}/order_number", "String should have at least 1 character"),
        error(f"{SECOND}/order_details/integration/id", f"Integration with id {b.i1} does not exist", "b"),
    )
    assert stored(db, a, b) == [([], 0), ([], 0)]


def test_every_kind_of_fault_of_a_batch_comes_back_at_once_in_the_order_sent(a, db, id_a):
    before = stored(db, a)

    answer = a.post(
        [
            a.order("n1", {"id": str(UNKNOWN_ID), TOTAL: "3,5", "order_details.tags": "x"}),
            a.order("n2", {SHOP_ID: UNKNOWN_ID, "payment_details": DROP}),
            5,
            a.order("a", {STATUS: ""}),
            a.order("n4", {"order_id": DROP, "order_details.order_created_at": "2024-02-30"}),
            a.order("n5"),
        ]
    )

    assert answer.status_code == 400
    assert [(each["source"]["pointer"], each["detail"], each.get("meta")) for each in answer.json()["errors"]] == [
        ("/data/attributes/[0]/order_details/tags", "Input should be a valid list", {"order_id": "n1"}),
        (
            "/data/attributes/[0]/payment_details/total_price/value",
            "Input should be a valid number",
            {"order_id": "n1"},
        ),
        ("/data/attributes/[0]/id", f"Order with id {UNKNOWN_ID} does not exist", {"order_id": "n1"}),
        (
            "/data/attributes/[1]/order_details/integration/id",
            f"Integration with id {UNKNOWN_ID} does not exist",
            {"order_id": "n2"},
        ),
        ("/data/attributes/[1]/payment_details", "Field required", {"order_id": "n2"}),
        ("/data/attributes/[2]", "Input should be an object", None),
        (
            "/data/attributes/[3]/order_details/status/code",
            "String should have at least 1 character",
            {"order_id": "a"},
        ),
        ("/data/attributes/[4]/order_id", "Field required", None),
        ("/data/attributes/[4]/order_details/order_created_at", "Input should be a valid datetime", None),
    ]
    assert stored(db, a) == before


@pytest.mark.parametrize(("items", "left_out"), [(10, 0), (11, 100)])
def test_a_thousand_errors_come_back_and_then_how_many_were_left_out(a, db, items, left_out):
    bad_items = [{"name": "Candle", "quantity": 0, "total_price": {"value": 1}}] * items

    answer = a.post([a.order(f"o{index}", {"order_details.order_items": bad_items}) for index in range(100)])

    expected = [
        error(
            f"/data/attributes/[{index // items}]/order_details/order_items/{index % items}/quantity",
            "Input should be greater than 0",
            f"o{index // items}",
        )
        for index in range(1000)
    ]
    closing = [error(None, f"{left_out} more errors are left out", None)] if left_out else []
    assert_refused(answer, *expected, *closing)
    assert stored(db, a) == [([], 0)]


# One key twice, and the size of a batch


def test_c030_one_key_twice_is_applied_in_turn(a, db, id_a):
    answer = a.post([a.order("a", {STATUS: "x"}), a.order("a", {STATUS: "y"})])

    assert (answer.status_code, answer.json()) == (200, {"data": [ref(id_a), ref(id_a)]})
    assert a.show(id_a)["order_details"]["status"] == {"code": "y"}
    assert db.count("orders", a.id) == 1


def test_c031_a_new_key_twice_creates_one_order_with_the_last_values(a, db):
    answer = a.post([a.order("a"), a.order("a", {"order_number": "N-2"})])

    [order] = a.found()
    assert (answer.status_code, answer.json()) == (200, {"data": [ref(order["id"]), ref(order["id"], "a", "N-2")]})
    assert order["order_number"] == "N-2"
    assert db.count("orders", a.id) == 1


def test_the_second_entry_of_a_new_key_may_be_a_partial_update_of_the_first(a):
    answer = a.post(
        [a.order("a", {"order_details.notes": "Ring twice"}), key_of(a.order("a"), shipping_address=AN_ADDRESS)]
    )

    [order] = a.found()
    assert (answer.status_code, answer.json()) == (200, {"data": [ref(order["id"]), ref(order["id"])]})
    assert order["shipping_address"] == AN_ADDRESS
    assert order["order_details"]["notes"] == "Ring twice"


def test_the_first_entry_of_a_new_key_must_be_complete(a, db):
    answer = a.post(
        [key_of(a.order("a"), order_number="N-a", payment_details={"status": {"code": "paid"}}), a.order("a")]
    )

    assert_refused(
        answer,
        error(f"{FIRST}/order_details/status", "Field required"),
        error(f"{FIRST}/order_details/order_created_at", "Field required"),
        error(f"{FIRST}/order_details/order_items", "Field required"),
        error(f"{FIRST}/payment_details/total_price", "Field required"),
    )
    assert stored(db, a) == [([], 0)]


def test_a_key_that_ends_as_it_is_stored_is_not_written(a, db, id_a):
    before = stored(db, a)

    answer = a.post(
        [a.order("a", {STATUS: "x", "order_details.notes": "n"}), a.order("a", {"order_details.notes": None})]
    )

    assert (answer.status_code, answer.json()) == (200, {"data": [ref(id_a), ref(id_a)]})
    assert stored(db, a) == before


def test_c032_an_empty_batch_is_no_error(a, db):
    answer = a.post([])

    assert (answer.status_code, answer.json()) == (200, {"data": []})
    assert db.count("orders", a.id) == 0


def test_c033_a_hundred_orders_get_ascending_ids_in_the_order_sent(a, db):
    names = [f"o{index * 37 % 100}" for index in range(100)]  # not in the order of their keys

    answer = a.post([a.order(name) for name in names])

    ids = [entry["id"] for entry in answer.json()["data"]]
    assert answer.status_code == 200
    assert answer.json() == {"data": [ref(id_, name) for id_, name in zip(ids, names, strict=True)]}
    assert ids == sorted(set(ids))
    assert [order["order_id"] for order in a.found()] == names[::-1]
    assert db.count("orders", a.id) == 100


def test_a_batch_of_new_changed_and_unchanged_orders_answers_in_the_order_sent(a):
    names = [f"o{index:02}" for index in range(99, -1, -1)]
    changed, unchanged = names[1::3], names[2::3]
    a.create(*(a.order(name) for name in sorted(changed + unchanged)))
    before = {order["order_id"]: order for order in a.found()}

    answer = a.post([a.order(name, {STATUS: "shipped"} if name in changed else {}) for name in names])

    after = {order["order_id"]: order for order in a.found()}
    assert answer.status_code == 200
    assert answer.json() == {"data": [ref(after[name]["id"], name) for name in names]}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert all(after[name]["modified_at"] > before[name]["modified_at"] for name in changed)
    assert {name: after[name]["id"] for name in changed} == {name: before[name]["id"] for name in changed}
    assert {after[name]["order_details"]["status"]["code"] for name in changed} == {"shipped"}
    new_ids = [after[name]["id"] for name in names[0::3]]
    assert new_ids == sorted(new_ids)
    assert new_ids[0] > max(order["id"] for order in before.values())


@pytest.mark.parametrize(
    ("count", "changes"),
    [
        pytest.param(101, {}, id="C-034 all valid"),
        pytest.param(101, {"order_number": 5}, id="C-035 all invalid"),
        pytest.param(250, {}, id="C-034 many more"),
    ],
)
def test_more_than_a_hundred_orders_are_refused_with_the_size_alone(a, db, count, changes):
    answer = a.post([a.order(f"o{index}", changes) for index in range(count)])

    detail = f"Orders list should have at most 100 items, not {count}"
    assert_refused(answer, error("/data/attributes/", detail, None))
    assert stored(db, a) == [([], 0)]


# The body


@pytest.mark.parametrize(
    "body", ["{}", '"text"', "5", "2.5", "true", "null", '{"data":[<order>]}', '{"orders":[<order>]}']
)
def test_c036_a_body_that_is_not_a_list_is_refused(a, db, body):
    answer = a.post_raw(body.replace("<order>", json.dumps(a.order("a"))))

    detail = "Wrong request format, expected list of objects"
    assert_refused(answer, error(None, detail, None, code="non_field_errors", title="Wrong format"))
    assert stored(db, a) == [([], 0)]


def test_c037_entries_that_are_no_objects_are_each_refused(a, db):
    answer = a.post([1, "x", None, [], a.order("a")])

    pointers = [f"/data/attributes/[{index}]" for index in range(4)]
    assert_refused(answer, *(error(pointer, "Input should be an object", None) for pointer in pointers))
    assert stored(db, a) == [([], 0)]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        pytest.param(b'[{"order_id":', "Expecting value (line 1, column 14)", id="C-038 cut off"),
        pytest.param(b"", "Expecting value (line 1, column 1)", id="C-038 empty"),
        pytest.param(b"[]]", "Extra data (line 1, column 3)", id="C-038 one bracket too many"),
        pytest.param(b"[{'a': 1}]", None, id="C-038 single quotes"),
        pytest.param(b"[1,]", None, id="C-038 trailing comma"),
        pytest.param(b'["\x00"]', None, id="C-038 raw NUL"),
        pytest.param(b'["\x1f"]', None, id="C-038 raw control character"),
        pytest.param(b'["\xff"]', "The body should be UTF-8", id="C-038 invalid UTF-8"),
        pytest.param(b'["\xed\xa0\x80"]', "The body should be UTF-8", id="C-038 surrogate as UTF-8"),
        pytest.param("[]".encode("utf-16"), "The body should be UTF-8", id="C-038 UTF-16"),
        pytest.param(b"[NaN]", "NaN is not JSON", id="C-038 NaN"),
        pytest.param(b"[Infinity]", "Infinity is not JSON", id="C-038 Infinity"),
        pytest.param(b"[-Infinity]", "-Infinity is not JSON", id="C-038 -Infinity"),
    ],
)
def test_a_body_that_is_no_json_is_refused(a, db, body, detail):
    answer = a.post_raw(body)

    [found] = answer.json()["errors"]
    assert_refused(answer, error("/data", detail or found["detail"], None, title="Malformed JSON"))
    assert stored(db, a) == [([], 0)]


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("place", [TOTAL, f"{PROPERTIES}.deep", "unknown"])
def test_c038_numbers_that_json_has_not_are_malformed_wherever_they_stand(a, db, literal, place):
    answer = a.post_raw(as_json([a.order("a", {place: "<number>"})], number=literal))

    assert_refused(answer, error("/data", f"{literal} is not JSON", None, title="Malformed JSON"))
    assert stored(db, a) == [([], 0)]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/xml",
    ],
)
def test_c039_a_body_that_is_not_said_to_be_json_is_refused(a, db, content_type):
    answer = a.post_raw(json.dumps([a.order("a")]), content_type=content_type)

    detail = "The body should be JSON: send Content-Type: application/json."
    assert_refused(answer, unsupported(detail), status=415)
    assert stored(db, a) == [([], 0)]


def unsupported(detail: str) -> dict[str, Any]:
    changes = {"status": "415", "code": "unsupported_media_type", "title": "Unsupported media type"}
    return error(None, detail, None, **changes)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "GZIP"])
def test_a_compressed_body_is_refused(a, db, coding):
    answer = a.post_raw(json.dumps([a.order("a")]), content_encoding=coding)

    assert_refused(answer, unsupported("The body should not be compressed."), status=415)
    assert stored(db, a) == [([], 0)]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": ""},
        {"content-type": "application/json; charset=utf-8"},
        {"content-type": "Application/JSON"},
        {"content-type": "application/vnd.api+json"},
        {"content-type": "application/json", "content-encoding": "identity"},
    ],
)
def test_c040_what_http_libraries_say_of_json_is_accepted(a, headers):
    answer = a.client.post("/orders", content=json.dumps([a.order("a")]).encode(), headers=headers)

    assert answer.status_code == 200
    assert [order["order_id"] for order in a.found()] == ["a"]


def test_c040_a_byte_order_mark_is_skipped(a):
    answer = a.post_raw(b"\xef\xbb\xbf" + json.dumps([a.order("a")]).encode())

    assert answer.status_code == 200
    assert [order["order_id"] for order in a.found()] == ["a"]


@pytest.mark.parametrize(
    ("literal", "detail"),
    [
        ("1e400", "Input should be a finite number"),
        ("-1e400", "Input should be a finite number"),
        ("1e999999999999999999999", "Input should be a finite number"),
        ("9" * 5000, "Input should be a finite number"),
        ("1000000000000", "Input should be less than 1000000000000"),
        ("1e12", "Input should be less than 1000000000000"),
        ('"1000000000000"', "Input should be less than 1000000000000"),
        ("999999999999.9999999", "Input should be less than 1000000000000"),  # once it is rounded
        ("-1000000000000", "Input should be greater than -1000000000000"),
    ],
)
def test_c041_amounts_without_bound_are_refused(a, db, literal, detail):
    answer = a.post_raw(as_json([a.order("a", {TOTAL: "<amount>"})], amount=literal))

    assert_refused(answer, error(f"{FIRST}/payment_details/total_price/value", detail))
    assert stored(db, a) == [([], 0)]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("19.99", "19.99"),
        ("1234567.891234", "1234567.891234"),
        ("999999999999.999999", "999999999999.999999"),
        ("-999999999999.999999", "-999999999999.999999"),
        ('"999999999999.999999"', "999999999999.999999"),
        ("0.000001", "0.000001"),
        ("0.1000000000000000055511151231257827", "0.1"),
        ("59.970000000000006", "59.97"),
        ("1.10", "1.1"),
        ("3.0", "3"),
        ("1e2", "100"),
        ("1e-3", "0.001"),
        ("-0.0", "0"),
    ],
)
def test_amounts_come_back_to_the_last_digit(a, sent, kept):
    answer = a.post_raw(as_json([a.order("a", {TOTAL: "<amount>"})], amount=sent))

    assert answer.status_code == 200
    text = a.get(answer.json()["data"][0]["id"]).text
    assert re.findall(r'"payment_details":{"total_price":{"value":([^,]+),"currency":"EUR"}', text) == [kept]


@pytest.mark.parametrize("number", ["123456789012345678901234567890", "0.1000000000000000055511151231257827", "1e-400"])
def test_numbers_in_free_form_objects_keep_their_value(a, number):
    answer = a.post_raw(as_json([a.order("a", {PROPERTIES: {"n": "<number>"}})], number=number))

    assert answer.status_code == 200
    text = a.get(answer.json()["data"][0]["id"]).text
    assert re.findall(r'"properties":{"n":([^}]+)}', text) == [number.upper()]


@pytest.mark.parametrize(
    ("literal", "detail"),
    [
        ("2147483648", "Input should be less than or equal to 2147483647"),
        ("1" + "0" * 30, "Input should be less than or equal to 2147483647"),
        ("-" + "9" * 30, "Input should be greater than 0"),
        ("9" * 5000, "Input should be a valid integer"),
        ("1e999999999", "Input should be a valid integer"),
        ("1e400", "Input should be a valid integer"),
        ("0.5", "Input should be a valid integer"),
    ],
)
def test_quantities_without_bound_are_refused(a, db, literal, detail):
    answer = a.post_raw(as_json([a.order("a", {"order_details.order_items.0.quantity": "<n>"})], n=literal))

    assert_refused(answer, error(f"{FIRST}/order_details/order_items/0/quantity", detail))
    assert stored(db, a) == [([], 0)]


TOO_DEEP = "JSON should be at most 64 levels deep"


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({PROPERTIES: nested(200)}, id="C-042 properties"),
        pytest.param({PROPERTIES: nested(60)}, id="C-042 one level too many"),
        pytest.param({"service_point_details": {"id": "1", "extra_data": nested(62)}}, id="C-042 extra_data"),
        pytest.param({"unknown": nested(63)}, id="C-042 unknown member"),
        pytest.param({"created_at": nested(63)}, id="C-042 member that is not read"),
    ],
)
def test_a_body_that_is_nested_too_deep_is_refused(a, db, changes):
    answer = a.post([a.order("a", changes)])

    assert_refused(answer, error("/data", TOO_DEEP, None, title="Malformed JSON"))
    assert stored(db, a) == [([], 0)]


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_c042_a_body_of_nothing_but_opening_brackets_is_refused(a, db, opening):
    answer = a.post_raw(opening * 100_000)

    assert_refused(answer, error("/data", TOO_DEEP, None, title="Malformed JSON"))
    assert stored(db, a) == [([], 0)]


def test_c042_a_body_of_64_levels_is_stored(a):
    [id_] = a.create(a.order("a", {PROPERTIES: nested(59)}))

    assert a.show(id_)["order_details"]["order_items"][0]["properties"] == nested(59)


@pytest.mark.parametrize("chunked", [False, True], ids=["C-042 with its length", "C-042 in chunks"])
def test_a_body_over_ten_mebibytes_is_refused(a, db, chunked):
    def parts() -> Iterator[bytes]:
        yield json.dumps([a.order("a")]).encode()
        for _ in range(10):
            yield b" " * MIB

    answer = a.post_raw(b"".join(parts()) if not chunked else parts())

    assert_refused(
        answer,
        error(
            None,
            f"The body should have at most {10 * MIB} bytes.",
            None,
            status="413",
            code="payload_too_large",
            title="Payload too large",
        ),
        status=413,
    )
    assert stored(db, a) == [([], 0)]


def test_c042_a_body_of_ten_mebibytes_is_read(a):
    body = json.dumps([a.order("a")]).encode()

    assert a.post_raw(body + b" " * (10 * MIB - len(body))).status_code == 200
    assert [order["order_id"] for order in a.found()] == ["a"]


def test_c043_of_a_member_that_is_there_twice_the_last_counts(a):
    first = '"order_number": 5, "order_number": "last"'
    body = json.dumps([a.order("a")]).replace('"order_number": "N-a"', first)

    answer = a.post_raw(body)

    [order] = a.found()
    assert (answer.status_code, answer.json()) == (200, {"data": [ref(order["id"], "a", "last")]})
    assert order["order_number"] == "last"


# Text


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        pytest.param("\0", "Null characters are not allowed", id="C-044 NUL"),
        pytest.param("\ud800", "Input should be valid Unicode", id="C-044 high surrogate"),
        pytest.param("\udc00\ud800", "Input should be valid Unicode", id="C-044 surrogates the wrong way round"),
    ],
)
@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("order_id", None),
        ("order_number", None),
        ("id", None),
        (STATUS, None),
        ("order_details.tags", 0),
        ("order_details.order_created_at", None),
        ("order_details.order_items.0.name", None),
        (PROPERTIES, "value"),
        ("shipping_address.country_code", None),
        ("payment_details.total_price.currency", None),
        ("created_at", None),
        ("unknown", "value"),
    ],
)
def test_text_that_cannot_be_stored_is_refused(a, db, text, detail, path, member):
    sent = f"x{text}y"
    address = {"shipping_address": dict(AN_ADDRESS)} if path.startswith("shipping_address") else {}
    value = [sent] if member == 0 else {member: sent} if member else sent

    answer = a.post_raw(json.dumps([a.order("a", address | {path: value})]))

    steps = [FIRST, *path.split("."), *([] if member is None else [str(member)])]
    assert_refused(answer, error("/".join(steps), detail, None if path == "order_id" else "a"))
    assert stored(db, a) == [([], 0)]


@pytest.mark.parametrize(
    ("name", "detail", "written"),
    [
        pytest.param("k\0", "Null characters are not allowed", "k\0", id="C-044 NUL in a key"),
        pytest.param("k\ud800", "Input should be valid Unicode", "k\\ud800", id="C-044 surrogate in a key"),
    ],
)
@pytest.mark.parametrize("path", ["", PROPERTIES, "payment_details"])
def test_member_names_that_cannot_be_stored_are_refused(a, db, name, detail, written, path):
    answer = a.post_raw(json.dumps([a.order("a", {f"{path}.{name}".removeprefix("."): "value"})]))

    assert_refused(answer, error("/".join(filter(None, [FIRST, path.replace(".", "/"), written])), detail))
    assert stored(db, a) == [([], 0)]


def test_c044_a_backslash_before_u0000_is_not_a_null_character(a):
    [id_] = a.create(a.order("a", {"order_details.notes": r"C:\u0000 and \ud800"}))

    assert a.show(id_)["order_details"]["notes"] == r"C:\u0000 and \ud800"


def test_c045_text_of_any_script_comes_back_code_point_for_code_point(a):
    text = "👩‍👩‍👧 שלום مرحبا e\u0301 é ﬁ \u202e \ufeff\U0010ffff \x7f\u0085\u2028 '\"\\/\t\r\n"
    changes = {
        "order_number": text,
        "order_details.notes": text,
        "order_details.tags": [text, text],
        "order_details.order_items.0.name": text,
        PROPERTIES: {text: [text]},
    }
    sent = a.order(f"a{text}", changes)

    for body in (json.dumps([sent]), json.dumps([sent], ensure_ascii=False)):
        answer = a.post_raw(body)

        [order] = a.found()
        assert (answer.status_code, answer.json()) == (200, {"data": [ref(order["id"], f"a{text}", text)]})
        assert {name: order[name] for name in sent} == shown(sent)


# Members that we do not know


@pytest.mark.parametrize(
    ("changes", "ignored"),
    [
        pytest.param({"foo": 1}, "[0].foo", id="C-046 of the order"),
        pytest.param(
            {"service_point_details": {"id": "1", "carrier": "dhl"}},
            "[0].service_point_details.carrier",
            id="C-047 of a service point",
        ),
        pytest.param(
            {"order_details.order_items.0.colour": "red", "order_details.order_items.0.total_price.tax": 21},
            "[0].order_details.order_items[0].colour, [0].order_details.order_items[0].total_price.tax",
            id="of list items",
        ),
        pytest.param({"foo": {"bar": [{"deep": 1}]}, "baz": None}, "[0].foo, [0].baz", id="whole, not their insides"),
        pytest.param(
            {"ä b,c": 1, "a/b~": 2, "a;\r\nX-Evil: 1": 3, "%41": 4, "": 5},
            "[0].%C3%A4%20b%2Cc, [0].a%2Fb~, [0].a%3B%0D%0AX-Evil%3A%201, [0].%2541, [0].",
            id="with odd names",
        ),
        pytest.param({"m" * 300: 1}, "[0]." + "m" * 196, id="with a name that is cut"),
        pytest.param(
            {"ä" * 196 + str(index): index for index in range(5)},
            ", ".join(["[0]." + "%C3%A4" * 196] * 3),
            id="as far as a header has room",
        ),
        pytest.param(
            {f"m{index}": index for index in range(21)},
            ", ".join(f"[0].m{index}" for index in range(20)),
            id="one more than are named",
        ),
    ],
)
def test_unknown_members_are_not_stored_and_named_in_a_header(a, changes, ignored):
    answer = a.post([a.order("a", changes)])

    [order] = a.found()
    assert (answer.status_code, answer.json()) == (200, {"data": [ref(order["id"])]})
    assert answer.headers["Orderdock-Ignored-Fields"] == ignored
    sent_back = order | {"id": str(order["id"])}
    assert a.post([sent_back], headers={"Prefer": "handling=strict"}).status_code == 200  # so nothing unknown is in it


def test_unknown_members_of_several_orders_are_all_named(a):
    answer = a.post([a.order("a", {"foo": 1}), a.order("b"), a.order("c", {"bar": 1, "foo": 1})])

    assert answer.status_code == 200
    assert answer.headers["Orderdock-Ignored-Fields"] == "[0].foo, [2].bar, [2].foo"


def test_an_order_without_unknown_members_has_no_such_header(a):
    answer = a.post([a.order("a", {"id": None, "created_at": "x", "modified_at": 5})])

    assert answer.status_code == 200
    assert "Orderdock-Ignored-Fields" not in answer.headers
    assert "Preference-Applied" not in answer.headers


def test_c048_strict_handling_refuses_unknown_members(a, db):
    batch = [a.order("a", {"foo": 1, "order_details.order_items.0.a/b~c": 2}), a.order("b", {"order_number": ""})]

    answer = a.post(batch, headers={"Prefer": "handling=strict"})

    extra = {"code": "unknown_field", "title": "Unknown field"}
    assert_refused(
        answer,
        error(f"{FIRST}/foo", "Extra inputs are not permitted", **extra),
        error(f"{FIRST}/order_details/order_items/0/a~1b~0c", "Extra inputs are not permitted", **extra),
        error(f"{SECOND}/order_number", "String should have at least 1 character", "b"),
    )
    assert answer.headers["Preference-Applied"] == "handling=strict"
    assert "Orderdock-Ignored-Fields" not in answer.headers
    assert stored(db, a) == [([], 0)]


def test_strict_handling_accepts_what_is_known(a):
    whole = a.order("a", {"id": None, "created_at": "x", "modified_at": "x"})

    answer = a.post([whole], headers={"Prefer": 'respond-async, Handling="strict"; x=1'})

    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "handling=strict"


@pytest.mark.parametrize("value", ["2001-01-01T00:00:00Z", "nonsense", 5, None, {"a": []}])
def test_c049_times_that_only_we_set_are_not_read(a, db, id_a, value):
    before = stored(db, a)

    answer = a.post([a.order("a", {"created_at": value, "modified_at": value})])

    assert (answer.status_code, answer.json()) == (200, {"data": [ref(id_a)]})
    assert stored(db, a) == before


# What a success means


def test_c050_a_batch_sent_again_after_a_timeout_changes_nothing(a, db):
    batch = [a.order("a"), a.order("b", {SHOP_ID: a.i2}), a.order("c", {"shipping_address": AN_ADDRESS})]
    first = a.post(batch)
    before = stored(db, a)

    again = a.post(batch)

    assert (again.status_code, again.json()) == (200, first.json())
    assert stored(db, a) == before
    assert db.count("orders", a.id) == 3


def test_c051_an_order_can_be_read_at_once(a):
    for name in ("a", "b", "c"):
        [id_] = a.create(a.order(name))

        answer = a.get(id_)

        assert (answer.status_code, answer.json()["data"]["order_id"]) == (200, name)


@pytest.mark.parametrize("partner_id", ["2b4cbbba-6a3f-4f6c-8b0e-0d8f3f5ad9c1", "2B4CBBBA-6A3F-4F6C-8B0E-0D8F3F5AD9C1"])
def test_c053_any_partner_id_is_accepted(a, partner_id):
    answer = a.post([a.order("a")], headers={"Sendcloud-Partner-Id": partner_id})

    assert answer.status_code == 200
    assert [order["order_id"] for order in a.found()] == ["a"]


@pytest.mark.parametrize("partner_id", ["1", "", "2b4cbbba-6a3f-4f6c-8b0e"])
def test_c054_a_partner_id_that_is_no_uuid_is_refused(a, db, partner_id):
    answer = a.post([a.order("a")], headers={"Sendcloud-Partner-Id": partner_id})

    expected = error(None, "The partner ID is not valid.", None) | {"source": {"header": "Sendcloud-Partner-Id"}}
    assert_refused(answer, expected)
    assert stored(db, a) == [([], 0)]


def test_whole_orders_are_answered_on_request(a, id_a):
    batch = [a.order("b"), a.order("a", {STATUS: "shipped"}), key_of(a.order("b"), shipping_address=AN_ADDRESS)]

    answer = a.post(batch, headers={"Prefer": "return=representation"})

    by_name = {order["order_id"]: order for order in a.found()}
    assert (answer.status_code, answer.json()) == (200, {"data": [by_name["b"], by_name["a"], by_name["b"]]})
    assert by_name["a"]["order_details"]["status"] == {"code": "shipped"}
    assert by_name["b"]["shipping_address"] == AN_ADDRESS
    assert answer.headers["Preference-Applied"] == "return=representation"


def test_both_preferences_are_honoured_together(a):
    answer = a.post([a.order("a")], headers={"Prefer": "return=representation, handling=strict"})

    applied = set(answer.headers["Preference-Applied"].split(", "))
    assert (answer.status_code, applied) == (200, {"return=representation", "handling=strict"})
    assert answer.json() == {"data": a.found()}


def test_profile_openapi_answers_201_with_the_same_body(generated):
    answer = generated.post([generated.order("a")])

    [order] = generated.found()
    assert (answer.status_code, answer.json()) == (201, {"data": [ref(int(order["id"]))]})
    assert type(order["id"]) is str
    assert generated.post([generated.order("a")]).status_code == 201
    assert generated.post([]).status_code == 201


def test_profile_openapi_shows_whole_orders_with_the_id_as_text(generated):
    answer = generated.post([generated.order("a")], headers={"Prefer": "return=representation"})

    assert (answer.status_code, answer.json()) == (201, {"data": generated.found()})
    assert type(answer.json()["data"][0]["id"]) is str


def test_an_order_that_was_read_can_be_sent_back_as_it_is(generated, db):
    generated.create(generated.order("a", {"shipping_address": AN_ADDRESS, "order_details.notes": "Ring twice"}))
    before = stored(db, generated)

    answer = generated.post(generated.found(), headers={"Prefer": "handling=strict"})

    assert answer.status_code == 201
    assert stored(db, generated) == before
