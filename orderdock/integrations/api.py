"""JSON endpoints of /integrations."""

from collections.abc import Sequence

from starlette.responses import Response

from orderdock.http.call import Call
from orderdock.http.explain import BodyReader
from orderdock.http.reply import ignored_fields_header, no_content, reply
from orderdock.integrations import store
from orderdock.integrations.schema import Integration, IntegrationPatch
from orderdock.integrations.store import IntegrationRow
from orderdock.integrations.update import update_integration

_patch = BodyReader(IntegrationPatch)

SORTS = {
    "integration_type": "type",
    "created_at": "created_at",
    "updated_at": "updated_at",
    "last_fetch": "last_fetched_at",
    "failing_since": "started_failing_at",
}
"""What the list can be sorted by, and the column that holds it."""


async def list_integrations(call: Call) -> Response:
    """GET /api/v3/integrations: all integrations of the account, on one page.

    Source: behaviour 2.5.
    """
    async with call.db.connection() as tx:
        rows = await store.find_integrations(tx, call.caller.account_id)
    return reply([Integration.from_row(row) for row in _sorted(rows, dict(call.query).get("sort", ""))])


def _sorted(rows: Sequence[IntegrationRow], sort: str) -> list[IntegrationRow]:
    """Sort by one or more names, the first one first; those without a value come last, either way."""
    names = [name.strip() for name in sort.split(",") if name.strip()]
    if not names or any(name.removeprefix("-") not in SORTS for name in names):
        names = ["last_fetch", "created_at"]
    result = sorted(rows, key=lambda row: row.id)
    for name in reversed(names):
        column = SORTS[name.removeprefix("-")]
        known = [row for row in result if getattr(row, column) is not None]
        known.sort(key=lambda row, column=column: getattr(row, column), reverse=name.startswith("-"))
        result = known + [row for row in result if getattr(row, column) is None]
    return result


async def get_integration(call: Call) -> Response:
    """GET /api/v3/integrations/{id}: one integration. Raises NotFound.

    Source: behaviour 2.5.
    """
    async with call.db.connection() as tx:
        row = await store.get_integration(tx, call.caller.account_id, call.path_id())
    return reply(Integration.from_row(row))


async def patch_integration(call: Call) -> Response:
    """PATCH /api/v3/integrations/{id}: change the settings that are sent. Raises NotFound and Invalid.

    Source: behaviour 2.5.
    """
    reading = await call.read(_patch)
    await call.db.transact(lambda tx: update_integration(tx, call.caller.account_id, call.path_id(), reading))
    call.answer_headers.update(ignored_fields_header(reading.ignored))
    return no_content()
