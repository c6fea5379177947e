"""The two readers of a body say the same (docs/decisions/0004): msgspec for what is right, the walk for what is not."""

import copy
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import Raw, inspect, json

from orderdock.errors import Invalid, Path
from orderdock.http.explain import BodyReader, Malformed, parse_json
from orderdock.limits import json_depth_max
from orderdock.orders.merge import encode_order, encode_update, parse_tree
from orderdock.orders.readers import OrderBatch
from orderdock.orders.schema import Order

# Every member that an order may have; `test_the_full_order_has_every_member` says when one is missing.

PRICE = {"value": 3.5, "currency": "EUR"}
COST = {"value": "3.99", "currency": "EUR"}
STATUS = {"code": "fulfilled", "message": "Fulfilled"}
MEASUREMENT = {
    "dimension": {"length": 0.15, "width": 0.3, "height": 0, "unit": "m"},
    "weight": {"value": 1.3, "unit": "kg"},
    "volume": {"value": 4, "unit": "l"},
}
TAX_NUMBERS = [{"name": "VAT", "country_code": "NL", "value": "NL987654321B02"}]
ADDRESS = {
    "name": "Jane Doe",
    "company_name": "Acme",
    "address_line_1": "Stadhuisplein",
    "house_number": "15",
    "address_line_2": "",
    "postal_code": "5341TW",
    "city": "Oss",
    "po_box": "12",
    "state_province_code": "NB",
    "country_code": "NL",
    "email": "jane@example.com",
    "phone_number": "+31612345678",
}
FULL: dict[str, Any] = {
    "id": "669",
    "created_at": "whatever was answered",
    "modified_at": 0,
    "order_id": "555413",
    "order_number": "OXSDFGHTD-12",
    "order_details": {
        "integration": {"id": 7},
        "status": STATUS,
        "order_created_at": "2018-02-27T10:00:00.555Z",
        "order_updated_at": "2018-02-28T11:05:15+01:00",
        "order_items": [
            {
                "item_id": "1",
                "product_id": "01544029",
                "variant_id": "458934950",
                "image_url": "https://example.com/orange.jpeg",
                "name": "Cylinder candle",
                "description": "Pebble green - 12x8 cm",
                "quantity": 2,
                "sku": "CANDLE",
                "hs_code": "010130",
                "country_of_origin": "NL",
                "properties": {"size": {"eu": [42, 42.5]}, "gift": True, "note": None},
                "unit_price": PRICE,
                "total_price": PRICE,
                "measurement": MEASUREMENT,
                "ean": "4006381333931",
                "delivery_dates": {"handover_at": "2018-03-01", "deliver_at": "2018-03-02"},
                "mid_code": "US1234567",
                "material_content": "100% Cotton",
                "intended_use": "Personal use",
                "dangerous_goods": {
                    "chemical_record_identifier": "UN1263",
                    "regulation_set": "ADR",
                    "packaging_type_quantity": "1",
                    "packaging_type": "Box",
                    "packaging_instruction_code": "Y344",
                    "id_number": "UN1263",
                    "class_division_number": "3",
                    "quantity": "1",
                    "unit_of_measurement": "L",
                    "proper_shipping_name": "Paint",
                    "commodity_regulated_level_code": "LQ",
                    "transportation_mode": "Ground",
                    "emergency_contact_name": "Jane Doe",
                    "emergency_contact_phone": "+31612345678",
                    "adr_packing_group_letter": "II",
                    "local_proper_shipping_name": "Verf",
                    "transport_category": "2",
                    "tunnel_restriction_code": "D/E",
                    "weight_type": "Net",
                },
            },
            {"name": "Discount", "quantity": 1, "total_price": {"value": -1}},
        ],
        "notes": "Ring twice",
        "tags": ["a", "a"],
    },
    "payment_details": {
        "is_cash_on_delivery": False,
        "total_price": PRICE,
        "subtotal_price": PRICE,
        "estimated_shipping_price": PRICE,
        "estimated_tax_price": PRICE,
        "status": STATUS,
        "invoice_date": "14/07/2018",
        "discount_granted": COST,
        "insurance_costs": COST,
        "freight_costs": COST,
        "other_costs": COST,
    },
    "customs_details": {
        "commercial_invoice_number": "0124-03102022",
        "shipment_type": "commercial_goods",
        "export_type": "commercial_b2c",
        "tax_numbers": {"sender": TAX_NUMBERS, "receiver": TAX_NUMBERS, "importer_of_record": TAX_NUMBERS},
    },
    "customer_details": {
        "name": "Jane Doe",
        "phone_number": "+31612345678",
        "email": "jane@example.com",
        "phone": "0612345678",
    },
    "billing_address": ADDRESS,
    "shipping_address": ADDRESS,
    "shipping_details": {
        "is_local_pickup": False,
        "delivery_indicator": "DHL home delivery",
        "measurement": MEASUREMENT,
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": "postnl:standard", "contract_id": 517},
        },
    },
    "service_point_details": {
        "id": "10875349",
        "carrier_service_point_id": "91233",
        "post_number": "1",
        "latitude": "51.44",
        "longitude": "5.47",
        "type": "post_office",
        "extra_data": {"partner_name": "PostNL"},
    },
}


def places(value: Any, path: Path = ()) -> list[Path]:
    """Every place within a value, containers as well as what is in them."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for name, each in inner for place in [(*path, name), *places(each, (*path, name))]]


def at(tree: Any, path: Path) -> Any:
    for step in path:
        tree = tree[step]
    return tree


PLACES = places(FULL)
OBJECTS = [(), *(path for path in PLACES if isinstance(at(FULL, path), dict))]


# What is put in its place


def nested(levels: int) -> Raw:
    return Raw(b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1))


ANYTHING = [
    *(None, True, False, [], {}, [1], [[]], [{}], [None], {"a": 1}, {"id": 1}, {"code": "x"}, {"value": 1}),
    *(Raw(b'"\\u0000"'), Raw(b'"a\\ud800b"'), Raw(b'"\\udc00"'), Raw(b'{"\\u0000":1}'), Raw(b'{"a":{"\\ud800":1}}')),
    # The properties of an item begin on the 6th level, the extra data of a service point on the 4th.
    *(nested(levels) for levels in (10, 58, 59, 60, 61, 62, 80)),
]
NUMBERS = [
    *(Raw(text.encode()) for text in ("-0", "-0.0", "2.0", "2.5", "1E2", "1e-7", "1e400", "-1e400", "1e999999999")),
    *(Raw(text.encode()) for text in ("1e-999999999", "1e99999999999999999999", "1e-99999999999999999999")),
    *(Raw(text.encode()) for text in ("0.30000000000000004", "0.1234567890123", "999999999999.9999999", "1e12")),
    *(Raw(sign + b"1" * digits) for sign in (b"", b"-") for digits in (30, 310, 4000, 4299, 4300, 4301, 5000)),
    *(0, 1, -1, 2**31 - 1, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1),
    *("2", "2.0", "3.50", "-5", "+5", "-0", "1e3", "NaN", "Infinity", "3,5", " 3", "3 ", "1_0", "１２", ".5", "5."),
    *("1" * 4096, "1" * 4097, "0." + "1" * 4094),
]
TEXTS = [
    *("", " ", "\t", "\u00a0", "\x1c", "\u200b", "x", "é", "e\u0301", "🙂", "\u202e", "№-日本-🙂/?&%", "\\u", '"'),
    *("x" * length for length in (64, 65, 255, 256, 4096, 4097, 65535, 65536)),
    *("🙂" * length for length in (255, 256, 4096, 4097)),
    *("2024-02-29", "2023-02-29", "2024-05-01 10:00:00", "2024-05-01T10:00:00.123456789Z", "2024-06-30T23:59:60Z"),
    *("0000-01-01", "0001-01-01T00:00:00+12:00", "9999-12-31T23:59:59-12:00", "2024-05-01T10:00:00+24:00"),
    *("nl", "NL", "XK", "xx", "N", "NLD", "eur", "EU", "EURO", "E1R", "ſek", "KG", "kg", "\u212ag", "LBS", "ROOD"),
    *("gift", "Gift", "private", "net", "GROSS", "iv", "II", "lq", "true", "false", "True", "yes", "no", "null"),
    *("x@y.nl", "x@", "x y@z", "https://example.com", "HTTP://x", "https://", "javascript:alert(1)", "1", "007"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ANY_VALUE = st.sampled_from([*ANYTHING, *NUMBERS, *TEXTS]) | JSON


def instead_of(value: Any) -> st.SearchStrategy[Any]:
    """Values for a place, most often of the kind that is there, so that many of them are right."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ANY_VALUE
    alike = (st.sampled_from(TEXTS) | st.text()) if isinstance(value, str) else st.sampled_from(NUMBERS)
    return alike | ANY_VALUE


DROP = object()
CHANGES = st.one_of(
    st.sampled_from(PLACES).map(lambda path: (path, DROP)),
    st.sampled_from(PLACES).flatmap(lambda path: st.tuples(st.just(path), instead_of(at(FULL, path)))),
    st.tuples(
        st.sampled_from(OBJECTS).flatmap(
            lambda path: st.sampled_from(["foo", "~/", "\ufffe"]).map(lambda n: (*path, n))
        ),
        ANY_VALUE,
    ),
)


@st.composite
def orders(draw: st.DrawFn, changes_max: int = 3) -> Any:
    """A full order with a few changes; one that was changed before it could be reached is left out."""
    order = copy.deepcopy(FULL)
    for path, value in draw(st.lists(CHANGES, min_size=1, max_size=changes_max)):
        try:
            place = at(order, path[:-1])
            if value is DROP:
                del place[path[-1]]
            else:
                place[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            pass
    return order


BATCHES = st.lists(orders() | orders(changes_max=1) | ANY_VALUE, min_size=1, max_size=2)


# The laws

UNSTORABLE = ("Null characters are not allowed", "Input should be valid Unicode")


class WatchedReader(BodyReader):
    """A reader that tells whether it had to walk."""

    walked = False

    def explain(self, tree: Any, *, strict: bool) -> Any:
        self.walked = True
        return super().explain(tree, strict=strict)


def full_order(*changes: tuple[str, Any]) -> dict[str, Any]:
    order = copy.deepcopy(FULL)
    for path, value in changes:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        at(order, tuple(steps))[last] = value
    return order


@settings(deadline=None, max_examples=500)
@given(BATCHES)
@example([FULL, FULL])
@example([full_order(("order_details.order_items.0.properties", nested(59)))])
@example([full_order(("order_details.order_items.0.properties", nested(60)))])
@example([full_order(("service_point_details.extra_data", nested(61)))])
@example([full_order(("service_point_details.extra_data", nested(62)))])
@example([full_order(("created_at", nested(62)))])
@example([full_order(("created_at", nested(63)))])
@example([full_order(("order_details.order_items.0.properties.size", Raw(b"1" * 4300)))])
@example([full_order(("order_details.order_items.0.properties.size", Raw(b"1" * 4301)))])
@example([full_order(("order_details.order_items.0.properties.size", Raw(b"-" + b"1" * 4300)))])
def test_msgspec_reads_a_batch_exactly_when_the_walk_finds_nothing_to_say(batch):
    body = json.encode(batch)
    reader = WatchedReader(OrderBatch, entries="Orders")
    try:
        reading = reader.read(body, depth_max=json_depth_max, strict=False)
    except Malformed:
        return  # the walk was asked, and had something to say

    if reader.walked:
        assert reading.faults or reading.ignored
    else:
        walked = reader.explain(reader.parse(body, depth_max=json_depth_max), strict=False)
        assert (walked.faults, walked.ignored) == ([], reading.ignored)
        # As text: to ==, true would be 1.
        assert [encode_update(order) for order in walked.value] == [encode_update(order) for order in reading.value]


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_msgspec_reads_no_text_that_the_walk_cannot_parse(data):
    """A byte of a good body changed, dropped or put in, or the body cut: never another reading, never another error."""
    body = bytearray(json.encode([{"order_id": "a", "order_details": {"integration": {"id": 12}, "tags": ["é\n"]}}]))
    place = data.draw(st.integers(0, len(body) - 1))
    byte = data.draw(st.sampled_from(b'\0\t\x0b "\\/,:[]{}+-.0123e\x7f\x80\xc3\xed\xff') | st.integers(0, 255))
    change = data.draw(st.sampled_from(["replace", "insert", "drop", "cut"]))
    body[place : len(body) if change == "cut" else place + (change != "insert")] = (
        bytes([byte]) if change in ("replace", "insert") else b""
    )

    reader = WatchedReader(OrderBatch, entries="Orders")
    try:
        reading = reader.read(bytes(body), depth_max=json_depth_max, strict=False)
    except Invalid:
        assert not reader.walked
        return
    walked = reader.explain(reader.parse(bytes(body), depth_max=json_depth_max), strict=False)
    assert repr(walked) == repr(reading)


@settings(deadline=None, max_examples=300)
@given(orders(changes_max=2))
@example(FULL)
def test_a_stored_order_is_read_and_written_as_the_same_text(order):
    sent = BodyReader(OrderBatch, entries="Orders")
    try:
        reading = sent.read(json.encode([order]), depth_max=json_depth_max, strict=False)
    except Malformed:
        return
    if reading.faults:
        return
    reading.value[0].id = None  # ours, and not stored
    stored = encode_order(reading.value[0])

    reader = BodyReader(Order)
    again = reader.read(stored.encode(), depth_max=json_depth_max, strict=True)
    patched = reader.explain(parse_tree(stored), strict=True)
    assert (again.faults, patched.faults) == ([], [])
    assert (encode_order(again.value), encode_order(patched.value)) == (stored, stored)


@settings(deadline=None, max_examples=300)
@given(BATCHES)
def test_a_fault_is_at_a_place_that_exists_or_at_a_member_missing_from_an_object_that_does(batch):
    body = json.encode(batch)
    reader = BodyReader(OrderBatch, entries="Orders")
    try:
        tree = parse_json(body, json_depth_max)
        reading = reader.explain(tree, strict=False)
    except Malformed:
        return
    for fault in reading.faults:
        holder = at(tree, fault.path[:-1])
        there = holder if isinstance(holder, dict) else range(len(holder))
        assert fault.path[-1] in there or (isinstance(holder, dict) and fault.detail == "Field required")
    for path in reading.ignored:
        assert path[-1] in at(tree, path[:-1])
    # Once, and not at all of a text that cannot be stored anyhow.
    unstorable = {fault.path for fault in reading.faults if fault.detail in UNSTORABLE}
    wrong = [fault.path for fault in reading.faults if fault.detail not in UNSTORABLE]
    assert len({*wrong, *unstorable}) == len(wrong) + len(unstorable)


def test_the_full_order_is_read_by_msgspec():
    reader = WatchedReader(OrderBatch, entries="Orders")
    reading = reader.read(json.encode([FULL]), depth_max=json_depth_max, strict=True)

    assert (reader.walked, reading.faults, reading.ignored) == (False, [], [])


def test_the_full_order_has_every_member():
    def missing(kind: inspect.Type, value: Any, path: Path) -> list[Path]:
        if isinstance(kind, inspect.Metadata):
            return missing(kind.type, value, path)
        if isinstance(kind, inspect.UnionType):
            return missing(next(each for each in kind.types if not isinstance(each, inspect.NoneType)), value, path)
        if isinstance(kind, inspect.ListType):
            return missing(kind.item_type, value[0], (*path, 0))
        if not isinstance(kind, inspect.StructType):
            return []
        return [
            place
            for field in kind.fields
            for place in (
                missing(field.type, value[field.encode_name], (*path, field.encode_name))
                if field.encode_name in value
                else [(*path, field.encode_name)]
            )
        ]

    assert missing(inspect.type_info(OrderBatch), [FULL], ()) == []


# What only the walk can tell


def explained(order: Any, *, strict: bool = False) -> list[tuple[Path | None, str]]:
    reading = BodyReader(OrderBatch, entries="Orders").read(
        json.encode([order]), depth_max=json_depth_max, strict=strict
    )
    return [(fault.path, fault.detail) for fault in reading.faults]


@pytest.mark.parametrize(
    ("order", "faults"),
    [
        pytest.param(
            {"order_id": 1, "order_number": None, "order_details": {}},
            [
                ((0, "order_id"), "Input should be a valid string"),
                ((0, "order_number"), "Input should be a valid string"),
                ((0, "order_details", "integration"), "Field required"),
            ],
            id="every fault at once, in the order of the schema",
        ),
        pytest.param(
            {"order_id": "a", "order_details": {"integration": {"id": 1}}, "foo": {"a": [Raw(b'"\\u0000"')]}},
            [((0, "foo", "a", 0), "Null characters are not allowed")],
            id="text that cannot be stored is named where nothing else would be read",
        ),
        pytest.param(
            {"order_id": Raw(b'"' + b"\\ud800\\u0000" * 200 + b'"'), "order_details": {"integration": {"id": 1}}},
            [((0, "order_id"), "Null characters are not allowed")],
            id="one fault for one text",
        ),
        pytest.param(
            {"order_id": "a", "order_details": {"integration": {"id": 1}, "tags": Raw(b'["a\\\\u0000b"]')}},
            [],
            id="a backslash before u0000 is no NUL",
        ),
    ],
)
def test_faults_are_named(order, faults):
    assert explained(order) == faults


def test_unknown_members_are_faults_only_when_that_is_asked_for():
    order = {"order_id": "a", "order_details": {"integration": {"id": 1, "foo": 1}}, "~/": None}
    unknown = [((0, "order_details", "integration", "foo")), ((0, "~/"))]

    assert explained(order) == []
    assert sorted(explained(order, strict=True)) == [(path, "Extra inputs are not permitted") for path in unknown]
