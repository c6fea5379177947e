"""Where a fault is, in the grammar of each family of endpoints (behaviour 1.3)."""

from collections.abc import Callable

from orderdock import limits
from orderdock.errors import Path

Pointer = Callable[[Path], str]


def _join(steps: list[str | int], start: str) -> str:
    """Put steps together as RFC 6901 does, no longer than need be; what is no Unicode is shown with its code."""
    pointer = start
    for step in steps:
        name = str(step)[: limits.pointer_chars_max].encode("utf-8", "backslashreplace").decode()
        pointer += "/" + name.replace("~", "~0").replace("/", "~1")
        if len(pointer) > limits.pointer_chars_max:
            return pointer[: limits.pointer_chars_max] + "…"
    return pointer


def batch_pointer(path: Path) -> str:
    """Write a place in a batch: `/data/attributes/[0]/order_details/order_items/0/quantity`; () is the batch."""
    return (
        _join([*(f"[{index}]" for index in path[:1]), *path[1:]], "/data/attributes") if path else "/data/attributes/"
    )


def order_pointer(path: Path) -> str:
    """Write a place in a PATCH of an order: `order/order_details/order_items`."""
    return _join([*path], "order")


def data_pointer(path: Path) -> str:
    """Write a place in any other body: `/data/webhook_url`."""
    return _join([*path], "/data")


def dotted(path: Path) -> str:
    """Write a path for people and headers: `[0].order_details.order_items[2].colour`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
