"""All SQL on the answers that are kept for requests with an Idempotency-Key. Every statement carries the account."""

from datetime import timedelta
from typing import NamedTuple

from orderdock import limits
from orderdock.db.pool import Tx

_KEPT = timedelta(hours=limits.idempotency_hours)


class KeptAnswer(NamedTuple):
    """An answer that was given: headers are a JSON object, body the bytes that were sent."""

    fingerprint: bytes
    status: int
    headers: str
    body: bytes


async def claim_key(tx: Tx, account_id: int, key: str, fingerprint: bytes) -> bool:
    """Take a key for this transaction; False when it has an answer already.

    Waits while another transaction has it. Raises Conflict when that takes too long. Answers of this account whose time
    is over make room, a few at a time.
    """
    claimed = await tx.run(
        """
          WITH over AS (
               SELECT r.key
                 FROM idempotent_requests AS r
                WHERE r.account_id = %(account_id)s AND r.answered_at < now() - %(kept)s AND r.key <> %(key)s
                ORDER BY r.answered_at
                LIMIT 10
                  FOR UPDATE SKIP LOCKED
               ),
               gone AS (
               DELETE FROM idempotent_requests AS r
                USING over
                WHERE r.account_id = %(account_id)s AND r.key = over.key
               )
        INSERT INTO idempotent_requests AS r (account_id, key, fingerprint, answered_at, status, headers, body)
        VALUES (%(account_id)s, %(key)s, %(fingerprint)s, now(), 0, '', '')
            ON CONFLICT (account_id, key) DO UPDATE
           SET fingerprint = excluded.fingerprint, answered_at = now(), status = 0, headers = '', body = ''
         WHERE r.answered_at < now() - %(kept)s
        """,
        {"account_id": account_id, "key": key, "fingerprint": fingerprint, "kept": _KEPT},
    )
    return claimed == 1


async def keep_answer(tx: Tx, account_id: int, key: str, status: int, headers: str, body: bytes) -> None:
    """Keep the answer of a request whose key this transaction has claimed."""
    await tx.run(
        """
        UPDATE idempotent_requests AS r
           SET status = %(status)s, headers = %(headers)s, body = %(body)s
         WHERE r.account_id = %(account_id)s AND r.key = %(key)s
        """,
        {"account_id": account_id, "key": key, "status": status, "headers": headers, "body": body},
    )


async def find_answer(tx: Tx, account_id: int, key: str) -> KeptAnswer | None:
    """The answer that is kept for a key."""
    return await tx.row(
        KeptAnswer,
        """
        SELECT r.fingerprint, r.status, r.headers, r.body
          FROM idempotent_requests AS r
         WHERE r.account_id = %(account_id)s AND r.key = %(key)s
        """,
        {"account_id": account_id, "key": key},
    )
