"""What a client can do to be a nuisance beside the requests of the tables in hostile/: others are served meanwhile."""

import threading
import time

import httpx2
import psycopg
import pytest

from orderdock import limits
from tests.support import an_order

SOON_S = 8.0  # on a busy machine; each took from 13 s to days where it is not bounded


def test_as_many_items_as_the_bound_are_stored(a):
    item = an_order("a", a.i1)["order_details"]["order_items"][0]
    [id_] = a.create(a.order("a", {"order_details.order_items": [item] * limits.items_per_order_max}))

    assert len(a.show(id_)["order_details"]["order_items"]) == limits.items_per_order_max


def test_items_that_are_not_there_are_looked_for_soon(a):
    item = an_order("a", a.i1)["order_details"]["order_items"][0]
    stored, sent = ([item | {"item_id": f"{kind}{n}"} for n in range(limits.items_per_order_max)] for kind in "ab")
    [id_] = a.create(a.order("a", {"order_details.order_items": stored}))
    before = a.show(id_)
    began = time.monotonic()
    answer = a.patch(id_, {"order_details": {"order_items": sent}})

    assert time.monotonic() - began < SOON_S
    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (400, "Could not find specified item.")
    assert a.show(id_) == before


def test_faults_beyond_all_counting_end_the_reading(a):
    orders = [a.order(str(n), {"order_details.order_items": [{}] * 10_000}) for n in range(100)]
    began = time.monotonic()
    answer = a.post(orders)

    assert time.monotonic() - began < SOON_S
    assert len(answer.json()["errors"]) == limits.errors_per_reply_max + 1
    assert answer.json()["errors"][-1]["detail"] == "at least 10000 more errors are left out"
    assert a.found() == []


def test_writers_that_wait_for_a_lock_leave_reads_alone(a, b, server, database_url):
    [locked, free] = a.create(a.order("locked"), a.order("free"))
    [theirs] = b.create(b.order("b"))
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT 1 FROM orders WHERE id = %s FOR UPDATE", [locked])
        statuses: list[int] = []

        def write() -> None:
            auth = (a.public_key, a.secret_key)
            answer = httpx2.patch(
                f"{server}/api/v3/orders/{locked}",
                json={"order_number": "x"},
                auth=auth,
                timeout=60,
                verify=False,
            )
            statuses.append(answer.status_code)

        writers = [threading.Thread(target=write) for _ in range(30)]
        for writer in writers:
            writer.start()
        time.sleep(0.5)
        began = time.monotonic()
        assert (a.get(free).status_code, b.get(theirs).status_code) == (200, 200)
        assert time.monotonic() - began < 1.2  # less than the wait for a lock
        for writer in writers:
            writer.join()
    assert set(statuses) == {409}
    assert a.show(locked)["order_number"] == "N-locked"


@pytest.mark.parametrize("header", ["x", "bytes=a-b", "bytes=99999999-", "bytes=0-1"])
def test_parts_of_files_are_answered_whole(server, header):
    url = f"{server}/static/explorer.js"
    answer = httpx2.get(url, headers={"Range": header}, verify=False)

    assert (answer.status_code, answer.content) == (200, httpx2.get(url, verify=False).content)
    assert answer.headers["X-Request-Id"]
