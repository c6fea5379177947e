"""Take orders out of every listing: one of them, or all of an integration (behaviour 2.2, 2.5, 3.7)."""

from orderdock.db.pool import Tx
from orderdock.integrations import store as integrations
from orderdock.orders import store


async def delete_order(tx: Tx, account_id: int, id_: int) -> None:
    """Delete an order: its key is free again, its id stays dead. Raises NotFound and Conflict."""
    await store.delete_order(tx, account_id, id_)


async def delete_integration(tx: Tx, account_id: int, id_: int) -> int:
    """Delete an integration and its orders, and say how many those were. Raises NotFound and Conflict.

    The lock on the integration waits for batches that are adding orders to it, and later ones find it gone.
    """
    await integrations.get_integration(tx, account_id, id_, lock=True)
    count = await store.delete_orders_of(tx, account_id, id_)
    await integrations.delete_integration(tx, account_id, id_)
    return count
