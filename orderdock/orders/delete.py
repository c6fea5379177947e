"""Take an integration and its orders out of every listing (behaviour 2.5)."""

from orderdock.db.pool import Tx
from orderdock.integrations import store as integrations
from orderdock.orders import store


async def delete_integration(tx: Tx, account_id: int, id_: int) -> int:
    """Delete an integration and its orders, and say how many those were. Raises NotFound and Conflict.

    The lock on the integration waits for batches that are adding orders to it, and later ones find it gone.
    """
    await integrations.get_integration(tx, account_id, id_, lock=True)
    count = await store.delete_orders_of(tx, account_id, id_)
    await integrations.delete_integration(tx, account_id, id_)
    return count
