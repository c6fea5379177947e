"""A page of orders: filters, sort and cursor from a query, and the page they stand for (behaviour 1.5, 3.4)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec

from orderdock import limits
from orderdock.db.pool import Tx
from orderdock.errors import Fault, Invalid, InvalidCursor
from orderdock.http.cursor import Cursor, read_cursor
from orderdock.integrations import store as integrations
from orderdock.orders.listing import store
from orderdock.orders.listing.store import SORTS, ListedOrder, OrderFilter, Page
from orderdock.orders.project import fold
from orderdock.values import parse_time, read_whole, write_time

Query = Sequence[tuple[str, str]]
Sort = tuple[tuple[str, bool], ...]

_DEFAULT_SORT: Sort = (("pk", True),)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class ListedPage:
    """Rows in the order asked for, and the cursors of the pages before and after."""

    rows: Sequence[ListedOrder]
    prev: Cursor | None
    next: Cursor | None


async def list_orders(tx: Tx, account_id: int, query: Query) -> ListedPage:
    """Find the page that a query asks for. Raises Invalid with every bad parameter, and InvalidCursor."""
    faults: list[Fault] = []
    wanted = _read_filter(query, faults)
    wanted = replace(wanted, integration_ids=await _read_integrations(tx, account_id, query, faults))
    size = _read_page_size(_last(query, "page_size"), faults)
    if faults:
        raise Invalid(faults)
    sort = _read_sort(_last(query, "sort"))
    cursor = read_cursor(_last(query, "cursor"))
    position = None if cursor.position is None else _read_position(cursor.position, sort)
    # One row more than the page tells whether there is another.
    page = Page(sort, size + 1, position, cursor.reverse, cursor.offset)
    return _turn(await store.find_orders(tx, account_id, wanted, page), page, cursor)


def _turn(found: Sequence[ListedOrder], page: Page, cursor: Cursor) -> ListedPage:
    """Cut the extra row off, put a reversed page the right way round, and point to its neighbours."""
    rows = found[: page.size - 1]
    more = len(found) == page.size
    came_from_somewhere = cursor.position is not None or cursor.offset > 0
    if cursor.reverse:
        rows = rows[::-1]
    has_prev, has_next = (more, came_from_somewhere) if cursor.reverse else (came_from_somewhere, more)
    if rows:
        before, after = (_write_position(row.position) for row in (rows[0], rows[-1]))
        prev, next_ = Cursor(reverse=True, position=before), Cursor(position=after)
    else:
        # Nothing here to point from: backwards from the end, forwards from the start.
        prev, next_ = Cursor(reverse=True), Cursor()
    return ListedPage(rows, prev if has_prev else None, next_ if has_next else None)


# Positions: the values of a row in the active sort


def _write_position(position: Sequence[object]) -> str:
    if len(position) == 1:
        return str(position[0])
    texts = [write_time(value) if isinstance(value, datetime) else value for value in position]
    return msgspec.json.encode(texts).decode()


def _read_position(text: str, sort: Sort) -> list[object]:
    """Read a position, which has a value for each column of its sort. Raises InvalidCursor for one of another sort."""
    try:
        values = [text] if len(sort) == 1 else msgspec.json.decode(text, type=list[int | str])
        if len(values) != len(sort):
            raise InvalidCursor
        return [_read_place(name, value) for (name, _), value in zip(sort, values, strict=True)]
    except (msgspec.DecodeError, ValueError):
        raise InvalidCursor from None


def _read_place(name: str, value: Any) -> object:
    if name in ("pk", "integration"):
        if not re.fullmatch("-?[0-9]{1,19}", str(value)) or abs(int(value)) > limits.id_max:
            raise InvalidCursor
        return int(value)
    if not isinstance(value, str) or "\0" in value:
        raise InvalidCursor
    return value if name == "order_number" else parse_time(value)


# Parameters. An empty one asks for nothing; of one that is given twice the last counts.


def _last(query: Query, name: str) -> str:
    return next((value for each, value in reversed(query) if each == name), "")


def _read_sort(text: str) -> Sort:
    """Read names separated by commas. One that we do not know makes it the default; a repetition is ignored."""
    sort: dict[str, bool] = {}
    for word in filter(None, (part.strip() for part in text.split(","))):
        name = word.removeprefix("-")
        if name not in SORTS:
            return _DEFAULT_SORT
        sort.setdefault(name, word.startswith("-"))
    # Newest first among equals; nothing can be equal beyond that.
    return tuple({**sort, "pk": sort.get("pk", True)}.items()) if "pk" not in sort else _up_to_pk(sort)


def _up_to_pk(sort: dict[str, bool]) -> Sort:
    names = list(sort)
    return tuple((name, sort[name]) for name in names[: names.index("pk") + 1])


def _read_page_size(text: str, faults: list[Fault]) -> int:
    if not text:
        return limits.page_size_default
    try:
        # Any number of pieces will do, whether there is room for it or not.
        size = limits.page_size_max if re.fullmatch("[1-9][0-9]{9,4095}", text) else read_whole(text)
    except ValueError:
        size = 0
    if size < 1:
        detail = f"Enter a whole number from 1 to {limits.page_size_max}."
        faults.append(Fault(None, detail, parameter="page_size"))
    return min(size, limits.page_size_max)


async def _read_integrations(tx: Tx, account_id: int, query: Query, faults: list[Fault]) -> list[int] | None:
    """Read ids: separated by commas, repeated, or with PHP's brackets."""
    texts = [
        text
        for name, value in query
        if re.fullmatch(r"integration(?:\[\d*\])?", name)
        for part in value.split(",")
        if (text := part.strip())
    ]
    if not texts:
        return None
    owned = {str(id_): id_ for id_ in await integrations.find_ids(tx, account_id)}
    for text in dict.fromkeys(texts):
        if text not in owned:
            detail = f"Select a valid choice. {text} is not one of the available choices."
            faults.append(Fault(None, detail, "invalid_choice", "Invalid Choice", parameter="integration"))
    return [owned[text] for text in dict.fromkeys(texts) if text in owned]


def _read_filter(query: Query, faults: list[Fault]) -> OrderFilter:
    return OrderFilter(
        order_id_folded=_read_text(query, "order_id", faults),
        order_number_folded=_read_text(query, "order_number", faults),
        status_folded=_read_text(query, "status", faults),
        **_read_times(query, "order_created_at", "ordered", faults),
        **_read_times(query, "order_updated_at", "updated", faults),
    )


def _read_text(query: Query, name: str, faults: list[Fault]) -> str | None:
    text = _last(query, name)
    if "\0" in text:
        faults.append(Fault(None, "Null characters are not allowed", parameter=name))
    return fold(text) if text else None


def _read_times(query: Query, name: str, column: str, faults: list[Fault]) -> dict[str, Any]:
    """Read the three parameters on one time: a day, at or after, at or before."""
    bounds: dict[str, list[datetime]] = {"from": [], "to": [], "before": []}
    for parameter in (name, f"{name}_min", f"{name}_max"):
        text = _last(query, parameter)
        if not text:
            continue
        try:
            for bound, moment in _read_bounds(text, parameter.removeprefix(name)):
                bounds[bound].append(moment)
        except ValueError:
            faults.append(Fault(None, "Enter a valid date.", parameter=parameter))
    return {
        f"{column}_from": max(bounds["from"], default=None),
        f"{column}_to": min(bounds["to"], default=None),
        f"{column}_before": min(bounds["before"], default=None),
    }


def _read_bounds(text: str, which: str) -> Iterator[tuple[str, datetime]]:
    """Read one time parameter as bounds. A date stands for its whole day in UTC."""
    # A plus that was not escaped arrives as a blank.
    moment = parse_time(re.sub(r"(:[0-9.]+) ([0-9]{2}:?[0-9]{2})$", r"\1+\2", text.strip()))
    is_day = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text.strip()) is not None
    midnight = datetime.combine(moment.date(), time(), UTC)
    next_midnight = midnight + _DAY if midnight.date() < date.max else None
    if which == "_min":
        yield "from", moment
    elif which == "_max" and not is_day:
        yield "to", moment
    else:
        if which == "":
            yield "from", midnight
        if next_midnight:
            yield "before", next_midnight
