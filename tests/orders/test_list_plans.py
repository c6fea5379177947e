"""How many rows a page of the list costs, in an account of 95,000 orders: before the first ANALYZE, and after it.

What is counted are rows that scans gave or threw away, by EXPLAIN ANALYZE of the very statements of the list.
"""

import asyncio
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from orderdock.db.columns import with_columns
from orderdock.db.migrate import migrate
from orderdock.db.pool import Connection, Tx, connection_options
from orderdock.orders.listing.store import OrderFilter, Page, find_orders

ORDERS = 95_000
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
SIZE = 101

# Of the account's orders, oldest first, four fifths are shipped and the newest are not; ten old ones are odd in every
# way. One order a minute; those of another account are younger.
FILL = """
    INSERT INTO orders (
           account_id, id, integration_id, order_id, doc, order_number, order_id_folded, order_number_folded,
           status_folded, ordered_at, shop_updated_at, created_at, modified_at
           )
    SELECT CASE WHEN n <= 95000 THEN 1 ELSE 2 END, n,
           CASE WHEN n BETWEEN 1000 AND 1009 THEN 3 WHEN n % 10 = 0 THEN 2 ELSE 1 END,
           'o' || n, repeat('x', 200), 'N' || n, 'o' || n, 'n' || n,
           CASE WHEN n BETWEEN 1000 AND 1009 THEN 'odd' WHEN n <= 76000 THEN 'shipped' ELSE 'unfulfilled' END,
           '2024-01-01'::timestamptz + n * interval '1 minute', '2024-01-01'::timestamptz + n * interval '1 minute',
           now(), now()
      FROM generate_series(1, 100000) AS n
"""


class CountingTx(Tx):
    """Runs each statement once more, to count the rows that its scans touch."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.touched = 0

    async def rows(self, kind: Callable[..., Any], sql: LiteralString, values: Mapping[str, Any]) -> list[Any]:
        async with self._connection.cursor(binary=True) as cursor:
            await cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, values)
            [(plan,)] = await cursor.fetchall()
        self.touched += touched((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"])
        return await super().rows(kind, sql, values)


def touched(node: dict[str, Any]) -> int:
    """Rows that the scans of tables below a node gave and threw away."""
    inner = sum(touched(each) for each in node.get("Plans", []))
    if "Relation Name" not in node:
        return inner
    assert node["Node Type"] in ("Index Scan", "Index Only Scan"), node
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return inner + round(rows * node["Actual Loops"])


@contextmanager
def filled(database_url: str, *, analyze: bool) -> Iterator[str]:
    """A database of its own with 100,000 orders that were loaded at once; nobody analyzes it but we."""
    name = f"orderdock_plans_{secrets.token_hex(6)}"
    # The embedded one's application may not create databases.
    url = database_url if "TEST_DATABASE_URL" in os.environ else make_conninfo(database_url, user="postgres")
    conninfo = make_conninfo(url, dbname=name)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            migrate(conninfo, lambda _: None)
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute("ALTER TABLE orders SET (autovacuum_enabled = FALSE)")
                connection.execute(FILL)
                if analyze:
                    connection.execute("ANALYZE")
            yield conninfo
        finally:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def minute(number: int) -> datetime:
    return FIRST_DAY + timedelta(minutes=number)


def page(*sort: str, after: tuple[Any, ...] | None = None, reverse: bool = False) -> Page:
    return Page([(name.removeprefix("-"), name.startswith("-")) for name in sort], SIZE, after, reverse)


NEWEST = page("-pk")
IN_FIRST = [id_ for id_ in range(95_000, 0, -1) if id_ % 10 and not 1000 <= id_ <= 1009]
IN_SECOND = [id_ for id_ in range(95_000, 0, -1) if id_ % 10 == 0 and id_ != 1000]
BY_NUMBER = sorted(range(1, 95_001), key=str, reverse=True)
FEW = 5000  # limits.listed_at_once_max
NEARBY = 10_000  # limits.listed_nearby_max

CASES: dict[str, tuple[OrderFilter, Page, Sequence[int], int]] = {
    # What is asked for, how, the ids that come, and the most rows that may be touched for it.
    "newest": (OrderFilter(), NEWEST, range(95_000, 94_899, -1), SIZE),
    "page 500": (OrderFilter(), page("-pk", after=(45_000,)), range(44_999, 44_898, -1), SIZE),
    "page before": (OrderFilter(), page("-pk", after=(45_000,), reverse=True), range(45_001, 45_102), SIZE),
    "oldest": (OrderFilter(), page("pk"), range(1, 102), SIZE),
    **{
        f"sort={name}": (OrderFilter(), page(name, "-pk"), range(1, 102), SIZE + 1)
        for name in ("order_created_at", "order_updated_at")
    },
    **{
        f"sort=-{name}": (OrderFilter(), page(f"-{name}", "-pk"), range(95_000, 94_899, -1), SIZE)
        for name in ("order_created_at", "order_updated_at")
    },
    "sort=order_created_at, page 500": (
        OrderFilter(),
        page("order_created_at", "-pk", after=(minute(50_000), 50_000)),
        range(50_001, 50_102),
        SIZE + 1,
    ),
    "sort=-order_created_at, page 500": (
        OrderFilter(),
        page("-order_created_at", "-pk", after=(minute(50_000), 50_000)),
        range(49_999, 49_898, -1),
        SIZE,
    ),
    "sort=-order_number": (OrderFilter(), page("-order_number", "-pk"), BY_NUMBER[:SIZE], SIZE),
    "sort=integration": (OrderFilter(), page("integration", "-pk"), IN_FIRST[:SIZE], SIZE),
    "sort=integration, page 500": (
        OrderFilter(),
        page("integration", "-pk", after=(1, 45_001)),
        [id_ for id_ in IN_FIRST if id_ < 45_001][:SIZE],
        2 * SIZE,
    ),
    "sort=-integration": (OrderFilter(), page("-integration", "-pk"), [*range(1009, 999, -1), *IN_SECOND][:SIZE], SIZE),
    "status, of most": (OrderFilter(status_folded="shipped"), NEWEST, range(76_000, 75_899, -1), SIZE),
    "status, of most, page 500": (
        OrderFilter(status_folded="shipped"),
        page("-pk", after=(30_000,)),
        range(29_999, 29_898, -1),
        SIZE,
    ),
    "status, of few": (OrderFilter(status_folded="odd"), NEWEST, range(1009, 999, -1), 10),
    "status, of none": (OrderFilter(status_folded="none"), NEWEST, range(0), 0),
    "order_id": (OrderFilter(order_id_folded="o5000"), NEWEST, range(5000, 4999, -1), 1),
    "order_number": (OrderFilter(order_number_folded="n5000"), NEWEST, range(5000, 4999, -1), 1),
    "integration, of most": (OrderFilter(integration_ids=[1]), NEWEST, IN_FIRST[:SIZE], SIZE),
    "integration, of few": (OrderFilter(integration_ids=[3]), NEWEST, range(1009, 999, -1), 10),
    "two integrations": (OrderFilter(integration_ids=[2, 3]), NEWEST, IN_SECOND[:SIZE], 2 * FEW + NEARBY),
    "the day's changes": (
        OrderFilter(updated_from=minute(94_900)),
        NEWEST,
        range(95_000, 94_899, -1),
        5 * SIZE,
    ),
    "an old day": (
        OrderFilter(ordered_from=minute(10_000), ordered_before=minute(10_500)),
        NEWEST,
        range(10_499, 10_398, -1),
        1000 + SIZE,
    ),
    "since the beginning": (OrderFilter(ordered_from=FIRST_DAY), NEWEST, range(95_000, 94_899, -1), FEW + 4 * SIZE),
    "until the end": (OrderFilter(updated_to=minute(95_000)), NEWEST, range(95_000, 94_899, -1), FEW + 4 * SIZE),
    "a time, sorted by it": (
        OrderFilter(ordered_from=minute(10_000)),
        page("order_created_at", "-pk"),
        range(10_000, 10_101),
        SIZE + 1,
    ),
    "few of a status, sorted otherwise": (
        OrderFilter(status_folded="odd"),
        page("order_created_at", "-pk"),
        range(1000, 1010),
        30,
    ),
    "most of a status, sorted otherwise": (
        OrderFilter(status_folded="unfulfilled"),
        page("-order_created_at", "-pk"),
        range(95_000, 94_899, -1),
        FEW + 4 * SIZE,
    ),
    "a status in an integration, few": (
        OrderFilter(status_folded="shipped", integration_ids=[3]),
        NEWEST,
        range(0),
        FEW + 3 * SIZE,
    ),
    "a status on an old day": (
        OrderFilter(status_folded="shipped", ordered_from=minute(10_000), ordered_before=minute(10_500)),
        NEWEST,
        range(10_499, 10_398, -1),
        FEW + 1000 + 2 * SIZE,
    ),
    # Nothing helps but to sort what the filter leaves.
    "far away in the order of the list": (
        OrderFilter(status_folded="shipped"),
        page("-order_created_at", "-pk"),
        range(76_000, 75_899, -1),
        FEW + NEARBY + 76_000 + SIZE,
    ),
}


@pytest.mark.parametrize("analyze", [False, True])
def test_a_page_touches_little_more_than_its_rows(database_url, analyze):
    async def read(conninfo: str, plans: str) -> dict[str, tuple[list[int], int]]:
        async with await Connection.connect(conninfo, autocommit=True, context=with_columns()) as connection:
            await connection.execute(f"SET plan_cache_mode = {plans}".encode())
            seen = {}
            for name, (wanted, asked, *_) in CASES.items():
                tx = CountingTx(connection)
                seen[name] = [row.id for row in await find_orders(tx, 1, wanted, asked)], tx.touched
            return seen

    with filled(database_url, analyze=analyze) as conninfo:
        options = connection_options(conninfo, lock_timeout_ms=1000)
        for plans in ("force_custom_plan", "force_generic_plan"):
            seen = asyncio.run(read(options, plans))
            assert {name: ids for name, (ids, _) in seen.items()} == {
                name: list(case[2]) for name, case in CASES.items()
            }
            dear = {name: rows for name, (_, rows) in seen.items() if rows > CASES[name][3]}
            assert dear == {}, plans
