"""GET /orders/{id} (behaviour 3.5)."""

import re

import pytest

from tests.support import an_order

NOT_FOUND = {
    "errors": [
        {
            "status": "404",
            "code": "not_found",
            "title": "Not found",
            "detail": "The order could not be found with the search criteria given",
        }
    ]
}

TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00").fullmatch


@pytest.mark.parametrize("slash", ["", "/"])
def test_c183_an_order_is_found_by_our_id(a, slash):
    made, _ = a.create(a.order("1"), a.order("2"))

    answer = a.client.get(f"/orders/{made}{slash}")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["data"]
    assert answer.json()["data"]["order_id"] == "1"
    assert answer.json()["data"]["id"] == made


@pytest.mark.parametrize("slash", ["", "/"])
def test_c183_profile_openapi_has_the_id_as_text(generated, slash):
    [made] = generated.create(generated.order("1"))

    assert generated.client.get(f"/orders/{made}{slash}").json()["data"]["id"] == str(made)


def test_c184_required_members_come_back_and_nothing_empty_beside_them(a):
    [made] = a.create(a.order("1"))

    shown = a.show(made)

    assert TIME(shown["created_at"])
    assert shown["modified_at"] == shown["created_at"]
    assert shown == {
        "id": made,
        "created_at": shown["created_at"],
        "modified_at": shown["modified_at"],
        **an_order("1", a.i1, {"order_details.order_created_at": "2024-05-01T10:00:00.000000+00:00"}),
    }


def test_head_of_an_order_has_the_headers_of_get_and_no_body(a):
    [made] = a.create(a.order("1"))
    got = a.get(made)

    head = a.client.head(f"/orders/{made}")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(got.content))
    assert head.headers["content-type"] == "application/json"
    assert a.client.head("/orders/9223372036854775807").status_code == 404


def test_c185_an_unknown_id_is_not_found(a):
    [made] = a.create(a.order("1"))

    answer = a.get(made + 1_000_000)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == NOT_FOUND


def test_c186_an_order_of_another_account_is_answered_as_an_unknown_one(a, b):
    [theirs] = b.create(b.order("1"))
    unknown = a.get(theirs + 1_000_000)

    foreign = a.get(theirs)

    assert foreign.status_code == 404
    assert foreign.content == unknown.content
    changing = {"date", "x-request-id"}
    assert {n: v for n, v in foreign.headers.items() if n not in changing} == {
        n: v for n, v in unknown.headers.items() if n not in changing
    }


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param("0", id="C-187 zero"),
        pytest.param("-1", id="C-187 negative"),
        pytest.param("abc", id="C-187 letters"),
        pytest.param("1.0", id="C-187 point"),
        pytest.param("2f1d8f5e-6f5c-4d52-9d6a-0e9a3c1b7a10", id="C-187 UUID"),
        pytest.param("1" + "0" * 30, id="C-187 10^30"),
        pytest.param("9" * 5000, id="C-187 longer than int() reads"),
        pytest.param("9223372036854775807", id="C-187 the largest id"),
        pytest.param("9223372036854775808", id="C-187 beyond the largest id"),
        pytest.param("4711004711", id="C-187 order_id of the shop"),
        pytest.param("{made}.0", id="C-187 point after an id"),
        pytest.param("0{made}", id="C-187 zero before an id"),
        pytest.param("+{made}", id="C-187 sign before an id"),
        pytest.param("%20{made}", id="C-187 blank before an id"),
        pytest.param("{made}%00", id="C-187 NUL after an id"),
        pytest.param("0x{made}", id="C-187 hexadecimal"),
        pytest.param("1_0", id="C-187 as Python writes numbers"),
        pytest.param("%D9%A1", id="C-187 other digits"),
        pytest.param("%FF", id="C-187 not UTF-8"),
        pytest.param("null", id="C-187 null"),
    ],
)
def test_what_is_not_one_of_our_ids_is_not_found(a, id_):
    [made] = a.create(a.order("4711004711"))

    answer = a.get(id_.format(made=made))

    assert answer.status_code == 404
    assert answer.json() == NOT_FOUND


@pytest.mark.parametrize("path", ["create-label-sync", "create-label-sync/", "create-labels-async"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH", "DELETE"])
def test_c188_the_paths_of_labels_are_no_orders(a, path, method):
    answer = a.client.request(method, f"/orders/{path}")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    if method != "HEAD":
        assert [error["code"] for error in answer.json()["errors"]] == ["method_not_allowed"]
