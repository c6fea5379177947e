"""Page cursors (behaviour 1.5): there and back as pure functions, and the laws of paging through the door."""

import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderdock import limits
from orderdock.errors import InvalidCursor
from orderdock.http.cursor import Cursor, link_header, read_cursor, write_cursor
from tests.support import Account, Db, an_order, make_account


def encoded(text: str | bytes) -> str:
    return b64encode(text.encode() if isinstance(text, str) else text).decode()


# The text of a cursor


@pytest.mark.parametrize(
    ("cursor", "text"),
    [
        (Cursor(), "o=0"),
        (Cursor(reverse=True), "r=1"),
        (Cursor(position="300"), "p=300"),
        (Cursor(reverse=True, position="300"), "r=1&p=300"),
        (Cursor(offset=100), "o=100"),
        (Cursor(100, True, "300"), "o=100&r=1&p=300"),
        (Cursor(position='["a&b=c+d %",7]'), "p=%5B%22a%26b%3Dc%2Bd+%25%22%2C7%5D"),
        (Cursor(position="ä\n"), "p=%C3%A4%0A"),
        (Cursor(position=""), "p="),
    ],
)
def test_a_cursor_is_written_as_the_base64_of_a_query(cursor, text):
    assert write_cursor(cursor) == encoded(text)
    assert read_cursor(encoded(text)) == cursor


def test_c165_the_documented_example():
    assert write_cursor(Cursor(reverse=True, position="300")) == "cj0xJnA9MzAw"
    assert read_cursor("cj0xJnA9MzAw") == Cursor(reverse=True, position="300")


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        pytest.param("", Cursor(), id="C-170 empty"),
        pytest.param("bz0wJnI9MA==", Cursor(), id="C-167"),
        pytest.param("bz0wJnI9MA=", Cursor(), id="C-170 half padded"),
        pytest.param("bz0wJnI9MA", Cursor(), id="C-170 unpadded"),
        pytest.param(encoded("o=100&r=0"), Cursor(100), id="C-168"),
        pytest.param(encoded("r=0&p=300"), Cursor(position="300"), id="order of members"),
        pytest.param(encoded("p=300&r=1&o=2"), Cursor(2, True, "300"), id="other order of members"),
        pytest.param(encoded("o=007"), Cursor(7), id="zeros in front"),
        pytest.param(encoded("o=5&x=1"), Cursor(5), id="unknown member beside"),
        pytest.param(encoded("o=1&o=2"), Cursor(2), id="the last of two"),
        pytest.param(encoded(f"o={limits.offset_max}"), Cursor(limits.offset_max), id="largest offset"),
        pytest.param(encoded(f"o={10**30}"), Cursor(limits.offset_max), id="beyond it: past the end all the same"),
        pytest.param("cD1-fn4_", Cursor(position="~~~?"), id="C-170 URL-safe alphabet"),
        pytest.param("cD1+fn4/", Cursor(position="~~~?"), id="C-170 everyday alphabet"),
        pytest.param("cD1 fn4/", Cursor(position="~~~?"), id="C-170 a plus that became a blank"),
    ],
)
def test_read_cursor(text, cursor):
    assert read_cursor(text) == cursor


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("!!!", id="C-171 not base64"),
        pytest.param(encoded(b"\xff\xfe"), id="C-171 not UTF-8"),
        pytest.param(encoded("o=-1"), id="C-171 negative"),
        pytest.param(encoded("r=x"), id="C-171 not a number"),
        pytest.param(encoded("r=2"), id="C-171 neither 0 nor 1"),
        pytest.param(encoded("o=" + "9" * 5000), id="C-171 longer than int() reads"),
        pytest.param(encoded("o=²"), id="C-171 a digit that is none"),
        pytest.param(encoded("p=%ff"), id="C-171 position not UTF-8"),
        pytest.param(encoded("o"), id="C-171 no value"),
        pytest.param("==", id="C-171 padding only"),
        pytest.param("bz0w\n", id="C-171 line end"),
        pytest.param("bz0wJ", id="C-171 no whole byte"),
        pytest.param("bz0=wJnI9MA", id="C-171 padding inside"),
        pytest.param("ä", id="C-171 not ASCII"),
        pytest.param("\0", id="C-171 NUL"),
    ],
)
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(InvalidCursor):
        read_cursor(text)


CURSORS = st.builds(
    Cursor,
    st.integers(0, limits.offset_max),
    st.booleans(),
    st.none() | st.text(st.characters(codec="utf-8")),
)


@given(CURSORS)
@settings(deadline=None)
def test_what_is_written_is_read_back_however_it_was_copied(cursor):
    text = write_cursor(cursor)

    assert read_cursor(text) == cursor
    assert read_cursor(text.rstrip("=")) == cursor
    assert read_cursor(text.replace("+", " ")) == cursor
    assert read_cursor(urlsafe_b64encode(b64decode(text)).decode()) == cursor


@settings(deadline=None)
@given(st.text() | st.binary().map(encoded) | st.text(st.sampled_from("orp=&%019+-ä")).map(encoded))
def test_any_text_is_a_cursor_or_an_invalid_one(text):
    try:
        cursor = read_cursor(text)
    except InvalidCursor:
        return
    assert 0 <= cursor.offset <= limits.offset_max
    assert read_cursor(write_cursor(cursor)) == cursor


# The Link header


@pytest.mark.parametrize(
    ("query", "prev", "next_", "header"),
    [
        ([], None, None, None),
        ([("page_size", "2")], None, None, None),
        ([], None, Cursor(position="4"), '<http://x/orders?cursor=cD00>; rel="next"'),
        ([], Cursor(reverse=True, position="4"), None, '<http://x/orders?cursor=cj0xJnA9NA%3D%3D>; rel="prev"'),
        (
            [("a", ""), ("cursor", "old"), ("a", "+"), ("cursor", "older")],
            Cursor(reverse=True),
            Cursor(),
            '<http://x/orders?a=&a=%2B&cursor=cj0x>; rel="prev", <http://x/orders?a=&a=%2B&cursor=bz0w>; rel="next"',
        ),
        (
            [("x", '>; rel="next"\r\nSet-Cookie: a')],
            None,
            Cursor(),
            '<http://x/orders?x=%3E%3B+rel%3D%22next%22%0D%0ASet-Cookie%3A+a&cursor=bz0w>; rel="next"',
        ),
    ],
)
def test_link_header(query, prev, next_, header):
    assert link_header("http://x/orders", query, prev, next_) == header


# Paging through the door: orders with many ties, and what a plain sort makes of them


class Row(NamedTuple):
    """What the list can tell of an order. Shops are numbered from 0."""

    shop: int
    number: str
    status: str
    created: str
    updated: str | None


NUMBERS = ("A", "a", "Ä", 'q"\\,[')
STATUSES = ("paid", "SHIPPED", "shipped")
# The second and the third are the same moment.
TIMES = ("2024-05-01T10:00:00Z", "2024-05-02T00:00:00Z", "2024-05-02T02:00:00+02:00", "2024-05-02T00:00:00.000001Z")

ROWS = st.builds(
    Row,
    st.sampled_from([0, 1]),
    st.sampled_from(NUMBERS),
    st.sampled_from(STATUSES),
    st.sampled_from(TIMES),
    st.none() | st.sampled_from(TIMES),
)

Stored = Sequence[tuple[int, Row]]

KEYS: dict[str, Callable[[tuple[int, Row]], Any]] = {
    "pk": lambda stored: stored[0],
    "integration": lambda stored: stored[1].shop,
    "order_number": lambda stored: stored[1].number,
    "order_created_at": lambda stored: datetime.fromisoformat(stored[1].created),
    "order_updated_at": lambda stored: datetime.fromisoformat(stored[1].updated or stored[1].created),
}

NOON = datetime.fromisoformat("2024-05-01T12:00:00Z")
FILTERS: dict[str, Callable[[Row], bool]] = {
    "": lambda _: True,
    "status=Shipped": lambda row: row.status.casefold() == "shipped",
    "order_number=a&order_id=": lambda row: row.number.casefold() == "a",
    "integration={shop_1}&order_updated_at_min=2024-05-01T14:00:00+02:00": (
        lambda row: row.shop == 1 and datetime.fromisoformat(row.updated or row.created) >= NOON
    ),
    "status=lost": lambda _: False,
}


def store(account: Account, rows: Sequence[Row]) -> Stored:
    """Store orders; gives them with their ids."""
    shops = (account.i1, account.i2)
    orders = []
    for number, row in enumerate(rows):
        details = {
            "order_number": row.number,
            "order_details.status.code": row.status,
            "order_details.order_created_at": row.created,
        }
        changed = {"order_details.order_updated_at": row.updated} if row.updated else {}
        orders.append(an_order(f"k{number}", shops[row.shop], details | changed))
    return list(zip(account.create(*orders), rows, strict=True)) if orders else []


def plain_sort(stored: Stored, sort: str, wanted: Callable[[Row], bool]) -> list[int]:
    """The ids of what is wanted, sorted; what is equal comes newest first."""
    found = sorted([each for each in stored if wanted(each[1])], key=KEYS["pk"], reverse=True)
    for name in reversed(sort.split(",")):
        found.sort(key=KEYS[name.removeprefix("-")], reverse=name.startswith("-"))
    return [id_ for id_, _ in found]


def pages(account: Account, url: str, rel: str) -> Iterator[tuple[list[int], str]]:
    """Pages from a URL on, each as its ids and its own URL."""
    following: str | None = url
    seen = set()
    while following:
        assert following not in seen, f"The pages go in a circle: {following}"
        seen.add(following)
        answer = account.client.get(following)
        assert answer.status_code == 200, answer.text
        yield [order["id"] for order in answer.json()["data"]], following
        following = link(answer, rel)


def link(answer: httpx2.Response, rel: str) -> str | None:
    found = re.search(rf'<([^>]*)>; rel="{rel}"', answer.headers.get("link", ""))
    return found and found.group(1)


def check_paging(account: Account, expected: Sequence[int], query: str, page_size: int) -> None:
    """Each order once, in order, on full pages; and the same pages on the way back."""
    cut = [list(expected[first : first + page_size]) for first in range(0, len(expected), page_size)] or [[]]

    there = list(pages(account, f"/orders?{query}&page_size={page_size}", "next"))
    assert [ids for ids, _ in there] == cut
    assert link(account.client.get(there[0][1]), "prev") is None

    back = list(pages(account, there[-1][1], "prev"))
    assert [ids for ids, _ in back] == cut[::-1]


@pytest.fixture(scope="module")
def tied(db: Db, server: str) -> Iterator[tuple[Account, Stored]]:
    """16 orders, each value shared by several. Read only: it is shared."""
    account = make_account(db, server)
    rows = [
        Row(n % 2, NUMBERS[n * 7 % 4], STATUSES[n * 5 % 3], TIMES[n * 3 % 4], (None, *TIMES)[n * 11 % 5])
        for n in range(16)
    ]
    with account.client:
        yield account, store(account, rows)


@pytest.mark.parametrize(
    "sort",
    [
        *[sign + name for name in KEYS for sign in ("", "-")],
        "integration,-order_created_at",
        "-order_number,order_updated_at",
        "order_updated_at,-integration,order_number,-order_created_at",
        "order_created_at,pk",
        "-integration,-pk",
    ],
)
def test_c163_c164_following_next_gives_each_match_once_and_prev_the_same_pages(tied, sort):
    account, stored = tied
    for query, wanted in FILTERS.items():
        expected = plain_sort(stored, sort, wanted)
        for page_size in (1, 3, 16, 17):
            check_paging(account, expected, f"sort={sort}&{query.format(shop_1=account.i2)}", page_size)


@given(
    rows=st.lists(ROWS, max_size=12),
    names=st.permutations([name for name in KEYS if name != "pk"]),
    depth=st.integers(1, 4),
    signs=st.tuples(*[st.sampled_from(["", "-"])] * 4),
    query=st.sampled_from(list(FILTERS)),
    page_size=st.integers(1, 5),
)
@settings(max_examples=25, deadline=None)
def test_paging_agrees_with_a_plain_sort(db, server, rows, names, depth, signs, query, page_size):
    account = make_account(db, server)
    sort = ",".join(sign + name for sign, name in list(zip(signs, names, strict=True))[:depth])
    with account.client:
        expected = plain_sort(store(account, rows), sort, FILTERS[query])
        check_paging(account, expected, f"sort={sort}&{query.format(shop_1=account.i2)}", page_size)


@pytest.mark.parametrize("sort", ["", "sort=pk&", "sort=-order_number&"])
def test_from_every_order_on_there_is_all_after_it_and_all_before_it(tied, sort):
    account, _ = tied
    url = f"/orders?{sort}page_size=1"
    single = list(pages(account, url, "next"))
    whole = [id_ for [id_], _ in single]

    for place, (_, here) in enumerate(single):
        answer = account.client.get(here.replace("page_size=1", "page_size=16"))
        assert [order["id"] for order in answer.json()["data"]] == whole[place:]
        if before := link(account.client.get(here), "prev"):
            answer = account.client.get(before.replace("page_size=1", "page_size=16"))
            assert [order["id"] for order in answer.json()["data"]] == whole[:place]


@pytest.mark.parametrize("sort", ["", "sort=pk&", "sort=-order_number&"])
@pytest.mark.parametrize("offset", [0, 1, 14, 16, 100])
def test_offsets_count_from_the_start_and_from_the_end(tied, sort, offset):
    account, _ = tied
    [(whole, _)] = pages(account, f"/orders?{sort}", "next")

    forwards, backwards = (
        next(pages(account, f"/orders?{sort}page_size=3&cursor={encoded(f'o={offset}&r={reverse}')}", "next"))[0]
        for reverse in (0, 1)
    )

    assert forwards == whole[offset : offset + 3]
    assert backwards == whole[max(0, 13 - offset) : max(0, 16 - offset)]
