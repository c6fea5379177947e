"""Puts the parts together: settings, database, keys, routes."""

import io
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TextIO, cast

import structlog
from starlette.types import ASGIApp
from structlog.dev import ConsoleRenderer, RichTracebackFormatter
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper, add_log_level
from structlog.tracebacks import ExceptionDictTransformer

from orderdock.accounts import store as accounts
from orderdock.accounts.keys import KeyRing
from orderdock.db.pool import Database
from orderdock.http.endpoint import Application, Parts
from orderdock.http.protocol import Connections
from orderdock.http.rate_limits import RateLimits
from orderdock.routes import ENDPOINTS
from orderdock.settings import Settings, from_process


def build_app(settings: Settings) -> ASGIApp:
    """Build the ASGI application. It opens its connections when the server starts it, and closes them at the end."""
    db = Database(settings.database_url, pool_size=settings.pool_size, conflict_wait_ms=settings.conflict_wait_ms)
    keys = KeyRing(db, settings)
    rate_limits = RateLimits(db, accounts.take_requests)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[dict[str, Connections]]:
        async with db, keys.listening(), rate_limits, Connections(settings) as connections:
            yield {"connections": connections}

    return Application(ENDPOINTS, Parts(settings, db, keys.find_caller, rate_limits), lifespan)


def create_app() -> ASGIApp:
    """Build the application of a worker process, from the environment that `orderdock serve` gave it."""
    settings = from_process()
    set_up_logs(settings.log_level)
    return build_app(settings)


def set_up_logs(level: str) -> None:
    """Log to standard error: coloured lines on a terminal, JSON lines elsewhere.

    Tracebacks come without the values of variables, which may be keys and orders.
    """
    shown: list[structlog.typing.Processor] = (
        [ConsoleRenderer(exception_formatter=RichTracebackFormatter(show_locals=False))]
        if sys.stderr.isatty()
        else [ExceptionRenderer(ExceptionDictTransformer(show_locals=False)), JSONRenderer()]
    )
    structlog.configure(
        processors=[add_log_level, TimeStamper(fmt="iso", utc=True), *shown],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Lasting(sys.stderr))),
        cache_logger_on_first_use=True,
    )


class _Lasting(io.TextIOBase):
    """Writes as long as somebody reads: a log that is cut off is no reason not to answer."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()
