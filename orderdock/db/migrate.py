"""Bring the schema up to date: the files of migrations/, in order, once each, under a lock."""

import functools
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, LiteralString, cast

import psycopg
from psycopg import Connection, errors
from psycopg.conninfo import conninfo_to_dict

from orderdock.db.pool import Tx
from orderdock.errors import UsageError

# Any number, the same in every release: two programs that start at once migrate one after the other.
_LOCK = 7_203_685_477
_CONNECT_TIMEOUT_S = 5
_POSTGRESQL_LEAST = 15


@dataclass(frozen=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    sql: str


@functools.cache
def known_migrations() -> list[Migration]:
    """The migrations that this program brings, oldest first."""
    found = [
        Migration(int(file.name[:4]), file.name.removesuffix(".sql"), file.read_text())
        for file in files("orderdock.db").joinpath("migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.version)


def migrate(conninfo: str, applied: Callable[[str], None]) -> None:
    """Apply what is missing, each file in a transaction of its own; `applied` hears the name of each.

    Raises UsageError when the database was migrated by a newer program, and for what else an administrator can mend.
    """
    known = known_migrations()
    with _connected(conninfo) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        connection.execute(
            """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                version integer PRIMARY KEY,
                name text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now()
            )
            """
        )
        done = {row[0] for row in connection.execute("SELECT version FROM schema_migrations")}
        refuse_newer(max(done, default=0), known[-1].version)
        for migration in known:
            if migration.version not in done:
                with connection.transaction():
                    connection.execute(cast("LiteralString", migration.sql))
                    connection.execute(
                        "INSERT INTO schema_migrations (version, name) VALUES (%s, %s)",
                        [migration.version, migration.name],
                    )
                applied(migration.name)


@contextmanager
def _connected(conninfo: str) -> Iterator[Connection[Any]]:
    """Lend a connection on which each statement stands by itself. Raises UsageError, and never shows a password."""
    try:
        with psycopg.connect(**{"connect_timeout": _CONNECT_TIMEOUT_S, **_read_url(conninfo)}, autocommit=True) as one:
            if one.info.server_version < _POSTGRESQL_LEAST * 10_000:
                theirs = one.info.server_version // 10_000
                raise UsageError(f"The database is PostgreSQL {theirs}: orderdock needs {_POSTGRESQL_LEAST} or newer.")
            if (encoding := one.info.parameter_status("server_encoding")) != "UTF8":
                raise UsageError(f"The database has the encoding {encoding}: orderdock needs one with UTF8.")
            yield one
    except errors.InsufficientPrivilege as error:
        reason = error.diag.message_primary
        raise UsageError(f"The database role may not do that ({reason}): let it own the database.") from None
    except errors.LockNotAvailable:
        raise UsageError("Another program holds a lock that this migration needs: try again without it.") from None


def _read_url(conninfo: str) -> dict[str, Any]:
    with suppress(psycopg.ProgrammingError):  # its words may hold the password
        parts = conninfo_to_dict(conninfo)
        # So do a host, port or name that begin within a password, after a character that has a meaning in URLs.
        if (
            "@" not in f"{parts.get('host')}{parts.get('dbname')}"
            and re.fullmatch("[0-9,]*", f"{parts.get('port', '')}")
            and re.fullmatch("[0-9]*", f"{parts.get('connect_timeout', '')}")
        ):
            return parts
    raise UsageError(
        "The database URL cannot be read. It looks like postgresql://user:secret@host/name; "
        "in user and secret, write / as %2F, @ as %40, % as %25."
    )


def refuse_newer(found: int, known: int) -> None:
    """Raise UsageError when a database is newer than this program."""
    if found > known:
        raise UsageError(
            f"The database has schema {found}, this program knows {known}: it was migrated by a newer orderdock. "
            "Start that version, or restore a backup from before."
        )


def refuse_other(conninfo: str) -> None:
    """Raise UsageError when a database does not have exactly the schema of this program."""
    known = known_migrations()[-1].version
    with _connected(conninfo) as connection:
        there = connection.execute("SELECT to_regclass('schema_migrations') IS NOT NULL").fetchone()
        row = None
        if there and there[0]:
            row = connection.execute("SELECT max(version) FROM schema_migrations").fetchone()
    found = (row and row[0]) or 0
    refuse_newer(found, known)
    if found < known:
        raise UsageError(f"The database has schema {found}, this program needs {known}: run `orderdock migrate` first.")


async def schema_fits(tx: Tx) -> bool:
    """Say whether the database has exactly the schema of this program, and can be written to."""
    try:
        found = await tx.row(
            lambda version, read_only: (version, read_only),
            "SELECT max(version), current_setting('transaction_read_only') FROM schema_migrations",
            {},
        )
    except errors.UndefinedTable:
        return False
    return found == (known_migrations()[-1].version, "off")


def refuse_lossy(conninfo: str) -> None:
    """Raise UsageError when the database may lose a write that it has confirmed."""
    with _connected(conninfo) as connection:
        rows = connection.execute(
            """
            SELECT name
              FROM pg_settings
             WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off'
             ORDER BY name
            """
        ).fetchall()
    if rows:
        names = ", ".join(row[0] for row in rows)
        raise UsageError(
            f"The database may lose answered writes: {names} is off. Switch it on, or accept the loss with "
            "ORDERDOCK_ACCEPT_DATA_LOSS=true."
        )
