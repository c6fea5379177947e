"""All SQL on accounts and API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from orderdock.db.pool import Tx


class Account(NamedTuple):
    """An account: the unit of isolation."""

    id: int
    name: str
    created_at: datetime


class ApiKey(NamedTuple):
    """An API key without its secret, of which we keep only the hash."""

    id: int
    account_id: int
    name: str
    public_key: str
    profile: str | None
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


class KeySecret(NamedTuple):
    """What checking a key takes."""

    account_id: int
    id: int
    secret_sha256: bytes
    profile: str | None
    scopes: list[str]


async def create_account(tx: Tx, name: str) -> Account:
    """Store a new account."""
    rows = await tx.rows(
        Account,
        "INSERT INTO accounts (name) VALUES (%(name)s) RETURNING account_id, name, created_at",
        {"name": name},
    )
    return rows[0]


async def find_accounts(tx: Tx) -> list[Account]:
    """All accounts, by id."""
    return await tx.rows(Account, "SELECT account_id, name, created_at FROM accounts ORDER BY account_id", {})


async def lock_accounts(tx: Tx) -> None:
    """Let nobody else create an account until the transaction ends."""
    await tx.run("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE", {})


async def create_key(
    tx: Tx,
    account_id: int,
    *,
    name: str,
    public_key: str,
    secret_sha256: bytes,
    profile: str | None,
    scopes: Sequence[str],
) -> ApiKey:
    """Store a new key."""
    rows = await tx.rows(
        ApiKey,
        """
        INSERT INTO api_keys (account_id, name, public_key, secret_sha256, profile, scopes)
        VALUES (%(account_id)s, %(name)s, %(public_key)s, %(secret_sha256)s, %(profile)s, %(scopes)s)
        RETURNING id, account_id, name, public_key, profile, scopes, created_at, revoked_at
        """,
        {
            "account_id": account_id,
            "name": name,
            "public_key": public_key,
            "secret_sha256": secret_sha256,
            "profile": profile,
            "scopes": list(scopes),
        },
    )
    return rows[0]


async def find_keys(tx: Tx, account_id: int | None) -> list[ApiKey]:
    """The keys of an account, or of all, revoked ones too, by id."""
    return await tx.rows(
        ApiKey,
        """
        SELECT id, account_id, name, public_key, profile, scopes, created_at, revoked_at
          FROM api_keys
         WHERE %(account_id)s::bigint IS NULL OR account_id = %(account_id)s
         ORDER BY id
        """,
        {"account_id": account_id},
    )


async def find_secrets(tx: Tx, public_key: str) -> list[KeySecret]:
    """The keys in force with this public key; chosen keys of two accounts may have the same."""
    return await tx.rows(
        KeySecret,
        """
        SELECT account_id, id, secret_sha256, profile, scopes
          FROM api_keys
         WHERE public_key = %(public_key)s AND revoked_at IS NULL
        """,
        {"public_key": public_key},
    )


async def revoke_key(tx: Tx, key_id: int) -> bool:
    """Put a key out of force; False when there is none with this id that still is in force."""
    changed = await tx.run(
        "UPDATE api_keys SET revoked_at = now() WHERE id = %(id)s AND revoked_at IS NULL",
        {"id": key_id},
    )
    return changed > 0


async def listen_for_changed_keys(tx: Tx) -> None:
    """Have the database tell this connection of every change of keys."""
    await tx.run("LISTEN orderdock_keys", {})


async def find_first_integration(tx: Tx, account_id: int) -> int | None:
    """The lowest id of an account's integrations, or None when it has none."""
    return await tx.row(
        int,
        "SELECT id FROM integrations WHERE account_id = %(account_id)s ORDER BY id LIMIT 1",
        {"account_id": account_id},
    )
