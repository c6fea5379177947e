"""Requests that meet at one order: C-242 to C-246. Locks held by the test make the meeting certain."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx2
import psycopg
import pytest

from tests.support import CONFLICT_WAIT_MS, Account, Db, errors, make_account

BUSY = "We are still processing a previous request. Please try again in a moment."
ROUNDS = 12


@pytest.fixture
def together() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture
def other(database_url) -> Iterator[psycopg.Connection]:
    """Another user of the database, in a transaction of its own."""
    with psycopg.connect(database_url) as connection:
        yield connection
        connection.rollback()


def lock(other: psycopg.Connection, order_id: int) -> None:
    assert other.execute("SELECT id FROM orders WHERE id = %s FOR UPDATE", [order_id]).fetchall()


def wait_for_waiting(db: Db, count: int) -> None:
    """Return when that many of the server's connections wait for a lock."""
    deadline = time.monotonic() + CONFLICT_WAIT_MS / 1000
    query = """
        SELECT count(*)
          FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'orderdock' AND wait_event_type = 'Lock'
    """
    while db.rows(query) != [(count,)]:
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def in_line(db: Db, together: ThreadPoolExecutor, *requests: Callable[[], Any]) -> Iterator[list[Future[Any]]]:
    """Start requests that have to wait, each one when the one before it does."""
    started = []
    for count, request in enumerate(requests, 1):
        started.append(together.submit(request))
        wait_for_waiting(db, count)
    yield started


def noted(notes: str) -> dict[str, Any]:
    return {"order_details": {"notes": notes}}


def delete(account: Account, id_: int) -> httpx2.Response:
    return account.client.delete(f"/orders/{id_}")


# One new key


def test_c242_parallel_posts_of_a_new_key_make_one_order(a, together):
    for number in range(ROUNDS):
        order = a.order(f"new-{number}")
        answers = [each.result() for each in [together.submit(a.post, [order]) for _ in range(6)]]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["data"][0]["id"] for answer in answers}) == 1
        assert len(a.found(order_id=f"new-{number}")) == 1


def test_c242_parallel_posts_of_overlapping_new_batches_make_each_order_once(a, together):
    batches = [[a.order(str(key)) for key in range(first, first + 40)] for first in (0, 10, 20, 30)]
    answers = [each.result() for each in [together.submit(a.post, batch) for batch in batches]]
    assert [answer.status_code for answer in answers] == [200] * 4
    ids = {(ref["order_id"], ref["id"]) for answer in answers for ref in answer.json()["data"]}
    assert len(ids) == 70
    assert {(order["order_id"], order["id"]) for order in a.found()} == ids


def insert_copy(other: psycopg.Connection, template: int, order_id: str) -> int:
    """Store a copy of an order under another key, as a server does that has not committed yet."""
    other.execute("CREATE TEMP TABLE copies ON COMMIT DROP AS SELECT * FROM orders WHERE id = %s", [template])
    other.execute(
        "UPDATE copies SET id = nextval('orders_id_seq'), order_id = %(key)s, order_id_folded = %(key)s,"
        " doc = jsonb_set(doc::jsonb, '{order_id}', to_jsonb(%(key)s::text))::text",
        {"key": order_id},
    )
    return other.execute("INSERT INTO orders SELECT * FROM copies RETURNING id").fetchone()[0]


def test_a_post_that_loses_the_race_for_a_new_key_updates_the_winner(a, db, other, together):
    [template] = a.create(a.order("template"))
    winner = insert_copy(other, template, "race")
    batch = [a.order("race", {"order_number": "mine"}), a.order("beside")]
    with in_line(db, together, lambda: a.post(batch)) as [posted]:
        other.commit()
        answer = posted.result()

    assert answer.status_code == 200
    assert [ref["order_id"] for ref in answer.json()["data"]] == ["race", "beside"]
    assert answer.json()["data"][0] == {"id": winner, "order_id": "race", "order_number": "mine"}
    assert a.show(winner)["order_number"] == "mine"
    assert db.count("orders", a.id) == 3


def test_a_post_creates_the_order_when_the_winner_of_the_race_gives_up(a, db, other, together):
    [template] = a.create(a.order("template"))
    gone = insert_copy(other, template, "race")
    with in_line(db, together, lambda: a.post([a.order("race")])) as [posted]:
        other.rollback()
        answer = posted.result()

    assert answer.status_code == 200
    id_ = answer.json()["data"][0]["id"]
    assert id_ != gone
    assert a.show(id_)["order_id"] == "race"
    assert a.get(gone).status_code == 404


def test_a_race_for_a_new_key_that_is_not_decided_in_time_is_a_conflict(a, db, other):
    [template] = a.create(a.order("template"))
    insert_copy(other, template, "race")
    answer = a.post([a.order("race"), a.order("beside")])
    assert (answer.status_code, errors(answer)) == (409, [("/data", BUSY)])
    other.rollback()
    assert [order["order_id"] for order in a.found()] == ["template"]


# An order that another request holds


def assert_busy(answer: httpx2.Response, *, status: int, code: str, title: str) -> None:
    assert answer.status_code == status
    assert answer.headers["Retry-After"] == "1"
    assert answer.json() == {
        "errors": [
            {"status": str(status), "code": code, "title": title, "detail": BUSY, "source": {"pointer": "/data"}}
        ]
    }


@pytest.mark.parametrize(
    ("profile", "status", "code", "title"),
    [
        pytest.param("guide", 409, "conflict", "Conflict", id="C-243"),
        pytest.param("openapi", 400, "invalid", "Invalid", id="C-243 openapi"),
    ],
)
def test_c243_every_write_to_a_held_order_is_told_to_come_again(
    db, server, other, together, profile, status, code, title
):
    account = make_account(db, server, profile=profile)
    names = ("free", "in a batch", "unchanged", "patched", "deleted")
    ids = dict(zip(names, account.create(*map(account.order, names)), strict=True))
    before = account.found()
    for name in names[1:]:
        lock(other, ids[name])
    began = time.monotonic()
    batch = [
        account.order("free", {"order_number": "changed"}),
        account.order("new"),
        account.order("in a batch", {"order_number": "changed"}),
    ]
    requests = [
        together.submit(account.post, batch),
        together.submit(account.post, [account.order("unchanged")]),
        together.submit(account.patch, ids["patched"], {"order_number": "changed"}),
        together.submit(delete, account, ids["deleted"]),
    ]
    assert account.found() == before  # who only reads does not wait
    for request in requests:
        assert_busy(request.result(), status=status, code=code, title=title)
    assert time.monotonic() - began >= CONFLICT_WAIT_MS / 1000

    other.rollback()
    assert account.found() == before
    assert account.patch(ids["patched"], {"order_number": "changed"}).status_code == 200
    account.client.close()


def test_c243_a_batch_waits_for_all_its_locks_no_longer_than_for_one(a, db, database_url, together):
    """Its orders are busy one after the other, each for less than the time there is."""
    ids = a.create(*(a.order(key) for key in "abc"))
    before = [a.show(id_) for id_ in ids]
    with ExitStack() as others:
        holders = [others.enter_context(psycopg.connect(database_url)) for _ in ids]
        for holder, id_ in zip(holders, ids, strict=True):
            lock(holder, id_)
        posted = together.submit(a.post, [a.order(key, {"order_number": "N-2"}) for key in "abc"])
        for holder in holders[:2]:
            time.sleep(CONFLICT_WAIT_MS / 1000 * 0.7)
            holder.rollback()
        answer = posted.result()

    assert (answer.status_code, errors(answer)) == (409, [("/data", BUSY)])
    assert answer.elapsed.total_seconds() < CONFLICT_WAIT_MS / 1000 * 1.3
    assert [a.show(id_) for id_ in ids] == before


def test_c243_a_lock_that_becomes_free_in_time_is_no_conflict(a, db, other, together):
    [id_] = a.create(a.order())
    lock(other, id_)
    with in_line(db, together, lambda: a.post([a.order("a", {"order_number": "changed"})])) as [posted]:
        other.rollback()
        assert posted.result().status_code == 200
    assert a.show(id_)["order_number"] == "changed"


def test_a_faulty_batch_is_refused_without_waiting(a, other):
    [id_] = a.create(a.order())
    lock(other, id_)
    began = time.monotonic()
    answer = a.post([a.order(), a.order("b", {"order_number": ""})])
    assert time.monotonic() - began < CONFLICT_WAIT_MS / 1000
    assert (answer.status_code, len(errors(answer))) == (400, 1)


def test_a_post_sees_what_the_request_before_it_wrote(a, db, other, together):
    """Two updates of different members that both wait: neither may write what it read before the other."""
    [id_] = a.create(a.order())
    lock(other, id_)
    key = {"order_id": "a", "order_details": {"integration": {"id": a.i1}}}
    one = key | {"order_number": "one"}
    two = key | {"order_details": key["order_details"] | {"notes": "two"}}
    with in_line(db, together, lambda: a.post([one]), lambda: a.post([two])) as posted:
        other.rollback()
        assert [each.result().status_code for each in posted] == [200, 200]
    after = a.show(id_)
    assert (after["order_number"], after["order_details"]["notes"]) == ("one", "two")


def test_c244_batches_in_opposite_order_never_wait_in_a_circle(a, db, together):
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = db.rows(deadlocks)
    known = [f"known-{number}" for number in range(20)]
    a.create(*map(a.order, known))
    for number in range(ROUNDS):
        keys = [*known, *(f"new-{number}-{each}" for each in range(20))]
        batches = [
            [a.order(key, {"order_number": f"{number}-{thread}"}) for key in (keys if thread % 2 else keys[::-1])]
            for thread in range(4)
        ]
        answers = [each.result() for each in [together.submit(a.post, batch) for batch in batches]]
        assert [answer.status_code for answer in answers] == [200] * 4
        # One of them came last, and wrote all of its orders after all others.
        assert len({order["order_number"] for order in a.found() if order["order_id"] in keys}) == 1
    assert db.rows(deadlocks) == before
    assert db.count("orders", a.id) == 20 + 20 * ROUNDS


# One order


def test_c245_parallel_patches_of_different_members_are_all_there(a, together):
    names = [f"item {number}" for number in range(6)]
    price = {"value": 1, "currency": "EUR"}
    items = [{"name": name, "quantity": 1, "total_price": price} for name in names]
    [id_] = a.create(a.order("a", {"order_details.order_items": items}))
    for quantity in range(2, ROUNDS):
        bodies = [{"order_details": {"order_items": [{"name": name, "quantity": quantity}]}} for name in names]
        bodies += [noted(str(quantity)), {"order_number": f"N-{quantity}"}]
        answers = [each.result() for each in [together.submit(a.patch, id_, body) for body in bodies]]
        assert [answer.status_code for answer in answers] == [200] * 8
        after = a.show(id_)
        assert [item["quantity"] for item in after["order_details"]["order_items"]] == [quantity] * 6
        assert (after["order_details"]["notes"], after["order_number"]) == (str(quantity), f"N-{quantity}")


def test_c245_a_patch_that_waited_sees_the_patch_before_it(a, db, other, together):
    [id_] = a.create(a.order())
    lock(other, id_)
    bodies = (noted("x"), {"order_details": {"tags": ["y"]}}, {"order_number": "z"})
    requests = [lambda body=body: a.patch(id_, body) for body in bodies]
    with in_line(db, together, *requests) as patched:
        other.rollback()
        assert [each.result().status_code for each in patched] == [200] * 3
    after = a.show(id_)
    assert (after["order_details"]["notes"], after["order_details"]["tags"], after["order_number"]) == ("x", ["y"], "z")


@pytest.mark.parametrize(
    ("first", "statuses"),
    [pytest.param("delete", [204, 404], id="C-246 delete"), pytest.param("patch", [200, 204], id="C-246 patch")],
)
def test_c246_an_order_that_was_deleted_stays_deleted(a, db, other, together, first, statuses):
    [id_] = a.create(a.order())
    lock(other, id_)
    requests = [lambda: delete(a, id_), lambda: a.patch(id_, noted("x"))]
    with in_line(db, together, *(requests if first == "delete" else requests[::-1])) as started:
        other.rollback()
        assert [each.result().status_code for each in started] == statuses
    assert a.get(id_).status_code == 404
    assert (db.count("orders", a.id), db.count("deleted_orders", a.id)) == (0, 1)


def test_c246_delete_and_patch_in_any_order_leave_nothing(a, db, together):
    for number in range(ROUNDS):
        [id_] = a.create(a.order(str(number)))
        deleted, patched = together.submit(delete, a, id_), together.submit(a.patch, id_, noted("x"))
        assert deleted.result().status_code == 204
        assert patched.result().status_code in (200, 404)
    assert (db.count("orders", a.id), db.count("deleted_orders", a.id)) == (0, ROUNDS)


def test_two_deletes_of_one_order_delete_it_once(a, db, other, together):
    [id_] = a.create(a.order())
    lock(other, id_)
    with in_line(db, together, lambda: delete(a, id_), lambda: delete(a, id_)) as deleted:
        other.rollback()
        assert [each.result().status_code for each in deleted] == [204, 404]
    assert db.count("deleted_orders", a.id) == 1


def test_a_post_that_waited_for_a_delete_makes_a_new_order(a, db, other, together):
    [id_] = a.create(a.order())
    lock(other, id_)
    with in_line(db, together, lambda: delete(a, id_), lambda: a.post([a.order()])) as [deleted, posted]:
        other.rollback()
        assert (deleted.result().status_code, posted.result().status_code) == (204, 200)
    [ref] = posted.result().json()["data"]
    assert ref["id"] > id_
    assert [order["id"] for order in a.found()] == [ref["id"]]


def test_an_update_that_waited_for_a_delete_finds_nothing_to_update(a, db, other, together):
    [id_] = a.create(a.order())
    lock(other, id_)
    update = {"order_id": "a", "order_details": {"integration": {"id": a.i1}, "notes": "x"}}
    with in_line(db, together, lambda: delete(a, id_), lambda: a.post([update])) as [deleted, posted]:
        other.rollback()
        assert (deleted.result().status_code, posted.result().status_code) == (204, 400)
    assert ("/data/attributes/[0]/order_number", "Field required") in errors(posted.result())
    assert a.found() == []


# Integrations


def test_a_post_that_waited_while_its_integration_was_deleted_is_refused(a, db, other, together):
    other.execute("DELETE FROM integrations WHERE id = %s", [a.i2])
    batch = [a.order("a"), a.order("b", {"order_details.integration.id": a.i2})]
    with in_line(db, together, lambda: a.post(batch)) as [posted]:
        other.commit()
        answer = posted.result()
    place = "/data/attributes/[1]/order_details/integration/id"
    assert (answer.status_code, errors(answer)) == (400, [(place, f"Integration with id {a.i2} does not exist")])
    assert db.count("orders", a.id) == 0


def test_a_post_goes_on_when_its_integration_was_not_deleted_after_all(a, db, other, together):
    other.execute("DELETE FROM integrations WHERE id = %s", [a.i2])
    with in_line(db, together, lambda: a.post([a.order("b", {"order_details.integration.id": a.i2})])) as [posted]:
        other.rollback()
        assert posted.result().status_code == 200
    assert db.count("orders", a.id) == 1


def test_deleting_an_integration_waits_for_orders_on_their_way_into_it(a, db, other, together):
    [template] = a.create(a.order("template"))
    other.execute("SELECT FROM integrations WHERE id = %s FOR KEY SHARE", [a.i1])
    late = insert_copy(other, template, "late")
    with in_line(db, together, lambda: a.client.delete(f"/integrations/{a.i1}")) as [deleted]:
        other.commit()
        assert deleted.result().status_code == 204
    assert a.get(late).status_code == 404
    assert (db.count("orders", a.id), db.count("deleted_orders", a.id)) == (0, 2)


def add_integration(db: Db, account: Account) -> int:
    query = "INSERT INTO integrations (account_id, shop_name, type) VALUES (%s, 'I3', 'api') RETURNING id"
    return db.rows(query, account.id)[0][0]


def test_a_held_integration_is_a_conflict_and_nothing_changes(a, db, other, together):
    i3 = add_integration(db, a)
    [id_] = a.create(a.order())
    other.execute("SELECT FROM integrations WHERE account_id = %s FOR UPDATE", [a.id])
    before = a.client.get("/integrations").json()
    requests = [
        together.submit(a.client.delete, f"/integrations/{a.i1}"),
        together.submit(a.client.patch, f"/integrations/{a.i2}", json={"shop_name": "changed"}),
        together.submit(a.post, [a.order("new", {"order_details.integration.id": i3})]),
    ]
    for request in requests:
        assert_busy(request.result(), status=409, code="conflict", title="Conflict")
    other.rollback()
    assert a.client.get("/integrations").json() == before
    assert [order["id"] for order in a.found()] == [id_]


def test_parallel_posts_and_the_deletion_of_their_integration_leave_no_order_behind(a, db, together):
    for number in range(4):
        posts = [together.submit(a.post, [a.order(f"{number}-{each}")]) for each in range(5)]
        deleted = together.submit(a.client.delete, f"/integrations/{a.i1}")
        assert deleted.result().status_code == 204
        assert {each.result().status_code for each in posts} <= {200, 400}
        assert db.count("orders", a.id) == 0
        a.i1 = add_integration(db, a)
