"""The way to PostgreSQL: a pool of connections, single statements and transactions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, LiteralString, Self, TypeVar

import psycopg
import structlog
from psycopg import AsyncConnection, AsyncCursor, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from orderdock import limits
from orderdock.db.columns import with_columns
from orderdock.errors import Conflict, Unavailable

T = TypeVar("T")

log = structlog.get_logger()

# Long enough for a restart of the database on the same machine, short enough that a client still waits.
_CONNECTION_WAIT_S = 5.0
_CONNECT_TIMEOUT_S = 5
_STATEMENTS_KEPT = 100  # as many as the driver keeps prepared


class Again(Exception):
    """Raised by work that has to begin anew on what others have written meanwhile; see `Database.transact`."""


class _Statement(AsyncCursor[tuple[Any, ...]]):
    """A statement of one connection. Kept, it remembers how its values are written and its rows are read."""

    async def rows(self, sql: LiteralString, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        await self.execute(sql, values, prepare=True, binary=True)
        try:
            return await self.fetchall()
        finally:
            self._reset()  # a page of orders shall not be kept


class Connection(AsyncConnection[tuple[Any, ...]]):
    """A connection with the statements that were run on it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._statements: dict[LiteralString, tuple[LiteralString, _Statement]] = {}

    def statement(self, sql: LiteralString) -> tuple[LiteralString, _Statement]:
        """Give the statement of a text; and the very text it was made of, which it knows again by identity."""
        known = self._statements.get(sql)
        if known is None:
            if len(self._statements) >= _STATEMENTS_KEPT:
                self._statements.clear()
            known = self._statements[sql] = sql, _Statement(self)
        return known


class Tx:
    """One connection to run statements on: within a transaction, or each statement by itself."""

    def __init__(self, connection: Connection, *, locked_by: float | None = None) -> None:
        self._connection = connection
        self._locked_by = locked_by  # by the clock of the event loop

    async def rows(self, kind: Callable[..., T], sql: LiteralString, values: Mapping[str, Any]) -> list[T]:
        """Run a statement and give its rows, each as kind(*columns)."""
        sql, statement = self._connection.statement(sql)
        return [kind(*row) for row in await statement.rows(sql, values)]

    async def lock_rows(self, kind: Callable[..., T], sql: LiteralString, values: Mapping[str, Any]) -> list[T]:
        """Run a statement that waits for locks. Raises Conflict when the transaction has waited for too long.

        The database only bounds the wait for each lock.
        """
        try:
            async with asyncio.timeout_at(self._locked_by):
                return await self.rows(kind, sql, values)
        except TimeoutError:
            raise Conflict from None

    async def row(self, kind: Callable[..., T], sql: LiteralString, values: Mapping[str, Any]) -> T | None:
        """Run a statement and give its first row, or None."""
        rows = await self.rows(kind, sql, values)
        return rows[0] if rows else None

    async def run(self, sql: LiteralString, values: Mapping[str, Any]) -> int:
        """Run a statement and give the number of rows that it changed."""
        async with self._connection.cursor() as cursor:
            await cursor.execute(sql, values, prepare=True)
            return cursor.rowcount


class Database:
    """A pool of connections to one PostgreSQL. Use it as an async context manager."""

    def __init__(self, conninfo: str, *, pool_size: int, conflict_wait_ms: int) -> None:
        self.conninfo = connection_options(conninfo, lock_timeout_ms=conflict_wait_ms)
        self._conflict_wait_s = conflict_wait_ms / 1000
        self._pool = AsyncConnectionPool(
            self.conninfo,
            min_size=min(2, pool_size),
            max_size=pool_size,
            timeout=_CONNECTION_WAIT_S,
            # Attempts come ever more rarely: given up early, the next request begins anew.
            reconnect_timeout=_CONNECTION_WAIT_S,
            connection_class=Connection,
            kwargs={"autocommit": True, "context": with_columns()},
            open=False,
        )

        # Writers wait for each other's locks: some connections are kept from them, for reads and for keys.
        self._turns = asyncio.Semaphore(max(1, pool_size - 2))

    async def __aenter__(self) -> Self:
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pool.close()

    async def check(self) -> None:
        """Throw away the idle connections that are broken, as all are after a restart of the database."""
        await self._pool.check()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Tx]:
        """Lend a connection on which each statement stands by itself. Raises Unavailable when there is none."""
        with _as_problems():
            connection = await self._pool.getconn()
            try:
                yield Tx(connection)
            finally:
                await self._pool.putconn(connection)

    async def transact(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Run `work` in one transaction; from the start again when it raises Again, or the database breaks a deadlock.

        Raises Conflict when a lock was not free in time, Unavailable when the database does not answer. After either
        nothing of it is stored.
        """
        async with self._turn():
            locked_by = asyncio.get_running_loop().time() + self._conflict_wait_s
            for attempt in range(1, limits.write_attempts_max + 1):
                try:
                    with _as_problems():
                        async with self._pool.connection() as connection, connection.transaction():
                            return await work(Tx(connection, locked_by=locked_by))
                except (Again, errors.DeadlockDetected, errors.SerializationFailure) as error:
                    log.info("transaction.repeated", attempt=attempt, reason=type(error).__name__)
                    await asyncio.sleep(0.01 * attempt)
        raise Conflict

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(_CONNECTION_WAIT_S):
                await self._turns.acquire()
        except TimeoutError:
            raise Conflict from None
        try:
            yield
        finally:
            self._turns.release()


@contextmanager
def _as_problems() -> Iterator[None]:
    """Turn the driver's "busy" and "not there" into Problems; let other errors pass."""
    try:
        yield
    except errors.LockNotAvailable as error:
        raise Conflict from error
    except (errors.DeadlockDetected, errors.SerializationFailure):
        raise
    # Read only: a standby, or a server that is about to become one.
    except (psycopg.OperationalError, errors.ReadOnlySqlTransaction, PoolTimeout) as error:
        log.error("database.unavailable", reason=str(error).strip())
        raise Unavailable from error


def connection_options(conninfo: str, *, lock_timeout_ms: int) -> str:
    """Add what every connection of ours wants to a conninfo: bounded waits, UTC, our name."""
    theirs = conninfo_to_dict(conninfo).get("options") or ""
    options = [
        # What the database has as its default may be stricter; what the URL says counts.
        r"-c default_transaction_isolation=read\ committed",
        f"{theirs}",
        f"-c lock_timeout={lock_timeout_ms}",
        "-c timezone=UTC",
        # To sort is the planner's last resort: a list is read in the order of an index, whatever statistics say.
        "-c enable_sort=off",
        "-c jit=off",
    ]
    return make_conninfo(
        conninfo,
        connect_timeout=_CONNECT_TIMEOUT_S,
        application_name="orderdock",
        client_encoding="UTF8",
        options=" ".join(options),
    )
