"""Every entry of the tables beside this file: answered soon, as the table says, in the envelope, and nothing stored.

The server's own log is looked at when it stops (conftest.py): it holds no traceback either.
"""

import base64
import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.http.hostile import bodies, headers, paths, queries, raw
from tests.http.hostile.entry import CODES, Answer, Entry, RawEntry, read_answers
from tests.support import Account, Db, make_account

SOON_S = 5.0
ANSWER_BYTES_MAX = 1_000_000

INTERNALS = re.compile(
    rb"Traceback|\.py\b|psycopg|msgspec|starlette|uvicorn|httptools|asyncio|0x[0-9a-f]{6}|site-packages"
)

TABLES = {"bodies": bodies, "headers": headers, "paths": paths, "queries": queries}
ENTRIES = [pytest.param(entry, id=f"{name}: {entry.name}") for name, table in TABLES.items() for entry in table.ENTRIES]


@pytest.fixture(scope="module")
def account(db: Db, server: str) -> Iterator[Account]:
    account = make_account(db, server)
    with account.client:
        yield account


@pytest.fixture(scope="module")
def order_id(account: Account) -> int:
    """The order that every entry finds, and leaves as it is."""
    return account.create(account.order("kept"))[0]


@pytest.fixture(autouse=True)
def only_that_order(db: Db, account: Account, order_id: int) -> Iterator[None]:
    yield
    db.connection.execute("DELETE FROM orders WHERE account_id = %s AND id <> %s", [account.id, order_id])


def state(db: Db, account: Account) -> set[tuple[str, int, str]]:
    """All that an account has: table, id and the whole row as text."""
    tables = ("orders", "deleted_orders", "integrations", "deleted_integrations")
    rows = (f"SELECT '{table}', t.id, t::text FROM {table} AS t WHERE account_id = {account.id}" for table in tables)
    return set(db.rows(" UNION ALL ".join(rows)))


def exchange(server: str, parts: list[bytes], method: str = "GET", ending: str = "wait") -> list[Answer]:
    """Send parts over a connection of their own, and read until the server closes it."""
    url = urlsplit(server)
    received = b""
    with socket.create_connection((url.hostname, url.port), timeout=SOON_S) as connection:
        try:
            for part in parts:
                connection.sendall(part)
                if part is not parts[-1]:
                    time.sleep(0.02)
            if ending == "half":
                connection.shutdown(socket.SHUT_WR)
            elif ending == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                return []
        except (BrokenPipeError, ConnectionResetError):
            pass  # it was answered before all was sent
        try:
            while more := connection.recv(2**20):
                received += more
        except ConnectionResetError:
            pass
    return read_answers(received, method)


def assert_in_envelope(answer: Answer, method: str, kind: str = "application/json") -> None:
    assert answer.status < 500 or answer.status == 505  # a version of HTTP that nobody speaks here
    assert len(answer.body) <= ANSWER_BYTES_MAX
    assert not INTERNALS.search(answer.body), answer.body[:2000]
    assert re.fullmatch("[!-~]{1,128}", answer.headers["x-request-id"])
    if answer.status == 204 or (method == "OPTIONS" and answer.status == 200):
        assert answer.body == b""
        return
    assert answer.headers["content-type"] == kind
    if kind != "application/json" or method == "HEAD":
        return
    body = json.loads(answer.body)
    if answer.status < 400:
        assert set(body) == {"data"}
        return
    assert set(body) == {"errors"}
    assert body["errors"]
    for error in body["errors"]:
        assert error["status"] == str(answer.status)
        assert {"status", "code", "title", "detail"} <= set(error)
        assert set(error) <= {"status", "code", "title", "detail", "source", "meta"}


def filled(text: str, account: Account, order_id: int) -> str:
    return text.replace("<order>", str(order_id)).replace("<shop>", str(account.i1))


def member(order: Any, path: str) -> Any:
    """The value at a dotted path; None where nothing is stored."""
    for step in path.split("."):
        order = order[int(step)] if isinstance(order, list) else order.get(step)
    return order


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_hostile_request_is_answered_as_the_table_says(entry: Entry, server, db, account, order_id):
    key = base64.b64encode(f"{account.public_key}:{account.secret_key}".encode()).decode()
    before = state(db, account)
    began = time.monotonic()
    [answer] = exchange(server, [entry.request(account, order_id, key)], entry.method)
    took_s = time.monotonic() - began

    assert answer.status == entry.status, answer.body[:2000]
    assert_in_envelope(answer, entry.method, entry.kind)
    assert took_s < SOON_S
    for name, value in entry.sent_back.items():
        assert answer.headers[name] == value.replace("<server>", urlsplit(server).netloc)
    if answer.status >= 400 and entry.method != "HEAD":
        errors = json.loads(answer.body)["errors"]
        assert errors[0]["code"] == (entry.code or CODES[answer.status])
        if entry.faults is not None:
            found = [(next(iter(error.get("source", {}).values()), None), error["detail"]) for error in errors]
            assert [place for place, _ in found] == [place for place, _ in entry.faults]
            for (_, detail), (_, expected) in zip(found, entry.faults, strict=True):
                assert detail == filled(expected, account, order_id) or not expected
    if entry.stored is None:
        assert state(db, account) == before
    else:
        after = state(db, account)
        [(table, new_id, _)] = after - before
        assert (table, before - after) == ("orders", set())
        shown = account.show(new_id)
        assert {path: member(shown, path) for path in entry.stored} == entry.stored


@pytest.mark.parametrize("entry", [pytest.param(entry, id=entry.name) for entry in raw.ENTRIES])
def test_hostile_bytes_are_answered_in_the_envelope_or_not_at_all(entry: RawEntry, server, db, account, order_id):
    key = base64.b64encode(f"{account.public_key}:{account.secret_key}".encode())
    parts = [part.replace(b"<key>", key).replace(b"<shop>", b"%d" % account.i1) for part in entry.parts]
    before = state(db, account)
    began = time.monotonic()
    answers = exchange(server, parts, entry.method, entry.ending)
    took_s = time.monotonic() - began

    assert tuple(answer.status for answer in answers) in entry.statuses, [answer.body[:500] for answer in answers]
    for answer in answers:
        if answer.status >= 200:
            assert_in_envelope(answer, entry.method)
    assert took_s < SOON_S
    assert account.client.get("/user/auth/metadata").status_code == 200
    assert state(db, account) == before
