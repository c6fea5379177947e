"""JSON endpoints of accounts: what a key is for."""

from starlette.responses import Response

from orderdock.accounts import store
from orderdock.accounts.schema import Metadata
from orderdock.http.call import Call
from orderdock.http.reply import reply


async def get_metadata(call: Call) -> Response:
    """GET /api/v3/user/auth/metadata: which account a key belongs to, and the first integration of it.

    Clients use it to test their keys. Source: behaviour 2.9.
    """
    async with call.db.connection() as tx:
        integration_id = await store.find_first_integration(tx, call.caller.account_id)
    return reply(Metadata(user_id=call.caller.account_id, integration_id=integration_id))
