"""Where a fault is, in the grammar of each family of endpoints (behaviour 1.3)."""

from collections.abc import Callable

from orderdock.errors import Path

Pointer = Callable[[Path], str]


def _escape(step: str | int) -> str:
    """Escape a member name as RFC 6901 does; what is no Unicode is shown with its code."""
    name = str(step).encode("utf-8", "backslashreplace").decode()
    return name.replace("~", "~0").replace("/", "~1")


def batch_pointer(path: Path) -> str:
    """Write a place in a batch: `/data/attributes/[0]/order_details/order_items/0/quantity`; () is the batch."""
    first, rest = path[:1], path[1:]
    return "/data/attributes/" + "/".join([*(f"[{index}]" for index in first), *map(_escape, rest)])


def order_pointer(path: Path) -> str:
    """Write a place in a PATCH of an order: `order/order_details/order_items`."""
    return "/".join(["order", *map(_escape, path)])


def data_pointer(path: Path) -> str:
    """Write a place in any other body: `/data/webhook_url`."""
    return "/".join(["/data", *map(_escape, path)])


def dotted(path: Path) -> str:
    """Write a path for people and headers: `[0].order_details.order_items[2].colour`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")
