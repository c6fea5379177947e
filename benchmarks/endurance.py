"""How fast a file is imported, and how much memory a worker takes under load. Run it with `make bench-endurance`."""

import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import count, cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
import uvloop

from benchmarks import sample
from benchmarks.__main__ import console, find_postmaster
from benchmarks.load import drive_http
from benchmarks.machine import Running, Tree, serving
from benchmarks.sample import BATCH

_ORDERDOCK = str(Path(sys.executable).with_name("orderdock"))
_CONNECTIONS = 4
_SLICE_S = 10.0


def _batches(templates: Sequence[sample.Batch]) -> Iterator[bytes]:
    return (templates[number % len(templates)].sent(number) for number in count())


def _write_file(path: Path, templates: Sequence[sample.Batch], orders: int) -> None:
    """Write so many orders, one a line."""
    with path.open("wb") as file:
        for number in range(orders // BATCH):
            body = templates[number % len(templates)].sent(90_000_000 + number).partition(b"\r\n\r\n")[2]
            file.write(body[1:-1].replace(b'},{"order_id"', b'}\n{"order_id"') + b"\n")


def endurance(
    minutes: Annotated[float, typer.Option(help="How long the load lasts.", min=0.2)] = 5.0,
    orders: Annotated[int, typer.Option(help="Orders in the file that is imported.", min=1000)] = 100_000,
) -> None:
    """Print memory under load every ten seconds, and the rate of an import beside that of POST."""
    keys = secrets.token_hex(16), secrets.token_hex(32)
    with TemporaryDirectory(prefix="orderdock-bench-") as name:
        directory = Path(name)
        command = [_ORDERDOCK, "serve", "--data-dir", str(directory / "data")]
        environment = {"ORDERDOCK_PUBLIC_KEY": keys[0], "ORDERDOCK_SECRET_KEY": keys[1]}
        with serving(command, directory / "log", "/readyz", environment) as running:
            console.print(f"first answer after {running.started_in_s:.2f} s on an empty directory", markup=False)
            _load(running, directory, keys, minutes, orders)
        with serving(command, directory / "log", "/readyz", environment) as running:
            console.print(f"first answer after {running.started_in_s:.2f} s on a full one", markup=False)


def _load(running: Running, directory: Path, keys: tuple[str, str], minutes: float, orders: int) -> None:
    templates = sample.make_batches(keys)
    server = Tree(running.pid, without=find_postmaster(directory / "data"))
    new = _batches(templates)
    reads = cycle([sample.request("GET", "/api/v3/orders", keys)])
    again = cycle([templates[0].sent(0)])
    rate = 0.0
    began = time.monotonic()
    while time.monotonic() - began < minutes * 60:
        for requests in (new, again, reads):
            timing = uvloop.run(drive_http(running.port, requests, _CONNECTIONS, _SLICE_S / 3))
            if requests is new:
                rate = timing.rate * BATCH
        console.print(
            f"{time.monotonic() - began:6.0f} s: worker {server.memory_mb():.0f} MB, {rate:,.0f} new orders a second",
            markup=False,
        )
    file = directory / "orders.ndjson"
    _write_file(file, templates, orders)
    posted = uvloop.run(drive_http(running.port, new, _CONNECTIONS, _SLICE_S)).rate * BATCH
    began = time.monotonic()
    subprocess.run(
        [_ORDERDOCK, "import", str(file), "--integration", "1", "--data-dir", str(directory / "data"), "--json"],
        check=True,
    )
    imported = orders // BATCH * BATCH / (time.monotonic() - began)
    console.print(
        f"import: {imported:,.0f} orders a second, POST just before {posted:,.0f}: {imported / posted:.2f}",
        markup=False,
    )


if __name__ == "__main__":
    typer.run(endurance)
