"""Create and update up to 100 orders, all or none (behaviour 1.3, 2.2, 3.1 to 3.3)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from msgspec import UNSET, structs

from orderdock import limits
from orderdock.db.pool import Again, Tx
from orderdock.errors import Fault, Invalid
from orderdock.http.explain import Reading
from orderdock.integrations import store as integrations
from orderdock.offload import offload
from orderdock.orders import store
from orderdock.orders.merge import NOTHING, encode_update, merge
from orderdock.orders.project import project, project_order
from orderdock.orders.schema import OrderDetailsIn, OrderIn, OrderRef, is_complete, missing_members
from orderdock.orders.store import Key, OrderKey, OrderToSave


@dataclass
class _Row:
    """What a key holds while a batch is applied: as it is stored (if it is), and as it shall be.

    `sent` is the order whose text that is, where nothing of another one is in it.
    """

    id: int | None
    before: str
    after: str
    sent: OrderIn | None = None


class SavedOrder(NamedTuple):
    """What became of one order of a batch."""

    ref: OrderRef
    outcome: Literal["created", "changed", "unchanged"]


async def upsert_orders(tx: Tx, account_id: int, reading: Reading[list[OrderIn]]) -> list[SavedOrder]:
    """Store a batch, and say what became of each of its orders, in the order sent.

    A key that a batch names twice is applied in turn. Orders that bring nothing new are not written.
    Raises Invalid with every fault of every order, Conflict when an order is being changed for too long; then nothing
    is written.
    """
    batch = [_Entry(index, order, _key(order)) for index, order in enumerate(reading.value)]
    named = {entry.key for entry in batch if entry.key is not None}
    # An id that no column can hold is of no integration, as _find_faults will say.
    keys = sorted(key for key in named if abs(key[0]) <= limits.id_max)
    stored = await store.find_orders_by_key(tx, account_id, keys, lock=not reading.faults)
    found = {(row.integration_id, row.order_id): _Row(row.id, row.doc, row.doc) for row in stored}
    rows = dict(found)

    doubtful = len(keys) < len(named)
    if faults := await _find_faults(tx, account_id, batch, found, reading, doubtful=doubtful):
        raise Invalid(faults, faults_left_out=reading.faults_left_out)
    await offload(sum(len(row.doc) for row in stored), _merge_all, batch, rows)
    if not await _write(tx, account_id, rows):
        # An integration is not there, which is asked for only now; or another request created one of these keys in the
        # meantime. Then all is undone before we look again: two batches that hold new orders could wait in a circle.
        if faults := await _find_faults(tx, account_id, batch, found, reading, doubtful=True):
            raise Invalid(faults, faults_left_out=reading.faults_left_out)
        raise Again
    return list(_saved(batch, rows))


class _Entry(NamedTuple):
    """One order of a batch, and its key, or None when that could not be read."""

    place: int
    order: OrderIn
    key: Key | None


def _key(order: OrderIn) -> Key | None:
    """The key of an order, or None when it could not be read."""
    if not isinstance(order, OrderIn) or not isinstance(order.order_details, OrderDetailsIn):
        return None
    integration_id = getattr(order.order_details.integration, "id", None)
    if not isinstance(integration_id, int) or not isinstance(order.order_id, str):
        return None
    return integration_id, order.order_id


def _merge_all(batch: Sequence[_Entry], rows: dict[Key, _Row]) -> None:
    """Apply each order of a batch to what its key holds."""
    for _, order, key in batch:
        assert key is not None
        row = rows.setdefault(key, _Row(None, NOTHING, NOTHING))
        # Our own id says which order is meant; it is no part of what the shop says.
        text = encode_update(structs.replace(order, id=None) if order.id else order)
        row.after = merge(row.after, text)
        row.sent = order if row.after is text else None


async def _write(tx: Tx, account_id: int, rows: Mapping[Key, _Row]) -> bool:
    """Store what is new or changed. False when a new key was not free."""
    changed = {key: row for key, row in rows.items() if row.after != row.before}
    if changed:
        orders = [
            OrderToSave(row.id, *key, row.after, project_order(row.sent) if row.sent else project(row.after))
            for key, row in changed.items()
        ]
        for done in await store.save_orders(tx, account_id, orders):
            changed.pop((done.integration_id, done.order_id)).id = done.id
    return not changed


def _saved(batch: Sequence[_Entry], rows: Mapping[Key, _Row]) -> Iterator[SavedOrder]:
    counted: set[Key] = set()
    for _, order, key in batch:
        assert key is not None
        row = rows[key]
        assert row.id is not None
        number = project(row.after).order_number if order.order_number is UNSET else order.order_number
        if row.after == row.before:
            outcome = "unchanged"
        else:
            outcome = "created" if row.before == NOTHING and key not in counted else "changed"
        counted.add(key)
        yield SavedOrder(OrderRef(row.id, order.order_id, number), outcome)


# What only the stored orders can tell


async def _find_faults(
    tx: Tx,
    account_id: int,
    batch: Sequence[_Entry],
    rows: Mapping[Key, _Row],
    reading: Reading[list[OrderIn]],
    *,
    doubtful: bool,
) -> list[Fault]:
    """Find what is wrong with a batch, by order: what reading found, and what only the stored orders can tell.

    Which integrations there are is asked for where that is in doubt, and where something is wrong anyway.
    """
    shops = await integrations.find_ids(tx, account_id) if doubtful else None
    faults = [*reading.faults, *await _faults_of_orders(tx, account_id, batch, rows, shops)]
    if faults and not doubtful:
        return await _find_faults(tx, account_id, batch, rows, reading, doubtful=True)
    return _by_order(faults, reading.value)


async def _faults_of_orders(
    tx: Tx, account_id: int, batch: Sequence[_Entry], rows: Mapping[Key, _Row], shops: Collection[int] | None
) -> list[Fault]:
    """Find what is wrong with a batch beyond the shape of its orders; orders that could not be read are passed over.

    `shops` are the account's integrations; None leaves them out.
    """
    readable = [entry for entry in batch if isinstance(entry.order, OrderIn)]
    targets = await _find_targets(tx, account_id, [entry.order for entry in readable], rows)
    faults: list[Fault] = []
    there = set(rows)
    for index, order, key in readable:
        if shops is not None and key is not None and key not in rows and key[0] not in shops:
            detail = f"Integration with id {key[0]} does not exist"
            faults.append(Fault((index, "order_details", "integration", "id"), detail))
        if isinstance(order.id, str):
            faults.extend(_target_faults(index, order, key, rows, targets))
        elif key not in there:
            if not is_complete(order):
                faults.extend(Fault((index, *path), "Field required") for path in missing_members(order))
            there |= {key} - {None}  # a second entry with this key updates what the first one creates
    return faults


async def _find_targets(
    tx: Tx, account_id: int, orders: Sequence[OrderIn], rows: Mapping[Key, _Row]
) -> dict[int, OrderKey]:
    """Find the orders that are named by our id and not by their key."""
    ids = {int(order.id) for order in orders if isinstance(order.id, str)} - {row.id for row in rows.values()}
    if not ids:
        return {}
    found = await store.find_order_keys(tx, account_id, [id_ for id_ in ids if id_ <= limits.id_max])
    return {target.id: target for target in found}


def _target_faults(
    index: int, order: OrderIn, key: Key | None, rows: Mapping[Key, _Row], targets: Mapping[int, OrderKey]
) -> Iterator[Fault]:
    """Say what is wrong with an order that names its target by our id as well."""
    assert order.id is not None
    by_id = {row.id: OrderKey(row.id, *key) for key, row in rows.items() if row.id is not None}
    target = by_id.get(int(order.id)) or targets.get(int(order.id))
    if target is None:
        yield Fault((index, "id"), f"Order with id {order.id[:64]} does not exist")
    elif key is not None:
        if target.order_id != key[1]:
            yield Fault((index, "order_id"), f"Order id {target.order_id} cannot be changed")
        if target.integration_id != key[0]:
            detail = f"Integration id {target.integration_id} cannot be changed"
            yield Fault((index, "order_details", "integration", "id"), detail)


def _by_order(faults: Collection[Fault], batch: Sequence[OrderIn]) -> list[Fault]:
    """Sort faults by the order they belong to, and name that order by its order_id where it could be read."""

    def index(fault: Fault) -> int:
        return int(fault.path[0]) if fault.path else -1

    def order_id(fault: Fault) -> str | None:
        sent = getattr(batch[index(fault)], "order_id", None) if fault.path else None
        return sent if isinstance(sent, str) else None

    return [replace(fault, key=order_id(fault)) for fault in sorted(faults, key=index)]
