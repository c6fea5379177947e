"""The limit of writing: the bare driver runs our upsert, prepared, with array parameters; no HTTP, JSON or checks."""

from collections.abc import Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection

from benchmarks.sample import BATCH, INTEGRATION_ID, STATUSES, Batch
from orderdock.orders.store import CREATE_ORDERS

_ACCOUNT_ID = 1

_OVERWRITE: LiteralString = """
    UPDATE orders AS o
       SET doc = s.doc,
           order_number = s.order_number,
           order_number_folded = s.order_number_folded,
           order_id_folded = s.order_id_folded,
           status_folded = s.status_folded,
           ordered_at = s.ordered_at,
           shop_updated_at = s.shop_updated_at,
           version = o.version + 1,
           modified_at = now()
      FROM unnest(
           %(integration_id)b::bigint[], %(order_id)b::text[], %(doc)b::text[], %(order_number)b::text[],
           %(order_id_folded)b::text[], %(order_number_folded)b::text[], %(status_folded)b::text[],
           %(ordered_at)b::text[]::timestamptz[], %(shop_updated_at)b::text[]::timestamptz[]
           ) AS s (
           integration_id, order_id, doc, order_number, order_id_folded, order_number_folded, status_folded, ordered_at,
           shop_updated_at
           )
     WHERE o.account_id = %(account_id)s AND o.integration_id = s.integration_id AND o.order_id = s.order_id
    RETURNING o.id
"""


class Driver:
    """One connection that writes batches."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    @classmethod
    async def connect(cls, conninfo: str) -> "Driver":
        """Open a connection on which each statement commits by itself."""
        return cls(await AsyncConnection.connect(conninfo, autocommit=True))

    async def close(self) -> None:
        """Close it."""
        await self._connection.close()

    async def insert(self, batch: Batch, number: int) -> None:
        """Store a new batch."""
        await self._write(CREATE_ORDERS, batch.columns(number))

    async def overwrite(self, batch: Batch, number: int, status: str) -> None:
        """Write over a stored batch, whatever it holds."""
        await self._write(_OVERWRITE, batch.columns(number, status))

    async def _write(self, statement: LiteralString, columns: dict[str, Any]) -> None:
        async with self._connection.cursor(binary=True) as cursor:
            await cursor.execute(statement, columns | {"account_id": _ACCOUNT_ID}, prepare=True)
            ids = await cursor.fetchall()
        if len(ids) != BATCH:
            raise RuntimeError(f"The driver wrote {len(ids)} orders, not {BATCH}")


def make_integration(conninfo: str) -> None:
    """Make the account and the integration that the orders are stored in."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("INSERT INTO accounts (account_id, name) VALUES (%s, 'benchmarks')", (_ACCOUNT_ID,))
        connection.execute(
            "INSERT INTO integrations (account_id, id, type, shop_name) VALUES (%s, %s, 'api', 'benchmarks')",
            (_ACCOUNT_ID, INTEGRATION_ID),
        )


def refill(conninfo: str, batches: Sequence[Batch], stored: int, statuses: Sequence[str] = STATUSES[:1]) -> list[int]:
    """Leave just the first so many batches in the table, with these statuses in turn; gives the ids of their orders."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("TRUNCATE orders")
        with connection.transaction():
            for number in range(stored):
                columns: dict[str, Any] = batches[number % len(batches)].columns(
                    number, statuses[number % len(statuses)]
                )
                connection.execute(CREATE_ORDERS, columns | {"account_id": _ACCOUNT_ID}, prepare=True)
        connection.execute("VACUUM (ANALYZE) orders")
        return [id_ for (id_,) in connection.execute("SELECT id FROM orders ORDER BY order_id")]


def count_writes(conninfo: str) -> tuple[int, int]:
    """How many orders there are, and how often they were changed."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("SELECT count(*), coalesce(sum(version - 1), 0)::bigint FROM orders").fetchone()
    assert row is not None
    return row[0], row[1]
