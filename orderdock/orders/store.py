"""All SQL on orders. Every statement carries the account."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple

from orderdock.db.columns import Bigints, Texts
from orderdock.db.pool import Tx
from orderdock.errors import NotFound
from orderdock.orders.project import Projection
from orderdock.values import write_time

Key = tuple[int, str]
"""integration_id and order_id: what names an order within an account."""


# As values.write_time writes them, in the time zone of the connection; 200 on a page are written faster here.
_AS_ANSWERED: LiteralString = """'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'"""
TIMES: LiteralString = "to_char(o.created_at, " + _AS_ANSWERED + "), to_char(o.modified_at, " + _AS_ANSWERED + ")"
"""The times of an order `o`, as text."""

_NO_ORDER = "The order could not be found with the search criteria given"


class KeyedOrder(NamedTuple):
    """What a key holds: our id, and the JSON of the order without our id and times."""

    id: int
    integration_id: int
    order_id: str
    doc: str


class StoredOrder(NamedTuple):
    """An order as it is stored. `doc` is its JSON without our id and times; `version` counts its changes from 1.

    Times are text as it is answered.
    """

    id: int
    integration_id: int
    order_id: str
    doc: str
    created_at: str
    modified_at: str
    version: int


class OrderKey(NamedTuple):
    """Which order a row is."""

    id: int
    integration_id: int
    order_id: str


async def find_orders_by_key(tx: Tx, account_id: int, keys: Sequence[Key], *, lock: bool) -> list[KeyedOrder]:
    """The orders among these keys that exist.

    With `lock` they are locked until the transaction ends, in the order given: sort the keys, so that two batches that
    name the same orders wait for each other and never for a circle. Raises Conflict when a lock is not free in time.
    """
    lock_row: LiteralString = "FOR UPDATE" if lock else ""
    # Between, ORDER BY and LIMIT say "equal" so that only the index of the key can serve it, whatever the planner takes
    # the size of the table for: with "=", a plan made for the empty table reads all orders of the account, each time.
    return await tx.lock_rows(
        KeyedOrder,
        """
        SELECT o.id, o.integration_id, o.order_id, o.doc
          FROM unnest(%(integration_ids)b::bigint[], %(order_ids)b::text[]) AS k (integration_id, order_id)
         CROSS JOIN LATERAL (
               SELECT o.id, o.integration_id, o.order_id, o.doc
                 FROM orders AS o
                WHERE o.account_id = %(account_id)s
                  AND o.integration_id = k.integration_id
                  AND o.order_id BETWEEN k.order_id AND k.order_id
                ORDER BY o.order_id
                LIMIT 1
                  """
        + lock_row
        + """
               ) AS o
        """,
        {
            "account_id": account_id,
            "integration_ids": Bigints([integration_id for integration_id, _ in keys]),
            "order_ids": Texts([order_id for _, order_id in keys]),
        },
    )


async def find_order_keys(tx: Tx, account_id: int, ids: Sequence[int]) -> list[OrderKey]:
    """The keys of the orders among these ids that exist."""
    return await tx.rows(
        OrderKey,
        """
        SELECT o.id, o.integration_id, o.order_id
          FROM orders AS o
         WHERE o.account_id = %(account_id)s AND o.id = ANY(%(ids)b::bigint[])
        """,
        {"account_id": account_id, "ids": Bigints(ids)},
    )


class OrderToSave(NamedTuple):
    """An order as it shall be stored. `id` is None for a new one; a stored one is locked by this transaction."""

    id: int | None
    integration_id: int
    order_id: str
    doc: str
    projection: Projection


_SENT: LiteralString = """
       unnest(
       %(integration_id)b::bigint[], %(order_id)b::text[], %(doc)b::text[], %(order_number)b::text[],
       %(order_id_folded)b::text[], %(order_number_folded)b::text[], %(status_folded)b::text[],
       %(ordered_at)b::text[]::timestamptz[], %(shop_updated_at)b::text[]::timestamptz[], %(id)b::bigint[]
       ) AS s (
       integration_id, order_id, doc, order_number, order_id_folded, order_number_folded, status_folded, ordered_at,
       shop_updated_at, id
       )
"""
_INSERT: LiteralString = """
INSERT INTO orders AS o (
       account_id, id, integration_id, order_id, doc, order_number, order_id_folded, order_number_folded,
       status_folded, ordered_at, shop_updated_at, created_at, modified_at
       )
SELECT %(account_id)s, s.id, s.integration_id, s.order_id, s.doc, s.order_number, s.order_id_folded,
       s.order_number_folded, s.status_folded, s.ordered_at, s.shop_updated_at, s.at, s.at
"""

# Times are those of the statement, which has its locks: now() is the time when the transaction began to wait for them.
CREATE_ORDERS: LiteralString = (
    """
  WITH shops AS MATERIALIZED (
       SELECT i.id
         FROM integrations AS i
        WHERE i.account_id = %(account_id)s AND i.id = ANY(%(integration_ids)b::bigint[])
          FOR KEY SHARE
       ),
       sent AS MATERIALIZED (
       SELECT nextval('orders_id_seq') AS id, clock_timestamp() AS at, s.integration_id, s.order_id, s.doc,
              s.order_number, s.order_id_folded, s.order_number_folded, s.status_folded, s.ordered_at, s.shop_updated_at
         FROM """
    + _SENT
    + ")"
    + _INSERT
    + """
  FROM sent AS s
  JOIN shops ON shops.id = s.integration_id
 ORDER BY s.integration_id, s.order_id
    ON CONFLICT ON CONSTRAINT orders_key DO NOTHING
RETURNING o.id, o.integration_id, o.order_id
"""
)
# An update by way of the key: no plan for it depends on what the planner believes of the table.
CHANGE_ORDERS: LiteralString = (
    _INSERT
    + "  FROM (SELECT s.*, clock_timestamp() AS at FROM"
    + _SENT
    + """) AS s
 ORDER BY s.integration_id, s.order_id
    ON CONFLICT ON CONSTRAINT orders_key DO UPDATE
   SET doc = excluded.doc,
       order_number = excluded.order_number,
       order_number_folded = excluded.order_number_folded,
       status_folded = excluded.status_folded,
       ordered_at = excluded.ordered_at,
       shop_updated_at = excluded.shop_updated_at,
       version = o.version + 1,
       modified_at = greatest(excluded.modified_at, o.modified_at + interval '1 microsecond')
 WHERE o.id = excluded.id
RETURNING o.id, o.integration_id, o.order_id
"""
)


async def save_orders(tx: Tx, account_id: int, orders: Sequence[OrderToSave]) -> list[OrderKey]:
    """Store orders, and give the ids of those that were stored; ids of new ones ascend as given.

    A new one whose key another request stored in the meantime is left alone, and so is one whose integration is gone:
    neither is among the rows that come back. Rows are written in the order of their keys, as they are locked.
    """
    created = [order for order in orders if order.id is None]
    changed = [order for order in orders if order.id is not None]
    saved: list[OrderKey] = []
    if created:
        saved += await tx.lock_rows(OrderKey, CREATE_ORDERS, _columns(account_id, created))
    if changed:
        saved += await tx.lock_rows(OrderKey, CHANGE_ORDERS, _columns(account_id, changed))
    return saved


def _columns(account_id: int, orders: Sequence[OrderToSave]) -> dict[str, object]:
    projections = zip(*(order.projection for order in orders), strict=True)
    integration_ids = [order.integration_id for order in orders]
    return {
        "account_id": account_id,
        "id": Bigints([order.id for order in orders]),
        "integration_id": Bigints(integration_ids),
        "integration_ids": Bigints(list(set(integration_ids))),
        "order_id": Texts([order.order_id for order in orders]),
        "doc": Texts([order.doc for order in orders]),
        **{name: Texts(column) for name, column in zip(Projection._fields, projections, strict=True)},
    }


async def get_order(tx: Tx, account_id: int, id_: int, *, lock: bool = False) -> StoredOrder:
    """One order; with `lock`, until the transaction ends. Raises NotFound, and Conflict when the lock is not free."""
    lock_row: LiteralString = "FOR UPDATE" if lock else ""
    rows = await (tx.lock_rows if lock else tx.rows)(
        StoredOrder,
        "SELECT o.id, o.integration_id, o.order_id, o.doc, "
        + TIMES
        + """, o.version
          FROM orders AS o
         WHERE o.account_id = %(account_id)s AND o.id = %(id)s
        """
        + lock_row,
        {"account_id": account_id, "id": id_},
    )
    if not rows:
        raise NotFound(_NO_ORDER)
    return rows[0]


async def get_orders(tx: Tx, account_id: int, ids: Sequence[int]) -> list[StoredOrder]:
    """The orders with these ids, in the order given, once for each time an id is given."""
    return await tx.rows(
        StoredOrder,
        "SELECT o.id, o.integration_id, o.order_id, o.doc, "
        + TIMES
        + """, o.version
          FROM unnest(%(ids)b::bigint[]) WITH ORDINALITY AS wanted (id, place)
         CROSS JOIN LATERAL (
               SELECT o.id, o.integration_id, o.order_id, o.doc, o.created_at, o.modified_at, o.version
                 FROM orders AS o
                WHERE o.account_id = %(account_id)s AND o.id = wanted.id
                LIMIT 1
               ) AS o
         ORDER BY wanted.place
        """,
        {"account_id": account_id, "ids": Bigints(ids)},
    )


async def delete_order(tx: Tx, account_id: int, id_: int) -> None:
    """Move an order to the deleted ones. Raises NotFound, and Conflict when it is not free in time."""
    moved = await tx.run(
        """
          WITH gone AS (
               DELETE FROM orders AS o
                WHERE o.account_id = %(account_id)s AND o.id = %(id)s
            RETURNING o.*
               )
        INSERT INTO deleted_orders (account_id, id, integration_id, version, created_at, modified_at, deleted_at, doc)
        SELECT account_id, id, integration_id, version, created_at, modified_at, now(), doc
          FROM gone
        """,
        {"account_id": account_id, "id": id_},
    )
    if moved == 0:
        raise NotFound(_NO_ORDER)


async def delete_orders_of(tx: Tx, account_id: int, integration_id: int) -> int:
    """Move all orders of an integration to the deleted ones, and say how many they were."""
    return await tx.run(
        """
          WITH gone AS (
               DELETE FROM orders AS o
                WHERE o.account_id = %(account_id)s AND o.integration_id = %(integration_id)s
            RETURNING o.*
               )
        INSERT INTO deleted_orders (account_id, id, integration_id, version, created_at, modified_at, deleted_at, doc)
        SELECT account_id, id, integration_id, version, created_at, modified_at, now(), doc
          FROM gone
        """,
        {"account_id": account_id, "integration_id": integration_id},
    )


class ProjectedOrder(NamedTuple):
    """An order with the columns that were computed from it."""

    id: int
    doc: str
    projection: Projection


async def find_projected(tx: Tx, account_id: int, after_id: int, size: int) -> list[ProjectedOrder]:
    """At most `size` orders of an account above an id, by id."""
    return await tx.rows(
        lambda id_, doc, *columns: ProjectedOrder(
            id_, doc, Projection(*(write_time(each) if isinstance(each, datetime) else each for each in columns))
        ),
        """
        SELECT o.id, o.doc, o.order_number, o.order_id_folded, o.order_number_folded, o.status_folded, o.ordered_at,
               o.shop_updated_at
          FROM orders AS o
         WHERE o.account_id = %(account_id)s AND o.id > %(after_id)s
         ORDER BY o.id
         LIMIT %(size)s
        """,
        {"account_id": account_id, "after_id": after_id, "size": size},
    )
