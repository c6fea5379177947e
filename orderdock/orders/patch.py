"""Change some members of one order (behaviour 2.2, 2.3, 3.6)."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from msgspec import inspect

from orderdock import limits
from orderdock.db.pool import Tx
from orderdock.errors import Fault, Invalid, NotFound, Path
from orderdock.http.explain import Reading, find_unstorable_text
from orderdock.offload import offload
from orderdock.orders import store
from orderdock.orders.merge import encode_order, parse_tree, same
from orderdock.orders.project import project
from orderdock.orders.readers import ORDER
from orderdock.orders.schema import Order, OrderItem, OrderRef
from orderdock.orders.store import OrderToSave, StoredOrder
from orderdock.values import FreeForm

_ITEMS = ("order_details", "order_items")
_ITEM_IDS = ("item_id", "product_id", "variant_id", "sku")
_READ_ONLY = ("id", "created_at", "modified_at")


async def patch_order(
    tx: Tx,
    account_id: int,
    id_: int,
    body: Mapping[str, Any],
    *,
    strict: bool,
    precondition: Callable[[StoredOrder], None],
) -> Reading[OrderRef]:
    """Merge a PATCH body into an order (RFC 7396; items by name), and name the members that we do not know.

    With `strict`, those are faults. `precondition` looks at the order while nobody else can change it, and raises what
    stands against it. A body that brings nothing new is not written. Raises NotFound, Conflict, and Invalid with every
    fault of the result; then nothing is written.
    """
    try:
        row = await store.get_order(tx, account_id, id_, lock=True)
    except NotFound:
        raise NotFound("Could not find specified item.") from None
    precondition(row)
    changed = await offload(len(row.doc), _apply, row, body, strict=strict)
    if changed.value != row.doc:
        saved = OrderToSave(id_, row.integration_id, row.order_id, changed.value, project(changed.value))
        await store.save_orders(tx, account_id, [saved])
    return Reading(OrderRef(id_, row.order_id, project(changed.value).order_number), ignored=changed.ignored)


def _apply(row: StoredOrder, body: Mapping[str, Any], *, strict: bool) -> Reading[str]:
    """Give the order as it shall be stored; the very same text when nothing is new. Raises Invalid."""
    before = parse_tree(row.doc)
    patch = {name: value for name, value in body.items() if name not in _READ_ONLY}
    faults = _id_faults(body.get("id"), row.id)
    items, places = _merge_items(before["order_details"]["order_items"], patch, faults)
    merged = _merge(inspect.type_info(Order), before, _without_items(patch))
    if items is not None:
        merged["order_details"]["order_items"] = items
    _drop_other_phone(merged, patch)
    _drop_other_service_point_id(merged, patch)

    reading = ORDER.explain(merged, strict=strict)
    faults += [replace(fault, path=_as_sent(fault.path or (), places)) for fault in reading.faults]
    faults += _key_faults(reading.value, row)
    if faults:
        raise Invalid([replace(fault, key=row.order_id) for fault in faults], faults_left_out=reading.faults_left_out)
    doc = encode_order(reading.value)
    ignored = [_as_sent(path, places) for path in reading.ignored]
    return Reading(row.doc if same(doc, row.doc) else doc, ignored=ignored)


# Merging


def _merge(kind: inspect.Type, stored: Any, sent: Any) -> Any:
    """Merge as RFC 7396 says, but keep null in objects of ours: their reader knows what it means there."""
    if type(sent) is not dict:
        return sent
    kind = _not_null(kind)
    members = {field.encode_name: field.type for field in kind.fields} if isinstance(kind, inspect.StructType) else {}
    free = isinstance(kind, inspect.CustomType) and issubclass(kind.cls, FreeForm)
    merged = dict(stored) if type(stored) is dict else {}
    for name, value in sent.items():
        if free and value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merge(kind if free else members.get(name, _ANY), merged.get(name), value)
    return merged


_ANY = inspect.AnyType()


def _not_null(kind: inspect.Type) -> inspect.Type:
    if isinstance(kind, inspect.UnionType):
        return next(each for each in kind.types if not isinstance(each, inspect.NoneType))
    return kind


def _drop_other_phone(merged: dict[str, Any], patch: Mapping[str, Any]) -> None:
    """The PATCH schema calls the customer's number `phone`: sent by that name, it takes the place of the stored one."""
    sent = patch.get("customer_details")
    if type(sent) is dict and "phone" in sent and sent.get("phone_number") is None:
        merged["customer_details"].pop("phone_number", None)


def _drop_other_service_point_id(merged: dict[str, Any], patch: Mapping[str, Any]) -> None:
    """Two ids of a service point that were not sent together would contradict each other."""
    sent = patch.get("service_point_details")
    if type(sent) is not dict:
        return
    ids = [name for name in ("id", "carrier_service_point_id") if sent.get(name) is not None]
    if ids == ["id"]:
        merged["service_point_details"].pop("carrier_service_point_id", None)
    elif ids == ["carrier_service_point_id"]:
        merged["service_point_details"].pop("id", None)


# Items


def _merge_items(
    stored: list[dict[str, Any]], patch: Mapping[str, Any], faults: list[Fault]
) -> tuple[list[Any] | None, dict[int, int]]:
    """Merge the items that a patch names into the stored ones.

    Gives the stored items with the changes in them, and which place in the list came from which place in the body;
    None when the patch has no list of items. Faults of the items' names are added to `faults`.
    """
    details = patch.get("order_details")
    sent = details.get("order_items") if type(details) is dict else None
    if type(sent) is not list:
        return None, {}
    if len(sent) > limits.items_per_order_max:
        faults.append(Fault(_ITEMS, f"List should have at most {limits.items_per_order_max} items, not {len(sent)}"))
        return None, {}
    items: list[Any] = list(stored)
    item_kind = inspect.type_info(OrderItem)
    found = _Items(stored)
    named = Counter(item["name"] for index, item in enumerate(sent) if _name_fault(index, item) is None)
    turns: Counter[str] = Counter()
    places: dict[int, int] = {}
    for index, item in enumerate(sent):
        if fault := _name_fault(index, item):
            faults.append(fault)
            continue
        name = item["name"]
        equals = found.alike(("name",), item)
        in_turn = equals[turns[name]] if named[name] == len(equals) else None
        turns[name] += 1
        place = found.find(item, in_turn)
        if place is None or place in places:
            unstorable = find_unstorable_text(item, (*_ITEMS, index))
            faults.extend(unstorable or [Fault(_ITEMS, "Could not find specified item.")])
            continue
        places[place] = index
        items[place] = _merge(item_kind, items[place], item)
    return items, places


def _name_fault(index: int, item: Any) -> Fault | None:
    if type(item) is not dict:
        return Fault((*_ITEMS, index), "Input should be an object")
    if "name" not in item:
        return Fault((*_ITEMS, index, "name"), "Field required")
    if type(item["name"]) is not str:
        return Fault((*_ITEMS, index, "name"), "Input should be a valid string")
    return None


class _Items:
    """The stored items, found by what a sent one says of itself."""

    def __init__(self, stored: Sequence[Mapping[str, Any]]) -> None:
        self._stored = stored
        self._indexes: dict[tuple[str, ...], dict[tuple[Any, ...], list[int]]] = {}

    def alike(self, members: tuple[str, ...], item: Mapping[str, Any]) -> Sequence[int]:
        """Give the places of the stored items that have the same values of these members."""
        values = tuple(item[member] for member in members)
        if not all(type(value) is str for value in values):  # which stored ones are
            return ()
        if members not in self._indexes:
            index = self._indexes[members] = defaultdict(list)
            for place, each in enumerate(self._stored):
                index[tuple(each.get(member) for member in members)].append(place)
        return self._indexes[members].get(values, ())

    def find(self, item: Mapping[str, Any], in_turn: int | None) -> int | None:
        """Find which of the stored items of one name a sent one means: by its ids, then by its turn among equals.

        `in_turn` is the place of the one whose turn it is, when as many are stored as were sent.
        """
        ids = [member for member in _ITEM_IDS if item.get(member) is not None]
        if in_turn is not None and all(self._stored[in_turn].get(member) == item[member] for member in ids):
            return in_turn
        members = ("name",)
        equals = self.alike(members, item)
        for member in ids:
            if len(equals) > 1:
                members += (member,)
                equals = self.alike(members, item)
        return equals[0] if len(equals) == 1 else in_turn if equals else None


def _without_items(patch: Mapping[str, Any]) -> dict[str, Any]:
    details = patch.get("order_details")
    if type(details) is not dict or type(details.get("order_items")) is not list:
        return dict(patch)
    return {**patch, "order_details": {name: value for name, value in details.items() if name != "order_items"}}


def _as_sent(path: Path, places: Mapping[int, int]) -> Path:
    """Turn a place in the stored list of items into the place in the body that it came from."""
    if path[:2] == _ITEMS and len(path) > 2 and path[2] in places:
        return (*_ITEMS, places[int(path[2])], *path[3:])
    return path


# What cannot change


def _id_faults(sent: Any, id_: int) -> list[Fault]:
    if sent is None or (type(sent) in (int, str) and str(sent) == str(id_)):
        return []
    return [Fault(("id",), f"Id {id_} cannot be changed")]


def _key_faults(merged: Order, row: store.StoredOrder) -> list[Fault]:
    faults = []
    if isinstance(merged.order_id, str) and merged.order_id != row.order_id:
        faults.append(Fault(("order_id",), f"Order id {row.order_id} cannot be changed"))
    integration_id = getattr(getattr(merged.order_details, "integration", None), "id", None)
    if isinstance(integration_id, int) and integration_id != row.integration_id:
        detail = f"Integration id {row.integration_id} cannot be changed"
        faults.append(Fault(("order_details", "integration", "id"), detail))
    return faults
