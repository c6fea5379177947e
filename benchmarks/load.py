"""The load generator: a few connections that each wait for an answer before they go on, and their stop watch."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import cast


@dataclass(frozen=True)
class Timing:
    """What was measured: how many steps were done in how long, and how long one took."""

    steps: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """Steps a second."""
        return self.steps / self.seconds


class _Watch:
    """Times steps until a moment has come."""

    def __init__(self, seconds: float) -> None:
        self._began = self._last = time.perf_counter()
        self._until = self._began + seconds
        self._took: list[float] = []

    def step(self, began: float) -> bool:
        """Note a step that has just been done; say whether there is time for another."""
        self._last = time.perf_counter()
        self._took.append(self._last - began)
        return self._last < self._until

    def timing(self) -> Timing:
        """What was seen."""
        took = sorted(self._took)
        p50, p99 = (took[ceil(len(took) * part) - 1] * 1000 for part in (0.5, 0.99))
        return Timing(len(took), self._last - self._began, p50, p99)


async def drive_steps(steps: list[Callable[[], Awaitable[None]]], seconds: float) -> Timing:
    """Do each of these over and over, all at once."""
    watch = _Watch(seconds)

    async def repeat(step: Callable[[], Awaitable[None]]) -> None:
        more = True
        while more:
            began = time.perf_counter()
            await step()
            more = watch.step(began)

    await asyncio.gather(*(repeat(step) for step in steps))
    return watch.timing()


async def drive_http(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Timing:
    """Send these requests over as many connections. Raises RuntimeError for an answer other than 200."""
    loop = asyncio.get_running_loop()
    idle = [
        (await loop.create_connection(lambda: _Connection(requests), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    watch = _Watch(seconds)
    try:
        await asyncio.gather(*(connection.repeat(watch) for connection in idle))
    finally:
        for connection in idle:
            connection.transport.close()
    return watch.timing()


class _Connection(asyncio.Protocol):
    """One client, with callbacks only: a third of the time that streams would take from the server.

    Of an answer it reads the status and the length, all that the server sends with a body.
    """

    transport: asyncio.Transport

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._head = b""
        self._missing = 0  # bytes of the body under way

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def repeat(self, watch: _Watch) -> asyncio.Future[None]:
        self._watch = watch
        self._done = asyncio.get_running_loop().create_future()
        self._send()
        return self._done

    def _send(self) -> None:
        request = next(self._requests)
        self._began = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            if not self._head.startswith(b"HTTP/1.1 200 "):
                self._fail(f"The server answered {self._head[:2000].decode('utf-8', 'replace')}")
                return
            length = self._head.index(b"content-length: ") + 16
            size = int(self._head[length : self._head.index(b"\r", length)])
            self._missing = end + 4 + size - len(self._head)
            self._head = b""
        if self._missing == 0:
            if self._watch.step(self._began):
                self._send()
            else:
                self._done.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"The server closed the connection: {exc}")

    def _fail(self, reason: str) -> None:
        if not self._done.done():
            self._done.set_exception(RuntimeError(reason))
