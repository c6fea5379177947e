"""The command line: serve, administer, move orders in and out. One function a command."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TextIO, TypeVar

import msgspec
import psycopg
import structlog
import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.text import Text

from orderdock import __version__, limits
from orderdock.accounts import store as accounts
from orderdock.accounts.keys import SCOPES, make_key
from orderdock.db import migrate as migrations
from orderdock.db.embedded import EmbeddedError, embedded_database
from orderdock.db.pool import Database, Tx
from orderdock.errors import Problem, UsageError
from orderdock.integrations import store as integrations
from orderdock.orders import bulk, delete
from orderdock.settings import Settings, read_settings

T = TypeVar("T")

# What is printed is data: no [markup], no :emoji:.
out = Console(markup=False, emoji=False, highlight=False, soft_wrap=True)
err = Console(markup=False, emoji=False, highlight=False, soft_wrap=True, stderr=True)

app = typer.Typer(
    help="The order hub that anybody can run.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
accounts_app = typer.Typer(help="Accounts: who owns orders.", no_args_is_help=True)
integrations_app = typer.Typer(help="Integrations: the shops that orders come from.", no_args_is_help=True)
keys_app = typer.Typer(help="API keys.", no_args_is_help=True)
app.add_typer(accounts_app, name="accounts")
app.add_typer(integrations_app, name="integrations")
app.add_typer(keys_app, name="keys")

# Whether a path can be used is said by who uses it, in words that fit: readable=False keeps typer from looking.
AFile = Annotated[Path, typer.Argument(metavar="FILE", readable=False)]
DataDir = Annotated[
    Path | None, typer.Option(help="Directory of the embedded database.", readable=False, show_default=False)
]
DatabaseUrl = Annotated[str | None, typer.Option(help="A PostgreSQL to use instead.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.", metavar="")]


def _an_id(value: int | None) -> int | None:
    if value is not None and not 1 <= value <= limits.id_max:
        raise typer.BadParameter(f"ids run from 1 to {limits.id_max}")
    return value


OneAccount = Annotated[int, typer.Option("--account", help="Id of the account.", callback=_an_id)]
AnyAccount = Annotated[
    int | None, typer.Option("--account", help="Id of the account.", callback=_an_id, show_default=False)
]
AnyIntegration = Annotated[
    int | None, typer.Option("--integration", help="Id of the integration.", callback=_an_id, show_default=False)
]
ALimit = Annotated[
    int | None, typer.Option(help="Requests.", min=1, max=limits.requests_per_window_max, show_default=False)
]
AnId = Annotated[int, typer.Argument(metavar="ID", callback=_an_id)]


def main() -> None:
    """Run a command. What a person can mend is one line on standard error and exit status 2."""
    # What `kill` and a closed terminal send ends a command as Ctrl-C does, so that it leaves nothing behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # which is how `nohup` starts us
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    try:
        sys.exit(app(prog_name="orderdock", standalone_mode=False))
    except typer.TyperException as error:
        if message := error.format_message():  # none after the help of a command that needs another word
            _fail(f"{message.rstrip('.')}; --help says more.")
        sys.exit(2)
    except (UsageError, EmbeddedError) as error:
        _fail(str(error))
    except Problem as problem:
        _fail(problem.faults[0].detail)
    except psycopg.OperationalError as error:
        _fail(f"The database does not answer ({error}): start it, or give another --database-url.")
    except psycopg.Error as error:
        _fail(f"The database does not do as told ({error}).")
    except OSError as error:
        # Or Python would try once more to write what nobody can take.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _fail(f"Cannot write the output: {error.strerror}.")
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(line: str) -> None:
    _complain(" ".join(line.split()))
    sys.exit(2)


def _complain(line: str) -> None:
    err.print(_printable(f"orderdock: {line}"))


def _printable(text: str) -> str:
    """Show control characters as escapes: what a client sent shall not steer the terminal."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


# The database of a command


@contextmanager
def _database(settings: Settings, migrated: Callable[[str], None] | None = None) -> Iterator[Settings]:
    """Give the settings with the URL of a database that is there and has our schema: embedded, unless a URL is set.

    `migrated` hears of each migration. Without it, a database at a URL is left as it is: its administrator says when.
    """
    if settings.database_url:
        _prepare(settings, migrated)
        yield settings
        return
    with embedded_database(settings.data_dir, _complain) as database:
        settings = replace(settings, database_url=database.conninfo)
        _prepare(settings, migrated or _silently)
        yield settings


def _prepare(settings: Settings, migrated: Callable[[str], None] | None) -> None:
    if not settings.accept_data_loss:
        migrations.refuse_lossy(settings.database_url)
    if migrated:
        migrations.migrate(settings.database_url, migrated)
    else:
        migrations.refuse_other(settings.database_url)


def _silently(_: object) -> None:
    pass


def _run(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run something asynchronous on a database."""

    async def run() -> T:
        async with Database(settings.database_url, pool_size=2, conflict_wait_ms=settings.conflict_wait_ms) as db:
            return await work(db)

    # A command says by itself what there is to say.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    logging.disable()
    try:
        return asyncio.run(run())
    finally:
        logging.disable(logging.NOTSET)


def _administer(data_dir: Path | None, database_url: str | None, work: Callable[[Tx], Awaitable[T]]) -> T:
    """Run an administrator's transaction."""
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)
    with _database(settings) as ready:
        return _run(ready, lambda db: db.transact(work))


async def _the_account(tx: Tx, account_id: int | None, integration_id: int | None = None) -> int:
    """The account that is meant: the one named, that of the integration, or the only one."""
    if integration_id is not None:
        owner = await _account_of(tx, integration_id)
        if account_id not in (None, owner):
            raise UsageError(f"Integration {integration_id} is one of account {owner}; leave --account out.")
        return owner
    found = [account.id for account in await accounts.find_accounts(tx)]
    if not found:
        raise UsageError("There is no account yet; `orderdock accounts create NAME` makes one.")
    if account_id is None and len(found) > 1:
        raise UsageError("Which account? Say --account ID; `orderdock accounts list` shows them.")
    if account_id is not None and account_id not in found:
        raise UsageError(f"There is no account {account_id}; `orderdock accounts list` shows them.")
    return found[0] if account_id is None else account_id


async def _account_of(tx: Tx, integration_id: int) -> int:
    account_id = await integrations.find_account_of(tx, integration_id)
    if account_id is None:
        raise UsageError(f"There is no integration {integration_id}; `orderdock integrations list` shows them.")
    return account_id


# Output


def _print_json(value: Any) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def _print_rows(rows: Sequence[Any], *names: str, as_json: bool) -> None:
    """Print rows as a JSON list, or the named columns as a table.

    A row is one line, also when that is wider than the terminal: nothing is cut. A column without values is left out.
    """
    if as_json:
        _print_json([row._asdict() for row in rows])
        return
    columns = [[name, *(_cell(getattr(row, name)) for row in rows)] for name in names]
    filled = [column for column in columns if any(column[1:])]
    widths = [max(map(cell_len, column)) for column in filled]
    for line in zip(*filled, strict=True):
        out.print("  ".join(map(set_cell_size, line, widths)).rstrip())
    if not rows:
        out.print("None yet.")


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%SZ}"
    return "" if value is None else _printable(str(value))


class _Rate(ProgressColumn):
    """Orders a second."""

    def render(self, task: Task) -> Text:
        """Show the speed of the last seconds."""
        return Text(f"{task.speed:,.0f} orders/s" if task.speed else "")


def _progress() -> Progress:
    columns = BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn()
    return Progress(*columns, console=err, transient=True, disable=not err.is_terminal)


# Commands


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"orderdock {__version__}")
        raise typer.Exit


@app.callback()
def orderdock(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", metavar="", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """The order hub that anybody can run."""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port.", show_default="8080", min=1, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes.", show_default="1", min=1)] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Serve the API; on first run also make an account, an integration and a key."""
    settings = read_settings(
        os.environ, host=host, port=port, workers=workers, data_dir=data_dir, database_url=database_url
    )
    # uvicorn and every route: what no other command waits for.
    from orderdock import server

    listener = server.listen(settings.host, settings.port)
    with listener, _database(settings, _silently) as ready:
        first = _run(ready, lambda db: db.transact(lambda tx: server.first_run(tx, ready)))
        server.announce(out, ready, first, embedded=not settings.database_url)
        server.run(ready, listener)


@app.command()
def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Bring the database to the schema of this version."""
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)
    applied: list[str] = []
    with _database(settings, applied.append):
        pass
    if as_json:
        _print_json({"applied": applied})
    else:
        out.print("\n".join(f"Applied {name}." for name in applied) or "The schema is up to date.")


@accounts_app.command("create")
def create_account(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create an account."""
    account = _administer(data_dir, database_url, lambda tx: accounts.create_account(tx, _named(name)))
    if as_json:
        _print_json(account._asdict())
    else:
        out.print(f"Created account {account.id}.")


@accounts_app.command("list")
def list_accounts(data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """List the accounts."""
    rows = _administer(data_dir, database_url, accounts.find_accounts)
    limited = ("rate_limits", "safe_per_minute", "unsafe_per_minute", "unsafe_per_second")
    _print_rows(rows, "id", "name", "created_at", *limited, as_json=as_json)


@accounts_app.command("limit")
def limit_account(
    account_id: AnId,
    safe_per_minute: ALimit = None,
    unsafe_per_minute: ALimit = None,
    unsafe_per_second: ALimit = None,
    on: Annotated[bool, typer.Option("--on", help="Limits as the server's settings say.", metavar="")] = False,
    off: Annotated[bool, typer.Option("--off", help="No limits.", metavar="")] = False,
    default: Annotated[
        bool, typer.Option("--default", help="On or off as the server's settings say.", metavar="")
    ] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Say how many requests of an account pass. Takes the place of all that was said before, at once.

    Numbers switch its limits on; those that are not named are the server's.
    """
    numbers = (safe_per_minute, unsafe_per_minute, unsafe_per_second)
    if [on or any(numbers), off, default].count(True) != 1:
        raise UsageError("Say numbers or --on, or --off, or --default.")

    async def work(tx: Tx) -> accounts.Account:
        account = await accounts.limit_account(
            tx,
            account_id,
            rate_limits=None if default else "off" if off else "on",
            safe_per_minute=safe_per_minute,
            unsafe_per_minute=unsafe_per_minute,
            unsafe_per_second=unsafe_per_second,
        )
        if account is None:
            raise UsageError(f"There is no account {account_id}; `orderdock accounts list` shows them.")
        return account

    account = _administer(data_dir, database_url, work)
    if as_json:
        _print_json(account._asdict())
    else:
        out.print(f"Limits of account {account.id}: {_limits_in_words(account)}.")


def _limits_in_words(account: accounts.Account) -> str:
    names = ("safe_per_minute", "unsafe_per_minute", "unsafe_per_second")
    numbers = [f"{getattr(account, name)} {name.replace('_', ' ')}" for name in names if getattr(account, name)]
    return ", ".join([account.rate_limits or "as the server's settings say", *numbers])


@integrations_app.command("create")
def create_integration(
    account: OneAccount,
    name: Annotated[str, typer.Option(help="Name of the shop.")],
    type_: Annotated[str, typer.Option("--type", help="Kind of shop system.")] = "api",
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create an integration of an account."""

    async def work(tx: Tx) -> integrations.IntegrationRow:
        account_id = await _the_account(tx, account)
        return await integrations.create_integration(tx, account_id, shop_name=_named(name), type_=_named(type_))

    row = _administer(data_dir, database_url, work)
    if as_json:
        _print_json(row._asdict())
    else:
        out.print(f"Created integration {row.id}.")


@integrations_app.command("list")
def list_integrations(
    account: AnyAccount = None, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False
) -> None:
    """List the integrations, of one account or of all."""
    rows = _administer(data_dir, database_url, lambda tx: integrations.find_integrations(tx, account))
    _print_rows(rows, "id", "account_id", "shop_name", "type", "created_at", as_json=as_json)


@integrations_app.command("delete")
def delete_integration(
    integration_id: AnId,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Delete an integration; its orders leave every listing."""

    async def work(tx: Tx) -> int:
        account_id = await _account_of(tx, integration_id)
        return await delete.delete_integration(tx, account_id, integration_id)

    count = _administer(data_dir, database_url, work)
    if as_json:
        _print_json({"id": integration_id, "orders": count})
    else:
        out.print(f"Deleted integration {integration_id} and its {count} orders.")


@keys_app.command("create")
def create_key(
    account: OneAccount,
    name: Annotated[str, typer.Option(help="What it is for.")] = "key",
    profile: Annotated[
        str | None, typer.Option(help="Response profile: guide or openapi.", show_default="the server's")
    ] = None,
    scope: Annotated[list[str] | None, typer.Option(help="May be repeated.", show_default="api: everything")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Create an API key. Its secret is printed once."""
    if profile not in (None, "guide", "openapi"):
        raise UsageError(f"--profile should be guide or openapi, not {profile}.")
    scopes = scope or ["api"]
    if unknown := [each for each in scopes if each not in SCOPES]:
        raise UsageError(f"--scope should be one of {', '.join(SCOPES)}, not {unknown[0]}.")

    async def work(tx: Tx) -> None:
        account_id = await _the_account(tx, account)
        made = await make_key(tx, account_id, name=_named(name), profile=profile, scopes=scopes)
        # Within the transaction: a key that cannot be shown is not made.
        if as_json:
            _print_json({**made.key._asdict(), "secret_key": made.secret_key})
        else:
            out.print(f"Created key {made.key.id} of account {made.key.account_id}. The secret is shown this once.")
            out.print(f"public key  {made.key.public_key}\nsecret key  {made.secret_key}")
        sys.stdout.flush()

    _administer(data_dir, database_url, work)


@keys_app.command("list")
def list_keys(
    account: AnyAccount = None, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False
) -> None:
    """List the keys, of one account or of all, without their secrets."""
    rows = _administer(data_dir, database_url, lambda tx: accounts.find_keys(tx, account))
    shown = ("id", "account_id", "name", "public_key", "scopes", "profile", "revoked_at")
    _print_rows(rows, *shown, as_json=as_json)


@keys_app.command("revoke")
def revoke_key(
    key_id: AnId,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Put a key out of force, at once and for ever."""
    if not _administer(data_dir, database_url, lambda tx: accounts.revoke_key(tx, key_id)):
        raise UsageError(f"There is no key {key_id} in force; `orderdock keys list` shows them.")
    if as_json:
        _print_json({"id": key_id, "revoked": True})
    else:
        out.print(f"Revoked key {key_id}.")


@app.command("import")
def import_(
    file: AFile,
    integration: AnyIntegration = None,
    account: AnyAccount = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Store the orders of a file, NDJSON or a JSON array, as POST does.

    With --integration, its id takes the place of the one in each order.

    Nothing is stored of a file that is not JSON. Orders that are refused are listed, and the exit status is 1.
    """
    count = sum(1 for _ in bulk.read_orders(file))
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)
    refusals: list[bulk.Refusal] = []

    def refused(refusal: bulk.Refusal) -> None:
        if as_json:
            refusals.append(refusal)
            return
        name = f"order {refusal.order_id}" if refusal.order_id is not None else "an order"
        for fault in refusal.faults:
            err.print(_printable(f"{refusal.place}, {name}: {fault}"))

    async def work(db: Database, progress: Callable[[int], None]) -> bulk.ImportResult:
        async with db.connection() as tx:
            account_id = await _the_account(tx, account, integration)
        return await bulk.import_orders(
            db,
            account_id,
            bulk.read_orders(file),
            integration_id=integration,
            depth_max=settings.json_depth_max,
            progress=progress,
            refused=refused,
        )

    with _database(settings) as ready, _progress() as bar:
        task = bar.add_task("", total=count)
        result = _run(ready, lambda db: work(db, lambda done: bar.advance(task, done)))
    counts = {name: result.outcomes[name] for name in ("created", "changed", "unchanged")}
    if as_json:
        _print_json({"read": result.read, **counts, "refused": result.refused, "refusals": refusals})
    else:
        words = ", ".join(f"{count} {name}" for name, count in counts.items())
        out.print(f"{result.read} orders read: {words}, {result.refused} refused.")
    if result.refused:
        raise typer.Exit(1)


@app.command()
def export(
    file: AFile,
    integration: AnyIntegration = None,
    account: AnyAccount = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Write orders to a file as NDJSON that `import` takes back unchanged."""
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)

    async def work(db: Database) -> int:
        async with db.connection() as tx:
            account_id = await _the_account(tx, account, integration)
        written = 0
        with _new_file(file) as target:
            async for doc in bulk.export_orders(db, account_id, integration):
                target.write(doc + "\n")
                written += 1
        return written

    with _database(settings) as ready:
        written = _run(ready, work)
    if as_json:
        _print_json({"written": written})
    else:
        out.print(f"Wrote {written} orders to {file}.")


@app.command()
def check(data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Recompute the columns that orders are filtered by, and say where they differ; exit status 1 when they do."""
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)
    differences: list[dict[str, Any]] = []

    async def work(db: Database) -> int:
        async with db.connection() as tx:
            found = await accounts.find_accounts(tx)
        checked = 0
        for account in found:
            async for difference in bulk.check_orders(db, account.id):
                checked += 1
                if difference is not None:
                    differences.extend(_in_words(account.id, difference))
        return checked

    with _database(settings) as ready:
        checked = _run(ready, work)
    if as_json:
        _print_json({"checked": checked, "differences": differences})
    else:
        for each in differences:
            line = "order {id} of account {account_id}: {column} is {stored!r}, should be {expected!r}"
            err.print(line.format(**each))
        out.print(f"{checked} orders checked, {len(differences)} differences.")
    if differences:
        raise typer.Exit(1)


def _in_words(account_id: int, difference: bulk.Difference) -> Iterator[dict[str, Any]]:
    for column, (stored, right) in difference.columns.items():
        where = {"account_id": account_id, "id": difference.id, "column": column}
        yield {**where, "stored": str(stored), "expected": str(right)}


@contextmanager
def _new_file(file: Path) -> Iterator[TextIO]:
    """Lend a file to write to that takes its name when the block ends: under that name it is whole, or as before."""
    try:
        if file.exists() and not file.is_file():
            raise UsageError(f"Cannot write {file}: it is not a file; name one.")
        whole = file.resolve()
        unfinished = whole.with_name(f".{whole.name}.{os.getpid()}")
        with unfinished.open("x", encoding="utf-8", newline="\n") as target:
            try:
                yield target
                target.flush()
                unfinished.replace(whole)
            finally:
                unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"Cannot write {file}: {error.strerror}; name a file that you may write.") from None


def _named(text: str) -> str:
    """A name that a person gave: something, of a length that fits, without control characters."""
    if not text.strip() or len(text) > limits.shop_name_chars_max or not text.isprintable():
        raise UsageError(f"A name should have 1 to {limits.shop_name_chars_max} printable characters.")
    return text
