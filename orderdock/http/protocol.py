"""HTTP/1.1 on one connection: uvicorn's protocol, with an end to every waiting and a bound to all that is kept.

What is refused here is refused in the envelope, and ends the connection. Why: docs/decisions/0005-connections.md.
"""

import asyncio
import resource
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self, cast

import httptools
import structlog
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from orderdock import limits
from orderdock.errors import (
    HeadTooLarge,
    Malformed,
    Overloaded,
    Problem,
    TargetTooLong,
    TooSlow,
    UnsupportedVersion,
)
from orderdock.http.endpoint import refusing
from orderdock.settings import Settings

log = structlog.get_logger()

_SWEEP_S = 1.0
_FILES_KEPT = 64  # open files of a worker beside its connections and those to the database
_BODY_BYTES_FREE = 65_536  # of each body, whatever the others take: uvicorn keeps as much before anybody asks for it
# Where a request ends is known only once it is parsed. No more than fits in here can come after the one being answered.
_SLICE_BYTES = 1024

# What is read now: nothing, as no request has begun; the head or the body of one; or nothing that would be answered.
_NOTHING, _HEAD, _BODY, _REST = range(4)


class Connections:
    """All connections of a worker. Use it as an async context manager: within it, deadlines are kept."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._reserved_bytes = 0
        self._queue: dict[Connection, int] = {}
        self._open: dict[Connection, None] = {}  # in the order in which they came
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        room = settings.connections_max if files == resource.RLIM_INFINITY else files - _FILES_KEPT - settings.pool_size
        self._most = max(1, min(settings.connections_max, room))
        self._dropped = 0
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._sweep()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer:
            self._timer.cancel()

    def _sweep(self) -> None:
        self._timer = self._loop.call_later(_SWEEP_S, self._sweep)
        if self._dropped:
            log.warning("connections.full", most=self._most, dropped=self._dropped)
            self._dropped = 0
        now = self._loop.time()
        for connection in tuple(self._open):
            connection.check(now)

    def add(self, new: "Connection") -> bool:
        """Take a connection in, and say if it may stay. Where there are too many, those go that wait longest."""
        if len(self._open) >= self._most:
            waiting = sorted((one for one in self._open if one.waits), key=lambda one: one.since)
            dropped = waiting[: self._most // 100 + 1]
            self._dropped += len(dropped)
            for connection in dropped:
                connection.drop()
            self._open[new] = None
            return bool(dropped)
        self._open[new] = None
        return True

    def remove(self, connection: "Connection") -> None:
        """Let a connection go."""
        self._open.pop(connection, None)

    def reserve(self, connection: "Connection", size: int) -> bool:
        """Set memory aside for a body; where there is none, the connection hears when there is."""
        free = not self._queue and self._fits(size)
        if free:
            self._reserved_bytes += size
        else:
            self._queue[connection] = size
        return free

    def release(self, connection: "Connection", size: int) -> None:
        """Take back what was set aside, or asked for, and give it to those who wait."""
        self._reserved_bytes -= size
        self._queue.pop(connection, None)
        while self._queue:
            first, wanted = next(iter(self._queue.items()))
            if not self._fits(wanted):
                return
            del self._queue[first]
            self._reserved_bytes += wanted
            first.go_on(wanted)

    def _fits(self, size: int) -> bool:
        return not self._reserved_bytes or self._reserved_bytes + size <= limits.bodies_bytes_max


class Connection(HttpToolsProtocol):
    """One connection: reads its requests one after the other, and answers them in their order."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._all: Connections = app_state["connections"]
        self._settings = self._all.settings
        self.since = self.loop.time()
        self._part = _HEAD  # the first head has its time from the opening on
        self._begun = False
        self.url = b""
        self._eof = False
        self._unanswered = 0
        self._unread = b""
        self._idle_bytes = 0  # that were read since there was progress
        self._body_left = 0
        self._body_bytes = 0
        self._body_size = 0
        self._reserved = 0
        self._queued = False
        self._keep_alive = False
        self._upgrade = False
        self._stopping = False
        self._unsent, self._unsent_since = 0, 0.0
        self._thrown_away = 0
        self._heard = 0.0

    # The connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        super().connection_made(transport)
        self._wire = transport
        self.transport = cast("asyncio.Transport", _Transport(transport.write, self._end))
        if not self._all.add(self):
            self._refuse(Overloaded())

    def connection_lost(self, exc: Exception | None) -> None:
        self._all.remove(self)
        self._release_body()
        self.pipeline.clear()
        self._unread = b""
        self._cut()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride]
        """A client that has sent its request, and says that it sends no more, still gets its answer."""
        self._eof = bool(self._unanswered) and self._part != _BODY and not self.transport.is_closing()
        if self._eof:
            self.cycle.keep_alive = False
        return self._eof

    def shutdown(self) -> None:
        self._stopping = True
        if self._unanswered:
            self.cycle.keep_alive = False
        else:
            self._wire.close()

    @property
    def waits(self) -> bool:
        """Whether nothing is being answered here."""
        return not self._unanswered

    def drop(self) -> None:
        """End it at once."""
        self._all.remove(self)
        self._cut()
        self._wire.abort()

    def _cut(self) -> None:
        cast("_Transport", self.transport).cut()

    def _end(self) -> None:
        """Close it after an answer.

        While more of a request is on its way that would reset the connection, and the client might never see the
        answer: then it hears that nothing follows, and what it still sends is thrown away, a while.
        """
        self._cut()
        if self._eof or (self._part == _NOTHING and not self._unread and not self.pipeline):
            self._wire.close()
        elif not self._wire.is_closing():
            self._part, self._unread = _REST, b""
            self.since = self._heard = self.loop.time()
            self._wire.write_eof()
            self._wire.resume_reading()

    # Deadlines

    def check(self, now: float) -> None:
        """End what has waited too long. Called about once a second."""
        unsent = self._wire.get_write_buffer_size()
        if unsent:
            self._check_sending(now, unsent)
            return
        self._unsent = 0
        waited_s = now - self.since
        if self._part == _NOTHING:
            if not self._unanswered and waited_s > self._settings.keep_alive_s:
                self.drop()
        elif self._part == _HEAD:
            if not self._unanswered and waited_s > self._settings.head_timeout_s:
                self._refuse(TooSlow()) if self._begun else self.drop()
        elif self._part == _BODY:
            if not self.pipeline and waited_s > self._settings.body_timeout_s:
                self._refuse(Overloaded() if self._queued else TooSlow())
        elif self.transport.is_closing() and (
            waited_s > self._settings.body_timeout_s or now - self._heard > limits.silence_after_answer_max_s
        ):
            self.drop()

    def _check_sending(self, now: float, unsent: int) -> None:
        if not self._unsent or unsent > self._unsent or unsent <= self._unsent - limits.taken_bytes_min:
            self._unsent, self._unsent_since = unsent, now
        elif now - self._unsent_since > self._settings.send_timeout_s:
            self.drop()
        self.since = self._heard = now  # nothing else is waited for meanwhile

    def resume_writing(self) -> None:
        self._unsent = 0
        super().resume_writing()

    # Reading

    def data_received(self, data: bytes) -> None:
        if self._unread:
            self._hold(data)
        else:
            self._read(data)

    def _hold(self, data: bytes) -> None:
        self._unread += data
        self._pause()

    def _pause(self) -> None:
        self._wire.pause_reading()
        self.flow.read_paused = False  # for uvicorn, which would resume: only we know when

    def go_on(self, size: int) -> None:
        """Read a body on: as much memory has been set aside for it."""
        self._reserved, self._queued = size, False
        self._wire.resume_reading()

    def _read(self, data: bytes) -> None:
        start = 0
        while start < len(data):
            if self._part == _REST:
                self._throw_away(len(data) - start)
                return
            if self._unanswered and (self._part != _BODY or self.pipeline):
                self._hold(data[start:])
                return
            end = start + (self._body_left or _SLICE_BYTES)
            self._feed(data[start:end])
            start = end

    def _throw_away(self, size: int) -> None:
        self._thrown_away += size
        self._heard = self.loop.time()
        if self._thrown_away > limits.thrown_away_bytes_max and self.transport.is_closing():
            self.drop()

    def _feed(self, data: bytes) -> None:
        self._idle_bytes += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(_problem(error))
        else:
            if self._idle_bytes > limits.head_bytes_max:
                self._refuse(HeadTooLarge())
            elif self._part == _HEAD and len(self.url) > limits.target_bytes_max:
                self._refuse(TargetTooLong())

    def _stay(self, rest: bytes) -> None:
        """Read a request that offers another protocol as what it is in this one (RFC 9110, 7.8).

        The parser took its body for that other protocol.
        """
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        lines = [b"%b: %b\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self._feed(b"%b %b HTTP/%b\r\n%b\r\n" % (method, self.url, version, b"".join(lines)))
        self._read(rest)

    # What the parser finds

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._idle_bytes = 0
        self._begun = True
        if self._part == _NOTHING:
            self._part = _HEAD
            self.since = self.loop.time()

    def on_headers_complete(self) -> None:
        self._upgrade = self.parser.should_upgrade()
        if self._upgrade:
            if self.parser.get_method() == b"CONNECT":
                raise Malformed("This server is no proxy.")
            return
        self._check_head()
        super().on_headers_complete()
        self._unanswered += 1
        self._part = _BODY
        self.since = self.loop.time()
        # An answer that is given before the request has been read is the last one.
        self._keep_alive, self.cycle.keep_alive = self.cycle.keep_alive, False
        self.headers = []  # for trailers: they are no headers, and nobody reads them

    def _check_head(self) -> None:
        """Raise what is wrong with a head that the parser has taken."""
        version = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            raise UnsupportedVersion
        fields = dict(self.headers)
        if len(fields) != len(self.headers) and [name for name, _ in self.headers].count(b"host") > 1:
            raise Malformed("The request should have one Host header.")
        if b"host" not in fields and version == "1.1":
            raise Malformed("The request should have a Host header.")
        if b"transfer-encoding" in fields and (version == "1.0" or fields[b"transfer-encoding"].lower() != b"chunked"):
            raise Malformed("The only Transfer-Encoding is chunked, and only in HTTP/1.1.")
        if len(self.url) > limits.target_bytes_max:
            raise TargetTooLong
        if not self.url.startswith(b"/"):
            self.url = _path_of(self.url, fields.get(b"host", b""))
        if b"#" in self.url:
            raise _bad_target()
        self._body_left = int(fields.get(b"content-length", 0))
        self._body_size = min(self._body_left or self._settings.body_bytes_max, self._settings.body_bytes_max)

    def on_body(self, body: bytes) -> None:
        self._idle_bytes = 0
        if self._body_left:
            self._body_left -= len(body)
        if self.cycle.response_complete:
            return
        super().on_body(body)
        self._body_bytes += len(body)
        if self._body_bytes > _BODY_BYTES_FREE and not self._reserved:
            if not self._queued and self._all.reserve(self, self._body_size):
                self._reserved = self._body_size
            else:
                self._queued = True
                self._pause()

    def on_message_complete(self) -> None:
        if self._upgrade:
            return
        self._part = _NOTHING
        self.cycle.keep_alive = self._keep_alive and not self._stopping
        super().on_message_complete()

    # Answering

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        self._unanswered -= 1
        self._release_body()
        cast("_Transport", self.transport).flush()
        if self.transport.is_closing():
            return
        self.since = self.loop.time()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._stopping:
            self._end()
            return
        self.flow.resume_reading()
        if self._unread:
            data, self._unread = self._unread, b""
            self._read(data)
        if not self._unread and not self._queued and not self.flow.read_paused:
            self._wire.resume_reading()

    def _release_body(self) -> None:
        self._body_bytes = 0
        if self._reserved or self._queued:
            size, self._reserved, self._queued = self._reserved, 0, False
            self._all.release(self, size)

    def _refuse(self, problem: Problem) -> None:
        """Answer a request that cannot be read to its end, after those before it; read no further."""
        part, self._part, self._unread = self._part, _REST, b""
        if part == _BODY:
            # Whoever waits for the body gets the problem in its place (Call.body), and answers it.
            self.cycle.scope.setdefault("state", {})["refusal"] = problem
            self.cycle.message_event.set()
            return
        if part == _NOTHING or not self._begun:
            self.on_message_begin()
        self.scope.update({"method": "", "path": "", "query_string": b""})
        self.cycle = RequestResponseCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=False,
            on_response=self.on_response_complete,
        )
        answer = cast("ASGI3Application", refusing(problem))
        self._unanswered += 1
        if self._unanswered > 1:
            self.pipeline.appendleft((self.cycle, answer))
        else:
            self._start_asgi_task(self.cycle, answer)


class _Transport:
    """What stands for the transport while requests are answered: it closes in our way, and is quiet afterwards.

    The head of an answer waits for its body, which follows at once: so both go out, and come in, together.
    """

    def __init__(self, write: Callable[[bytes], None], close: Callable[[], None]) -> None:
        self._write, self._close = write, close
        self._head = b""
        self._closing = False

    def write(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._head = data
        else:
            self._write(self._head + data)
            self._head = b""

    def flush(self) -> None:
        """Send a head that has no body."""
        if self._head:
            self.write(b"")

    def close(self) -> None:
        self.flush()
        self._close()

    def is_closing(self) -> bool:
        return self._closing

    def cut(self) -> None:
        self._closing = True
        self._write, self._close = _ignore, _nothing


def _ignore(_: bytes) -> None:
    pass


def _nothing() -> None:
    pass


def _problem(error: httptools.HttpParserError) -> Problem:
    cause = error.__context__ if isinstance(error, httptools.HttpParserCallbackError) else error
    if isinstance(cause, Problem):
        return cause
    if isinstance(cause, httptools.HttpParserInvalidURLError):
        return _bad_target()
    if cause is not error:
        raise error
    reason = str(error)
    if reason in ("Invalid HTTP version", "Pause on PRI/Upgrade"):
        return UnsupportedVersion()
    return Malformed(f"The request is not valid HTTP/1.1: {reason}.")


def _bad_target() -> Problem:
    return Malformed("The target of the request should be a path of printable ASCII characters.")


def _path_of(target: bytes, host: bytes) -> bytes:
    """The path and query of an absolute URL that names the same host (RFC 9112, 3.2.2). Raises Malformed."""
    scheme, _, rest = target.partition(b"://")
    named, slash, path = rest.partition(b"/")
    if not named or scheme.lower() not in (b"http", b"https") or named.lower() != host.lower():
        raise _bad_target()
    return slash + path or b"/"


def allow_files() -> None:
    """Raise the limit of open files, which each connection is one of, as far as this process may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
