"""Run the server: the port, the first run, what is printed, and uvicorn until it is told to stop."""

import asyncio
import logging
import multiprocessing.connection
import os
import shlex
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import resource_tracker

import uvicorn
from rich.console import Console
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from orderdock import __version__
from orderdock.accounts import store as accounts
from orderdock.accounts.keys import NewKey, make_key
from orderdock.app import create_app
from orderdock.db.pool import Tx
from orderdock.errors import UsageError
from orderdock.http.protocol import Connection, allow_files
from orderdock.integrations import store as integrations
from orderdock.settings import PREFIX, Settings, to_environment

_BACKLOG = 2048
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP_S = 10  # how long requests that are being answered may take when the server is told to stop


def listen(host: str, port: int) -> socket.socket:
    """Take the port. Raises UsageError when that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        # create_server's own words repeat the address.
        reason = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise UsageError(f"Cannot listen on {host}:{port}: {reason}; choose another with --host and --port.") from None


async def first_run(tx: Tx, settings: Settings) -> NewKey | None:
    """Make an account, an integration and a key in an empty database; None when there is an account already."""
    await accounts.lock_accounts(tx)
    if await accounts.find_accounts(tx):
        return None
    account = await accounts.create_account(tx, "My account")
    await integrations.create_integration(tx, account.id, shop_name="My shop", type_="api")
    return await make_key(
        tx, account.id, name="First key", public_key=settings.public_key, secret_key=settings.secret_key
    )


def announce(console: Console, settings: Settings, first: NewKey | None, *, embedded: bool) -> None:
    """Print where the server is and, once, how to get in."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = settings.public_base_url.rstrip("/") or f"http://{host}:{settings.port}"
    where = f"embedded PostgreSQL in {settings.data_dir}" if embedded else "PostgreSQL at the given URL"
    lines = [f"orderdock {__version__}, {where}", f"Base URL    {base}/api/v3", f"Explore it  {base}/docs"]
    if first is None:
        lines.append("Keys        as before; `orderdock keys create --account ID` makes another")
    else:
        lines += [
            f"Public key  {first.key.public_key}",
            f"Secret key  {first.secret_key}   (shown this once)",
            "Try it:",
            f"  curl -u {shlex.quote(f'{first.key.public_key}:{first.secret_key}')} {base}/api/v3/integrations",
        ]
    console.print("\n".join(lines) + "\nCtrl-C stops it.", markup=False)


def run(settings: Settings, listener: socket.socket) -> None:
    """Answer requests until SIGINT or SIGTERM; `settings` name the database."""
    # The workers read their settings from the environment, and find only these there.
    for variable in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[variable]
    os.environ.update(to_environment(replace(settings, public_key="", secret_key="")))
    allow_files()
    config = uvicorn.Config(
        "orderdock.server:create_worker",
        factory=True,
        http=Connection,
        workers=settings.workers,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_STOP_S,
        # A proxy on this machine may say which scheme its client used.
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1",
    )
    workers = _Workers(config, sockets=[listener]) if settings.workers > 1 else None
    try:
        if workers:
            workers.run()
        else:
            _Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        pass  # uvicorn has stopped, and hands the signal on; or we have, while it looked after its workers
    finally:
        # What is left is to stop workers and database: one more Ctrl-C shall not leave them running.
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN)
        if workers:
            workers.terminate_all()
            workers.join_all()


class _Workers(Multiprocess):
    """What a terminal sends is for us, who then end the workers by SIGTERM: they start with it blocked."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        handlers = [signal.getsignal(number) for number in _ENDING]
        super().__init__(config, sockets)
        # uvicorn only looks for a signal when each worker has answered, and starts them anew when the terminal closes.
        for number, handler in zip(_ENDING, handlers, strict=True):
            signal.signal(number, handler)
        resource_tracker.ensure_running()  # which unblocks SIGINT when it starts

    def init_processes(self) -> None:
        with _terminal_blocked():
            super().init_processes()

    def keep_subprocess_alive(self) -> None:
        with _terminal_blocked():
            super().keep_subprocess_alive()


@contextmanager
def _terminal_blocked() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:  # after a second Ctrl-C uvicorn waits for no request, and would not close the application
            await self.lifespan.shutdown()


def create_worker() -> ASGIApp:
    """Build the application in the process that serves it; one that has a parent ends when that ends, however."""
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return create_app()


def _follow(parent: int) -> None:
    multiprocessing.connection.wait([parent])
    os.kill(os.getpid(), signal.SIGTERM)


def _is_news(record: logging.LogRecord) -> bool:
    """Where a request was when its time was over is none: that it was cancelled has been said."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
