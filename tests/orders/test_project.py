"""From a stored order to the columns of the list: which member goes where, and how text is folded."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orderdock.orders.project import Projection, fold, project
from tests.support import an_order

CREATED, UPDATED = "2024-05-01T10:00:00.000000+00:00", "2024-05-02T10:00:00.000001+00:00"
DAY_1, DAY_2 = "2024-05-01T10:00:00.000000+00:00", "2024-05-02T10:00:00.000001+00:00"


def stored(order_id: str = "a", **details: Any) -> str:
    changes = {f"order_details.{name}": value for name, value in {"order_created_at": CREATED, **details}.items()}
    return json.dumps(an_order(order_id, 1, changes))


@pytest.mark.parametrize(
    ("doc", "columns"),
    [
        pytest.param(
            stored("ÄÖ-1", order_updated_at=UPDATED, status={"code": "On_Hold"}),
            Projection("N-ÄÖ-1", "äö-1", "n-äö-1", "on_hold", DAY_1, DAY_2),
            id="every member has its column",
        ),
        pytest.param(
            stored(),
            Projection("N-a", "a", "n-a", "unfulfilled", DAY_1, DAY_1),
            id="without a time of update, the order's own time stands for it",
        ),
        pytest.param(
            stored(order_updated_at="2020-01-01T00:00:00.000000+00:00"),
            Projection("N-a", "a", "n-a", "unfulfilled", DAY_1, "2020-01-01T00:00:00.000000+00:00"),
            id="a time of update before the order is the shop's business",
        ),
        pytest.param(
            stored(status={"code": "X" * 4096}),
            Projection("N-a", "a", "n-a", sha256(b"x" * 4096).hexdigest(), DAY_1, DAY_1),
            id="a long status fits into the index",
        ),
        pytest.param(
            stored(
                order_created_at="0001-01-01T00:00:00.000000+00:00", order_updated_at="9999-12-31T23:59:59.999999+00:00"
            ),
            Projection(
                "N-a", "a", "n-a", "unfulfilled", "0001-01-01T00:00:00.000000+00:00", "9999-12-31T23:59:59.999999+00:00"
            ),
            id="the first and the last moment",
        ),
    ],
)
def test_an_order_is_projected(doc, columns):
    assert project(doc) == columns


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("Unfulfilled", "unfulfilled"),
        ("ÄÖ-1", "äö-1"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("STRAẞE", "strasse"),
        # No locale: the Turkish dotless i stays itself, the dotted capital keeps its dot, and I is i.
        ("ı", "ı"),
        ("I", "i"),
        ("İ", "i\u0307"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("σίσυφος", "σίσυφοσ"),
        ("ﬁ", "fi"),
        ("\u212a", "k"),
        # Not normalised: two spellings of one letter stay two.
        ("É", "é"),
        ("E\u0301", "e\u0301"),
        (" a ", " a "),
        ("日本 🙂", "日本 🙂"),
        ("X" * 255, "x" * 255),
        ("X" * 256, sha256(b"x" * 256).hexdigest()),
        ("ß" * 127, "s" * 254),
        ("ß" * 128, sha256(b"s" * 256).hexdigest()),
        ("🙂" * 255, "🙂" * 255),
    ],
)
def test_text_is_folded(text, folded):
    assert fold(text) == folded


@settings(deadline=None)
@given(st.text(max_size=300))
def test_upper_and_lower_case_fold_alike_into_what_an_index_can_hold(text):
    assert fold(text.casefold()) == fold(text)
    assert len(fold(text).encode()) <= 4 * 255


def test_statuses_beyond_the_bound_are_told_apart_and_found_in_any_case(a):
    long = "x" * 4094 + "Ä"
    [id_, other] = a.create(*[a.order(x, {"order_details.status.code": long + x}) for x in ("a", "b")])

    assert [order["id"] for order in a.found(status=f"{long}A".upper())] == [id_]
    assert [order["id"] for order in a.found(status=f"{long}b")] == [other]
    assert a.found(status=long) == []


@pytest.mark.parametrize(("sent", "asked"), [("Straße", "STRASSE"), ("ÄÖ-1", "äö-1"), ("ΣΊΣΥΦΟΣ", "σίσυφος")])
def test_a_filter_folds_as_the_column_does(a, sent, asked):
    [id_] = a.create(a.order(sent, {"order_details.status.code": sent}))

    for filters in ({"order_id": asked}, {"order_number": f"n-{asked}"}, {"status": asked}):
        assert [order["id"] for order in a.found(**filters)] == [id_]
