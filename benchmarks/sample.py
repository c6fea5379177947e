"""The orders of a run: batches of 100, each as a request body and, the same orders, as rows of the table.

Both are templates. What makes a batch a new one (its number) and an order a changed one (its status) has a place of
fixed width in them, so that the load generator puts it in with one replacement and computes nothing.
"""

import json
import random
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import msgspec
from psycopg.types.numeric import Int8

from orderdock import limits
from orderdock.http.explain import BodyReader
from orderdock.orders.merge import encode_order
from orderdock.orders.project import Projection, project
from orderdock.orders.schema import OrderIn

BATCH = limits.orders_per_batch_max
INTEGRATION_ID = 1
STATUSES = ("shipped", "pending", "on-hold", "partial", "packing", "waiting")
"""Of one width; the first is what orders begin with."""

_NORTHWIND = Path(__file__).parents[2] / "shared/data/northwind-orders.ndjson"
_NUMBER = "@@@@@@@@"
_STATUS = "?" * len(STATUSES[0])
_ORDER_BYTES = 2200
_TEMPLATES = 8

_reader: BodyReader[list[OrderIn]] = BodyReader(list[OrderIn])


@dataclass(frozen=True)
class Batch:
    """A hundred orders, as a client sends them and as the table holds them."""

    request: bytes
    integration_ids: list[Int8]
    order_ids: list[str]
    docs: list[str]
    projections: list[Projection]

    def sent(self, number: int, status: str = STATUSES[0]) -> bytes:
        """The bytes of the request that stores this batch under a number."""
        return self.request.replace(_NUMBER.encode(), b"%08d" % number).replace(_STATUS.encode(), status.encode())

    def columns(self, number: int, status: str = STATUSES[0]) -> dict[str, list[Any]]:
        """The same as one array a column."""

        def filled(texts: Iterator[str] | list[str]) -> list[str]:
            return [text.replace(_NUMBER, digits) for text in texts]

        digits = f"{number:08d}"
        return {
            "integration_ids": self.integration_ids[:1],
            "id": [None] * len(self.docs),
            "integration_id": self.integration_ids,
            "order_id": filled(self.order_ids),
            "doc": [doc.replace(_STATUS, status) for doc in filled(self.docs)],
            "order_number": filled(each.order_number for each in self.projections),
            "order_id_folded": filled(each.order_id_folded for each in self.projections),
            "order_number_folded": filled(each.order_number_folded for each in self.projections),
            "status_folded": [status] * len(self.docs),
            "ordered_at": [each.ordered_at for each in self.projections],
            "shop_updated_at": [each.shop_updated_at for each in self.projections],
        }


def request(method: str, path: str, keys: tuple[str, str] | None, body: bytes = b"") -> bytes:
    """The bytes of a request of the API, as a client would send them."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "User-Agent: benchmarks", "Accept: application/json"]
    if keys is not None:
        lines.append("Authorization: Basic " + b64encode(":".join(keys).encode()).decode())
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def make_batches(keys: tuple[str, str]) -> list[Batch]:
    """Different batches; a run uses them in turn."""
    sources = cycle(_northwind() if _NORTHWIND.exists() else _made_up(_TEMPLATES * BATCH))
    return [_batch(keys, list(islice(sources, BATCH)), sources) for _ in range(_TEMPLATES)]


def _batch(keys: tuple[str, str], orders: list[dict[str, Any]], more: Iterator[dict[str, Any]]) -> Batch:
    body = msgspec.json.encode([_fitted(order, index, more) for index, order in enumerate(orders)])
    read = _reader.read(body, depth_max=limits.json_depth_max, strict=True).value
    docs = [encode_order(order) for order in read]
    return Batch(
        request("POST", "/api/v3/orders", keys, body),
        [Int8(INTEGRATION_ID)] * len(docs),
        [order.order_id for order in read],
        docs,
        [project(doc) for doc in docs],
    )


def _fitted(order: dict[str, Any], index: int, more: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """One order with places for number and status, and with as many lines as its size asks for."""
    lines = list(order["order_details"]["order_items"])
    fitted = order | {
        "order_id": f"{_NUMBER}-{index:02}",
        "order_number": f"NW-{_NUMBER}-{index:02}",
        "order_details": order["order_details"]
        | {"integration": {"id": INTEGRATION_ID}, "status": {"code": _STATUS}, "order_items": lines},
    }
    while len(msgspec.json.encode(fitted)) < _ORDER_BYTES - 100:
        lines.append(next(more)["order_details"]["order_items"][0])
    while len(msgspec.json.encode(fitted)) > _ORDER_BYTES + 200 and len(lines) > 1:
        lines.pop()
    return fitted


def _northwind() -> list[dict[str, Any]]:
    return [json.loads(line) for line in _NORTHWIND.read_text().splitlines()]


def _made_up(count: int) -> Iterator[dict[str, Any]]:
    """Orders like those of a small food shop, the same in every run."""
    chance = random.Random(1)
    goods = "Queso Cabrales", "Mozzarella di Giovanni", "Gravad lax", "Pâté chinois", "Röd Kaviar", "Singaporean Mee"
    places = ("Reims", "51100", "FR"), ("Münster", "44087", "DE"), ("Oss", "5341TW", "NL"), ("Graz", "8010", "AT")
    for number in range(count):
        city, postal_code, country_code = chance.choice(places)
        price = {"value": chance.randint(100, 99_999) / 100, "currency": "EUR"}
        address = {
            "name": f"Karin Josephs {number}",
            "company_name": "Vins et alcools Chevalier",
            "address_line_1": f"{chance.randint(1, 99)} rue de l'Abbaye",
            "postal_code": postal_code,
            "city": city,
            "country_code": country_code,
        }
        day = f"2024-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        yield {
            "order_details": {
                "order_created_at": f"{day}T09:00:00Z",
                "order_updated_at": f"{day}T17:00:00Z",
                "order_items": [
                    {
                        "item_id": f"{number}-{line}",
                        "product_id": str(chance.randint(1, 77)),
                        "name": chance.choice(goods),
                        "description": "10 boxes x 20 bags",
                        "sku": f"NW-{chance.randint(1, 77):03}",
                        "quantity": chance.randint(1, 40),
                        "unit_price": price,
                        "total_price": price,
                    }
                    for line in range(3)
                ],
                "tags": [country_code.lower()],
            },
            "payment_details": {
                "total_price": price,
                "subtotal_price": price,
                "estimated_shipping_price": price,
                "status": {"code": "paid", "message": "Paid"},
            },
            "customer_details": {"name": address["name"], "phone_number": "0251-031259"},
            "shipping_address": address,
            "billing_address": address,
            "shipping_details": {"delivery_indicator": "Speedy Express"},
        }
