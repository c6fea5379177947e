"""Puts the parts together: settings, database, keys, routes."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from starlette.types import ASGIApp

from orderdock.accounts.keys import KeyRing
from orderdock.db.pool import Database
from orderdock.http.endpoint import Application, Parts
from orderdock.routes import ENDPOINTS
from orderdock.settings import Settings, from_process


def build_app(settings: Settings) -> ASGIApp:
    """Build the ASGI application. It opens its connections when the server starts it, and closes them at the end."""
    db = Database(settings.database_url, pool_size=settings.pool_size, conflict_wait_ms=settings.conflict_wait_ms)
    keys = KeyRing(db, settings.profile)

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        async with db, keys.listening():
            yield

    return Application(ENDPOINTS, Parts(settings, db, keys.find_caller), lifespan)


def create_app() -> ASGIApp:
    """Build the application of a worker process, from the environment that `orderdock serve` gave it."""
    settings = from_process()
    set_up_logs(settings.log_level)
    return build_app(settings)


def set_up_logs(level: str) -> None:
    """Log to standard error: coloured lines on a terminal, JSON lines elsewhere."""
    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks if not terminal else structlog.processors.StackInfoRenderer(),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
