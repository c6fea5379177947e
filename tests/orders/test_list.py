"""GET /orders: filters, sorts and pages (behaviour 1.5, 3.4). Paging as a law: tests/http/test_cursor.py."""

import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2
import pytest

from tests.support import AN_ADDRESS, Account, Db, errors, make_account, serving


def ids(answer: httpx2.Response) -> list[int]:
    """The ids of a page, in its order."""
    assert answer.status_code == 200, answer.text
    return [order["id"] for order in answer.json()["data"]]


def listed(account: Account, query: str = "") -> list[int]:
    """The ids of GET /orders with a query as it stands."""
    return ids(account.client.get(f"/orders?{query}"))


def names(account: Account, query: str = "") -> list[str]:
    """The order_ids of GET /orders with a query as it stands, newest first."""
    answer = account.client.get(f"/orders?{query}")
    assert answer.status_code == 200, answer.text
    return [order["order_id"] for order in answer.json()["data"]]


def cursor(text: str | bytes) -> str:
    """A cursor made by hand, as clients do, ready for a query."""
    return quote(b64encode(text.encode() if isinstance(text, str) else text).decode())


def links(answer: httpx2.Response) -> dict[str, str]:
    """The URLs of the Link header by their rel."""
    return {rel: url for url, rel in re.findall(r'<([^>]*)>; rel="([a-z]+)"', answer.headers.get("link", ""))}


def follow(account: Account, answer: httpx2.Response, rel: str) -> list[list[int]]:
    """The pages from this one on, each as its ids."""
    pages = [ids(answer)]
    seen = set()
    while url := links(answer).get(rel):
        assert url not in seen, f"The pages go in a circle: {url}"
        seen.add(url)
        answer = account.client.get(url)
        pages.append(ids(answer))
    return pages


def flat(pages: list[list[int]]) -> list[int]:
    return [id_ for page in pages for id_ in page]


def fault(detail: str, parameter: str, code: str = "invalid", title: str = "Invalid") -> dict[str, Any]:
    """An error of a parameter, whole."""
    return {"status": "400", "code": code, "title": title, "detail": detail, "source": {"parameter": parameter}}


def bad_choice(text: str) -> str:
    return f"Select a valid choice. {text} is not one of the available choices."


def raw(
    account: Account,
    target: str,
    *,
    method: str = "GET",
    headers: tuple[str, ...] = ("Host: x",),
    version: str = "1.1",
) -> str:
    """Send a request that no client library would, and give the whole answer."""
    url = urlsplit(str(account.client.base_url))
    basic = b64encode(f"{account.public_key}:{account.secret_key}".encode()).decode()
    lines = [
        f"{method} /api/v3{target} HTTP/{version}",
        *headers,
        f"Authorization: Basic {basic}",
        "Connection: close",
        "",
        "",
    ]
    with socket.create_connection((url.hostname, url.port)) as connection:
        connection.sendall("\r\n".join(lines).encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def link_line(answer: str) -> str:
    """The Link header of a raw answer."""
    return re.search(r"^link: (.*?)\r$", answer, re.MULTILINE).group(1)


@pytest.fixture(scope="module")
def many(db: Db, server: str) -> Iterator[tuple[Account, list[int]]]:
    """An account with 205 orders, and their ids newest first. Read only: it is shared."""
    account = make_account(db, server)
    with account.client:
        made = [
            id_
            for first in range(0, 205, 100)
            for id_ in account.create(*[account.order(f"m{n}") for n in range(first, min(first + 100, 205))])
        ]
        yield account, made[::-1]


# The whole list


def test_c137_the_list_has_the_newest_100_orders_and_nothing_beside_data(many):
    account, newest_first = many
    answer = account.client.get("/orders")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == ["data"]
    assert ids(answer) == newest_first[:100]
    assert answer.json()["data"][0] == account.show(newest_first[0])


def test_c138_a_final_slash_changes_nothing_but_the_links(a, server):
    first, second = a.create(a.order("1"), a.order("2"))
    answer = a.client.get(f"/orders/?integration={a.i1}&page_size=1")

    assert answer.status_code == 200
    assert ids(answer) == [second]
    url = f"{server}/api/v3/orders/?integration={a.i1}&page_size=1&cursor={cursor(f'p={second}')}"
    assert answer.headers["link"] == f'<{url}>; rel="next"'
    assert ids(a.client.get(url)) == [first]


def test_c139_an_account_without_orders_has_an_empty_list(a):
    answer = a.client.get("/orders")

    assert (answer.status_code, answer.json()) == (200, {"data": []})
    assert "link" not in answer.headers


def test_c181_orders_of_others_and_deleted_ones_are_in_no_list(a, b):
    mine, gone = a.create(a.order("1"), a.order("2"))
    theirs = b.create(b.order("1"), b.order("3"))
    assert a.client.delete(f"/orders/{gone}").status_code == 204

    for query in ("", "order_id=1", "status=unfulfilled", "sort=order_number", "order_created_at=2024-05-01"):
        assert listed(a, query) == [mine]
        assert listed(a, f"{query}&cursor={cursor('r=1')}") == [mine]
    assert listed(b) == theirs[::-1]


def test_c182_a_list_shows_an_order_as_get_does(a, generated):
    more = {
        "shipping_address": AN_ADDRESS,
        "order_details.notes": "Ring twice \U0001f514",
        "order_details.order_items.0.properties": {"size": {"eu": 42.5}, "none": None},
        "shipping_details": {"measurement": {"weight": {"value": 1.25, "unit": "kg"}}},
    }
    for account in (a, generated):
        [id_] = account.create(account.order("1", more))

        [shown] = account.client.get("/orders").json()["data"]

        assert shown == account.show(id_)
        assert list(shown) == list(account.show(id_))
        assert shown["id"] == (str(id_) if account is generated else id_)


def test_an_empty_query_is_no_query(a):
    [id_] = a.create(a.order())

    for target in ("/orders?", "/orders/?", "/orders?&", "/orders?="):
        answer = raw(a, target)
        assert answer.startswith("HTTP/1.1 200 OK\r\n")
        assert f'{{"data":[{{"id":{id_},' in answer


def test_head_has_the_headers_of_get_and_no_body(a):
    [_, second] = a.create(a.order("1"), a.order("2"))
    got = a.client.get("/orders?page_size=1", headers={"host": "hub.example"})

    head, _, body = raw(a, "/orders?page_size=1", method="HEAD", headers=("Host: hub.example",)).partition("\r\n\r\n")

    assert body == ""
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert f"content-length: {len(got.content)}\r\n" in head
    assert "content-type: application/json\r\n" in head
    url = f"http://hub.example/api/v3/orders?page_size=1&cursor={cursor(f'p={second}')}"
    assert f'link: <{url}>; rel="next"\r\n' in head
    assert got.headers["link"] == f'<{url}>; rel="next"'


# The filter by integration


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("integration={i1},{i2}", id="C-140"),
        pytest.param("integration={i1}, {i2},", id="C-140 blanks and a last comma"),
        pytest.param("integration=%20{i2}%20,,{i1}%2C{i1}", id="C-140 twice"),
        pytest.param("integration={i1}&integration={i2}", id="C-141 repeated"),
        pytest.param("integration[0]={i1}&integration[1]={i2}", id="C-141 PHP"),
        pytest.param("integration%5B%5D={i1}&integration%5B%5D={i2}", id="C-141 PHP without numbers, escaped"),
        pytest.param("integration=&integration[]={i1},{i2}&integration[7]=", id="C-141 mixed"),
    ],
)
def test_several_integrations_are_a_union(a, db, query):
    [i3] = db.rows(
        "INSERT INTO integrations (account_id, shop_name, type) VALUES (%s, 'I3', 'api') RETURNING id", a.id
    )[0]
    first, second, _ = a.create(
        a.order("1"),
        a.order("1", {"order_details.integration.id": a.i2}),
        a.order("1", {"order_details.integration.id": i3}),
    )

    assert listed(a, query.format(i1=a.i1, i2=a.i2)) == [second, first]


def test_c141_one_integration_in_brackets(a):
    first, second = a.create(a.order("1"), a.order("2", {"order_details.integration.id": a.i2}))

    assert listed(a, f"integration[]={a.i1}") == [first]
    assert listed(a, f"integration[3]={a.i2}") == [second]


@pytest.mark.parametrize(
    ("query", "bad"),
    [
        pytest.param("integration=99999999", ["99999999"], id="C-142 unknown"),
        pytest.param("integration={j1}", ["{j1}"], id="C-142 of another account"),
        pytest.param("integration={i1},{j1}", ["{j1}"], id="C-142 one of two"),
        pytest.param("integration=abc", ["abc"], id="C-142 no number"),
        pytest.param("integration=x,{i1},-1,x,0", ["x", "-1", "0"], id="C-142 each once"),
        pytest.param("integration[0]={i1}.0&integration=" + "9" * 30, ["{i1}.0", "9" * 30], id="C-142 near misses"),
        pytest.param("integration=%00", ["\0"], id="C-142 NUL"),
    ],
)
def test_an_integration_that_is_not_ours_is_no_choice(a, b, query, bad):
    here = {"i1": a.i1, "j1": b.i1}
    a.create(a.order())
    answer = a.client.get(f"/orders?{query.format(**here)}")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        fault(bad_choice(each.format(**here)), "integration", "invalid_choice", "Invalid Choice") for each in bad
    ]


# Filters by text


TIMES = [f"{name}{which}" for name in ("order_created_at", "order_updated_at") for which in ("", "_min", "_max")]
PARAMETERS = ["integration", "order_id", "order_number", "status", *TIMES, "sort", "page_size", "cursor"]


def test_c143_an_empty_parameter_is_ignored(a):
    first, second = a.create(a.order("1"), a.order("2", {"order_details.integration.id": a.i2}))

    for name in PARAMETERS:
        assert listed(a, f"{name}=") == [second, first]
        assert listed(a, name) == [second, first]
    assert listed(a, "&".join(f"{name}=" for name in PARAMETERS)) == [second, first]


def test_c144_order_number_is_equality_whatever_the_letter_case(a):
    first, _ = a.create(a.order("a"), a.order("ab"))

    assert listed(a, "order_number=n-A") == [first]
    assert listed(a, "order_number=N-") == []
    assert listed(a, "order_number=%20N-a") == []


def test_c145_wildcards_are_literal(a):
    a.create(a.order("a"))

    for wildcard in ("N_a", "N%25", "%25", "_-a", "N-.", "N-*", "N-?", "^N-a$"):
        assert listed(a, f"order_number={wildcard}") == []


ODD_TEXTS = (
    "50% off_1",
    "50x off_1",
    "it's",
    'say "hi"',
    r"back\slash",
    r"back\\slash",
    "a+b",
    "a b",
    "a&b=c#d;e",
    "{}[]<>|^`",
    "' OR 1=1 --",
    "$1 %(account_id)s %s",
    "a\t\r\n",
    "a\t\r\n ",
    "\u202etxt",
    "\U0001f9fe",
    "-",
)


@pytest.mark.parametrize("name", ["order_id", "order_number", "status"])
def test_c145_odd_characters_find_exactly_themselves(a, name):
    path = "order_details.status.code" if name == "status" else name
    made = a.create(*[a.order(f"k{n}", {path: text}) for n, text in enumerate(ODD_TEXTS)])

    for id_, text in zip(made, ODD_TEXTS, strict=True):
        assert listed(a, urlencode({name: text})) == [id_]


def test_c146_an_order_number_of_three_orders_finds_all_three(a):
    same = {"order_number": "2024-1"}
    first, second, _, third = a.create(
        a.order("1", same),
        a.order("2", same),
        a.order("3"),
        a.order("4", {**same, "order_details.integration.id": a.i2}),
    )

    assert listed(a, "order_number=2024-1") == [third, second, first]


def test_c147_order_id_is_compared_whatever_the_letter_case(a):
    small, large, _ = a.create(a.order("a"), a.order("A"), a.order("aa"))

    assert listed(a, "order_id=A") == [large, small]
    assert listed(a, "order_id=a") == [large, small]


def test_c148_status_is_the_code_and_neither_message_nor_payment_status(a):
    wanted, other = a.create(
        a.order("1", {"order_details.status": {"code": "Unfulfilled", "message": "on its way"}}),
        a.order(
            "2",
            {
                "order_details.status": {"code": "shipped", "message": "unfulfilled"},
                "payment_details.status": {"code": "unfulfilled"},
            },
        ),
    )

    assert listed(a, "status=UNFULFILLED") == [wanted]
    assert listed(a, "status=Shipped") == [other]
    assert listed(a, "status=on its way") == []
    assert listed(a, "status=paid") == []


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ("äö-1", "ÄÖ-1"),
        ("ÄÖ-1", "äö-1"),
        ("straße", "STRASSE"),
        ("STRASSE", "straße"),
        ("STRAẞE", "strasse"),
        ("Σίσυφος", "σίσυφοσ"),
        ("Ж-7", "ж-7"),
        ("ﬁn", "FIN"),
        ("K-1", "k-1"),  # the Kelvin sign
    ],
)
def test_letter_case_is_folded_as_unicode_says(a, stored, asked):
    by_id, by_number, by_status = a.create(
        a.order(stored), a.order("2", {"order_number": stored}), a.order("3", {"order_details.status.code": stored})
    )

    assert listed(a, urlencode({"order_id": asked})) == [by_id]
    assert listed(a, urlencode({"order_number": asked})) == [by_number]
    assert listed(a, urlencode({"status": asked})) == [by_status]


def test_text_is_not_normalised(a):
    composed, decomposed = a.create(a.order("1", {"order_number": "\xe4"}), a.order("2", {"order_number": "a\u0308"}))

    assert listed(a, urlencode({"order_number": "\xc4"})) == [composed]
    assert listed(a, urlencode({"order_number": "A\u0308"})) == [decomposed]


def test_the_longest_texts_are_found_also_where_folding_makes_them_longer(a):
    plain, sharp, status = a.create(
        a.order("1", {"order_number": "x" * 255}),
        a.order("2", {"order_number": "ß" * 255}),
        a.order("3", {"order_details.status.code": "y" * 4096}),
    )

    assert listed(a, "order_number=" + "X" * 255) == [plain]
    assert listed(a, "order_number=" + "X" * 256) == []
    assert listed(a, "order_number=" + "Ss" * 255) == [sharp]
    assert listed(a, "order_number=" + "Ss" * 254 + "S") == []
    assert listed(a, "status=" + "Y" * 4096) == [status]


def test_nul_in_a_text_filter_is_refused(a):
    for name in ("order_id", "order_number", "status"):
        answer = a.client.get(f"/orders?{name}=a%00b")

        assert answer.status_code == 400
        assert answer.json()["errors"] == [fault("Null characters are not allowed", name)]


def test_bytes_that_are_no_utf8_find_nothing_and_stay_in_the_links(a, server):
    first, second = a.create(a.order("1", {"order_number": "\ufffd"}), a.order("2", {"order_number": "\ufffd"}))

    answer = a.client.get("/orders?order_number=%ff&page_size=1")

    assert ids(answer) == [second]
    assert follow(a, answer, "next") == [[second], [first]]
    assert listed(a, "order_number=%ff%ff") == []


# Filters by time


AROUND_A_DAY = {
    "evening before": "2023-04-27T23:59:59.999999Z",
    "midnight": "2023-04-28T00:00:00Z",
    "ten": "2023-04-28T12:00:00+02:00",
    "just after ten": "2023-04-28T10:00:00.000001Z",
    "evening": "2023-04-28T23:59:59.999999Z",
    "next midnight": "2023-04-29T00:00:00Z",
}
OF_THE_DAY = ["midnight", "ten", "just after ten", "evening"]
FROM_TEN = ["ten", "just after ten", "evening", "next midnight"]
TO_TEN = ["evening before", "midnight", "ten"]


@pytest.fixture(scope="module")
def dated(db: Db, server: str) -> Iterator[dict[str, Account]]:
    """Two accounts with the orders of AROUND_A_DAY, by the time that differs. Read only: they are shared."""
    accounts = {name: make_account(db, server) for name in ("order_created_at", "order_updated_at")}
    for name, account in accounts.items():
        account.create(*[account.order(key, {f"order_details.{name}": at}) for key, at in AROUND_A_DAY.items()])
    yield accounts
    for account in accounts.values():
        account.client.close()


@pytest.mark.parametrize("name", ["order_created_at", "order_updated_at"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("=2023-04-28", OF_THE_DAY, id="C-149"),
        pytest.param("=2023-04-27", ["evening before"], id="C-149 day before"),
        pytest.param("=2023-04-30", [], id="C-149 empty day"),
        pytest.param("_min=2023-04-28", [*OF_THE_DAY, "next midnight"], id="C-150"),
        pytest.param("_max=2023-04-28", ["evening before", *OF_THE_DAY], id="C-151"),
        pytest.param("_min=2023-04-28T10:00:00Z", FROM_TEN, id="C-152 min"),
        pytest.param("_max=2023-04-28T10:00:00Z", TO_TEN, id="C-152 max"),
        pytest.param("_min=2023-04-28T12:00:00%2B02:00", FROM_TEN, id="C-153 min"),
        pytest.param("_max=2023-04-28T12:00:00%2B02:00", TO_TEN, id="C-153 max"),
        pytest.param("_min=2023-04-28T12:00:00+02:00", FROM_TEN, id="C-153 bare plus"),
        pytest.param("_max=2023-04-28T12:00:00.0+0200", TO_TEN, id="C-153 bare plus, other spelling"),
        pytest.param("_max=2023-04-28T12:00:00%2002:00", TO_TEN, id="C-153 blank"),
        pytest.param("_min=2023-04-28T08:00:00-02:00", FROM_TEN, id="C-153 minus"),
        pytest.param("=2023-04-28T23:30:00Z", OF_THE_DAY, id="C-154"),
        pytest.param("=2023-04-29T00:30:00+02:00", OF_THE_DAY, id="C-154 the day in UTC"),
        pytest.param("=2023-04-28T00:30:00%2B02:00", ["evening before"], id="C-154 the day before in UTC"),
        pytest.param("_min=2023-04-28T10:00:00.000001Z", FROM_TEN[1:], id="fraction"),
        pytest.param("_max=2023-04-28T10:00:00.0000019Z", [*TO_TEN, "just after ten"], id="fraction is cut"),
        pytest.param("_min=2023-04-28t10:00:00z", FROM_TEN, id="small letters"),
        pytest.param("_min=2023-04-28%2010:00:00", FROM_TEN, id="blank for T, no offset"),
        pytest.param("_min=%202023-04-28%20", [*OF_THE_DAY, "next midnight"], id="blanks around"),
        pytest.param("_max=%202023-04-28%20", ["evening before", *OF_THE_DAY], id="blanks around a whole day"),
        pytest.param("_min=0001-01-01", [*AROUND_A_DAY], id="first day"),
        pytest.param("_max=9999-12-31", [*AROUND_A_DAY], id="last day"),
    ],
)
def test_times(dated, name, query, expected):
    assert names(dated[name], f"{name}{query}") == expected[::-1]


def test_times_at_the_ends_of_the_calendar(a):
    moments = {"first": "0001-01-01T00:00:00Z", "leap": "2024-02-29T12:00:00Z", "last": "9999-12-31T23:59:59.999999Z"}
    a.create(*[a.order(key, {"order_details.order_created_at": moment}) for key, moment in moments.items()])

    assert names(a, "order_created_at=0001-01-01") == ["first"]
    assert names(a, "order_created_at_max=0001-01-01T00:00:00Z") == ["first"]
    assert names(a, "order_created_at=2024-02-29") == ["leap"]
    assert names(a, "order_created_at=9999-12-31") == ["last"]
    assert names(a, "order_created_at=9999-12-31T23:59:59.999999Z") == ["last"]
    assert names(a, "order_created_at_min=9999-12-31") == ["last"]
    assert names(a, "order_created_at_max=9999-12-31") == ["last", "leap", "first"]
    assert names(a, "order_created_at_max=9999-12-30") == ["leap", "first"]
    for sort in ("order_created_at", "order_updated_at"):
        pages = follow(a, a.client.get(f"/orders?sort={sort}&page_size=1"), "next")
        assert pages == [[id_] for id_ in listed(a, "sort=pk")]


@pytest.mark.parametrize(
    "bad",
    [
        "28-04-2023",
        "abc",
        "2023-02-30",
        "2023-02-29",
        "1900-02-29",
        "2023-00-10",
        "2023-13-01",
        "0000-01-01",
        "10000-01-01",
        "2023-4-28",
        "20230428",
        "1682640000",
        "2023-04-28T24:00:00Z",
        "2023-04-28T10:60:00Z",
        "2023-04-28T10:00",
        "2023-04-28T10:00:00.Z",
        "2023-04-28T10:00:00%2B24:00",
        "2023-04-28T10:00:00 CEST",
        "0001-01-01T00:00:00%2B00:01",
        "9999-12-31T23:59:59-00:01",
        "2023-04-28%00",
        "%D9%A2%D9%A0%D9%A2%D9%A3-04-28",  # digits, but not ours
    ],
)
def test_c155_what_is_no_date_is_refused(many, bad):
    for name in TIMES:
        answer = many[0].client.get(f"/orders?{name}={bad}")

        assert answer.status_code == 400
        assert answer.json()["errors"] == [fault("Enter a valid date.", name)]


def test_c156_an_order_without_time_of_update_counts_with_its_time_of_creation(a):
    untouched, changed, _ = a.create(
        a.order("1", {"order_details.order_created_at": "2023-04-28T10:00:00Z"}),
        a.order("2", {"order_details.order_updated_at": "2023-04-28T11:00:00Z"}),
        a.order(
            "3",
            {
                "order_details.order_created_at": "2023-04-28T10:00:00Z",
                "order_details.order_updated_at": "2023-05-01T10:00:00Z",
            },
        ),
    )

    assert listed(a, "order_updated_at=2023-04-28") == [changed, untouched]
    assert listed(a, "order_updated_at_min=2023-04-28T10:30:00Z&order_updated_at_max=2023-04-28") == [changed]
    assert listed(a, "order_updated_at_max=2023-04-28T10:30:00Z") == [untouched]


def test_c156_our_own_times_are_not_what_is_filtered(a):
    [id_] = a.create(a.order())
    day = a.show(id_)["modified_at"][:10]

    assert listed(a, f"order_updated_at={day}") == []
    assert listed(a, f"order_created_at={day}") == []


# Filters together


def test_c157_filters_together_are_an_and(a):
    fits = {
        "order_number": "N-1",
        "order_details.order_created_at": "2023-04-28T10:00:00Z",
        "order_details.order_updated_at": "2023-04-29T10:00:00Z",
    }
    near_misses = (
        {"order_number": "N-2"},
        {"order_details.integration.id": a.i2},
        {"order_details.status.code": "shipped"},
        {"order_details.order_created_at": "2023-04-27T10:00:00Z"},
        {"order_details.order_updated_at": "2023-04-30T10:00:00Z"},
    )
    wanted, *_ = a.create(
        a.order("k", fits), *[a.order(f"k{n}", {**fits, **miss}) for n, miss in enumerate(near_misses)]
    )
    everything = (
        f"integration={a.i1}&order_number=n-1&status=UNFULFILLED"
        "&order_created_at=2023-04-28&order_created_at_min=2023-04-28T10:00:00Z&order_created_at_max=2023-04-28"
        "&order_updated_at=2023-04-29&order_updated_at_min=2023-04-28&order_updated_at_max=2023-04-29T10:00:00Z"
    )

    assert listed(a, everything) == [wanted]
    assert listed(a, f"{everything}&order_id=K") == [wanted]
    assert listed(a, f"{everything}&order_id=k0") == []


@pytest.mark.parametrize("name", ["order_created_at", "order_updated_at"])
def test_c157_min_later_than_max_finds_nothing(a, name):
    a.create(a.order("1", {f"order_details.{name}": "2023-04-28T10:00:00Z"}))

    assert listed(a, f"{name}_min=2023-04-29&{name}_max=2023-04-27") == []
    assert listed(a, f"{name}=2023-04-28&{name}_min=2023-04-29") == []
    assert listed(a, f"{name}=2023-04-28&{name}_max=2023-04-28T09:59:59Z") == []


def test_c158_unknown_parameters_are_ignored(a):
    first, second = a.create(a.order("1"), a.order("2"))

    for query in (
        "search=x",
        "query=x",
        "integration_id=5",
        "updated_at__gte=2030-01-01",
        "filter[order_number]=x",
        "Order_Number=x",
        "order_number[]=x",
        "integrations=5",
        "integration[a]=5",
        "p=1&o=1&r=1",
        "page=2&limit=1&offset=1",
    ):
        assert listed(a, query) == [second, first]


def test_the_last_of_a_repeated_parameter_counts(a):
    first, second = a.create(a.order("1"), a.order("2"))

    assert listed(a, "order_id=1&order_id=2") == [second]
    assert listed(a, "sort=-pk&sort=pk&page_size=0&page_size=1") == [first]


def test_every_bad_parameter_is_reported_at_once(a):
    answer = a.client.get(
        "/orders?order_created_at=x&page_size=0&order_number=%00&integration=x,y&order_updated_at_max=2023-02-30"
        "&order_created_at_min=&order_id=%00&status=ok&cursor=!!!&sort=foo"
    )

    assert answer.status_code == 400
    assert sorted(errors(answer)) == sorted(
        [
            ("order_id", "Null characters are not allowed"),
            ("order_number", "Null characters are not allowed"),
            ("order_created_at", "Enter a valid date."),
            ("order_updated_at_max", "Enter a valid date."),
            ("integration", bad_choice("x")),
            ("integration", bad_choice("y")),
            ("page_size", "Enter a whole number from 1 to 200."),
        ]
    )


def test_more_than_a_thousand_bad_choices_are_counted_not_listed(a):
    answer = a.client.get("/orders?integration=" + ",".join(f"x{n}" for n in range(1005)))

    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == 1001
    assert answer.json()["errors"][-1]["detail"] == "5 more errors are left out"


def test_a_query_of_16_kib_is_read_and_one_byte_more_is_refused(a):
    [id_] = a.create(a.order())

    assert listed(a, "x=" + "a" * (16_384 - 2)) == [id_]
    answer = a.client.get("/orders?x=" + "a" * (16_384 - 1))
    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "status": "400",
            "code": "invalid",
            "title": "Invalid",
            "detail": "The query should have at most 16384 bytes",
        }
    ]


# Page size


@pytest.mark.parametrize(
    ("query", "size"),
    [
        pytest.param("page_size=1", 1, id="C-159 one"),
        pytest.param("page_size=200", 200, id="C-159 most"),
        pytest.param("page_size=150.0", 150, id="C-159 with a point"),
        pytest.param("page_size=007", 7, id="C-159 zeros in front"),
        pytest.param("page_size=201", 200, id="C-160 one more"),
        pytest.param("page_size=500", 200, id="C-160"),
        pytest.param("page_size=" + "9" * 40, 200, id="C-160 huge"),
    ],
)
def test_page_size(many, query, size):
    account, newest_first = many

    assert listed(account, query) == newest_first[:size]


def test_c161_a_page_size_below_one_or_not_whole_is_refused(a):
    other_digits, longer_than_any_number_we_read = "%D9%A3", "9" * 5000
    for bad in (
        *("0", "-1", "abc", "1.5", "0.0", "-0", "0.5", "1e2", "1,5", "NaN", "Infinity", "0x10", "%C2%B2", "%00"),
        other_digits,
        longer_than_any_number_we_read,
    ):
        answer = a.client.get(f"/orders?page_size={bad}")

        assert answer.status_code == 400
        assert answer.json()["errors"] == [fault("Enter a whole number from 1 to 200.", "page_size")]


# Pages and their links


def test_c162_links_of_the_first_a_middle_and_the_last_page(a, server):
    one, two, three, four, five = a.create(*[a.order(str(n)) for n in range(5)])
    url = f"{server}/api/v3/orders?page_size=2&cursor="

    first = a.client.get("/orders?page_size=2")
    assert ids(first) == [five, four]
    assert first.headers["link"] == f'<{url}{cursor(f"p={four}")}>; rel="next"'

    middle = a.client.get(links(first)["next"])
    assert ids(middle) == [three, two]
    assert middle.headers["link"] == (
        f'<{url}{cursor(f"r=1&p={three}")}>; rel="prev", <{url}{cursor(f"p={two}")}>; rel="next"'
    )

    last = a.client.get(links(middle)["next"])
    assert ids(last) == [one]
    assert last.headers["link"] == f'<{url}{cursor(f"r=1&p={one}")}>; rel="prev"'


def test_c162_a_last_page_that_is_full_has_no_next(a):
    a.create(*[a.order(str(n)) for n in range(4)])
    first = a.client.get("/orders?page_size=2")

    assert list(links(a.client.get(links(first)["next"]))) == ["prev"]
    assert "link" not in a.client.get("/orders?page_size=4").headers


def test_c163_links_keep_filters_sort_and_page_size_and_lead_to_every_match_once(a, server):
    same = {"order_number": "Nº 1 & +%"}
    made = a.create(*[a.order(f"k{n}", same if n % 2 else {}) for n in range(10)])
    kept = urlencode(
        [
            ("sort", "order_number,-order_created_at"),
            ("order_number", "nº 1 & +%"),
            ("page_size", "2"),
            ("integration[]", str(a.i1)),
            ("order_created_at_min", "2024-05-01T12:00:00+02:00"),
            ("status", ""),
            ("search", "x"),
        ]
    )

    answer = a.client.get(f"/orders?{kept}")
    assert links(answer)["next"].startswith(f"{server}/api/v3/orders?{kept}&cursor=")
    assert follow(a, answer, "next") == [[made[9], made[7]], [made[5], made[3]], [made[1]]]


def test_c163_a_bare_plus_in_a_date_still_works_in_the_links(a):
    first, second = a.create(a.order("1"), a.order("2"))

    answer = a.client.get("/orders?order_created_at_min=2024-05-01T12:00:00+02:00&page_size=1")

    assert follow(a, answer, "next") == [[second], [first]]


def test_c163_a_link_has_one_cursor_however_many_the_request_had(a, server):
    first, second = a.create(a.order("1"), a.order("2"))

    answer = a.client.get(f"/orders?cursor=x&page_size=1&cursor={cursor('o=0')}")

    assert ids(answer) == [second]
    assert links(answer) == {"next": f"{server}/api/v3/orders?page_size=1&cursor={cursor(f'p={second}')}"}
    assert listed(a, urlsplit(links(answer)["next"]).query) == [first]


def test_c164_prev_leads_back_over_the_same_pages(a):
    made = a.create(*[a.order(str(n)) for n in range(7)])[::-1]
    pages = [made[0:3], made[3:6], made[6:7]]

    first = a.client.get("/orders?page_size=3")
    last = a.client.get(links(a.client.get(links(first)["next"]))["next"])

    assert follow(a, first, "next") == pages
    assert follow(a, last, "prev") == pages[::-1]


def test_base64_padding_in_links_is_escaped(a):
    a.create(*[a.order(str(n), {"order_number": "x" * n}) for n in range(1, 8)])

    # Positions of growing length, so that all paddings occur: none, a single and a double one.
    found = [links(a.client.get(f"/orders?sort=-order_number&page_size={size}"))["next"] for size in range(1, 7)]

    assert {url.partition("&cursor=")[2].count("%3D") for url in found} == {0, 1, 2}
    assert not any("=" in url.partition("&cursor=")[2] for url in found)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("hub.example", "hub.example"),
        ("hub.example:8443", "hub.example:8443"),
        ("[::1]:8080", "[::1]:8080"),
        ("HUB_1.example", "HUB_1.example"),
        ("evil.example/<b>", None),
        ('x>; rel="next", <https://evil.example', None),
        ("user@evil.example", None),
        ("two words", None),
        ("", None),
        ("x" * 256, None),
        ("h\u00fcb.example", None),
    ],
)
def test_links_name_the_host_of_the_request_if_it_can_be_one(many, server, host, shown):
    account, [newest, *_] = many

    answer = raw(account, "/orders?page_size=1", headers=(f"Host: {host}",))

    base = f"http://{shown}" if shown else server
    assert link_line(answer) == f'<{base}/api/v3/orders?page_size=1&cursor={cursor(f"p={newest}")}>; rel="next"'


def test_without_a_host_header_links_name_the_address_of_the_server(a, server):
    a.create(a.order("1"), a.order("2"))

    assert link_line(raw(a, "/orders?page_size=1", headers=(), version="1.0")).startswith(
        f"<{server}/api/v3/orders?page_size=1&"
    )


def test_links_begin_with_public_base_url_where_it_is_set(a, database_url, tmp_path):
    [_, second] = a.create(a.order("1"), a.order("2"))
    environment = {
        "ORDERDOCK_DATABASE_URL": database_url,
        "ORDERDOCK_PUBLIC_BASE_URL": "https://shop.example/hub/",
    }
    with serving(tmp_path / "log", **environment) as url:
        for path in ("/api/v3/orders", "/api/v3/orders/"):
            answer = httpx2.get(
                f"{url}{path}?page_size=1",
                auth=(a.public_key, a.secret_key),
                headers={"host": "other.example", "x-forwarded-proto": "http"},
            )
            assert ids(answer) == [second]
            assert answer.headers["link"] == (
                f'<https://shop.example/hub{path}?page_size=1&cursor={cursor(f"p={second}")}>; rel="next"'
            )


# Cursors that clients make


def test_c165_backwards_from_a_position_is_the_page_directly_before_it(a):
    one, two, three, four, five = a.create(*[a.order(str(n)) for n in range(5)])

    answer = a.client.get(f"/orders?page_size=2&cursor={cursor(f'r=1&p={two}')}")

    assert ids(answer) == [four, three]
    assert follow(a, answer, "prev") == [[four, three], [five]]
    assert follow(a, answer, "next") == [[four, three], [two, one]]


def test_c165_the_documented_cursor(a):
    newest_first = a.create(*[a.order(str(n)) for n in range(3)])[::-1]

    assert listed(a, "page_size=2&cursor=cj0xJnA9MzAw") == [id_ for id_ in newest_first if id_ > 300][-2:]


def test_c166_forwards_from_a_position_is_what_is_below_it(a):
    one, two, three, four = a.create(*[a.order(str(n)) for n in range(4)])

    assert listed(a, f"page_size=2&cursor={cursor(f'p={four}')}") == [three, two]
    assert listed(a, f"page_size=2&cursor={cursor(f'p={two}')}") == [one]
    assert listed(a, f"page_size=2&cursor={cursor(f'p={one}')}") == []


def test_c167_o_0_and_r_0_are_the_first_page(a):
    newest_first = a.create(*[a.order(str(n)) for n in range(3)])[::-1]

    answer = a.client.get("/orders?page_size=2&cursor=bz0wJnI9MA==")

    assert ids(answer) == newest_first[:2]
    assert list(links(answer)) == ["next"]
    assert answer.headers["link"] == a.client.get("/orders?page_size=2").headers["link"]


def test_c168_an_offset_skips_rows_from_the_start(many):
    account, newest_first = many
    answer = account.client.get(f"/orders?page_size=100&cursor={cursor('o=100&r=0')}")

    assert ids(answer) == newest_first[100:200]
    assert follow(account, answer, "next") == [newest_first[100:200], newest_first[200:]]
    assert follow(account, answer, "prev") == [newest_first[100:200], newest_first[:100]]


def test_c168_an_offset_counts_from_a_position_and_from_the_end_too(a):
    newest_first = a.create(*[a.order(str(n)) for n in range(6)])[::-1]

    assert listed(a, f"page_size=2&cursor={cursor(f'o=1&p={newest_first[1]}')}") == newest_first[3:5]
    assert listed(a, f"page_size=2&cursor={cursor(f'o=1&r=1&p={newest_first[4]}')}") == newest_first[1:3]
    assert listed(a, f"page_size=2&cursor={cursor('r=1')}") == newest_first[4:6]
    assert listed(a, f"page_size=2&cursor={cursor('r=1&o=1')}") == newest_first[3:5]


@pytest.mark.parametrize("offset", [3, 1_000_000, 2**31 - 1, 10**30])
def test_c169_past_the_end_is_an_empty_page_with_a_way_back(a, offset):
    newest_first = a.create(*[a.order(str(n)) for n in range(3)])[::-1]

    answer = a.client.get(f"/orders?page_size=2&cursor={cursor(f'o={offset}')}")

    assert answer.json() == {"data": []}
    assert list(links(answer)) == ["prev"]
    assert follow(a, answer, "prev") == [[], newest_first[1:], newest_first[:1]]


def test_c169_before_the_start_is_an_empty_page_with_a_way_on(a):
    newest_first = a.create(*[a.order(str(n)) for n in range(3)])[::-1]

    answer = a.client.get(f"/orders?page_size=2&cursor={cursor(f'r=1&p={newest_first[0]}')}")

    assert list(links(answer)) == ["next"]
    assert follow(a, answer, "next") == [[], newest_first[:2], newest_first[2:]]


def test_c170_mangled_cursors_are_read(a):
    made = a.create(*[a.order(str(n), {"order_number": "~~~???"}) for n in range(3)])
    sent = b64encode(f'p=["~~~???",{made[2]}]'.encode()).decode()
    assert {"+", "/"} <= set(sent)
    assert listed(a, "cursor=") == made[::-1]
    for mangled in (
        quote(sent, safe=""),
        sent.replace("+", "%2B"),
        sent,  # the plus arrives as a blank
        sent.rstrip("=").replace("+", "%2B"),
        sent.replace("+", "-").replace("/", "_"),
        sent.rstrip("=").replace("+", "-").replace("/", "_"),
    ):
        assert listed(a, f"sort=order_number&cursor={mangled}") == made[1::-1]
    for padding in ("==", "%3D%3D", ""):
        assert listed(a, f"page_size=1&cursor=bz0wJnI9MA{padding}") == made[:1:-1]


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param("!!!", id="C-171 not base64"),
        pytest.param(cursor("p=abc"), id="C-171 p no number"),
        pytest.param(cursor("o=-1"), id="C-171 o negative"),
        pytest.param(cursor("r=x"), id="C-171 r no number"),
        pytest.param(cursor(b"\xff\xfe"), id="C-171 not UTF-8"),
        pytest.param("A", id="C-171 too short for base64"),
        pytest.param("%3D%3D", id="C-171 padding only"),
        pytest.param("%00", id="C-171 NUL"),
        pytest.param("%C3%A4", id="C-171 not ASCII"),
        pytest.param("bz0wJnI9MA%3D%3DAAAA", id="C-171 padding inside"),
        pytest.param(cursor("300"), id="C-171 no query"),
        pytest.param(cursor("x=1"), id="C-171 none of the members"),
        pytest.param(cursor("o=abc"), id="C-171 o no number"),
        pytest.param(cursor("o=1.0"), id="C-171 o not whole"),
        pytest.param(cursor("o=\u0663"), id="C-171 o in other digits"),
        pytest.param(cursor("o=&r=0"), id="C-171 o empty"),
        pytest.param(cursor("o=" + "9" * 5000), id="C-171 o huge"),
        pytest.param(cursor("r=-1"), id="C-171 r negative"),
        pytest.param(cursor("p="), id="C-171 p empty"),
        pytest.param(cursor("p=1.0"), id="C-171 p not whole"),
        pytest.param(cursor("p=%FF"), id="C-171 p not UTF-8"),
        pytest.param(cursor("p=%00"), id="C-171 p NUL"),
        pytest.param(cursor("p=1%0A"), id="C-171 p with a line end"),
        pytest.param(cursor("p=\u0663"), id="C-171 p in other digits"),
        pytest.param(cursor("p=9223372036854775808"), id="C-171 p beyond any id"),
        pytest.param(cursor("p=" + "9" * 5000), id="C-171 p huge"),
        pytest.param(cursor("p=[1]"), id="C-171 p a list"),
    ],
)
def test_an_invalid_cursor_is_not_found(many, bad):
    answer = many[0].client.get(f"/orders?cursor={bad}")

    assert answer.status_code == 404
    assert answer.json()["errors"] == [
        {"status": "404", "code": "not_found", "title": "Invalid cursor", "detail": "Invalid cursor"}
    ]
    assert "link" not in answer.headers


@pytest.mark.parametrize(
    ("position", "expected"),
    [("9223372036854775807", [2, 1]), ("-9223372036854775807", []), ("0", []), ("-1", []), ("000", [])],
)
def test_positions_that_no_order_has(a, position, expected):
    a.create(a.order("1"), a.order("2"))

    forwards = names(a, f"cursor={cursor(f'p={position}')}")
    backwards = names(a, f"cursor={cursor(f'r=1&p={position}')}")

    assert forwards == [str(each) for each in expected]
    assert sorted(forwards + backwards) == ["1", "2"]


def test_the_position_of_an_order_of_another_account_is_a_position_and_shows_nothing(a, b):
    [first] = a.create(a.order("1"))
    [theirs] = b.create(b.order("1"))
    [second] = a.create(a.order("2"))

    assert listed(a, f"cursor={cursor(f'p={theirs}')}") == [first]
    assert listed(a, f"cursor={cursor(f'r=1&p={theirs}')}") == [second]


# Cursors and sorts


def next_cursor(account: Account, sort: str) -> str:
    """The cursor after the first order of a sort."""
    url = links(account.client.get("/orders", params={"sort": sort, "page_size": 1}))["next"]
    return url.partition("&cursor=")[2]


@pytest.mark.parametrize(
    ("minted", "used"),
    [
        ("-pk", "order_number"),
        ("-pk", "order_created_at"),
        ("-pk", "integration"),
        ("order_number", "-pk"),
        ("order_number", "order_created_at"),
        ("order_number", "integration"),
        ("integration", "order_number"),
        ("integration", "order_updated_at"),
        ("order_created_at", "integration"),
        ("order_number,order_created_at", "order_number"),
        ("order_number", "order_number,order_created_at"),
    ],
)
def test_c172_a_cursor_that_does_not_fit_the_sort_is_invalid(a, minted, used):
    a.create(a.order("1"), a.order("2"))

    answer = a.client.get(f"/orders?sort={used}&cursor={next_cursor(a, minted)}")

    assert answer.status_code == 404
    assert errors(answer) == [(None, "Invalid cursor")]


def test_c172_a_cursor_that_fits_is_that_position(a):
    moment = "order_details.order_created_at"
    one, two, three = a.create(*[a.order(str(n), {moment: f"2024-05-0{n}T10:00:00Z"}) for n in (1, 2, 3)])

    assert listed(a, f"sort=order_number&cursor={next_cursor(a, 'order_number')}") == [two, three]
    assert listed(a, f"sort=-order_number&cursor={next_cursor(a, 'order_number')}") == []
    assert listed(a, f"sort=order_updated_at&cursor={next_cursor(a, 'order_created_at')}") == [two, three]
    assert listed(a, f"sort=pk&cursor={next_cursor(a, '-pk')}") == []
    assert listed(a, f"sort=-pk&cursor={next_cursor(a, '-pk')}") == [two, one]


@pytest.mark.parametrize(
    "position",
    [
        "[",
        "{}",
        "null",
        '"N-1"',
        "[]",
        '["N-1"]',
        '["N-1",1,1]',
        '["N-1",null]',
        '["N-1",1.5]',
        '["N-1","x"]',
        '["N-1",true]',
        '["N-1",[1]]',
        '["N-1",9223372036854775808]',
        '["N-1",1e400]',
        '["\\u0000",1]',
        '["\\ud800",1]',
        "[1,1]",
        "[" * 2000,
        '["N-1",' + "9" * 5000 + "]",
    ],
)
def test_c171_a_composite_position_that_is_none_is_invalid(many, position):
    answer = many[0].client.get(f"/orders?sort=order_number&cursor={cursor(urlencode({'p': position}))}")

    assert answer.status_code == 404
    assert errors(answer) == [(None, "Invalid cursor")]


@pytest.mark.parametrize("sort", ["", "sort=order_number&", "sort=-order_created_at&", "sort=integration&"])
def test_c173_new_orders_between_two_pages_change_nothing(a, sort):
    """In each of these sorts the new orders come before the first page."""
    newest_first = a.create(*[a.order(f"k{n}") for n in range(4)])[::-1]
    for n, id_ in enumerate(newest_first):
        assert a.patch(id_, {"order_number": f"k{n}"}).status_code == 200
    first = a.client.get(f"/orders?{sort}page_size=2")
    assert ids(first) == newest_first[:2]

    a.create(*[a.order(f"a{n}", {"order_number": "a"}) for n in range(10)])

    assert ids(a.client.get(links(first)["next"])) == newest_first[2:]


@pytest.mark.parametrize("sort", ["", "sort=pk&", "sort=order_number&", "sort=integration,-order_updated_at&"])
@pytest.mark.parametrize("deleted", [[0], [1], [0, 1], [2], [1, 2]], ids=str)
def test_c174_deleting_around_a_position_skips_nothing(a, sort, deleted):
    a.create(*[a.order(f"k{n}") for n in range(5)])
    all_ids = listed(a, sort)
    first = a.client.get(f"/orders?{sort}page_size=2")

    for place in deleted:
        assert a.client.delete(f"/orders/{all_ids[place]}").status_code == 204

    left = [id_ for place, id_ in enumerate(all_ids) if place not in deleted]
    assert flat(follow(a, a.client.get(links(first)["next"]), "next")) == [id_ for id_ in all_ids[2:] if id_ in left]
    assert listed(a, sort) == left


def test_c174_the_way_back_to_a_page_that_was_deleted_ends_at_the_start(a):
    one, two, three, four = a.create(*[a.order(str(n)) for n in range(4)])
    second = a.client.get(links(a.client.get("/orders?page_size=2"))["next"])
    for id_ in (three, four):
        assert a.client.delete(f"/orders/{id_}").status_code == 204

    before = a.client.get(links(second)["prev"])

    assert ids(before) == []
    assert follow(a, before, "next") == [[], [two, one]]


@pytest.mark.parametrize("sort", ["order_created_at", "-order_created_at"])
def test_c175_equals_come_newest_first_and_each_once(a, sort):
    made = [id_ for n in range(3) for id_ in a.create(*[a.order(f"{n}-{m}") for m in range(100)])]

    pages = follow(a, a.client.get(f"/orders?sort={sort}&page_size=70"), "next")

    assert [len(page) for page in pages] == [70, 70, 70, 70, 20]
    assert flat(pages) == made[::-1]


# Sorts


# A locale sorts these otherwise (a before Z, é before z, 9 before 10), and so does UTF-16 (emoji before U+FF5E).
TO_SORT = ("a", "Z", "é", "z", "_", "9", "10", "-1", "A", "~", "\uff5e", "\U0001f600", "ß", "Ж", "a b", "ab")


def test_c176_order_number_is_sorted_by_code_point(a):
    ids_ = a.create(*[a.order(str(n), {"order_number": text}) for n, text in enumerate(TO_SORT)])
    made = dict(zip(TO_SORT, ids_, strict=True))

    assert listed(a, "sort=order_number") == [made[text] for text in sorted(TO_SORT)]
    assert listed(a, "sort=-order_number") == [made[text] for text in sorted(TO_SORT, reverse=True)]


def test_c177_several_sorts_count_in_the_order_named(a):
    moment = "order_details.order_created_at"
    shop = "order_details.integration.id"
    late, early, other_early, other_late, other_late_too = a.create(
        a.order("1", {moment: "2024-05-02T10:00:00Z"}),
        a.order("2", {moment: "2024-05-01T10:00:00Z"}),
        a.order("3", {moment: "2024-05-01T10:00:00Z", shop: a.i2}),
        a.order("4", {moment: "2024-05-02T10:00:00Z", shop: a.i2}),
        a.order("5", {moment: "2024-05-02T10:00:00Z", shop: a.i2}),
    )

    assert listed(a, "sort=integration,-order_created_at") == [late, early, other_late_too, other_late, other_early]
    assert listed(a, "sort=-order_created_at,integration") == [late, other_late_too, other_late, early, other_early]
    assert listed(a, "sort=-integration,order_created_at,pk") == [other_early, other_late, other_late_too, early, late]
    assert listed(a, "sort=,integration,,-order_created_at,") == listed(a, "sort=integration,-order_created_at")
    assert listed(a, "sort=%20integration%20,%20-order_created_at") == listed(a, "sort=integration,-order_created_at")


def test_c178_of_two_sorts_by_one_name_the_first_counts(a):
    first, second, third = a.create(
        a.order("1"), a.order("2", {"order_details.integration.id": a.i2}), a.order("3", {"order_number": "A"})
    )

    assert listed(a, "sort=integration,-integration") == listed(a, "sort=integration") == [third, first, second]
    assert listed(a, "sort=-integration,integration,-integration") == listed(a, "sort=-integration")
    assert listed(a, "sort=integration,-integration,order_number") == listed(a, "sort=integration,order_number")
    assert listed(a, "sort=pk,-pk,order_number") == [first, second, third]


def test_c179_a_sort_that_we_do_not_know_is_the_default(a):
    first, second, third = a.create(
        a.order("1", {"order_number": "B", "order_details.integration.id": a.i2}),
        a.order("2", {"order_number": "C"}),
        a.order("3", {"order_number": "A"}),
    )

    for sort in ("foo", "integration,foo", "PK", "Integration", "-foo", "--pk", "order_id", "id", "pk asc", "%00"):
        assert listed(a, f"sort={sort}") == [third, second, first]


def test_c180_sort_by_pk_is_ascending_there_and_back(a, server):
    made = a.create(*[a.order(str(n)) for n in range(5)])
    pages = [made[0:2], made[2:4], made[4:5]]

    first = a.client.get("/orders?sort=pk&page_size=2")
    last = a.client.get(f"/orders?sort=pk&page_size=2&cursor={cursor(f'p={made[3]}')}")

    assert first.headers["link"] == (
        f'<{server}/api/v3/orders?sort=pk&page_size=2&cursor={cursor(f"p={made[1]}")}>; rel="next"'
    )
    assert follow(a, first, "next") == pages
    assert follow(a, last, "prev") == pages[::-1]
