"""How fast a full server is, beside an almost empty one: the same requests, in turn. Run it with `make bench-size`."""

import base64
import json
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Annotated
from urllib.parse import urlencode

import psycopg
import typer
import uvloop

from benchmarks import driver, report, sample
from benchmarks.__main__ import console, find_postmaster, measure
from benchmarks.load import drive_http
from benchmarks.machine import Running, Tree, describe_machine, serving
from benchmarks.report import Measurement, Result, Row
from benchmarks.sample import BATCH, STATUSES
from orderdock import __version__
from orderdock.db.embedded import embedded_database

_CONNECTIONS = 4
_PAGE = 10
_PAGES = 1000

# What a list is asked for. {number} is the number of a stored batch.
_LISTS = {
    "GET list of 100": {},
    "... integration": {"integration": "1"},
    "... status": {"status": STATUSES[1]},
    "... order_number": {"order_number": "NW-{number:08}-07"},
    "... order_id": {"order_id": "{number:08}-07"},
    "... order_created_at, a day": {"order_created_at": "1998-02-03"},
    "... order_created_at_min, all": {"order_created_at_min": "1990-01-01"},
    "... order_updated_at_min, a month": {"order_updated_at_min": "1998-04-06"},
    "... order_updated_at_max, all": {"order_updated_at_max": "2030-01-01"},
    **{
        f"... sort={direction}{name}": {"sort": direction + name}
        for name in ("pk", "integration", "order_number", "order_created_at", "order_updated_at")
        for direction in ("", "-")
    },
}


@dataclass(frozen=True)
class _Filled:
    """A server with so many batches stored."""

    running: Running
    tree: Tree
    database: Tree
    conninfo: str
    batches: int
    ids: list[int]


def _fill(
    directory: Path, keys: tuple[str, str], batches: int, templates: Sequence[sample.Batch], started: ExitStack
) -> _Filled:
    orderdock = str(Path(sys.executable).with_name("orderdock"))
    environment = {"ORDERDOCK_PUBLIC_KEY": keys[0], "ORDERDOCK_SECRET_KEY": keys[1]}
    log = directory.with_suffix(".log")
    running = started.enter_context(
        serving([orderdock, "serve", "--data-dir", str(directory)], log, "/readyz", environment)
    )
    conninfo = started.enter_context(embedded_database(directory, console.print)).conninfo
    ids = driver.refill(conninfo, templates, batches, STATUSES)
    database = find_postmaster(directory)
    return _Filled(running, Tree(running.pid, without=database), database, conninfo, batches, ids)


def _read(server: _Filled, request: bytes) -> tuple[str, list[dict[str, object]]]:
    """The head of an answer, and its data."""
    with socket.create_connection(("127.0.0.1", server.running.port)) as client:
        client.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        head, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")
    return head.decode(), json.loads(body)["data"]


class _Bench:
    """The requests of a run; both servers get the same."""

    def __init__(self, keys: tuple[str, str], templates: Sequence[sample.Batch]) -> None:
        self._keys = keys
        self._templates = templates
        self._new = count(10_000_000)

    def lists(self, server: _Filled, parameters: dict[str, str]) -> Iterator[bytes]:
        """GETs of a list; where they name an order, another one each time."""
        numbers = Random(1).choices(range(server.batches), k=1000)
        return cycle([self._list({k: v.format(number=n) for k, v in parameters.items()}) for n in numbers])

    def _list(self, parameters: dict[str, str]) -> bytes:
        return sample.request("GET", f"/api/v3/orders?{urlencode(parameters)}", self._keys)

    def page(self, server: _Filled) -> Iterator[bytes]:
        """GETs of the 1,000th page of ten, by the cursor that page 999 gives."""
        cursor = base64.b64encode(b"o=%d" % (_PAGE * (_PAGES - 2))).decode()
        head, _ = _read(server, self._list({"page_size": str(_PAGE), "cursor": cursor}))
        [link] = [line for line in head.split("\r\n") if line.lower().startswith("link:")]
        path = link.split("<")[-1].split(">")[0].partition("/api/")[2]
        return cycle([sample.request("GET", f"/api/{path}", self._keys)])

    def orders(self, server: _Filled) -> Iterator[bytes]:
        """GETs of one order, now this one and now that."""
        return cycle(
            [sample.request("GET", f"/api/v3/orders/{id_}", self._keys) for id_ in Random(1).sample(server.ids, 1000)]
        )

    def create(self, _: _Filled) -> Iterator[bytes]:
        """POSTs of new orders."""
        return (self._templates[number % len(self._templates)].sent(number) for number in self._new)

    def works(self) -> Iterator[tuple[str, str, int, Callable[[_Filled], Iterator[bytes]]]]:
        """What is measured: its name, its unit, how many of those a request is, and the requests."""
        for name, parameters in _LISTS.items():
            yield name, "requests", 1, lambda server, parameters=parameters: self.lists(server, parameters)
        yield f"GET page {_PAGES:,} of {_PAGE}", "requests", 1, self.page
        yield "GET one", "requests", 1, self.orders
        yield "POST 100 new", "orders", BATCH, self.create


async def _run(bench: _Bench, servers: Sequence[_Filled], rounds: int, seconds: float) -> AsyncIterator[Row]:
    for name, unit, size, requests in bench.works():
        measured: list[list[Measurement]] = [[], []]
        for number in range(rounds + 1):
            for index in (0, 1) if number % 2 else (1, 0):
                server = servers[index]
                work: Awaitable = drive_http(
                    server.running.port, requests(server), _CONNECTIONS, seconds if number else 0.2
                )
                result = await measure(work, server.tree, server.database)
                if number:
                    measured[index].append(result)
        console.print(name, style="dim")
        small, large = servers[0].batches * BATCH, measured
        yield Row(name, unit, size, f"with {small:,}", served=large[1], best=large[0])


def bench(
    rounds: Annotated[int, typer.Option(help="How often everything is measured.", min=1)] = 5,
    seconds: Annotated[float, typer.Option(help="Length of one measurement.", min=0.1)] = 1.0,
    small: Annotated[int, typer.Option(help="Orders in the one server.", min=1000)] = 10_000,
    large: Annotated[int, typer.Option(help="Orders in the other one.", min=1000)] = 1_000_000,
) -> None:
    """Print how fast a full server is, as a ratio to one with few orders, measured in turn with it."""
    keys = secrets.token_hex(16), secrets.token_hex(32)
    templates = sample.make_batches(keys)
    with TemporaryDirectory(prefix="orderdock-bench-") as name, ExitStack() as started:
        servers = [
            _fill(Path(name) / f"{orders}", keys, orders // BATCH, templates, started) for orders in (small, large)
        ]
        console.print("filled", style="dim")
        with psycopg.connect(servers[0].conninfo) as connection:
            version = connection.info.parameter_status("server_version") or ""
        machine = describe_machine(Path(name), version)

        async def run() -> list[Row]:
            return [row async for row in _run(_Bench(keys, templates), servers, rounds, seconds)]

        rows = uvloop.run(run())
        full = servers[1]
        result = Result(
            version=__version__,
            machine=machine,
            rounds=rounds,
            seconds=seconds,
            workers=1,
            stored_orders=large,
            started_in_s=full.running.started_in_s,
            server_memory_mb=full.tree.memory_mb(),
            database_memory_mb=full.database.memory_mb(),
            server_cpu_s=full.tree.cpu_s(),
            database_cpu_s=full.database.cpu_s(),
            rows=rows,
        )
    report.show(result, console)
    console.print(f"Saved as {report.save(result)}.", markup=False)


if __name__ == "__main__":
    typer.run(bench)
