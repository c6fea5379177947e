"""Endpoints for those who watch over a server: alive, and ready."""

from msgspec import Struct
from starlette.responses import Response

from orderdock.db.migrate import schema_fits
from orderdock.errors import Unavailable
from orderdock.http.call import Call
from orderdock.http.reply import reply


class Health(Struct):
    """How the server is: alive, or ready to answer."""

    status: str


async def get_health(call: Call) -> Response:
    """GET /healthz: 200 as soon as the process answers."""
    return reply(Health("alive"))


async def get_readiness(call: Call) -> Response:
    """GET /readyz: 200 when the database answers and its schema is this program's. Raises Unavailable."""
    async with call.db.connection() as tx:
        if not await schema_fits(tx):
            raise Unavailable
    return reply(Health("ready"))
