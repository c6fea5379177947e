"""Run the server: the port, the first run, what is printed, and uvicorn until it is told to stop."""

import socket
from dataclasses import replace
import os
from typing import NamedTuple

import uvicorn
from rich.console import Console
from uvicorn.supervisors import Multiprocess

from orderdock import __version__
from orderdock.accounts import store as accounts
from orderdock.accounts.keys import NewKey, make_key
from orderdock.db.pool import Tx
from orderdock.errors import UsageError
from orderdock.integrations import store as integrations
from orderdock.settings import Settings, to_environment

_BACKLOG = 2048
_STOP_S = 10  # how long requests that are being answered may take when the server is told to stop


def listen(host: str, port: int) -> socket.socket:
    """Take the port. Raises UsageError when that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = "it is in use" if error.errno == 98 else error.strerror or str(error)
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
            f"  curl -u {first.key.public_key}:{first.secret_key} {base}/api/v3/integrations",
        ]
    console.print("\n".join(lines) + "\nCtrl-C stops it.", markup=False)


def run(settings: Settings, listener: socket.socket) -> None:
    """Answer requests until SIGINT or SIGTERM."""
    os.environ.update(to_environment(replace(settings, public_key="", secret_key="")))
    config = uvicorn.Config(
        "orderdock.app:create_app",
        factory=True,
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
    one = uvicorn.Server(config)
    try:
        if settings.workers == 1:
            one.run(sockets=[listener])
        else:
            Multiprocess(config, target=one.run, sockets=[listener]).run()
    except KeyboardInterrupt:
        pass  # uvicorn has stopped, and hands the signal on
