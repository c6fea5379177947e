"""The SQL of the list, made so that its plans follow from the query alone and not from what the planner believes.

Sorting is the planner's last resort on our connections (db/pool.py). So ORDER BY names the index that a walk takes: the
one that has this order. How a page is found is decided here (docs/decisions/0007-list-plans.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import LiteralString, NamedTuple

from orderdock import limits
from orderdock.db.columns import Bigints
from orderdock.db.pool import Tx
from orderdock.orders.store import TIMES

SORTS: dict[str, LiteralString] = {
    "pk": "o.id",
    "integration": "o.integration_id",
    "order_number": "o.order_number",
    "order_created_at": "o.ordered_at",
    "order_updated_at": "o.shop_updated_at",
}
"""What a list can be sorted by, and the column that holds it."""


@dataclass(frozen=True)
class OrderFilter:
    """Which orders are wanted; None asks for nothing. Texts are folded (project.fold), bounds are aware UTC."""

    integration_ids: Sequence[int] | None = None
    order_id_folded: str | None = None
    order_number_folded: str | None = None
    status_folded: str | None = None
    ordered_from: datetime | None = None
    ordered_to: datetime | None = None
    ordered_before: datetime | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    updated_before: datetime | None = None

    def asked(self) -> dict[str, object]:
        """What is asked for, by name."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Page:
    """A stretch of a sorted list: at most `size` rows after (or, reversed, before) a position, `offset` rows skipped.

    `sort` names columns by the keys of SORTS, with True for descending, and ends with pk; `position` has a value for
    each of them.
    """

    sort: Sequence[tuple[str, bool]]
    size: int
    position: Sequence[object] | None = None
    reverse: bool = False
    offset: int = 0


class ListedOrder(NamedTuple):
    """A row of a page, with its position in the active sort. Times are text as it is answered."""

    id: int
    created_at: str
    modified_at: str
    doc: str
    position: tuple[object, ...]


# Filters


@dataclass(frozen=True)
class _Filter:
    """Conditions that one index answers: on its column behind the account, before the id.

    `value` is the parameter that holds the single value they leave of the column; None when they leave several. With a
    single one the index has the ids in order.
    """

    column: LiteralString
    conditions: Sequence[LiteralString]
    value: LiteralString | None = None


_EQUAL: dict[LiteralString, LiteralString] = {
    "order_id_folded": "o.order_id_folded",
    "order_number_folded": "o.order_number_folded",
    "status_folded": "o.status_folded",
}
_BOUNDS: dict[LiteralString, dict[LiteralString, LiteralString]] = {
    "o.shop_updated_at": {"updated_from": " >= ", "updated_to": " <= ", "updated_before": " < "},
    "o.ordered_at": {"ordered_from": " >= ", "ordered_to": " <= ", "ordered_before": " < "},
}
_INTEGRATIONS: LiteralString = "%(integration_ids)b::bigint[]"


def _filters(wanted: OrderFilter) -> list[_Filter]:
    """What is asked for, the filter first that is likely to leave the fewest."""
    asked = wanted.asked()
    filters = [_equal(column, "%(" + name + ")s") for name, column in _EQUAL.items() if name in asked]
    for column, bounds in _BOUNDS.items():
        conditions: list[LiteralString] = [
            column + sign + "%(" + name + ")s" for name, sign in bounds.items() if name in asked
        ]
        if conditions:
            filters.append(_Filter(column, conditions))
    if wanted.integration_ids is not None:
        one = len(wanted.integration_ids) == 1
        several = _Filter("o.integration_id", ["o.integration_id = ANY(" + _INTEGRATIONS + ")"])
        filters.append(_equal("o.integration_id", "%(integration_id)s") if one else several)
    return filters


def _equal(column: LiteralString, value: LiteralString) -> _Filter:
    # Between, since "=" would let ORDER BY forget the column, and with it the index.
    return _Filter(column, [column + " BETWEEN " + value + " AND " + value], value)


def _conditions(filters: Sequence[_Filter]) -> list[LiteralString]:
    return [condition for each in filters for condition in each.conditions]


# Orders of rows


@dataclass(frozen=True)
class _Column:
    """A column to sort by, its direction, and the parameter that holds a position in it."""

    name: LiteralString
    downwards: bool
    position: LiteralString

    @property
    def beyond(self) -> LiteralString:
        """The sign between the column and a position that comes before it."""
        return " < " if self.downwards else " > "


_Order = Sequence[_Column]
_POSITIONS: tuple[LiteralString, ...] = ("%(p0)s", "%(p1)s", "%(p2)s", "%(p3)s", "%(p4)s")


def _by(order: _Order) -> LiteralString:
    directed: list[LiteralString] = [each.name + " DESC" if each.downwards else each.name for each in order]
    return " ORDER BY " + ", ".join(directed)


def _after(order: _Order) -> LiteralString:
    """The condition for rows after a position."""
    if len({column.downwards for column in order}) == 1:
        names, positions = ", ".join([each.name for each in order]), ", ".join([each.position for each in order])
        return "(" + names + ")" + order[0].beyond + "(" + positions + ")"
    alternatives: list[LiteralString] = []
    for last, column in enumerate(order):
        equal: list[LiteralString] = [each.name + " = " + each.position for each in order[:last]]
        alternatives.append("(" + " AND ".join([*equal, column.name + column.beyond + column.position]) + ")")
    # The first condition repeats what the rest implies, in the form that an index can start from.
    start = order[0].name + (" <= " if order[0].downwards else " >= ") + order[0].position
    return start + " AND (" + " OR ".join(alternatives) + ")"


# Pages


async def find_orders(tx: Tx, account_id: int, wanted: OrderFilter, page: Page) -> list[ListedOrder]:
    """A page of an account's orders. A reversed page comes back nearest first, that is in the opposite order."""
    filters = _filters(wanted)
    sort = [
        _Column(SORTS[name], downwards != page.reverse, position)
        for (name, downwards), position in zip(page.sort, _POSITIONS, strict=False)
    ]
    integration_ids = wanted.integration_ids or [0]
    values = {
        **wanted.asked(),
        **{f"p{index}": value for index, value in enumerate(page.position or ())},
        "account_id": account_id,
        "integration_id": integration_ids[0],
        "integration_ids": Bigints(integration_ids),
        "size": page.size,
        "offset": page.offset,
        "few": limits.listed_at_once_max + 1,
        "near": limits.listed_nearby_max,
    }
    after: list[LiteralString] = [] if page.position is None else [_after(sort)]

    async def rows(sql: LiteralString) -> list[ListedOrder]:
        return await tx.rows(
            lambda id_, created_at, modified_at, doc, *position: ListedOrder(
                id_, created_at, modified_at, doc, position
            ),
            sql,
            values,
        )

    if order := _order_served(filters, sort):
        return await rows(_page_of(order, filters, sort, from_start=page.position is None))
    pick_all_of: list[LiteralString] = [_pick(_all_of(each), [*_conditions(filters), *after], sort) for each in filters]
    [counts] = await tx.rows(lambda *counts: counts, _count(filters), values)
    for sql, count in zip(pick_all_of, counts, strict=True):
        if count <= limits.listed_at_once_max:
            return await rows(sql)
    # None of the filters leaves few, so a page of them is likely to be near in the order of the list.
    found = await rows(_pick(_next_of(sort, after), _conditions(filters), sort))
    return found if len(found) == page.size else await rows(pick_all_of[0])


def _order_served(filters: Sequence[_Filter], sort: _Order) -> _Order | None:
    """The order in which one index has just the rows that are wanted, as they are wanted; None if none has."""
    if not filters:
        return sort
    [first, *others] = filters
    if others:
        return None
    if first.value is not None and len(sort) == 1:
        return [_Column(first.column, sort[0].downwards, first.value), *sort]
    return sort if first.column == sort[0].name and len(sort) == 2 else None


def _page_of(order: _Order, filters: Sequence[_Filter], sort: _Order, *, from_start: bool) -> LiteralString:
    """Read a page as an index has it."""
    [first, *_] = order
    if from_start or len(order) != 2 or first.downwards == order[1].downwards:
        after: list[LiteralString] = [] if from_start else [_after(order)]
        return _walk(order, [*_conditions(filters), *after], sort) + " LIMIT %(size)s OFFSET %(offset)s"
    # One up, the other down: the rest of the equals, and what comes after them. Both begin right where they should.
    equal: list[LiteralString] = [
        *_conditions(filters),
        *_equal(first.name, first.position).conditions,
        _after(order[1:]),
    ]
    others: list[LiteralString] = [*_conditions(filters), _after(order[:1])]
    most: LiteralString = " LIMIT %(size)s + %(offset)s"
    return (
        ("(" + _walk([_Column(first.name, order[1].downwards, first.position), order[1]], equal, sort) + most + ")")
        + (" UNION ALL (" + _walk(order, others, sort) + most + ")")
        + (" ORDER BY 5 DESC, 6" if first.downwards else " ORDER BY 5, 6 DESC")
        + " LIMIT %(size)s OFFSET %(offset)s"
    )


def _walk(order: _Order, conditions: Sequence[LiteralString], sort: _Order) -> LiteralString:
    """Read rows in an order. From the fifth column on they say where they are in the sort."""
    places = ", ".join([column.name for column in sort])
    return (
        ("SELECT o.id, " + TIMES + ", o.doc, " + places + " FROM orders AS o WHERE ")
        + " AND ".join(["o.account_id = %(account_id)s", *conditions])
        + _by(order)
    )


_FOUND_BY: LiteralString = """
    SELECT o.id, o.integration_id, o.order_number, o.order_id_folded, o.order_number_folded, o.status_folded,
           o.ordered_at, o.shop_updated_at
      FROM """
_OF_ACCOUNT: LiteralString = "orders AS o WHERE o.account_id = %(account_id)s AND "


def _all_of(each: _Filter) -> LiteralString:
    """All rows that a filter leaves, without their documents, by its index. OFFSET 0 keeps the planner out."""
    if each.value is None and each.column == "o.integration_id":
        one = _equal(each.column, "i.id")
        return _FOUND_BY + ("unnest(" + _INTEGRATIONS + ") AS i (id) CROSS JOIN LATERAL (" + _all_of(one) + ") AS o")
    return _FOUND_BY + _OF_ACCOUNT + " AND ".join(each.conditions) + " ORDER BY " + each.column + " OFFSET 0"


def _next_of(sort: _Order, after: Sequence[LiteralString]) -> LiteralString:
    """The next rows in an order, whatever the filters say, without their documents."""
    return _FOUND_BY + _OF_ACCOUNT + " AND ".join(["TRUE", *after]) + _by(sort) + " LIMIT %(near)s"


def _pick(source: LiteralString, conditions: Sequence[LiteralString], sort: _Order) -> LiteralString:
    """Sort the rows of a source that meet conditions, and fetch the rest of a page of them."""
    places = ", ".join([column.name for column in sort])
    page: LiteralString = (
        ("SELECT " + places + " FROM (" + source + ") AS o WHERE " + " AND ".join(conditions))
        + _by(sort)
        + " LIMIT %(size)s OFFSET %(offset)s"
    )
    whole: LiteralString = (
        "SELECT o.id, "
        + TIMES
        + ", o.doc FROM orders AS o WHERE o.account_id = %(account_id)s AND o.id = found.id LIMIT 1"
    )
    return ("SELECT whole.*, found.* FROM (" + page + ") AS found CROSS JOIN LATERAL (" + whole + ") AS whole") + _by(
        [replace(column, name=column.name.replace("o.", "found.")) for column in sort]
    )


def _count(filters: Sequence[_Filter]) -> LiteralString:
    """How many rows each filter leaves, counted no further than need be."""
    counts: list[LiteralString] = [
        "(SELECT count(*) FROM (SELECT FROM (" + _all_of(each) + ") AS o LIMIT %(few)s) AS few)" for each in filters
    ]
    return "SELECT " + ", ".join(counts)
