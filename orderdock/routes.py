"""Every URL on one page: method, path, handler, scope; and what the API document says of it."""

from orderdock import examples, limits
from orderdock.accounts import api as accounts
from orderdock.accounts.schema import Metadata
from orderdock.errors import (
    Conflict,
    Invalid,
    InvalidCursor,
    KeyReused,
    NotFound,
    PreconditionFailed,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from orderdock.http import explorer, files, health, openapi
from orderdock.http.call import ANY_SCOPE
from orderdock.http.endpoint import Endpoint, Parameter
from orderdock.http.health import Health
from orderdock.http.pointers import batch_pointer, order_pointer
from orderdock.integrations import api as integrations
from orderdock.integrations.schema import Integration, IntegrationPatch
from orderdock.orders import api as orders
from orderdock.orders.readers import OrderBatch
from orderdock.orders.schema import Order, OrderOut, OrderRef

_BODY = (Invalid, TooLarge, UnsupportedMediaType)
_TEXT = {"type": "string"}
_DATE = {"type": "string", "examples": ["2023-04-28", "2023-04-28T10:00:00Z"]}

_ORDER_FILTERS = (
    Parameter("integration", "Ids of integrations, separated by commas.", {"type": "string", "examples": ["1"]}),
    Parameter("order_number", "Orders with this number, whatever its letter case.", _TEXT),
    Parameter("order_id", "Orders with this id of the shop, whatever its letter case.", _TEXT),
    Parameter("status", "Orders with this status code, whatever its letter case.", _TEXT),
    Parameter("order_created_at", "Orders placed on this day (UTC).", _DATE),
    Parameter("order_created_at_min", "Orders placed at or after this day or time.", _DATE),
    Parameter("order_created_at_max", "Orders placed at or before this day or time.", _DATE),
    Parameter("order_updated_at", "Orders that the shop changed on this day (UTC).", _DATE),
    Parameter("order_updated_at_min", "Orders that the shop changed at or after this day or time.", _DATE),
    Parameter("order_updated_at_max", "Orders that the shop changed at or before this day or time.", _DATE),
    Parameter(
        "sort",
        "integration, order_number, order_created_at, order_updated_at or pk, with - before it for descending; "
        "several separated by commas. Anything else sorts by -pk.",
        _TEXT,
    ),
    Parameter(
        "page_size",
        f"Orders on a page; above {limits.page_size_max} means {limits.page_size_max}.",
        {"type": "integer", "minimum": 1, "default": limits.page_size_default},
    ),
    Parameter("cursor", "Where the page begins, from the Link header of another page.", _TEXT),
)
_LINK = Parameter("Link", "The pages before (prev) and after (next) this one.", _TEXT, "header")
_PREFER = Parameter(
    "Prefer",
    "return=representation answers whole orders; handling=strict refuses members that are not known.",
    _TEXT,
    "header",
)
_IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    f"1 to {limits.key_chars_max} visible ASCII characters, drawn for this request: a repetition within "
    f"{limits.idempotency_hours} hours gets the first answer again.",
    _TEXT,
    "header",
)
_REPLAYED = Parameter("Idempotent-Replayed", "true when this answer was given before.", _TEXT, "header")
_IF_MATCH = Parameter("If-Match", "The ETag of the order that is meant, or *.", _TEXT, "header")
_IF_NONE_MATCH = Parameter("If-None-Match", "The ETag of the order that is known.", _TEXT, "header")
_ETAG = Parameter("ETag", "Changes whenever the order does.", _TEXT, "header")
_PARTNER = Parameter("Sendcloud-Partner-Id", "The UUID of a partner.", {"type": "string", "format": "uuid"}, "header")
_IGNORED = Parameter("Orderdock-Ignored-Fields", "Members of the body that are not known.", _TEXT, "header")

_API = (
    Endpoint(
        "GET",
        "/api/v3/orders",
        orders.list_orders,
        "read:order",
        data=list[OrderOut],
        parameters=_ORDER_FILTERS,
        headers=(_LINK,),
        problems=(Invalid, InvalidCursor),
        fault=examples.DATE_FAULT,
    ),
    Endpoint(
        "POST",
        "/api/v3/orders",
        orders.upsert_orders,
        "write:order",
        openapi_status=201,
        body=OrderBatch,
        data=list[OrderRef] | list[OrderOut],
        parameters=(_PREFER, _PARTNER, _IDEMPOTENCY_KEY),
        headers=(_IGNORED, _REPLAYED),
        problems=(*_BODY, Conflict, KeyReused),
        fault=examples.BATCH_FAULT,
        pointer=batch_pointer,
    ),
    Endpoint("POST", "/api/v3/orders/create-label-sync", orders.create_label, "write:order", documented=False),
    Endpoint("POST", "/api/v3/orders/create-labels-async", orders.create_label, "write:order", documented=False),
    Endpoint(
        "GET",
        "/api/v3/orders/{id}",
        orders.get_order,
        "read:order",
        data=OrderOut,
        parameters=(_IF_NONE_MATCH,),
        headers=(_ETAG,),
        not_modified=True,
        problems=(Invalid, NotFound),
        fault=examples.ENTITY_TAG_FAULT,
    ),
    Endpoint(
        "PATCH",
        "/api/v3/orders/{id}",
        orders.patch_order,
        "write:order",
        body=Order,
        data=OrderRef | OrderOut,
        parameters=(_PREFER, _IF_MATCH, _IDEMPOTENCY_KEY),
        headers=(_IGNORED, _ETAG, _REPLAYED),
        problems=(*_BODY, NotFound, Conflict, PreconditionFailed, KeyReused),
        fault=examples.PATCH_FAULT,
        pointer=order_pointer,
    ),
    Endpoint(
        "DELETE",
        "/api/v3/orders/{id}",
        orders.delete_order,
        "write:order",
        204,
        parameters=(_IF_MATCH,),
        problems=(Invalid, NotFound, Conflict, PreconditionFailed),
        fault=examples.ENTITY_TAG_FAULT,
    ),
    Endpoint(
        "GET",
        "/api/v3/integrations",
        integrations.list_integrations,
        "read:integration",
        data=list[Integration],
        parameters=(
            Parameter(
                "sort",
                "integration_type, created_at, updated_at, last_fetch or failing_since; - before it for descending.",
                _TEXT,
            ),
        ),
        problems=(Invalid,),
        fault=examples.QUERY_FAULT,
    ),
    Endpoint(
        "GET",
        "/api/v3/integrations/{id}",
        integrations.get_integration,
        "read:integration",
        data=Integration,
        problems=(NotFound,),
    ),
    Endpoint(
        "PATCH",
        "/api/v3/integrations/{id}",
        integrations.patch_integration,
        "write:integration",
        204,
        body=IntegrationPatch,
        headers=(_IGNORED,),
        problems=(*_BODY, NotFound, Conflict),
        fault=examples.INTEGRATION_FAULT,
    ),
    Endpoint(
        "DELETE",
        "/api/v3/integrations/{id}",
        orders.delete_integration,
        "write:integration",
        204,
        problems=(NotFound, Conflict),
    ),
    Endpoint("GET", "/api/v3/user/auth/metadata", accounts.get_metadata, ANY_SCOPE, data=Metadata),
    Endpoint("GET", "/healthz", health.get_health, None, data=Health),
    Endpoint("GET", "/readyz", health.get_readiness, None, data=Health, problems=(Unavailable,)),
)

ENDPOINTS = (
    *_API,
    Endpoint("GET", "/api/v3/openapi.json", openapi.describe(_API, examples.EXAMPLES), None, documented=False),
    Endpoint("GET", "/docs", explorer.get_explorer, None, documented=False),
    Endpoint("GET", "/static/{path:path}", files.get_file, None, documented=False),
)
"""Every endpoint there is. What is not here is a 404; what has no scope is open to everybody."""
