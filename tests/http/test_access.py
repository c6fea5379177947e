"""Who may do what, and what every answer has: C-229, C-230, C-235 to C-240 and behaviour 1.1 to 1.3."""

import base64
import os
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from orderdock.http.call import ANY_SCOPE
from orderdock.routes import ENDPOINTS
from tests.support import AN_ADDRESS, ORDERDOCK, Account, Db, make_account, make_key, serving

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
MISSING = 2**62

# path of the table, a path that fits, and what it answers to
PATHS = {
    "/api/v3/orders": ("/api/v3/orders", "GET, POST"),
    "/api/v3/orders/create-label-sync": ("/api/v3/orders/create-label-sync", "POST"),
    "/api/v3/orders/create-labels-async": ("/api/v3/orders/create-labels-async", "POST"),
    "/api/v3/orders/{id}": ("/api/v3/orders/1", "GET, PATCH, DELETE"),
    "/api/v3/integrations": ("/api/v3/integrations", "GET"),
    "/api/v3/integrations/{id}": ("/api/v3/integrations/1", "GET, PATCH, DELETE"),
    "/api/v3/user/auth/metadata": ("/api/v3/user/auth/metadata", "GET"),
    "/api/v3/openapi.json": ("/api/v3/openapi.json", "GET"),
    "/healthz": ("/healthz", "GET"),
    "/readyz": ("/readyz", "GET"),
    "/docs": ("/docs", "GET"),
    "/static/{path:path}": ("/static/explorer.css", "GET"),
}
EVERY_PATH = pytest.mark.parametrize(("path", "allow"), PATHS.values(), ids=PATHS)

# method, path, and the scope that a key needs; the ids are put in by the tests
GUARDED = [
    ("GET", "/orders", "read:order"),
    ("POST", "/orders", "write:order"),
    ("POST", "/orders/create-label-sync", "write:order"),
    ("POST", "/orders/create-labels-async", "write:order"),
    ("GET", "/orders/{order}", "read:order"),
    ("PATCH", "/orders/{order}", "write:order"),
    ("DELETE", "/orders/{order}", "write:order"),
    ("GET", "/integrations", "read:integration"),
    ("GET", "/integrations/{integration}", "read:integration"),
    ("PATCH", "/integrations/{integration}", "write:integration"),
    ("DELETE", "/integrations/{integration}", "write:integration"),
]
SCOPES = ("read:order", "write:order", "read:parcel", "write:parcel", "read:integration", "write:integration")

WRONG = {
    "status": "401",
    "code": "authentication_failed",
    "title": "Invalid username/password.",
    "detail": "Invalid username/password.",
    "source": {"pointer": "/data"},
}
ABSENT = WRONG | {"title": "No credentials", "detail": "Authentication credentials were not provided."}
FORBIDDEN = {
    "status": "403",
    "code": "forbidden",
    "title": "Forbidden",
    "detail": "The key does not have the scope that this endpoint needs.",
}
NO_PAGE = {
    "status": "404",
    "code": "not_found",
    "title": "Not found",
    "detail": "The page you have requested could not be found.",
}


@pytest.fixture(scope="module")
def anyone(server) -> Iterator[httpx2.Client]:
    """A client without credentials; its paths begin at the host."""
    with httpx2.Client(base_url=server, timeout=60) as client:
        yield client


def basic(credentials: str | bytes) -> dict[str, str]:
    raw = credentials.encode() if isinstance(credentials, str) else credentials
    return {"Authorization": "Basic " + base64.b64encode(raw).decode()}


def comparable(answer: httpx2.Response) -> tuple[Any, ...]:
    """All of an answer that may not tell one case from another."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
    return answer.status_code, headers, answer.content


def everything(db: Db, *accounts: Account) -> list[Any]:
    """What an account has, as it is stored."""
    tables = ("orders", "deleted_orders", "integrations", "deleted_integrations")
    return [
        db.rows(f"SELECT * FROM {table} WHERE account_id = %s ORDER BY id", a.id) for a in accounts for table in tables
    ]


# Nobody, and somebody else


def assert_refused(answer: httpx2.Response, error: dict[str, Any]) -> None:
    assert (answer.status_code, answer.json()) == (401, {"errors": [error]})
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="api"'


@pytest.mark.parametrize(("method", "path", "scope"), GUARDED)
def test_c229_without_credentials_nothing_is_answered(a, db, anyone, method, path, scope):
    [id_] = a.create(a.order())
    before = everything(db, a)
    url = f"/api/v3{path.format(order=id_, integration=a.i1)}"
    for headers in ({}, {"Authorization": ""}):
        assert_refused(anyone.request(method, url, headers=headers), ABSENT)
    assert_refused(anyone.request(method, url, headers=basic("some:body")), WRONG)
    assert everything(db, a) == before


def test_c230_credentials_that_do_not_fit_are_refused_in_one_way(a, b, anyone):
    public, secret = a.public_key, a.secret_key
    rows = {
        "wrong secret": basic(f"{public}:{secret[:-1]}x"),
        "secret of another": basic(f"{public}:{b.secret_key}"),
        "unknown user": basic(f"unknown:{secret}"),
        "empty password": basic(f"{public}:"),
        "empty user": basic(f":{secret}"),
        "both empty": basic(":"),
        "no colon": basic(f"{public}{secret}"),
        "swapped": basic(f"{secret}:{public}"),
        "capital letters": basic(f"{public.upper()}x:{secret}"),
        "blank at the end": basic(f"{public}:{secret} "),
        "NUL": basic(f"{public}\0:{secret}"),
        "no UTF-8": basic(b"\xff\xfe:\xff"),
        "broken base64": {"Authorization": "Basic !!!"},
        "half a base64": {"Authorization": basic(f"{public}:{secret}")["Authorization"][:-3] + "="},
        "no base64 at all": {"Authorization": f"Basic {public}:{secret}"},
        "nothing": {"Authorization": "Basic"},
        "another scheme": {"Authorization": basic(f"{public}:{secret}")["Authorization"].replace("Basic", "Digest")},
    }
    for name, headers in rows.items():
        answer = anyone.get("/api/v3/orders", headers=headers)
        assert (answer.status_code, answer.json()) == (401, {"errors": [WRONG]}), name
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="api"', name


def test_the_scheme_is_read_whatever_its_letter_case(a, anyone):
    sent = basic(f"{a.public_key}:{a.secret_key}")["Authorization"]
    for scheme in ("basic", "BASIC", "Basic "):
        headers = {"Authorization": sent.replace("Basic", scheme)}
        assert anyone.get("/api/v3/orders", headers=headers).status_code == 200


def status_once_heard(a: Account, key: tuple[str, str], status: int) -> int:
    """The status of GET /orders when the database has told the server of a changed key: a matter of milliseconds.

    The server remembers a key for 30 s if it is not told.
    """
    deadline = time.monotonic() + 2
    while (found := a.client.get("/orders", auth=key).status_code) != status and time.monotonic() < deadline:
        time.sleep(0.005)
    return found


def test_c230_a_revoked_key_is_refused_though_the_server_remembers_it(a, db):
    for _ in range(10):
        key = make_key(db, a.id)
        assert a.client.get("/orders", auth=key).status_code == 200
        db.connection.execute("UPDATE api_keys SET revoked_at = now() WHERE public_key = %s", [key[0]])
        assert status_once_heard(a, key, 401) == 401
        assert_refused(a.client.get("/orders", auth=key), WRONG)
        assert a.client.get("/orders").status_code == 200


def test_c230_a_key_that_a_command_revoked_is_refused_from_the_next_request_on(a, db, database_url):
    key = make_key(db, a.id)
    assert a.client.get("/orders", auth=key).status_code == 200
    [(id_,)] = db.rows("SELECT id FROM api_keys WHERE public_key = %s", key[0])
    environment = os.environ | {"ORDERDOCK_DATABASE_URL": database_url}
    subprocess.run([ORDERDOCK, "keys", "revoke", str(id_)], env=environment, check=True, capture_output=True)
    assert_refused(a.client.get("/orders", auth=key), WRONG)


def test_a_deleted_key_and_a_changed_scope_count_at_once(a, db):
    key = make_key(db, a.id)
    assert a.client.get("/orders", auth=key).status_code == 200
    db.connection.execute("UPDATE api_keys SET scopes = '{write:order}' WHERE public_key = %s", [key[0]])
    assert status_once_heard(a, key, 403) == 403
    db.connection.execute("DELETE FROM api_keys WHERE public_key = %s", [key[0]])
    assert status_once_heard(a, key, 401) == 401


def test_a_new_key_is_good_at_once_though_it_was_refused_before(a, db):
    key = make_key(db, a.id)
    db.connection.execute("UPDATE api_keys SET revoked_at = now() WHERE public_key = %s", [key[0]])
    assert a.client.get("/orders", auth=key).status_code == 401
    db.connection.execute("UPDATE api_keys SET revoked_at = NULL WHERE public_key = %s", [key[0]])
    assert a.client.get("/orders", auth=key).status_code == 200


def test_c235_a_key_reaches_all_integrations_of_its_account(a):
    ids = a.create(a.order("one"), a.order("two", {"order_details.integration.id": a.i2}))
    assert [order["id"] for order in a.found(integration=f"{a.i1},{a.i2}")] == ids[::-1]
    assert a.patch(ids[1], {"order_number": "changed"}).status_code == 200
    assert a.show(ids[1])["order_details"]["integration"] == {"id": a.i2}


@pytest.mark.parametrize("body", [b"[", b"\xff", b"[" * 1000, b"x" * 100_000])
def test_c236_a_stranger_is_refused_before_the_body_is_read(a, anyone, body):
    for kind in ("application/json", "text/plain"):
        headers = basic("some:body") | {"content-type": kind}
        assert_refused(anyone.post("/api/v3/orders", content=body, headers=headers), WRONG)
        assert_refused(anyone.patch("/api/v3/orders/1", content=body, headers=headers), WRONG)
    assert a.found() == []


# Scopes


@pytest.mark.parametrize(("method", "path", "needed"), GUARDED)
def test_a_key_without_the_scope_of_an_endpoint_is_refused_there(a, db, method, path, needed):
    [id_] = a.create(a.order())
    before = everything(db, a)
    path = path.format(order=id_, integration=a.i1)
    others = make_key(db, a.id, scopes=[scope for scope in SCOPES if scope != needed])
    for body in (b"[]", b"{}", b"{"):
        answer = a.client.request(method, path, content=body, auth=others)
        assert (answer.status_code, answer.json()) == (403, {"errors": [FORBIDDEN]})
    assert everything(db, a) == before


@pytest.mark.parametrize(("method", "path", "needed"), GUARDED)
def test_the_scope_of_an_endpoint_or_api_is_enough_there(a, db, method, path, needed):
    for number, scopes in enumerate([[needed], ["api"], ["read:parcel", "api"]]):
        [id_] = a.create(a.order(str(number)))
        integration = db.rows(
            "INSERT INTO integrations (account_id, shop_name, type) VALUES (%s, 'I3', 'api') RETURNING id", a.id
        )[0][0]
        body = b"[]" if path == "/orders" else b"{}"
        path_ = path.format(order=id_, integration=integration)
        answer = a.client.request(method, path_, content=body, auth=make_key(db, a.id, scopes=scopes))
        assert answer.status_code == (
            404 if "label" in path else 204 if path_ != path and answer.content == b"" else 200
        )


def test_the_table_of_scopes_names_every_endpoint_that_has_one():
    ours = {(method, "/api/v3" + re.sub(r"\{\w+\}", "{id}", path), scope) for method, path, scope in GUARDED}
    assert ours == {(each.method, each.path, each.scope) for each in ENDPOINTS if each.scope not in (None, ANY_SCOPE)}


@pytest.mark.parametrize("scope", SCOPES)
def test_every_key_may_ask_what_it_is_for(a, db, scope):
    answer = a.client.get("/user/auth/metadata", auth=make_key(db, a.id, scopes=[scope]))

    assert (answer.status_code, answer.json()) == (200, {"data": {"user_id": a.id, "integration_id": a.i1}})


# Methods and paths


def test_the_table_of_paths_names_every_path():
    assert set(PATHS) == {endpoint.path for endpoint in ENDPOINTS}


@EVERY_PATH
def test_c237_c238_other_methods_are_refused_with_those_that_are_allowed(anyone, path, allow):
    for method in METHODS:
        if method in allow.split(", "):
            continue
        for form in (path, path + "/"):
            answer = anyone.request(method, form)
            assert (answer.status_code, answer.headers["Allow"]) == (405, allow), method
            [error] = answer.json()["errors"]
            assert (error["status"], error["code"]) == ("405", "method_not_allowed")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        pytest.param("PUT", "/orders/{}", "GET, PATCH, DELETE", id="C-237 PUT"),
        pytest.param("POST", "/orders/{}", "GET, PATCH, DELETE", id="C-237 POST"),
        pytest.param("PUT", "/orders", "GET, POST", id="C-238 PUT"),
        pytest.param("PATCH", "/orders", "GET, POST", id="C-238 PATCH"),
        pytest.param("DELETE", "/orders", "GET, POST", id="C-238 DELETE"),
    ],
)
def test_c237_c238_a_refused_method_changes_nothing(a, db, method, path, allow):
    [id_] = a.create(a.order())
    before = everything(db, a)
    answer = a.client.request(method, path.format(id_), json={"order_number": "changed"})
    assert (answer.status_code, answer.headers["Allow"]) == (405, allow)
    assert everything(db, a) == before


@pytest.mark.parametrize("path", ["/orders%0A?page_size=1", "/orders/1%0A", "/../../healthz%0A"])
def test_a_path_that_ends_in_a_line_end_is_none_of_ours(a, path):
    a.create(a.order("a"), a.order("b"))

    answer = a.client.get(path)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")


@EVERY_PATH
def test_c239_options_answers_what_is_allowed(anyone, path, allow):
    for form in (path, path + "/"):
        answer = anyone.options(form)
        assert (answer.status_code, answer.headers["Allow"], answer.content) == (200, allow, b"")


@EVERY_PATH
def test_c239_head_answers_the_headers_of_get_without_a_body(a, anyone, path, allow):
    [id_] = a.create(a.order())
    path = path.replace("orders/1", f"orders/{id_}").replace("integrations/1", f"integrations/{a.i1}")
    head = anyone.head(path, auth=a.client.auth)
    if "GET" not in allow:
        assert (head.status_code, head.headers["Allow"], head.content) == (405, allow, b"")
        return
    get = anyone.get(path, auth=a.client.auth)
    assert (get.status_code, get.content != b"") == (200, True)
    assert comparable(head) == (*comparable(get)[:2], b"")


def test_c239_head_of_a_list_has_its_links(a):
    a.create(a.order("one"), a.order("two"))
    head = a.client.head("/orders", params={"page_size": 1})
    assert head.headers["Link"] == a.client.get("/orders", params={"page_size": 1}).headers["Link"]
    assert head.headers["Link"].endswith('rel="next"')


def test_head_of_what_is_not_there_has_no_body_either(a):
    assert (a.client.head("/orders/0").status_code, a.client.head("/orders/0").content) == (404, b"")


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/api/v3/nothing", id="C-240 nothing"),
        pytest.param("/api/v3/Orders", id="C-240 Orders"),
        "/",
        "/api/v3",
        "/api/v3/",
        "/api/v2/orders",
        "/api/v3/orders//",
        "/api/v3//orders",
        "/api/v3/orders/1/2",
        "/api/v3/integrations/1/nothing",
        "/API/V3/ORDERS",
        "/api/v3/%6Frders%00",
        "/healthz/x",
    ],
)
def test_c240_an_unknown_path_is_not_found_with_and_without_a_key(a, anyone, path):
    for method in ("GET", "POST", "OPTIONS", "DELETE"):
        for answer in (anyone.request(method, path), anyone.request(method, path, auth=a.client.auth)):
            assert (answer.status_code, answer.json()) == (404, {"errors": [NO_PAGE]})


@EVERY_PATH
def test_a_final_slash_means_nothing(a, anyone, path, allow):
    [id_] = a.create(a.order())
    path = path.replace("orders/1", f"orders/{id_}").replace("integrations/1", f"integrations/{a.i1}")
    method = "GET" if "GET" in allow else "POST"
    with_, without = (anyone.request(method, form, auth=a.client.auth) for form in (path + "/", path))
    assert (with_.status_code, with_.headers["Content-Type"]) == (without.status_code, without.headers["Content-Type"])
    if path != "/docs":  # whose links are relative
        assert comparable(with_) == comparable(without)


def test_writes_take_a_final_slash_too(a):
    answer = a.client.post("/orders/", json=[a.order()])
    assert answer.status_code == 200
    id_ = answer.json()["data"][0]["id"]
    assert a.client.patch(f"/orders/{id_}/", json={"order_number": "changed"}).status_code == 200
    assert a.show(id_)["order_number"] == "changed"
    assert a.client.patch(f"/integrations/{a.i2}/", json={}).status_code == 204
    assert a.client.delete(f"/orders/{id_}/").status_code == 204
    assert a.found() == []


# Every answer


def answers(a: Account, anyone: httpx2.Client) -> dict[str, httpx2.Response]:
    """One answer of each kind."""
    [id_] = a.create(a.order("stored"))
    huge = b"[" + b" " * (10 * 2**20) + b"]"
    return {
        "list": a.client.get("/orders"),
        "order": a.get(id_),
        "post": a.post([a.order()]),
        "representation": a.post([a.order()], headers={"Prefer": "return=representation"}),
        "patch": a.patch(id_, {}),
        "integrations": a.client.get("/integrations"),
        "integration": a.client.get(f"/integrations/{a.i1}"),
        "metadata": a.client.get("/user/auth/metadata"),
        "document": anyone.get("/api/v3/openapi.json"),
        "healthz": anyone.get("/healthz"),
        "readyz": anyone.get("/readyz"),
        "field": a.post([a.order("b", {"order_number": 1})]),
        "malformed": a.post_raw("["),
        "wrong type": a.post_raw("{}"),
        "strict": a.post([a.order() | {"foo": 1}], headers={"Prefer": "handling=strict"}),
        "parameter": a.client.get("/orders", params={"page_size": 0}),
        "choice": a.client.get("/orders", params={"integration": "x"}),
        "header": a.post([], headers={"Sendcloud-Partner-Id": "1"}),
        "cursor": a.client.get("/orders", params={"cursor": "!"}),
        "patch field": a.patch(id_, {"order_number": 1}),
        "integration field": a.client.patch(f"/integrations/{a.i1}", json={"shop_name": 1}),
        "nobody": anyone.get("/api/v3/orders"),
        "unknown": anyone.get("/api/v3/orders", auth=("some", "body")),
        "order not there": a.get(0),
        "patch not there": a.patch(0, {}),
        "integration not there": a.client.get("/integrations/0"),
        "path not there": anyone.get("/nothing"),
        "method": a.client.put("/orders"),
        "labels": a.client.post("/orders/create-label-sync"),
        "too large": a.post_raw(huge),
        "media type": a.client.post("/orders", content=b"[]", headers={"content-type": "text/plain"}),
    }


def test_json_is_exactly_application_json(a, anyone):
    found = {name: answer.headers["Content-Type"] for name, answer in answers(a, anyone).items()}
    assert found == dict.fromkeys(found, "application/json")


def test_an_answer_holds_data_or_errors_and_nothing_beside(a, anyone):
    statuses = set()
    for name, answer in answers(a, anyone).items():
        if name == "document":
            continue
        [(member, value)] = answer.json().items()
        assert member == ("data" if answer.is_success else "errors"), name
        statuses.add(answer.status_code)
        for error in value if member == "errors" else ():
            texts = [error[part] for part in ("status", "code", "title", "detail")]
            assert all(isinstance(text, str) and text for text in texts), name
            assert error["status"] == str(answer.status_code), name
            assert set(error) <= {"status", "code", "title", "detail", "source", "meta"}, name
            assert len(error.get("source", {"": ""})) == 1, name
    assert statuses == {200, 400, 401, 404, 405, 413, 415}


def test_204_has_neither_body_nor_type(a):
    [id_] = a.create(a.order())
    for answer in (
        a.client.patch(f"/integrations/{a.i1}", json={}),
        a.client.delete(f"/orders/{id_}"),
        a.client.delete(f"/integrations/{a.i2}"),
    ):
        assert (answer.status_code, answer.content) == (204, b"")
        assert "Content-Type" not in answer.headers


def test_every_answer_has_a_request_id_of_its_own(a, anyone):
    found = [*answers(a, anyone).values(), a.client.options("/orders"), a.client.delete(f"/integrations/{a.i2}")]
    ids = [answer.headers["X-Request-Id"] for answer in found]
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("sent", ["abc-123", "x", "A_b.c/d~!{}", "9" * 128])
def test_a_request_id_is_echoed(a, anyone, sent):
    headers = {"X-Request-Id": sent}
    found = [anyone.get(path, headers=headers) for path in ("/nothing", "/healthz", "/api/v3/orders")]
    found += [a.client.get("/orders", headers=headers), a.client.put("/orders", headers=headers)]
    assert [answer.headers["X-Request-Id"] for answer in found] == [sent] * 5


@pytest.mark.parametrize("sent", [b"", b"a b", b"a\tb", b"9" * 129, "ä".encode(), b"\xff", b'a"b c'])
def test_a_request_id_that_is_no_plain_word_is_replaced(a, sent):
    ids = {a.client.get("/orders", headers=[(b"X-Request-Id", sent)]).headers["X-Request-Id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)


def test_accept_is_ignored(a):
    for accept in ("text/html", "application/pdf", "nonsense", ""):
        answer = a.client.get("/orders", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


# Accounts


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/orders/{order}", None),
        ("PATCH", "/orders/{order}", {"order_number": "changed"}),
        ("PATCH", "/orders/{order}", {"order_details": {"order_items": [{"name": "Candle", "quantity": 7}]}}),
        ("DELETE", "/orders/{order}", None),
        ("GET", "/integrations/{integration}", None),
        ("PATCH", "/integrations/{integration}", {"shop_name": "changed"}),
        ("PATCH", "/integrations/{integration}", {"webhook_active": True}),
        ("DELETE", "/integrations/{integration}", None),
    ],
)
def test_what_is_of_another_account_is_answered_as_what_is_not_there(a, b, db, method, path, body):
    [id_] = b.create(b.order())
    before = everything(db, a, b)
    theirs = a.client.request(method, path.format(order=id_, integration=b.i1), json=body)
    missing = a.client.request(method, path.format(order=MISSING, integration=MISSING), json=body)
    assert theirs.status_code == 404
    assert comparable(theirs) == comparable(missing)
    assert everything(db, a, b) == before


def test_a_batch_cannot_reach_into_another_account(a, b, db):
    [id_] = b.create(b.order())
    before = everything(db, a, b)
    by_id = [a.order("a", {"id": str(id_)}), a.order("a", {"id": str(MISSING)})]
    by_shop = [b.order("a"), b.order("a", {"order_details.integration.id": MISSING})]
    for theirs, missing, number in ((*by_id, id_), (*by_shop, b.i1)):
        answers = [a.post([order]) for order in (theirs, missing)]
        assert [answer.status_code for answer in answers] == [400, 400]
        assert answers[0].text.replace(f"id {number} does", f"id {MISSING} does") == answers[1].text
    assert everything(db, a, b) == before


def test_no_list_shows_anything_of_another_account(a, b):
    [mine], [theirs] = a.create(a.order("same")), b.create(b.order("same"))
    for parameters in ({}, {"order_id": "same"}, {"order_number": "N-same"}, {"status": "unfulfilled"}, {"sort": "pk"}):
        assert [order["id"] for order in a.found(**parameters)] == [mine]
        assert [order["id"] for order in b.found(**parameters)] == [theirs]
    cursor = base64.b64encode(f"p={theirs + 1}".encode()).decode()
    assert [order["id"] for order in a.found(cursor=cursor)] == [mine]
    filtered = [a.client.get("/orders", params={"integration": integration}) for integration in (b.i1, MISSING)]
    assert [answer.status_code for answer in filtered] == [400, 400]
    assert filtered[0].text.replace(str(b.i1), str(MISSING)) == filtered[1].text
    assert [each["id"] for each in a.client.get("/integrations").json()["data"]] == [a.i1, a.i2]
    assert a.client.get("/user/auth/metadata").json() == {"data": {"user_id": a.id, "integration_id": a.i1}}


def test_two_accounts_may_choose_the_same_public_key(a, b, db):
    db.connection.execute("UPDATE api_keys SET public_key = %s WHERE account_id = %s", [a.public_key, b.id])
    users = [
        a.client.get("/user/auth/metadata", auth=(a.public_key, each.secret_key)).json()["data"]["user_id"]
        for each in (a, b)
    ]
    assert users == [a.id, b.id]


# The log


def test_the_log_holds_no_secret_and_nothing_of_an_order(db, database_url, tmp_path):
    log = tmp_path / "log"
    with serving(log, ORDERDOCK_DATABASE_URL=database_url, ORDERDOCK_LOG_LEVEL="debug") as url:
        account = make_account(db, url)
        with account.client as client:
            order = account.order("shy-order", {"shipping_address": AN_ADDRESS | {"name": "Shy Customer"}})
            [id_] = account.create(order)
            account.patch(id_, {"order_number": "shy-number"}, headers={"X-Request-Id": "seen-in-the-log"})
            account.post([order | {"order_number": "\0"}])
            client.get("/orders", params={"order_number": "shy-number"})
            client.get("/orders", auth=(account.public_key, "wrong-secret"))
            client.get("/orders", headers={"Cookie": "session=shy-cookie"})
            account.post_raw(b'["Shy Customer"')
        token = base64.b64encode(f"{account.public_key}:{account.secret_key}".encode()).decode()
    text = log.read_text()
    assert "seen-in-the-log" in text
    assert '"status": 401' in text
    for secret in (account.secret_key, token, "wrong-secret", "shy-cookie", "Shy Customer", "shy-number", "Stadhuis"):
        assert secret not in text
