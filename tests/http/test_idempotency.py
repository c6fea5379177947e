"""The header Idempotency-Key: a request that comes twice is done once, and answered alike."""

import json
import socket
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import psycopg
import pytest

from tests.commands import until
from tests.support import Account, Db, errors

BAD_KEY = "The key should have 1 to 255 visible ASCII characters"


def keyed(key: str, **headers: str) -> dict[str, Any]:
    return {"headers": {"Idempotency-Key": key, **headers}}


def kept(db: Db, a: Account) -> list[tuple[str, int]]:
    return db.rows("SELECT key, status FROM idempotent_requests WHERE account_id = %s ORDER BY key", a.id)


def test_a_repeated_post_gets_the_first_answer_and_does_nothing(a, db):
    first = a.post([a.order(), a.order("b", {"colour": "red"})], **keyed("k1"))
    [id_, _] = [ref["id"] for ref in first.json()["data"]]
    a.patch(id_, {"order_number": "N-2"})
    before = a.found()
    again = a.post([a.order(), a.order("b", {"colour": "red"})], **keyed("k1"))

    assert (first.status_code, "idempotent-replayed" in first.headers) == (200, False)
    assert (again.status_code, again.content, again.headers["idempotent-replayed"]) == (200, first.content, "true")
    assert again.headers["content-type"] == "application/json"
    assert again.headers["orderdock-ignored-fields"] == first.headers["orderdock-ignored-fields"] == "[1].colour"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert (a.found(), kept(db, a)) == (before, [("k1", 200)])


def test_a_repeated_patch_gets_the_first_answer_and_does_nothing(a):
    [id_] = a.create(a.order())
    first = a.patch(id_, {"order_number": "N-2"}, **keyed("k1", Prefer="return=representation"))
    a.patch(id_, {"order_number": "N-3"})
    again = a.patch(id_, {"order_number": "N-2"}, **keyed("k1", Prefer="return=representation"))

    assert (again.status_code, again.content) == (200, first.content)
    assert (again.headers["etag"], again.headers["preference-applied"]) == (f'"{id_}-2"', "return=representation")
    assert a.show(id_)["order_number"] == "N-3"


def test_profile_openapi_gets_its_own_status_again(generated):
    for _ in range(2):
        assert generated.post([generated.order()], **keyed("k1")).status_code == 201


def test_a_key_that_was_answered_does_not_stand_for_another_request(a):
    [id_] = a.create(a.order())
    a.post([a.order("b")], **keyed("k1"))
    before = a.found()
    for answer in (
        a.post([a.order("c")], **keyed("k1")),
        a.post([a.order("b")], **keyed("k1", Prefer="return=representation")),
        a.patch(id_, {"order_number": "N-2"}, **keyed("k1")),
    ):
        assert (answer.status_code, answer.json()["errors"]) == (
            422,
            [
                {
                    "status": "422",
                    "code": "idempotency_key_reused",
                    "title": "Idempotency key reused",
                    "detail": "This Idempotency-Key was used for another request. Draw a new one for each.",
                }
            ],
        )
    assert a.found() == before


def test_quotes_around_a_key_are_not_part_of_it(a):
    first = a.post([a.order()], **keyed('"k1"'))

    assert a.post([a.order()], **keyed("k1")).headers["idempotent-replayed"] == "true"
    assert first.status_code == 200


def test_keys_of_one_account_mean_nothing_to_another(a, b, db):
    a.post([a.order()], **keyed("k1"))
    answer = b.post([b.order()], **keyed("k1"))

    assert (answer.status_code, "idempotent-replayed" in answer.headers, len(b.found())) == (200, False, 1)
    assert kept(db, a) == kept(db, b) == [("k1", 200)]


@pytest.mark.parametrize("key", ["", '""', "two words", "é", "x" * 256, "tab\tbed"])
def test_what_is_no_key_is_refused(a, key):
    answer = a.client.post("/orders", json=[a.order()], headers=[(b"Idempotency-Key", key.encode("latin-1"))])

    assert (answer.status_code, errors(answer)) == (400, [("Idempotency-Key", BAD_KEY)])
    assert a.found() == []


def test_a_key_of_255_characters_is_one(a):
    assert a.post([a.order()], **keyed("x" * 255)).status_code == 200


def test_a_refused_request_keeps_nothing_and_its_key_takes_the_mended_one(a, db):
    refused = a.post([a.order("a", {"order_details.integration.id": 0})], **keyed("k1"))
    assert (refused.status_code, a.found(), kept(db, a)) == (400, [], [])

    assert a.post([a.order()], **keyed("k1")).status_code == 200
    assert len(a.found()) == 1


def test_of_two_at_once_one_works_and_the_other_gets_its_answer(a, db, database_url):
    """Both meet a locked order, the first with the key in its hand."""
    [id_] = a.create(a.order())
    with ThreadPoolExecutor(2) as together, psycopg.connect(database_url) as other:
        other.execute("SELECT FROM orders WHERE id = %s FOR UPDATE", [id_])
        change = a.order("a", {"order_number": "N-2"})
        requests = [together.submit(a.post, [change], **keyed("k1")) for _ in range(2)]
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        until(lambda: db.rows(waiting)[0][0] >= 2, 1)
        other.rollback()
        answers = [request.result() for request in requests]

    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert sorted("idempotent-replayed" in each.headers for each in answers) == [False, True]
    assert a.get(id_).headers["etag"] == f'"{id_}-2"'


def test_an_answer_that_nobody_heard_is_given_again(a, db, server):
    body = json.dumps([a.order()])
    with socket.create_connection(("127.0.0.1", httpx2.URL(server).port)) as gone:
        credentials = b64encode(f"{a.public_key}:{a.secret_key}".encode()).decode()
        gone.sendall(
            f"POST /api/v3/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {credentials}\r\n"
            f"Content-Type: application/json\r\nIdempotency-Key: k1\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        until(lambda: a.found())
    before = a.found()
    again = a.post_raw(body, Idempotency_Key="k1")

    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.json()["data"][0]["id"] == before[0]["id"]
    assert a.found() == before


def test_a_key_that_stays_busy_is_a_conflict(a, db, database_url):
    with psycopg.connect(database_url) as other:
        other.execute(
            "INSERT INTO idempotent_requests (account_id, key, fingerprint, answered_at, status, headers, body)"
            " VALUES (%s, 'k1', '', now(), 0, '', '')",
            [a.id],
        )
        answer = a.post([a.order()], **keyed("k1"))
        other.rollback()

    assert (answer.status_code, answer.json()["errors"][0]["code"], answer.headers["retry-after"]) == (
        409,
        "conflict",
        "1",
    )
    assert (a.found(), kept(db, a)) == ([], [])


def test_after_a_day_a_key_is_new_again_and_old_answers_make_room(a, db):
    for number in range(3):
        a.post([a.order("a", {"order_number": f"N-{number}"})], **keyed(f"k{number}"))
    db.rows(
        "UPDATE idempotent_requests SET answered_at = now() - interval '24 hours 1 second'"
        " WHERE account_id = %s AND key <> 'k2' RETURNING key",
        a.id,
    )
    answer = a.post([a.order("a", {"order_number": "N-9"})], **keyed("k0"))

    assert (answer.status_code, "idempotent-replayed" in answer.headers) == (200, False)
    assert (a.found()[0]["order_number"], kept(db, a)) == ("N-9", [("k0", 200), ("k2", 200)])
