"""From an order to the columns that it is filtered and sorted by: the only place that knows how."""

from hashlib import sha256
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from orderdock import limits


class Projection(NamedTuple):
    """What the list needs of an order; the names are those of the columns. Times are canonical text."""

    order_number: str
    order_id_folded: str
    order_number_folded: str
    status_folded: str
    ordered_at: str
    shop_updated_at: str


class _Status(Struct):
    code: str


class _Details(Struct):
    status: _Status
    order_created_at: str
    order_updated_at: str | None = None


class _Listed(Struct):
    order_id: str
    order_number: str
    order_details: _Details


_listed = msgspec.json.Decoder(_Listed).decode


def project(doc: str) -> Projection:
    """Give the columns of a stored order."""
    return project_order(_listed(doc))


def project_order(order: Any) -> Projection:
    """Give the columns of an order that was read and has all that a new one must have: an Order, or what lists need."""
    details = order.order_details
    return Projection(
        order.order_number,
        fold(order.order_id),
        fold(order.order_number),
        fold(details.status.code),
        details.order_created_at,
        # A client that polls for changes must not miss an order whose shop names no time of update.
        details.order_updated_at or details.order_created_at,
    )


def fold(text: str) -> str:
    """Give the form in which a filter compares text: case folded as Unicode says, bounded for the index."""
    folded = text.casefold()
    return folded if len(folded) <= limits.key_chars_max else sha256(folded.encode()).hexdigest()
