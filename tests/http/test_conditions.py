"""Conditional requests: ETag, If-Match, If-None-Match."""

import pytest

from tests.support import Account, errors

NO_TAGS = 'Input should be entity tags such as "669-1", or *'


@pytest.fixture
def id_(a: Account) -> int:
    return a.create(a.order())[0]


def tag(a: Account, id_: int) -> str:
    return a.get(id_).headers["etag"]


def test_the_entity_tag_changes_exactly_when_the_order_does(a, id_):
    assert tag(a, id_) == f'"{id_}-1"'
    a.create(a.order())
    assert tag(a, id_) == f'"{id_}-1"'
    assert a.patch(id_, {"order_number": "N-2"}).headers["etag"] == f'"{id_}-2"'
    assert a.patch(id_, {"order_number": "N-2"}).headers["etag"] == f'"{id_}-2"'
    a.create(a.order("a", {"order_number": "N-3"}))
    assert tag(a, id_) == f'"{id_}-3"'
    assert a.client.head(f"/orders/{id_}").headers["etag"] == f'"{id_}-3"'


@pytest.mark.parametrize("sent", ["{}", "W/{}", '"x", {}', '"x",W/{} ,"y"', "*"])
def test_a_known_order_is_not_sent_again(a, id_, sent):
    answer = a.client.get(f"/orders/{id_}", headers={"If-None-Match": sent.format(tag(a, id_))})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag(a, id_))


@pytest.mark.parametrize("sent", ['"x"', '""', 'W/"1"', '"x", "y"'])
def test_an_order_that_is_not_known_is_sent(a, id_, sent):
    answer = a.client.get(f"/orders/{id_}", headers={"If-None-Match": sent})

    assert (answer.status_code, answer.json()["data"]["id"]) == (200, id_)


@pytest.mark.parametrize("sent", ["", "x", "1", '"x', '"a" b', "**", "W/", "," * 4000])
@pytest.mark.parametrize(
    ("method", "header"), [("GET", "If-None-Match"), ("PATCH", "If-Match"), ("DELETE", "If-Match")]
)
def test_what_is_no_entity_tag_is_refused(a, id_, method, header, sent):
    before = a.show(id_)
    answer = a.client.request(
        method, f"/orders/{id_}", headers={header: sent}, json={"order_number": "N-2"} if method == "PATCH" else None
    )

    assert (answer.status_code, errors(answer)) == (400, [(header, NO_TAGS)])
    assert a.show(id_) == before


@pytest.mark.parametrize("sent", ["{}", '"x", {}', "*"])
def test_the_order_that_is_meant_is_changed_and_deleted(a, id_, sent):
    changed = a.patch(id_, {"order_number": "N-2"}, headers={"If-Match": sent.format(tag(a, id_))})
    assert (changed.status_code, a.show(id_)["order_number"]) == (200, "N-2")

    deleted = a.client.delete(f"/orders/{id_}", headers={"If-Match": sent.format(tag(a, id_))})
    assert (deleted.status_code, a.get(id_).status_code) == (204, 404)


@pytest.mark.parametrize("sent", ['"x"', "W/{}"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_order_that_was_changed_since_stays_as_it_is(a, id_, method, sent):
    read = tag(a, id_)
    a.create(a.order("a", {"order_number": "N-2"}))
    before = a.show(id_)
    answer = a.client.request(
        method,
        f"/orders/{id_}",
        headers={"If-Match": sent.format(tag(a, id_)) if sent != '"x"' else read},
        json={"order_number": "N-3"} if method == "PATCH" else None,
    )

    assert (answer.status_code, answer.json()["errors"]) == (
        412,
        [
            {
                "status": "412",
                "code": "precondition_failed",
                "title": "Precondition failed",
                "detail": "The order is not as If-Match says: it was changed since. Read it again.",
            }
        ],
    )
    assert (answer.headers["etag"], a.show(id_)) == (f'"{id_}-2"', before)


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_an_order_that_is_not_there_is_not_found_whatever_if_match_says(a, b, id_, method):
    for where in (id_ + 10**9, b.create(b.order())[0]):
        answer = a.client.request(
            method, f"/orders/{where}", headers={"If-Match": "*"}, json={} if method == "PATCH" else None
        )
        assert answer.status_code == 404
