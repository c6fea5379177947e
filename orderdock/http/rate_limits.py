"""Rate limits (behaviour 1.4): the requests of an account are counted in the database, for all servers together.

While many safe requests are left, a server takes some ahead, and hands back what it did not use a moment later. Unsafe
ones are counted one by one. See docs/decisions/0006-rate-limits.md.
"""

import asyncio
import time
from asyncio import Future, Task, TimerHandle
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from math import ceil
from typing import NamedTuple, Self

from orderdock.db.pool import Database, Tx
from orderdock.errors import Throttled

_AHEAD_S = 0.2  # how long requests that were taken ahead may be used
_PAUSE_S = 0.01  # before asking again for what another server may hand back
_UNLIMITED = 2**31 - 1

RawHeaders = list[tuple[bytes, bytes]]


class RequestLimits(NamedTuple):
    """How many requests of one account pass."""

    safe_per_minute: int
    unsafe_per_minute: int
    unsafe_per_second: int


class Wanted(NamedTuple):
    """What a server asks of the count: one for each request that waits, some ahead, and to take back what is left."""

    account_id: int
    safe: bool
    per_minute: int
    per_second: int
    waiting: int
    ahead: int
    unused: int
    taken_ahead: int
    taken_in: datetime | None


class Taken(NamedTuple):
    """What it gets: how many pass, what the two windows have left and when they end, and whether others hold some."""

    passing: int
    taken_in: datetime
    minute_left: int
    minute_ends_s: float
    second_left: int
    second_ends_s: float
    held: bool


TakeRequests = Callable[[Tx, Wanted], Awaitable[Taken]]
"""Counts requests, in one statement. Raises Unavailable."""


class RateLimits:
    """Lets the requests of limited accounts pass, or not. Use it as an async context manager."""

    def __init__(self, db: Database, take: TakeRequests) -> None:
        self._db = db
        self._take_requests = take
        self._counters: dict[tuple[int, bool], _Counter] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.gather(*(counter.hand_back() for counter in self._counters.values()))

    async def count(self, account_id: int, limits: RequestLimits, *, safe: bool) -> RawHeaders:
        """Count a request, and give the headers that its answer should have. Raises Throttled and Unavailable.

        Source: behaviour 1.4.
        """
        counter = self._counters.get((account_id, safe))
        if counter is None:
            counter = self._counters[account_id, safe] = _Counter(account_id, self._ask, safe=safe)
        return await counter.count(limits)

    async def _ask(self, wanted: Wanted) -> Taken:
        async with self._db.connection() as tx:
            return await self._take_requests(tx, wanted)


class _Window(NamedTuple):
    """A window of time. It ends by the database's clock, so that we know only between which two moments."""

    limit: int
    left: int
    ends_first: float
    ends_last: float


class _Counter:
    """The safe or the unsafe requests of one account in this process."""

    def __init__(self, account_id: int, ask: Callable[[Wanted], Awaitable[Taken]], *, safe: bool) -> None:
        self._account_id = account_id
        self._safe = safe
        self._ask = ask
        self._limits: RequestLimits | None = None
        self._told: RawHeaders = []
        self._left = 0
        self._full: _Window | None = None
        self._waiting: deque[Future[RawHeaders]] = deque()
        self._asking: Task[None] | None = None
        self._asked_at = 0.0
        self._passed = 0  # since it was asked
        self._ahead = 0  # taken ahead; of these are left:
        self._unused = 0
        self._usable_until = 0.0
        self._taken_in: datetime | None = None
        self._timer: TimerHandle | None = None

    async def count(self, limits: RequestLimits) -> RawHeaders:
        if limits != self._limits:
            self._limits = limits
            self._full, self._usable_until = None, 0.0
        now = time.monotonic()
        if self._unused and now < self._usable_until:
            return self._use()
        if self._full and now < self._full.ends_first:
            raise _refusal(self._full, now)
        future: Future[RawHeaders] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._start()
        return await future

    async def hand_back(self) -> None:
        """Give back to the count what was taken ahead and is not used."""
        if self._ahead:
            self._start()
        if self._asking:
            await self._asking

    def _start(self) -> None:
        if self._asking is None:
            self._asking = asyncio.create_task(self._work())

    def _use(self) -> RawHeaders:
        self._unused -= 1
        self._passed += 1
        return self._headers(self._unused)

    async def _work(self) -> None:
        """Ask as long as requests wait; all that wait are asked for at once."""
        try:
            await self._take()
            while self._waiting:
                now = time.monotonic()
                if self._unused and now < self._usable_until:
                    self._answer(self._use())
                elif self._full and now < self._full.ends_first:
                    self._answer(_refusal(self._full, now))
                else:
                    await self._take()
        except Exception as error:  # for those who wait
            while self._waiting:
                self._answer(error)
        finally:
            self._asking = None

    def _answer(self, answer: RawHeaders | Exception) -> None:
        future = self._waiting.popleft()
        if future.done():  # its request was given up
            return
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)

    async def _take(self) -> None:
        limits, wanted = self._limits, self._wanted()
        sent = time.monotonic()
        taken = await self._ask(wanted)
        now = time.monotonic()
        minute, second = (
            _Window(limit, left, sent + ends_s, now + ends_s)
            for limit, left, ends_s in (
                (wanted.per_minute, taken.minute_left, taken.minute_ends_s),
                (wanted.per_second, taken.second_left, taken.second_ends_s),
            )
        )
        # Clients hear of the window that has least left; of two, of the one that lasts.
        nearest = min(minute, second, key=lambda each: (each.left, -each.ends_last))
        *self._told, _ = _headers(nearest, 0, now)
        self._left = nearest.left
        self._passed = min(taken.passing, wanted.waiting)
        for passed in range(1, self._passed + 1):
            self._answer(self._headers(taken.passing - passed))
        if taken.passing > wanted.waiting:
            self._ahead = self._unused = taken.passing - wanted.waiting
            self._usable_until = min(sent + _AHEAD_S, minute.ends_first)
            self._taken_in = taken.taken_in
            self._timer = asyncio.get_running_loop().call_later(_AHEAD_S, self._start)
        elif taken.passing < wanted.waiting and (taken.held or limits != self._limits):
            await asyncio.sleep(_PAUSE_S)
        elif taken.passing < wanted.waiting:
            self._full = max((each for each in (minute, second) if each.left == 0), key=lambda each: each.ends_last)
            for _ in range(wanted.waiting - taken.passing):
                self._answer(_refusal(self._full, now))

    def _wanted(self) -> Wanted:
        assert self._limits is not None
        limits, waiting, ahead = self._limits, len(self._waiting), 0
        if waiting:
            now = time.monotonic()
            # Twice what passed the last time: soon enough for the time that it may be used.
            if self._safe and now < self._asked_at + 2 * _AHEAD_S:
                ahead = min(2 * self._passed, _UNLIMITED)
            self._asked_at = now
        wanted = Wanted(
            self._account_id,
            self._safe,
            limits.safe_per_minute if self._safe else limits.unsafe_per_minute,
            _UNLIMITED if self._safe else limits.unsafe_per_second,
            waiting,
            ahead,
            self._unused,
            self._ahead,
            self._taken_in,
        )
        # Whatever becomes of the statement: what the database may have taken back is not used any more.
        self._unused = self._ahead = 0
        if self._timer:
            self._timer.cancel()
        return wanted

    def _headers(self, left: int) -> RawHeaders:
        """Say what is left, here and in the database."""
        return [*self._told, (b"ratelimit-remaining", b"%d" % (self._left + left))]


def _headers(window: _Window, left: int, now: float) -> RawHeaders:
    return [
        (b"ratelimit-limit", b"%d" % window.limit),
        (b"ratelimit-reset", b"%d" % _wait_s(window, now)),
        (b"ratelimit-remaining", b"%d" % left),
    ]


def _refusal(window: _Window, now: float) -> Throttled:
    return Throttled(_wait_s(window, now), {name.decode(): value.decode() for name, value in _headers(window, 0, now)})


def _wait_s(window: _Window, now: float) -> int:
    return max(ceil(window.ends_last - now), 1)
