"""Laws of putting an update into a stored order (contract 2.2), and what equality means there."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orderdock.http.explain import BodyReader
from orderdock.orders.merge import encode_order, merge, parse_tree, same
from orderdock.orders.schema import Order

MERGED = ("order_details", "payment_details", "customs_details", "shipping_details")
WHOLE = ("order_number", "shipping_address", "service_point_details")

# Numbers, booleans and texts that Python takes for each other are drawn often.
LEAF = st.sampled_from([0, 1, -1, False, True, Decimal("1.5"), Decimal("1e400"), "", "1", "ä", "null"])
VALUE = st.recursive(
    LEAF | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner | st.none(), max_size=3),
    max_leaves=5,
)


def part(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from("abc"), values, max_size=3)


def an_order(values: st.SearchStrategy[Any], parts: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Orders of which a merge knows no more than which members it goes into."""
    return st.fixed_dictionaries({}, optional=dict.fromkeys(WHOLE, values) | dict.fromkeys(MERGED, parts))


STORED = an_order(VALUE, part(VALUE))
SENT = an_order(VALUE | st.none(), part(VALUE | st.none()) | st.none())

_encode = msgspec.json.Encoder(decimal_format="number").encode


def text(tree: Any) -> str:
    return _encode(tree).decode()


def exact(tree: Any) -> str:
    """JSON in which 1 and true are two things, and the order of members is none."""
    return json.dumps(tree, sort_keys=True, default=str)


def shuffled(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: shuffled(value) for name, value in reversed(tree.items())}
    return [shuffled(value) for value in tree] if isinstance(tree, list) else tree


def expected(stored: dict[str, Any], sent: dict[str, Any], merged: tuple[str, ...] = MERGED) -> dict[str, Any]:
    """The contract in plain Python: null takes away, the five merged objects merge, everything else is replaced."""
    result = dict(stored)
    for name, value in sent.items():
        if value is None:
            result.pop(name, None)
        elif name in merged:
            inner = expected(stored.get(name, {}), value, ())
            if inner or not value or name in stored:  # nulls alone bring no object that was not there
                result[name] = inner
        else:
            result[name] = value
    return result


@settings(deadline=None)
@given(STORED, SENT)
@example({"shipping_address": {"a": 1}}, {"shipping_address": {"a": True}})
@example({"order_details": {"a": [0]}}, {"order_details": {"a": [False]}})
def test_a_merge_is_what_the_contract_says(stored, sent):
    assert exact(parse_tree(merge(text(stored), text(sent)))) == exact(expected(stored, sent))


@settings(deadline=None)
@given(STORED, SENT)
def test_merging_twice_is_merging_once(stored, sent):
    once = merge(text(stored), text(sent))
    assert merge(once, text(sent)) == once


@settings(deadline=None)
@given(STORED, st.data())
def test_what_is_there_already_changes_nothing_in_whatever_order_it_comes(stored, data):
    names = data.draw(st.sets(st.sampled_from(sorted(stored)))) if stored else set()
    before = text(stored)

    assert merge(before, text(shuffled({name: stored[name] for name in names}))) is before


@settings(deadline=None)
@given(STORED)
def test_merging_nothing_gives_the_very_same_text(stored):
    before = text(stored)
    nulls = dict.fromkeys({*WHOLE, *MERGED} - stored.keys())
    for nothing in ({}, nulls, {name: dict.fromkeys("xyz") for name in MERGED}):
        assert merge(before, text(nothing)) is before


@settings(deadline=None)
@given(STORED, st.sampled_from((*WHOLE, *MERGED)))
def test_null_takes_a_member_away(stored, name):
    left = {other: value for other, value in stored.items() if other != name}
    assert merge(text(stored), text({name: None})) == text(left)


@settings(deadline=None)
@given(STORED, STORED)
def test_same_means_equal_but_for_the_order_of_members(one, other):
    assert same(text(one), text(shuffled(one)))
    assert same(text(one), text(other)) == (exact(one) == exact(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "true"), ("0", "false"), ("[1]", "[true]"), ('{"a":1}', '{"a":true}'), ('""', "[]"), ("[1,2]", "[2,1]")],
)
def test_these_are_not_the_same(one, other):
    assert not same(one, other)
    assert parse_tree(merge(f'{{"order_details":{{"a":{one}}}}}', f'{{"order_details":{{"a":{other}}}}}')) == {
        "order_details": {"a": json.loads(other)}
    }


def test_the_merged_objects_are_exactly_these():
    """Whoever adds one to the schema must decide it here too."""
    stored = {name: {"kept": 1} for name in Order.__struct_fields__}
    sent = {name: {"new": 2} for name in Order.__struct_fields__}
    result = parse_tree(merge(text(stored), text(sent)))

    assert {name for name, value in result.items() if value == {"kept": 1, "new": 2}} == set(MERGED)
    assert all(value == {"new": 2} for name, value in result.items() if name not in MERGED)


KEY = {"order_id": "a", "order_details": {"integration": {"id": 1}}}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        (KEY, KEY),
        (KEY | {"shipping_address": None}, KEY),
        (KEY | {"shipping_details": {"ship_with": None}}, KEY),
        (KEY | {"shipping_details": {}}, KEY | {"shipping_details": {}}),
        (KEY | {"shipping_details": {}, "shipping_address": None}, KEY | {"shipping_details": {}}),
        (KEY | {"customer_details": {"name": "J", "email": None}}, KEY | {"customer_details": {"name": "J"}}),
        (KEY | {"order_number": "null", "customs_details": None}, KEY | {"order_number": "null"}),
        (
            KEY | {"order_details": {"integration": {"id": 1}, "notes": None, "tags": ["null"]}},
            KEY | {"order_details": {"integration": {"id": 1}, "tags": ["null"]}},
        ),
    ],
)
def test_an_order_is_written_without_its_nulls(sent, stored):
    order = BodyReader(Order).read(text(sent).encode(), depth_max=64, strict=True).value
    assert exact(parse_tree(encode_order(order))) == exact(stored)


def test_a_null_that_means_something_is_written():
    nothing = {"type": "shipping_option_code", "properties": {"shipping_option_code": None}}
    item = {"name": "Candle", "properties": {"colour": None}, "quantity": 1, "total_price": {"value": 1}}
    sent = {
        "order_id": "a",
        "order_details": {"integration": {"id": 1}, "order_items": [item]},
        "shipping_details": {"ship_with": nothing},
    }
    order = BodyReader(Order).read(text(sent).encode(), depth_max=64, strict=True).value
    assert exact(parse_tree(encode_order(order))) == exact(sent)


# Through the door: what Python takes for equal is not


def gifts(value: Any) -> dict[str, Any]:
    return {"name": "Candle", "properties": {"gifts": value}}


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_a_number_that_becomes_a_boolean_is_a_change(a, method):
    price = {"total_price": {"value": 3.5}, "quantity": 1}
    [id_] = a.create(a.order("a", {"order_details.order_items": [gifts(1) | price]}))
    before = a.show(id_)

    if method == "POST":
        answer = a.post([a.order("a", {"order_details.order_items": [gifts(True) | price]})])
    else:
        answer = a.patch(id_, {"order_details": {"order_items": [gifts(True)]}})

    assert answer.status_code == 200
    after = a.show(id_)
    assert after["order_details"]["order_items"][0]["properties"]["gifts"] is True
    assert after["modified_at"] > before["modified_at"]
