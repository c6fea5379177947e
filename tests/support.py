"""What tests share: a server to talk to, accounts to talk as, and the contract's orders."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
import psycopg
from psycopg import sql

ORDERDOCK = str(Path(sys.executable).with_name("orderdock"))

# Long enough that a busy machine does not see conflicts where there are none, short enough to wait for one.
CONFLICT_WAIT_MS = 1500


class Db:
    """Looks into the database from outside, as an administrator could."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(query.encode(), values).fetchall()

    def count(self, table: str, account_id: int) -> int:
        query = sql.SQL("SELECT count(*) FROM {} WHERE account_id = %s").format(sql.Identifier(table))
        return self.connection.execute(query, [account_id]).fetchone()[0]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serving(log: Path, *options: str, **environment: str) -> Iterator[str]:
    """Run `orderdock serve` on a free port; gives its URL. Its output is in `log`."""
    port = free_port()
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ORDERDOCK_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [ORDERDOCK, "serve", "--port", str(port), *options],
            env={**inherited, **environment},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_ready(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def wait_until_ready(url: str, process: subprocess.Popen, log: Path, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            if httpx2.get(f"{url}/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.02)
    raise AssertionError(log.read_text())


@dataclass
class Account:
    """An account with two integrations and a key, and a client that uses it."""

    id: int
    i1: int
    i2: int
    public_key: str
    secret_key: str
    client: httpx2.Client

    def post(self, batch: Any, **options: Any) -> httpx2.Response:
        """POST a batch to /orders."""
        return self.client.post("/orders", json=batch, **options)

    def post_raw(self, body: bytes | str, path: str = "/orders", **headers: str) -> httpx2.Response:
        """POST bytes as they are, as JSON unless a header says otherwise (names with _ for -)."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body.encode() if isinstance(body, str) else body
        return self.client.post(path, content=content, headers={"content-type": "application/json"} | named)

    def found(self, **parameters: Any) -> list[dict[str, Any]]:
        """The orders of GET /orders."""
        answer = self.client.get("/orders", params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def get(self, order_id: int | str) -> httpx2.Response:
        """GET one order."""
        return self.client.get(f"/orders/{order_id}")

    def show(self, order_id: int) -> dict[str, Any]:
        """One order as it is stored now."""
        answer = self.get(order_id)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def patch(self, order_id: int | str, body: Any, **options: Any) -> httpx2.Response:
        """PATCH one order."""
        return self.client.patch(f"/orders/{order_id}", json=body, **options)

    def create(self, *orders: dict[str, Any]) -> list[int]:
        """Store orders and give their ids."""
        answer = self.post(list(orders))
        assert answer.status_code in (200, 201), answer.text
        return [ref["id"] for ref in answer.json()["data"]]

    def order(self, order_id: str = "a", changes: dict[str, Any] | None = None) -> dict[str, Any]:
        """The contract's minimal order O(order_id) of integration I1, see an_order()."""
        return an_order(order_id, self.i1, changes)


def make_account(db: Db, server: str, *, profile: str | None = None, scopes: list[str] | None = None) -> Account:
    """An account with two integrations and a key."""
    run = db.connection.execute
    account_id = run("INSERT INTO accounts (name) VALUES ('test') RETURNING account_id").fetchone()[0]
    i1, i2 = (
        run(
            "INSERT INTO integrations (account_id, shop_name, type) VALUES (%s, %s, 'api') RETURNING id",
            [account_id, name],
        ).fetchone()[0]
        for name in ("I1", "I2")
    )
    public_key, secret_key = make_key(db, account_id, profile=profile, scopes=scopes)
    client = httpx2.Client(base_url=f"{server}/api/v3", auth=(public_key, secret_key), timeout=60, verify=False)
    return Account(account_id, i1, i2, public_key, secret_key, client)


def make_key(
    db: Db, account_id: int, *, profile: str | None = None, scopes: list[str] | None = None
) -> tuple[str, str]:
    """A key of an account: public and secret."""
    public_key, secret_key = secrets.token_hex(16), secrets.token_hex(32)
    db.connection.execute(
        "INSERT INTO api_keys (account_id, name, public_key, secret_sha256, profile, scopes)"
        " VALUES (%s, 'test', %s, %s, %s, %s)",
        [account_id, public_key, sha256(secret_key.encode()).digest(), profile, scopes or ["api"]],
    )
    return public_key, secret_key


DROP = object()
"""As a value of an_order(): leave this member out."""


def an_order(order_id: str, integration_id: int, changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The contract's minimal valid order O(x); `changes` maps dotted paths to values, or to DROP.

    an_order("a", 1, {"order_details.order_items.0.quantity": 2, "payment_details": DROP})
    """
    order: dict[str, Any] = {
        "order_id": order_id,
        "order_number": f"N-{order_id}",
        "order_details": {
            "integration": {"id": integration_id},
            "status": {"code": "unfulfilled"},
            "order_created_at": "2024-05-01T10:00:00Z",
            "order_items": [{"name": "Candle", "quantity": 1, "total_price": {"value": 3.5, "currency": "EUR"}}],
        },
        "payment_details": {"total_price": {"value": 3.5, "currency": "EUR"}, "status": {"code": "paid"}},
    }
    for path, value in (changes or {}).items():
        *steps, last = path.split(".")
        place: Any = order
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        key: Any = int(last) if isinstance(place, list) else last
        if value is DROP:
            del place[key]
        else:
            place[key] = value
    return order


AN_ADDRESS = {
    "name": "Jane Doe",
    "address_line_1": "Stadhuisplein",
    "house_number": "15",
    "postal_code": "5341TW",
    "city": "Oss",
    "country_code": "NL",
}


def errors(answer: httpx2.Response) -> list[tuple[str | None, str]]:
    """Where and what, for each error of a refusal."""
    return [(_place(error), error["detail"]) for error in answer.json()["errors"]]


def _place(error: dict[str, Any]) -> str | None:
    return next(iter(error.get("source", {}).values()), None)
