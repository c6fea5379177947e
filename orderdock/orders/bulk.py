"""All orders at once: in and out as files (NDJSON, or one JSON array), and checked."""

import asyncio
import mmap
import re
import stat
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Raw

from orderdock import limits
from orderdock.db.pool import Database
from orderdock.errors import Fault, Invalid, UsageError
from orderdock.http.explain import Reading
from orderdock.http.pointers import dotted
from orderdock.orders import store
from orderdock.orders.listing.store import OrderFilter, Page, find_orders
from orderdock.orders.project import Projection, project
from orderdock.orders.readers import BATCH
from orderdock.orders.schema import OrderIn
from orderdock.orders.store import ProjectedOrder
from orderdock.orders.upsert import upsert_orders

_EXPORT_ROWS = 500

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_list = msgspec.json.Decoder(list[Raw]).decode
_any = msgspec.json.Decoder(Raw).decode


@dataclass(frozen=True)
class FileOrder:
    """One order of a file: where it stands, for people, and its JSON text."""

    place: str
    text: bytes


@dataclass(frozen=True)
class Refusal:
    """An order that was not stored, and why."""

    place: str
    order_id: str | None
    faults: list[str]


class Difference(NamedTuple):
    """An order whose columns do not follow from its document: stored and right value of each column that differs."""

    id: int
    columns: Mapping[str, tuple[object, object]]


@dataclass
class ImportResult:
    """What became of the orders of a file."""

    read: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: int = 0


# Reading a file


def read_orders(path: Path) -> Iterator[FileOrder]:
    """Read the orders of a file of any size: an array is an order an entry, anything else an order a line.

    Raises UsageError for a file that cannot be read or is not JSON, with the line.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UsageError(f"Cannot read {path}: it is not a file; save the orders to one first.")
        with path.open("rb") as file:
            # Mapped, so that an array can be decoded where it lies; an empty file cannot be.
            text = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if path.stat().st_size else b""
    except OSError as error:
        raise UsageError(f"Cannot read {path}: {error.strerror}; name a file that you may read.") from None
    begin = 3 if text[:3] == b"\xef\xbb\xbf" else 0
    first = re.compile(rb"\S").search(text, begin)
    if first is not None:
        yield from (_entries if first.group() == b"[" else _lines)(memoryview(text)[begin:], path)


def _lines(text: memoryview, path: Path) -> Iterator[FileOrder]:
    for number, match in enumerate(re.finditer(rb"[^\n]*\n?", text), 1):
        if line := match.group().strip():
            try:
                _any(line)
            except RecursionError:
                raise UsageError(f"{path}, line {number} is nested too deep. Nothing is stored; mend it.") from None
            except msgspec.DecodeError as error:
                raise UsageError(
                    f"{path}, line {number} is not JSON: {error}. Nothing is stored; "
                    "a file has an order a line, or is one JSON array."
                ) from None
            yield FileOrder(f"line {number}", line)


def _entries(text: memoryview, path: Path) -> Iterator[FileOrder]:
    try:
        entries = _list(text)
    except RecursionError:
        raise UsageError(f"{path} is nested too deep. Nothing is stored; mend it first.") from None
    except msgspec.DecodeError as error:
        at = re.search(r"\(byte (\d+)\)", str(error))
        line = 1 + bytes(text[: int(at[1])] if at else text).count(b"\n")
        raise UsageError(f"{path}, line {line} is not JSON: {error}. Nothing is stored; mend it first.") from None
    for number, entry in enumerate(entries, 1):
        yield FileOrder(f"entry {number}", bytes(entry))


# Importing


async def import_orders(
    db: Database,
    account_id: int,
    orders: Iterable[FileOrder],
    *,
    integration_id: int | None,
    depth_max: int,
    progress: Callable[[int], None],
    refused: Callable[[Refusal], None],
) -> ImportResult:
    """Store orders in batches, as POST does; `integration_id` takes the place of the one in each order.

    What a batch is refused for is told to `refused`, order by order, and the rest of the batch is stored.
    `progress` hears how many were dealt with. Raises Unavailable, and Conflict when an order stays busy.
    """
    result = ImportResult()

    def read(batch: Sequence[FileOrder]) -> Reading[list[OrderIn]] | Invalid:
        body = b"[" + b",".join(_in_integration(order.text, integration_id) for order in batch) + b"]"
        try:
            return BATCH.read(body, depth_max=depth_max, strict=False)
        except Invalid as problem:
            return problem

    async def store_batch(batch: Sequence[FileOrder], reading: Reading[list[OrderIn]] | Invalid) -> None:
        for refusal in await _store_batch(db, account_id, batch, reading, read, result.outcomes):
            result.refused += 1
            refused(refusal)
        result.read += len(batch)
        progress(len(batch))

    rest = iter(orders)
    storing: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    storing.set_result(None)
    try:
        while batch := list(islice(rest, limits.orders_per_batch_max)):
            # One is read while the one before it is stored.
            reading = await asyncio.to_thread(read, batch)
            await storing
            storing = asyncio.create_task(store_batch(batch, reading))
    finally:
        await storing
    return result


async def _store_batch(
    db: Database,
    account_id: int,
    batch: Sequence[FileOrder],
    reading: Reading[list[OrderIn]] | Invalid,
    read: Callable[[Sequence[FileOrder]], Reading[list[OrderIn]] | Invalid],
    outcomes: Counter[str],
) -> list[Refusal]:
    """Store what can be stored of a batch, in its order, and give what cannot."""
    try:
        if isinstance(reading, Invalid):
            raise reading
        saved = await db.transact(lambda tx: upsert_orders(tx, account_id, reading))
    except Invalid as problem:
        refused = _refusals(batch, problem)
        # A fault without a place, such as broken UTF-8, may be anybody's: then each order goes by itself.
        rest = [order for index, order in enumerate(batch) if index not in refused]
        parts = [rest] if refused else [[order] for order in batch]
        more = [await _store_batch(db, account_id, part, read(part), read, outcomes) for part in parts if part]
        return [*refused.values(), *(refusal for refusals in more for refusal in refusals)]
    outcomes.update(each.outcome for each in saved)
    return []


def _refusals(batch: Sequence[FileOrder], problem: Invalid) -> dict[int, Refusal]:
    """What a batch was refused for, by the place of the order in it; nothing when that cannot be told of each."""
    faults: dict[int, list[Fault]] = {}
    for fault in problem.faults:
        if len(batch) == 1:
            faults.setdefault(0, []).append(fault)
        elif fault.path and not problem.faults_left_out:
            faults.setdefault(int(fault.path[0]), []).append(fault)
        else:
            return {}
    return {
        index: Refusal(batch[index].place, found[0].key, [_in_words(fault) for fault in found])
        for index, found in faults.items()
    }


def _in_words(fault: Fault) -> str:
    return f"{dotted(fault.path[1:])}: {fault.detail}" if fault.path else fault.detail


def _in_integration(text: bytes, integration_id: int | None) -> bytes:
    """Put an integration's id into an order; text that is no order stays as it is, and is refused for what it is."""
    if integration_id is None:
        return text
    try:
        order = _members(text)
        details = _members(order["order_details"])
    except (msgspec.DecodeError, KeyError, RecursionError):
        return text
    details["integration"] = Raw(b'{"id":%d}' % integration_id)
    order["order_details"] = Raw(msgspec.json.encode(details))
    return msgspec.json.encode(order)


# Exporting


async def export_orders(db: Database, account_id: int, integration_id: int | None) -> AsyncIterator[str]:
    """Give the orders of an account, or of one integration, as they are stored, oldest first: one JSON text each."""
    wanted = OrderFilter(integration_ids=None if integration_id is None else [integration_id])
    position: Sequence[object] | None = None
    while True:
        async with db.connection() as tx:
            page = Page((("pk", False),), _EXPORT_ROWS, position)
            rows = await find_orders(tx, account_id, wanted, page)
        for row in rows:
            yield row.doc
        if len(rows) < _EXPORT_ROWS:
            return
        position = rows[-1].position


# Checking


async def check_orders(db: Database, account_id: int) -> AsyncIterator[Difference | None]:
    """Recompute the columns of every order of an account: None for one that is right, else where it differs."""
    after = 0
    while True:
        async with db.connection() as tx:
            rows = await store.find_projected(tx, account_id, after, _EXPORT_ROWS)
        for row in rows:
            yield _difference(row)
        if len(rows) < _EXPORT_ROWS:
            return
        after = rows[-1].id


def _difference(row: ProjectedOrder) -> Difference | None:
    try:
        expected = project(row.doc)
    except (msgspec.DecodeError, ValueError) as error:
        return Difference(row.id, {"doc": (row.doc[:100], f"an order ({error})")})
    columns = {
        name: (stored, right)
        for name, stored, right in zip(Projection._fields, row.projection, expected, strict=True)
        if stored != right
    }
    return Difference(row.id, columns) if columns else None
