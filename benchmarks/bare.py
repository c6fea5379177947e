"""The limit of reading: the smallest ASGI function that runs the same queries and sends the stored text.

No routing, keys, checks or request ids; run by the same uvicorn. BENCHMARKS_CONNINFO names the database.
"""

import os
from typing import Any, LiteralString

from psycopg import AsyncConnection

_LIST: LiteralString = """
    SELECT o.id, o.created_at, o.modified_at, o.doc
      FROM orders AS o
     WHERE o.account_id = %s
     ORDER BY o.id DESC
     LIMIT %s
"""
_ONE: LiteralString = """
    SELECT o.id, o.created_at, o.modified_at, o.doc
      FROM orders AS o
     WHERE o.account_id = %s AND o.id = %s
"""
_CONNECTIONS = 10

_idle: list[AsyncConnection[Any]] = []


async def app(scope: Any, receive: Any, send: Any) -> None:
    """GET / is a list of 100 orders, GET /ID is one of them."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    wanted = scope["path"][1:]
    connection = _idle.pop()
    async with connection.cursor(binary=True) as cursor:
        await cursor.execute(*((_ONE, (1, int(wanted))) if wanted else (_LIST, (1, 101))), prepare=True)
        rows = await cursor.fetchall()
    _idle.append(connection)
    docs = ",".join([row[3] for row in rows[:100]])
    body = ('{"data":' + docs + "}" if wanted else '{"data":[' + docs + "]}").encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Any, send: Any) -> None:
    await receive()
    conninfo = os.environ["BENCHMARKS_CONNINFO"]
    _idle.extend([await AsyncConnection.connect(conninfo, autocommit=True) for _ in range(_CONNECTIONS)])
    await send({"type": "lifespan.startup.complete"})
    await receive()
    for connection in _idle:
        await connection.close()
    await send({"type": "lifespan.shutdown.complete"})
