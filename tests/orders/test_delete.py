"""DELETE /orders/{id} (behaviour 3.7)."""

import pytest

from tests.support import Account

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


def everything(account: Account) -> list[dict]:
    """All orders of an account, whole."""
    return account.found(page_size=200)


@pytest.mark.parametrize("slash", ["", "/", "?force=true"])
def test_c223_delete_answers_204_without_a_body(a, slash):
    gone, stays = a.create(a.order("1"), a.order("2"))
    before = a.show(stays)

    answer = a.client.delete(f"/orders/{gone}{slash}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    assert answer.headers.get("content-length", "0") == "0"
    assert everything(a) == [before]


def test_c224_the_second_delete_is_not_found(a):
    gone, stays = a.create(a.order("1"), a.order("2"))
    before = a.show(stays)
    assert a.client.delete(f"/orders/{gone}").status_code == 204

    for _ in range(2):
        answer = a.client.delete(f"/orders/{gone}")

        assert answer.status_code == 404
        assert answer.json() == NOT_FOUND
        assert everything(a) == [before]


def test_c225_a_deleted_order_cannot_be_read_or_changed(a):
    [gone] = a.create(a.order("1"))
    a.client.delete(f"/orders/{gone}")

    assert (a.get(gone).status_code, a.get(gone).json()) == (404, NOT_FOUND)
    patched = a.patch(gone, {"order_number": "new"})
    assert patched.status_code == 404
    assert [error["detail"] for error in patched.json()["errors"]] == ["Could not find specified item."]
    assert everything(a) == []


def test_c225_a_deleted_order_cannot_be_named_by_its_id_in_a_batch(a):
    [gone] = a.create(a.order("1"))
    a.client.delete(f"/orders/{gone}")

    answer = a.post([a.order("1", {"id": str(gone)})])

    assert answer.status_code == 400
    assert [error["detail"] for error in answer.json()["errors"]] == [f"Order with id {gone} does not exist"]
    assert everything(a) == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "order_id=1",
        "order_number=n-1",
        "status=unfulfilled",
        "integration={i1}",
        "order_created_at=2024-05-01",
        "order_updated_at_min=2024-05-01",
        "sort=pk",
        "sort=order_number",
        "cursor=cj0x",  # r=1: backwards from the end
        "cursor=bz0w",  # o=0
    ],
)
def test_c225_a_deleted_order_is_in_no_list(a, query):
    gone, stays = a.create(a.order("1"), a.order("1", {"order_details.integration.id": a.i2}))
    target = f"/orders?{query.format(i1=a.i1)}"
    before = [order["id"] for order in a.client.get(target).json()["data"]]
    a.client.delete(f"/orders/{gone}")

    after = [order["id"] for order in a.client.get(target).json()["data"]]

    assert gone in before
    assert after == [id_ for id_ in before if id_ == stays]


def test_c225_the_key_of_a_deleted_order_is_free_and_gets_a_new_id(a):
    [first] = a.create(a.order("1", {"order_details.notes": "old"}))
    a.client.delete(f"/orders/{first}")

    again = a.post([a.order("1")])

    assert again.status_code == 200
    [second] = [ref["id"] for ref in again.json()["data"]]
    assert second > first
    assert "notes" not in a.show(second)["order_details"]
    assert a.get(first).status_code == 404

    a.client.delete(f"/orders/{second}")
    [third] = a.create(a.order("1"))
    assert third > second
    assert [order["id"] for order in everything(a)] == [third]


def test_c225_a_new_order_needs_all_required_members_again(a):
    [gone] = a.create(a.order("1"))
    a.client.delete(f"/orders/{gone}")

    answer = a.post([{"order_id": "1", "order_details": {"integration": {"id": a.i1}}}])

    assert answer.status_code == 400
    assert everything(a) == []


def test_the_same_order_id_in_another_integration_stays(a):
    gone, stays = a.create(a.order("1"), a.order("1", {"order_details.integration.id": a.i2}))
    before = a.show(stays)

    assert a.client.delete(f"/orders/{gone}").status_code == 204

    assert everything(a) == [before]


def test_c227_an_order_of_another_account_is_answered_as_an_unknown_one_and_stays(a, b):
    [theirs] = b.create(b.order("1"))
    [mine] = a.create(a.order("1"))
    before = b.show(theirs)
    unknown = a.client.delete(f"/orders/{mine + 1_000_000}")

    foreign = a.client.delete(f"/orders/{theirs}")

    assert foreign.status_code == 404
    assert foreign.content == unknown.content
    assert b.show(theirs) == before
    assert [order["id"] for order in everything(a)] == [mine]


@pytest.mark.parametrize(
    "id_",
    [
        pytest.param("abc", id="C-227 letters"),
        pytest.param("0", id="C-227 zero"),
        pytest.param("-1", id="C-227 negative"),
        pytest.param("9223372036854775808", id="C-227 beyond the largest id"),
        pytest.param("9" * 5000, id="C-227 longer than int() reads"),
        pytest.param("4711004711", id="C-227 order_id of the shop"),
        pytest.param("{made}.0", id="C-227 point after an id"),
        pytest.param("{made},{made}", id="C-227 two ids"),
        pytest.param("%2A", id="C-227 all of them"),
    ],
)
def test_what_is_not_one_of_our_ids_deletes_nothing(a, id_):
    [made] = a.create(a.order("4711004711"))
    before = a.show(made)

    answer = a.client.delete(f"/orders/{id_.format(made=made)}")

    assert answer.status_code == 404
    assert answer.json() == NOT_FOUND
    assert everything(a) == [before]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        pytest.param(b"{}", "application/json", id="C-228"),
        pytest.param(b"", "application/json", id="C-228 none"),
        pytest.param(b'{"id": 1, "order_number": "x"}', "application/json", id="C-228 members"),
        pytest.param(b"{", "application/json", id="C-228 malformed"),
        pytest.param(b"a=b", "application/x-www-form-urlencoded", id="C-228 form"),
        pytest.param(b"\xff" * 100_000, "application/octet-stream", id="C-228 large"),
    ],
)
def test_a_body_of_delete_is_ignored(a, body, content_type):
    gone, stays = a.create(a.order("1"), a.order("2"))

    url = f"/orders/{gone}"
    answer = a.client.request("DELETE", url, content=body, headers={"content-type": content_type})

    assert (answer.status_code, answer.content) == (204, b"")
    assert [order["id"] for order in everything(a)] == [stays]
