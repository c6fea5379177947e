"""From the Authorization header to a Caller (behaviour 1.2)."""

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable

from orderdock.errors import NoCredentials, Unauthorized
from orderdock.http.call import Caller

FindCaller = Callable[[str, str], Awaitable[Caller | None]]
"""Finds the caller that a public and a secret key stand for."""


async def authenticate(header: str | None, find_caller: FindCaller) -> Caller:
    """Find who calls by HTTP Basic: user is the public key, password the secret key.

    Raises NoCredentials without a header, Unauthorized for keys that do not fit, whatever is wrong with them.
    """
    if not header:
        raise NoCredentials
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "basic":
        raise Unauthorized
    try:
        public_key, colon, secret_key = b64decode(credentials.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Unauthorized from None
    caller = await find_caller(public_key, secret_key) if colon and public_key and secret_key else None
    if caller is None:
        raise Unauthorized
    return caller
