"""The readers of orders: one for a batch, one for a single order."""

from typing import Annotated

from msgspec import Meta

from orderdock import limits
from orderdock.http.explain import BodyReader
from orderdock.orders.schema import Order, OrderIn

OrderBatch = Annotated[list[OrderIn], Meta(max_length=limits.orders_per_batch_max)]

BATCH: BodyReader[list[OrderIn]] = BodyReader(OrderBatch, entries="Orders")
ORDER: BodyReader[Order] = BodyReader(Order)
