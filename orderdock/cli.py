"""The command line: serve, administer, move orders in and out. One function a command."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import psycopg
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from orderdock import __version__, limits, server
from orderdock.accounts import store as accounts
from orderdock.accounts.keys import SCOPES, NewKey, make_key
from orderdock.db import migrate as migrations
from orderdock.db.embedded import EmbeddedError, embedded_database
from orderdock.db.pool import Database, Tx
from orderdock.errors import Problem, UsageError
from orderdock.integrations import store as integrations
from orderdock.orders import bulk, delete
from orderdock.settings import Settings, read_settings

T = TypeVar("T")

out = Console(highlight=False, soft_wrap=True)
err = Console(highlight=False, soft_wrap=True, stderr=True)

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

DataDir = Annotated[Path | None, typer.Option(help="Directory of the embedded database.", show_default=False)]
DatabaseUrl = Annotated[str | None, typer.Option(help="A PostgreSQL to use instead.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
OneAccount = Annotated[int, typer.Option("--account", help="Id of the account.")]
AnyAccount = Annotated[int | None, typer.Option("--account", help="Id of the account.", show_default=False)]
AnyIntegration = Annotated[int | None, typer.Option("--integration", help="Id of the integration.", show_default=False)]


def main() -> None:
    """Run a command. What a person can mend is one line on standard error and exit status 2."""
    # What `kill` and a closed terminal send ends a command as Ctrl-C does, so that it leaves nothing behind.
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.default_int_handler)
    try:
        app()
    except (UsageError, EmbeddedError) as error:
        _fail(str(error))
    except Problem as problem:
        _fail(problem.faults[0].detail)
    except psycopg.OperationalError as error:
        _fail(f"The database does not answer: {' '.join(str(error).split())}")
    except BrokenPipeError:
        os._exit(1)  # who read our output has enough
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(line: str) -> None:
    err.print(f"orderdock: {line}", markup=False)
    sys.exit(2)


# The database of a command


@contextmanager
def _database(settings: Settings, *, migrate_it: bool) -> Iterator[Settings]:
    """Give the settings with the URL of a database that is there and has our schema: embedded, unless a URL is set."""
    if settings.database_url:
        try:
            psycopg.conninfo.conninfo_to_dict(settings.database_url)
        except psycopg.ProgrammingError:
            raise UsageError(
                "The database URL cannot be read; it looks like postgresql://user:secret@host/name."
            ) from None
        _prepare(settings, migrate_it=migrate_it)
        yield settings
        return
    with embedded_database(settings.data_dir, lambda line: err.print(line, markup=False)) as database:
        settings = replace(settings, database_url=database.conninfo)
        _prepare(settings, migrate_it=True)
        yield settings


def _prepare(settings: Settings, *, migrate_it: bool) -> None:
    if not settings.accept_data_loss:
        migrations.refuse_lossy(settings.database_url)
    if migrate_it:
        migrations.migrate(settings.database_url, lambda name: None)
    else:
        migrations.refuse_other(settings.database_url)


def _run(settings: Settings, work: Callable[[Database], Awaitable[T]]) -> T:
    """Run something asynchronous on a database."""

    async def run() -> T:
        async with Database(settings.database_url, pool_size=2, conflict_wait_ms=settings.conflict_wait_ms) as db:
            return await work(db)

    return asyncio.run(run())


def _administer(data_dir: Path | None, database_url: str | None, work: Callable[[Tx], Awaitable[T]]) -> T:
    """Run an administrator's transaction."""
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)
    with _database(settings, migrate_it=False) as ready:
        return _run(ready, lambda db: db.transact(work))


async def _the_account(tx: Tx, account_id: int | None) -> int:
    """The account that is meant: the one named, or the only one."""
    found = await accounts.find_accounts(tx)
    if account_id is None and len(found) == 1:
        return found[0].id
    if account_id is None:
        raise UsageError("Which account? Say --account ID; `orderdock accounts list` shows them.")
    if account_id not in {account.id for account in found}:
        raise UsageError(f"There is no account {account_id}; `orderdock accounts list` shows them.")
    return account_id


async def _account_of(tx: Tx, integration_id: int) -> int:
    account_id = await integrations.find_account_of(tx, integration_id)
    if account_id is None:
        raise UsageError(f"There is no integration {integration_id}; `orderdock integrations list` shows them.")
    return account_id


# Output


def _print_json(value: Any) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def _print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print rows as a table, or as a JSON list."""
    if as_json:
        _print_json(rows)
        return
    table = Table(box=None, pad_edge=False)
    for name in rows[0] if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row.values()))
    out.print(table if rows else "None yet.")


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


class _Rate(ProgressColumn):
    """Orders a second."""

    def render(self, task: Task) -> Text:
        """Show the speed of the last seconds."""
        return Text(f"{task.speed:,.0f} orders/s" if task.speed else "")


def _progress() -> Progress:
    return Progress(BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn(), console=err, transient=True)


# Commands


def _version(wanted: bool) -> None:
    if wanted:
        out.print(f"orderdock {__version__}")
        raise typer.Exit


@app.callback()
def orderdock(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
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
    listener = server.listen(settings.host, settings.port)
    with listener, _database(settings, migrate_it=True) as ready:
        first = _run(ready, lambda db: db.transact(lambda tx: server.first_run(tx, ready)))
        server.announce(out, ready, first, embedded=not settings.database_url)
        server.run(ready, listener)


@app.command()
def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Bring the database to the schema of this version."""
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)
    applied: list[str] = []
    if settings.database_url:
        migrations.migrate(settings.database_url, applied.append)
    else:
        with embedded_database(settings.data_dir, lambda line: err.print(line, markup=False)) as database:
            migrations.migrate(database.conninfo, applied.append)
    if as_json:
        _print_json({"applied": applied})
    else:
        out.print("\n".join(f"Applied {name}." for name in applied) or "The schema is up to date.")


@accounts_app.command("create")
def create_account(
    name: str, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False
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
    _print_rows([row._asdict() for row in rows], as_json=as_json)


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
    shown = ("id", "account_id", "shop_name", "type", "created_at")
    whole = [row._asdict() for row in rows]
    _print_rows(whole if as_json else [{name: row[name] for name in shown} for row in whole], as_json=as_json)


@integrations_app.command("delete")
def delete_integration(
    integration_id: Annotated[int, typer.Argument(metavar="ID")],
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

    async def work(tx: Tx) -> NewKey:
        account_id = await _the_account(tx, account)
        return await make_key(tx, account_id, name=_named(name), profile=profile, scopes=scopes)

    made = _administer(data_dir, database_url, work)
    if as_json:
        _print_json({**made.key._asdict(), "secret_key": made.secret_key})
    else:
        out.print(f"Created key {made.key.id} of account {made.key.account_id}. The secret is shown this once.")
        out.print(f"public key  {made.key.public_key}\nsecret key  {made.secret_key}")


@keys_app.command("list")
def list_keys(
    account: AnyAccount = None, data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False
) -> None:
    """List the keys, of one account or of all, without their secrets."""
    rows = _administer(data_dir, database_url, lambda tx: accounts.find_keys(tx, account))
    _print_rows([row._asdict() for row in rows], as_json=as_json)


@keys_app.command("revoke")
def revoke_key(
    key_id: Annotated[int, typer.Argument(metavar="ID")],
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
    file: Path,
    integration: AnyIntegration = None,
    account: AnyAccount = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    as_json: Json = False,
) -> None:
    """Store the orders of a file: NDJSON or a JSON array, in batches, as POST does.

    With --integration, its id takes the place of the one in each order. Nothing is stored of a file that is not JSON;
    of one that is, orders that are refused are listed, and the exit status is 1.
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
            err.print(f"{refusal.place}, {name}: {fault}", markup=False)

    async def work(db: Database, progress: Callable[[int], None]) -> bulk.ImportResult:
        async with db.connection() as tx:
            account_id = await _account_of(tx, integration) if integration else await _the_account(tx, account)
        return await bulk.import_orders(
            db,
            account_id,
            bulk.read_orders(file),
            integration_id=integration,
            depth_max=settings.json_depth_max,
            progress=progress,
            refused=refused,
        )

    with _database(settings, migrate_it=False) as ready, _progress() as bar:
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
    file: Path,
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
            account_id = await _account_of(tx, integration) if integration else await _the_account(tx, account)
        written = 0
        # Beside it first: a file with this name is whole, or as it was.
        unfinished = file.with_name(file.name + ".part")
        try:
            with unfinished.open("w", encoding="utf-8", newline="\n") as target:
                async for doc in bulk.export_orders(db, account_id, integration):
                    target.write(doc + "\n")
                    written += 1
            unfinished.replace(file)
        except OSError as error:
            raise UsageError(f"Cannot write {file}: {error.strerror}.") from None
        finally:
            unfinished.unlink(missing_ok=True)
        return written

    with _database(settings, migrate_it=False) as ready:
        written = _run(ready, work)
    if as_json:
        _print_json({"written": written})
    else:
        out.print(f"Wrote {written} orders to {file}.", markup=False)


@app.command()
def check(data_dir: DataDir = None, database_url: DatabaseUrl = None, as_json: Json = False) -> None:
    """Recompute the columns that orders are filtered by, and say where they differ; exit status 1 when they do."""
    settings = read_settings(os.environ, data_dir=data_dir, database_url=database_url)
    differences: list[dict[str, Any]] = []
    checked = 0

    async def work(db: Database) -> None:
        nonlocal checked
        async with db.connection() as tx:
            found = await accounts.find_accounts(tx)
        for account in found:
            async for difference in bulk.check_orders(db, account.id):
                checked += 1
                if difference is not None:
                    for column, (stored, right) in difference.columns.items():
                        differences.append(
                            {
                                "account_id": account.id,
                                "id": difference.id,
                                "column": column,
                                "stored": str(stored),
                                "expected": str(right),
                            }
                        )

    with _database(settings, migrate_it=False) as ready:
        _run(ready, work)
    if as_json:
        _print_json({"checked": checked, "differences": differences})
    else:
        for each in differences:
            line = "order {id} of account {account_id}: {column} is {stored!r}, should be {expected!r}"
            err.print(line.format(**each), markup=False)
        out.print(f"{checked} orders checked, {len(differences)} differences.")
    if differences:
        raise typer.Exit(1)


def _named(text: str) -> str:
    """A name that a person gave: something, of a length that fits, without control characters."""
    if not text.strip() or len(text) > limits.shop_name_chars_max or not text.isprintable():
        raise UsageError(f"A name should have 1 to {limits.shop_name_chars_max} printable characters.")
    return text
