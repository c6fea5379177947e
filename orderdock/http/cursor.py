"""Page cursors and the Link header, there and back (behaviour 1.5).

A cursor is the base64 text of a query string with `o` (offset), `r` (1: backwards) and `p` (position). Clients build
their own, so what they build must work.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from orderdock import limits
from orderdock.errors import InvalidCursor


@dataclass(frozen=True)
class Cursor:
    """Where a page begins. Without a position: at the start of the list, or backwards from its end."""

    offset: int = 0
    reverse: bool = False
    position: str | None = None


def read_cursor(text: str) -> Cursor:
    """Read a cursor; empty is the first page. Raises InvalidCursor.

    Missing padding, the URL-safe alphabet and a plus that became a blank are taken: copied URLs have all three.
    """
    if not text:
        return Cursor()
    plain = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        query = b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
        members = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=True, errors="strict"))
    except (binascii.Error, ValueError):
        raise InvalidCursor from None
    offset, reverse = members.get("o", "0"), members.get("r", "0")
    if not members.keys() & {"o", "r", "p"} or not re.fullmatch("[0-9]{1,4000}", offset) or reverse not in ("0", "1"):
        raise InvalidCursor
    # Past the end is not an error, however far.
    return Cursor(min(int(offset), limits.offset_max), reverse == "1", members.get("p"))


def write_cursor(cursor: Cursor) -> str:
    """Write a cursor as clients know it: `r=1&p=300` is `cj0xJnA9MzAw`."""
    members: list[tuple[str, str]] = []
    if cursor.offset or cursor == Cursor():
        members.append(("o", str(cursor.offset)))
    if cursor.reverse:
        members.append(("r", "1"))
    if cursor.position is not None:
        members.append(("p", cursor.position))
    return b64encode(urlencode(members).encode()).decode()


def link_header(url: str, query: Sequence[tuple[str, str]], prev: Cursor | None, next_: Cursor | None) -> str | None:
    """Write the Link header: the same URL and parameters with another cursor; None when there is neither."""
    links = []
    for rel, cursor in (("prev", prev), ("next", next_)):
        if cursor is not None:
            others = [(name, value) for name, value in query if name != "cursor"]
            links.append(f'<{url}?{urlencode([*others, ("cursor", write_cursor(cursor))])}>; rel="{rel}"')
    return ", ".join(links) or None
