"""Put an update into a stored order, as JSON text: what POST does to an order that exists (behaviour 2.2).

Members of the order and of its merged parts are replaced one by one, as a whole; null takes one away; what was not
sent stays. Texts are taken apart at those two levels only, so the cost does not grow with what is inside.
"""

from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw

from orderdock.orders.schema import Merged, Order

Members = dict[str, Raw]

NOTHING = "{}"
"""What is stored of an order that is not there yet."""

_members = msgspec.json.Decoder(Members).decode
_tree = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_encode_sorted = msgspec.json.Encoder(decimal_format="number", order="sorted").encode


def _merged_members() -> frozenset[str]:
    return frozenset(
        name
        for name, kind in Order.__annotations__.items()
        if any(issubclass(each, Merged) for each in getattr(kind, "__args__", (kind,)) if isinstance(each, type))
    )


_MERGED = _merged_members()


def encode_update(order: Order) -> str:
    """Write what was sent of an order as canonical JSON: null where a member is to be taken away."""
    return _encode(order).decode()


def encode_order(order: Order) -> str:
    """Write an order as it is stored: canonical JSON, no member of the merged levels null."""
    return merge(NOTHING, encode_update(order))


def parse_tree(text: str) -> Any:
    """Parse a stored order with the digits of its numbers."""
    return _tree(text)


def merge(stored: str, sent: str) -> str:
    """Give the stored order with what was sent put in; the very same text when nothing changes."""
    if sent == stored:
        return stored
    if stored == NOTHING and "null" not in sent:
        return sent
    members = _members(stored)
    if not _merge_members(members, _members(sent), _MERGED):
        return stored
    return _encode(members).decode()


def same(one: str | Raw, other: str | Raw) -> bool:
    """Say whether two JSON texts mean the same; the order of members means nothing."""
    # Compared as texts: to Python, true is 1.
    return one == other or _encode_sorted(_tree(one)) == _encode_sorted(_tree(other))


def _merge_members(stored: Members, sent: Members, merged: frozenset[str]) -> bool:
    changed = False
    for name, value in sent.items():
        before = stored.get(name)
        if value == _NULL:
            changed |= stored.pop(name, None) is not None
        elif value == before:
            pass
        elif name in merged:
            inner = _members(before) if before is not None else {}
            if _merge_members(inner, _members(value), frozenset()) or (before is None and value == _EMPTY):
                stored[name] = Raw(_encode(inner))
                changed = True
        elif before is None or not same(before, value):
            stored[name] = value
            changed = True
    return changed


_NULL = Raw(b"null")
_EMPTY = Raw(b"{}")
