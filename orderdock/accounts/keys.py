"""API keys: made, checked, and remembered while they are in force."""

import asyncio
import hmac
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from typing import NamedTuple

import psycopg
import structlog

from orderdock.accounts import store
from orderdock.accounts.store import ApiKey, KeySecret
from orderdock.db.pool import Connection, Database, Tx
from orderdock.http.call import Caller
from orderdock.http.rate_limits import RequestLimits
from orderdock.settings import Settings

log = structlog.get_logger()

SCOPES = ("api", "read:order", "write:order", "read:parcel", "write:parcel", "read:integration", "write:integration")
"""What a key may be allowed; `api` is all of it."""

# A key that was revoked is forgotten at once by a notice of the database; this bounds the time when a notice is lost.
_REMEMBERED_S = 30.0
_RECONNECT_S = 1.0


class NewKey(NamedTuple):
    """A key that was just made: the only moment at which its secret is known."""

    key: ApiKey
    secret_key: str


async def make_key(
    tx: Tx,
    account_id: int,
    *,
    name: str,
    profile: str | None = None,
    scopes: Sequence[str] = ("api",),
    public_key: str = "",
    secret_key: str = "",
) -> NewKey:
    """Store a key of an account. Keys that are not given are drawn: 128 and 256 random bits."""
    secret_key = secret_key or secrets.token_hex(32)
    key = await store.create_key(
        tx,
        account_id,
        name=name,
        public_key=public_key or secrets.token_hex(16),
        secret_sha256=sha256(secret_key.encode()).digest(),
        profile=profile,
        scopes=scopes,
    )
    return NewKey(key, secret_key)


class KeyRing:
    """Finds callers by their keys, and remembers them as long as the database would tell of a change."""

    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._settings = settings
        self._listening = False
        self._generation = 0
        self._remembered: dict[tuple[str, bytes], tuple[Caller, float]] = {}

    async def find_caller(self, public_key: str, secret_key: str) -> Caller | None:
        """The caller that a pair of keys stands for, or None. Raises Unavailable."""
        digest = sha256(secret_key.encode()).digest()
        remembered = self._remembered.get((public_key, digest))
        if remembered and remembered[1] > time.monotonic():
            return remembered[0]
        if "\0" in public_key:
            return None
        generation = self._generation
        async with self._db.connection() as tx:
            candidates = await store.find_secrets(tx, public_key)
        for key in candidates:
            if hmac.compare_digest(key.secret_sha256, digest):
                profile = key.profile or self._settings.profile
                caller = Caller(key.account_id, key.id, profile, frozenset(key.scopes), self._limits(key))
                # Not if the notice of a change came while we read.
                if self._listening and generation == self._generation:
                    self._remembered[public_key, digest] = (caller, time.monotonic() + _REMEMBERED_S)
                return caller
        return None

    def _limits(self, key: KeySecret) -> RequestLimits | None:
        if (key.rate_limits or self._settings.rate_limits) == "off":
            return None
        return RequestLimits(
            key.safe_per_minute or self._settings.safe_per_minute,
            key.unsafe_per_minute or self._settings.unsafe_per_minute,
            key.unsafe_per_second or self._settings.unsafe_per_second,
        )

    def _forget(self) -> None:
        self._generation += 1
        self._remembered.clear()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear of changed keys while this is open."""
        task = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _listen(self) -> None:
        while True:
            try:
                async with await Connection.connect(self._db.conninfo, autocommit=True) as connection:
                    await store.listen_for_changed_keys(Tx(connection))
                    self._forget()
                    self._listening = True
                    await self._db.check()  # a lost connection seldom is the only one
                    async for _ in connection.notifies():
                        self._forget()
            except psycopg.Error as error:
                log.warning("keys.not_listening", reason=str(error).strip())
            finally:
                self._listening = False
                self._forget()
            await asyncio.sleep(_RECONNECT_S)
