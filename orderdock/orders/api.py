"""JSON endpoints of /orders."""

import re
from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from orderdock.db.pool import Tx
from orderdock.errors import Fault, Invalid, NotFound
from orderdock.http.call import Call
from orderdock.http.conditions import is_known, require_match
from orderdock.http.cursor import link_header
from orderdock.http.explain import Reading
from orderdock.http.reply import ignored_fields_header, no_content, not_modified, reply, reply_stored
from orderdock.idempotency.once import answer_once
from orderdock.orders import store
from orderdock.orders.delete import delete_integration as withdraw
from orderdock.orders.listing.page import list_orders as find_page
from orderdock.orders.listing.store import ListedOrder
from orderdock.orders.patch import patch_order as patch
from orderdock.orders.readers import BATCH, ORDER
from orderdock.orders.schema import OrderRef
from orderdock.orders.store import StoredOrder
from orderdock.orders.upsert import upsert_orders as upsert


async def upsert_orders(call: Call) -> Response:
    """POST /api/v3/orders: create or update up to 100 orders, all or none.

    Takes a JSON array of OrderIn. Gives id, order_id and order_number an order, in the order sent.
    Raises Invalid (400, every fault of every order) and Conflict (409, an order being changed).
    Source: guide, "Upserting with POST"; behaviour 3.1 to 3.3.
    """
    _refuse_bad_partner_id(call)
    reading = await call.read(BATCH)
    account_id, whole = call.caller.account_id, call.prefers("return=representation")

    async def work(tx: Tx) -> tuple[list[OrderRef], list[StoredOrder]]:
        refs = [saved.ref for saved in await upsert(tx, account_id, reading)]
        return refs, await store.get_orders(tx, account_id, [ref.id for ref in refs]) if whole else []

    def answer(saved: tuple[list[OrderRef], list[StoredOrder]]) -> Response:
        refs, rows = saved
        call.answer_headers.update(ignored_fields_header(reading.ignored))
        status = 201 if call.caller.profile == "openapi" else 200
        return reply_stored(_shown_list(call, rows), status) if whole else reply(refs, status)

    return await answer_once(call, work, answer)


async def list_orders(call: Call) -> Response:
    """GET /api/v3/orders: a page of orders; the Link header leads to its neighbours.

    Raises Invalid (400, every bad parameter) and InvalidCursor (404).
    Source: guide, "Retrieving orders"; behaviour 1.5 and 3.4.
    """
    async with call.db.connection() as tx:
        page = await find_page(tx, call.caller.account_id, call.query)
    link = link_header(call.url(), call.query, page.prev, page.next)
    return reply_stored(_shown_list(call, page.rows), headers={"Link": link} if link else None)


async def get_order(call: Call) -> Response:
    """GET /api/v3/orders/{id}: one order by our own id, or 304 when If-None-Match says that it is known.

    Raises NotFound, and Invalid (400, an If-None-Match without entity tags).
    Source: guide, "Retrieving orders"; behaviour 3.5; RFC 9110, 13.
    """
    async with call.db.connection() as tx:
        row = await store.get_order(tx, call.caller.account_id, call.path_id())
    call.answer_headers["ETag"] = _entity_tag(row)
    return not_modified() if is_known(call, _entity_tag(row)) else reply_stored(_shown(call, row))


async def patch_order(call: Call) -> Response:
    """PATCH /api/v3/orders/{id}: change some members of one order.

    Takes any part of an order; items are found by name. Gives id, order_id and order_number.
    Raises NotFound, Invalid (400, every fault), Conflict (409) and PreconditionFailed (412, If-Match).
    Source: guide, "Partial updates"; behaviour 2.3 and 3.6; RFC 9110, 13.
    """
    body = await call.parse(ORDER)
    account_id, id_, whole = call.caller.account_id, call.path_id(), call.prefers("return=representation")

    async def work(tx: Tx) -> tuple[Reading[OrderRef], StoredOrder]:
        changed = await patch(
            tx,
            account_id,
            id_,
            body,
            strict=call.strict,
            precondition=lambda row: require_match(call, _entity_tag(row)),
        )
        return changed, await store.get_order(tx, account_id, id_)

    def answer(changed_to: tuple[Reading[OrderRef], StoredOrder]) -> Response:
        changed, row = changed_to
        call.answer_headers.update(ignored_fields_header(changed.ignored))
        call.answer_headers["ETag"] = _entity_tag(row)
        return reply_stored(_shown(call, row)) if whole else reply(changed.value)

    return await answer_once(call, work, answer)


async def delete_order(call: Call) -> Response:
    """DELETE /api/v3/orders/{id}: take one order out of every listing.

    Raises NotFound, Conflict (409) and PreconditionFailed (412, If-Match).
    Source: guide, "Deleting orders"; behaviour 3.7; RFC 9110, 13.
    """
    account_id, id_ = call.caller.account_id, call.path_id()

    async def work(tx: Tx) -> None:
        if "if-match" in call.headers:
            require_match(call, _entity_tag(await store.get_order(tx, account_id, id_, lock=True)))
        await store.delete_order(tx, account_id, id_)

    await call.db.transact(work)
    return no_content()


# Here, and not with its siblings, because it is about orders too.
async def delete_integration(call: Call) -> Response:
    """DELETE /api/v3/integrations/{id}: take an integration and its orders out of every listing.

    Raises NotFound and Conflict.
    Source: behaviour 2.5.
    """
    account_id, id_ = call.caller.account_id, call.path_id()
    await call.db.transact(lambda tx: withdraw(tx, account_id, id_))
    return no_content()


async def create_label(call: Call) -> Response:
    """POST /api/v3/orders/create-label-sync and create-labels-async: labels are not made by this version.

    Raises NotFound. The paths are kept from being read as /orders/{id} (behaviour 3.5, C-188).
    """
    raise NotFound("This version of orderdock makes no labels yet.")


_is_uuid = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII).fullmatch


def _refuse_bad_partner_id(call: Call) -> None:
    sent = call.headers.get("sendcloud-partner-id")
    if sent is None:
        return
    accepted = call.settings.partner_ids
    partner_id = UUID(sent) if _is_uuid(sent) else None
    if partner_id is None or (accepted and partner_id not in accepted):
        raise Invalid([Fault(None, "The partner ID is not valid.", header="Sendcloud-Partner-Id")])


# Orders on the way out: the stored text with our own members in front


def _entity_tag(row: StoredOrder) -> str:
    return f'"{row.id}-{row.version}"'


def _shown(call: Call, row: StoredOrder | ListedOrder) -> str:
    id_ = f'"{row.id}"' if call.caller.profile == "openapi" else row.id
    return f'{{"id":{id_},"created_at":"{row.created_at}","modified_at":"{row.modified_at}",{row.doc[1:]}'


def _shown_list(call: Call, rows: Sequence[StoredOrder | ListedOrder]) -> str:
    return "[" + ",".join([_shown(call, row) for row in rows]) + "]"
