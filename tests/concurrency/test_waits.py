"""Requests that wait for each other: how long, for what, and what they leave behind."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from tests.concurrency.servers import running
from tests.support import CONFLICT_WAIT_MS, Db

DEADLOCK_S = 1  # after which PostgreSQL looks for one


@pytest.fixture(scope="module")
def server(database_url, tmp_path_factory) -> Iterator[str]:
    """A server of our own: the deadlocks here are counted when it ends, and not while another test watches."""
    log = tmp_path_factory.mktemp("server") / "log"
    patience = {"ORDERDOCK_CONFLICT_WAIT_MS": str(CONFLICT_WAIT_MS)}
    with running(log, ORDERDOCK_DATABASE_URL=database_url, **patience) as one:
        yield one.url


@pytest.fixture
def together() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as threads:
        yield threads


@pytest.fixture
def others(database_url) -> Iterator[list[psycopg.Connection]]:
    """Two other users of the database, each in a transaction of its own."""
    with ExitStack() as stack:
        yield [stack.enter_context(psycopg.connect(database_url)) for _ in range(2)]


def lock(other: psycopg.Connection, order_id: int) -> None:
    assert other.execute("SELECT id FROM orders WHERE id = %s FOR UPDATE", [order_id]).fetchall()


def waiting(db: Db) -> int:
    query = """
        SELECT count(*)
          FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'orderdock' AND wait_event_type = 'Lock'
    """
    return db.rows(query)[0][0]


def start(db: Db, together: ThreadPoolExecutor, request: Callable[[], Any]) -> Future[Any]:
    """Send a request, and return when it waits."""
    before = waiting(db)
    started = together.submit(request)
    deadline = time.monotonic() + CONFLICT_WAIT_MS / 1000
    while waiting(db) == before:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return started


def test_a_deadlock_with_another_program_is_repeated_inside(a, db, others, together):
    first, second = a.create(a.order("1"), a.order("2"))
    other, _ = others
    lock(other, second)
    change = {"order_number": "x"}
    posted = start(db, together, lambda: a.post([a.order("1", change), a.order("2", change)]))
    lock(other, first)  # the server began to wait first, so it is the one that is told to give up
    other.rollback()
    assert posted.result().status_code == 200
    assert [order["order_number"] for order in a.found()] == ["x", "x"]


def test_modified_at_never_goes_back(a, db, others, together):
    """A batch that waits for one order writes another one, which was changed after the batch began."""
    first, second = a.create(a.order("1"), a.order("2"))
    other, _ = others
    lock(other, first)
    batch = [a.order("1", {"order_number": "batch"}), a.order("2", {"order_number": "batch"})]
    posted = start(db, together, lambda: a.post(batch))
    assert a.patch(second, {"order_number": "patch"}).status_code == 200
    before = a.show(second)["modified_at"]
    other.rollback()
    assert posted.result().status_code == 200
    after = a.show(second)
    assert after["order_number"] == "batch"
    assert after["modified_at"] > before


def test_c244_batches_that_create_and_update_the_same_orders_never_wait_in_a_circle(a, db, others, together):
    [template, last] = a.create(a.order("template"), a.order("4"))
    one, two = others
    insert_copy(one, template, "1")
    creating = start(db, together, lambda: a.post([a.order("1"), a.order("2"), a.order("3")]))
    a.create(a.order("3"))
    lock(two, last)
    updating = start(db, together, lambda: a.post([a.order("2"), a.order("3"), a.order("4")]))
    one.rollback()
    time.sleep(0.1)  # the first batch stores 1 and 2, and comes to 3, which the second one holds
    two.rollback()
    released = time.monotonic()
    assert [creating.result().status_code, updating.result().status_code] == [200, 200]
    assert time.monotonic() - released < DEADLOCK_S / 2


def insert_copy(other: psycopg.Connection, template: int, order_id: str) -> None:
    """Store a copy of an order under another key, as a server does that has not committed yet."""
    other.execute("CREATE TEMP TABLE copies ON COMMIT DROP AS SELECT * FROM orders WHERE id = %s", [template])
    other.execute(
        "UPDATE copies SET id = nextval('orders_id_seq'), order_id = %(key)s, order_id_folded = %(key)s",
        {"key": order_id},
    )
    other.execute("INSERT INTO orders SELECT * FROM copies")


def test_no_request_waits_longer_than_it_may(a, db, others, together):
    """A batch gets one order in time, and then has to wait for another; a PATCH has to wait for that batch."""
    ids = a.create(a.order("1"), a.order("2"))
    for other, id_ in zip(others, ids, strict=True):
        lock(other, id_)
    change = {"order_number": "changed"}
    began = time.monotonic()
    requests = [
        start(db, together, lambda: ended(lambda: a.post([a.order("1", change), a.order("2", change)]))),
        start(db, together, lambda: ended(lambda: a.patch(ids[0], change))),
    ]
    for other, share in zip(others, (0.7, 1.4), strict=True):
        time.sleep(began + share * CONFLICT_WAIT_MS / 1000 - time.monotonic())
        other.rollback()
    took_s = [each.result() for each in requests]
    assert max(took_s) < 1.2 * CONFLICT_WAIT_MS / 1000, took_s


def ended(request: Callable[[], Any]) -> float:
    """Send a request; gives the seconds until its answer."""
    began = time.monotonic()
    request()
    return time.monotonic() - began
