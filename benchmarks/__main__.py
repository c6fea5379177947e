"""Measure the server over HTTP, and beside it, in turn with it, what the machine could do at best."""

import gc
import json
import secrets
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count, cycle
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import psycopg
import typer
import uvloop
from rich.console import Console

from benchmarks import driver, report, sample
from benchmarks.driver import Driver
from benchmarks.load import Timing, drive_http, drive_steps
from benchmarks.machine import Running, Tree, describe_machine, serving
from benchmarks.report import Measurement, Result, Row
from benchmarks.sample import BATCH, STATUSES, Batch
from orderdock import __version__
from orderdock.db.embedded import embedded_database
from orderdock.db.migrate import migrate

_WRITERS = 4
_READERS = 8
_FIRST_NEW = 10_000_000  # numbers of batches: those that are stored before count from 0
_WARM_UP_S = 0.3

# Never narrower than the table: a figure that is cut off is worth nothing.
console = Console(highlight=False, soft_wrap=True, width=max(130, shutil.get_terminal_size().columns))


@dataclass(frozen=True)
class _Servers:
    """What runs beside the load generator: our server and the bare one on one database, and the driver's own."""

    served: Running
    bare: Running
    served_conninfo: str
    limit_conninfo: str
    served_tree: Tree
    served_database: Tree
    bare_tree: Tree
    limit_database: Tree


class _Bench:
    """The measurements. Each takes seconds; together they know what has to be in the tables afterwards."""

    def __init__(self, servers: _Servers, drivers: Sequence[Driver], keys: tuple[str, str], stored: int) -> None:
        self._servers = servers
        self._drivers = drivers
        self._keys = keys
        self._batches = sample.make_batches(keys)
        self._stored = stored
        self._new = count(_FIRST_NEW)
        self._ids: list[int] = []
        self._written = {"served": [0, 0], "limit": [0, 0]}  # batches: created, changed

    def refill(self) -> None:
        """Bring both databases back to the orders that are stored before."""
        self._ids = driver.refill(self._servers.served_conninfo, self._batches, self._stored)
        driver.refill(self._servers.limit_conninfo, self._batches, self._stored)
        self._written = {"served": [self._stored, 0], "limit": [self._stored, 0]}

    def check(self) -> None:
        """Raise RuntimeError when a database does not hold what was acknowledged, no more and no less."""
        for name, conninfo in (("served", self._servers.served_conninfo), ("limit", self._servers.limit_conninfo)):
            wanted = tuple(batches * BATCH for batches in self._written[name])
            if (found := driver.count_writes(conninfo)) != wanted:
                raise RuntimeError(f"The {name} database holds (orders, changes) {found}, acknowledged were {wanted}")

    def compare(self) -> None:
        """Raise RuntimeError when the two servers do not answer with the same orders."""
        servers = self._servers
        for path in ("", f"/{self._ids[0]}"):
            served = _read(servers.served, self._get("/api/v3/orders" + path))
            bare = _read(servers.bare, self._get(path or "/"))
            if served != bare or len(bare) != (1 if path else BATCH):
                raise RuntimeError(f"{path or 'list'}: the servers answer {len(served)} and {len(bare)} orders")

    # Writing

    async def create(self, seconds: float) -> Measurement:
        """POST batches of new orders."""
        requests = (self._batch(number).sent(number) for number in self._new)
        measured = await self._measure_served(requests, _WRITERS, seconds)
        self._written["served"][0] += measured.timing.steps
        return measured

    async def insert(self, seconds: float) -> Measurement:
        """Insert batches of new orders with the driver."""

        async def step(driver: Driver) -> None:
            number = next(self._new)
            await driver.insert(self._batch(number), number)

        measured = await self._measure_driver(step, seconds)
        self._written["limit"][0] += measured.timing.steps
        return measured

    async def repeat(self, seconds: float) -> Measurement:
        """POST batches just as they are stored."""
        requests = (self._batch(number).sent(number) for number in cycle(self._unchanged()))
        return await self._measure_served(requests, _WRITERS, seconds)

    async def change(self, seconds: float) -> Measurement:
        """POST stored batches with another status in every order."""
        requests = (self._batch(number).sent(number, status) for number, status in self._changes())
        measured = await self._measure_served(requests, _WRITERS, seconds)
        self._written["served"][1] += measured.timing.steps
        return measured

    async def overwrite(self, seconds: float) -> Measurement:
        """Write the same over the stored batches with the driver, without a look at them."""
        changes = self._changes()

        async def step(driver: Driver) -> None:
            number, status = next(changes)
            await driver.overwrite(self._batch(number), number, status)

        measured = await self._measure_driver(step, seconds)
        self._written["limit"][1] += measured.timing.steps
        return measured

    def _batch(self, number: int) -> Batch:
        return self._batches[number % len(self._batches)]

    def _unchanged(self) -> range:
        return range(self._stored // 2)

    def _changes(self) -> Iterator[tuple[int, str]]:
        """The other half of the stored batches over and over; the first status is what is stored, so it comes last."""
        return (
            (number, status)
            for status in cycle([*STATUSES[1:], STATUSES[0]])
            for number in range(self._stored // 2, self._stored)
        )

    # Reading

    async def list_served(self, seconds: float) -> Measurement:
        """GET the newest 100 orders."""
        return await self._measure_served(cycle([self._get("/api/v3/orders")]), _READERS, seconds)

    async def list_bare(self, seconds: float) -> Measurement:
        """The same from the bare server."""
        return await self._measure_bare(cycle([self._get("/")]), seconds)

    async def get_served(self, seconds: float) -> Measurement:
        """GET one order, now this one and now that."""
        return await self._measure_served(self._gets("/api/v3/orders/"), _READERS, seconds)

    async def get_bare(self, seconds: float) -> Measurement:
        """The same from the bare server."""
        return await self._measure_bare(self._gets("/"), seconds)

    def _get(self, path: str) -> bytes:
        return sample.request("GET", path, self._keys)

    def _gets(self, prefix: str) -> Iterator[bytes]:
        return cycle([self._get(f"{prefix}{id_}") for id_ in Random(1).sample(self._ids, 1000)])

    # The stop watches

    async def _measure_served(self, requests: Iterator[bytes], connections: int, seconds: float) -> Measurement:
        servers = self._servers
        work = drive_http(servers.served.port, requests, connections, seconds)
        return await measure(work, servers.served_tree, servers.served_database)

    async def _measure_bare(self, requests: Iterator[bytes], seconds: float) -> Measurement:
        servers = self._servers
        work = drive_http(servers.bare.port, requests, _READERS, seconds)
        return await measure(work, servers.bare_tree, servers.served_database)

    async def _measure_driver(self, step: Callable[[Driver], Awaitable[None]], seconds: float) -> Measurement:
        work = drive_steps([partial(step, driver) for driver in self._drivers], seconds)
        return await measure(work, None, self._servers.limit_database)


def _read(server: Running, request: bytes) -> list[dict[str, Any]]:
    """The orders of an answer, without what our server adds to the stored text."""
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        _, _, body = client.makefile("rb").read().partition(b"\r\n\r\n")
    data = json.loads(body)["data"]
    ours = {"id", "created_at", "modified_at"}
    return [
        {name: value for name, value in order.items() if name not in ours}
        for order in (data if isinstance(data, list) else [data])
    ]


async def measure(work: Awaitable[Timing], server: Tree | None, database: Tree) -> Measurement:
    """Time some work, and the processors that it kept busy."""

    def cpu_s() -> tuple[float, float, float]:
        return server.cpu_s() if server else 0.0, database.cpu_s(), time.process_time()

    gc.collect()
    before = cpu_s()
    timing = await work
    used = [(after - then) / timing.seconds for after, then in zip(cpu_s(), before, strict=True)]
    return Measurement(timing, *used)


async def _run(bench: _Bench, rounds: int, seconds: float) -> tuple[Row, ...]:
    """Measure everything in turn, each beside its limit; every other round backwards, so that no drift favours one."""
    everything = (
        *(bench.create, bench.insert),
        *(bench.repeat, bench.overwrite, bench.change),
        *(bench.list_served, bench.list_bare),
        *(bench.get_served, bench.get_bare),
    )
    measured: dict[str, list[Measurement]] = {each.__name__: [] for each in everything}
    for number in range(rounds + 1):
        bench.refill()
        bench.compare()
        for measure in everything if number % 2 else reversed(everything):
            result = await measure(seconds if number else _WARM_UP_S)
            if number:
                measured[measure.__name__].append(result)
        bench.check()
        console.print(f"round {number} of {rounds}" if number else "warmed up", style="dim")
    return tuple(
        Row(*words, served=measured[served.__name__], best=measured[best.__name__])
        for words, served, best in (
            (("POST 100 new", "orders", BATCH, "driver insert"), bench.create, bench.insert),
            (("POST 100 unchanged", "orders", BATCH, "driver overwrite"), bench.repeat, bench.overwrite),
            (("POST 100, one field changed", "orders", BATCH, "driver overwrite"), bench.change, bench.overwrite),
            (("GET list of 100", "requests", 1, "bare server"), bench.list_served, bench.list_bare),
            (("GET one", "requests", 1, "bare server"), bench.get_served, bench.get_bare),
        )
    )


def _start(directory: Path, keys: tuple[str, str], workers: int, started: ExitStack) -> _Servers:
    """Start two databases, our server on one of them, and the bare server beside it."""
    served = started.enter_context(
        serving(
            [str(Path(sys.executable).with_name("orderdock")), "serve", "--data-dir", str(directory / "served")],
            directory / "served.log",
            "/readyz",
            {"ORDERDOCK_PUBLIC_KEY": keys[0], "ORDERDOCK_SECRET_KEY": keys[1], "ORDERDOCK_WORKERS": str(workers)},
        )
    )
    served_conninfo, limit_conninfo = (
        started.enter_context(embedded_database(directory / name, console.print)).conninfo
        for name in ("served", "limit")
    )
    migrate(limit_conninfo, lambda _: None)
    driver.make_integration(limit_conninfo)
    uvicorn = [sys.executable, "-m", "uvicorn", "benchmarks.bare:app", "--loop", "uvloop", "--http", "httptools"]
    quiet = ["--no-access-log", "--no-proxy-headers", "--no-server-header", "--log-level", "warning"]
    bare = started.enter_context(
        serving([*uvicorn, *quiet], directory / "bare.log", "/", {"BENCHMARKS_CONNINFO": served_conninfo})
    )
    served_database, limit_database = (find_postmaster(directory / name) for name in ("served", "limit"))
    return _Servers(
        served,
        bare,
        served_conninfo,
        limit_conninfo,
        Tree(served.pid, without=served_database),
        served_database,
        Tree(bare.pid),
        limit_database,
    )


def find_postmaster(data_dir: Path) -> Tree:
    """The processes of an embedded database."""
    return Tree(int((data_dir / "postgres/postmaster.pid").read_text().split()[0]))


@asynccontextmanager
async def _drivers(conninfo: str) -> AsyncIterator[list[Driver]]:
    async with AsyncExitStack() as opened:
        drivers = [await Driver.connect(conninfo) for _ in range(_WRITERS)]
        for each in drivers:
            opened.push_async_callback(each.close)
        yield drivers


def bench(
    rounds: Annotated[int, typer.Option(help="How often everything is measured.", min=1)] = 5,
    seconds: Annotated[float, typer.Option(help="Length of one measurement.", min=0.1)] = 3.0,
    workers: Annotated[int, typer.Option(help="Worker processes of the server.", min=1)] = 1,
    stored: Annotated[int, typer.Option(help="Orders stored before a round begins.", min=2000)] = 10_000,
    quick: Annotated[bool, typer.Option("--quick", help="3 rounds of 0.8 s: a first look.")] = False,
) -> None:
    """Print how fast the server is, as a ratio to the bare driver and to a bare server, measured in turn with it."""
    if quick:
        rounds, seconds = 3, 0.8
    keys = secrets.token_hex(16), secrets.token_hex(32)
    with TemporaryDirectory(prefix="orderdock-bench-") as name, ExitStack() as started:
        directory = Path(name)
        servers = _start(directory, keys, workers, started)
        with psycopg.connect(servers.served_conninfo) as connection:
            version = connection.info.parameter_status("server_version") or ""
        machine = describe_machine(directory, version)

        async def run() -> tuple[Row, ...]:
            async with _drivers(servers.limit_conninfo) as drivers:
                return await _run(_Bench(servers, drivers, keys, stored // BATCH), rounds, seconds)

        rows = uvloop.run(run())
        result = Result(
            version=__version__,
            machine=machine,
            rounds=rounds,
            seconds=seconds,
            workers=workers,
            stored_orders=stored // BATCH * BATCH,
            started_in_s=servers.served.started_in_s,
            server_memory_mb=servers.served_tree.memory_mb(),
            database_memory_mb=servers.served_database.memory_mb(),
            server_cpu_s=servers.served_tree.cpu_s(),
            database_cpu_s=servers.served_database.cpu_s(),
            rows=rows,
        )
    report.show(result, console)
    console.print(f"Saved as {report.save(result)}.", markup=False)


if __name__ == "__main__":
    typer.run(bench)
