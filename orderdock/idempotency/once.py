"""Answer a request once, however often it comes: the header Idempotency-Key (IETF draft of the HTTP API group).

What was answered is kept in the transaction that wrote, so it is there exactly when the write is. A refused request has
written nothing and keeps nothing: its key may be used for the mended one.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec
from starlette.responses import Response

from orderdock import limits
from orderdock.db.pool import Tx
from orderdock.errors import Conflict, Fault, Invalid, KeyReused
from orderdock.http.call import Call
from orderdock.http.reply import Json
from orderdock.idempotency import store

T = TypeVar("T")

_HEADER = "Idempotency-Key"
_KEY = re.compile(rf"[\x21-\x7e]{{1,{limits.key_chars_max}}}").fullmatch
_read_headers = msgspec.json.Decoder(dict[str, str]).decode


async def answer_once(call: Call, work: Callable[[Tx], Awaitable[T]], answer: Callable[[T], Response]) -> Response:
    """Do `work` in a transaction and answer; give the first answer again where a request repeats its Idempotency-Key.

    Raises Invalid for a key that is none, KeyReused when it came with another request, Conflict when that one is still
    at work, and what `work` raises.
    """
    key = _read_key(call)
    if key is None:
        return answer(await call.db.transact(work))
    account_id, fingerprint = call.caller.account_id, await _fingerprint(call)

    async def claimed(tx: Tx) -> Response:
        if not await store.claim_key(tx, account_id, key, fingerprint):
            return await _repeat(tx, account_id, key, fingerprint)
        response = answer(await work(tx))
        headers = msgspec.json.encode(call.answer_headers).decode()
        await store.keep_answer(tx, account_id, key, response.status_code, headers, bytes(response.body))
        return response

    return await call.db.transact(claimed)


async def _repeat(tx: Tx, account_id: int, key: str, fingerprint: bytes) -> Response:
    kept = await store.find_answer(tx, account_id, key)
    if kept is None:  # it made room for others just now
        raise Conflict
    if kept.fingerprint != fingerprint:
        raise KeyReused
    return Json(kept.body, kept.status, {**_read_headers(kept.headers), "Idempotent-Replayed": "true"})


def _read_key(call: Call) -> str | None:
    """Give the key, which the draft has in quotes and many clients send without."""
    sent = call.headers.get(_HEADER)
    if sent is None:
        return None
    key = sent[1:-1] if len(sent) > 1 and sent[0] == sent[-1] == '"' else sent
    if not _KEY(key):
        detail = f"The key should have 1 to {limits.key_chars_max} visible ASCII characters"
        raise Invalid([Fault(None, detail, header=_HEADER)])
    return key


async def _fingerprint(call: Call) -> bytes:
    """Tell requests apart: what is asked for, of what, and how the answer is wanted."""
    wanted = [call.scope["method"], call.scope["path"], call.caller.profile, *sorted(call.preferences)]
    head = "\n".join([*wanted, call.headers.get("if-match", ""), ""])
    return hashlib.sha256(head.encode("utf-8", "surrogateescape") + await call.body()).digest()
