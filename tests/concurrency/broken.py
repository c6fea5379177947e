"""Runs orderdock with one part taken out: `python broken.py PART orderdock serve …`.

What is left waits a little where that part stood, so that requests meet there.
"""

import asyncio
import sys
from collections.abc import Callable
from typing import Any

from orderdock import server
from orderdock.cli import main
from orderdock.db.pool import Database, Tx
from orderdock.orders import store, upsert

PAUSE_S = 0.005


def lock_of_batches() -> None:
    """A batch reads without holding what it read."""
    find = store.find_orders_by_key

    async def find_orders_by_key(*args: Any, lock: bool) -> Any:
        return await find(*args, lock=False)

    store.find_orders_by_key = find_orders_by_key
    pause_after_reading()


def lock_of_patches() -> None:
    """A PATCH reads without holding what it read, and then writes it all."""
    get = store.get_order

    async def get_order(*args: Any, lock: bool = False) -> Any:
        order = await get(*args, lock=False)
        await asyncio.sleep(PAUSE_S)
        return order

    store.get_order = get_order


def merge() -> None:
    """What was sent last is all there is."""
    merge = upsert.merge

    def replace(stored: str, sent: str) -> str:
        return merge(upsert.NOTHING if "payment_details" in sent and "order_items" in sent else stored, sent)

    upsert.merge = replace


def transaction() -> None:
    """Each statement is committed by itself."""

    async def transact(self: Database, work: Callable[[Tx], Any]) -> Any:
        async with self.connection() as tx:
            return await work(tx)

    Database.transact = transact


def one_statement() -> None:
    """Each order of a batch is written, and committed, by itself."""
    transaction()
    save = store.save_orders

    async def save_orders(tx: Tx, account_id: int, orders: Any) -> Any:
        saved = []
        for order in orders:
            saved += await save(tx, account_id, [order])
            await asyncio.sleep(PAUSE_S)
        return saved

    store.save_orders = save_orders


def commit_before_the_reply() -> None:
    """The reply is sent first."""
    transact = Database.transact

    async def answer_first(self: Database, work: Callable[[Tx], Any]) -> Any:
        answer = asyncio.get_running_loop().create_future()

        async def work_slowly(tx: Tx) -> None:
            answer.set_result(await work(tx))
            await asyncio.sleep(PAUSE_S)

        writing = asyncio.create_task(transact(self, work_slowly))
        await asyncio.wait([answer, writing], return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else await writing

    Database.transact = answer_first


def check_that_a_key_is_free() -> None:
    """A new order replaces the one that another request created meanwhile."""
    edit_sql("DO NOTHING", "DO UPDATE SET doc = excluded.doc")
    pause_after_reading()


def new_ids() -> None:
    """An order that is created again has its old id."""
    old_id = "SELECT max(d.id) FROM deleted_orders AS d WHERE d.doc::jsonb ->> 'order_id' = s.order_id"
    edit_sql("nextval('orders_id_seq')", f"coalesce(({old_id}), nextval('orders_id_seq'))")


def pause_after_reading() -> None:
    """A batch pauses between reading and writing."""
    find = store.find_orders_by_key

    async def find_orders_by_key(*args: Any, **options: Any) -> Any:
        rows = await find(*args, **options)
        await asyncio.sleep(PAUSE_S)
        return rows

    store.find_orders_by_key = find_orders_by_key


def edit_sql(old: str, new: str) -> None:
    assert old in store.CREATE_ORDERS
    store.CREATE_ORDERS = store.CREATE_ORDERS.replace(old, new)


PARTS = (
    lock_of_batches,
    lock_of_patches,
    merge,
    transaction,
    one_statement,
    commit_before_the_reply,
    check_that_a_key_is_free,
    new_ids,
)


def create_worker() -> Any:
    """What answers requests: only now is the part taken out, when the first run is over."""
    broken()
    return whole()


if __name__ == "__main__":
    whole, broken = server.create_worker, {part.__name__: part for part in PARTS}[sys.argv[1]]
    server.create_worker = create_worker
    del sys.argv[:2]
    main()
