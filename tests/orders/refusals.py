"""What a refused write of orders looks like: its whole body, and that nothing was written."""

from typing import Any

import httpx2

from tests.support import Account, Db

FIRST, SECOND, THIRD = (f"/data/attributes/[{index}]" for index in range(3))

Error = dict[str, Any]


def error(pointer: str | None, detail: str, order_id: str | None = "a", **changes: str) -> Error:
    """One error of a refused batch; `order_id` is that of the order it is about, None when it cannot be read."""
    body: Error = {"status": "400", "code": "invalid", "title": "Invalid", "detail": detail, **changes}
    if pointer is not None:
        body["source"] = {"pointer": pointer}
    if order_id is not None:
        body["meta"] = {"order_id": order_id}
    return body


def stored(db: Db, *accounts: Account) -> list[Any]:
    """Everything that a write of orders could change: the orders with their times, and how many rows there are."""
    return [(account.found(page_size=200), db.count("orders", account.id)) for account in accounts]


def assert_refused(answer: httpx2.Response, *expected: Error, status: int = 400) -> None:
    """The answer holds exactly these errors."""
    assert (answer.status_code, answer.json()) == (status, {"errors": list(expected)})
