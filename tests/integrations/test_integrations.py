"""The endpoints of integrations (behaviour 2.5)."""

from typing import Any

import pytest

from tests.support import Account, Db, errors

NOT_FOUND = {
    "errors": [
        {
            "status": "404",
            "code": "not_found",
            "title": "Not found",
            "detail": "The Integration could not be found with the search criteria given",
        }
    ]
}
IDS_OF_NOTHING = ("0", "-1", "abc", "1.0", str(2**62), str(10**30), "%20")
FULL = {
    "shop_name": "My shop",
    "shop_url": "https://shop.example/",
    "service_point_enabled": True,
    "service_point_carriers": ["ups", "dhl"],
    "webhook_active": True,
    "webhook_url": "https://shop.example/hook",
    "feedback_type": "delayed",
}


def show(a: Account, id_: int | None = None) -> dict[str, Any]:
    answer = a.client.get(f"/integrations/{a.i1 if id_ is None else id_}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def patch(a: Account, body: Any, **options: Any):
    return a.client.patch(f"/integrations/{a.i1}", json=body, **options)


def changed(a: Account, body: Any) -> dict[str, Any]:
    answer = patch(a, body)
    assert (answer.status_code, answer.content) == (204, b""), answer.text
    return show(a)


def refuse(a: Account, body: Any, *expected: tuple[str | None, str]) -> None:
    """PATCH, and see exactly these faults and no change, not even of updated_at."""
    before = show(a)
    answer = patch(a, body)
    assert (answer.status_code, errors(answer)) == (400, list(expected))
    assert show(a) == before


def listed(a: Account, sort: str | None = None) -> list[int]:
    answer = a.client.get("/integrations", params={} if sort is None else {"sort": sort})
    assert answer.status_code == 200
    return [integration["id"] for integration in answer.json()["data"]]


# Read


def test_an_integration_is_shown_with_the_members_that_have_a_value(a, db):
    [(created_at, updated_at)] = db.rows("SELECT created_at, updated_at FROM integrations WHERE id = %s", a.i1)
    assert show(a) == {
        "id": a.i1,
        "shop_name": "I1",
        "type": "api",
        "service_point_enabled": False,
        "service_point_carriers": [],
        "webhook_active": False,
        "feedback_type": "eager",
        "created_at": created_at.isoformat(timespec="microseconds"),
        "updated_at": updated_at.isoformat(timespec="microseconds"),
    }


def test_an_integration_is_shown_with_all_members(a, db):
    assert patch(a, FULL).status_code == 204
    db.connection.execute(
        "UPDATE integrations SET started_failing_at = '2023-11-10T16:16:42Z', last_fetched_at = '2023-11-10Z',"
        " created_at = '2023-11-04Z', updated_at = '2023-11-08Z' WHERE id = %s",
        [a.i1],
    )
    assert show(a) == FULL | {
        "id": a.i1,
        "type": "api",
        "started_failing_at": "2023-11-10T16:16:42.000000+00:00",
        "last_fetched_at": "2023-11-10T00:00:00.000000+00:00",
        "created_at": "2023-11-04T00:00:00.000000+00:00",
        "updated_at": "2023-11-08T00:00:00.000000+00:00",
    }


def test_the_list_shows_every_integration_as_it_is_shown_alone(a):
    assert patch(a, FULL).status_code == 204
    answer = a.client.get("/integrations")
    assert answer.json() == {"data": [show(a, a.i1), show(a, a.i2)]}
    assert "Link" not in answer.headers


def test_the_list_is_on_one_page(a, db):
    db.connection.execute(
        "INSERT INTO integrations (account_id, shop_name, type) SELECT %s, 'many', 'api' FROM generate_series(1, 300)",
        [a.id],
    )
    assert len(listed(a)) == 302
    assert len(a.client.get("/integrations", params={"page_size": 1}).json()["data"]) == 302


@pytest.fixture
def five(a: Account, db: Db) -> list[int]:
    """Five integrations that each sort puts in another order; their ids."""
    rows = [
        # type, created on, updated on, fetched on, failing since (days of January)
        ("shopify", 5, 5, 3, None),
        ("api", 4, 9, None, 2),
        ("magento", 3, 8, 1, 1),
        ("api", 2, 7, None, None),
        ("woocommerce", 1, 6, 2, 3),
    ]
    db.connection.execute("DELETE FROM integrations WHERE account_id = %s", [a.id])
    return [
        db.rows(
            "INSERT INTO integrations (account_id, shop_name, type, created_at, updated_at, last_fetched_at,"
            " started_failing_at) VALUES (%s, 'shop', %s, make_date(2024, 1, %s), make_date(2024, 1, %s),"
            " make_date(2024, 1, %s), make_date(2024, 1, %s)) RETURNING id",
            a.id,
            *row,
        )[0][0]
        for row in rows
    ]


@pytest.mark.parametrize(
    ("sort", "places"),
    [
        (None, [2, 4, 0, 3, 1]),  # last fetch, those without by the day they were made
        ("", [2, 4, 0, 3, 1]),
        ("last_fetch,created_at", [2, 4, 0, 3, 1]),
        ("integration_type", [1, 3, 2, 0, 4]),
        ("-integration_type", [4, 0, 2, 1, 3]),
        ("created_at", [4, 3, 2, 1, 0]),
        ("-created_at", [0, 1, 2, 3, 4]),
        ("updated_at", [0, 4, 3, 2, 1]),
        ("-updated_at", [1, 2, 3, 4, 0]),
        ("last_fetch", [2, 4, 0, 1, 3]),
        ("-last_fetch", [0, 4, 2, 1, 3]),
        ("failing_since", [2, 1, 4, 0, 3]),
        ("-failing_since", [4, 1, 2, 0, 3]),
        ("integration_type,-updated_at", [1, 3, 2, 0, 4]),
        ("integration_type,updated_at", [3, 1, 2, 0, 4]),
        ("nonsense", [2, 4, 0, 3, 1]),
    ],
)
def test_the_list_is_sorted_as_asked(a, five, sort, places):
    assert listed(a, sort) == [five[place] for place in places]


# PATCH


def test_a_patch_changes_what_it_names(a):
    before = show(a)
    after = changed(a, FULL)
    assert after["updated_at"] > before["updated_at"]
    assert after == before | FULL | {"updated_at": after["updated_at"]}
    assert show(a, a.i2)["shop_name"] == "I2"


@pytest.mark.parametrize(
    ("member", "value", "stored"),
    [
        ("shop_name", "x", "x"),
        ("shop_name", "ö" * 250, "ö" * 250),
        ("shop_url", "http://localhost:8080/shop?x=1", "http://localhost:8080/shop?x=1"),
        ("service_point_carriers", [], []),
        ("service_point_carriers", ["ups", "ups"], ["ups", "ups"]),
        ("service_point_enabled", "false", False),
        ("webhook_active", 0, False),
        ("webhook_url", "https://shop.example/other", "https://shop.example/other"),
        ("feedback_type", "none", "none"),
        ("feedback_type", "EAGER", "eager"),
    ],
)
def test_each_member_changes_alone(a, member, value, stored):
    before = changed(a, FULL | {"service_point_enabled": False})
    after = changed(a, {member: value})
    assert after == before | {member: stored, "updated_at": after["updated_at"]}


@pytest.mark.parametrize(
    ("member", "value", "detail"),
    [
        ("shop_name", "", "String should have at least 1 character"),
        ("shop_name", "x" * 251, "String should have at most 250 characters"),
        ("shop_name", None, "Input should be a valid string"),
        ("shop_name", 5, "Input should be a valid string"),
        ("shop_name", "a\0b", "Null characters are not allowed"),
        ("shop_url", "", "Input should be a valid URL, starting with http:// or https://"),
        ("shop_url", "shop.example", "Input should be a valid URL, starting with http:// or https://"),
        ("shop_url", "javascript:alert(1)", "Input should be a valid URL, starting with http:// or https://"),
        ("shop_url", 5, "Input should be a valid string"),
        ("service_point_enabled", "yes", "Input should be a valid boolean"),
        ("service_point_enabled", None, "Input should be a valid boolean"),
        ("service_point_carriers", "ups", "Input should be a valid list"),
        ("service_point_carriers", None, "Input should be a valid list"),
        ("webhook_active", 2, "Input should be a valid boolean"),
        ("webhook_url", "ftp://shop.example", "Input should be a valid URL, starting with http:// or https://"),
        ("webhook_url", "", "Input should be a valid URL, starting with http:// or https://"),
        ("feedback_type", "late", "Input should be 'eager', 'delayed' or 'none'"),
        ("feedback_type", None, "Input should be 'eager', 'delayed' or 'none'"),
    ],
)
def test_a_wrong_value_is_refused_in_its_place(a, member, value, detail):
    refuse(a, {member: value, "type": "x"}, (f"/data/{member}", detail))


def test_all_faults_come_back_at_once(a):
    refuse(
        a,
        {"shop_name": "", "service_point_carriers": ["ups", 5, ""], "feedback_type": "late", "webhook_active": True},
        ("/data/shop_name", "String should have at least 1 character"),
        ("/data/service_point_carriers/1", "Input should be a valid string"),
        ("/data/service_point_carriers/2", "String should have at least 1 character"),
        ("/data/feedback_type", "Input should be 'eager', 'delayed' or 'none'"),
        ("/data/webhook_url", "Webhook URL required when enable webhook is set to true"),
    )


def test_an_active_webhook_needs_a_url(a):
    required = ("/data/webhook_url", "Webhook URL required when enable webhook is set to true")
    refuse(a, {"webhook_active": True}, required)
    refuse(a, {"webhook_active": True, "webhook_url": None}, required)
    changed(a, {"webhook_url": "https://shop.example/hook"})
    assert changed(a, {"webhook_active": True})["webhook_active"] is True
    refuse(a, {"webhook_url": None}, required)
    after = changed(a, {"webhook_url": None, "webhook_active": False})
    assert (after["webhook_active"], "webhook_url" in after) == (False, False)


def test_service_points_need_a_carrier(a):
    required = ("/data/service_point_carriers", "List should have at least 1 item")
    refuse(a, {"service_point_enabled": True}, required)
    refuse(a, {"service_point_enabled": True, "service_point_carriers": []}, required)
    assert changed(a, {"service_point_enabled": True, "service_point_carriers": ["ups"]})["service_point_enabled"]
    refuse(a, {"service_point_carriers": []}, required)
    assert changed(a, {"service_point_enabled": False, "service_point_carriers": []})["service_point_carriers"] == []


def test_null_clears_the_urls(a):
    before = changed(a, FULL | {"webhook_active": False})
    after = changed(a, {"shop_url": None, "webhook_url": None})
    assert set(before) - set(after) == {"shop_url", "webhook_url"}


@pytest.mark.parametrize("body", [{}, {"shop_name": "I1"}, {"webhook_url": None}, {"service_point_carriers": []}])
def test_a_patch_that_brings_nothing_new_writes_nothing(a, body):
    before = show(a)
    assert changed(a, body) == before


def test_an_integration_as_it_was_shown_may_be_sent_back(a, db):
    changed(a, FULL)
    db.connection.execute("UPDATE integrations SET last_fetched_at = now() WHERE id = %s", [a.i1])
    before = show(a)
    answer = patch(a, before, headers={"Prefer": "handling=strict"})
    assert answer.status_code == 204
    assert "Orderdock-Ignored-Fields" not in answer.headers
    assert show(a) == before


def test_members_of_ours_do_not_change(a):
    before = show(a)
    sent = {"id": a.i2, "type": "x", "created_at": "2001-01-01", "updated_at": 5, "last_fetched_at": "2001-01-01"}
    assert changed(a, sent | {"started_failing_at": "2001-01-01"}) == before


def test_unknown_members_are_ignored_and_named_or_refused_when_asked(a):
    answer = patch(a, {"foo/bar": 1, "shop_name": "I1"})
    assert (answer.status_code, answer.headers["Orderdock-Ignored-Fields"]) == (204, "foo%2Fbar")

    before = show(a)
    answer = patch(a, {"foo/bar": 1, "shop_name": "changed"}, headers={"Prefer": "handling=strict"})
    assert answer.status_code == 400
    assert answer.headers["Preference-Applied"] == "handling=strict"
    assert answer.json()["errors"] == [
        {
            "status": "400",
            "code": "unknown_field",
            "title": "Unknown field",
            "detail": "Extra inputs are not permitted",
            "source": {"pointer": "/data/foo~1bar"},
        }
    ]
    assert show(a) == before


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "5"])
def test_a_body_that_is_no_object_is_refused(a, body):
    before = show(a)
    answer = a.client.patch(f"/integrations/{a.i1}", content=body)
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["code"], error["title"]) == (400, "non_field_errors", "Wrong format")
    assert (error["detail"], "source" in error) == ("Wrong request format, expected object", False)
    assert show(a) == before


def test_a_body_that_is_no_json_is_refused(a):
    before = show(a)
    for body in ("", "{", '{"shop_name": "x",}'):
        answer = a.client.patch(f"/integrations/{a.i1}", content=body)
        [error] = answer.json()["errors"]
        assert (answer.status_code, error["title"], error["source"]) == (400, "Malformed JSON", {"pointer": "/data"})
    assert show(a) == before


# DELETE


def test_a_deleted_integration_is_gone_with_its_orders(a, db):
    one, two = a.create(a.order("one"), a.order("two", {"order_details.integration.id": a.i2}))
    answer = a.client.delete(f"/integrations/{a.i1}")
    assert (answer.status_code, answer.content) == (204, b"")

    assert listed(a) == [a.i2]
    assert [order["id"] for order in a.found()] == [two]
    assert a.get(one).status_code == 404
    assert a.patch(one, {"order_number": "changed"}).status_code == 404
    assert a.client.delete(f"/orders/{one}").status_code == 404
    answer = a.client.get("/orders", params={"integration": a.i1})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid_choice")
    assert (db.count("deleted_orders", a.id), db.count("deleted_integrations", a.id)) == (1, 1)


def test_c020_a_deleted_integration_takes_no_orders(a, db):
    assert a.client.delete(f"/integrations/{a.i1}").status_code == 204
    answer = a.post([a.order()])
    place = "/data/attributes/[0]/order_details/integration/id"
    assert (answer.status_code, errors(answer)) == (400, [(place, f"Integration with id {a.i1} does not exist")])
    assert db.count("orders", a.id) == 0


def test_a_deleted_integration_is_not_found(a):
    assert a.client.delete(f"/integrations/{a.i1}").status_code == 204
    for method in ("GET", "PATCH", "DELETE"):
        answer = a.client.request(method, f"/integrations/{a.i1}", content=b"{}")
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


def test_an_order_cannot_be_moved_to_a_deleted_integration_nor_by_its_key(a):
    [id_] = a.create(a.order("a", {"order_details.integration.id": a.i2}))
    assert a.client.delete(f"/integrations/{a.i1}").status_code == 204
    assert a.patch(id_, {"order_details": {"integration": {"id": a.i1}}}).status_code == 400
    assert a.show(id_)["order_details"]["integration"] == {"id": a.i2}


# What is not there


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_id_of_nothing_is_not_found(a, db, method):
    for id_ in IDS_OF_NOTHING:
        answer = a.client.request(method, f"/integrations/{id_}", content=b'{"shop_name": "changed"}')
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND), id_
    assert [each["shop_name"] for each in a.client.get("/integrations").json()["data"]] == ["I1", "I2"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_the_integration_of_another_account_is_not_found(a, b, method):
    b.create(b.order())
    before = show(b)
    answer = a.client.request(method, f"/integrations/{b.i1}", content=b'{"shop_name": ""}')
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert (show(b), len(b.found()), listed(b)) == (before, 1, [b.i1, b.i2])


@pytest.mark.parametrize("path", ["/shop-order-statuses", "/shop-order-statuses/mapping"])
def test_statuses_of_shops_are_out_of_scope(a, path):
    for method in ("GET", "POST"):
        answer = a.client.request(method, path, content=b"{}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")
