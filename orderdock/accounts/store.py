"""All SQL on accounts, API keys and the counts of requests."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import errors

from orderdock.db.pool import Tx
from orderdock.errors import Unavailable
from orderdock.http.rate_limits import Taken, Wanted


class Account(NamedTuple):
    """An account: the unit of isolation."""

    id: int
    name: str
    created_at: datetime
    rate_limits: str | None
    safe_per_minute: int | None
    unsafe_per_minute: int | None
    unsafe_per_second: int | None


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
    rate_limits: str | None
    safe_per_minute: int | None
    unsafe_per_minute: int | None
    unsafe_per_second: int | None


async def create_account(tx: Tx, name: str) -> Account:
    """Store a new account."""
    rows = await tx.rows(
        Account,
        """
        INSERT INTO accounts (name)
        VALUES (%(name)s)
        RETURNING account_id, name, created_at, rate_limits, safe_per_minute, unsafe_per_minute, unsafe_per_second
        """,
        {"name": name},
    )
    return rows[0]


async def find_accounts(tx: Tx) -> list[Account]:
    """All accounts, by id."""
    return await tx.rows(
        Account,
        """
        SELECT account_id, name, created_at, rate_limits, safe_per_minute, unsafe_per_minute, unsafe_per_second
          FROM accounts
         ORDER BY account_id
        """,
        {},
    )


async def limit_account(
    tx: Tx,
    account_id: int,
    *,
    rate_limits: str | None,
    safe_per_minute: int | None = None,
    unsafe_per_minute: int | None = None,
    unsafe_per_second: int | None = None,
) -> Account | None:
    """Set what an account says of its limits, "on", "off" or None; for None the settings of the server count."""
    return await tx.row(
        Account,
        """
        UPDATE accounts
           SET rate_limits = %(rate_limits)s, safe_per_minute = %(safe_per_minute)s,
               unsafe_per_minute = %(unsafe_per_minute)s, unsafe_per_second = %(unsafe_per_second)s
         WHERE account_id = %(account_id)s
        RETURNING account_id, name, created_at, rate_limits, safe_per_minute, unsafe_per_minute, unsafe_per_second
        """,
        {
            "account_id": account_id,
            "rate_limits": rate_limits,
            "safe_per_minute": safe_per_minute,
            "unsafe_per_minute": unsafe_per_minute,
            "unsafe_per_second": unsafe_per_second,
        },
    )


async def take_requests(tx: Tx, wanted: Wanted) -> Taken:
    """Count requests in the windows of an account, as many as fit. Raises Unavailable.

    What was taken ahead in the window that still runs goes back first. Ahead goes a tenth of what is left at most: so
    nobody waits for what another server holds before little is left. A window begins with the first request after the
    last one has ended. Source: behaviour 1.4, decision 6.
    """
    values = wanted._asdict()
    try:
        taken = await _take(tx, values)
        if taken is None:
            await tx.run(
                """
                INSERT INTO request_counts (account_id, safe)
                VALUES (%(account_id)s, %(safe)s)
                ON CONFLICT DO NOTHING
                """,
                {"account_id": wanted.account_id, "safe": wanted.safe},
            )
            taken = await _take(tx, values)
    except errors.FeatureNotSupported as error:  # an unlogged table, on a standby
        raise Unavailable from error
    assert taken is not None
    return taken


async def _take(tx: Tx, values: dict[str, Any]) -> Taken | None:
    # The clock is read when the row is locked, unlike now(): of two statements, the later one has the later time.
    return await tx.row(
        Taken,
        """
        UPDATE request_counts AS r
           SET (minute_at, minute_used, second_at, second_used, taken, ahead, ahead_until) = (
                   SELECT CASE WHEN minute_runs OR %(waiting)s = 0 THEN r.minute_at ELSE clock END,
                          minute + fits,
                          CASE WHEN second_runs OR %(waiting)s = 0 THEN r.second_at ELSE clock END,
                          second + fits,
                          fits,
                          held + greatest(fits - %(waiting)s, 0),
                          CASE WHEN fits > %(waiting)s THEN clock + interval '1 second' ELSE r.ahead_until END
                     FROM (SELECT clock_timestamp() AS clock) AS here
                    CROSS JOIN LATERAL (
                          SELECT r.minute_at > clock - interval '1 minute' AND r.minute_at <= clock AS minute_runs,
                                 r.second_at > clock - interval '1 second' AND r.second_at <= clock AS second_runs,
                                 r.minute_at IS NOT DISTINCT FROM %(taken_in)s::timestamptz AS goes_back
                          ) AS windows
                    CROSS JOIN LATERAL (
                          SELECT CASE WHEN NOT minute_runs THEN 0
                                      WHEN goes_back THEN r.minute_used - %(unused)s::integer
                                      ELSE r.minute_used
                                 END AS minute,
                                 CASE WHEN second_runs THEN r.second_used ELSE 0 END AS second,
                                 CASE WHEN NOT minute_runs OR r.ahead_until < clock THEN 0
                                      WHEN goes_back THEN greatest(r.ahead - %(taken_ahead)s::integer, 0)
                                      ELSE r.ahead
                                 END AS held
                          ) AS kept
                    CROSS JOIN LATERAL (
                          SELECT greatest(least(%(per_minute)s - minute, %(per_second)s - second), 0) AS free
                          ) AS rest
                    CROSS JOIN LATERAL (
                          SELECT least(free, %(waiting)s + least(%(ahead)s, free / 10)) AS fits
                          ) AS given
               )
         WHERE r.account_id = %(account_id)s AND r.safe = %(safe)s
        RETURNING r.taken,
                  r.minute_at,
                  greatest(%(per_minute)s - r.minute_used, 0),
                  extract(epoch FROM r.minute_at + interval '1 minute' - clock_timestamp())::float8,
                  greatest(%(per_second)s - r.second_used, 0),
                  extract(epoch FROM r.second_at + interval '1 second' - clock_timestamp())::float8,
                  r.ahead > 0
        """,
        values,
    )


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
        SELECT k.account_id, k.id, k.secret_sha256, k.profile, k.scopes,
               a.rate_limits, a.safe_per_minute, a.unsafe_per_minute, a.unsafe_per_second
          FROM api_keys AS k
          JOIN accounts AS a ON a.account_id = k.account_id
         WHERE k.public_key = %(public_key)s AND k.revoked_at IS NULL
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
